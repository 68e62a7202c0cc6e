"""Forgetting what was done years ago, by whom and why."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from kursplan.clock import Clock
from kursplan.store.engine.database import Database
from kursplan.store.rules import history
from kursplan.work.everywhere import Round

KEPT_DAYS = history.KEPT.days


async def forget_old_history(
    database: Database,
    clock: Clock,
    kept_days: int = KEPT_DAYS,
    portion: int = history.LINES_AT_ONCE,
    on: Round | None = None,
) -> bool:
    """Drop some lines of history that are older than they are kept; whether there were any.

    The desk has no part in it: nothing is decided by what was done that long ago.
    """
    before = clock.now() - timedelta(days=kept_days)

    async def forget(organization_id: int) -> bool:
        old = partial(
            history.forget_old, organization_id=organization_id, before=before, portion=portion
        )
        return await database.write(old) > 0

    return await (on or Round()).go(database, history.with_old, before, forget)
