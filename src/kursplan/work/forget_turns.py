"""Forgetting the names of turns, by which a lost answer is found out moments later or never."""

from __future__ import annotations

from functools import partial

from kursplan.clock import Clock
from kursplan.store import marks
from kursplan.store.database import Database
from kursplan.work.everywhere import everywhere


async def forget_old_turns(database: Database, clock: Clock) -> bool:
    """Drop names that nobody asks for any more; whether there were any. The desk has no part in it."""
    before = clock.now() - marks.KEPT

    async def forget(organization_id: int) -> bool:
        old = partial(marks.forget_old, organization_id=organization_id, before=before)
        return await database.write(old) > 0

    return await everywhere(await database.read(partial(marks.with_old, before=before)), forget)
