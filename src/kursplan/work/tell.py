"""Telling partners by itself: fan out what was stored, deliver what is due, as soon as it is there.

A commit of this process is told at once; what other processes committed, and repeats that have
become due, are found by looking every now and then.
"""

from __future__ import annotations

import asyncio

import structlog

from kursplan.clock import Clock
from kursplan.metrics import Metrics
from kursplan.store import webhooks
from kursplan.store.database import Database
from kursplan.webhooks.deliver import Courier
from kursplan.webhooks.fan_out import fan_out

log = structlog.get_logger(__name__)

INTERVAL_SECONDS = 1.0
"""How often it looks for what nobody of this process told it of."""


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

    def start(self) -> None:
        """Tell from now on, until `stop`."""
        if self._loop is None:
            self._loop = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Begin nothing more, and mark what is under way."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.wait([self._loop])
            self._loop = None
        await self._courier.settle()

    async def round(self) -> None:
        """Tell all that can be told now, and wait until it is marked."""
        while await self._step():
            await self._courier.settle()

    async def _step(self) -> bool:
        """Fan out, and begin what is due; whether there was work."""
        fanned_out = await fan_out(self._database, self._clock)
        return await self._courier.send_due() or fanned_out

    async def _run(self) -> None:
        while True:
            self._committed.clear()
            try:
                worked = await self._step()
                await self._measure()
            except Exception:
                # A fault never ends the loop: what is to be told is still marked as such.
                log.exception("telling failed")
                self._metrics.background.labels("tell", "failed").inc()
                worked = False
            if not worked:
                await self._rest()

    async def _rest(self) -> None:
        """Until something was committed here, an attempt is done, or it is time to look again."""
        nudge = asyncio.create_task(self._committed.wait())
        try:
            await asyncio.wait(
                {nudge, *self._courier.under_way},
                timeout=self._interval,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            nudge.cancel()

    async def _measure(self) -> None:
        """How old the oldest event is that is still to be told."""
        since = await self._database.read(webhooks.oldest_pending)
        age = 0.0 if since is None else (self._clock.now() - since).total_seconds()
        self._metrics.oldest_undelivered.set(age)
