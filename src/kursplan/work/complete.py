"""Completing slots that have ended."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from kursplan.clock import Clock
from kursplan.desk.complete import CompleteSlots
from kursplan.desk.engine.desk import Desk
from kursplan.domain.actors import THE_HOUSE
from kursplan.store.engine.database import Database
from kursplan.store.rules import due
from kursplan.work.everywhere import in_portions


async def complete_slots(desk: Desk, database: Database, clock: Clock, fewest: int = 1) -> bool:
    """Complete what has ended, if it has in so many organizations; whether there was any."""
    now = clock.now()
    found = await database.read(partial(due.with_slots_over, now=now))

    async def complete(organization_id: int, slot_ids: Collection[int]) -> bool:
        command = CompleteSlots(organization_id, frozenset(slot_ids))
        return bool(await desk.execute(command, by=THE_HOUSE))

    if len(found) < fewest:
        return False
    return await in_portions(database, found, partial(due.slots_over, now=now), complete)
