"""Cancelling: until when, what it gives back, and what asking again does."""

from datetime import timedelta

import pytest

from kursplan.api.error_codes import ErrorCode
from kursplan.desk.book import Booked
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.events import EventType
from tests.gym import Gym

MOMENT = timedelta(milliseconds=1)


async def test_the_last_moment_to_cancel_in_time_is_in_time(gym: Gym) -> None:
    """F29: two hours before a slot at 18:00."""
    slot = await gym.slot(at="18:00")
    first, second = await gym.customers(2)
    one, other = await gym.booked(first, slot), await gym.booked(second, slot)

    gym.clock.set(gym.at("16:00"))
    assert isinstance(await gym.cancel(one.booking_id), Booked)
    gym.clock.advance(MOMENT)
    assert await gym.cancel(other.booking_id) is ErrorCode.CANCELLATION_TOO_LATE

    assert not (await gym.booking_now(one.booking_id)).late
    assert await gym.statuses(slot) == [(second, BookingStatus.BOOKED)]


async def test_where_the_class_allows_it_a_late_cancellation_counts_as_late(gym: Gym) -> None:
    await gym.klass(late_cancellation=True, promotion_ends="0 MINUTES")
    slot = await gym.slot(seats=1, at="18:00")
    first, second = await gym.customers(2)
    seat = await gym.booked(first, slot)
    await gym.booked(second, slot)
    gym.clock.set(gym.at("17:00"))

    answer = await gym.cancel(seat.booking_id)

    assert isinstance(answer, Booked)
    assert answer.status is BookingStatus.CANCELED
    now = await gym.booking_now(seat.booking_id)
    assert (now.late, now.cancelled_at) == (True, gym.now)
    assert await gym.statuses(slot) == [(second, BookingStatus.BOOKED)]


@pytest.mark.parametrize("late", [True, False], ids=["late allowed", "late refused"])
async def test_nothing_is_cancelled_once_the_slot_has_started(gym: Gym, late: bool) -> None:
    await gym.klass(late_cancellation=late)
    slot = await gym.slot(seats=1, at="18:00")
    first, second = await gym.customers(2)
    seat, waiting = await gym.booked(first, slot), await gym.booked(second, slot)
    before = await gym.told()

    gym.clock.set(gym.at("18:00"))

    assert await gym.cancel(seat.booking_id) is ErrorCode.SLOT_STARTED
    assert await gym.cancel(waiting.booking_id) is ErrorCode.SLOT_STARTED
    assert await gym.told_since(before) == []


async def test_a_waiting_position_is_given_up_until_the_start(gym: Gym) -> None:
    slot = await gym.slot(seats=1, at="18:00")
    first, second = await gym.customers(2)
    await gym.booked(first, slot)
    waiting = await gym.booked(second, slot)

    gym.clock.set(gym.at("18:00") - MOMENT)

    assert isinstance(await gym.cancel(waiting.booking_id), Booked)
    assert not (await gym.booking_now(waiting.booking_id)).late
    assert await gym.statuses(slot) == [(first, BookingStatus.BOOKED)]


async def test_cancelling_what_is_cancelled_changes_nothing(gym: Gym) -> None:
    """F40, also when the slot has started since."""
    slot = await gym.slot()
    [customer] = await gym.customers(1)
    seat = await gym.booked(customer, slot)
    first = await gym.cancel(seat.booking_id)
    stored, told = await gym.booking_now(seat.booking_id), await gym.told()

    gym.clock.advance(timedelta(days=1))

    assert await gym.cancel(seat.booking_id) == first
    assert await gym.booking_now(seat.booking_id) == stored
    assert await gym.told() == told


async def test_a_booking_is_found_only_in_the_studio_that_holds_the_slot(gym: Gym) -> None:
    """F40"""
    elsewhere = await gym.studio("hamburg")
    slot = await gym.slot()
    [customer] = await gym.customers(1)
    seat = await gym.booked(customer, slot)
    told = await gym.told()

    assert await gym.cancel(seat.booking_id, studio_id=elsewhere) is ErrorCode.BOOKING_NOT_FOUND
    assert await gym.cancel(999_999) is ErrorCode.BOOKING_NOT_FOUND

    assert await gym.statuses(slot) == [(customer, BookingStatus.BOOKED)]
    assert await gym.told() == told


async def test_one_who_cancelled_may_book_again(gym: Gym) -> None:
    slot = await gym.slot()
    [customer] = await gym.customers(1)
    once = await gym.booked(customer, slot)
    await gym.cancel(once.booking_id)

    again = await gym.booked(customer, slot)

    assert again.booking_id != once.booking_id
    assert [each.type for each in await gym.told()] == [
        EventType.CLASS_BOOKING_CREATED,
        EventType.CLASS_BOOKING_CANCELLED,
        EventType.CLASS_BOOKING_CREATED,
    ]
