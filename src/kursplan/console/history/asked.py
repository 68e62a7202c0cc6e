"""What is asked of the history: all of it stands in the address, so that any page can lead to its own part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from kursplan.console.addresses import address, changed
from kursplan.console.told.sayings import SAID, said
from kursplan.console.visit import BadAddress, Visit
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.domain.actors import Origin
from kursplan.domain.history import EntityKind

PATH: Final = "history"
THINGS: Final = {
    "slot": EntityKind.SLOT,
    "customer": EntityKind.CUSTOMER,
    "booking": EntityKind.BOOKING,
    "class": EntityKind.CLASS,
    "employee": EntityKind.EMPLOYEE,
}
"""By the name in the address: of what all is shown, with what hangs on it."""
NAMES: Final = ("kind", "by", "did", "from", "to", *THINGS)
BEFORE: Final = "before"
"""The parameter that names the last line of the page before."""
STAFF, APPLICATION = "staff", "app"
DOORS: Final = {
    "house": (Origin.HOUSE, _("By itself")),
    "members": (Origin.MEMBER_PAGE, _("Customers, on their page")),
    "command": (Origin.COMMAND_LINE, _("The command")),
    "file": (Origin.GYM_FILE, _("A gym file")),
    "import": (Origin.IMPORT, _("An import")),
}
"""Whoever came through one of these, by the name in the address."""


@dataclass(frozen=True, slots=True)
class By:
    """Who did it: one of staff, an application, or whoever came through a door."""

    origin: Origin
    number: int | None = None
    """Of the account, or of one of the application's integrations."""


@dataclass(frozen=True, slots=True)
class Asked:
    kind: EntityKind | None
    by: By | None
    commands: tuple[str, ...]
    first: date | None
    last: date | None
    thing: tuple[EntityKind, int] | None
    before: str | None
    parameters: Mapping[str, str]

    @property
    def narrows(self) -> bool:
        return bool(self.parameters)

    def without(self, *names: str) -> str:
        return changed(PATH, self.parameters, **dict.fromkeys(names))

    def older_than(self, line: str) -> str:
        return changed(PATH, self.parameters, **{BEFORE: line})


def asked(visit: Visit) -> Asked:
    """Raises `BadAddress`."""
    kind = visit.asked_one_of("kind", "", *(each.lower() for each in EntityKind))
    did = visit.asked_one_of("did", "", *SAID)
    things = [(each, number) for name, each in THINGS.items() if (number := visit.asked_id(name))]
    return Asked(
        EntityKind(kind.upper()) if kind else None,
        _by(visit),
        alike(visit.words, did) if did else (),
        visit.asked_day("from"),
        visit.asked_day("to"),
        things[0] if things else None,
        visit.asked(BEFORE),
        {name: found for name in NAMES if (found := visit.asked(name)) is not None},
    )


def alike(words: Words, command: str) -> tuple[str, ...]:
    """Those that are said by the same words: who reads them sees no difference."""
    sentence = said(words, command)
    return tuple(each for each in SAID if said(words, each) == sentence)


def part_of(name: str, number: int) -> str:
    """Where all that was done to a thing is: a slot, a customer, a booking, a class or an employee."""
    return address(PATH, **{name: number})


def _by(visit: Visit) -> By | None:
    value = visit.asked("by")
    if value is None:
        return None
    if value in DOORS:
        return By(DOORS[value][0])
    what, _dash, number = value.partition("-")
    origin = {STAFF: Origin.CONSOLE, APPLICATION: Origin.OPEN_API}.get(what)
    if origin is None or not (number.isascii() and number.isdigit() and len(number) < 19):
        raise BadAddress("by", value, ", ".join(DOORS))
    return By(origin, int(number))
