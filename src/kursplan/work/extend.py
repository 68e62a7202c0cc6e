"""Extending series, so that there are always slots for the coming weeks."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import timedelta
from functools import partial

from kursplan.clock import Clock
from kursplan.desk.engine.desk import Desk
from kursplan.desk.extend_series import HORIZON_DAYS, ExtendSeries
from kursplan.domain.actors import THE_HOUSE
from kursplan.store.engine.database import Database
from kursplan.store.rules import series
from kursplan.work.everywhere import in_portions


async def extend_series(
    desk: Desk,
    database: Database,
    clock: Clock,
    horizon_days: int = HORIZON_DAYS,
    fewest: int = 1,
) -> bool:
    """Make slots up to the horizon for every series that does not reach it, if there are any in so many
    organizations; whether there was any.

    One horizon for all zones: they differ by a day at most, and it moves on every day.
    """
    until = clock.now().date() + timedelta(days=horizon_days)
    found = await database.read(partial(series.organizations_due, until=until))

    async def extend(organization_id: int, series_ids: Collection[int]) -> bool:
        extended = [
            desk.execute(ExtendSeries(organization_id, series_id, until), by=THE_HOUSE)
            for series_id in series_ids
        ]
        await asyncio.gather(*extended)
        return bool(extended)

    if len(found) < fewest:
        return False
    return await in_portions(database, found, partial(series.due, until=until), extend)
