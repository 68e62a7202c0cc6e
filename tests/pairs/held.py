"""A PostgreSQL database of which a test can hold a transaction at a certain place.

What goes through it is what goes through in production; it only waits there until it may go on.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.util import await_only

from kursplan.store.engine.postgres import Postgres
from kursplan.store.engine.postgres_session import Limits
from kursplan.store.engine.trouble import Work

T = TypeVar("T")

LOCKING = re.compile(r"\bFOR (NO KEY UPDATE|UPDATE|SHARE)\b")


@dataclass(frozen=True)
class Place:
    """Where a command is held: in which try of its turn, and before which step of it."""

    attempt: int
    """From 1; a turn that finds that it needs more begins another."""
    commit: bool
    """Before it commits; otherwise before it takes its first lock."""

    def __str__(self) -> str:
        return f"before the {'commit' if self.commit else 'locks'} of try {self.attempt}"


@dataclass
class Watch:
    """What a command does, and where it is to wait."""

    place: Place | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    attempts: int = 0
    looked: bool = False
    """Whether it has seen anything before the first lock of this try, in this try or an earlier one."""
    locked: bool = False
    looks: set[int] = field(default_factory=set)
    """The tries in which something had been seen before the first lock."""
    pid: int = 0
    sent: list[list[str]] = field(default_factory=list)
    """The statements of each try."""

    def begin(self, pid: int) -> None:
        self.attempts += 1
        self.sent.append([])
        self.locked = False
        self.pid = pid

    async def before(self, statement: str) -> None:
        self.sent[-1].append(statement)
        if self.locked:
            return
        if LOCKING.search(statement) is None:
            self.looked = True
            return
        self.locked = True
        if self.looked:
            self.looks.add(self.attempts)
        await self._hold(Place(self.attempts, commit=False))
        self.looked = True

    async def before_commit(self) -> None:
        await self._hold(Place(self.attempts, commit=True))

    async def _hold(self, here: Place) -> None:
        if here == self.place:
            self.reached.set()
            await self.go_on.wait()


class HeldDatabase(Postgres):
    """One connection that writes, and whoever watches it."""

    def __init__(self, url: URL, lock_wait: float) -> None:
        super().__init__(url, 2, Limits(lock_wait, statement=30, silence=30))
        self.watch = Watch()

    async def write(self, work: Work[T]) -> T:
        return await super().write(partial(_watched, work, self.watch))


def _watched(work: Work[T], watch: Watch, tx: Connection) -> T:
    driver = tx.connection.driver_connection
    watch.begin(driver.get_server_pid())  # type: ignore[union-attr]
    found = work(_Connection(tx, watch))  # type: ignore[arg-type]
    await_only(watch.before_commit())
    return found


class _Connection:
    """A connection as the store uses one, statement by statement."""

    def __init__(self, tx: Connection, watch: Watch) -> None:
        self._tx = tx
        self._watch = watch
        self.dialect = tx.dialect
        self.connection = self
        self.driver_connection = _Driver(tx.connection.driver_connection, watch)

    def execute(self, statement: Any, *values: Any) -> Any:
        await_only(self._watch.before(str(statement.compile(dialect=self.dialect))))
        return self._tx.execute(statement, *values)


class _Driver:
    def __init__(self, driver: Any, watch: Watch) -> None:
        self._driver = driver
        self._watch = watch

    async def fetch(self, sql: str, *values: Any) -> Any:
        await self._watch.before(sql)
        return await self._driver.fetch(sql, *values)
