"""Forms: their fields as they are shown, and what is said in them as it is understood.

What was typed is shown again with what is wrong beside it; nothing is done until all of it can be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

from kursplan.console.frame import Link
from kursplan.console.visit import FIRST_DAY, LAST_DAY
from kursplan.console.words import Words

LONGEST: Final = 200
"""So many characters a text has at most."""


class Kind(StrEnum):
    """As what a field is shown, by the name that browsers have for it."""

    TEXT = "text"
    DAY = "date"
    EMAIL = "email"
    PHONE = "tel"
    NUMBER = "number"
    ONE_OF = "select"
    CHECK = "checkbox"


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    label: str
    value: str = ""
    kind: Kind = Kind.TEXT
    required: bool = False
    hint: str = ""
    options: Sequence[Option] = ()
    error: str = ""
    was: str | None = None
    """What it says where nobody changed it; sent along, so that what others change meanwhile stays."""


@dataclass(frozen=True, slots=True)
class FormView:
    title: str
    crumbs: tuple[Link, ...]
    note: str
    action: str
    fields: tuple[Field, ...]
    hidden: tuple[tuple[str, str], ...]
    does: str
    back: str
    wrong: str
    """Said above the fields where they can't be taken as they are."""


class Said:
    """What a form says, field by field; what can't be read is noted."""

    def __init__(self, words: Words, form: Mapping[str, str]) -> None:
        self._words = words
        self._form = form
        self.errors: dict[str, str] = {}

    def raw(self, name: str) -> str:
        return self._form.get(name, "").strip()

    def text(self, name: str, *, required: bool = False) -> str | None:
        said = " ".join(self.raw(name).split())
        if len(said) > LONGEST:
            self.errors[name] = self._words.gettext(
                "It has more than %(n)s characters: write it shorter.", n=LONGEST
            )
        if required and not said:
            self.errors[name] = self._words.gettext("It is needed: fill it in.")
        return said or None

    def day(self, name: str, *, required: bool = False) -> date | None:
        said = self.raw(name)
        if not said:
            if required:
                self.errors[name] = self._words.gettext("It is needed: choose a day.")
            return None
        try:
            day = date.fromisoformat(said)
        except ValueError:
            day = date.min
        if not FIRST_DAY <= day <= LAST_DAY:
            self.errors[name] = self._words.gettext(
                "That is no day: write it like %(day)s.", day="2026-03-02"
            )
            return None
        return day

    def number(self, name: str, most: int) -> int | None:
        """A whole number from 0 on; None where nothing is said."""
        said = self.raw(name)
        if not said:
            return None
        if said.isascii() and said.isdigit() and int(said[:9]) <= most:
            return int(said[:9])
        self.errors[name] = self._words.gettext(
            "That is no number: give one from 0 to %(most)s.", most=self._words.number(most)
        )
        return None

    def one_of(self, name: str, options: Sequence[Option], *, required: bool = True) -> str | None:
        said = self.raw(name)
        if said in {each.value for each in options} and (said or not required):
            return said or None
        self.errors[name] = self._words.gettext("It is needed: choose one.")
        return None

    def check(self, name: str) -> bool:
        return bool(self.raw(name))

    def shown(self, fields: Sequence[Field]) -> tuple[Field, ...]:
        """The fields again, with what was typed and what is wrong with it."""
        return tuple(
            replace(each, value=self.raw(each.name), error=self.errors.get(each.name, ""))
            for each in fields
        )
