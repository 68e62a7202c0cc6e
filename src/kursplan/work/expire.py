"""Giving away seats that were not confirmed in time."""

from __future__ import annotations

from functools import partial

from kursplan.clock import Clock
from kursplan.desk.engine.desk import Desk
from kursplan.desk.expire import ExpireConfirmations
from kursplan.domain.actors import THE_HOUSE
from kursplan.store.engine.database import Database
from kursplan.store.rules import due
from kursplan.work.everywhere import everywhere


async def expire_confirmations(desk: Desk, database: Database, clock: Clock) -> bool:
    """Cancel bookings whose term for confirming has passed; whether there was any."""
    now = clock.now()

    async def expire(organization_id: int) -> bool:
        expired = partial(due.confirmations_expired, organization_id=organization_id, now=now)
        booking_ids = frozenset(await database.read(expired))
        return bool(
            await desk.execute(ExpireConfirmations(organization_id, booking_ids), by=THE_HOUSE)
        )

    return await everywhere(
        await database.read(partial(due.with_confirmations_expired, now=now)), expire
    )
