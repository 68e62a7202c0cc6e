"""Who moves up when seats become free."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kursplan.domain.bookings import Booking, BookingStatus
from kursplan.domain.classes import Class, WhoMayBook
from kursplan.domain.customers import Customer, IdlePeriod, Membership
from kursplan.domain.refusals import Kind, NoMembership
from kursplan.domain.slots import Slot, SlotStatus
from kursplan.domain.studios import Closure, Studio
from kursplan.domain.terms import Term, TermUnit
from kursplan.domain.waiting import MovesUp, PassedOver, promotions

BERLIN = ZoneInfo("Europe/Berlin")
DAY = date(2026, 3, 2)
HOUR = timedelta(hours=1)
MOMENT = timedelta(milliseconds=1)
START = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
NOW = START - 10 * HOUR

SLOT = Slot(
    id=10,
    class_=Class(1),
    studio=Studio(1, BERLIN),
    starts_at=START,
    ends_at=START + HOUR,
    local_start=datetime.combine(DAY, datetime.min.time()).replace(hour=18),
    max_participants=5,
)


def waiting(sequence: int, *, rests: bool = False) -> tuple[Booking, Customer]:
    """One who joined the list with that number, and whose membership rests or not."""
    booking = Booking(
        id=1000 + sequence,
        slot_id=SLOT.id,
        studio_id=1,
        customer_id=sequence,
        home_studio_id=1,
        status=BookingStatus.WAITING_LIST,
        sequence=sequence,
        starts_at=START,
        ends_at=START + HOUR,
        day=DAY,
        # The clock stepped back meanwhile: whoever joined later has the earlier time (F30).
        booked_at=NOW - sequence * HOUR,
    )
    membership = Membership(
        2000 + sequence,
        7,
        date(2026, 1, 1),
        None,
        idle_periods=(IdlePeriod(DAY, DAY),) if rests else (),
    )
    return booking, Customer(sequence, 1, memberships=(membership,), bookings=(booking,))


def moving_up(slot: Slot, *queue: tuple[Booking, Customer]) -> list[MovesUp | PassedOver]:
    known = {booking.id: customer for booking, customer in queue}
    bookings = [booking for booking, _ in queue]
    return list(promotions(slot, bookings, lambda booking: known[booking.id], NOW))


@pytest.mark.parametrize(
    ("free", "joined", "resting", "moved", "passed_over"),
    [
        (0, (1, 2), (), (), ()),
        (1, (1, 2), (), (1,), ()),
        (2, (1, 2, 3), (), (1, 2), ()),  # F7
        (5, (1, 2), (), (1, 2), ()),
        (1, (3, 1, 2), (), (1,), ()),  # F30: in the order of joining, however they come.
        (1, (1, 2, 3), (1,), (2,), (1,)),  # F8
        (2, (1, 2, 3, 4), (1, 3), (2, 4), (1, 3)),
        (1, (1, 2), (2,), (1,), ()),  # Whom no seat reaches is not asked.
        (1, (1,), (1,), (), (1,)),
        (1, (), (), (), ()),
    ],
)
def test_as_many_as_there_are_seats_in_the_order_of_joining(
    free: int,
    joined: Sequence[int],
    resting: Sequence[int],
    moved: Sequence[int],
    passed_over: Sequence[int],
) -> None:
    slot = replace(SLOT, seats=5 - free, waiting=len(joined))
    outcomes = moving_up(slot, *[waiting(each, rests=each in resting) for each in joined])

    up = [each.booking.sequence for each in outcomes if isinstance(each, MovesUp)]
    over = [each for each in outcomes if isinstance(each, PassedOver)]
    assert tuple(up) == moved
    assert tuple(each.booking.sequence for each in over) == passed_over
    assert {each.refusal.kind for each in over} <= {Kind.CUSTOMER_IDLE}


def test_without_a_limit_everybody_moves_up() -> None:
    slot = replace(SLOT, seats=5, waiting=3, max_participants=None)
    outcomes = moving_up(slot, *map(waiting, (1, 2, 3)))
    assert [each.booking.sequence for each in outcomes] == [1, 2, 3]


def test_windows_and_limits_are_not_asked_again() -> None:
    """They were settled when the customer joined, or are settled by the seat being free."""
    class_ = Class(
        1, earliest_booking=Term(1, TermUnit.HOURS), latest_booking=Term(2, TermUnit.DAY)
    )
    slot = replace(SLOT, class_=class_, seats=4, waiting=1, max_waiting_list=0)
    [outcome] = moving_up(slot, waiting(1))
    assert isinstance(outcome, MovesUp)


def test_the_membership_is_chosen_when_moving_up() -> None:
    slot = replace(SLOT, class_=Class(1, who_may_book=WhoMayBook.MEMBERS), waiting=1)
    [outcome] = moving_up(slot, waiting(1))
    assert outcome == MovesUp(waiting(1)[0], 2001)


def test_what_staff_overruled_is_not_asked_again() -> None:
    slot = replace(SLOT, class_=Class(1, who_may_book=WhoMayBook.MEMBERS), waiting=2)
    booking, customer = waiting(1)
    guest = replace(customer, memberships=())
    overruled = replace(booking, overruled=(Kind.NO_CONTINGENT,))

    assert moving_up(slot, (booking, guest)) == [PassedOver(booking, NoMembership(()))]
    assert moving_up(slot, (overruled, guest)) == [MovesUp(overruled, None)]


TO_THE_START = replace(SLOT, class_=Class(1, promotion_ends=Term(0, TermUnit.MINUTES)))


@pytest.mark.parametrize(
    ("slot", "now", "promotes"),
    [
        (SLOT, NOW, True),
        # Unless it is said otherwise, with the latest cancellation.
        (SLOT, START - 2 * HOUR, True),
        (SLOT, START - 2 * HOUR + MOMENT, False),
        (TO_THE_START, START - MOMENT, True),
        (TO_THE_START, START, False),
        (replace(SLOT, status=SlotStatus.CANCELED), NOW, False),
        (replace(SLOT, status=SlotStatus.COMPLETED), NOW, False),
        (
            replace(SLOT, class_=Class(1, promotion_ends=Term(1, TermUnit.HOURS))),
            START - HOUR,
            True,
        ),
        (
            replace(SLOT, class_=Class(1, promotion_ends=Term(1, TermUnit.HOURS))),
            START - HOUR + MOMENT,
            False,
        ),
        (replace(SLOT, class_=Class(1, promotion_ends=Term(1, TermUnit.DAY))), NOW, False),
        (
            replace(SLOT, studio=Studio(1, BERLIN, (Closure(START - HOUR, START + MOMENT),))),
            NOW,
            False,
        ),
        (replace(SLOT, studio=Studio(1, BERLIN, (Closure(START - HOUR, START),))), NOW, True),
    ],
)
def test_until_when_anybody_moves_up(slot: Slot, now: datetime, promotes: bool) -> None:
    """F10"""
    assert slot.promotes(now) is promotes
