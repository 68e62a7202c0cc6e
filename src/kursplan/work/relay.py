"""The relay of the transactional outbox: dispatch what was stored, deliver what is due, as soon as it is there.

A commit of this process is told at once; what other processes committed, and repeats that have
become due, are found by looking every now and then: often by the worker on duty, and by the others seldom,
but as long as there is something to do, so that they take their share of a backlog.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from kursplan.clock import Clock, stopwatch
from kursplan.desk.engine.committed import Committed
from kursplan.ids import draw
from kursplan.metrics import Metrics
from kursplan.store.engine.database import Database
from kursplan.store.outbox import claims
from kursplan.store.outbox.dispatch import organizations_to_dispatch
from kursplan.webhooks.deliver import DeliveryWorker
from kursplan.webhooks.dispatch import dispatch
from kursplan.work.duty import Duty
from kursplan.work.everywhere import PORTION
from kursplan.work.known import Known

log = structlog.get_logger(__name__)

INTERVAL_SECONDS = 1.0
"""How often it looks for what nobody of this process told it of."""
OFF_DUTY_SECONDS = 5.0
"""How often it does so where another worker is on duty: nobody waits much longer whom that one
leaves behind when it dies."""
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
        committed: Committed,
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
        self._to_dispatch, self._to_send = Known(), Known()

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
        while (await self._dispatch(looks=True))[0] | (await self._send(looks=True))[0]:
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

    async def _dispatch(self, *, looks: bool = False) -> tuple[bool, bool]:
        """Fan out some events of some organizations; whether there were any, and whether to go on at once.

        It goes on with what it knows, as long as that is fresh, unless it `looks` anyway.
        """
        known = self._to_dispatch
        known.has_news(self._committed.take())
        looks = looks or not known or stopwatch() >= known.fresh_until
        if looks:
            began = stopwatch()
            known.found(_from_anywhere(await self._database.read(organizations_to_dispatch)))
            known.fresh_until = _fresh_until(began)
        fanned_out = False
        while stopwatch() < known.fresh_until and (some := known.next()):
            done = self._done(await dispatch(some, database=self._database, clock=self._clock))
            fanned_out |= bool(done)
            self._to_send.has_more(done, news={each for each in done if some[each]})
            self._dispatched.set()
            known.has_news(self._committed.take())
        return fanned_out, fanned_out or not looks

    async def _send(self, *, looks: bool = False) -> tuple[bool, bool]:
        """Send in some organizations; whether anything was begun, and whether to go on at once.

        It goes on with what it knows, as long as that is fresh, unless it `looks` anyway.
        """
        looks = looks or not self._to_send or stopwatch() >= self._to_send.fresh_until
        if looks:
            began = stopwatch()
            self._to_send.found(await self._worker.organizations())
            self._to_send.fresh_until = _fresh_until(began)
        begun = False
        while stopwatch() < self._to_send.fresh_until and (some := self._to_send.next()):
            sent = await self._worker.send_due(some)
            count = len(self._done(sent.begun))
            begun |= count > 0
            self._to_send.had_places(count, sent.refused)
            self._to_send.has_news(
                each for each in reversed(some) if some[each] and each in sent.refused
            )
            if sent.refused and not count:
                return begun, False
        return begun, bool(self._to_send) or not looks

    def _done(self, outcomes: Mapping[int, bool | Exception]) -> list[int]:
        """The organizations where something was done. What went wrong in others is told, and keeps nobody waiting."""
        faults = [each for each in outcomes.values() if isinstance(each, Exception)]
        for fault in dict.fromkeys(faults):  # It may be the same for all.
            self._failed(fault)
        return [each for each, done in outcomes.items() if done is True]

    async def _dispatch_more(self) -> bool:
        try:
            _, goes_on = await self._dispatch()
            return goes_on
        finally:
            # Also where no event was: what was committed may have made old deliveries due again.
            self._dispatched.set()

    async def _send_more(self) -> bool:
        _, goes_on = await self._send()
        return goes_on

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
        except Exception as fault:
            self._failed(fault)
            return False

    def _failed(self, fault: Exception) -> None:
        log.error("telling failed", exc_info=fault)
        self._metrics.background.labels("tell", "failed").inc()

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


def _from_anywhere(organization_ids: Sequence[int]) -> Sequence[int]:
    """Many begin at any of them: other workers, that find the same ones, are elsewhere then."""
    at = draw(len(organization_ids)) if len(organization_ids) > PORTION else 0
    return [*organization_ids[at:], *organization_ids[:at]]
