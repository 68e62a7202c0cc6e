"""Asking again: the same answer under the same key, and never a second booking (F17)."""

import asyncio
from datetime import timedelta

import pytest

from kursplan.desk.book import ANSWERS_KEPT, Booked, IdempotencyKey
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.refusals import Refusal
from kursplan.store import tables
from tests.gym import Gym

KEY = IdempotencyKey(integration_id=77, key="tap-1", request_hash="a")


async def test_a_retry_without_a_key_finds_the_customer_on_the_slot(gym: Gym) -> None:
    """F17: the server was killed after the commit, before the answer."""
    slot = await gym.slot()
    customer = await gym.customer()
    await gym.booked(customer, slot)
    assert await gym.book(customer, slot) is Refusal.CUSTOMER_ALREADY_BOOKED
    assert await gym.count(tables.booking) == 1


async def test_a_retry_with_its_key_gets_the_first_answer(gym: Gym) -> None:
    """F17"""
    slot = await gym.slot()
    customer = await gym.customer()
    first = await gym.booked(customer, slot, idempotency=KEY)
    told = await gym.told()

    again = await gym.book(customer, slot, idempotency=KEY)

    assert again == first
    assert await gym.count(tables.booking) == 1
    assert await gym.told() == told


async def test_the_first_answer_stays_what_it_was(gym: Gym) -> None:
    """F17: an answer, not a look at what has become of the booking since."""
    slot = await gym.slot(seats=1)
    first, second = await gym.customers(2)
    seat = await gym.booked(first, slot)
    waiting = await gym.booked(second, slot, idempotency=KEY)
    await gym.cancel(seat.booking_id)

    again = await gym.book(second, slot, idempotency=KEY)

    assert isinstance(again, Booked)
    assert again == waiting
    assert again.status is BookingStatus.WAITING_LIST
    assert (await gym.booking_now(waiting.booking_id)).status is BookingStatus.BOOKED


async def test_a_refusal_is_answered_again_too(gym: Gym) -> None:
    slot = await gym.slot(seats=1, waiting_list=0)
    first, second, other = await gym.customers(3)
    seat = await gym.booked(first, slot)
    full = Refusal.BOOKING_LIMIT_REACHED
    assert await gym.book(other, slot) is full
    assert await gym.book(second, slot, idempotency=KEY) is full
    await gym.cancel(seat.booking_id)
    assert await gym.book(second, slot, idempotency=KEY) is full


async def test_the_same_key_for_another_request_is_refused(gym: Gym) -> None:
    slot = await gym.slot()
    first, second = await gym.customers(2)
    await gym.booked(first, slot, idempotency=KEY)

    other = IdempotencyKey(KEY.integration_id, KEY.key, "b")

    assert await gym.book(second, slot, idempotency=other) is Refusal.IDEMPOTENCY_KEY_REUSED
    assert await gym.statuses(slot) == [(first, BookingStatus.BOOKED)]


async def test_another_integration_may_use_the_same_key(gym: Gym) -> None:
    slot = await gym.slot()
    first, second = await gym.customers(2)
    await gym.booked(first, slot, idempotency=KEY)
    await gym.booked(second, slot, idempotency=IdempotencyKey(78, KEY.key, "b"))
    assert await gym.count(tables.booking) == 2


async def test_an_answer_is_kept_for_a_day(gym: Gym) -> None:
    slot = await gym.slot(day=gym.now.date() + timedelta(days=3))
    first, second = await gym.customers(2)
    answer = await gym.booked(first, slot, idempotency=KEY)

    gym.clock.advance(ANSWERS_KEPT - timedelta(milliseconds=1))
    assert await gym.book(first, slot, idempotency=KEY) == answer
    gym.clock.advance(timedelta(milliseconds=1))
    fresh = IdempotencyKey(KEY.integration_id, KEY.key, "b")
    later = await gym.booked(second, slot, idempotency=fresh)

    assert later.booking_id != answer.booking_id
    assert await gym.count(tables.idempotency_key) == 1


@pytest.mark.parametrize("desks", [1, 2])
async def test_the_same_request_many_times_at_once_books_once(gym: Gym, desks: int) -> None:
    """F17, F2: in one turn, and over two processes."""
    slot = await gym.slot()
    customer = await gym.customer()
    places = [gym, gym.at_another_desk()][:desks]

    answers = await asyncio.gather(
        *(places[n % desks].book(customer, slot, idempotency=KEY) for n in range(8))
    )

    assert {type(answer) for answer in answers} == {Booked}
    assert len(set(answers)) == 1
    assert await gym.count(tables.booking) == 1
    assert len(await gym.told()) == 1
