"""The answer to a commit is lost: whoever commanded it is told what the first answer would have been.

Nothing is done twice, and nothing is said not to be done that was.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest
from sqlalchemy import Connection, text

from kursplan.clock import HandClock
from kursplan.desk.engine.desk import Desk, OutcomeUnknown
from kursplan.desk.engine.turn import Command
from kursplan.desk.plan_slot import PlanSlot
from kursplan.domain.bookings import BookingStatus
from kursplan.metrics import Metrics
from kursplan.store import tables
from kursplan.store.engine.database import connect
from kursplan.store.engine.numbers import SEQUENCE
from kursplan.store.engine.sqlite import Sqlite
from kursplan.store.engine.trouble import DatabaseUnavailable, Work
from kursplan.store.rules import marks
from tests.gym import MONDAY, MORNING, STAFF, Gym
from tests.pairs.scene import Scene, build, commands, every_kind
from tests.wire import wire_to

T = TypeVar("T")

Loses = Callable[[Work[Any]], Work[Any]]
"""What becomes of a transaction of which the answer is lost."""

DRAWN = re.compile(r"\b9\d{6}\b")
TAKEN = 9_000_000
"""The sequence begins here, so that ids which are drawn in a turn can be told from the others."""


class LosingDatabase(Sqlite):
    """Loses the answer to the next transaction, and that transaction too if it is told to."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, lock_wait=1.0)
        self.file = file
        self.loses: Loses | None = None

    async def write(self, work: Work[T]) -> T:
        if self.loses is None:
            return await super().write(work)
        loses, self.loses = self.loses, None
        await super().write(loses(work))
        raise DatabaseUnavailable("the connection broke")


def and_keeps(work: Work[T]) -> Work[T]:
    return work


def and_rolls_back(work: Work[T]) -> Work[T]:
    def done_in_vain(tx: Connection) -> T:
        work(tx)
        raise DatabaseUnavailable("the connection broke")

    return done_in_vain


@dataclass
class Stage:
    """The scene in a file, to be copied for each command."""

    file: Path
    scene: Scene
    copies: int = 0

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[tuple[LosingDatabase, Desk]]:
        self.copies += 1
        copy = self.file.with_name(f"copy-{self.copies}.db")
        shutil.copyfile(self.file, copy)
        database = LosingDatabase(copy)
        try:
            yield database, Desk(database, HandClock(MORNING), Metrics())
        finally:
            await database.close()


@pytest.fixture(scope="module")
def stage(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    file = tmp_path_factory.mktemp("scene") / "kursplan.db"
    shutil.copyfile(sqlite_template, file)

    async def set_up() -> Scene:
        database = connect(f"sqlite:///{file}")
        scene = await build(await Gym(database, HandClock(MORNING)).open())
        taken = text(f"UPDATE {SEQUENCE} SET value = {TAKEN}")
        await database.write(lambda tx: tx.execute(taken))
        await database.close()
        return scene

    return Stage(file, asyncio.run(set_up()))


async def told(desk: Desk, command: Command[Any]) -> str:
    """The answer, or what was raised, without ids that are drawn anew each time."""
    try:
        answer = repr(await desk.execute(command, by=STAFF))
    except Exception as failure:
        answer = f"{type(failure).__name__}: {failure}"
    return DRAWN.sub("drawn", answer)


COUNTED = [each.name for each in tables.metadata.sorted_tables if each is not tables.version]
"""Versions rise whenever they are looked after, too."""


def rows(file: Path) -> dict[str, int]:
    """How many each table has."""
    database = sqlite3.connect(file)
    try:
        return {
            name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
            for name in COUNTED
        }
    finally:
        database.close()


def test_every_command_is_among_them(stage: Stage) -> None:
    assert {type(command) for _, command in commands(stage.scene)} >= every_kind()


async def test_every_command_answers_as_if_nothing_had_been_lost(stage: Stage) -> None:
    """Whether it was committed or not, it is done once."""

    async def outcome(command: Command[Any], loses: Loses | None) -> tuple[str, dict[str, int]]:
        async with stage.opened() as (database, desk):
            database.loses = loses
            return await told(desk, command), rows(database.file)

    differ = []
    for name, command in commands(stage.scene):
        rightly = await outcome(command, None)
        for loses in (and_keeps, and_rolls_back):
            found = await outcome(command, loses)
            if found != rightly:
                differ.append((name, loses.__name__, rightly, found))
    assert differ == []


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
async def test_a_connection_that_breaks_while_it_commits(gym: Gym, database_url: str) -> None:
    """A booking tells an event, a new slot tells none."""
    slot, customer = await gym.slot(), await gym.customer()
    plan = PlanSlot(
        gym.organization, 5_000_000, gym.classes["spin"], "extra", gym.wall("20:00", day=MONDAY)
    )
    async with wire_to(database_url) as wire:
        database = connect(wire.url)
        gym.desk = Desk(database, gym.clock, Metrics())
        await gym.desk.ids.next()
        wire.loses_answer_to = b"COMMIT;"
        booked = await gym.booked(customer, slot)
        wire.loses_answer_to = b"COMMIT;"
        planned = await gym.take(plan)
        assert wire.lost == 2
        await database.close()
    assert planned.slot.id == plan.slot_id
    assert booked.status is BookingStatus.BOOKED
    assert await gym.statuses(slot) == [(customer, BookingStatus.BOOKED)]
    assert len(await gym.told()) == 1


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
async def test_one_that_is_still_being_committed_is_waited_for(gym: Gym, database_url: str) -> None:
    """Its connection is gone, and the database is not done with it yet: it holds its versions."""
    slot, customer = await gym.slot(), await gym.customer()
    await gym.booked(customer, slot)
    mark = marks.Mark(frozenset({gym.studio_id}), gym.now, 99)
    rival = await asyncpg.connect(database_url)
    transaction = rival.transaction()
    await transaction.start()
    await rival.execute(
        "UPDATE version SET changes = changes + 1 WHERE organization_id = $1", gym.organization
    )
    await rival.execute("UPDATE history SET id = 99")
    shards = await rival.fetch("SELECT shard FROM version WHERE studio_id = $1", gym.studio_id)
    looking = asyncio.create_task(
        gym.database.write(
            lambda tx: marks.is_there(tx, gym.organization, mark, shards[0]["shard"])
        )
    )
    while not await rival.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110 - the database tells nobody.
        await asyncio.sleep(0.01)
    await transaction.commit()
    assert await looking
    await rival.close()


async def test_where_it_cannot_be_found_out_that_is_said(stage: Stage) -> None:
    _, command = next(commands(stage.scene))
    async with stage.opened() as (database, desk):

        def and_goes_away(work: Work[Any]) -> Work[Any]:
            database.loses = and_rolls_back  # The look is in vain, too.
            return work

        database.loses = and_goes_away
        with pytest.raises(OutcomeUnknown, match="look first"):
            await desk.execute(command, by=STAFF)
