"""A row of a table, as what it says about a person, or as why it can't be taken.

An empty cell says nothing; it overwrites nothing. Values come out as a gym file has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from kursplan.domain.sentences import Sentence
from kursplan.imports.days import NoDay, day_of
from kursplan.imports.heads import Subject
from kursplan.imports.table import Row
from kursplan.imports.understand import ADDRESS, Understanding
from kursplan.imports.words import IGNORED

Facts = dict[str, str]
"""Members of a customer in a gym file, by name, as far as they are known."""

_LONGEST = {"first_name": 100, "last_name": 100, "number": 50, "phone": 50, "email": 254}
_NO_NAME = Sentence("has no name")
_MISSING = {
    "first_name": Sentence("has no first name"),
    "last_name": Sentence("has no last name"),
}
_ROUNDED = Sentence("was rounded by a spreadsheet: export it as text")
_EARLIEST_BIRTH = date(1900, 1, 1)
_FEWEST_DIGITS = 5
"""Of a number that can be called."""
_BY_A_SPREADSHEET = re.compile(r"\d+[.,]\d+E\+?\d+", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffd-\uffff\u2028\u2029]")
_PARTICLES = frozenset(
    [
        "von",
        "vom",
        "zu",
        "zum",
        "zur",
        "van",
        "der",
        "den",
        "de",
        "del",
        "della",
        "di",
        "da",
        "dos",
        "du",
        "la",
        "le",
        "el",
        "al",
        "bin",
        "ibn",
        "ter",
        "ten",
        "af",
    ]
)
_DEGREES = re.compile(
    r"(?:(?:Dr|Prof|Dipl|Ph\.?D|M\.?D|M\.?A|B\.?A|MBA|M\.?Sc|B\.?Sc|Jr|Sr|II|III)\b\.?[-\w. ]*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Person:
    """What a row says about somebody."""

    row: Row
    facts: Facts = field(repr=False)
    same_as: str | None = None
    """`new`, or the key or number of the customer who it is, where a person has said so."""

    @property
    def called(self) -> str:
        return f"{self.facts['first_name']} {self.facts['last_name']}"


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that can't be taken, with all that is wrong with it."""

    row: Row
    reasons: tuple[Sentence, ...]


def of_cell(head: str, cell: str, says: Sentence) -> Sentence:
    """What is wrong with a cell, which begins with it."""
    return Sentence("%(head)s “%(cell)s” %(says)s", head=head, cell=cell, says=says)


def people(found: Understanding, today: date) -> Iterator[Person | Refused]:
    """Everybody in the table, row by row; `today` is the last day on which somebody can be born."""
    for row in found.table.rows():
        yield person(found, row, today)


def person(found: Understanding, row: Row, today: date) -> Person | Refused:
    """What one row says."""
    if row.wrong is not None:
        return Refused(row, (row.wrong,))
    return _Reading(found, row, today).read()


def split_name(name: str, *, last_first: bool = False) -> tuple[str, str] | None:
    """First and last name of a name in one cell; None where it is one word only.

    With a comma the last name comes first, whatever the column is called; a degree after the comma is
    no name. Without one the last name is the last word, with the "von" or "van der" before it.
    """
    before, comma, after = (each.strip() for each in name.partition(","))
    if comma and after and not _DEGREES.fullmatch(after):
        return (after, before) if before else None
    words = before.split()
    if len(words) < 2:
        return None
    if last_first:
        end = 1
        while end < len(words) - 1 and words[end - 1].lower() in _PARTICLES:
            end += 1
        return " ".join(words[end:]), " ".join(words[:end])
    begin = len(words) - 1
    while begin > 1 and words[begin - 1].lower() in _PARTICLES:
        begin -= 1
    return " ".join(words[:begin]), " ".join(words[begin:])


class _Reading:
    def __init__(self, found: Understanding, row: Row, today: date) -> None:
        self._found = found
        self._row = row
        self._today = today
        self._facts: Facts = {}
        self._reasons: list[Sentence] = []

    def read(self) -> Person | Refused:
        self._name()
        self._number()
        self._email()
        self._phone()
        self._date_of_birth()
        if self._found.subject is Subject.MEMBERS:
            for of in ("gender", "status", "preferred_language"):
                self._word(of)
        for of, value in self._facts.items():
            if _CONTROL.search(value):
                self._wrong(of, value, Sentence("has a sign in it that is no letter"))
            elif len(value) > _LONGEST.get(of, 1000):
                says = Sentence("is longer than %(most)s letters", most=_LONGEST[of])
                self._wrong(of, value, says)
        if self._reasons:
            return Refused(self._row, tuple(self._reasons))
        return Person(self._row, self._facts, self._cell("same_as") or None)

    def _cell(self, of: str) -> str:
        return self._found.cell(self._row, of)

    def _wrong(self, of: str, value: str, says: Sentence) -> None:
        shown = value if len(value) <= 40 else f"{value[:40]}…"
        self._reasons.append(of_cell(self._found.columns[of].head, shown, says))

    def _name(self) -> None:
        columns = self._found.columns
        for whole in ("full_name", "last_first_name"):
            if whole in columns:
                if not (name := self._cell(whole)):
                    self._reasons.append(_NO_NAME)
                    return
                parts = split_name(name, last_first=whole == "last_first_name")
                if parts is None:
                    says = Sentence("is one name only: first and last name are needed")
                    self._wrong(whole, name, says)
                    return
                self._facts["first_name"], self._facts["last_name"] = parts
                return
        for of in ("first_name", "last_name"):
            if name := self._cell(of):
                self._facts[of] = name
        missing = [says for of, says in _MISSING.items() if of not in self._facts]
        if missing:
            self._reasons.append(_NO_NAME if len(missing) == len(_MISSING) else missing[0])

    def _number(self) -> None:
        if number := self._cell("number"):
            self._facts["number"] = number
            if _BY_A_SPREADSHEET.fullmatch(number):
                self._wrong("number", number, _ROUNDED)

    def _email(self) -> None:
        address = self._cell("email").removeprefix("mailto:").strip("<>")
        if not address:
            return
        if ADDRESS.fullmatch(address):
            self._facts["email"] = address
        elif address.count("@") > 1:
            self._wrong("email", address, Sentence("is more than one address: leave one"))
        else:
            self._wrong("email", address, Sentence("is no address"))

    def _phone(self) -> None:
        if not (phone := self._cell("phone")):
            return
        if _BY_A_SPREADSHEET.fullmatch(phone):
            self._wrong("phone", phone, _ROUNDED)
        elif sum(map(str.isdigit, phone)) < _FEWEST_DIGITS:
            self._wrong("phone", phone, Sentence("is no number to call"))
        else:
            self._facts["phone"] = phone

    def _date_of_birth(self) -> None:
        if not (text := self._cell("date_of_birth")):
            return
        try:
            born = day_of(text, self._found.order, self._today)
        except NoDay as no_day:
            self._wrong("date_of_birth", text, no_day.says)
            return
        if born is None:
            return
        if born > self._today:
            self._wrong("date_of_birth", text, Sentence("lies in the future"))
        elif born < _EARLIEST_BIRTH:
            self._wrong("date_of_birth", text, Sentence("is too long ago"))
        else:
            self._facts["date_of_birth"] = born.isoformat()

    def _word(self, of: str) -> None:
        if not (text := self._cell(of)):
            return
        word = self._found.word(of, text)
        if word is None:
            self._wrong(of, text, Sentence("is not known: say what it means"))
        elif word != IGNORED:
            self._facts[of] = word
