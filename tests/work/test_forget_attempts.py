"""Attempts to deliver are forgotten after a while; what became of the deliveries is not."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from kursplan.domain.webhooks import DeliveryStatus
from kursplan.metrics import Metrics
from kursplan.store import tables
from kursplan.store.deliveries import FORGOTTEN_AT_ONCE
from kursplan.webhooks.post import Post, trusted
from kursplan.webhooks.targets import Targets
from kursplan.work.forget_attempts import forget_old_attempts
from kursplan.work.house_clock import HouseClock
from kursplan.work.loop import Background
from tests.gym import MONDAY, Gym
from tests.webhooks.partner import Partners
from tests.webhooks.receiver import receiving


async def three_attempts_a_day_apart(gym: Gym) -> None:
    slot = await gym.slot(day=MONDAY + timedelta(days=60))
    async with receiving(None) as receiver, Post(Targets(insecure=True), trusted()) as post:
        partners = Partners(gym, receiver, post)
        await partners.endpoint()
        for _ in range(3):
            await partners.event(entity_id=slot)
            await partners.tell()
            gym.clock.advance(timedelta(days=1))


async def test_old_attempts_are_forgotten_once_and_young_ones_kept(gym: Gym) -> None:
    await three_attempts_a_day_apart(gym)
    gym.clock.advance(timedelta(days=28))

    assert any(
        await asyncio.gather(*(forget_old_attempts(gym.database, gym.clock) for _ in range(2)))
    )

    assert await gym.count(tables.attempt) == 2
    assert not await forget_old_attempts(gym.database, gym.clock)


@pytest.mark.parametrize(("apart", "portions"), [(1, [103, 3]), (0, [3])])
async def test_many_are_forgotten_in_portions(gym: Gym, apart: int, portions: list[int]) -> None:
    """So that no statement takes long. Those of the same instant go together."""
    await three_attempts_a_day_apart(gym)
    [first, *_] = await gym.database.read(lambda tx: tx.execute(select(tables.attempt)).all())
    begin = gym.now - timedelta(days=50)
    old = [
        first._asdict()
        | {"number": number, "attempted_at": begin + timedelta(milliseconds=apart * number)}
        for number in range(2, FORGOTTEN_AT_ONCE + 102)
    ]
    await gym.database.write(lambda tx: tx.execute(insert(tables.attempt), old))
    left = []

    while await forget_old_attempts(gym.database, gym.clock):
        left.append(await gym.count(tables.attempt))

    assert left == portions


async def test_the_deliveries_stay_with_what_became_of_them(gym: Gym) -> None:
    await three_attempts_a_day_apart(gym)

    await forget_old_attempts(gym.database, gym.clock, kept_days=1)

    assert await gym.count(tables.attempt) == 1
    assert await gym.count(tables.delivery) == 3
    async with receiving(None) as receiver, Post(Targets(insecure=True), trusted()) as post:
        statuses = await Partners(gym, receiver, post).statuses()
    assert statuses == [DeliveryStatus.DELIVERED] * 3


async def test_the_loop_does_it_after_as_many_days_as_are_set(gym: Gym) -> None:
    await three_attempts_a_day_apart(gym)
    background = Background(
        gym.desk,
        gym.database,
        HouseClock(gym.clock),
        Metrics(),
        horizon_days=1,
        attempts_kept_days=2,
    )
    await background.round()
    assert await gym.count(tables.attempt) == 2
