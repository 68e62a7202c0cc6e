"""Commands that share a turn leave behind what they would leave one after the other."""

import asyncio

from kursplan.desk.book import Book
from kursplan.desk.cancel import Cancel
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.events import EventType
from tests.gym import Gym


async def test_who_waits_and_moves_up_in_the_same_turn_is_told_both(gym: Gym) -> None:
    """The answer to the booking says that they wait, so the promotion is news to them."""
    slot = await gym.slot("spin", seats=1)
    seated, newcomer = await gym.customers(2)
    booking = await gym.booked(seated, slot)
    fresh = await gym.desk.ids.next()

    answer, _ = await asyncio.gather(
        gym.take(Book(gym.organization, gym.studio_id, newcomer, slot, fresh)),
        gym.take(Cancel(gym.organization, gym.studio_id, booking.booking_id)),
    )

    assert answer.status is BookingStatus.WAITING_LIST
    assert await gym.statuses(slot) == [(newcomer, BookingStatus.BOOKED)]
    assert [(each.type, each.entity_id) for each in await gym.told()][1:] == [
        (EventType.CLASS_BOOKING_CREATED, fresh),
        (EventType.CLASS_BOOKING_CANCELLED, booking.booking_id),
        (EventType.CLASS_BOOKING_UPDATED, fresh),
    ]
