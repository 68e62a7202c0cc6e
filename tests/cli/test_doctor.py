"""The doctor finds what is wrong, names it, and finds nothing where nothing is wrong."""

from __future__ import annotations

import os
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, text

from kursplan.cli.doctor import examine_twice
from kursplan.clock import HandClock
from kursplan.desk.restore_slot import RestoreSlot
from kursplan.doctor import Invariant
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.clashes import OnClash
from kursplan.domain.classes import Promotion, WhoMayBook
from kursplan.domain.contingents import Period
from kursplan.domain.events import EventType
from kursplan.domain.refusals import Kind
from kursplan.domain.slots import SlotStatus
from kursplan.domain.terms import Term
from kursplan.store import tables
from tests.cli.conftest import Kursplan, listed
from tests.gym import Gym

Found = list[tuple[Invariant, int | None, tuple[int, ...]]]
"""The invariant that does not hold, on which slot, with which bookings."""


class Ward:
    """A gym in which everything is in order, until a test breaks something by hand."""

    def __init__(self, gym: Gym, day: date, kursplan: Kursplan) -> None:
        self.gym = gym
        self.day = day
        self.kursplan = kursplan

    async def move_in(self) -> Ward:
        gym, day = self.gym, self.day
        self.full = await gym.slot("spin", day=day, seats=1, waiting_list=3)
        self.other = await gym.slot("yoga", at="20:00", day=day)
        self.first, self.second, self.third = await gym.customers(3)
        self.seated = (await gym.booked(self.first, self.full)).booking_id
        self.waiting = (await gym.booked(self.second, self.full)).booking_id
        self.elsewhere = (await gym.booked(self.first, self.other)).booking_id
        self.cancelled = (await gym.booked(self.third, self.other)).booking_id
        await gym.cancel(self.cancelled)
        return self

    async def found(self) -> Found:
        ran = await self.kursplan("doctor", "--json", "--patience", 0)
        told = ran.json
        assert told["organizations"] == ["gym-1"]
        assert ran.status == (1 if told["findings"] else 0)
        assert told["healthy"] is (not told["findings"])
        return [
            (Invariant(each["invariant"]), each["slot_id"], tuple(each["booking_ids"]))
            for each in told["findings"]
        ]

    async def mended(self) -> list[Invariant]:
        """Have it mended; what there was to mend, in the order in which it was found."""
        ran = await self.kursplan("doctor", "--mend", "--json", "--patience", 0)
        assert ran.status == (1 if ran.json["findings"] else 0)
        return [Invariant(each["invariant"]) for each in ran.json["mended"]]

    async def sql(self, *statements: str) -> None:
        for statement in statements:
            await self.gym.database.write(lambda tx, s=statement: tx.execute(text(s)))


@pytest.fixture
async def ward(gym: Gym, in_three_days: date, kursplan: Kursplan) -> Ward:
    return await Ward(gym, in_three_days, kursplan).move_in()


async def test_a_gym_after_a_lively_day_is_healthy(ward: Ward, kursplan: Kursplan) -> None:
    gym = ward.gym
    await gym.cancel(ward.seated)
    called_off = await gym.slot("spin", at="09:00", day=ward.day)
    await gym.booked(ward.third, called_off)
    await gym.cancel_slot(called_off)

    ran = await kursplan("doctor")

    assert (ran.status, ran.out) == (0, "gym-1: all is well.\n")


async def test_what_is_found_is_named_for_people(ward: Ward, kursplan: Kursplan) -> None:
    await ward.gym.set(tables.slot, ward.other, seats=2)

    ran = await kursplan("doctor", "--patience", 0)

    assert ran.status == 1
    assert ran.out.splitlines() == [
        "gym-1: 1 finding.",
        f"  COUNTS: slot {ward.other} counts 2 seats and 0 waiting, its bookings are 1 and 0",
    ]


async def test_for_cron_it_says_nothing_where_all_is_well_and_leaves_a_note_for_prometheus(
    ward: Ward, kursplan: Kursplan, tmp_path: Path, clock: HandClock
) -> None:
    note = tmp_path / "doctor.prom"
    well = await kursplan("doctor", "--quiet", "--metrics", note)
    assert (well.status, well.out, well.err) == (0, "", "")
    first = note_in(note)
    assert {first[f'kursplan_doctor_findings{{invariant="{each}"}}'] for each in Invariant} == {0}
    assert first["kursplan_doctor_organizations"] == 1
    assert first["kursplan_doctor_run_seconds"] >= 0
    since = first["kursplan_doctor_last_run_timestamp_seconds"] - clock.now().timestamp()
    assert 0 <= since < 600
    assert note.stat().st_mode & 0o777 == 0o644

    await ward.gym.set(tables.slot, ward.other, seats=2)
    await ward.gym.set(tables.slot, ward.full, seats=2)
    ill = await kursplan("doctor", "--quiet", "--patience", 0, "--metrics", note)
    assert ill.status == 1
    assert ill.out.splitlines()[0] == "gym-1: 2 findings."
    second = note_in(note)
    found = {name for name, value in second.items() if "findings" in name and value}
    assert {name: second[name] for name in found} == {
        'kursplan_doctor_findings{invariant="COUNTS"}': 2
    }
    assert [each for each in os.listdir(tmp_path) if ".prom" in each] == ["doctor.prom"]


def note_in(file: Path) -> dict[str, float]:
    lines = [each for each in file.read_text().splitlines() if not each.startswith("#")]
    return {name: float(value) for name, value in (each.rsplit(maxsplit=1) for each in lines)}


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("--quiet", "--json"), 2, "--json always writes a document"),
        (("--metrics", "it", "--organization", "gym-1"), 2, "is about all organizations"),
        (("--metrics", "/nowhere/doctor.prom"), 1, "can't write /nowhere/doctor.prom"),
    ],
)
async def test_what_no_note_can_be_made_of_is_told(
    ward: Ward, kursplan: Kursplan, arguments: tuple[str, ...], status: int, says: str
) -> None:
    refused = await kursplan("doctor", *arguments)
    assert refused.status == status
    assert says in refused.err


async def test_each_organization_is_examined_by_itself(ward: Ward, kursplan: Kursplan) -> None:
    gym = ward.gym
    other = await listed(await Gym(gym.database, gym.clock, first_id=1000).open())
    await other.slot(day=ward.day, seats=3, waiting=1)

    both = await kursplan("doctor", "--patience", 0, "--json")
    healthy = await kursplan("doctor", "--organization", "gym-1")

    assert both.json["organizations"] == ["gym-1", "gym-1000"]
    assert {each["organization"] for each in both.json["findings"]} == {"gym-1000"}
    assert healthy.out == "gym-1: all is well.\n"


async def test_what_is_gone_at_the_second_look_was_in_motion(ward: Ward) -> None:
    gym = ward.gym
    await gym.set(tables.slot, ward.other, seats=2)
    await gym.set(tables.slot, ward.full, seats=2)

    async def meanwhile() -> None:
        await gym.set(tables.slot, ward.other, seats=1)
        await gym.set(tables.slot, ward.full, seats=1, waiting=2)

    # What is wrong in another way now may be in motion as well.
    found = await examine_twice(gym.database, gym.clock, {"gym-1": gym.organization}, meanwhile)
    assert found == {"gym-1": []}


# --- Each invariant, broken by hand ---------------------------------------------------------------


async def test_seats_and_waiting_positions_are_those_of_the_bookings(ward: Ward) -> None:
    await ward.gym.set(tables.slot, ward.other, seats=2)
    await ward.gym.set(tables.slot, ward.full, waiting=0)

    assert await ward.found() == [
        (Invariant.COUNTS, ward.full, ()),
        (Invariant.COUNTS, ward.other, ()),
    ]


async def test_nobody_waits_beside_a_free_seat(ward: Ward) -> None:
    await ward.gym.set(tables.slot, ward.full, max_participants=2)

    assert await ward.found() == [(Invariant.SEATS_ARE_FILLED, ward.full, (ward.waiting,))]


async def test_nobody_waits_where_there_is_no_limit(ward: Ward) -> None:
    await ward.gym.set(tables.slot, ward.full, max_participants=None)

    assert await ward.found() == [(Invariant.SEATS_ARE_FILLED, ward.full, (ward.waiting,))]


async def test_who_waits_rightly_beside_a_free_seat_is_no_finding(
    gym: Gym, in_three_days: date, kursplan: Kursplan
) -> None:
    by_staff = await gym.klass("by-staff", promotion=Promotion.BY_STAFF)
    too_late = await gym.klass("too-late")
    rate = await gym.rate()
    for hour, of in enumerate((by_staff, too_late, "idle", "closed", "elsewhere"), start=10):
        slot = await gym.slot(of, at=f"{hour}:00", day=in_three_days, seats=1)
        sits, waits = await gym.customers(2)
        await gym.booked(sits, slot)
        await gym.booked(waits, slot)
        await gym.set(tables.slot, slot, max_participants=2)
        if of == too_late:
            await gym.set(tables.class_, too_late, promotion_ends=Term.parse("1 WEEK"))
        if of == "idle":
            await gym.idle(waits, await gym.membership(waits, rate), in_three_days)
        if of == "closed":
            await gym.closure(
                datetime.combine(in_three_days, time(13)), datetime.combine(in_three_days, time(14))
            )
            for each in await gym.on_slot(slot):
                await gym.set(tables.booking, each.id, conflict=Kind.STUDIO_CLOSED)
        if of == "elsewhere":
            await gym.booked(waits, await gym.slot("yoga", at="14:30", day=in_three_days))

    assert await Ward(gym, in_three_days, kursplan).found() == []


async def test_a_cancelled_slot_is_empty_and_told(ward: Ward) -> None:
    await ward.gym.set(tables.slot, ward.other, status=SlotStatus.CANCELED)

    assert await ward.found() == [
        (Invariant.CANCELLED_SLOTS_ARE_EMPTY, ward.other, (ward.elsewhere,)),
        (Invariant.SLOTS_ARE_TOLD, ward.other, ()),
    ]


async def test_a_slot_that_takes_place_is_not_told_as_cancelled(ward: Ward) -> None:
    await ward.gym.cancel_slot(ward.other)
    await ward.gym.set(tables.slot, ward.other, status=SlotStatus.PLANNED)

    assert await ward.found() == [(Invariant.SLOTS_ARE_TOLD, ward.other, ())]


async def test_a_slot_that_was_restored_is_told_rightly_and_so_is_who_is_back(ward: Ward) -> None:
    """Also the second time, and where it is cancelled again."""
    for _ in range(2):
        await ward.gym.cancel_slot(ward.other)
        await ward.gym.take(RestoreSlot(ward.gym.organization, ward.other, with_bookings=True))
    assert await ward.found() == []
    await ward.gym.cancel_slot(ward.other)
    assert await ward.found() == []


async def test_nobody_is_on_a_slot_twice(ward: Ward) -> None:
    await ward.sql("DROP INDEX uq_booking_active")
    again = (await ward.gym.booked(ward.third, ward.other)).booking_id
    await ward.gym.set(tables.booking, again, customer_id=ward.first)

    assert await ward.found() == [
        (Invariant.ONE_BOOKING_EACH, ward.other, (ward.elsewhere, again)),
    ]


async def test_a_booking_has_the_times_of_its_slot(ward: Ward) -> None:
    earlier = ward.gym.at("19:59", day=ward.day)
    await ward.gym.set(tables.booking, ward.elsewhere, starts_at=earlier)

    assert await ward.found() == [(Invariant.SAME_TIMES, ward.other, (ward.elsewhere,))]


async def test_a_booking_is_kept_for_the_day_of_its_slot(ward: Ward) -> None:
    await ward.gym.set(tables.booking, ward.waiting, day=ward.day + timedelta(days=1))

    assert await ward.found() == [(Invariant.SAME_TIMES, ward.full, (ward.waiting,))]


async def overlapping(ward: Ward) -> tuple[int, int]:
    """Two bookings of a customer on slots of which one has been moved onto the other."""
    gym = ward.gym
    [customer] = await gym.customers(1)
    at_noon = await gym.slot("box", at="12:00", day=ward.day)
    later = await gym.slot("row", at="15:00", day=ward.day)
    first = (await gym.booked(customer, at_noon)).booking_id
    second = (await gym.booked(customer, later)).booking_id
    await gym.changed_slot(later, local_start=datetime.combine(ward.day, time(12, 30)))
    return first, second


async def test_nobody_sits_in_two_places_at_a_time(ward: Ward) -> None:
    first, second = await overlapping(ward)
    await ward.gym.set(tables.booking, second, conflict=None)

    assert await ward.found() == [(Invariant.ONE_PLACE_AT_A_TIME, None, (first, second))]


async def test_who_sits_in_two_places_and_is_flagged_for_staff_is_no_finding(ward: Ward) -> None:
    _, second = await overlapping(ward)

    assert (await ward.gym.booking_now(second)).conflict is Kind.CUSTOMER_IN_OTHER_BOOKING
    assert await ward.found() == []


async def beyond_contingent(ward: Ward) -> tuple[int, list[tuple[int, int]]]:
    """A membership with two bookings in a week, which then grants but one."""
    gym = ward.gym
    rate = await gym.rate(grants={Period.TOTAL: 2})
    [customer] = await gym.customers(1)
    membership = await gym.membership(customer, rate)
    await gym.klass("pilates", who_may_book=WhoMayBook.MEMBERS, uses_contingent=True)
    booked = []
    for hour in (8, 10):
        slot = await gym.slot("pilates", at=f"{hour:02}:00", day=ward.day)
        booked.append((slot, (await gym.booked(customer, slot)).booking_id))
    await ward.sql("UPDATE rate_contingent SET bookings = 1")
    return membership, booked


async def test_no_membership_has_more_bookings_than_it_grants(
    ward: Ward, kursplan: Kursplan
) -> None:
    membership, booked = await beyond_contingent(ward)

    assert await ward.found() == [
        (Invariant.CONTINGENTS, slot, (booking,)) for slot, booking in booked
    ]
    told = (await kursplan("doctor", "--json", "--patience", 0)).json["findings"]
    assert {each["membership_id"] for each in told} == {membership}


async def test_what_is_beyond_the_contingent_and_flagged_or_overruled_is_no_finding(
    ward: Ward,
) -> None:
    _, booked = await beyond_contingent(ward)
    for _, booking in booked:
        await ward.gym.set(tables.booking, booking, conflict=Kind.NO_CONTINGENT)
    [customer] = {(await ward.gym.booking_now(booking)).customer_id for _, booking in booked}
    third = await ward.gym.slot("pilates", at="14:00", day=ward.day)
    await ward.gym.booked(customer, third, overrule=frozenset({Kind.NO_CONTINGENT}))

    assert await ward.found() == []


async def test_no_place_in_the_order_of_joining_lies_beyond_the_last_given(ward: Ward) -> None:
    await ward.gym.set(tables.slot, ward.full, last_sequence=1)

    assert await ward.found() == [(Invariant.ORDER_OF_JOINING, ward.full, (ward.waiting,))]


async def test_no_place_in_the_order_of_joining_is_given_twice(ward: Ward) -> None:
    # As after a copy that lost the constraints.
    await ward.sql(
        "CREATE TABLE copied AS SELECT * FROM booking",
        "DROP TABLE booking",
        "ALTER TABLE copied RENAME TO booking",
    )
    await ward.gym.set(tables.booking, ward.waiting, sequence=1)

    assert await ward.found() == [(Invariant.ORDER_OF_JOINING, ward.full, ())]


@pytest.mark.parametrize(
    "lost", [EventType.CLASS_BOOKING_CREATED, EventType.CLASS_BOOKING_CANCELLED]
)
async def test_every_booking_is_told_as_made_and_if_so_as_cancelled(
    ward: Ward, lost: EventType
) -> None:
    event = tables.event
    of_booking = delete(event).where(event.c.entity_id == ward.cancelled, event.c.type == lost)
    await ward.gym.database.write(lambda tx: tx.execute(of_booking))

    assert await ward.found() == [(Invariant.BOOKINGS_ARE_TOLD, ward.other, (ward.cancelled,))]


@pytest.mark.parametrize("end", [False, True])
async def test_every_booking_has_a_line_of_history_for_its_making_and_its_end(
    ward: Ward, end: bool
) -> None:
    """Those from before there was a history don't say who made them, and need none."""
    line, gym = tables.history, ward.gym
    gym.clock.advance(timedelta(seconds=1))
    await gym.cancel(ward.seated)
    command = "cancel" if end else "book"
    lost = delete(line).where(line.c.subject_id == ward.seated, line.c.command == command)
    await gym.database.write(lambda tx: tx.execute(lost))

    assert await ward.found() == [(Invariant.BOOKINGS_HAVE_A_HISTORY, ward.full, (ward.seated,))]

    await gym.set(tables.booking, ward.seated, booked_via=None, ended_via=None)
    assert await ward.found() == []


async def test_no_booking_is_told_as_cancelled_twice_or_while_it_is_not(ward: Ward) -> None:
    for booking in (ward.cancelled, ward.waiting):
        await ward.gym.insert(
            tables.event,
            id=1_000_000 + booking,  # Behind all that was told of it.
            uuid=f"told-again-{booking}",
            type=EventType.CLASS_BOOKING_CANCELLED,
            entity_id=booking,
            studio_id=ward.gym.studio_id,
            happened_at=ward.gym.now,
            fanned_out=True,
        )

    assert await ward.found() == [
        (Invariant.BOOKINGS_ARE_TOLD, ward.full, (ward.waiting,)),
        (Invariant.BOOKINGS_ARE_TOLD, ward.other, (ward.cancelled,)),
    ]


async def test_a_slot_starts_when_its_local_time_says(ward: Ward) -> None:
    an_hour_later = datetime.combine(ward.day, time(19))
    await ward.gym.set(tables.slot, ward.full, local_start=an_hour_later)

    assert await ward.found() == [(Invariant.TIMES_MEAN_THE_SAME, ward.full, ())]


async def test_a_slot_to_come_has_what_its_class_gives(ward: Ward) -> None:
    gym = ward.gym
    yoga = gym.classes["yoga"]
    # A class of which the slots missed what was changed.
    await gym.set(tables.class_, yoga, duration=75, max_participants=12, max_waiting_list=4)

    assert await ward.found() == [(Invariant.SLOTS_FOLLOW_THEIR_CLASS, ward.other, ())]
    assert await ward.mended() == [Invariant.SLOTS_FOLLOW_THEIR_CLASS]
    slot = await gym.slot_now(ward.other)
    assert (slot.max_participants, slot.max_waiting_list) == (12, 4)
    assert slot.ends_at - slot.starts_at == timedelta(minutes=75)
    assert (await gym.booking_now(ward.elsewhere)).ends_at == slot.ends_at


async def planned(ward: Ward) -> tuple[int, list[int]]:
    """A series with an instructor, and its next two slots."""
    gym = ward.gym
    weekday = ward.day.weekday()
    series = await gym.series(
        "box", weekdays=[weekday], since=ward.day, instructors=[await gym.employee("Ina")]
    )
    slots = await gym.extend(series, until=ward.day + timedelta(days=7))
    return series, [each.id for each in slots]


async def test_a_slot_to_come_is_as_its_series_has_it(ward: Ward) -> None:
    series, [first, second] = await planned(ward)
    await ward.gym.set(tables.series, series, start_time=time(7, 30))

    assert await ward.found() == [
        (Invariant.SLOTS_FOLLOW_THEIR_SERIES, first, ()),
        (Invariant.SLOTS_FOLLOW_THEIR_SERIES, second, ()),
    ]
    assert await ward.mended() == [Invariant.SLOTS_FOLLOW_THEIR_SERIES] * 2
    for slot, day in ((first, ward.day), (second, ward.day + timedelta(days=7))):
        assert (await ward.gym.slot_now(slot)).starts_at == ward.gym.at("07:30", day=day)


async def test_a_slot_on_a_day_that_its_series_does_not_have_is_for_people_to_look_at(
    ward: Ward,
) -> None:
    series, [_, second] = await planned(ward)
    await ward.gym.set(tables.series, series, last_day=ward.day)

    assert await ward.found() == [(Invariant.SLOTS_FOLLOW_THEIR_SERIES, second, ())]
    assert await ward.mended() == []


async def test_what_was_changed_by_hand_need_not_follow_and_the_rest_does(ward: Ward) -> None:
    series, [first, second] = await planned(ward)
    await ward.gym.changed_slot(first, duration_minutes=45)
    await ward.gym.changed_slot(second, max_participants=3)
    await ward.gym.set(tables.series, series, start_time=time(7, 30))

    assert await ward.found() == [(Invariant.SLOTS_FOLLOW_THEIR_SERIES, second, ())]


async def test_no_deleted_employee_gives_a_slot_to_come_or_a_series(ward: Ward) -> None:
    gym = ward.gym
    _, slots = await planned(ward)
    [ina] = await gym.given_by(slots[0])
    await gym.set(tables.employee, ina, deleted_at=gym.now)

    assert await ward.found() == [
        (Invariant.WHO_IS_GONE_GIVES_NOTHING, slots[0], ()),
        (Invariant.WHO_IS_GONE_GIVES_NOTHING, slots[1], ()),
        (Invariant.WHO_IS_GONE_GIVES_NOTHING, None, ()),
    ]
    assert await ward.mended() == [Invariant.WHO_IS_GONE_GIVES_NOTHING] * 3
    assert [await gym.given_by(slot) for slot in slots] == [(), ()]


async def test_a_booking_in_closed_time_is_flagged_and_no_other(ward: Ward) -> None:
    evening = datetime.combine(ward.day, time(19, 30)), datetime.combine(ward.day, time(22))
    await ward.gym.closure(*evening)
    await ward.gym.set(tables.booking, ward.waiting, conflict=Kind.STUDIO_CLOSED)

    assert await ward.found() == [
        (Invariant.CLOSURES_ARE_FLAGGED, ward.full, (ward.waiting,)),
        (Invariant.CLOSURES_ARE_FLAGGED, ward.other, (ward.elsewhere,)),
    ]
    assert await ward.mended() == [Invariant.CLOSURES_ARE_FLAGGED] * 2
    conflicts = [
        (await ward.gym.booking_now(each)).conflict for each in (ward.waiting, ward.elsewhere)
    ]
    assert conflicts == [None, Kind.STUDIO_CLOSED]


async def test_everything_about_a_slot_is_of_one_studio(ward: Ward) -> None:
    elsewhere = await ward.gym.studio("hamburg")
    await ward.gym.set(tables.class_, ward.gym.classes["yoga"], studio_id=elsewhere)
    await ward.gym.set(tables.booking, ward.seated, studio_id=elsewhere)

    assert await ward.found() == [
        (Invariant.ONE_STUDIO, ward.other, ()),
        (Invariant.ONE_STUDIO, ward.full, (ward.seated,)),
    ]
    assert await ward.mended() == []


async def test_no_slot_is_completed_before_its_end(ward: Ward) -> None:
    await ward.gym.set(tables.slot, ward.other, status=SlotStatus.COMPLETED)

    assert await ward.found() == [(Invariant.WHAT_IS_COMPLETED_IS_OVER, ward.other, ())]
    assert await ward.mended() == [Invariant.WHAT_IS_COMPLETED_IS_OVER]
    assert (await ward.gym.slot_now(ward.other)).status is SlotStatus.PLANNED


# --- What has one right value -------------------------------------------------------------------


async def test_counts_are_mended(ward: Ward) -> None:
    await ward.gym.set(tables.slot, ward.other, seats=2)
    await ward.gym.set(tables.slot, ward.full, waiting=0, last_sequence=1)

    assert await ward.mended() == [Invariant.COUNTS, Invariant.COUNTS, Invariant.ORDER_OF_JOINING]
    full, other = [await ward.gym.slot_now(each) for each in (ward.full, ward.other)]
    assert (full.seats, full.waiting, full.last_sequence, other.seats) == (1, 1, 2, 1)


async def test_who_waits_beside_a_free_seat_moves_up_and_partners_hear_of_it(ward: Ward) -> None:
    await ward.gym.set(tables.slot, ward.full, max_participants=2)
    before = await ward.gym.told()

    assert await ward.mended() == [Invariant.SEATS_ARE_FILLED]
    assert await ward.gym.told_since(before) == [(EventType.CLASS_BOOKING_UPDATED, ward.waiting)]


async def test_nobody_stays_on_a_cancelled_slot(ward: Ward) -> None:
    await ward.gym.cancel_slot(ward.other)
    await ward.gym.set(tables.booking, ward.elsewhere, status=BookingStatus.BOOKED)
    await ward.gym.set(tables.slot, ward.other, seats=1)

    assert Invariant.CANCELLED_SLOTS_ARE_EMPTY in await ward.mended()
    assert not (await ward.gym.booking_now(ward.elsewhere)).active
    assert (await ward.gym.slot_now(ward.other)).seats == 0


async def test_nobody_and_no_room_is_twice_at_the_same_time_where_that_is_refused(
    ward: Ward,
) -> None:
    """Which of the two gives way is for people to say."""
    gym = ward.gym
    hall = await gym.location("Hall")
    await gym.set(tables.slot, ward.full, location_id=hall)
    await gym.slot("yoga", at="18:30", day=ward.day, location_id=hall)
    await gym.set(tables.studio, gym.studio_id, clashes=OnClash.REFUSE)

    assert await ward.found() == [(Invariant.NOT_TWICE_AT_A_TIME, ward.full, ())]
    assert await ward.mended() == []


async def test_bookings_follow_their_slot(ward: Ward) -> None:
    earlier = ward.gym.at("19:59", day=ward.day)
    for booking in (ward.elsewhere, ward.cancelled):
        await ward.gym.set(tables.booking, booking, starts_at=earlier)

    assert await ward.mended() == [Invariant.SAME_TIMES] * 2
    for booking in (ward.elsewhere, ward.cancelled):
        assert (await ward.gym.booking_now(booking)).starts_at == ward.gym.at("20:00", day=ward.day)


async def test_a_slot_is_moved_to_its_local_time(ward: Ward) -> None:
    await ward.gym.set(tables.slot, ward.other, local_start=datetime.combine(ward.day, time(21)))

    assert await ward.mended() == [Invariant.TIMES_MEAN_THE_SAME]
    assert (await ward.gym.slot_now(ward.other)).starts_at == ward.gym.at("21:00", day=ward.day)


async def test_what_was_mended_is_named_and_what_is_left_too(
    ward: Ward, kursplan: Kursplan
) -> None:
    await ward.gym.set(tables.slot, ward.other, seats=2)
    await ward.gym.set(tables.booking, ward.seated, studio_id=await ward.gym.studio("hamburg"))

    ran = await kursplan("doctor", "--mend", "--patience", 0)

    assert ran.status == 1
    assert ran.out.splitlines() == [
        f"gym-1: mended: slot {ward.other} counts 2 seats and 0 waiting, its bookings are 1 and 0",
        "gym-1: 1 finding.",
        f"  ONE_STUDIO: booking {ward.seated} is in another studio than its slot {ward.full}",
    ]


def test_every_invariant_is_broken_above() -> None:
    """An invariant that no test sees broken would be one that nobody knows to be examined."""
    expected = "".join(Path(__file__).read_text(encoding="utf-8").split())
    assert [each for each in Invariant if f"==[(Invariant.{each}," not in expected] == []
