"""Giving away seats that were not confirmed in time."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from kursplan.clock import Clock
from kursplan.desk.engine.desk import Desk
from kursplan.desk.expire import ExpireConfirmations
from kursplan.domain.actors import THE_HOUSE
from kursplan.store.engine.database import Database
from kursplan.store.rules import due
from kursplan.work.everywhere import in_portions


async def expire_confirmations(
    desk: Desk, database: Database, clock: Clock, fewest: int = 1
) -> bool:
    """Cancel bookings whose term for confirming has passed, if it has in so many organizations; whether
    there was any."""
    now = clock.now()
    found = await database.read(partial(due.with_confirmations_expired, now=now))

    async def expire(organization_id: int, booking_ids: Collection[int]) -> bool:
        command = ExpireConfirmations(organization_id, frozenset(booking_ids))
        return bool(await desk.execute(command, by=THE_HOUSE))

    if len(found) < fewest:
        return False
    return await in_portions(database, found, partial(due.confirmations_expired, now=now), expire)
