"""Days as other systems write them, and what proves which number is the month.

`03/04/1990` is two days. Which one is meant is decided over the whole column: one cell with a number
above 12 proves it for all. Dots are only ever written with the day first, and a year with four
digits only ever stands first with the month after it. Where nothing proves it, it is not decided.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

from kursplan.domain.sentences import Mistaken, Sentence


class Order(StrEnum):
    DAY_FIRST = "day-month-year"
    MONTH_FIRST = "month-day-year"


ORDERS = {
    Order.DAY_FIRST: Sentence("day-month-year"),
    Order.MONTH_FIRST: Sentence("month-day-year"),
}
"""As they are called within a sentence."""


class NoDay(Mistaken):
    """The text is no day; says why, as the end of a sentence that begins with the text."""


_NO_TIME = Sentence("is no time")
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})")
_NUMBERS = re.compile(r"(\d{1,2})\s?([-/.])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{2})")
_UNBROKEN = re.compile(r"(\d{4})(\d{2})(\d{2})")
_DAY_NAMED = re.compile(r"(\d{1,2})\.?[ -]?([^\W\d]{3,})\.?,?[ -]?(\d{4})")
_MONTH_NAMED = re.compile(r"([^\W\d]{3,})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
_WEEKDAY = re.compile(r"([^\W\d]{2,})\.?,? (?=\S)")
_TIME = re.compile(
    r"(\d{1,2})(?:[:.h](\d{2}))?(?:[:.]\d{2}(?:\.\d+)?)?\s?(a\.?m\.?|p\.?m\.?|uhr)?", re.IGNORECASE
)
_AFTER_DAY = re.compile(r"[T ,]+(?:um |at )?(?=\d{1,2}(?:[:.h]\d{2}|\s?[ap]\.?m))", re.IGNORECASE)
_NONE_THERE = re.compile(r"0{1,2}[-/.]0{1,2}[-/.]0{2,4}|0{4}-00-00")
"""What databases write for a day that is not known."""

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan januar january jän jänner",
            "feb februar february",
            "mar mär mrz märz march",
            "apr april",
            "may mai",
            "jun juni june",
            "jul juli july",
            "aug august",
            "sep sept september",
            "oct okt october oktober",
            "nov november",
            "dec dez december dezember",
        ),
        start=1,
    )
    for name in names.split()
}


@dataclass(frozen=True, slots=True)
class Proof:
    """The cell that proves an order."""

    line: int
    cell: str = ""

    @property
    def told(self) -> Sentence:
        return Sentence("line %(line)s has “%(text)s”", line=self.line, text=self.cell)


@dataclass(slots=True)
class Survey:
    """What the cells of a column tell about the order in which its days are written."""

    filled: int = 0
    days: int = 0
    """How many could be days."""
    day_first: Proof | None = None
    month_first: Proof | None = None
    open: Proof | None = None
    """The first that may be either."""
    dots: Proof | None = None

    def see(self, line: int, text: str) -> None:
        text, _ = _split(text)
        if not text or _NONE_THERE.fullmatch(text):
            return
        self.filled += 1
        found = _NUMBERS.fullmatch(text)
        if found is None:
            self.days += _is_clear(text)
            return
        first, second = int(found[1]), int(found[3])
        proof = Proof(line, text)
        self.days += 1
        if found[2] == ".":
            self.dots = self.dots or proof
        elif first > 12 >= second:
            self.day_first = self.day_first or proof
        elif second > 12 >= first:
            self.month_first = self.month_first or proof
        elif first != second:
            self.open = self.open or proof

    @property
    def order(self) -> Order | None:
        """What is proved; None where nothing is, or two cells prove opposite things."""
        if (self.day_first is None) == (self.month_first is None):
            return None
        return Order.MONTH_FIRST if self.day_first is None else Order.DAY_FIRST

    @property
    def needs_an_answer(self) -> bool:
        """Whether there are days that may be two, and nothing proves which."""
        contradicts = self.day_first is not None and self.month_first is not None
        return contradicts or (self.open is not None and self.order is None)

    def told(self, order: Order | None) -> Sentence:
        """How the days of the column are read, and why."""
        if order is not None and order is not self.order:
            return Sentence("%(order)s, as given", order=ORDERS[order])
        if self.day_first is not None and self.month_first is not None:
            return Sentence(
                "%(one)s and %(other)s, which prove opposite orders",
                one=self.day_first.told,
                other=self.month_first.told,
            )
        if order is not None and (proof := self._proof_of(order)) is not None:
            return Sentence("%(order)s: %(proof)s", order=ORDERS[order], proof=proof.told)
        if self.open is not None:
            return Sentence(
                "%(cell)s, which may be day or month first, and no other cell proves which",
                cell=self.open.told,
            )
        if self.dots is not None:
            return Sentence(
                "%(order)s, as days are written with dots: %(proof)s",
                order=ORDERS[Order.DAY_FIRST],
                proof=self.dots.told,
            )
        if self.days:
            return Sentence("in an order that leaves no doubt")
        return Sentence("there are none")

    def _proof_of(self, order: Order) -> Proof | None:
        return self.month_first if order is Order.MONTH_FIRST else self.day_first


def day_of(text: str, order: Order | None, latest: date = date.max) -> date | None:
    """The day that is meant; None for those that say that there is none. A time after it is ignored.

    A year of two digits is the last one up to `latest` that ends so. Raises `NoDay`.
    """
    text, _ = _split(text)
    if not text or _NONE_THERE.fullmatch(text):
        return None
    if found := _NUMBERS.fullmatch(text):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        if found[2] == "." or order is Order.DAY_FIRST or first == second:
            return _day(year, second, first, latest)
        if order is Order.MONTH_FIRST:
            return _day(year, first, second, latest)
        raise NoDay(Sentence("may be day or month first"))
    if (found := _YEAR_FIRST.fullmatch(text)) is not None:
        return _day(int(found[1]), int(found[3]), int(found[4]), latest)
    if (found := _UNBROKEN.fullmatch(text)) is not None:
        return _day(int(found[1]), int(found[2]), int(found[3]), latest)
    if (weekday := _WEEKDAY.match(text)) and weekday[1].lower() not in _MONTHS:
        return day_of(text[weekday.end() :], order, latest)
    if (found := _DAY_NAMED.fullmatch(text)) and (month := _MONTHS.get(found[2].lower())):
        return _day(int(found[3]), month, int(found[1]), latest)
    if (found := _MONTH_NAMED.fullmatch(text)) and (month := _MONTHS.get(found[1].lower())):
        return _day(int(found[3]), month, int(found[2]), latest)
    raise NoDay(Sentence("is no day"))


def time_of(text: str) -> time | None:
    """The time of day that is meant, which may stand behind a day; None where there is none.

    Raises `Mistaken` where it is no time.
    """
    _, after = _split(text)
    found = _TIME.fullmatch((after or text).strip())
    if found is None:
        if _is_clear(_split(text)[0]) or _NUMBERS.fullmatch(_split(text)[0]):
            return None
        raise Mistaken(_NO_TIME)
    hour, minute = int(found[1]), int(found[2] or 0)
    half = (found[3] or "").lower().replace(".", "")
    if half in ("am", "pm"):
        if not 1 <= hour <= 12:
            raise Mistaken(_NO_TIME)
        hour = hour % 12 + (12 if half == "pm" else 0)
    elif found[2] is None and not half:
        raise Mistaken(_NO_TIME)
    try:
        return time(hour, minute)
    except ValueError as error:
        raise Mistaken(_NO_TIME) from error


def _split(text: str) -> tuple[str, str]:
    """The day and the time behind it."""
    day, *after = _AFTER_DAY.split(text.strip(), maxsplit=1)
    return day.strip(" ,"), after[0] if after else ""


def _is_clear(text: str) -> bool:
    try:
        return day_of(text, None) is not None
    except NoDay:
        return False


def _day(year: int, month: int, day: int, latest: date) -> date:
    try:
        if year >= 100:
            return date(year, month, day)
        # Of date.max nobody speaks with two digits: it is this century then.
        century = (2000 if latest == date.max else latest.year) // 100 * 100
        found = date(century + year, month, day)
        return found if found <= latest else date(century - 100 + year, month, day)
    except ValueError as error:
        raise NoDay(Sentence("is no day in the calendar")) from error
