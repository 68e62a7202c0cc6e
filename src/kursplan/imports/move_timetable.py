"""The timetable of a studio that moves in: read from a table or a calendar, planned, and loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kursplan import gymfile
from kursplan.clock import Clock
from kursplan.desk.engine.desk import Desk
from kursplan.domain.actors import Actor
from kursplan.domain.clashes import Clash
from kursplan.gymfile.stored import NOBODY, stored
from kursplan.imports.calendars import read_calendar
from kursplan.imports.plan_timetable import TimetablePlan, plan_timetable
from kursplan.imports.timetable import Read, from_table
from kursplan.imports.understand import Understanding
from kursplan.store.engine.database import Database

_DATES_UNTIL = timedelta(days=366)
"""How far what repeats, but not weekly, is planned."""

Progress = Callable[[str, int, int], None]
"""Is told the section, how much of it is done, and how much there is to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """What the file is, and how it is read once the studio is known."""

    read: Callable[[ZoneInfo, datetime], Read]
    """By the zone of the studio, and its wall time. Raises `Unreadable`."""
    table: Understanding | None
    """None for a calendar."""

    @classmethod
    def calendar(cls, data: bytes) -> Source:
        return cls(
            lambda zone, now: read_calendar(data, zone, now, now.date() + _DATES_UNTIL), None
        )

    @classmethod
    def of_table(cls, found: Understanding) -> Source:
        return cls(lambda _, now: from_table(found, now), found)


async def planned(
    database: Database,
    clock: Clock,
    source: Source,
    organization: str,
    studio: str,
    zone: ZoneInfo,
    *,
    go_on: bool,
) -> TimetablePlan:
    """What would be added to the timetable of the studio. Raises `Unreadable`."""
    read = source.read(zone, clock.now().astimezone(zone).replace(tzinfo=None))
    there = await database.read(lambda tx: stored(tx, organization, customers=NOBODY))
    return plan_timetable(read, there, studio, go_on=go_on)


async def bring(
    desk: Desk,
    database: Database,
    clock: Clock,
    plan: TimetablePlan,
    *,
    by: Actor,
    progress: Progress,
    horizon_days: int,
) -> Sequence[Clash]:
    """Load the gym files that are made of it; which instructors and rooms are twice at the same time.

    Raises what `gymfile.load` raises; importing again carries on.
    """
    clashes: list[Clash] = []
    for text in plan.gym_files:
        done = await gymfile.load(
            desk,
            database,
            clock,
            gymfile.read(text),
            by=by,
            progress=progress,
            horizon_days=horizon_days,
        )
        clashes += done.summary.clashes
    return clashes
