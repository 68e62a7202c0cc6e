"""Who of several workers does the looks that are everybody's: one of them, as long as it lives.

It is about what is spent and never about what is right: a step may run anywhere, at any time, twice. So
who loses touch with the database goes on until it learns that another has taken over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import structlog

from kursplan.clock import stopwatch
from kursplan.ids import new_uuid
from kursplan.store.engine.database import Database
from kursplan.store.engine.trouble import DatabaseUnavailable
from kursplan.store.rules import duty as stored

log = structlog.get_logger(__name__)

RENEWED_EVERY = 2.0
"""Seconds after which who is on duty says so again, and others look whether it did."""
LAPSES_AFTER = 7.0
"""Seconds without a renewal after which another takes over, by its own stopwatch."""


class Duty:
    """The part of one process in it; where the database lets one process serve, it is always on duty."""

    def __init__(self, database: Database, watch: Callable[[], float] = stopwatch) -> None:
        self._database = database
        self._watch = watch
        self._me = new_uuid()
        self._is_alone = database.name == "sqlite"
        self.mine = self._is_alone
        """Whether this process is on duty, as far as it knows."""
        self._seen = -1
        self._seen_at = 0.0
        self._loop: asyncio.Task[None] | None = None
        self._leaves = asyncio.Event()

    def start(self) -> None:
        """Be on duty whenever nobody else is, until `stop`."""
        if self._loop is None and not self._is_alone:
            self._leaves.clear()
            self._loop = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Have another take over at once."""
        if self._loop is None:
            return
        loop, self._loop = self._loop, None
        self._leaves.set()
        try:
            # A renewal that is under way comes to its end: broken off, it may be committed all the same, and
            # then nobody would know as of when to leave.
            await asyncio.wait([loop])
        finally:
            loop.cancel()
        if self.mine:
            self.mine = False
            try:
                await self._database.write(partial(stored.leave, seen=self._seen))
            except DatabaseUnavailable as unavailable:
                log.info("still on duty, until that lapses", reason=str(unavailable))

    async def keep(self) -> None:
        """Stay on duty, or take over where nobody is any more. Raises `DatabaseUnavailable`."""
        if self._is_alone:
            return
        if not self.mine and not await self._is_vacant():
            return
        taken = await self._database.write(partial(stored.take, worker=self._me, seen=self._seen))
        if (taken is not None) is not self.mine:
            self.mine = taken is not None
            log.info("on duty" if self.mine else "another worker is on duty")
        if taken is not None:
            self._seen = taken

    async def _is_vacant(self) -> bool:
        found = await self._database.read(stored.on_duty)
        if found.renewals != self._seen:
            self._seen, self._seen_at = found.renewals, self._watch()
        # It may be this one, which was not told that its renewal was committed.
        return found.worker in (None, self._me) or self._watch() - self._seen_at >= LAPSES_AFTER

    async def _run(self) -> None:
        while not self._leaves.is_set():
            try:
                await self.keep()
            except DatabaseUnavailable as unavailable:
                log.info("duty not renewed", reason=str(unavailable))
            except Exception:
                log.exception("duty not renewed")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leaves.wait(), RENEWED_EVERY)
