"""Contingents: how many bookings a membership grants in a calendar period.

A contingent is counted on the day of the slot, not on the day of the booking: a class on 1 May
that is booked in April uses May's contingent. Which bookings count as used (seats do, waiting does
not, a late cancellation does) is decided by the rules of booking.
"""

from calendar import monthrange
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Period(StrEnum):
    """The calendar periods in which a contingent is counted; a week starts on Monday."""

    WEEK = "WEEK"
    MONTH = "MONTH"
    YEAR = "YEAR"
    TOTAL = "TOTAL"


@dataclass(frozen=True, slots=True)
class Contingent:
    """So many bookings in each period; None is without limit, 0 grants nothing.

    Raises ValueError for a negative number.
    """

    bookings: int | None
    period: Period

    def __post_init__(self) -> None:
        if self.bookings is not None and self.bookings < 0:
            raise ValueError(
                f"A contingent of {self.bookings} bookings is out of range: "
                f"give 0 or more, or none for no limit."
            )


def span(period: Period, day: date) -> tuple[date, date]:
    """Return the first and the last day of the period in which `day` lies, both included."""
    match period:
        case Period.WEEK:
            monday = day - timedelta(days=day.weekday())
            return monday, monday + timedelta(days=6)
        case Period.MONTH:
            return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])
        case Period.YEAR:
            return date(day.year, 1, 1), date(day.year, 12, 31)
        case Period.TOTAL:
            return date.min, date.max


def has_room(contingent: Contingent, day: date, used_days: Iterable[date]) -> bool:
    """Say whether a slot on `day` still fits, where `used_days` has one entry per booking used."""
    if contingent.bookings is None:
        return True
    return used_with(contingent.period, day, used_days) < contingent.bookings


def used_with(period: Period, day: date, used_days: Iterable[date]) -> int:
    """Count what is used in the period in which `day` lies."""
    first, last = span(period, day)
    return sum(first <= used <= last for used in used_days)


def left_of(contingent: Contingent, day: date, used_days: Iterable[date]) -> int:
    """How many are left of a contingent with a limit in the period in which `day` lies."""
    granted = contingent.bookings or 0
    return max(0, granted - used_with(contingent.period, day, used_days))


def limited(
    contingents: Iterable[Contingent], day: date, used_days: Collection[date]
) -> list[Contingent]:
    """Those with a limit; the one of which the fewest are left on `day` comes first."""
    order = list(Period)
    return sorted(
        (each for each in contingents if each.bookings is not None),
        key=lambda each: (left_of(each, day, used_days), order.index(each.period)),
    )


def tightest(
    contingents: Iterable[Contingent], day: date, used_days: Collection[date]
) -> Contingent | None:
    """The contingent of which the fewest are left on `day`; None where none has a limit."""
    return next(iter(limited(contingents, day, used_days)), None)


def next_period(period: Period, day: date) -> date | None:
    """Return the first day of the period after the one in which `day` lies; None where none follows."""
    last = span(period, day)[1]
    return None if last == date.max else last + timedelta(days=1)
