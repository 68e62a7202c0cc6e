"""Booking: who gets a place, and what it leaves behind."""

from kursplan.api.error_codes import ErrorCode
from kursplan.desk.book import Booked
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.events import EventType
from tests.gym import Gym


async def test_a_booking_takes_a_seat_and_is_told_once(gym: Gym) -> None:
    slot = await gym.slot("spin", seats=1)
    customer = await gym.customer()

    answer = await gym.booked(customer, slot)

    assert answer.status is BookingStatus.BOOKED
    assert (await gym.slot_now(slot)).seats == 1
    [event] = await gym.told()
    assert (event.type, event.entity_id) == (EventType.CLASS_BOOKING_CREATED, answer.booking_id)
    assert await gym.book(customer, slot) is ErrorCode.CUSTOMER_ALREADY_BOOKED


async def test_when_full_the_next_waits_and_moves_up_when_a_seat_is_given_back(gym: Gym) -> None:
    slot = await gym.slot("spin", seats=1, waiting_list=1)
    first, second, third = await gym.customers(3)

    seated = await gym.booked(first, slot)
    waiting = await gym.booked(second, slot)
    assert waiting.status is BookingStatus.WAITING_LIST
    assert await gym.book(third, slot) is ErrorCode.BOOKING_LIMIT_REACHED

    cancelled = await gym.cancel(seated.booking_id)

    assert isinstance(cancelled, Booked)
    assert cancelled.status is BookingStatus.CANCELED
    assert await gym.statuses(slot) == [(second, BookingStatus.BOOKED)]
    now = await gym.slot_now(slot)
    assert (now.seats, now.waiting) == (1, 0)
    assert [each.type for each in await gym.told()] == [
        EventType.CLASS_BOOKING_CREATED,
        EventType.CLASS_BOOKING_CREATED,
        EventType.CLASS_BOOKING_CANCELLED,
        EventType.CLASS_BOOKING_UPDATED,
    ]
