"""Filling seats beside which somebody waits.

A seat that becomes free is filled in the same turn. What is left for here is that somebody could
not take it then and can now: an idle period was taken back, another booking given up, a closure
ended, a class changed over to automatic promotion.
"""

from __future__ import annotations

from functools import partial

from kursplan.clock import Clock
from kursplan.desk.desk import Desk
from kursplan.desk.promote import Promote
from kursplan.store import due
from kursplan.store.database import Database
from kursplan.work.everywhere import everywhere


async def promote_waiting(desk: Desk, database: Database, clock: Clock) -> bool:
    """Have customers move up to seats that are free; whether anybody did."""
    now = clock.now()

    async def promote(organization_id: int) -> bool:
        to_fill = partial(due.seats_to_fill, organization_id=organization_id, now=now)
        worked = False
        for slot_id in await database.read(to_fill):
            promotion = Promote(organization_id, slot_id)
            # Mostly nobody can move up, and to find that out takes no lock.
            if await desk.try_out(promotion):
                worked |= bool(await desk.take(promotion))
        return worked

    return await everywhere(await database.read(partial(due.with_seats_to_fill, now=now)), promote)
