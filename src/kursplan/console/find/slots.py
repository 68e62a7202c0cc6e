"""Classes by their titles, and the slots that are meant by a class, a day and a time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from kursplan.console.find.typed import Typed
from kursplan.console.places import Place
from kursplan.console.visit import Visit
from kursplan.domain.localtime import local, start_of_day
from kursplan.domain.names import folded
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff import timetable

ONE_DAY: Final = timedelta(days=1)
AHEAD: Final = timedelta(days=60)
"""How far slots are looked for where no day was typed."""
LOOKED_AT: Final = 400
"""Among how many slots those of a time are looked for."""


async def classes(visit: Visit, places: Sequence[Place], words: Sequence[str]) -> list[AnyRow]:
    """The classes of these studios in whose title, or category, each of the words is."""
    wanted = [plain for word in words if (plain := folded(word))]
    if not wanted:
        return []
    rows = await visit.read(timetable.titles, [each.id for each in places])
    return [
        row
        for row in rows
        if all(word in folded(f"{row.title} {row.category or ''}") for word in wanted)
    ]


async def of_studios(visit: Visit, places: Sequence[Place]) -> set[int]:
    """All classes of these studios."""
    rows = await visit.read(timetable.titles, [each.id for each in places])
    return {row.id for row in rows}


async def slots(
    visit: Visit,
    typed: Typed,
    class_ids: Collection[int],
    places: Sequence[Place],
    now: datetime,
    limit: int,
) -> list[AnyRow]:
    """The slots of these classes on the day that was typed, or else those that are not over, the next first."""
    zones = {each.key: each.zone for each in places}
    if typed.days:
        first = typed.days[0]
        since = min(start_of_day(first, zone) for zone in zones.values())
        until = max(start_of_day(first + ONE_DAY, zone) for zone in zones.values())
    else:
        since, until = now - ONE_DAY, now + AHEAD
    rows = await visit.read(timetable.slots_of_classes, class_ids, since, until, LOOKED_AT)
    found = []
    for row in rows:
        start = local(row.starts_at, zones[row.studio])
        on_day = not typed.days or start.date() == typed.days[0]
        running = bool(typed.days) or row.ends_at > now
        if on_day and running and typed.fits(start.time()):
            found.append(row)
    return found[:limit]
