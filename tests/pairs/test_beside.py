"""What a command does in a transaction that it shares with another organization's is what it does alone.

Every command that may be there is done both ways, on both databases: rolled back each time, so that it finds
the same gym again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from kursplan.clock import HandClock
from kursplan.desk.book import Book
from kursplan.desk.engine.turn import Command, Hold, NeedsMore, Turn
from kursplan.store import tables
from kursplan.store.engine.database import Database
from kursplan.store.engine.joint import Leaves, jointly
from kursplan.store.engine.numbers import SEQUENCE
from tests.gym import MORNING, STAFF, Gym
from tests.pairs.scene import Scene, build, commands

NEIGHBOUR = 5_000
"""The first id of the other organization."""
DRAWN = 8_000_000
"""Ids are drawn from here on, so that they can be told from those that were there."""
_DRAWN = re.compile(r"\b8\d{6}\b")
_UUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


class _RolledBack(Exception):
    """The end of every transaction here."""


def done(command: Command[Any], tx: Connection) -> str:
    turn = Turn(tx, command.organization_id, HandClock(MORNING), waits=False)
    try:
        turn.lock_and_load(command.footprint, lock=True)
        answer = turn.perform(command, STAFF)
    except NeedsMore as wider:
        assert not turn.has_written
        raise Leaves from wider
    turn.flush()
    return repr(answer)


def stored(tx: Connection, organization: int) -> dict[str, list[str]]:
    """Every row of the organization, without what is drawn anew each time."""
    return {
        name: sorted(
            _UUID.sub("uuid", _DRAWN.sub("drawn", repr(row)))
            for row in tx.execute(select(table).where(table.c.organization_id == organization))
        )
        for name, table in tables.metadata.tables.items()
        if "organization_id" in table.c
    }


async def outcome(
    database: Database, organization: int, work: Callable[[Connection], Any]
) -> tuple[Any, dict[str, list[str]]]:
    found: list[Any] = []

    def transaction(tx: Connection) -> None:
        found.append(work(tx))
        found.append(stored(tx, organization))
        raise _RolledBack

    with pytest.raises(_RolledBack):
        await database.write(transaction)
    return found[0], found[1]


async def draw_from_there_on(database: Database) -> None:
    def move(tx: Connection) -> None:
        if tx.dialect.name == "sqlite":
            tx.execute(text(f"UPDATE {SEQUENCE} SET value = {DRAWN}"))
        else:
            tx.execute(text(f"SELECT setval('{SEQUENCE}', {DRAWN})"))

    await database.write(move)


async def test_every_command_does_beside_another_what_it_does_alone(
    gym: Gym, database: Database
) -> None:
    scene: Scene = await build(gym)
    other = await Gym(database, gym.clock, first_id=NEIGHBOUR).open()
    slot, customer = await other.slot(), await other.customer()
    await draw_from_there_on(database)
    neighbour = Book(other.organization, other.studio_id, customer, slot, DRAWN - 1)
    shared = left = 0
    for name, command in commands(scene):
        if command.footprint.organization is not Hold.NOT and not command.is_brief:
            continue
        try:
            alone = await outcome(database, gym.organization, partial(done, command))
        except Leaves:
            left += 1
            continue
        works = {
            gym.organization: partial(done, command),
            other.organization: partial(done, neighbour),
        }
        [answer, beside], rows = await outcome(
            database, gym.organization, lambda tx, works=works: jointly(tx, works)
        )
        assert beside.startswith("Booked(")
        assert _DRAWN.sub("drawn", answer) == _DRAWN.sub("drawn", alone[0]), name
        assert rows == alone[1], name
        shared += 1
    assert shared > left, "most need nothing more than they say"
