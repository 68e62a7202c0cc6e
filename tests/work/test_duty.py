"""One of several workers does the looks that are everybody's; another takes over when it is gone."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from kursplan.clock import SystemClock
from kursplan.domain.slots import SlotStatus
from kursplan.metrics import Metrics
from kursplan.store.engine.database import connect
from kursplan.store.rules import duty as stored
from kursplan.work.duty import LAPSES_AFTER, RENEWED_EVERY, Duty
from kursplan.work.house_clock import HouseClock
from kursplan.work.loop import Background
from tests.gym import Gym
from tests.races.servers import KursplanServer


class Stopwatch:
    """One that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Asked(Duty):
    """It counts how often it is asked whether it is on duty."""

    asked = 0
    _mine = False

    @property  # type: ignore[override]
    def mine(self) -> bool:
        self.asked += 1
        return self._mine

    @mine.setter
    def mine(self, mine: bool) -> None:
        self._mine = mine


@pytest.fixture
def postgresql_only(kind: str) -> None:
    if kind != "postgresql":
        pytest.skip("SQLite lets one process serve: it is always on duty")


@pytest.fixture
async def workers(postgresql_only: None, gym: Gym) -> tuple[Duty, Duty, Stopwatch]:
    """Two of one database, and the stopwatch of the second."""
    watch = Stopwatch()
    return Duty(gym.database), Duty(gym.database, watch), watch


async def test_where_one_process_serves_it_is_on_duty(gym: Gym) -> None:
    duty = Duty(gym.database)
    await duty.keep()
    assert duty.mine


async def test_one_is_on_duty_and_another_once_it_has_left(
    workers: tuple[Duty, Duty, Stopwatch],
) -> None:
    first, second, _ = workers
    await first.keep()
    first.start()
    for _ in range(3):
        await second.keep()
    assert (first.mine, second.mine) == (True, False)

    await first.stop()
    await second.keep()

    assert (first.mine, second.mine) == (False, True)


async def test_another_takes_over_once_nobody_has_renewed_it_for_long_enough(
    workers: tuple[Duty, Duty, Stopwatch],
) -> None:
    first, second, watch = workers
    await first.keep()
    await second.keep()
    for _ in range(5):
        watch.seconds += LAPSES_AFTER - 1
        await first.keep()
        await second.keep()
    assert (first.mine, second.mine) == (True, False)

    # It is as good as dead.
    watch.seconds += LAPSES_AFTER - 1
    await second.keep()
    assert not second.mine
    watch.seconds += 1
    await second.keep()
    assert second.mine

    # It was only slow.
    await first.keep()
    assert (first.mine, second.mine) == (False, True)


async def test_of_two_that_take_over_at_once_one_does(
    workers: tuple[Duty, Duty, Stopwatch], gym: Gym
) -> None:
    several = [*workers[:2], *(Duty(gym.database) for _ in range(3))]
    await asyncio.gather(*(each.keep() for each in several))
    await asyncio.gather(*(each.keep() for each in several))
    assert [each.mine for each in several].count(True) == 1


async def test_who_was_not_told_that_it_took_over_finds_out(
    workers: tuple[Duty, Duty, Stopwatch], gym: Gym
) -> None:
    first, second, _ = workers
    await first.keep()
    renewals = (await gym.database.read(stored.on_duty)).renewals
    await gym.database.write(lambda tx: stored.take(tx, first._me, renewals))

    await first.keep()
    assert not first.mine
    await second.keep()
    await first.keep()

    assert (first.mine, second.mine) == (True, False)


async def test_who_is_not_on_duty_leaves_the_steps_alone(
    workers: tuple[Duty, Duty, Stopwatch], gym: Gym
) -> None:
    first, _, watch = workers
    second = Asked(gym.database, watch)
    await first.keep()
    await second.keep()
    slot = await gym.slot(at="09:00")
    gym.clock.set(gym.at("12:00"))
    background = Background(
        gym.desk, gym.database, HouseClock(gym.clock), Metrics(), duty=second, interval=0.01
    )
    done = asyncio.Event()

    async def last() -> bool:
        done.set()
        return False

    background.steps = {**background.steps, "last": last}
    background.start()
    before = second.asked

    async def rounds_are_over() -> bool:
        return second.asked > before + 3

    await until(rounds_are_over)
    assert not done.is_set()
    assert (await gym.slot_now(slot)).status is SlotStatus.PLANNED

    watch.seconds += LAPSES_AFTER
    await second.keep()
    await done.wait()
    await background.stop()

    assert (await gym.slot_now(slot)).status is SlotStatus.COMPLETED


async def test_a_process_takes_over_from_one_that_was_killed(
    postgresql_only: None, gym: Gym, database_url: str
) -> None:
    """And what was due meanwhile is done."""
    first = KursplanServer(database_url)
    second = KursplanServer(database_url)
    database = connect(database_url)
    try:
        before = await database.read(stored.on_duty)

        async def was_renewed() -> bool:
            return (await database.read(stored.on_duty)).renewals > before.renewals

        await until(was_renewed)
        now = await database.read(stored.on_duty)
        assert now.worker == before.worker is not None

        first.kill()
        gym.clock.set(SystemClock().now() - timedelta(days=2))
        slot = await gym.slot(day=gym.clock.now().date(), at="09:00")

        async def is_completed() -> bool:
            return (await gym.slot_now(slot)).status is SlotStatus.COMPLETED

        await until(is_completed)
        after = await database.read(stored.on_duty)
        assert after.worker not in (None, before.worker)
    finally:
        second.stop()
        await database.close()


async def until(so: Callable[[], Awaitable[bool]]) -> None:
    while not await so():  # noqa: ASYNC110 - nobody is told.
        await asyncio.sleep(RENEWED_EVERY / 30)
