"""What was done to a thing, line by line, as it stands beside it: when, what, who, why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from kursplan.console.told import name_of
from kursplan.console.told.sayings import said_of
from kursplan.console.visit import Visit
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.domain.accounts import Action, may
from kursplan.domain.actors import Actor, Origin
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import local
from kursplan.domain.names import full_name
from kursplan.domain.studios import zone_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff import accounts, contacts, history
from kursplan.store.staff.history import Span, Told

NOBODY: Final[Mapping[int, str]] = MappingProxyType({})
"""No names that a page knows."""


@dataclass(frozen=True, slots=True)
class LineView:
    at: str
    when: str
    """In full, for machines."""
    what: str
    about: str
    """Which booking; on the page of a slot, whose."""
    who: str
    reason: str
    partners: str
    """Where it stands which partners heard of it; empty for whoever does not look after them."""


@dataclass(frozen=True, slots=True)
class Names:
    """Those who did something, and what they did it to."""

    staff: Mapping[str, str]
    integrations: Mapping[int, tuple[str, str]]
    bookings: Mapping[int, AnyRow]


async def lines(
    visit: Visit, kind: EntityKind, subject_id: int, zone: ZoneInfo, limit: int
) -> tuple[LineView, ...]:
    """The last lines about the thing and what hangs on it, the newest first."""
    found = await visit.read(history.about, kind, subject_id, Span(limit=limit))
    return await written(visit, found, zone, of_slot=kind is EntityKind.SLOT)


async def written(
    visit: Visit,
    found: Sequence[Told],
    zone: ZoneInfo,
    *,
    of_slot: bool = False,
    called: Mapping[int, str] = NOBODY,
) -> tuple[LineView, ...]:
    """The lines as they are shown; `of_slot` where they stand beside one, so only whose is said. `called` is
    what the page calls things that it shows."""
    writer = await line_writer(visit, found, zone, of_slot=of_slot, called=called)
    return tuple(map(writer.line, found))


async def line_writer(
    visit: Visit,
    found: Sequence[Told],
    zone: ZoneInfo,
    *,
    of_slot: bool = False,
    called: Mapping[int, str] = NOBODY,
) -> LineWriter:
    """Who writes these lines down for this visit."""
    names = await visit.read(names_in, found)
    sees_partners = may(visit.member, Action.INTEGRATIONS)
    return LineWriter(
        visit.words, names, zone, of_slot=of_slot, called=called, sees_partners=sees_partners
    )


async def by_whom(visit: Visit, found: Iterable[Told]) -> Mapping[int, str]:
    """Who did it, by the number of each of these lines."""
    lines_ = list(found)
    names = await visit.read(names_in, lines_)
    writer = LineWriter(visit.words, names, ZoneInfo("UTC"), of_slot=False)
    return {each.id: writer.who(each.by) for each in lines_}


def names_in(tx: Connection, organization_id: int, found: Iterable[Told]) -> Names:
    """Who and what these lines name, looked up for all of them together."""
    lines_ = list(found)
    origins = {each.by.origin for each in lines_}
    bookings = {
        each.id for line in lines_ for each in line.subjects if each.kind is EntityKind.BOOKING
    }
    staff = accounts.every(tx, organization_id) if Origin.CONSOLE in origins else []
    with_api = Origin.OPEN_API in origins
    return Names(
        {str(each.id): each.name for each in staff},
        history.integrations(tx, organization_id) if with_api else {},
        {row.id: row for row in contacts.of_bookings(tx, organization_id, bookings)},
    )


MEMBERS: Final = {
    "local_start": _("start"),
    "start_time": _("start"),
    "max_participants": _("seats"),
    "max_waiting_list": _("waiting list"),
    "additional_participants": _("without a booking"),
}
"""Of a slot, a class or a series, what a line says before and after."""
COUNTED: Final = frozenset({EntityKind.SLOT, EntityKind.CLASS, EntityKind.SERIES})
MOST_NAMED: Final = 4
"""Of how many people a line says the names; of more, how many they are."""


TOLD_OF: Final = frozenset(
    {
        EntityKind.BOOKING,
        EntityKind.SLOT,
        EntityKind.CUSTOMER,
        EntityKind.EMPLOYEE,
        EntityKind.STUDIO,
    }
)
"""Kinds of things of which partners are told."""


class LineWriter:
    """Writes lines down, in one language and one zone."""

    def __init__(
        self,
        words: Words,
        names: Names,
        zone: ZoneInfo,
        *,
        of_slot: bool,
        called: Mapping[int, str] = NOBODY,
        sees_partners: bool = False,
    ) -> None:
        self._words = words
        self._names = names
        self._zone = zone
        self._of_slot = of_slot
        self._called = called
        self._sees_partners = sees_partners

    def line(self, line: Told) -> LineView:
        at = local(line.happened_at, self._zone)
        return LineView(
            self._words.moment(at),
            at.isoformat(timespec="seconds"),
            self.what(line),
            self.whose(line) if self._of_slot else self.which(line),
            self.who(line.by),
            line.reason or "",
            f"told/{name_of(line)}/partners" if self._is_told(line) else "",
        )

    def _is_told(self, line: Told) -> bool:
        """Whether it is of a kind that partners hear of."""
        return self._sees_partners and any(each.kind in TOLD_OF for each in line.subjects)

    def what(self, line: Told) -> str:
        """What was done, and of a slot that was changed, which numbers."""
        text = said_of(self._words, line).rstrip(".")
        first = line.subjects[0]
        if first.kind not in COUNTED or not first.before or not first.after:
            return text
        changed = [
            f"{self._words.gettext(label)} {self._value(first.before.get(member))} → "
            f"{self._value(first.after.get(member))}"
            for member, label in MEMBERS.items()
            if member in first.after
        ]
        return f"{text}, {', '.join(changed)}" if changed else text

    def _value(self, value: object) -> str:
        match value:
            case None:
                return self._words.gettext("no limit")
            case int():
                return self._words.number(value)
            case str() if "T" not in value:
                return self._words.time(time.fromisoformat(value))
            case _:
                return self._words.moment(datetime.fromisoformat(str(value)))

    def which(self, line: Told) -> str:
        """Of a line about a booking: of what, and when. Of other things, what the page calls them."""
        first = line.subjects[0]
        booked = self._names.bookings.get(first.id)
        if booked is None:
            return self._called.get(first.id, "")
        start = self._words.moment(local(booked.starts_at, zone_of(booked.zone)))
        return f"{booked.title}, {start}"

    def whose(self, line: Told) -> str:
        """The people whose bookings it is about; of many, how many they are."""
        found = [self._names.bookings.get(each.id) for each in line.subjects]
        people = {row.customer_id: full_name(row) for row in found if row is not None}
        if len(people) > MOST_NAMED:
            return self._words.ngettext("%(n)s person", "%(n)s people", len(people))
        return self._words.listed(list(people.values()))

    def whose_first(self, line: Told) -> str:
        """Whose booking it is about first; nothing where it is about something else."""
        booked = self._names.bookings.get(line.subjects[0].id)
        return "" if booked is None else full_name(booked)

    def who(self, by: Actor) -> str:
        """Who gave the command, by the name that staff know them by."""
        gettext, names = self._words.gettext, self._names
        match by.origin:
            case Origin.CONSOLE:
                return names.staff.get(by.who or "") or gettext("A former colleague")
            case Origin.OPEN_API:
                name, __ = names.integrations.get(int(by.who or 0), (gettext("An application"), ""))
                return name
            case Origin.MEMBER_PAGE:
                return gettext("The customer, on their page")
            case Origin.COMMAND_LINE:
                return gettext("%(who)s, by the command", who=by.who)
            case Origin.GYM_FILE:
                return gettext("%(who)s, by the gym file %(file)s", who=by.who, file=by.file)
            case Origin.IMPORT:
                return gettext("%(who)s, by an import of %(file)s", who=by.who, file=by.file)
            case Origin.HOUSE:
                return gettext("By itself")
