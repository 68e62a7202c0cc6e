"""Two commands at two desks, one of them held at a place: what comes of it, beside both orders.

Every case begins with the same rows. What comes of it are the rows and answers at the end, without
what is drawn or counted anew each time.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg
from sqlalchemy import make_url

from kursplan.clock import HandClock
from kursplan.desk.engine.desk import Desk
from kursplan.desk.engine.turn import Command
from kursplan.metrics import Metrics
from kursplan.store import tables
from kursplan.store.engine.numbers import SEQUENCE
from kursplan.store.outbox.dispatch import dispatch_all
from tests.gym import MORNING, STAFF
from tests.pairs.held import HeldDatabase, Place, Watch

NEVER_SECONDS = 30.0
"""Who waits that long hangs."""
LOCK_SECONDS = 10.0
"""Nobody is given up for waiting while the other is held."""

TABLES = [each.name for each in tables.metadata.sorted_tables if each is not tables.version]
DRAWN = {"uuid", "secret", "webhook_key"}
"""Columns whose values are drawn anew each time."""
TAKEN = 9_000_000
"""The sequence begins here in every case, so such an id says only that it is new."""
_NEW = re.compile(r"\b9\d{6}\b")

Rows = Mapping[str, str]
"""By table: all its rows, as a JSON text in an order that is always the same."""


@dataclass(frozen=True)
class Outcome:
    """What came of two commands."""

    answers: tuple[str, str]
    rows: Mapping[str, tuple[str, ...]]

    def differs(self, other: Outcome) -> list[str]:
        """In which answers and tables, and how."""
        found = []
        for which, here, there in zip(
            ("first", "second"), self.answers, other.answers, strict=True
        ):
            if here != there:
                found.append(f"the {which} answered {here[:300]} instead of {there[:300]}")
        for table in TABLES:
            here, there = set(self.rows[table]), set(other.rows[table])
            found.extend(f"{table} + {each}" for each in sorted(here - there))
            found.extend(f"{table} - {each}" for each in sorted(there - here))
        return found


class Walk:
    """Runs cases, one after the other, on a database of its own."""

    def __init__(self, url: str, organization_id: int) -> None:
        self._url = url
        self._organization = organization_id
        self._control: Any = None
        self._desks: tuple[HeldDatabase, HeldDatabase] = (None, None)  # type: ignore[assignment]
        self._metrics = Metrics()
        self.seed: Rows = {}
        """The rows with which every case begins."""
        self._shown: dict[str, tuple[str, ...]] = {}
        self._in_turn: dict[tuple[int, int], Outcome] = {}

    async def __aenter__(self) -> Walk:
        self._control = await asyncpg.connect(self._url)
        for name in TABLES:
            await self._control.execute(f'CREATE TABLE seed_{name} AS TABLE "{name}"')
        self._desks = tuple(  # type: ignore[assignment]
            HeldDatabase(make_url(self._url), LOCK_SECONDS) for _ in range(2)
        )
        self.seed = await self._rows()
        self._shown = {name: _shown(rows) for name, rows in self.seed.items()}
        await self._restore(self.seed)
        return self

    async def __aexit__(self, *_: object) -> None:
        for each in self._desks:
            await each.close()
        await self._control.close()

    async def places(self, command: Command[Any]) -> list[Place]:
        """Where the command can be held: before its commit, and wherever it locks after a look."""
        watch = await self._alone(command)
        return [
            Place(watch.attempts, commit=True),
            *(Place(attempt, commit=False) for attempt in sorted(watch.looks)),
        ]

    async def sent(self, command: Command[Any]) -> list[list[str]]:
        """The statements of each try of the command, by itself."""
        return (await self._alone(command)).sent

    async def twice(self, command: Command[Any]) -> tuple[Rows, Rows]:
        """The rows when the command is done, and when it was given once more."""
        found = []
        for _ in range(2):
            self._desks[0].watch = Watch()
            await self._do(0, command)
            found.append(await self._rows())
        await self._restore(found[-1])
        return found[0], found[1]

    async def back(self) -> None:
        """Everything is as it was at the beginning, whoever changed it."""
        await self._restore(await self._rows())

    async def _alone(self, command: Command[Any]) -> Watch:
        watch = self._desks[0].watch = Watch()
        await self._do(0, command)
        await self._restore(await self._rows())
        return watch

    async def in_turn(self, first: Command[Any], second: Command[Any]) -> Outcome:
        """One after the other; the second begins when the first is done. Remembered."""
        known = self._in_turn.get((id(first), id(second)))
        if known is None:
            for each in self._desks:
                each.watch = Watch()
            answers = await self._do(0, first), await self._do(1, second)
            known = self._in_turn[id(first), id(second)] = await self._outcome(answers)
        return known

    async def beside(self, held: Command[Any], place: Place, other: Command[Any]) -> Outcome:
        """The other goes as far as it can while the first is held at that place."""
        watch = self._desks[0].watch = Watch(place)
        rival = self._desks[1].watch = Watch()
        first = asyncio.create_task(self._do(0, held))
        reached = asyncio.create_task(watch.reached.wait())
        await asyncio.wait((first, reached), return_when=asyncio.FIRST_COMPLETED)
        reached.cancel()
        second = asyncio.create_task(self._do(1, other))
        await self._as_far_as_it_goes(second, rival)
        watch.go_on.set()
        return await self._outcome(await _both(first, second))

    async def behind(self, slot_id: int, first: Command[Any], second: Command[Any]) -> Outcome:
        """Somebody holds the slot's row; the first queues behind them, and then the second."""
        tasks = []
        async with self._control.transaction():
            await self._control.execute("SELECT id FROM slot WHERE id = $1 FOR UPDATE", slot_id)
            for which, command in enumerate((first, second)):
                watch = self._desks[which].watch = Watch()
                task = asyncio.create_task(self._do(which, command))
                await self._as_far_as_it_goes(task, watch)
                tasks.append(task)
        return await self._outcome(await _both(*tasks))

    async def _as_far_as_it_goes(self, task: asyncio.Task[str], watch: Watch) -> None:
        """Until the command is done, or waits for a lock."""
        while not (task.done() or await self._waits_for_a_lock(watch)):
            pass  # Asking gives way to it.

    async def _do(self, which: int, command: Command[Any]) -> str:
        """The answer, or what was raised, without fresh ids."""
        desk = Desk(self._desks[which], HandClock(MORNING), self._metrics)
        try:
            answer = repr(await desk.execute(command, by=STAFF))
        except Exception as failure:
            answer = f"{type(failure).__name__}: {failure}"
        return _NEW.sub("new", answer)

    async def _waits_for_a_lock(self, watch: Watch) -> bool:
        query = "SELECT 1 FROM pg_locks WHERE pid = $1 AND NOT granted LIMIT 1"
        return await self._control.fetchval(query, watch.pid) is not None

    async def _outcome(self, answers: tuple[str, str]) -> Outcome:
        # Whom an event is told to is settled by itself; what is promised is who that is.
        await self._desks[0].write(
            partial(dispatch_all, organization_id=self._organization, now=MORNING)
        )
        rows = await self._rows()
        changed = await self._restore(rows)
        return Outcome(answers, self._shown | {name: _shown(rows[name]) for name in changed})

    async def _rows(self) -> Rows:
        return dict(await self._control.fetch(_ALL_ROWS))

    async def _restore(self, rows: Rows) -> list[str]:
        """The rows as they were at the beginning; the tables that had changed."""
        changed = [name for name in TABLES if rows[name] != self.seed[name]]
        await self._control.execute(
            "BEGIN; SET LOCAL session_replication_role = replica;"
            + "".join(
                f'DELETE FROM "{name}"; INSERT INTO "{name}" TABLE seed_{name};' for name in changed
            )
            + f"SELECT setval('{SEQUENCE}', {TAKEN}); COMMIT"
        )
        return changed


async def _both(first: asyncio.Task[str], second: asyncio.Task[str]) -> tuple[str, str]:
    async with asyncio.timeout(NEVER_SECONDS):
        return await first, await second


_ALL_ROWS = " UNION ALL ".join(
    f"SELECT '{name}', coalesce(json_agg(shown.one ORDER BY shown.one), '[]')::text"
    f' FROM (SELECT row_to_json("{name}")::text AS one FROM "{name}") AS shown'
    for name in TABLES
)


def _shown(rows: str) -> tuple[str, ...]:
    """The rows of a table without what is drawn or counted anew each time."""
    listed = [json.loads(_NEW.sub("0", row)) for row in json.loads(rows)]
    kept = [{name: each[name] for name in each if name not in DRAWN} for each in listed]
    return tuple(sorted(map(json.dumps, kept)))
