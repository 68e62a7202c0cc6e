"""May this customer book this slot? Tables of values, one row a case."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kursplan.domain import admission
from kursplan.domain.admission import STAFF_MAY_OVERRULE, Admission, sits_elsewhere
from kursplan.domain.bookings import Booking, BookingStatus
from kursplan.domain.classes import Class, OnlineBooking, WhoMayBook
from kursplan.domain.contingents import Contingent, Period
from kursplan.domain.customers import Customer, IdlePeriod, Membership
from kursplan.domain.refusals import Kind, Refusal
from kursplan.domain.slots import Slot, SlotStatus
from kursplan.domain.studios import Closure, Studio
from kursplan.domain.terms import Term, TermUnit

BERLIN = ZoneInfo("Europe/Berlin")
HOME, AWAY = 1, 2
DAY = date(2026, 3, 2)
HOUR = timedelta(hours=1)
MOMENT = timedelta(milliseconds=1)

START = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
"""18:00 in Berlin."""
NOW = START - timedelta(hours=10)

CLASS = Class(1)
SLOT = Slot(
    id=10,
    class_=CLASS,
    studio=Studio(HOME, BERLIN),
    starts_at=START,
    ends_at=START + HOUR,
    local_start=datetime.combine(DAY, datetime.min.time()).replace(hour=18),
)
CUSTOMER = Customer(100, HOME)
RATE = 5
MEMBERSHIP = Membership(1000, RATE, date(2026, 1, 1), None)
SEAT = Admission(waits=False, membership_id=None)

ONCE_A_WEEK = (Contingent(1, Period.WEEK),)


def by_rule(answer: Any) -> Any:
    """The rule that refuses, where one does; by which facts is the matter of test_refusals.py."""
    return answer.kind.rule if isinstance(answer, Refusal) else answer


def may_book(*asked: Any) -> Any:
    return by_rule(admission.may_book(*asked))


def entitled(*asked: Any) -> Any:
    return by_rule(admission.entitled(*asked))


def conflict_of(*asked: Any) -> Any:
    return by_rule(next(admission.objections(*asked), None))


def booking(**values: Any) -> Booking:
    """A seat of the customer on another slot at the same time, unless it is said otherwise."""
    standard: dict[str, Any] = {
        "id": 1,
        "slot_id": 11,
        "studio_id": HOME,
        "customer_id": CUSTOMER.id,
        "home_studio_id": HOME,
        "status": BookingStatus.BOOKED,
        "sequence": 1,
        "starts_at": START,
        "ends_at": START + HOUR,
        "day": DAY,
        "booked_at": NOW,
    }
    return Booking(**standard | values)


def with_class(**options: Any) -> Slot:
    return replace(SLOT, class_=replace(CLASS, **options))


def member(*memberships: Membership) -> Customer:
    return replace(CUSTOMER, memberships=memberships)


@pytest.mark.parametrize(
    ("slot", "customer", "now", "expected"),
    [
        (SLOT, CUSTOMER, NOW, SEAT),
        (SLOT, CUSTOMER, START - MOMENT, SEAT),
        (SLOT, CUSTOMER, START, Kind.NOT_AVAILABLE),
        (replace(SLOT, status=SlotStatus.CANCELED), CUSTOMER, NOW, Kind.NOT_AVAILABLE),
        (replace(SLOT, status=SlotStatus.COMPLETED), CUSTOMER, NOW, Kind.NOT_AVAILABLE),
        (SLOT, replace(CUSTOMER, access_refused=True), NOW, Kind.NOT_AVAILABLE),
        (SLOT, replace(CUSTOMER, home_studio_id=AWAY), NOW, Kind.NOT_AVAILABLE),
        (with_class(admits_other_studios=True), replace(CUSTOMER, home_studio_id=AWAY), NOW, SEAT),
        (with_class(bookable=False), CUSTOMER, NOW, Kind.NOT_AVAILABLE),
        (with_class(online_booking=OnlineBooking.NO), CUSTOMER, NOW, Kind.NOT_AVAILABLE),
        (
            with_class(online_booking=OnlineBooking.DISPLAY_ONLY),
            CUSTOMER,
            NOW,
            Kind.DISPLAY_ONLY,
        ),
    ],
)
def test_whether_it_is_offered_at_all(
    slot: Slot, customer: Customer, now: datetime, expected: Admission | Kind
) -> None:
    assert may_book(slot, customer, now) == expected


@pytest.mark.parametrize(
    ("start", "end", "closed"),
    [
        (-2 * HOUR, timedelta(0), False),
        (-2 * HOUR, MOMENT, True),
        (timedelta(minutes=10), timedelta(minutes=20), True),
        (HOUR - MOMENT, 2 * HOUR, True),
        (HOUR, 2 * HOUR, False),
    ],
)
def test_a_closure_counts_where_it_overlaps(start: timedelta, end: timedelta, closed: bool) -> None:
    studio = Studio(HOME, BERLIN, (Closure(START + start, START + end),))
    answer = may_book(replace(SLOT, studio=studio), CUSTOMER, NOW)
    assert answer == (Kind.STUDIO_CLOSED if closed else SEAT)


@pytest.mark.parametrize(
    ("opens", "closes", "before_start", "expected"),
    [
        ("2 HOURS", "1 HOURS", 2 * HOUR + MOMENT, "early"),
        ("2 HOURS", "1 HOURS", 2 * HOUR, "open"),
        ("2 HOURS", "1 HOURS", 1 * HOUR, "open"),
        ("2 HOURS", "1 HOURS", 1 * HOUR - MOMENT, "late"),
        (None, "1 HOURS", timedelta(days=900), "open"),
        ("0 DAY", "0 MINUTES", 18 * HOUR, "open"),
        ("0 DAY", "0 MINUTES", 18 * HOUR + MOMENT, "early"),
        ("7 DAY", "0 DAY", MOMENT, "open"),
        ("7 DAY", "1 DAY", 18 * HOUR + MOMENT, "open"),
        ("7 DAY", "1 DAY", 18 * HOUR, "late"),
    ],
)
def test_the_window_has_both_its_bounds(
    opens: str | None, closes: str, before_start: timedelta, expected: str
) -> None:
    """F29"""
    slot = with_class(
        earliest_booking=None if opens is None else Term.parse(opens),
        latest_booking=Term.parse(closes),
    )
    answers: dict[str, Admission | Kind] = {
        "early": Kind.DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME,
        "open": SEAT,
        "late": Kind.DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME,
    }
    assert may_book(slot, CUSTOMER, START - before_start) == answers[expected]


@pytest.mark.parametrize(
    ("seats", "additional", "waiting", "limit", "list_", "expected"),
    [
        (0, 0, 0, 1, 0, "seat"),
        (1, 0, 0, 1, 0, "full"),
        (1, 0, 0, 1, 1, "wait"),
        (1, 0, 1, 1, 1, "full"),
        (0, 1, 0, 1, 1, "wait"),
        (0, 0, 1, 1, 2, "wait"),  # F5: somebody waits for the free seat already.
        (3, 0, 0, 1, 1, "wait"),
        (1, 0, 3, 1, 1, "full"),  # F14
        (0, 0, 0, 0, 5, "full"),  # F15
        (500, 500, 0, None, 0, "seat"),  # F15
        (5, 0, 3, None, 5, "seat"),
    ],
)
def test_seat_or_waiting_position_or_neither(
    seats: int, additional: int, waiting: int, limit: int | None, list_: int, expected: str
) -> None:
    slot = replace(
        SLOT,
        seats=seats,
        additional_participants=additional,
        waiting=waiting,
        max_participants=limit,
        max_waiting_list=list_,
    )
    answers: dict[str, Admission | Kind] = {
        "seat": SEAT,
        "wait": Admission(waits=True, membership_id=None),
        "full": Kind.BOOKING_LIMIT_REACHED,
    }
    assert may_book(slot, CUSTOMER, NOW) == answers[expected]
    overruled = may_book(slot, CUSTOMER, NOW, frozenset({Kind.BOOKING_LIMIT_REACHED}))
    assert overruled == SEAT


@pytest.mark.parametrize(
    ("first", "last", "idle"),
    [
        (DAY, DAY, True),
        (DAY, None, True),
        (date(2026, 1, 1), None, True),
        (date(2026, 1, 1), DAY - timedelta(days=1), False),
        (DAY + timedelta(days=1), None, False),
    ],
)
@pytest.mark.parametrize("who", list(WhoMayBook))
def test_an_idle_period_counts_on_the_day_of_the_slot(
    who: WhoMayBook, first: date, last: date | None, idle: bool
) -> None:
    """F33"""
    slot = with_class(who_may_book=who, rates=frozenset({RATE}))
    resting = replace(MEMBERSHIP, idle_periods=(IdlePeriod(first, last),))
    answer = entitled(slot, member(resting))
    admitted = None if who is WhoMayBook.EVERYONE else resting
    assert answer == (Kind.CUSTOMER_IDLE if idle else admitted)


@pytest.mark.parametrize(
    ("ends_at", "idle"),
    [
        (datetime(2026, 3, 2, 23, 0, tzinfo=UTC), False),  # Midnight in Berlin.
        (datetime(2026, 3, 2, 23, 0, tzinfo=UTC) + MOMENT, True),
    ],
)
def test_a_slot_that_ends_at_midnight_does_not_touch_the_next_day(
    ends_at: datetime, idle: bool
) -> None:
    slot = replace(SLOT, ends_at=ends_at)
    tomorrow = replace(MEMBERSHIP, idle_periods=(IdlePeriod(DAY + timedelta(days=1), None),))
    assert entitled(slot, member(tomorrow)) == (Kind.CUSTOMER_IDLE if idle else None)


RESTS = (IdlePeriod(DAY, DAY),)
ENDS_FIRST = Membership(1001, RATE, date(2026, 1, 1), date(2026, 3, 31))
USED_UP = replace(ENDS_FIRST, contingents=ONCE_A_WEEK, used_days=(DAY,))
HAS_ROOM = replace(MEMBERSHIP, contingents=ONCE_A_WEEK)


@pytest.mark.parametrize(
    ("options", "memberships", "expected"),
    [
        # Every customer may book, with or without a membership.
        ({}, (), None),
        ({}, (MEMBERSHIP,), None),
        # Only those whose membership is valid on the day.
        ({"who_may_book": WhoMayBook.MEMBERS}, (), Kind.NO_CONTINGENT),
        ({"who_may_book": WhoMayBook.MEMBERS}, (MEMBERSHIP,), MEMBERSHIP.id),
        (
            {"who_may_book": WhoMayBook.MEMBERS},
            (replace(MEMBERSHIP, valid_from=DAY + timedelta(days=1)),),
            Kind.NO_CONTINGENT,
        ),
        (
            {"who_may_book": WhoMayBook.MEMBERS},
            (replace(MEMBERSHIP, valid_until=DAY - timedelta(days=1)),),
            Kind.NO_CONTINGENT,
        ),
        (
            {"who_may_book": WhoMayBook.MEMBERS},
            (replace(MEMBERSHIP, valid_from=DAY, valid_until=DAY),),
            MEMBERSHIP.id,
        ),
        # One that rests is not the reason where another is awake.
        (
            {"who_may_book": WhoMayBook.MEMBERS},
            (replace(MEMBERSHIP, idle_periods=RESTS),),
            Kind.CUSTOMER_IDLE,
        ),
        (
            {"who_may_book": WhoMayBook.MEMBERS},
            (replace(ENDS_FIRST, idle_periods=RESTS), MEMBERSHIP),
            MEMBERSHIP.id,
        ),
        # Only certain rates.
        (
            {"who_may_book": WhoMayBook.NAMED_RATES, "rates": frozenset({6})},
            (MEMBERSHIP,),
            Kind.NO_CONTINGENT,
        ),
        (
            {"who_may_book": WhoMayBook.NAMED_RATES, "rates": frozenset({6})},
            (replace(MEMBERSHIP, idle_periods=RESTS),),
            Kind.NO_CONTINGENT,
        ),
        (
            {"who_may_book": WhoMayBook.NAMED_RATES, "rates": frozenset({5, 6})},
            (MEMBERSHIP,),
            MEMBERSHIP.id,
        ),
        # A contingent has to have room, and the membership that ends first is used first.
        ({"uses_contingent": True}, (), Kind.NO_CONTINGENT),
        ({"uses_contingent": True}, (MEMBERSHIP,), Kind.NO_CONTINGENT),
        ({"uses_contingent": True}, (HAS_ROOM,), HAS_ROOM.id),
        ({"uses_contingent": True}, (USED_UP,), Kind.NO_CONTINGENT),
        ({"uses_contingent": True}, (USED_UP, HAS_ROOM), HAS_ROOM.id),
        (
            {"uses_contingent": True},
            (HAS_ROOM, replace(USED_UP, used_days=())),
            ENDS_FIRST.id,
        ),
        ({"who_may_book": WhoMayBook.MEMBERS}, (MEMBERSHIP, ENDS_FIRST), ENDS_FIRST.id),
    ],
)
def test_which_membership_admits(
    options: dict[str, Any], memberships: tuple[Membership, ...], expected: int | Kind | None
) -> None:
    answer = entitled(with_class(**options), member(*memberships))
    assert (answer.id if isinstance(answer, Membership) else answer) == expected


@pytest.mark.parametrize(
    ("other", "overlaps"),
    [
        ({}, True),
        ({"starts_at": START - HOUR, "ends_at": START}, False),
        ({"starts_at": START - HOUR, "ends_at": START + MOMENT}, True),
        ({"starts_at": START + HOUR, "ends_at": START + 2 * HOUR}, False),
        ({"studio_id": AWAY}, True),
        ({"status": BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED}, True),
        ({"status": BookingStatus.WAITING_LIST}, False),
        ({"status": BookingStatus.CANCELED}, False),
    ],
)
def test_a_seat_on_another_slot_at_the_time(other: dict[str, Any], overlaps: bool) -> None:
    customer = replace(CUSTOMER, bookings=(booking(**other),))
    assert (sits_elsewhere(SLOT, customer) is not None) is overlaps
    expected = Kind.CUSTOMER_IN_OTHER_BOOKING if overlaps else SEAT
    assert may_book(SLOT, customer, NOW) == expected


@pytest.mark.parametrize("status", list(BookingStatus))
def test_one_who_is_on_the_slot_is_there_once(status: BookingStatus) -> None:
    """What is cancelled is not there; it is only among the bookings while a turn lasts."""
    customer = replace(CUSTOMER, bookings=(booking(slot_id=SLOT.id, status=status),))
    cancelled = status is BookingStatus.CANCELED
    expected = SEAT if cancelled else Kind.CUSTOMER_ALREADY_BOOKED
    assert may_book(SLOT, customer, NOW) == expected


def test_what_staff_may_overrule() -> None:
    assert {
        Kind.NOT_AVAILABLE,
        Kind.DISPLAY_ONLY,
        Kind.CUSTOMER_IDLE,
        Kind.DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME,
        Kind.DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME,
        Kind.CUSTOMER_IDLE,
        Kind.NO_CONTINGENT,
        Kind.BOOKING_LIMIT_REACHED,
    } == STAFF_MAY_OVERRULE


def test_nobody_overrules_a_cancelled_slot_one_that_is_over_or_that_access_is_refused() -> None:
    for slot, customer, now in (
        (replace(SLOT, status=SlotStatus.CANCELED), CUSTOMER, NOW),
        (SLOT, CUSTOMER, SLOT.ends_at),
        (SLOT, replace(CUSTOMER, access_refused=True), NOW),
    ):
        assert may_book(slot, customer, now, STAFF_MAY_OVERRULE) is Kind.NOT_AVAILABLE
    late = SLOT.ends_at - MOMENT
    assert may_book(SLOT, CUSTOMER, late) is Kind.NOT_AVAILABLE
    assert may_book(SLOT, CUSTOMER, late, STAFF_MAY_OVERRULE) == SEAT


@pytest.mark.parametrize("refusal", sorted(STAFF_MAY_OVERRULE))
def test_what_is_overruled_no_longer_refuses_and_the_rest_does(refusal: Kind) -> None:
    slots = {
        Kind.NOT_AVAILABLE: with_class(bookable=False),
        Kind.DISPLAY_ONLY: with_class(online_booking=OnlineBooking.DISPLAY_ONLY),
        Kind.DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME: with_class(
            earliest_booking=Term(1, TermUnit.HOURS)
        ),
        Kind.DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME: with_class(
            latest_booking=Term(1, TermUnit.DAY)
        ),
        Kind.NO_CONTINGENT: with_class(who_may_book=WhoMayBook.MEMBERS),
        Kind.BOOKING_LIMIT_REACHED: replace(SLOT, max_participants=0),
        Kind.NOT_AVAILABLE: with_class(online_booking=OnlineBooking.NO),
        Kind.DISPLAY_ONLY: with_class(online_booking=OnlineBooking.DISPLAY_ONLY),
        Kind.CUSTOMER_IDLE: MEMBERS,
    }
    slot = slots[refusal]
    resting = member(replace(HAS_ROOM, idle_periods=RESTS))
    customer = resting if refusal is Kind.CUSTOMER_IDLE else CUSTOMER
    assert may_book(slot, customer, NOW) is refusal
    assert may_book(slot, customer, NOW, STAFF_MAY_OVERRULE - {refusal}) is refusal
    assert may_book(slot, customer, NOW, frozenset({refusal})) == SEAT


def test_staff_fill_a_slot_that_has_started_and_one_for_other_studios_until_it_ends() -> None:
    overruled = frozenset({Kind.NOT_AVAILABLE, Kind.DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME})
    elsewhere = replace(CUSTOMER, home_studio_id=SLOT.studio.id + 1)
    last = SLOT.ends_at - timedelta(microseconds=1)
    assert may_book(SLOT, CUSTOMER, last, overruled) == SEAT
    assert may_book(SLOT, elsewhere, NOW, overruled) == SEAT


def test_what_is_cancelled_completed_or_over_and_whose_access_is_refused_stays_refused() -> None:
    for slot, customer, now in (
        (SLOT, CUSTOMER, SLOT.ends_at),
        (replace(SLOT, status=SlotStatus.CANCELED), CUSTOMER, NOW),
        (replace(SLOT, status=SlotStatus.COMPLETED), CUSTOMER, NOW),
        (SLOT, replace(CUSTOMER, access_refused=True), NOW),
    ):
        assert may_book(slot, customer, now, STAFF_MAY_OVERRULE) is Kind.NOT_AVAILABLE


MEMBERS = with_class(who_may_book=WhoMayBook.MEMBERS, uses_contingent=True)
OWN = booking(slot_id=SLOT.id, membership_id=HAS_ROOM.id, counts=True)
COUNTED = replace(HAS_ROOM, used_days=(DAY,))


@pytest.mark.parametrize(
    ("slot", "customer", "own", "expected"),
    [
        # Its own seat is no reason against itself: neither its time nor what it counts.
        (MEMBERS, replace(member(COUNTED), bookings=(OWN,)), OWN, None),
        (MEMBERS, replace(member(), bookings=(OWN,)), OWN, Kind.NO_CONTINGENT),
        (
            MEMBERS,
            replace(member(replace(COUNTED, idle_periods=RESTS)), bookings=(OWN,)),
            OWN,
            Kind.CUSTOMER_IDLE,
        ),
        (
            MEMBERS,
            replace(member(replace(COUNTED, used_days=(DAY, DAY))), bookings=(OWN,)),
            OWN,
            Kind.NO_CONTINGENT,
        ),
        # What staff overruled, and what was settled when it was made, stays settled.
        (MEMBERS, member(), replace(OWN, overruled=(Kind.NO_CONTINGENT,)), None),
        (with_class(earliest_booking=Term(1, TermUnit.HOURS)), CUSTOMER, OWN, None),
        (replace(SLOT, max_participants=0), CUSTOMER, OWN, None),
        # A second seat at the time speaks against a seat, and not against waiting.
        (
            SLOT,
            replace(CUSTOMER, bookings=(OWN, booking(id=2))),
            OWN,
            Kind.CUSTOMER_IN_OTHER_BOOKING,
        ),
        (
            SLOT,
            replace(CUSTOMER, bookings=(booking(id=2),)),
            replace(OWN, status=BookingStatus.WAITING_LIST, counts=False),
            None,
        ),
        (
            replace(SLOT, studio=Studio(HOME, BERLIN, (Closure(START, START + HOUR),))),
            CUSTOMER,
            OWN,
            Kind.STUDIO_CLOSED,
        ),
        # Every guard of a new booking is asked again.
        (SLOT, replace(CUSTOMER, access_refused=True), OWN, Kind.NOT_AVAILABLE),
        (SLOT, replace(CUSTOMER, home_studio_id=AWAY), OWN, Kind.NOT_AVAILABLE),
        (with_class(bookable=False), CUSTOMER, OWN, Kind.NOT_AVAILABLE),
        (
            with_class(online_booking=OnlineBooking.DISPLAY_ONLY),
            CUSTOMER,
            OWN,
            Kind.DISPLAY_ONLY,
        ),
    ],
)
def test_why_a_booking_would_be_refused_today(
    slot: Slot, customer: Customer, own: Booking, expected: Refusal | None
) -> None:
    """F20, F34"""
    assert conflict_of(slot, customer, own, NOW) is expected
