"""Forgetting events that were told long ago, with their deliveries and what came of each attempt."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from kursplan.clock import Clock
from kursplan.store import retention
from kursplan.store.engine.database import Database
from kursplan.work.everywhere import everywhere

KEPT_DAYS = retention.EVENTS_KEPT.days
WALKED_EVERY = timedelta(days=1)
"""How often all that is old is walked through for what may go by now."""


class ForgetTold:
    """A walk through the old events of all organizations, a portion of each at a step.

    Some are kept although they are old: an endpoint is disabled, or something was sent again. So that
    those are not looked through again at every step, it is remembered how far the walk has come.
    """

    def __init__(self, database: Database, clock: Clock, kept_days: int = KEPT_DAYS) -> None:
        self._database = database
        self._clock = clock
        self._kept = timedelta(days=kept_days)
        self._begun: datetime | None = None
        self._after: dict[int, int] = {}
        """By organization in which the walk is not over: the last event that it has passed."""

    async def __call__(self) -> bool:
        """Go on by a portion in each organization; whether anything was dropped or is left.

        The desk has no part in it: nothing is decided by what was told that long ago.
        """
        now = self._clock.now()
        if self._begun is None or now - self._begun >= WALKED_EVERY:
            self._after = dict.fromkeys(await self._organizations(now - self._kept), 0)
            self._begun = now
        return await everywhere(list(self._after), self._go_on)

    async def _organizations(self, before: datetime) -> list[int]:
        """Those with old events, found some at a time: no look is longer because there are more."""
        found: list[int] = []
        after = None
        while after != 0:
            look = partial(retention.with_old_events, before=before, after=after or 0)
            some, after = await self._database.read(look)
            found += some
        return found

    async def _go_on(self, organization_id: int) -> bool:
        portion = await self._database.write(
            partial(
                retention.forget_told,
                organization_id=organization_id,
                before=self._clock.now() - self._kept,
                after=self._after[organization_id],
            )
        )
        if portion is None:  # Another is at it, or has something sent again: the next time.
            return False
        if portion.after is None:
            del self._after[organization_id]
        else:
            self._after[organization_id] = portion.after
        return portion.after is not None or portion.dropped > 0
