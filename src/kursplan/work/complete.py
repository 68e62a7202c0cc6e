"""Completing slots that have ended."""

from __future__ import annotations

from functools import partial

from kursplan.clock import Clock
from kursplan.desk.complete import CompleteSlots
from kursplan.desk.engine.desk import Desk
from kursplan.domain.actors import THE_HOUSE
from kursplan.store.engine.database import Database
from kursplan.store.rules import due
from kursplan.work.everywhere import everywhere


async def complete_slots(desk: Desk, database: Database, clock: Clock) -> bool:
    """Complete what has ended; whether there was any."""
    now = clock.now()

    async def complete(organization_id: int) -> bool:
        over = partial(due.slots_over, organization_id=organization_id, now=now)
        slot_ids = frozenset(await database.read(over))
        return bool(await desk.execute(CompleteSlots(organization_id, slot_ids), by=THE_HOUSE))

    return await everywhere(await database.read(partial(due.with_slots_over, now=now)), complete)
