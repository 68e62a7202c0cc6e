"""Forgetting what came of attempts to deliver, some weeks after they were made.

The deliveries themselves stay, with what became of them: they can be sent again.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from kursplan.clock import Clock
from kursplan.store import deliveries
from kursplan.store.database import Database
from kursplan.work.everywhere import everywhere

KEPT_DAYS = 30
"""How many days attempts are kept, unless a setting says otherwise."""


async def forget_old_attempts(database: Database, clock: Clock, kept_days: int = KEPT_DAYS) -> bool:
    """Drop some attempts that are older than they are kept; whether there were any.

    The desk has no part in it: nothing is decided by what came of an attempt that long ago.
    """
    before = clock.now() - timedelta(days=kept_days)

    async def forget(organization_id: int) -> bool:
        old = partial(deliveries.forget_attempts, organization_id=organization_id, before=before)
        return await database.write(old) > 0

    return await everywhere(
        await database.read(partial(deliveries.organizations_with_old_attempts, before=before)),
        forget,
    )
