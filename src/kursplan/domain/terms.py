"""Terms: deadlines relative to a slot's start, when something opens or closes.

MINUTES and HOURS are elapsed time. DAY, WEEK, MONTH and YEAR are calendar arithmetic on the local
day of the start, and take whole local days (F27): what opens does so with the first instant of
the day, what closes does so with the last millisecond of the day. Both bounds belong to the
window, so that callers compare with `<=` (F29).

What a term is for (earliest booking, latest cancellation, ...) is known to the caller alone.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from kursplan.domain.localtime import day_of, start_of_day
from kursplan.domain.sentences import Mistaken, Sentence


class TermUnit(StrEnum):
    """The units of a term, in the spelling of the published contract."""

    MINUTES = "MINUTES"
    HOURS = "HOURS"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    YEAR = "YEAR"


# Ten years in each unit. No gym opens its booking earlier, and no bound can leave the calendar.
LONGEST = {
    TermUnit.MINUTES: 3653 * 24 * 60,
    TermUnit.HOURS: 3653 * 24,
    TermUnit.DAY: 3653,
    TermUnit.WEEK: 521,
    TermUnit.MONTH: 120,
    TermUnit.YEAR: 10,
}

_ELAPSED = {TermUnit.MINUTES: timedelta(minutes=1), TermUnit.HOURS: timedelta(hours=1)}
_DAYS = {TermUnit.DAY: 1, TermUnit.WEEK: 7}
_MONTHS = {TermUnit.MONTH: 1, TermUnit.YEAR: 12}

_ONE_DAY = timedelta(days=1)
_ONE_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Term:
    """A length of time before a slot's start, such as `7 DAY`.

    Raises `Mistaken` for a negative value and for more than ten years.
    """

    value: int
    unit: TermUnit

    def __post_init__(self) -> None:
        if not 0 <= self.value <= LONGEST[self.unit]:
            raise Mistaken(
                Sentence(
                    "A term of %(value)s %(unit)s is out of range: give 0 to %(most)s %(unit)s.",
                    value=self.value,
                    unit=self.unit,
                    most=LONGEST[self.unit],
                )
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a term as `str` writes it; raise `Mistaken` where it can't be read."""
        value, _, unit = text.partition(" ")
        if not (value.isascii() and value.isdecimal()):
            says = Sentence(
                "%(text)s is not a term: write a whole number, a space and a unit, as in '7 DAY'.",
                text=repr(text[:40]),
            )
            raise Mistaken(says)
        if unit not in LONGEST:
            raise Mistaken(
                Sentence(
                    "%(text)s is not a term: its unit is %(unit)s, which should be one of %(units)s.",
                    text=repr(text[:40]),
                    unit=repr(unit[:40]),
                    units=", ".join(TermUnit),
                )
            )
        if len(value) > len(str(LONGEST[TermUnit.MINUTES])):
            raise Mistaken(
                Sentence(
                    "%(text)s is not a term: it is longer than %(most)s %(unit)s.",
                    text=repr(text[:40]),
                    most=LONGEST[TermUnit(unit)],
                    unit=unit,
                )
            )
        return cls(int(value), TermUnit(unit))

    def __str__(self) -> str:
        return f"{self.value} {self.unit}"

    @property
    def is_elapsed(self) -> bool:
        """Whether it is the same length on every day: minutes or hours."""
        return self.unit in _ELAPSED


def after(term: Term, instant: datetime) -> datetime:
    """Return the instant that lies `term` behind another; for minutes and hours only."""
    return instant + term.value * _ELAPSED[term.unit]


def opens(term: Term, start: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant at which something that opens `term` before `start` is open."""
    elapsed = _ELAPSED.get(term.unit)
    if elapsed is not None:
        return start - term.value * elapsed
    return start_of_day(_day_before(term, day_of(start, zone)), zone)


def closes(term: Term, start: datetime, zone: ZoneInfo) -> datetime:
    """Return the last instant at which something that closes `term` before `start` is open.

    A term of `0 DAY` closes with the day of the slot, which is after its start. We keep that plain
    meaning: what must not happen after the start is refused by a rule of its own.
    """
    elapsed = _ELAPSED.get(term.unit)
    if elapsed is not None:
        return start - term.value * elapsed
    # The day ends where the next one starts, whatever the clocks do in between.
    next_day = _day_before(term, day_of(start, zone)) + _ONE_DAY
    return start_of_day(next_day, zone) - _ONE_MILLISECOND


def _day_before(term: Term, day: date) -> date:
    """Go back from `day` by a term of whole days, weeks, months or years."""
    days = _DAYS.get(term.unit)
    if days is not None:
        return date.fromordinal(day.toordinal() - term.value * days)
    year, month0 = divmod(day.year * 12 + day.month - 1 - term.value * _MONTHS[term.unit], 12)
    # The same day of a shorter month is its last one: 31 March less a month is 28 or 29 February.
    return date(year, month0 + 1, min(day.day, monthrange(year, month0 + 1)[1]))
