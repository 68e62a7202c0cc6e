"""Why the rules say no: each reason with its facts, as the rules give it.

Those that only the desk gives are in `tests/desk/test_refusals.py`, which sees to it that none is missing.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kursplan.domain.admission import may_book, objections
from kursplan.domain.bookings import Booking, BookingStatus
from kursplan.domain.cancelling import may_cancel
from kursplan.domain.classes import Class, OnlineBooking, WhoMayBook
from kursplan.domain.contingents import Contingent, Period
from kursplan.domain.customers import Customer, IdlePeriod, Membership
from kursplan.domain.refusals import (
    AccessRefused,
    AlreadyOnSlot,
    BookingClosed,
    BookingNotOpen,
    CancellationTooLate,
    ClassHidden,
    ContingentUsedUp,
    CustomerIdle,
    DisplayOnly,
    Full,
    GrantsNothing,
    Kind,
    NoMembership,
    NotValid,
    OtherStudioNotAdmitted,
    RateNotAdmitted,
    Refusal,
    Resting,
    SitsElsewhere,
    SlotHasStarted,
    SlotIsCancelled,
    SlotIsCompleted,
    SlotIsOver,
    SlotIsRunning,
    StudioClosed,
    UsedUp,
    refuses_otherwise,
)
from kursplan.domain.slots import Slot, SlotStatus
from kursplan.domain.studios import Closure, Studio, outside_of_life
from kursplan.domain.terms import Term

BERLIN = ZoneInfo("Europe/Berlin")
HOME, AWAY = 1, 2
DAY = date(2026, 3, 2)
HOUR = timedelta(hours=1)
MOMENT = timedelta(milliseconds=1)

START = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
"""18:00 in Berlin."""
END = START + HOUR
NOW = START - timedelta(hours=10)

SLOT = Slot(
    id=10,
    class_=Class(1),
    studio=Studio(HOME, BERLIN),
    starts_at=START,
    ends_at=END,
    local_start=datetime(2026, 3, 2, 18, 0),  # noqa: DTZ001, a wall time has no zone
)
CUSTOMER = Customer(100, HOME)
RATE, OTHER_RATE = 5, 6
BASIC = Membership(1000, RATE, date(2026, 1, 1), None)
SEAT = Booking(
    id=1,
    slot_id=11,
    studio_id=AWAY,
    customer_id=CUSTOMER.id,
    home_studio_id=HOME,
    status=BookingStatus.BOOKED,
    sequence=1,
    starts_at=START + HOUR / 2,
    ends_at=END + HOUR / 2,
    day=DAY,
    booked_at=NOW,
)
"""On another slot, at the same time."""
WAITS = replace(SEAT, id=2, slot_id=SLOT.id, status=BookingStatus.WAITING_LIST)
SITS = replace(WAITS, status=BookingStatus.BOOKED)
"""On this slot."""


def of_class(**options: Any) -> Slot:
    return replace(SLOT, class_=replace(SLOT.class_, **options))


def closed(*closures: Closure) -> Slot:
    return replace(SLOT, studio=replace(SLOT.studio, closures=closures))


def member(*memberships: Membership) -> Customer:
    return replace(CUSTOMER, memberships=memberships)


def using(membership: Membership, *contingents: Contingent, used: int = 0) -> Membership:
    return replace(membership, contingents=contingents, used_days=(DAY,) * used)


ONCE_A_WEEK, TWICE_A_MONTH = Contingent(1, Period.WEEK), Contingent(2, Period.MONTH)
MEMBERS = of_class(who_may_book=WhoMayBook.MEMBERS)
COUNTED = of_class(uses_contingent=True)
NAMED = of_class(who_may_book=WhoMayBook.NAMED_RATES, rates=frozenset({OTHER_RATE}))
RENOVATION = Closure(START - HOUR, START + MOMENT, "renovation")
RESTS = replace(
    BASIC, idle_periods=(IdlePeriod(date(2026, 1, 1), date(2026, 1, 31)), IdlePeriod(DAY, None))
)
TWO_WEEKS = replace(BASIC, id=1001, idle_periods=(IdlePeriod(DAY, date(2026, 3, 15)),))
ENDED = replace(BASIC, id=1002, valid_until=date(2026, 2, 28))
TO_COME = replace(BASIC, id=1003, valid_from=date(2026, 4, 1))

ADMISSION: list[tuple[Slot, Customer, datetime, Refusal]] = [
    (replace(SLOT, status=SlotStatus.CANCELED), CUSTOMER, NOW, SlotIsCancelled()),
    (replace(SLOT, status=SlotStatus.COMPLETED), CUSTOMER, NOW, SlotIsCompleted(END)),
    (SLOT, CUSTOMER, END, SlotIsOver(END)),
    (SLOT, replace(CUSTOMER, access_refused=True), NOW, AccessRefused()),
    (SLOT, CUSTOMER, START, SlotIsRunning(START, END)),
    (SLOT, replace(CUSTOMER, home_studio_id=AWAY), NOW, OtherStudioNotAdmitted(AWAY)),
    (of_class(bookable=False), CUSTOMER, NOW, ClassHidden(bookable=False)),
    (of_class(online_booking=OnlineBooking.NO), CUSTOMER, NOW, ClassHidden(bookable=True)),
    (of_class(online_booking=OnlineBooking.DISPLAY_ONLY), CUSTOMER, NOW, DisplayOnly()),
    (
        closed(replace(RENOVATION, starts_at=START), RENOVATION),
        CUSTOMER,
        NOW,
        StudioClosed(START - HOUR, START + MOMENT, "renovation"),
    ),
    (
        closed(*outside_of_life(date(2026, 3, 10), None, BERLIN)),
        CUSTOMER,
        NOW,
        StudioClosed(None, datetime(2026, 3, 9, 23, 0, tzinfo=UTC), None),
    ),
    (
        closed(*outside_of_life(None, date(2026, 3, 1), BERLIN)),
        CUSTOMER,
        NOW,
        StudioClosed(datetime(2026, 3, 1, 23, 0, tzinfo=UTC), None, None),
    ),
    (SLOT, replace(CUSTOMER, bookings=(SITS,)), NOW, AlreadyOnSlot(SITS.id, waits=False)),
    (SLOT, replace(CUSTOMER, bookings=(SEAT, WAITS)), NOW, AlreadyOnSlot(WAITS.id, waits=True)),
    (
        of_class(earliest_booking=Term.parse("2 HOURS")),
        CUSTOMER,
        NOW,
        BookingNotOpen(START - 2 * HOUR),
    ),
    (
        of_class(latest_booking=Term.parse("1 DAY")),
        CUSTOMER,
        NOW,
        BookingClosed(datetime(2026, 3, 1, 22, 59, 59, 999000, tzinfo=UTC)),
    ),
    # Who is idle: by which idle period of which membership.
    (SLOT, member(RESTS), NOW, CustomerIdle((Resting(RESTS.id, DAY, None),))),
    (
        MEMBERS,
        member(RESTS, ENDED, TWO_WEEKS),
        NOW,
        CustomerIdle((Resting(RESTS.id, DAY, None), Resting(TWO_WEEKS.id, DAY, date(2026, 3, 15)))),
    ),
    # Which membership lacks what.
    (MEMBERS, CUSTOMER, NOW, NoMembership(())),
    (
        MEMBERS,
        member(ENDED, TO_COME),
        NOW,
        NoMembership(
            (
                NotValid(ENDED.id, date(2026, 1, 1), date(2026, 2, 28)),
                NotValid(TO_COME.id, date(2026, 4, 1), None),
            )
        ),
    ),
    (NAMED, member(BASIC), NOW, NoMembership((RateNotAdmitted(BASIC.id, RATE),))),
    (COUNTED, member(BASIC), NOW, ContingentUsedUp((GrantsNothing(BASIC.id),))),
    (
        COUNTED,
        member(using(BASIC, ONCE_A_WEEK, TWICE_A_MONTH, used=1)),
        NOW,
        ContingentUsedUp((UsedUp(BASIC.id, Period.WEEK, 1, 1, again_from=date(2026, 3, 9)),)),
    ),
    (
        COUNTED,
        member(using(BASIC, ONCE_A_WEEK, Contingent(None, Period.YEAR), TWICE_A_MONTH, used=2)),
        NOW,
        ContingentUsedUp(
            (
                UsedUp(BASIC.id, Period.WEEK, 1, 2, again_from=date(2026, 3, 9)),
                UsedUp(BASIC.id, Period.MONTH, 2, 2, again_from=date(2026, 4, 1)),
            )
        ),
    ),
    # Never again: nothing is granted, there is one for all time, or it has ended by then.
    (
        COUNTED,
        member(
            using(BASIC, Contingent(0, Period.WEEK)),
            using(replace(BASIC, id=1004), Contingent(1, Period.TOTAL), used=1),
            using(replace(BASIC, id=1005, valid_until=date(2026, 3, 8)), ONCE_A_WEEK, used=1),
        ),
        NOW,
        ContingentUsedUp(
            (
                UsedUp(BASIC.id, Period.WEEK, 0, 0, again_from=None),
                UsedUp(1004, Period.TOTAL, 1, 1, again_from=None),
                UsedUp(1005, Period.WEEK, 1, 1, again_from=None),
            )
        ),
    ),
    # One rests, one has ended, one is of another rate, and the last is used up.
    (
        of_class(
            who_may_book=WhoMayBook.NAMED_RATES, rates=frozenset({RATE}), uses_contingent=True
        ),
        member(
            TWO_WEEKS,
            ENDED,
            replace(BASIC, id=1006, rate_id=OTHER_RATE),
            using(BASIC, ONCE_A_WEEK, used=1),
        ),
        NOW,
        ContingentUsedUp(
            (
                Resting(TWO_WEEKS.id, DAY, date(2026, 3, 15)),
                NotValid(ENDED.id, date(2026, 1, 1), date(2026, 2, 28)),
                RateNotAdmitted(1006, OTHER_RATE),
                UsedUp(BASIC.id, Period.WEEK, 1, 1, again_from=date(2026, 3, 9)),
            )
        ),
    ),
    (
        SLOT,
        replace(CUSTOMER, bookings=(replace(SEAT, ends_at=START), SEAT)),
        NOW,
        SitsElsewhere(SEAT.id, 11, START + HOUR / 2, END + HOUR / 2),
    ),
    (
        replace(SLOT, max_participants=3, seats=2, additional_participants=2, waiting=5),
        CUSTOMER,
        NOW,
        Full(seats=3, taken=4, waiting=5, max_waiting_list=5),
    ),
    (
        replace(of_class(promotion_ends=Term.parse("11 HOURS")), max_participants=1, seats=1),
        CUSTOMER,
        NOW,
        Full(seats=1, taken=1, waiting=0, max_waiting_list=5),
    ),
]

CANCELLING: list[tuple[datetime, Booking, Refusal]] = [
    (START, SITS, SlotHasStarted(START)),
    (START - HOUR, SITS, CancellationTooLate(START - 2 * HOUR)),
    # Whoever got the seat by others had until then.
    (
        START - HOUR,
        replace(SITS, free_until=START - 90 * timedelta(minutes=1)),
        CancellationTooLate(START - 90 * timedelta(minutes=1)),
    ),
]


@pytest.mark.parametrize(("slot", "customer", "now", "expected"), ADMISSION)
def test_a_no_to_a_booking_says_by_what(
    slot: Slot, customer: Customer, now: datetime, expected: Refusal
) -> None:
    assert may_book(slot, customer, now) == expected


@pytest.mark.parametrize(("now", "booking", "expected"), CANCELLING)
def test_a_no_to_a_cancellation_says_until_when_it_was_possible(
    now: datetime, booking: Booking, expected: Refusal
) -> None:
    assert may_cancel(SLOT, booking, now) == expected


def test_times_are_those_of_the_studio_that_holds_the_slot() -> None:
    elsewhere = replace(SLOT, studio=Studio(HOME, ZoneInfo("Europe/Lisbon")))
    told = [may_book(slot, replace(CUSTOMER, bookings=(SEAT,)), NOW) for slot in (SLOT, elsewhere)]
    assert [
        each.starts_at.strftime("%H:%M") for each in told if isinstance(each, SitsElsewhere)
    ] == ["18:30", "17:30"]


def test_a_flag_has_the_facts_of_a_no() -> None:
    customer = replace(member(ENDED), bookings=(SITS,))
    ended = NotValid(ENDED.id, date(2026, 1, 1), date(2026, 2, 28))
    assert list(objections(MEMBERS, customer, SITS, NOW)) == [NoMembership((ended,))]


@pytest.mark.parametrize(
    "refusal", [refusal for *_, refusal in ADMISSION], ids=lambda each: type(each).__name__
)
def test_what_is_of_a_rule_that_is_set_aside_no_longer_refuses_but_for_what_nobody_overrules(
    refusal: Refusal,
) -> None:
    """By the rule's word, as ever; what stands for itself is its own rule."""
    nobody = {Kind.SLOT_CANCELLED, Kind.SLOT_COMPLETED, Kind.SLOT_OVER, Kind.ACCESS_REFUSED}
    slot, customer, now = next(asked for *asked, each in ADMISSION if each == refusal)
    rule = refusal.kind.rule
    again = may_book(slot, customer, now, frozenset({rule}))
    stays = refusal.kind in nobody or rule is Kind.STUDIO_CLOSED
    assert (again == refusal) == stays


def test_a_rule_is_the_rule_of_itself() -> None:
    assert {each.rule.rule for each in Kind} == {each.rule for each in Kind}
    assert {each for each in Kind if each.rule is not each} == {
        Kind.SLOT_CANCELLED,
        Kind.SLOT_COMPLETED,
        Kind.SLOT_OVER,
        Kind.ACCESS_REFUSED,
        Kind.SLOT_RUNNING,
        Kind.OTHER_STUDIO,
        Kind.CLASS_HIDDEN,
        Kind.NO_MEMBERSHIP,
        Kind.CONTINGENT_USED_UP,
    }


@pytest.mark.parametrize(
    ("before", "after", "otherwise"),
    [
        (None, None, False),
        (None, Kind.CLASS_HIDDEN, True),
        (Kind.CLASS_HIDDEN, None, True),
        (Kind.CLASS_HIDDEN, Kind.ACCESS_REFUSED, False),
        (Kind.NOT_AVAILABLE, Kind.ACCESS_REFUSED, False),
        (Kind.NO_MEMBERSHIP, Kind.CONTINGENT_USED_UP, False),
        (Kind.NO_MEMBERSHIP, Kind.CUSTOMER_IDLE, True),
        (Kind.STUDIO_CLOSED, Kind.STUDIO_CLOSED, False),
    ],
)
def test_another_reason_of_the_same_rule_is_nothing_new(
    before: Kind | None, after: Kind | None, otherwise: bool
) -> None:
    assert refuses_otherwise(before, after) is otherwise
