"""Nobody is trapped in a seat by what others did, and no seat is left that nobody can take."""

from datetime import timedelta

import pytest

from kursplan.api.error_codes import ErrorCode
from kursplan.desk.add_booking import AddBooking
from kursplan.desk.book import Book, Booked
from kursplan.desk.move_up import MoveUp
from kursplan.domain.admission import Admission
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.classes import OnlineBooking, Promotion
from kursplan.domain.contingents import Period
from kursplan.domain.events import EventType
from kursplan.domain.refusals import Kind
from kursplan.store import tables
from tests.gym import MONDAY, Gym

MOMENT = timedelta(milliseconds=1)
BOOKED = BookingStatus.BOOKED
WAITING = BookingStatus.WAITING_LIST
UNCONFIRMED = BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED
TOO_LATE = ErrorCode.CANCELLATION_TOO_LATE
FULL = ErrorCode.BOOKING_LIMIT_REACHED


async def given_up_in_time(gym: Gym, booking_id: int) -> bool:
    answer = await gym.cancel(booking_id)
    booking = await gym.booking_now(booking_id)
    return isinstance(answer, Booked) and not booking.late and not booking.counts


# Nobody is trapped.


async def test_a_seat_can_be_given_back_within_the_grace_though_never_past_the_start(
    gym: Gym,
) -> None:
    slot = await gym.slot(at="18:00")
    ann, bea, cem = await gym.customers(3)
    gym.clock.set(gym.at("17:30"))
    first, second = [await gym.booked(each, slot) for each in (ann, bea)]
    gym.clock.set(gym.at("17:45"))
    assert await given_up_in_time(gym, first.booking_id)
    gym.clock.advance(MOMENT)
    assert await gym.cancel(second.booking_id) is TOO_LATE
    gym.clock.set(gym.at("17:55"))
    third = await gym.booked(cem, slot)
    gym.clock.set(gym.at("18:00"))
    assert await gym.cancel(third.booking_id) is ErrorCode.SLOT_STARTED


async def test_whom_the_house_moved_up_after_the_deadline_can_give_it_back_until_the_start(
    gym: Gym,
) -> None:
    await gym.klass(promotion_ends="0 MINUTES", late_cancellation=True)
    slot = await gym.slot(seats=1, at="18:00")
    first, second = await gym.customers(2)
    seat, waiting = [await gym.booked(each, slot) for each in (first, second)]
    gym.clock.set(gym.at("17:00"))
    await gym.cancel(seat.booking_id)
    assert (await gym.booking_now(waiting.booking_id)).status is BOOKED
    gym.clock.set(gym.at("18:00") - MOMENT)
    assert await given_up_in_time(gym, waiting.booking_id)


async def test_who_moved_up_in_time_has_at_least_the_grace(gym: Gym) -> None:
    slot = await gym.slot(seats=1, at="18:00")
    first, second = await gym.customers(2)
    seat, waiting = [await gym.booked(each, slot) for each in (first, second)]
    gym.clock.set(gym.at("16:00"))
    await gym.cancel(seat.booking_id)
    gym.clock.set(gym.at("16:15"))
    assert await given_up_in_time(gym, waiting.booking_id)


async def test_whom_staff_put_on_a_slot_after_the_deadline_can_leave_it(gym: Gym) -> None:
    slot = await gym.slot(at="18:00")
    customer, other = await gym.customers(2)
    gym.clock.set(gym.at("17:00"))
    [booking_id] = [await gym.desk.ids.next()]
    book = Book(gym.organization, gym.studio_id, customer, slot, booking_id)
    await gym.take(AddBooking(book), reason="rang")
    own = await gym.booked(other, slot)
    gym.clock.set(gym.at("17:59"))
    assert await gym.cancel(own.booking_id) is TOO_LATE
    assert await given_up_in_time(gym, booking_id)


async def test_whom_staff_moved_past_the_deadline_can_leave(gym: Gym) -> None:
    slot = await gym.slot(at="18:00")
    [customer] = await gym.customers(1)
    seat = await gym.booked(customer, slot)
    gym.clock.set(gym.at("14:00"))
    await gym.changed_slot(slot, local_start=gym.wall("15:00"))
    gym.clock.set(gym.at("15:00") - MOMENT)
    assert await given_up_in_time(gym, seat.booking_id)


async def test_one_whose_booking_would_be_refused_today_can_leave(gym: Gym) -> None:
    slot = await gym.slot(at="18:00")
    [customer] = await gym.customers(1)
    seat = await gym.booked(customer, slot)
    gym.clock.set(gym.at("17:00"))
    await gym.set(tables.booking, seat.booking_id, conflict=Kind.STUDIO_CLOSED)
    assert await given_up_in_time(gym, seat.booking_id)


# No seat that nobody can take.


async def test_from_the_promotion_end_on_a_free_seat_is_for_whoever_comes_first(gym: Gym) -> None:
    slot = await gym.slot(seats=1, at="18:00")
    first, second, third, fourth = await gym.customers(4)
    await gym.booked(first, slot)
    waiting = await gym.booked(second, slot)
    gym.clock.set(gym.at("17:00"))
    # Nobody moves up any more, so nobody is put on the list either, and who waits stays there.
    assert await gym.may_book(third, slot) is FULL
    assert await gym.book(third, slot) is FULL
    assert await gym.may_book(second, slot) is ErrorCode.CUSTOMER_ALREADY_BOOKED

    await gym.changed_slot(slot, max_participants=2)
    assert await gym.statuses(slot) == [(first, BOOKED), (second, WAITING)]
    assert await gym.may_book(third, slot) == Admission(waits=False, membership_id=None)
    await gym.booked(third, slot)
    await gym.changed_slot(slot, max_participants=3)
    assert isinstance(await gym.may_book(second, slot), Admission)
    before = await gym.told()

    taken = await gym.booked(second, slot, expected=BOOKED)

    assert (taken.booking_id, taken.status) == (waiting.booking_id, BOOKED)
    assert await gym.told_since(before) == [(EventType.CLASS_BOOKING_UPDATED, waiting.booking_id)]
    assert await gym.book(second, slot) is ErrorCode.CUSTOMER_ALREADY_BOOKED
    assert await gym.book(fourth, slot) is FULL
    gym.clock.set(gym.at("17:15"))
    assert await given_up_in_time(gym, waiting.booking_id)


async def test_a_list_full_of_people_who_are_passed_over_keeps_nobody_out(gym: Gym) -> None:
    slot = await gym.slot("spin", seats=1, at="18:00")
    await gym.changed_slot(slot, max_waiting_list=1)
    yoga = await gym.slot("yoga", at="18:30")
    first, second, third = await gym.customers(3)
    seat = await gym.booked(first, slot)
    await gym.booked(second, slot)
    await gym.booked(second, yoga)
    await gym.cancel(seat.booking_id)
    assert await gym.statuses(slot) == [(second, WAITING)]

    assert isinstance(await gym.may_book(third, slot), Admission)
    assert (await gym.booked(third, slot)).status is BOOKED


async def test_where_staff_promote_the_newcomer_waits_until_they_no_longer_do(gym: Gym) -> None:
    await gym.klass("box", promotion=Promotion.BY_STAFF)
    slot = await gym.slot("box", seats=1, at="18:00")
    first, second, third, fourth = await gym.customers(4)
    seat = await gym.booked(first, slot)
    await gym.booked(second, slot)
    await gym.cancel(seat.booking_id)
    assert (await gym.booked(third, slot)).status is WAITING
    gym.clock.set(gym.at("16:00") + MOMENT)
    assert (await gym.booked(fourth, slot)).status is BOOKED


async def test_staff_seat_who_waits_for_a_class_that_became_display_only(gym: Gym) -> None:
    spin = await gym.klass("spin", promotion=Promotion.BY_STAFF)
    slot = await gym.slot("spin", seats=1, at="18:00")
    first, second = await gym.customers(2)
    seat, waiting = [await gym.booked(each, slot) for each in (first, second)]
    await gym.cancel(seat.booking_id)
    await gym.set(tables.class_, spin, online_booking=OnlineBooking.DISPLAY_ONLY)
    overrule = frozenset({Kind.DISPLAY_ONLY})
    moved = await gym.take(MoveUp(gym.organization, slot, waiting.booking_id, overrule))
    assert moved.status is BOOKED


# What was given up late.


@pytest.fixture
async def counted(gym: Gym) -> tuple[int, int]:
    """A customer with one booking a week, and a slot of a class that counts it."""
    await gym.klass("yoga", uses_contingent=True, late_cancellation=True)
    slot = await gym.slot("yoga", at="18:00")
    customer = await gym.customer()
    await gym.membership(customer, await gym.rate(), grants={Period.WEEK: 1})
    return customer, slot


async def test_who_gave_up_late_takes_up_again_what_it_had_cost(
    gym: Gym, counted: tuple[int, int]
) -> None:
    customer, slot = counted
    other = await gym.slot("yoga", at="10:00", day=MONDAY + timedelta(days=1))
    late = await gym.booked(customer, slot)
    gym.clock.set(gym.at("17:00"))
    await gym.cancel(late.booking_id)
    assert await gym.book(customer, other) is ErrorCode.NO_CONTINGENT
    assert isinstance(await gym.may_book(customer, slot), Admission)

    again = await gym.booked(customer, slot)

    counts = [(await gym.booking_now(each.booking_id)).counts for each in (late, again)]
    assert counts == [False, True]
    assert await given_up_in_time(gym, again.booking_id)
    assert isinstance(await gym.may_book(customer, other), Admission)


async def test_a_slot_that_is_cancelled_gives_back_what_was_given_up_late_too(
    gym: Gym, counted: tuple[int, int]
) -> None:
    customer, slot = counted
    other = await gym.slot("yoga", at="10:00", day=MONDAY + timedelta(days=1))
    late = await gym.booked(customer, slot)
    gym.clock.set(gym.at("17:00"))
    await gym.cancel(late.booking_id)
    await gym.cancel_slot(slot)
    assert not (await gym.booking_now(late.booking_id)).counts
    await gym.booked(customer, other)


# A minute to confirm.


@pytest.mark.parametrize(
    ("at", "status", "until"),
    [
        ("09:00", UNCONFIRMED, "15:00"),
        ("14:59", UNCONFIRMED, "16:59"),
        ("15:30", UNCONFIRMED, "17:30"),
        ("16:00", UNCONFIRMED, "18:00"),
        ("16:01", BOOKED, None),
    ],
)
async def test_who_moves_up_has_time_to_confirm(
    gym: Gym, at: str, status: BookingStatus, until: str | None
) -> None:
    await gym.klass(
        confirmation="3 HOURS", latest_cancellation="0 MINUTES", promotion_ends="0 MINUTES"
    )
    slot = await gym.slot(seats=1, at="18:00")
    first, second = await gym.customers(2)
    seat, waiting = [await gym.booked(each, slot) for each in (first, second)]
    gym.clock.set(gym.at(at))
    await gym.cancel(seat.booking_id)
    now = await gym.booking_now(waiting.booking_id)
    expected = None if until is None else gym.at(until)
    assert (now.status, now.confirm_until) == (status, expected)
