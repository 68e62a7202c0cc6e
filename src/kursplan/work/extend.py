"""Extending series by itself, so that there are always slots for the coming weeks."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import structlog

from kursplan.clock import Clock
from kursplan.desk.desk import ChangedConcurrently, Desk, DeskBusy
from kursplan.desk.extend_series import ExtendSeries
from kursplan.store import series
from kursplan.store.database import Database

log = structlog.get_logger(__name__)

HORIZON_DAYS = 60
"""How many days ahead slots are made, unless a setting says otherwise."""


async def extend_series(
    desk: Desk, database: Database, clock: Clock, horizon_days: int = HORIZON_DAYS
) -> bool:
    """Make slots up to the horizon for every series that does not reach it yet.

    Several processes may do this at once. Whether there was something to do and it was done; what
    the desk could not do now is still due the next time.
    """
    # One horizon for all zones: they differ by a day at most, and it moves on every day.
    until = clock.now().date() + timedelta(days=horizon_days)
    worked = False
    for organization_id in await database.read(partial(series.organizations_due, until=until)):
        due = partial(series.due, organization_id=organization_id, until=until)
        for series_id in await database.read(due):
            try:
                await desk.take(ExtendSeries(organization_id, series_id, until))
            except (DeskBusy, ChangedConcurrently) as refused:
                log.info("series not extended yet", series=series_id, reason=str(refused))
            else:
                worked = True
    return worked
