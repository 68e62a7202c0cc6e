"""Moments on pages that are of no studio: by the clock of all of them where they share one, else in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from kursplan.console.visit import Visit
from kursplan.console.words import Words
from kursplan.domain.localtime import local
from kursplan.domain.studios import zone_of
from kursplan.store.staff import timetable


class Moments:
    def __init__(self, words: Words, zone: ZoneInfo | None, now: datetime) -> None:
        self._words = words
        self._says_utc = zone is None
        self.zone = zone or ZoneInfo("UTC")
        self._this_year = local(now, self.zone).year

    @classmethod
    async def of(cls, visit: Visit) -> Moments:
        zones = {each.zone for each in await visit.read(timetable.studios)}
        zone = zone_of(zones.pop()) if len(zones) == 1 else None
        return cls(visit.words, zone, visit.services.clock.now())

    def at(self, instant: datetime) -> str:
        """`Mon 30 Nov, 18:00`; of another year with the year."""
        at, words = local(instant, self.zone), self._words
        if at.year == self._this_year:
            told = words.moment(at)
        else:
            told = words.gettext("%(day)s, %(time)s", day=words.day(at.date()), time=words.time(at))
        return f"{told} UTC" if self._says_utc else told

    @staticmethod
    def to_the_second(instant: datetime) -> str:
        """`2026-11-30 17:00:05 UTC`, as it stands in logs of partners."""
        return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
