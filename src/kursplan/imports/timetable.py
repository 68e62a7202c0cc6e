"""A timetable as other systems export it: slots by their dates, folded into weekly series.

Dates that repeat week by week with the same class, time, length, instructor, room and seats are a
series; a week that is left out, or different, divides it, and what is different stands by itself. All
times are wall time in the studio. What is past is left out: nobody can book it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from kursplan.domain.names import folded
from kursplan.domain.sentences import Mistaken, Sentence
from kursplan.imports.days import NoDay, day_of, time_of
from kursplan.imports.people import Refused, of_cell
from kursplan.imports.table import Row
from kursplan.imports.understand import Understanding

_WEEK = timedelta(days=7)
_DAY_IN_MINUTES = 24 * 60
_NO_DAY = Sentence("has no day")
_FEWEST_WEEKS = 2
"""How many make a series."""
_CANCELLED = {
    *map(folded, ("abgesagt", "storniert", "gelöscht", "ausgefallen", "fällt aus")),
    *map(folded, ("cancelled", "canceled", "deleted")),
}
_SEVERAL = re.compile(r"\s*(?:[;/&+|]|\bund\b|\band\b)\s*")


@dataclass(frozen=True, slots=True)
class Traits:
    """What slots of a series have in common, in the words of the file."""

    title: str
    minutes: int | None
    """None where the file does not say how long it takes."""
    instructors: tuple[str, ...] = ()
    room: str = ""
    seats: int | None = None
    """None where the file does not say how many there are."""


@dataclass(frozen=True, slots=True)
class Dated:
    """One slot."""

    start: datetime
    """Wall time in the studio."""
    traits: Traits
    place: Sentence
    """Where in the file it stands."""
    row: Row | None = field(default=None, compare=False)
    """The row that says it; None in a calendar."""


@dataclass(frozen=True, slots=True)
class Weekly:
    """A series; both its first and last day belong to it, and without a last one it goes on."""

    weekdays: frozenset[int]
    start: time
    first_day: date
    last_day: date | None
    traits: Traits
    place: Sentence

    def days(self, until: date) -> Iterator[date]:
        """On which days it takes place, up to one."""
        last = until if self.last_day is None else min(until, self.last_day)
        for ordinal in range(self.first_day.toordinal(), last.toordinal() + 1):
            day = date.fromordinal(ordinal)
            if day.weekday() in self.weekdays:
                yield day

    def without(self, days: Iterable[date]) -> Iterator[Weekly]:
        """The same without some days: divided by them."""
        begin = self.first_day
        for gap in sorted({each for each in days if self.first_day <= each}):
            if self.last_day is not None and gap > self.last_day:
                break
            if gap.weekday() in self.weekdays:
                yield from _if_ever(
                    replace(self, first_day=begin, last_day=gap - timedelta(days=1))
                )
                begin = gap + timedelta(days=1)
        yield from _if_ever(replace(self, first_day=begin))


@dataclass(frozen=True, slots=True)
class Problem:
    """What of a calendar can't be taken, and why."""

    place: Sentence
    why: Sentence

    def __str__(self) -> str:
        return f"{self.place}: {self.why}"


@dataclass(slots=True)
class Read:
    """All that a file says of a timetable."""

    dated: list[Dated] = field(default_factory=list)
    weekly: list[Weekly] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    past: int = 0
    cancelled: int = 0


def from_table(found: Understanding, now: datetime) -> Read:
    """The rows of a table; `now` is the wall time in the studio."""
    read = Read()
    for row in found.table.rows():
        if row.wrong is not None:
            read.refused.append(Refused(row, (row.wrong,)))
        elif folded(found.cell(row, "status")) in _CANCELLED:
            read.cancelled += 1
        elif isinstance(dated := _dated(found, row), Refused):
            read.refused.append(dated)
        elif dated.start <= now:
            read.past += 1
        else:
            read.dated.append(dated)
    return read


def fold(dated: Iterable[Dated], *, go_on: bool) -> tuple[list[Weekly], list[Dated]]:
    """Series, and what takes place by itself.

    With `go_on`, what still takes place in the last week goes on without an end.
    """
    by_traits: defaultdict[tuple[int, time, Traits], dict[date, Dated]] = defaultdict(dict)
    for each in dated:
        by_traits[each.start.weekday(), each.start.time(), each.traits][each.start.date()] = each
    last = max((day for days in by_traits.values() for day in days), default=date.min)
    weekly: list[Weekly] = []
    single: list[Dated] = []
    for (weekday, start, traits), days in by_traits.items():
        for run in _runs(sorted(days)):
            continues = go_on and last - run[-1] < _WEEK
            if len(run) >= _FEWEST_WEEKS or continues:
                ends = None if continues else run[-1]
                place = days[run[0]].place
                weekly.append(Weekly(frozenset({weekday}), start, run[0], ends, traits, place))
            else:
                single.extend(days[day] for day in run)
    weekly.sort(key=lambda each: (each.first_day, each.start, each.traits.title))
    single.sort(key=lambda each: (each.start, each.traits.title))
    return weekly, single


def start_of(found: Understanding, row: Row) -> datetime:
    """When a row takes place. Raises `Mistaken`, saying what is wrong with which cell."""
    days_in = "date" if "date" in found.columns else "start"
    text = found.cell(row, days_in)
    if not text:
        raise Mistaken(_NO_DAY)
    try:
        day = day_of(text, found.order)
        at = found.cell(row, "start") if days_in == "date" else text
        if not at:
            at = text
        begins = time_of(at)
    except NoDay as no_day:
        raise Mistaken(of_cell(found.columns[days_in].head, text, no_day.says)) from no_day
    except Mistaken as no_time:
        raise Mistaken(of_cell(found.columns["start"].head, at, no_time.says)) from no_time
    if day is None:
        raise Mistaken(_NO_DAY)
    if begins is None:
        raise Mistaken(Sentence("has no time"))
    return datetime.combine(day, begins)


def names_in(cell: str) -> tuple[str, ...]:
    """The instructors that a cell names, each once. A comma may stand within a name: "Last, First"."""
    names: list[str] = []
    for each in _SEVERAL.split(cell):
        parts = [part.strip() for part in each.split(",") if part.strip()]
        are_whole = all(" " in part for part in parts)
        names.extend(parts if len(parts) > 2 or are_whole else [each.strip(" ,")])
    return tuple(dict.fromkeys(each for each in names if each))


def _dated(found: Understanding, row: Row) -> Dated | Refused:
    reasons: list[Sentence] = []
    title = found.cell(row, "title")
    if not title:
        reasons.append(Sentence("has no class"))
    start, minutes = None, None
    try:
        start = start_of(found, row)
        minutes = _minutes(found, row, start)
    except Mistaken as mistaken:
        reasons.append(mistaken.says)
    seats = found.cell(row, "seats")
    if seats and not (seats.isascii() and seats.isdigit()):
        says = Sentence("is no number of seats")
        reasons.append(of_cell(found.columns["seats"].head, seats, says))
    if reasons or start is None:
        return Refused(row, tuple(reasons))
    instructors = names_in(found.cell(row, "instructor"))
    traits = Traits(
        title, minutes, instructors, found.cell(row, "room"), int(seats) if seats else None
    )
    return Dated(start, traits, Sentence("line %(line)s", line=row.line), row)


def _minutes(found: Understanding, row: Row, start: datetime) -> int | None:
    """How long it takes, by its end or by its duration. Raises `Mistaken`."""
    if end := found.cell(row, "end"):
        try:
            at = time_of(end)
        except Mistaken as no_time:
            raise Mistaken(of_cell(found.columns["end"].head, end, no_time.says)) from no_time
        if at is not None:
            length = datetime.combine(start.date(), at) - start
            # What ends before it begins ends on the next day.
            return int(length.total_seconds()) // 60 % _DAY_IN_MINUTES or _DAY_IN_MINUTES
    if length_told := found.cell(row, "duration"):
        return _length(found.columns["duration"].head, length_told)
    return None


def _length(head: str, text: str) -> int:
    if told := re.fullmatch(r"(\d{1,2}):(\d{2})(?::\d{2})?\s*(?:h|std\.?)?", text, re.IGNORECASE):
        minutes = int(told[1]) * 60 + int(told[2])
    elif told := re.fullmatch(
        r"(\d{1,4})\s*(?:min\.?|mins|minutes|minuten|')?", text, re.IGNORECASE
    ):
        minutes = int(told[1])
    else:
        raise Mistaken(of_cell(head, text, Sentence("is no length of time")))
    if not 1 <= minutes <= _DAY_IN_MINUTES:
        raise Mistaken(of_cell(head, text, Sentence("is not from 1 minute to a day")))
    return minutes


def _runs(days: list[date]) -> Iterator[list[date]]:
    """Days that follow each other week by week."""
    run: list[date] = []
    for day in days:
        if run and day - run[-1] != _WEEK:
            yield run
            run = []
        run.append(day)
    if run:
        yield run


def _if_ever(weekly: Weekly) -> Iterator[Weekly]:
    """The series, with the first and last day on which it does take place, if there are any."""
    if weekly.last_day is None:
        yield weekly
        return
    days = list(weekly.days(weekly.last_day))
    if days:
        yield replace(weekly, first_day=days[0], last_day=days[-1])
