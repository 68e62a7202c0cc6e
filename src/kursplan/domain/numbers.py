"""What the numbers of a studio are about: which days, what is summed up, and what it says about demand.

Only slots that are over and took place are counted, by the days of their studio.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from enum import StrEnum

from kursplan.domain.values import value

_A_DAY = timedelta(days=1)
A_WEEK = timedelta(days=7)
A_YEAR_OF_WEEKS = timedelta(weeks=52)
"""A year before that has the same weekdays."""

LEAST_SLOTS = 3
"""A class is not looked at for a second one at its time before it took place so often."""
WORTH_A_SECOND = 1 / 3
"""How full a second one would have been at least."""


class Span(StrEnum):
    """Which days are looked at; the one that is not over is never among them."""

    QUARTER = "13-weeks"
    FOUR_WEEKS = "4-weeks"
    YEAR_OF_WEEKS = "52-weeks"
    MONTH = "month"
    LAST_MONTH = "last-month"
    YEAR = "year"


class Against(StrEnum):
    """With what they are compared."""

    BEFORE = "before"
    YEAR_BEFORE = "year-before"


_WEEKS = {Span.QUARTER: 13, Span.FOUR_WEEKS: 4, Span.YEAR_OF_WEEKS: 52}


@value
class Days:
    first: date
    last: date
    """Included."""

    @property
    def count(self) -> int:
        return (self.last - self.first).days + 1

    def weeks(self) -> Iterator[Days]:
        """In parts of seven days; the last one may be shorter."""
        first = self.first
        while first <= self.last:
            yield Days(first, min(first + A_WEEK - _A_DAY, self.last))
            first += A_WEEK


def days_of(span: Span, today: date) -> Days:
    """Whole weeks from Monday to Sunday, the whole month that was last, or the month or year as far as it is over;
    on its first day the one before."""
    if span in _WEEKS:
        last = today - (today.weekday() + 1) * _A_DAY
        return Days(last - _WEEKS[span] * A_WEEK + _A_DAY, last)
    last = today.replace(day=1) - _A_DAY if span is Span.LAST_MONTH else today - _A_DAY
    first = last.replace(day=1)
    return Days(first.replace(month=1) if span is Span.YEAR else first, last)


def days_before(span: Span, days: Days, against: Against) -> Days:
    """As many days of the time before, or of the year before; before a whole month the whole one."""
    if span in _WEEKS:
        back = days.count * _A_DAY if against is Against.BEFORE else A_YEAR_OF_WEEKS
        return Days(days.first - back, days.last - back)
    if span is not Span.YEAR and against is Against.BEFORE:
        end = days.first - _A_DAY
        first = end.replace(day=1)
        if span is Span.LAST_MONTH:
            return Days(first, end)
        return Days(first, min(first + (days.count - 1) * _A_DAY, end))
    return Days(_a_year_before(days.first), _a_year_before(days.last))


def _a_year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


@value
class Sums:
    """Of some slots."""

    slots: int = 0
    offered: int = 0
    """Seats of those that have so many and no more; the others are left out of what is taken, too."""
    taken: int = 0
    """Of those seats, by bookings and by people without one. There may be more of them than seats."""
    booked: int = 0
    """Bookings that had a seat."""
    missing: int = 0
    """Bookings of people who were marked as missing."""
    late: int = 0
    """Bookings that were cancelled late."""
    waited: int = 0
    """Who still waited when it began."""
    turned_away: int = 0
    """Who wanted a place, was refused because there was none, and had none in the end."""
    minutes: int = 0
    """How long they lasted."""

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.slots + other.slots,
            self.offered + other.offered,
            self.taken + other.taken,
            self.booked + other.booked,
            self.missing + other.missing,
            self.late + other.late,
            self.waited + other.waited,
            self.turned_away + other.turned_away,
            self.minutes + other.minutes,
        )

    @property
    def share(self) -> float | None:
        """Of the seats, how many were taken; None where none were counted."""
        return self.taken / self.offered if self.offered else None

    @property
    def missing_share(self) -> float | None:
        """Of those who had a seat, how many were missing."""
        return self.missing / self.booked if self.booked else None

    @property
    def in_vain(self) -> int:
        """Who wanted a place and got none."""
        return self.waited + self.turned_away

    @property
    def second_share(self) -> float | None:
        """How full another one at the same time would have been with those."""
        return self.in_vain / self.offered if self.offered else None

    @property
    def is_worth_a_second(self) -> bool:
        share = self.second_share
        return self.slots >= LEAST_SLOTS and share is not None and share >= WORTH_A_SECOND


def total(sums: Iterable[Sums]) -> Sums:
    return sum(sums, Sums())
