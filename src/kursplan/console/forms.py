"""Forms: their fields as they are shown, and what is said in them as it is understood.

What was typed is shown again with what is wrong beside it; nothing is done until all of it can be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from enum import StrEnum
from typing import Final

from starlette.responses import Response

from kursplan.console.frame import Link
from kursplan.console.page import page
from kursplan.console.visit import FIRST_DAY, LAST_DAY, Visit
from kursplan.console.words import Words

LONGEST: Final = 200
"""So many characters a text has at most."""
MOST: Final = 100_000
"""No count of seats, people or bookings is larger."""


class Kind(StrEnum):
    """As what a field is shown, by the name that browsers have for it."""

    TEXT = "text"
    DAY = "date"
    EMAIL = "email"
    PHONE = "tel"
    URL = "url"
    NUMBER = "number"
    ONE_OF = "select"
    SOME_OF = "fieldset"
    """Boxes to tick: the value names those that are, with spaces between, so no option has one in it."""
    CHECK = "checkbox"
    TIME = "time"
    LONG_TEXT = "textarea"


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
    """What can be chosen; of a text, what is proposed while it is typed."""
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
    instead: Link | None = None
    """What there is to do first, where there is nothing to choose from."""


class Said:
    """What a form says, field by field; what can't be read is noted."""

    def __init__(
        self, words: Words, form: Mapping[str, str], typed: Mapping[str, str] | None = None
    ) -> None:
        """`typed` is what is shown again, where the form was made of more than that."""
        self._words = words
        self._form = form
        self._shown = form if typed is None else typed
        self.errors: dict[str, str] = {}

    @classmethod
    def changing(cls, words: Words, form: Mapping[str, str], fields: Sequence[Field]) -> Said:
        """What the fields say now, with what this form changes. Where others changed the same since it was
        opened, that is an error."""
        stands, errors = {}, {}
        for each in fields:
            typed = form.get(each.name, "").strip()
            was = form.get(f"was-{each.name}", each.value)
            stands[each.name] = typed if typed != was else each.value
            if each.value not in (was, typed) and typed != was:
                errors[each.name] = _by_now(words, each)
        said = cls(words, stands, form)
        said.errors = errors
        return said

    def raw(self, name: str) -> str:
        return self._form.get(name, "").strip()

    def text(self, name: str, *, required: bool = False, longest: int = LONGEST) -> str | None:
        return self._text(name, " ".join(self.raw(name).split()), longest, required=required)

    def long_text(self, name: str, longest: int) -> str | None:
        """The same with its lines."""
        return self._text(name, self.raw(name).replace("\r\n", "\n"), longest)

    def _text(self, name: str, said: str, longest: int, *, required: bool = False) -> str | None:
        if len(said) > longest:
            self.errors[name] = self._words.gettext(
                "It has more than %(n)s characters: write it shorter.", n=longest
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

    def time_of_day(self, name: str) -> time | None:
        said = self.raw(name)
        try:
            return time.fromisoformat(said).replace(second=0, microsecond=0) if said else None
        except ValueError:
            self.errors[name] = self._words.gettext(
                "That is no time: write it like %(time)s.", time="18:30"
            )
            return None

    def number(
        self, name: str, *, least: int = 0, most: int = MOST, required: bool = False
    ) -> int | None:
        """A whole number within these bounds."""
        said = self.raw(name)
        if not said:
            if required:
                self.errors[name] = self._words.gettext("It is needed: write a number.")
            return None
        if said.isascii() and said.isdigit() and least <= int(said[:9]) <= most:
            return int(said[:9])
        self.errors[name] = self._words.gettext(
            "Write a whole number from %(least)s to %(most)s.",
            least=self._words.number(least),
            most=self._words.number(most),
        )
        return None

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
        return self._shown.get(field.name, "").strip()


def changed_meanwhile(words: Words, form: Mapping[str, str], fields: Sequence[Field]) -> str:
    """That others changed something since the form was opened; nothing where nobody did."""
    if all(form.get(f"was-{each.name}", each.value) == each.value for each in fields):
        return ""
    return words.gettext("Somebody has changed this since the form was opened.")


def _by_now(words: Words, field: Field) -> str:
    now = next((each.label for each in field.options if each.value == field.value), field.value)
    if not now:
        return words.gettext(
            "By now somebody else has emptied it. Send it again to have it as you wrote it."
        )
    return words.gettext(
        "By now it says “%(now)s”: somebody else has changed it. Send it again to have it "
        "as you wrote it.",
        now=now,
    )


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
