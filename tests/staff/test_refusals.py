"""What staff are told of a no: sentences for people, members for scripts."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kursplan.domain.bookings import BookingStatus
from kursplan.domain.clashes import Clashing
from kursplan.domain.classes import WhoMayBook
from kursplan.domain.contingents import Period
from kursplan.domain.history import EntityKind
from kursplan.domain.refusals import (
    AccessRefused,
    AlreadyOnSlot,
    BookingClosed,
    BookingNotActive,
    BookingNotFound,
    BookingNotOpen,
    CancellationTooLate,
    ClassHidden,
    ConfirmationExpired,
    ContingentUsedUp,
    CustomerIdle,
    DisplayOnly,
    Full,
    GrantsNothing,
    IdempotencyKeyReused,
    InstructorAlreadyOnSlot,
    InstructorNotOnSlot,
    InvalidTimes,
    Kind,
    NoConfirmationRequired,
    NoMembership,
    NotValid,
    OtherStatusThanExpected,
    OtherStudioNotAdmitted,
    ParticipationTooEarly,
    RateNotAdmitted,
    Refusal,
    Resting,
    SitsElsewhere,
    SlotHasStarted,
    SlotIsCancelled,
    SlotIsCompleted,
    SlotIsOver,
    SlotIsRunning,
    SlotNotPlanned,
    StudioClosed,
    UsedUp,
    Wrong,
)
from kursplan.domain.seen import ChangedMeanwhile, ClosureSeen, Difference
from kursplan.domain.slots import Override
from kursplan.staff.flags import NO_FACTS, flags_of
from kursplan.staff.names import names_for
from kursplan.staff.refusals import CLAUSES, NOBODY, Names, facts_of, sentence
from kursplan.store import tables
from kursplan.store.staff import timetable
from tests.desk.test_refusals import reasons
from tests.gym import Gym

START = datetime(2026, 3, 2, 18, 0, tzinfo=ZoneInfo("Europe/Berlin"))
END = START.replace(hour=19)
NIGHT = START.replace(day=3, hour=0)
DAY, LAST = date(2026, 3, 1), date(2026, 3, 15)
NAMES = Names(
    memberships={7: "Basic (m-7)"},
    rates={5: "Basic"},
    studios={2: "Studio Hamburg"},
    employees={3: "Ina Trainer"},
    slots={11: "Yoga"},
    locations={6: "Saal 1"},
)
CLOSED = ClosureSeen(datetime(2026, 3, 2, 9), datetime(2026, 3, 2, 10), "water")  # noqa: DTZ001, wall time

SENTENCES: list[tuple[Refusal, str]] = [
    (SlotIsCancelled(), "The slot is cancelled"),
    (SlotIsCompleted(END), "The slot is completed: its end is Mon 2026-03-02 19:00"),
    (SlotIsOver(END), "The slot is over: its end is Mon 2026-03-02 19:00"),
    (AccessRefused(), "The customer's access is refused"),
    (SlotIsRunning(START, END), "The slot has started: Mon 2026-03-02 18:00-19:00"),
    (
        OtherStudioNotAdmitted(2),
        "The class does not admit customers of other studios: they are at home in Studio Hamburg",
    ),
    (ClassHidden(bookable=True), "The class is hidden: it is not shown online"),
    (ClassHidden(bookable=False), "The class is hidden: it is not bookable"),
    (DisplayOnly(), "The class is for display only"),
    (
        StudioClosed(START, NIGHT, "renovation"),
        "The studio is closed at that time: Mon 2026-03-02 18:00 to Tue 2026-03-03 00:00 (renovation)",
    ),
    (
        StudioClosed(None, NIGHT, None),
        "The studio is closed at that time: it opens on Tue 2026-03-03 00:00 for the first time",
    ),
    (
        StudioClosed(START, None, None),
        "The studio is closed at that time: it has closed for good on Mon 2026-03-02 18:00",
    ),
    (
        AlreadyOnSlot(4, waits=True),
        "The customer is on the slot already: they wait there by booking 4",
    ),
    (
        AlreadyOnSlot(4, waits=False),
        "The customer is on the slot already: they sit there by booking 4",
    ),
    (BookingNotOpen(START), "Booking has not opened yet: it opens on Mon 2026-03-02 18:00"),
    (BookingClosed(START), "Booking has closed: it was possible until Mon 2026-03-02 18:00"),
    (
        CustomerIdle((Resting(7, DAY, LAST), Resting(8, DAY, None))),
        (
            "The customer's membership rests at that time: Basic (m-7) rests from 2026-03-01 to "
            "2026-03-15; membership 8 rests from 2026-03-01"
        ),
    ),
    (NoMembership(()), "No membership admits the customer: they have none"),
    (
        NoMembership((NotValid(7, DAY, LAST), RateNotAdmitted(7, 5))),
        (
            "No membership admits the customer: Basic (m-7) is valid from 2026-03-01 to 2026-03-15; "
            "Basic (m-7) is of a rate that is not admitted (Basic)"
        ),
    ),
    (
        ContingentUsedUp((GrantsNothing(7), UsedUp(7, Period.WEEK, 2, 2, date(2026, 3, 9)))),
        (
            "The contingent is used up: Basic (m-7) grants no bookings; Basic (m-7) grants 2 a week, of "
            "which 2 are used, and grants some again from 2026-03-09"
        ),
    ),
    (
        ContingentUsedUp((UsedUp(7, Period.TOTAL, 10, 10, None),)),
        "The contingent is used up: Basic (m-7) grants 10 in all, of which 10 are used",
    ),
    (
        SitsElsewhere(4, 11, START, END),
        "The customer sits on another slot at that time: Yoga, Mon 2026-03-02 18:00-19:00 (booking 4)",
    ),
    (
        Full(20, 21, 5, 5),
        "The slot and its waiting list are full: 21 of 20 seats are taken, and 5 of 5 wait",
    ),
    (
        Full(20, 20, 0, 5),
        (
            "The slot and its waiting list are full: 20 of 20 seats are taken, and nobody moves up from "
            "the waiting list any more"
        ),
    ),
    (
        CancellationTooLate(START),
        "It is too late to cancel: it was possible until Mon 2026-03-02 18:00",
    ),
    (
        SlotHasStarted(START),
        (
            "The slot has started, so its bookings can't be cancelled any more: it began on Mon 2026-03-02 "
            "18:00"
        ),
    ),
    (
        OtherStatusThanExpected(waits=True),
        "The booking is not possible as it is expected: they would have to wait",
    ),
    (
        OtherStatusThanExpected(waits=False),
        "The booking is not possible as it is expected: there is a seat",
    ),
    (IdempotencyKeyReused(), "The idempotency key was used for another request"),
    (BookingNotFound(99), "There is no such booking: 99"),
    (SlotNotPlanned(True, START, END), "The slot can't be changed any more: it is cancelled"),
    (
        SlotNotPlanned(False, START, END),
        "The slot can't be changed any more: it takes place Mon 2026-03-02 18:00-19:00",
    ),
    (
        ParticipationTooEarly(START),
        "It is too early to note who takes part: it is possible from Mon 2026-03-02 18:00",
    ),
    (BookingNotActive(waits=True), "The booking holds no seat: it waits"),
    (BookingNotActive(waits=False), "The booking holds no seat: it is cancelled"),
    (NoConfirmationRequired(), "The booking does not have to be confirmed"),
    (
        ConfirmationExpired(START),
        "The time to confirm the booking has passed: it was possible until Mon 2026-03-02 18:00",
    ),
    (InstructorNotOnSlot(3, 11), "The employee does not give the slot: Ina Trainer, slot 11"),
    (InstructorAlreadyOnSlot(3, 11), "The employee gives the slot already: Ina Trainer, slot 11"),
    (Clashing(()), "An instructor or a room would be needed twice at the same time"),
    (
        InvalidTimes(Wrong.IN_THE_PAST, START, END),
        "The times are not possible: that is in the past (Mon 2026-03-02 18:00-19:00)",
    ),
    (
        InvalidTimes(Wrong.TOO_LONG, START, NIGHT),
        (
            "The times are not possible: it would last more than a day (Mon 2026-03-02 18:00 to Tue "
            "2026-03-03 00:00)"
        ),
    ),
    (
        ChangedMeanwhile(
            (
                Difference(EntityKind.SLOT, 11, "starts_at", START, END),
                Difference(EntityKind.SLOT, 11, "instructors", (3, 4), ()),
                Difference(EntityKind.SLOT, 11, "location_id", None, 6),
                Difference(EntityKind.BOOKING, 4, "status", BookingStatus.BOOKED, None),
            )
        ),
        (
            "It is not as it was shown any more, and nothing was done: slot 11, start: Mon 2026-03-02 "
            "18:00 became Mon 2026-03-02 19:00; slot 11, instructors: Ina Trainer, employee 4 became "
            "none; slot 11, room: none became Saal 1; booking 4, status: booked became none"
        ),
    ),
    (
        ChangedMeanwhile(
            (
                Difference(EntityKind.SERIES, 8, "weekdays", frozenset({2, 0}), frozenset({1})),
                Difference(EntityKind.SERIES, 8, "start_time", time(18), time(18, 30)),
                Difference(EntityKind.SERIES, 8, "own", frozenset(), frozenset(Override)),
                Difference(EntityKind.STUDIO, 2, "closures", (), (CLOSED,)),
                Difference(EntityKind.SLOT, 11, "seats", 3, 4),
                Difference(EntityKind.SLOT, 11, "waiting", 0, 1),
            )
        ),
        (
            "It is not as it was shown any more, and nothing was done: series 8, weekdays: Mon, Wed "
            "became Tue; series 8, start: 18:00 became 18:30; series 8, own limits: none became "
            "instructors, location, max participants, max waiting list, time; studio 2, closures: none "
            "became Mon 2026-03-02 09:00-10:00 (water); slot 11, seats taken: 3 became 4; and 1 more"
        ),
    ),
]


@pytest.mark.parametrize(("refusal", "said"), SENTENCES)
def test_a_no_in_a_sentence(refusal: Refusal, said: str) -> None:
    assert sentence(refusal, NAMES) == said


def test_each_reason_has_words_and_an_example_of_them() -> None:
    assert CLAUSES.keys() == set(Kind)
    assert len(set(CLAUSES.values())) == len(CLAUSES)
    # Of what is not there one is like the other.
    not_found = {each for each in reasons() if each.__name__.endswith("NotFound")}
    assert reasons() - not_found - {type(each) for each, _ in SENTENCES} == set()


def test_without_names_there_are_numbers() -> None:
    lack = RateNotAdmitted(7, 5)
    assert sentence(NoMembership((lack,))).endswith(
        "membership 7 is of a rate that is not admitted (rate 5)"
    )
    assert sentence(InstructorNotOnSlot(3, 11), NOBODY).endswith("employee 3, slot 11")


@pytest.mark.parametrize(
    ("refusal", "members"),
    [
        (DisplayOnly(), {"kind": "DISPLAY_ONLY"}),
        (
            SitsElsewhere(4, 11, START, END),
            {
                "kind": "CUSTOMER_IN_OTHER_BOOKING",
                "booking_id": 4,
                "slot_id": 11,
                "title": "Yoga",
                "starts_at": "2026-03-02T18:00:00+01:00",
                "ends_at": "2026-03-02T19:00:00+01:00",
            },
        ),
        (
            ContingentUsedUp((UsedUp(7, Period.WEEK, 2, 2, None), RateNotAdmitted(8, 5))),
            {
                "kind": "CONTINGENT_USED_UP",
                "lacks": [
                    {
                        "lack": "USED_UP",
                        "membership_id": 7,
                        "membership": "Basic (m-7)",
                        "period": "WEEK",
                        "granted": 2,
                        "used": 2,
                        "again_from": None,
                    },
                    {
                        "lack": "RATE_NOT_ADMITTED",
                        "membership_id": 8,
                        "rate_id": 5,
                        "rate": "Basic",
                    },
                ],
            },
        ),
    ],
)
def test_a_no_for_scripts(refusal: Refusal, members: dict[str, Any]) -> None:
    assert facts_of(refusal, NAMES) == members


@pytest.mark.parametrize("refusal", [refusal for refusal, _ in SENTENCES])
def test_each_no_can_be_written_as_json(refusal: Refusal) -> None:
    written = json.loads(json.dumps(facts_of(refusal, NAMES)))
    assert written["kind"] == refusal.kind


async def test_names_are_looked_up_for_what_occurs(gym: Gym) -> None:
    hamburg = await gym.studio("hamburg")
    customer, rate = await gym.customer(), await gym.rate("basic")
    membership = await gym.membership(customer, rate)
    ina, slot = await gym.employee("Ina"), await gym.slot("yoga")
    hall = await gym.location("Saal 1")
    told = [
        ChangedMeanwhile((Difference(EntityKind.SLOT, slot, "location_id", None, hall),)),
        NoMembership((RateNotAdmitted(membership, rate), NotValid(membership, DAY, LAST))),
        OtherStudioNotAdmitted(hamburg),
        InstructorNotOnSlot(ina, slot),
    ]

    def look(*refusals: Refusal) -> Any:
        return gym.database.read(lambda tx: names_for(tx, gym.organization, refusals))

    assert await look(*told) == Names(
        memberships={membership: f"Basic (membership-{membership})"},
        rates={rate: "Basic"},
        studios={gym.studio_id: "Studio Berlin", hamburg: "Studio Hamburg"},
        employees={ina: "Ina Trainer"},
        slots={slot: "Yoga"},
        locations={hall: "Saal 1"},
    )
    given = Difference(EntityKind.SLOT, slot, "instructors", (), (ina,))
    assert await look(ChangedMeanwhile((given,))) == Names(employees={ina: "Ina Trainer"})
    assert await look(DisplayOnly()) == NOBODY


async def test_flags_are_told_with_the_facts_as_they_are_now(gym: Gym) -> None:
    await gym.klass("spin", who_may_book=WhoMayBook.MEMBERS)
    slot = await gym.slot("spin", seats=1)
    anna, bela, cleo = await gym.customers(3)
    rate = await gym.rate("basic")
    held = [await gym.membership(each, rate) for each in (anna, bela, cleo)]
    ids = [(await gym.booked(each, slot)).booking_id for each in (anna, bela, cleo)]
    rests = await gym.idle(anna, held[0], DAY, LAST)
    assert rests
    ended = {"valid_until": DAY}
    await gym.set(tables.membership, held[1], **ended)
    await gym.set(tables.booking, ids[0], conflict=Kind.CUSTOMER_IDLE)
    await gym.set(tables.booking, ids[1], conflict=Kind.STUDIO_CLOSED, skipped=Kind.NO_MEMBERSHIP)

    async def flags() -> tuple[Any, Any]:
        rows = await gym.database.read(
            lambda tx: timetable.bookings_of_slot(tx, gym.organization, slot)
        )
        return rows, await flags_of(gym.desk, gym.database, gym.organization, rows)

    (first, second, third), found = await flags()

    basic = [f"Basic (membership-{each})" for each in held]
    idle = f"the customer's membership rests at that time: {basic[0]} rests from {DAY} to {LAST}"
    assert [found.conflict(first), found.skipped(first)] == [idle, ""]
    # The house no longer says that the studio is closed; what is stored is told as it is.
    assert found.conflict(second) == "the studio is closed at that time"
    assert found.skipped(second) == (
        f"no membership admits the customer: {basic[1]} is valid from 2026-01-01 to {DAY}"
    )
    assert [found.conflict(third), found.skipped(third)] == ["", ""]
    assert found.members(second) == {
        "conflict": "STUDIO_CLOSED",
        "conflict_refusal": {"kind": "STUDIO_CLOSED"},
        "settled": [],
        "skipped": "NO_CONTINGENT",
        "skipped_refusal": {
            "kind": "NO_MEMBERSHIP",
            "lacks": [
                {
                    "lack": "NOT_VALID",
                    "membership_id": held[1],
                    "membership": basic[1],
                    "valid_from": "2026-01-01",
                    "valid_until": DAY.isoformat(),
                }
            ],
        },
    }
    # Once the slot has begun, nothing is asked any more.
    gym.clock.set(gym.at("18:00"))
    (first, *_), found = await flags()
    assert found.conflict(first) == "the customer's membership rests at that time"


async def test_of_rows_from_before_only_the_rule_is_known(gym: Gym) -> None:
    slot = await gym.slot("spin")
    booked = await gym.booked(await gym.customer(), slot)
    await gym.set(tables.booking, booked.booking_id, conflict=Kind.NOT_AVAILABLE)
    [row] = await gym.database.read(
        lambda tx: timetable.bookings_of_slot(tx, gym.organization, slot)
    )
    found = await flags_of(gym.desk, gym.database, gym.organization, [row])
    assert found.conflict(row) == "the slot is not for this customer, or not any more"
    assert found.members(row)["conflict_refusal"] == {"kind": "NOT_AVAILABLE"}
    assert NO_FACTS.conflict(row) == found.conflict(row)
