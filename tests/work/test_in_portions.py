"""What is due in thousands of organizations is divided between workers, and no step goes on for long."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from sqlalchemy import Connection

from kursplan.clock import HandClock
from kursplan.desk.engine.desk import DeskBusy
from kursplan.domain.slots import SlotStatus
from kursplan.metrics import Metrics
from kursplan.store.engine.database import Database
from kursplan.work.complete import complete_slots
from kursplan.work.everywhere import PORTION, in_portions
from kursplan.work.house_clock import HouseClock
from kursplan.work.loop import HELPED_FROM, Background
from tests.gym import Gym

MANY = 10 * PORTION


class Due:
    """Something that is due once in each of many organizations."""

    def __init__(self, count: int = MANY) -> None:
        self.left = set(range(1, count + 1))
        self.done: Counter[int] = Counter()

    def look(self, _tx: Connection, organization_id: int) -> bool:
        return organization_id in self.left

    async def do(self, organization_id: int, is_due: bool) -> bool:
        await asyncio.sleep(0)
        if not is_due or organization_id not in self.left:
            return False
        self.left.remove(organization_id)
        self.done[organization_id] += 1
        return True


async def test_two_workers_divide_what_is_due(database: Database) -> None:
    """Neither does all, nothing is done twice, and all is done."""
    due = Due()

    async def worker() -> int:
        mine = 0

        async def do(organization_id: int, is_due: bool) -> bool:
            nonlocal mine
            done = await due.do(organization_id, is_due)
            mine += done
            return done

        while found := sorted(due.left):
            await in_portions(database, found, due.look, do, seconds=0)
        return mine

    shares = await asyncio.gather(worker(), worker())
    assert due.done == Counter(range(1, MANY + 1))
    assert min(shares) > MANY // 10


async def test_a_step_ends_after_its_time_and_says_that_there_is_more(database: Database) -> None:
    due = Due()
    assert await in_portions(database, sorted(due.left), due.look, due.do, seconds=0)
    assert len(due.done) == PORTION


async def test_trouble_in_one_organization_keeps_no_other_waiting(database: Database) -> None:
    due = Due(PORTION)

    async def do(organization_id: int, is_due: bool) -> bool:
        if organization_id == 3:
            raise DeskBusy("a lock")
        if organization_id == 5:
            raise ArithmeticError("a fault")
        return await due.do(organization_id, is_due)

    with pytest.raises(ExceptionGroup) as raised:
        await in_portions(database, sorted(due.left), due.look, do)
    assert [type(each) for each in raised.value.exceptions] == [ArithmeticError]
    assert due.left == {3, 5}


async def test_who_is_not_on_duty_helps_only_where_there_is_much(
    gym: Gym, database: Database, clock: HandClock
) -> None:
    slot = await gym.slot(at="09:00")
    clock.set(gym.at("12:00"))
    helper = Background(gym.desk, database, HouseClock(clock), Metrics())
    assert not await helper.help_round()
    assert (await gym.slot_now(slot)).status is SlotStatus.PLANNED
    assert HELPED_FROM > 1

    other = await Gym(database, clock, first_id=500).open()
    there = await other.slot(at="09:00")
    assert await complete_slots(gym.desk, database, clock, fewest=2)
    assert (await gym.slot_now(slot)).status is SlotStatus.COMPLETED
    assert (await other.slot_now(there)).status is SlotStatus.COMPLETED
