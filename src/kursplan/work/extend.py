"""Extending series, so that there are always slots for the coming weeks."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from kursplan.clock import Clock
from kursplan.desk.engine.desk import Desk
from kursplan.desk.extend_series import HORIZON_DAYS, ExtendSeries
from kursplan.domain.actors import THE_HOUSE
from kursplan.store.engine.database import Database
from kursplan.store.rules import series
from kursplan.work.everywhere import everywhere


async def extend_series(
    desk: Desk, database: Database, clock: Clock, horizon_days: int = HORIZON_DAYS
) -> bool:
    """Make slots up to the horizon for every series that does not reach it; whether there was any.

    One horizon for all zones: they differ by a day at most, and it moves on every day.
    """
    until = clock.now().date() + timedelta(days=horizon_days)

    async def extend(organization_id: int) -> bool:
        due = partial(series.due, organization_id=organization_id, until=until)
        series_ids = await database.read(due)
        for series_id in series_ids:
            await desk.execute(ExtendSeries(organization_id, series_id, until), by=THE_HOUSE)
        return bool(series_ids)

    return await everywhere(
        await database.read(partial(series.organizations_due, until=until)), extend
    )
