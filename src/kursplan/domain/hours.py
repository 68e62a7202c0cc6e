"""Opening hours as a week of days: how lines of them come to that, and back again.

The operator writes lines, each the same hours on some weekdays in a row; people read and write days.
Whether somebody may book does not depend on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import time
from itertools import groupby

from kursplan.domain.entries import Hours

DAYS = 7
_DAY = 24 * 60
_WEEK = DAYS * _DAY


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From when to when it is open on a day; `closes` that is not after `opens` is on the next day."""

    opens: time
    closes: time


Week = tuple[tuple[Span, ...], ...]
"""What there is on each day, Monday first; nothing on a day on which it is closed."""


def week_of(lines: Iterable[Hours]) -> Week:
    days: list[set[Span]] = [set() for _ in range(DAYS)]
    for each in lines:
        for day in range(each.day_from, each.day_to + 1):
            days[day].add(Span(each.time_from, each.time_to))
    return tuple(tuple(sorted(day)) for day in days)


def lines_of(week: Week) -> tuple[Hours, ...]:
    """As few lines as say it: days in a row with the same hours share theirs."""
    return tuple(
        Hours(first, last, each.opens, each.closes)
        for first, last, spans in alike(week)
        for each in spans
    )


def alike(week: Week) -> Iterator[tuple[int, int, tuple[Span, ...]]]:
    """Days in a row that are alike, by the first and the last of them."""
    for spans, days in groupby(range(DAYS), week.__getitem__):
        first, *rest = days
        yield first, rest[-1] if rest else first, spans


def overlapping(week: Week) -> int | None:
    """The first day whose hours overlap other ones, those of the night before too."""
    taken: list[tuple[int, int]] = []
    for day, spans in enumerate(week):
        for each in spans:
            times = list(minutes_of_week(day, each.opens, each.closes))
            if any(begin < until and since < end for begin, end in taken for since, until in times):
                return day
            taken += times
    return None


def minutes_of_week(day: int, opens: time, closes: time) -> Iterator[tuple[int, int]]:
    """The hours of one day as minutes since Monday, 00:00; in two parts where the week ends."""
    begin = day * _DAY + opens.hour * 60 + opens.minute
    end = day * _DAY + closes.hour * 60 + closes.minute
    if closes < opens:
        end += _DAY
    yield begin, min(end, _WEEK)
    if end > _WEEK:
        yield 0, end - _WEEK
