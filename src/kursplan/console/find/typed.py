"""What was typed, taken apart: days and times by which slots are found, and the words that are left.

Days are understood as the reader's language writes them, and in English: "monday", "mo", "8.6.",
"8/6/2026", "2026-06-08", "tomorrow".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Final

from kursplan.console.visit import FIRST_DAY, LAST_DAY
from kursplan.console.words import Words

SHORTEST: Final = 2
"""So many letters of a weekday say which one it is."""
WEEK: Final = 7
_WRITTEN: Final = re.compile(r"(\d{1,2})([./])(\d{1,2})(?:\2(\d{4}|\d{2})?)?")
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME: Final = re.compile(r"(\d{1,2})(?::(\d{2}))?")


@dataclass(frozen=True, slots=True)
class Typed:
    """A line of words, understood as far as slots are meant by it."""

    text: str
    days: tuple[date, ...]
    """The days that one of the words may mean, the likeliest first."""
    hour: time | None
    """The time at which, or within the hour after which, a slot begins; only beside something else."""
    exact: bool
    """Whether the minutes were said, too."""
    words: tuple[str, ...]
    """What is neither a day nor a time."""

    @property
    def is_a_day(self) -> bool:
        return bool(self.days) and not self.words and self.hour is None

    def fits(self, start: time) -> bool:
        """Whether a slot that starts then is meant."""
        if self.hour is None:
            return True
        return start == self.hour if self.exact else start.hour == self.hour.hour


def typed(words: Words, text: str, today: date) -> Typed:
    days: tuple[date, ...] = ()
    hour: time | None = None
    exact = False
    left: list[str] = []
    said = text.split()
    for word in said:
        if not days and (meant := tuple(_days(words, word, today))):
            days = meant
        elif len(said) > 1 and hour is None and (meant_time := _time(word)) is not None:
            hour, exact = meant_time, ":" in word
        else:
            left.append(word)
    return Typed(text.strip(), days, hour, exact, tuple(left))


def _time(word: str) -> time | None:
    match = _TIME.fullmatch(word)
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2] or 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _days(words: Words, word: str, today: date) -> Iterator[date]:
    plain = word.casefold().rstrip(",")
    for name, days_on in _near(words).items():
        if plain == name:
            yield today + timedelta(days=days_on)
            return
    if (weekday := _weekday(words, plain.rstrip("."))) is not None:
        ahead = (weekday - today.weekday()) % WEEK
        yield today + timedelta(days=ahead)
        yield today + timedelta(days=ahead - WEEK)
        return
    found = _iso(plain) if _ISO.fullmatch(plain) else _written(words, plain, today)
    if found is not None and FIRST_DAY <= found <= LAST_DAY:
        yield found


def _near(words: Words) -> dict[str, int]:
    own = {
        words.gettext("today"): 0,
        words.gettext("tomorrow"): 1,
        words.gettext("yesterday"): -1,
    }
    return {"today": 0, "tomorrow": 1, "yesterday": -1} | {
        name.casefold(): n for name, n in own.items()
    }


def _weekday(words: Words, word: str) -> int | None:
    """The weekday of which the word is the name, or its beginning, and of no other's."""
    if len(word) < SHORTEST:
        return None
    for names in (words.weekdays, ENGLISH):
        found = {at for at, name in enumerate(names) if name.casefold().startswith(word)}
        if len(found) == 1:
            return found.pop()
    return None


ENGLISH: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _iso(word: str) -> date | None:
    try:
        return date.fromisoformat(word)
    except ValueError:
        return None


def _written(words: Words, word: str, today: date) -> date | None:
    """`8.6.` is the one that is nearest; between slashes the language says which comes first."""
    match = _WRITTEN.fullmatch(word)
    if match is None:
        return None
    one, sign, other, year = match.groups()
    day, month = (
        (int(other), int(one)) if sign == "/" and words.month_first else (int(one), int(other))
    )
    if year is not None:
        return _day(int(year) + (2000 if len(year) == 2 else 0), month, day)
    near = [found for each in (-1, 0, 1) if (found := _day(today.year + each, month, day))]
    return min(near, key=lambda each: abs(each - today), default=None)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
