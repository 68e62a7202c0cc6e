"""Turns of one organization run side by side, unless they want the same slot or customer.

On PostgreSQL, where a turn can be made to wait for a row; SQLite lets one write at a time anyway.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from kursplan.api.error_codes import ErrorCode
from kursplan.clock import HandClock
from kursplan.desk.book import Book
from kursplan.desk.engine.desk import Desk
from kursplan.metrics import Metrics
from tests.gym import STAFF, Gym

pytestmark = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)

LOCK = "SELECT 1 FROM slot WHERE organization_id = $1 AND id = $2 FOR UPDATE"
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@asynccontextmanager
async def held(database_url: str, gym: Gym, slot: int) -> AsyncIterator[asyncpg.Connection]:
    """Nobody else gets the slot meanwhile."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute(LOCK, gym.organization, slot)
            yield connection
    finally:
        await connection.close()


async def somebody_waits(connection: asyncpg.Connection) -> None:
    while not await connection.fetchval(WAITING):  # noqa: ASYNC110 - the database tells nobody.
        await asyncio.sleep(0.01)


async def test_who_wants_another_slot_does_not_wait(gym: Gym, database_url: str) -> None:
    held_up, free = await gym.slot("spin", at="18:00"), await gym.slot("spin", at="20:00")
    one, other = await gym.customers(2)
    async with held(database_url, gym, held_up) as holder:
        first = asyncio.ensure_future(gym.booked(one, held_up))
        await somebody_waits(holder)
        await gym.booked(other, free)
        assert not first.done()
    assert (await first).customer_id == one


async def test_for_one_slot_the_order_of_arrival_decides(gym: Gym, database_url: str) -> None:
    """Also where others who came later and want something else go first."""
    slot, free = await gym.slot("spin", at="18:00"), await gym.slot("spin", at="20:00")
    crowd, others = await gym.customers(8), await gym.customers(7)
    async with held(database_url, gym, slot) as holder:
        wait = [asyncio.ensure_future(gym.booked(crowd[0], slot))]
        await somebody_waits(holder)
        for customer, other in zip(crowd[1:], others, strict=True):
            wait.append(asyncio.ensure_future(gym.booked(customer, slot)))
            await gym.booked(other, free)
    await asyncio.gather(*wait)
    assert [customer for customer, _ in await gym.statuses(slot)] == crowd
    assert [customer for customer, _ in await gym.statuses(free)] == others


async def test_one_customer_is_not_decided_about_twice_at_once(gym: Gym, database_url: str) -> None:
    """Two slots at the same time: the second booking sees the first one."""
    slot, same_time = [await gym.slot(of, at="18:00") for of in ("spin", "yoga")]
    free = await gym.slot("spin", at="20:00")
    customer = await gym.customer()
    async with held(database_url, gym, slot) as holder:
        first = asyncio.ensure_future(gym.book(customer, slot))
        await somebody_waits(holder)
        second = asyncio.ensure_future(gym.book(customer, same_time))
        await gym.booked(await gym.customer(), free)
        assert not second.done()
    await first
    assert await second is ErrorCode.CUSTOMER_IN_OTHER_BOOKING


async def test_who_comes_to_a_full_slot_is_refused_without_waiting(
    gym: Gym, database_url: str
) -> None:
    """For what others do to the slot; the first of them waited, to see that it is full."""
    slot = await gym.slot(seats=1, waiting_list=0)
    seated, first, late = await gym.customers(3)
    await gym.booked(seated, slot)
    assert await gym.book(first, slot) is ErrorCode.BOOKING_LIMIT_REACHED
    async with held(database_url, gym, slot):
        assert await gym.book(late, slot) is ErrorCode.BOOKING_LIMIT_REACHED
        assert await gym.book(seated, slot) is ErrorCode.CUSTOMER_ALREADY_BOOKED


async def test_metrics_tell_how_many_wait(gym: Gym, database_url: str, clock: HandClock) -> None:
    metrics = Metrics()
    desk = Desk(gym.database, clock, metrics)
    slot = await gym.slot("spin")
    crowd = await gym.customers(4)
    async with held(database_url, gym, slot) as holder:
        commands = [
            Book(gym.organization, gym.studio_id, customer, slot, await gym.desk.ids.next())
            for customer in crowd
        ]
        first = desk.execute(commands[0], by=STAFF)
        await somebody_waits(holder)
        others = [desk.execute(each, by=STAFF) for each in commands[1:]]
        assert b"kursplan_desk_queue_length 3.0" in metrics.page()
    await asyncio.gather(first, *others)
    assert b"kursplan_desk_queue_length 0.0" in metrics.page()
