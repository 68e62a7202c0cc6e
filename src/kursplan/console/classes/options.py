"""The options of a class in the fields of a form, and what is typed there as a class again.

A term is two fields: a number and its unit. What can't be read is noted, and stays as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, TypeVar

from kursplan.console.forms import Field, Option, Said
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.domain.classes import (
    DAY_IN_MINUTES,
    ClassType,
    OnlineBooking,
    Promotion,
    WhoMayBook,
)
from kursplan.domain.entries import ClassEntry
from kursplan.domain.terms import LONGEST, Term, TermUnit

UNIT: Final = "-unit"
"""Ends the name of the field that says in what a term is counted."""
UNITS: Final = {
    TermUnit.MINUTES: _("minutes"),
    TermUnit.HOURS: _("hours"),
    TermUnit.DAY: _("days"),
    TermUnit.WEEK: _("weeks"),
    TermUnit.MONTH: _("months"),
    TermUnit.YEAR: _("years"),
}
SHORT_UNITS: Final = (TermUnit.MINUTES, TermUnit.HOURS)
SWITCHED_OFF: Final = "OFF"
"""Stands beside the ways of booking online for what nobody can book at all."""

TERMS: Final = {
    "opens": "earliest_booking",
    "closes": "latest_booking",
    "free": "latest_cancellation",
    "moving-up": "promotion_ends",
    "grace": "grace",
    "confirm": "confirmation",
    "confirm-up": "confirm_promotion",
}
"""The fields of terms, and which of a class each is."""
MAY_LACK: Final = frozenset({"opens", "moving-up", "confirm"})
"""Those that may be left empty: then it always is open, follows giving back, needs no confirmation."""
COUNTED_SHORT: Final = frozenset({"grace", "confirm-up"})
LONGEST_DESCRIPTION: Final = 5_000
STANDS_FOR_NONE: Final = {"opens": TermUnit.DAY, "moving-up": TermUnit.HOURS}
"""The unit that is offered where there is no term yet."""


@dataclass(frozen=True, slots=True)
class Rate:
    """One to which a class may be restricted."""

    id: int
    key: str
    name: str

    @property
    def field(self) -> str:
        return f"rate-{self.id}"


def units(words: Words, offered: Sequence[TermUnit] = tuple(UNITS)) -> tuple[Option, ...]:
    return tuple(Option(each.value, words.gettext(UNITS[each])) for each in offered)


def fields(entry: ClassEntry, rates: Sequence[Rate]) -> tuple[Field, ...]:
    """What the form says of the class; a box that is not ticked says nothing."""
    limit = entry.max_participants
    online = entry.online_booking.value if entry.bookable else SWITCHED_OFF
    values = {
        "title": entry.title,
        "category": entry.category or "",
        "description": entry.description or "",
        "minutes": str(entry.duration),
        "type": entry.type.value,
        "image": entry.img_url or "",
        "seats": "" if limit is None else str(limit),
        "waiting": str(entry.max_waiting_list),
        "promotion": entry.promotion.value,
        "online": online,
        "late": _ticked(entry.late_cancellation),
        "who": entry.who_may_book.value,
        "uses": _ticked(entry.uses_contingent),
        "others": _ticked(entry.admits_other_studios),
    }
    for name, member in TERMS.items():
        term: Term | None = getattr(entry, member)
        values[name] = "" if term is None else str(term.value)
        unit = STANDS_FOR_NONE.get(name, TermUnit.HOURS) if term is None else term.unit
        values[f"{name}{UNIT}"] = unit.value
    for rate in rates:
        values[rate.field] = _ticked(rate.key in entry.rates)
    return tuple(Field(name, "", value) for name, value in values.items())


def _ticked(is_so: bool) -> str:
    return "yes" if is_so else ""


class Reader:
    """Reads a form as a class; what can't be read is noted in what is `said`."""

    def __init__(self, words: Words, said: Said) -> None:
        self._words = words
        self._said = said

    def read(self, before: ClassEntry, rates: Sequence[Rate]) -> ClassEntry:
        """The class as the form says it; what can't be read is as it was before."""
        said, gettext = self._said, self._words.gettext
        title = said.text("title", required=True)
        minutes = said.number("minutes", least=1, most=DAY_IN_MINUTES, required=True)
        seats = said.number("seats")
        waiting = said.number("waiting", required=True)
        online = said.raw("online")
        bookable = online != SWITCHED_OFF
        who = _chosen(WhoMayBook, said.raw("who"), before.who_may_book)
        named = frozenset(each.key for each in rates if said.check(each.field))
        if who is WhoMayBook.NAMED_RATES and not named:
            said.errors["who"] = gettext("Tick at least one rate, or choose who else may book.")
        terms: dict[str, Any] = {member: self._term(name, before) for name, member in TERMS.items()}
        return replace(
            before,
            title=title or before.title,
            category=said.text("category"),
            description=said.long_text("description", LONGEST_DESCRIPTION),
            duration=before.duration if minutes is None else minutes,
            type=_chosen(ClassType, said.raw("type"), before.type),
            img_url=self._image(),
            max_participants=before.max_participants if "seats" in said.errors else seats,
            max_waiting_list=before.max_waiting_list if waiting is None else waiting,
            promotion=_chosen(Promotion, said.raw("promotion"), before.promotion),
            bookable=bookable,
            online_booking=_chosen(OnlineBooking, online, before.online_booking),
            late_cancellation=said.check("late"),
            who_may_book=who,
            rates=named,
            uses_contingent=said.check("uses"),
            admits_other_studios=said.check("others"),
            **terms,
        )

    def _term(self, name: str, before: ClassEntry) -> Term | None:
        said = self._said
        stood: Term | None = getattr(before, TERMS[name])
        unit = _chosen(TermUnit, said.raw(f"{name}{UNIT}"), TermUnit.HOURS)
        if name in COUNTED_SHORT and unit not in SHORT_UNITS:
            unit = TermUnit.HOURS
        value = said.number(name, most=LONGEST[unit], required=name not in MAY_LACK)
        if name in said.errors:
            return stood
        return None if value is None else Term(value, unit)

    def _image(self) -> str | None:
        address = self._said.text("image")
        if address is not None and not address.startswith(("https://", "http://")):
            self._said.errors["image"] = self._words.gettext(
                "That is no address of a picture: it begins with https://."
            )
        return address


E = TypeVar("E", bound=StrEnum)


def _chosen(kind: type[E], said: str, before: E) -> E:
    """The one that goes by what is said; where none does, nothing was chosen anew."""
    return next((each for each in kind if each.value == said), before)
