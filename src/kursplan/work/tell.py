"""Telling partners by itself: fan out what was stored, deliver what is due, as soon as it is there.

A commit of this process is told at once; what other processes committed, and repeats that have
become due, are found by looking every now and then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from kursplan.clock import Clock, stopwatch
from kursplan.metrics import Metrics
from kursplan.store import webhooks
from kursplan.store.database import Database
from kursplan.store.fan_out import organizations_to_fan_out
from kursplan.webhooks.deliver import Courier
from kursplan.webhooks.fan_out import fan_out
from kursplan.work.everywhere import everywhere

log = structlog.get_logger(__name__)

INTERVAL_SECONDS = 1.0
"""How often it looks for what nobody of this process told it of."""
ORGANIZATIONS_AT_ONCE = 32
"""In how many it sends before it looks again who has something due."""
MEASURED_SECONDS = 15.0
"""How often it measures how far behind it is: for that, all that is pending has to be read."""


class Telling:
    """The loop of one running application that tells partners."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        courier: Courier,
        committed: asyncio.Event,
        metrics: Metrics,
        *,
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        self._database = database
        self._clock = clock
        self._courier = courier
        self._committed = committed
        self._metrics = metrics
        self._interval = interval
        self._loop: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._measured = -MEASURED_SECONDS
        self._more_to_send = False

    def start(self) -> None:
        """Tell from now on, until `stop`."""
        if self._loop is None:
            self._stopping.clear()
            self._loop = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Begin nothing more, and mark what is under way."""
        if self._loop is not None:
            # Not cancelled: what it is just claiming would be sent by nobody until that lapses.
            self._stopping.set()
            await self._loop
            self._loop = None
        await self._courier.settle()

    async def round(self) -> None:
        """Tell all that can be told now, and wait until it is marked."""
        await self._courier.settle()
        while await self._fan_out() | await self._send():
            await self._courier.settle()

    async def measure(self) -> None:
        """How old the oldest event is that is still to be told."""
        since = await self._database.read(webhooks.oldest_pending)
        age = 0.0 if since is None else (self._clock.now() - since).total_seconds()
        self._metrics.oldest_undelivered.set(age)

    async def _fan_out(self) -> bool:
        waiting = await self._database.read(organizations_to_fan_out)
        return await everywhere(
            waiting, partial(fan_out, database=self._database, clock=self._clock)
        )

    async def _send(self) -> bool:
        """In some organizations with something due, as long as there are places free.

        Not in all of them at once: while so many are looked through, somebody else has news.
        """
        waiting = await self._courier.organizations()
        begun = await everywhere(waiting[:ORGANIZATIONS_AT_ONCE], self._courier.send_due)
        self._more_to_send = begun and len(waiting) > ORGANIZATIONS_AT_ONCE
        return begun

    async def _run(self) -> None:
        while not self._stopping.is_set():
            # Whatever happens from here on ends the rest, also before it has begun.
            self._committed.clear()
            self._courier.finished.clear()
            more_to_fan_out = await self._attempt(self._fan_out)
            await self._attempt(self._send)
            await self._attempt(self._measure_now_and_then)
            if not (more_to_fan_out or self._more_to_send):
                await self._rest()

    async def _attempt(self, step: Callable[[], Awaitable[bool]]) -> bool:
        """A fault never ends the loop: what is to be told is still marked as such."""
        try:
            return await step()
        except Exception:
            log.exception("telling failed")
            self._metrics.background.labels("tell", "failed").inc()
            return False

    async def _rest(self) -> None:
        """Until something was committed here, attempts are done, or it is time to look again."""
        news = (self._committed, self._courier.finished, self._stopping)
        nudges = [asyncio.create_task(each.wait()) for each in news]
        try:
            await asyncio.wait(nudges, timeout=self._interval, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for nudge in nudges:
                nudge.cancel()

    async def _measure_now_and_then(self) -> bool:
        if stopwatch() - self._measured >= MEASURED_SECONDS:
            self._measured = stopwatch()
            await self.measure()
        return False
