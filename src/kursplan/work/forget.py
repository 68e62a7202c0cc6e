"""Forgetting answers that nobody may ask for again under their idempotency key."""

from __future__ import annotations

from functools import partial

from kursplan.clock import Clock
from kursplan.desk.engine.desk import Desk
from kursplan.store import retention
from kursplan.store.engine.database import Database
from kursplan.store.rules.idempotency import ANSWERS_KEPT
from kursplan.work.everywhere import Round


async def forget_old_keys(
    desk: Desk, database: Database, clock: Clock, on: Round | None = None
) -> bool:
    """Drop some answers that are older than they are kept; whether there were any.

    The desk has no part in it: an answer that old counts for nothing whether it is there or not.
    """
    before = clock.now() - ANSWERS_KEPT

    async def forget(organization_id: int) -> bool:
        old = partial(retention.forget_keys, organization_id=organization_id, before=before)
        return await database.write(old) > 0

    return await (on or Round()).go(database, retention.with_old_keys, before, forget)
