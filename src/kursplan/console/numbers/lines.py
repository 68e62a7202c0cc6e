"""The lines of the tables, before they are written: what each is about, and its sums, now and before.

A page shows some of them as words and bars; a spreadsheet gets all of them as plain numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Final

from kursplan.console.addresses import address
from kursplan.console.numbers.asked import Wanted
from kursplan.console.tones import tone_of
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.domain.names import folded
from kursplan.domain.numbers import Days, Sums, total
from kursplan.store.staff.numbers import By, Summed

NOTHING: Final = Sums()
WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class Names:
    """What the numbers of classes, rooms and employees stand for."""

    classes: Mapping[int, str]
    rooms: Mapping[int, str]
    employees: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Line:
    labels: tuple[str, ...]
    now: Sums
    before: Sums
    href: str | None = None
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as a whole: what it is of, and its lines."""

    labels: tuple[str, ...]
    """What the first columns are, in English, as catalogues know it."""
    lines: Callable[[], Sequence[Line]]


class LineWriter:
    def __init__(
        self, words: Words, wanted: Wanted, names: Names, now: Summed, before: Summed
    ) -> None:
        self._words = words
        self._wanted = wanted
        self._names = names
        self._now = now
        self._before = before

    @property
    def sheets(self) -> Mapping[str, Sheet]:
        """By the name that it has in addresses."""
        return {
            "hours": Sheet((_("Weekday"), _("Hour")), self.hours),
            "weeks": Sheet((_("From"), _("To")), self.weeks),
            "classes": Sheet((_("Class"),), self.classes),
            "rooms": Sheet((_("Room"),), self.rooms),
            "instructors": Sheet((_("Instructor"),), self.instructors),
            "wanted": Sheet((_("Class"), _("Weekday"), _("Time")), self.wanted),
        }

    @property
    def totals(self) -> tuple[Sums, Sums]:
        """Of everything, now and before."""
        return total(self._of(self._now, By.CLASS)), total(self._of(self._before, By.CLASS))

    def classes(self) -> list[Line]:
        """The fullest first."""
        titles = self._names.classes
        return _fullest_first(
            Line(
                (titles.get(class_id, ""),),
                now,
                before,
                self._wanted.having(**{"class": class_id}),
                tone_of(class_id),
            )
            for class_id, now, before in self._pairs(By.CLASS)
        )

    def rooms(self) -> list[Line]:
        without = self._words.gettext("Without a room")
        return _fullest_first(
            Line(
                (self._names.rooms.get(room_id, without),),
                now,
                before,
                self._wanted.having(room=room_id) if room_id in self._names.rooms else None,
            )
            for room_id, now, before in self._pairs(By.ROOM)
        )

    def instructors(self) -> list[Line]:
        """By their names: it is no contest."""
        found = [
            Line(
                (self._names.employees.get(employee_id, ""),),
                now,
                before,
                self._wanted.having(instructor=employee_id),
            )
            for employee_id, now, before in self._pairs(By.INSTRUCTOR)
        ]
        return sorted(found, key=lambda each: folded(each.labels[0]))

    def hours(self) -> list[Line]:
        """Where anything took place, in the order of a week."""
        before = self._before.get(By.HOUR, {})
        return [
            Line((self._words.weekdays[day], self._words.hour(hour)), now, before.get(key, NOTHING))
            for day, hour, key, now in sorted(
                (_from_monday(key[0]), key[1], key, now)
                for key, now in self._now.get(By.HOUR, {}).items()
            )
        ]

    def weeks(self) -> list[Line]:
        now = _by_week(self._wanted.days, self._now)
        before = _by_week(self._wanted.before, self._before)
        return [
            Line(
                (days.first.isoformat(), days.last.isoformat()),
                sums,
                before[at][1] if at < len(before) else NOTHING,
            )
            for at, (days, sums) in enumerate(now)
        ]

    def wanted(self) -> list[Line]:
        """Where people got no place, the most of them first."""
        before = self._before.get(By.START, {})
        found = [
            Line(
                (
                    self._names.classes.get(class_id, ""),
                    self._words.weekdays[_from_monday(weekday)],
                    self._words.time(_time_of(minute)),
                ),
                now,
                before.get((class_id, weekday, minute), NOTHING),
                self.next_day(weekday),
                tone_of(class_id),
            )
            for (class_id, weekday, minute), now in self._now.get(By.START, {}).items()
            if now.in_vain
        ]
        return sorted(found, key=lambda each: (-each.now.in_vain, each.labels))

    def next_day(self, weekday: int) -> str:
        """The next such day on the timetable, by rooms: so it is seen what is free then."""
        today = self._wanted.today
        ahead = (_from_monday(weekday) - today.weekday()) % WEEK or WEEK
        studio = self._wanted.parameters.get("studio")
        day = date.fromordinal(today.toordinal() + ahead)
        return address("timetable", show="rooms", day=day, studio=studio)

    def _pairs(self, by: By) -> Iterable[tuple[int, Sums, Sums]]:
        before = self._before.get(by, {})
        for key, now in self._now.get(by, {}).items():
            yield key[0], now, before.get(key, NOTHING)

    @staticmethod
    def _of(summed: Summed, by: By) -> Iterable[Sums]:
        return summed.get(by, {}).values()


def _by_week(days: Days, summed: Summed) -> list[tuple[Days, Sums]]:
    by_day = {date(*key): sums for key, sums in summed.get(By.DAY, {}).items()}
    return [
        (
            week,
            total(sums for day, sums in by_day.items() if week.first <= day <= week.last),
        )
        for week in days.weeks()
    ]


def _fullest_first(lines: Iterable[Line]) -> list[Line]:
    """Those of which no seats are counted come last."""
    return sorted(
        lines,
        key=lambda each: (
            each.now.share is None,
            -(each.now.share or 0),
            folded(each.labels[0]),
        ),
    )


def _from_monday(weekday: int) -> int:
    """Databases count from Sunday."""
    return (weekday - 1) % WEEK


def _time_of(minute: int) -> time:
    return time(minute // 60, minute % 60)
