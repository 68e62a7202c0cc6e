"""Forms: their fields as they are shown, and what is said in them as it is understood.

What was typed is shown again with what is wrong beside it; nothing is done until all of it can be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

from starlette.responses import Response

from kursplan.console.frame import Link
from kursplan.console.page import page
from kursplan.console.visit import FIRST_DAY, LAST_DAY, Visit
from kursplan.console.words import Words

LONGEST: Final = 200
"""So many characters a text has at most."""


class Kind(StrEnum):
    """As what a field is shown, by the name that browsers have for it."""

    TEXT = "text"
    DAY = "date"
    EMAIL = "email"
    PHONE = "tel"
    URL = "url"
    ONE_OF = "select"
    SOME_OF = "fieldset"
    """Boxes to tick: the value names those that are, with spaces between, so no option has one in it."""
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
    wrong: str = ""
    """Said above the fields where they can't be taken as they are."""
    grave: bool = False


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

    def one_of(self, name: str, options: Sequence[Option], *, required: bool = True) -> str | None:
        said = self.raw(name)
        if said in {each.value for each in options} and (said or not required):
            return said or None
        self.errors[name] = self._words.gettext("It is needed: choose one.")
        return None

    def some_of(
        self, name: str, options: Sequence[Option], *, required: bool = False
    ) -> frozenset[str]:
        """Those that are ticked: each box has the name of the field and its own value."""
        found = frozenset(each.value for each in options if self.raw(f"{name}.{each.value}"))
        if required and not found:
            self.errors[name] = self._words.gettext("It is needed: choose one at least.")
        return found

    def check(self, name: str) -> bool:
        return bool(self.raw(name))

    def shown(self, fields: Sequence[Field]) -> tuple[Field, ...]:
        """The fields again, with what was typed and what is wrong with it."""
        return tuple(
            replace(each, value=self._typed(each), error=self.errors.get(each.name, ""))
            for each in fields
        )

    def _typed(self, field: Field) -> str:
        if field.kind is Kind.SOME_OF:
            return " ".join(sorted(self.some_of(field.name, field.options)))
        return self.raw(field.name)


def form_page(visit: Visit, view: FormView) -> Response:
    """The form; where something in it is wrong its answer says so to programs, too."""
    answer = page(visit, "form.html", view.title, view)
    if view.wrong or any(each.error for each in view.fields):
        answer.status_code = 422
    return answer


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a form said that somebody sent, and why they did."""

    said: Said
    reason: str | None


async def agreed(visit: Visit, view: FormView) -> Agreed | Response:
    """What somebody agreed to who saw the form; the form itself for whoever has not sent it yet."""
    if visit.request.method != "POST":
        return form_page(visit, view)
    said = Said(visit.words, await visit.form())
    reason = said.text("reason")
    if said.errors:
        return form_page(visit, replace(view, fields=said.shown(view.fields)))
    return Agreed(said, reason)


def reason_field(words: Words) -> Field:
    """For why something is done, which its line of history keeps."""
    return Field(
        "reason",
        words.gettext("Reason, if you like"),
        hint=words.gettext("Only staff see it."),
    )
