"""The loop around the steps of background work.

It may run in any number of processes over one database: what a step finds due is decided again
under the desk's locks, so two that find the same thing do it once (F42). So that not each of them looks
for the same, it is the one on duty that works, and the others wait for their turn to be on duty.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import structlog

from kursplan.clock import stopwatch
from kursplan.desk.engine.desk import Desk
from kursplan.desk.extend_series import HORIZON_DAYS
from kursplan.metrics import Metrics
from kursplan.store.engine.database import Database
from kursplan.work.complete import complete_slots
from kursplan.work.duty import Duty
from kursplan.work.everywhere import Round
from kursplan.work.expire import expire_confirmations
from kursplan.work.extend import extend_series
from kursplan.work.forget import forget_old_keys
from kursplan.work.forget_history import KEPT_DAYS as HISTORY_KEPT_DAYS
from kursplan.work.forget_history import forget_old_history
from kursplan.work.forget_told import KEPT_DAYS, ForgetTold
from kursplan.work.house_clock import HouseClock
from kursplan.work.promote import Seen, promote_waiting
from kursplan.work.turned_away import forget_turned_away, write_down_turned_away

log = structlog.get_logger(__name__)

HELPED_FROM = 256
"""In how many organizations something has to be due before others help whoever is on duty."""
HELP_SECONDS = 10.0
"""How often those look whether there is so much."""
INTERVAL_SECONDS = 5.0
"""How long the loop rests when there was nothing to do."""

Step = Callable[[], Awaitable[bool]]
"""Does some of what is due; whether there was any."""


class Background:
    """The steps of one running application, and the loop around them."""

    def __init__(
        self,
        desk: Desk,
        database: Database,
        clock: HouseClock,
        metrics: Metrics,
        *,
        duty: Duty | None = None,
        interval: float = INTERVAL_SECONDS,
        horizon_days: int = HORIZON_DAYS,
        events_kept_days: int = KEPT_DAYS,
        history_kept_days: int = HISTORY_KEPT_DAYS,
    ) -> None:
        """Without a `duty` to share it is this one that works."""
        self.steps: Mapping[str, Step] = {
            "expire_confirmations": partial(expire_confirmations, desk, database, clock),
            "promote_waiting": partial(promote_waiting, desk, database, clock, Seen()),
            "complete_slots": partial(complete_slots, desk, database, clock),
            "extend_series": partial(extend_series, desk, database, clock, horizon_days),
            "forget_old_keys": partial(forget_old_keys, desk, database, clock, Round()),
            "forget_old_history": partial(
                forget_old_history, database, clock, history_kept_days, on=Round()
            ),
            "forget_turned_away": partial(
                forget_turned_away, database, clock, history_kept_days, on=Round()
            ),
            "forget_told": ForgetTold(database, clock, events_kept_days),
        }
        self.own_steps: Mapping[str, Step] = {
            "write_down_turned_away": partial(write_down_turned_away, desk, database),
        }
        """What each process has to do itself, whoever is on duty."""
        self.shared_steps: Mapping[str, Step] = {
            "expire_confirmations": partial(
                expire_confirmations, desk, database, clock, fewest=HELPED_FROM
            ),
            "complete_slots": partial(complete_slots, desk, database, clock, fewest=HELPED_FROM),
            "extend_series": partial(
                extend_series, desk, database, clock, horizon_days, fewest=HELPED_FROM
            ),
        }
        """What those who are not on duty help with where there is much of it."""
        self._helps_at = 0.0
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._duty = duty
        self._interval = interval
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Work from now on, until `stop`."""
        if self._loop is None:
            self._loop = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop at once; what the desk has taken already it finishes by itself."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.wait([self._loop])
            self._loop = None

    async def round(self) -> bool:
        """Each step once, whatever becomes of the others; whether there was work in any.

        None of them where it can't be known whether the clock is right.
        """
        if not await self._keeps_the_time():
            return False
        return any([await self._attempt(name, step) for name, step in self.steps.items()])

    async def own_round(self) -> bool:
        """Each step that every process has; whether one of them is to go on at once."""
        return any([await self._attempt(name, step) for name, step in self.own_steps.items()])

    async def help_round(self) -> bool:
        """Each step that whoever is on duty may be helped with, now and then; whether there was work in any."""
        if stopwatch() < self._helps_at or not await self._keeps_the_time():
            return False
        worked = any([await self._attempt(name, step) for name, step in self.shared_steps.items()])
        self._helps_at = 0.0 if worked else stopwatch() + HELP_SECONDS
        return worked

    async def _keeps_the_time(self) -> bool:
        """Whether it can be known if the clock is right."""
        try:
            await self._clock.keep(self._database)
        except Exception:
            log.exception("background step failed", step="keep_the_time")
            self._metrics.background.labels("keep_the_time", "failed").inc()
            return False
        return True

    async def _run(self) -> None:
        while True:
            on_duty = self._duty is None or self._duty.mine
            worked = await self.own_round()
            worked |= await self.round() if on_duty else await self.help_round()
            if not worked:
                await asyncio.sleep(self._interval)

    async def _attempt(self, name: str, step: Step) -> bool:
        """A fault is logged and counted, and never ends the loop: the step is due again."""
        try:
            worked = await step()
        except Exception:
            log.exception("background step failed", step=name)
            self._metrics.background.labels(name, "failed").inc()
            return False
        self._metrics.background.labels(name, "worked" if worked else "idle").inc()
        return worked
