"""Lines of history are dropped when they are old, in portions, each with all that it is about."""

from __future__ import annotations

from datetime import timedelta

from kursplan.store import tables
from kursplan.work.forget_history import KEPT_DAYS, forget_old_history
from tests.gym import Gym


async def about(gym: Gym) -> tuple[int, int]:
    """How many lines there are, and how many things they are about besides."""
    return await gym.count(tables.history), await gym.count(tables.history_subject)


async def test_what_is_kept_long_enough_goes(gym: Gym) -> None:
    slots = [await gym.slot(at=f"{hour}:00", seats=1) for hour in (16, 18, 20)]
    first, second = await gym.customers(2)
    for slot in slots:
        await gym.booked(first, slot)
        await gym.booked(second, slot)
        gym.clock.advance(timedelta(minutes=1))
        await gym.cancel_slot(slot)
    assert await about(gym) == (9, 6)
    assert not await forget_old_history(gym.database, gym.clock)

    gym.clock.advance(timedelta(days=KEPT_DAYS) - timedelta(minutes=1))
    left = []
    while await forget_old_history(gym.database, gym.clock, portion=2):
        left.append(await about(gym))
    # What happened at one instant goes together; the last two minutes are not old yet.
    assert left == [(7, 6), (4, 4)]


async def test_a_setting_says_for_how_long(gym: Gym) -> None:
    await gym.booked(await gym.customer(), await gym.slot())
    gym.clock.advance(timedelta(days=10))
    assert not await forget_old_history(gym.database, gym.clock, kept_days=10)
    gym.clock.advance(timedelta(seconds=1))
    assert await forget_old_history(gym.database, gym.clock, kept_days=10)
    assert await about(gym) == (0, 0)
