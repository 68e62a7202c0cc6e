"""Commands that share a turn leave behind what they would leave one after the other."""

import asyncio
import sqlite3

import pytest

from kursplan.desk.book import Book
from kursplan.desk.cancel import Cancel
from kursplan.desk.engine.desk import Desk
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.events import EventType
from kursplan.metrics import Metrics
from tests.gym import STAFF, Gym


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


async def test_who_gives_up_a_place_takes_another_on_the_same_slot_in_the_same_turn(
    gym: Gym,
) -> None:
    """Both are rows of one customer on one slot, of which one at most may be active."""
    slot = await gym.slot("spin", seats=1)
    customer = await gym.customer()
    booking = await gym.booked(customer, slot)
    fresh = await gym.desk.ids.next()
    metrics = Metrics()
    desk = Desk(gym.database, gym.clock, metrics)

    await asyncio.gather(
        desk.execute(Cancel(gym.organization, gym.studio_id, booking.booking_id), by=STAFF),
        desk.execute(Book(gym.organization, gym.studio_id, customer, slot, fresh), by=STAFF),
    )

    assert await gym.statuses(slot) == [(customer, BookingStatus.BOOKED)]
    assert (await gym.booking_now(fresh)).active
    turns = metrics.registry.get_sample_value("kursplan_turns_total", {"outcome": "failed"})
    assert turns is None


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
async def test_where_one_can_write_at_a_time_the_next_turn_takes_all_who_came_meanwhile(
    gym: Gym, database_url: str
) -> None:
    """Though they want different slots: turns side by side would only be smaller."""
    slots = [await gym.slot("spin", at=f"{hour}:00") for hour in (16, 18, 20, 22)]
    books = [
        Book(gym.organization, gym.studio_id, customer, slot, await gym.desk.ids.next())
        for customer, slot in zip(await gym.customers(4), slots, strict=True)
    ]
    metrics = Metrics()
    desk = Desk(gym.database, gym.clock, metrics)
    rival = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
    rival.execute("BEGIN IMMEDIATE")
    taken = []
    for book in books:
        taken.append(asyncio.ensure_future(desk.execute(book, by=STAFF)))
        for _ in range(5):
            await asyncio.sleep(0)  # The desk begins a turn, if it is going to.
    rival.execute("ROLLBACK")
    rival.close()
    await asyncio.gather(*taken)
    turns = metrics.registry.get_sample_value("kursplan_turns_total", {"outcome": "committed"})
    assert turns == 2
