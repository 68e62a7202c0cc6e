"""Writing down who was turned away because no place was left, and forgetting it after years."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from kursplan.clock import Clock
from kursplan.desk.engine.desk import Desk
from kursplan.store.engine.database import Database
from kursplan.store.rules import turned_away
from kursplan.work.everywhere import Round
from kursplan.work.forget_history import KEPT_DAYS


async def write_down_turned_away(desk: Desk, database: Database) -> bool:
    """Write down a portion of whom the desk of this process had to turn away; whether it was a whole one.

    It is no command: nothing is changed by it that anybody decides by, and a refusal leaves no line of history.
    """
    return await desk.turned_away.write_down(database)


async def forget_turned_away(
    database: Database, clock: Clock, kept_days: int = KEPT_DAYS, on: Round | None = None
) -> bool:
    """Drop some of what is older than history is kept; whether there was any."""
    before = clock.now() - timedelta(days=kept_days)

    async def forget(organization_id: int) -> bool:
        old = partial(turned_away.forget_old, organization_id=organization_id, before=before)
        return await database.write(old) > 0

    return await (on or Round()).go(database, turned_away.with_old, before, forget)
