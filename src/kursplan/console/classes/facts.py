"""A class with all that its pages need to know of it, read in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from sqlalchemy import Connection

from kursplan.console.classes.options import Rate
from kursplan.console.classes.saying import Example
from kursplan.console.places import Place
from kursplan.domain.entries import ClassEntry
from kursplan.domain.localtime import day_of, instant_of
from kursplan.domain.studios import Studio, zone_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.entries import classes as entries
from kursplan.store.staff import customers, timetable

SHOWN: Final = 12
"""How many of its next slots stand on its page."""
AHEAD: Final = timedelta(days=3653)
WEEK: Final = timedelta(days=7)
EVENING: Final = time(18)
"""When a slot begins that is only an example."""


@dataclass(frozen=True, slots=True)
class Known:
    """A class, or one that is yet to be made."""

    entry: ClassEntry
    place: Place
    rates: Sequence[Rate]
    """All of the organization."""
    others: Sequence[str]
    """The names of its other studios."""
    categories: Sequence[str]
    next: Sequence[AnyRow]
    """Its next slots, at most `SHOWN`."""

    @property
    def studio(self) -> Studio:
        return Studio(self.place.id, self.place.zone)

    @property
    def rate_names(self) -> Sequence[str]:
        return self.named(self.entry)

    def named(self, entry: ClassEntry) -> Sequence[str]:
        """The rates that an entry names, by their names."""
        return [each.name for each in self.rates if each.key in entry.rates]

    def example(self, now: datetime) -> Example:
        """The next slot, or an evening in a week."""
        if self.next:
            return Example(self.next[0].starts_at, is_made_up=False)
        day = day_of(now, self.place.zone) + WEEK
        return Example(instant_of(datetime.combine(day, EVENING), self.place.zone), is_made_up=True)


def known(tx: Connection, organization_id: int, class_id: int, now: datetime) -> Known | None:
    """The class of that id; None where there is none."""
    entry = entries.load(tx, organization_id, [class_id]).get(class_id)
    if entry is None:
        return None
    slots = timetable.slots_of_classes(tx, organization_id, [class_id], now, now + AHEAD, SHOWN)
    return _known(tx, organization_id, entry, slots)


def new(tx: Connection, organization_id: int, studio: str) -> Known:
    """One that is yet to be made, in the studio of that key."""
    return _known(tx, organization_id, ClassEntry("", studio, "", 60), ())


def _known(
    tx: Connection, organization_id: int, entry: ClassEntry, slots: Sequence[AnyRow]
) -> Known:
    studios = timetable.studios(tx, organization_id)
    [own] = [each for each in studios if each.key == entry.studio]
    titles = timetable.titles(tx, organization_id, [own.id])
    return Known(
        entry,
        Place(own.id, own.key, own.name, zone_of(own.zone)),
        [Rate(each.id, each.key, each.name) for each in customers.rates(tx, organization_id)],
        [each.name for each in studios if each.key != entry.studio],
        sorted({each.category for each in titles if each.category}),
        slots,
    )
