"""The relay of the transactional outbox: dispatch what was stored, deliver what is due, as soon as it is there.

A commit of this process is told at once; what other processes committed, and repeats that have
become due, are found by looking every now and then: often by the worker on duty, and by the others seldom,
but as long as there is something to do, so that they take their share of a backlog.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from itertools import chain

import structlog

from kursplan.clock import Clock, stopwatch
from kursplan.ids import draw
from kursplan.metrics import Metrics
from kursplan.store.engine.database import Database
from kursplan.store.outbox import claims
from kursplan.store.outbox.dispatch import organizations_to_dispatch
from kursplan.webhooks.deliver import DeliveryWorker
from kursplan.webhooks.dispatch import dispatch
from kursplan.work.duty import Duty
from kursplan.work.everywhere import everywhere

log = structlog.get_logger(__name__)

INTERVAL_SECONDS = 1.0
"""How often it looks for what nobody of this process told it of."""
OFF_DUTY_SECONDS = 5.0
"""How often it does so where another worker is on duty: nobody waits much longer whom that one
leaves behind when it dies."""
ORGANIZATIONS_AT_ONCE = 32
"""In how many it works before it asks itself whether to look again who has something due."""
LOOKED_AGAIN_SECONDS = 0.25
LOOKING_SHARE = 0.1
"""How old a look may be for going on with those that it found: so long, or until looking has taken that share
of the time. Where there are thousands a look takes longer than to send in a few."""
MEASURED_SECONDS = 15.0
"""How often it measures how far behind it is: for that, every endpoint has to be looked at."""


class OutboxRelay:
    """The loop of one running application that tells partners."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        worker: DeliveryWorker,
        committed: asyncio.Event,
        metrics: Metrics,
        *,
        duty: Duty | None = None,
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        """Without a `duty` to share it is this one that looks often."""
        self._database = database
        self._clock = clock
        self._worker = worker
        self._committed = committed
        self._metrics = metrics
        self._duty = duty
        self._interval = interval
        self._loops: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self._dispatched = asyncio.Event()

    def start(self) -> None:
        """Tell from now on, until `stop`.

        What is fanned out and what is sent do not wait for each other: either may take a while when
        somebody has much of it.
        """
        if not self._loops:
            self._stopping.clear()
            self._loops = [
                asyncio.create_task(self._repeat(self._dispatch_more, self._committed)),
                asyncio.create_task(
                    self._repeat(self._send_more, self._dispatched, self._worker.finished)
                ),
                asyncio.create_task(self._repeat(self._measure, every=MEASURED_SECONDS)),
            ]

    async def stop(self) -> None:
        """Begin nothing more, and mark what is under way."""
        # Not cancelled: what it is just claiming would be sent by nobody until that lapses.
        self._stopping.set()
        await asyncio.gather(*self._loops)
        self._loops = []
        await self._worker.drain()

    async def round(self) -> None:
        """Tell all that can be told now, and wait until it is marked."""
        await self._worker.drain()
        while await self._dispatch() | (await self._send())[0]:
            await self._worker.drain()

    async def measure(self) -> None:
        """How old the oldest event is that is still to be told."""
        since = await self._database.read(claims.oldest_pending)
        age = 0.0 if since is None else (self._clock.now() - since).total_seconds()
        self._metrics.oldest_undelivered.set(age)

    @property
    def _until_next_look(self) -> float:
        on_duty = self._duty is None or self._duty.mine
        return self._interval if on_duty else max(self._interval, OFF_DUTY_SECONDS)

    async def _dispatch(self) -> bool:
        """Fan out some events of each organization; whether there were any."""
        began = stopwatch()
        waiting = await self._database.read(organizations_to_dispatch)
        return await everywhere(
            _some_of(waiting, _fresh_until(began)),
            partial(dispatch, database=self._database, clock=self._clock),
        )

    async def _send(self) -> tuple[bool, bool]:
        """Send in some organizations; whether anything was begun, and whether there are more of them.

        Not in all of them at once: while so many are looked through, somebody else has news.
        """
        began = stopwatch()
        waiting = await self._worker.organizations()
        fresh_until = _fresh_until(began)
        begun = False
        while waiting and stopwatch() < fresh_until:
            some, waiting = waiting[:ORGANIZATIONS_AT_ONCE], waiting[ORGANIZATIONS_AT_ONCE:]
            if not await everywhere(some, self._worker.send_due):
                break
            begun = True
        return begun, bool(waiting)

    async def _dispatch_more(self) -> bool:
        try:
            return await self._dispatch()
        finally:
            # Also where no event was: what was committed may have made old deliveries due again.
            self._dispatched.set()

    async def _send_more(self) -> bool:
        return all(await self._send())

    async def _measure(self) -> bool:
        await self.measure()
        return False

    async def _repeat(
        self,
        step: Callable[[], Awaitable[bool]],
        *news: asyncio.Event,
        every: float | None = None,
    ) -> None:
        """Do the step at once again where it says that there is more, otherwise when there is news."""
        while not self._stopping.is_set():
            # Whatever happens from here on ends the rest, also before it has begun.
            for each in news:
                each.clear()
            if not await self._attempt(step):
                await self._rest(news, every or self._until_next_look)

    async def _attempt(self, step: Callable[[], Awaitable[bool]]) -> bool:
        """A fault never ends the loop: what is to be told is still marked as such."""
        try:
            return await step()
        except Exception:
            log.exception("telling failed")
            self._metrics.background.labels("tell", "failed").inc()
            return False

    async def _rest(self, news: Sequence[asyncio.Event], seconds: float) -> None:
        """Until there is news, or it is time to look again."""
        nudges = [asyncio.create_task(each.wait()) for each in (*news, self._stopping)]
        try:
            await asyncio.wait(nudges, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for nudge in nudges:
                nudge.cancel()


def _fresh_until(began: float) -> float:
    """Until when what was looked for is gone through, by the stopwatch: the look is over now."""
    now = stopwatch()
    return now + max(LOOKED_AGAIN_SECONDS, (now - began) / LOOKING_SHARE)


def _some_of(waiting: Sequence[int], fresh_until: float) -> Iterator[int]:
    """As many as there is time for until it is to be looked again.

    Many begin at any of them: other workers, that find the same ones, are elsewhere then.
    """
    at = draw(len(waiting)) if len(waiting) > ORGANIZATIONS_AT_ONCE else 0
    for number, each in enumerate(chain(waiting[at:], waiting[:at])):
        if number >= ORGANIZATIONS_AT_ONCE and stopwatch() >= fresh_until:
            return
        yield each
