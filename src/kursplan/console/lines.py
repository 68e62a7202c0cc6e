"""Lines of history as a page shows them: when, what, about whom, by whom and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from kursplan.console.told.deeds import said
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.domain.actors import Actor, Origin
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import local
from kursplan.store.staff import accounts, history, timetable
from kursplan.store.staff.history import Told

MOST_NAMED: Final = 4
"""Of how many people a line says the names; of more, how many they are."""


MEMBERS: Final = {
    "local_start": _("start"),
    "max_participants": _("seats"),
    "max_waiting_list": _("waiting list"),
    "additional_participants": _("without a booking"),
}
"""Of a slot, what a line says before and after."""


@dataclass(frozen=True, slots=True)
class LineView:
    instant: str
    """In ISO 8601, for the element `time`."""
    when: str
    who: str
    """Whose bookings it is about."""
    is_theirs: bool
    """Whether it is about their booking first, and not about something that touched it."""
    text: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class WhoDid:
    """The names of all those who may stand in lines."""

    staff: Mapping[str, str]
    integrations: Mapping[int, tuple[str, str]]
    customers: Mapping[int, str]
    """By the number of one of their bookings, and by their own."""


def who_did(tx: Connection, organization_id: int, lines: Collection[Told]) -> WhoDid:
    """Whose names these lines need."""
    booking_ids = {
        each.id for line in lines for each in line.subjects if each.kind is EntityKind.BOOKING
    }
    rows = timetable.names_of_bookings(tx, organization_id, booking_ids)
    by_customer = {_number(each.by.who) for each in lines if each.by.origin is Origin.MEMBER_PAGE}
    own = timetable.names_of_customers(tx, organization_id, by_customer)
    return WhoDid(
        {str(each.id): each.name for each in accounts.every(tx, organization_id)},
        history.integrations(tx, organization_id),
        rows | own,
    )


def line_views(
    words: Words, lines: Sequence[Told], names: WhoDid, zone: ZoneInfo, today: date
) -> tuple[LineView, ...]:
    """In the order in which they are given; those of today say the time alone."""
    return tuple(_line(words, each, names, zone, today) for each in lines)


def _line(words: Words, line: Told, names: WhoDid, zone: ZoneInfo, today: date) -> LineView:
    at = local(line.happened_at, zone)
    who = [
        name
        for each in line.subjects
        if each.kind is EntityKind.BOOKING and (name := names.customers.get(each.id))
    ]
    many = len(who) > MOST_NAMED
    return LineView(
        line.happened_at.isoformat(),
        words.time(at) if at.date() == today else words.moment(at),
        words.ngettext("%(n)s person", "%(n)s people", len(who)) if many else words.listed(who),
        line.subjects[0].kind is EntityKind.BOOKING,
        _text(words, line),
        _by(words, line.by, names),
        line.reason or "",
    )


def _text(words: Words, line: Told) -> str:
    """What was done, and of a slot that was changed, which numbers."""
    text = said(words, line.command)
    first = line.subjects[0]
    if first.kind is not EntityKind.SLOT or not first.before or not first.after:
        return text
    changed = [
        f"{words.gettext(label)} {_value(words, first.before.get(member))} → "
        f"{_value(words, first.after.get(member))}"
        for member, label in MEMBERS.items()
        if member in first.after
    ]
    return f"{text} {', '.join(changed)}" if changed else text


def _value(words: Words, value: object) -> str:
    match value:
        case None:
            return words.gettext("no limit")
        case int():
            return words.number(value)
        case str():
            return words.moment(datetime.fromisoformat(value))
        case _:
            return str(value)


def _by(words: Words, by: Actor, names: WhoDid) -> str:
    who = by.who or ""
    match by.origin:
        case Origin.HOUSE:
            return words.gettext("the house")
        case Origin.CONSOLE:
            return names.staff.get(who) or words.gettext("staff member %(number)s", number=who)
        case Origin.OPEN_API:
            name, _ = names.integrations.get(_number(who), ("", ""))
            return name or words.gettext("a partner")
        case Origin.MEMBER_PAGE:
            name = names.customers.get(_number(who), "")
            return name or words.gettext("a customer")
        case Origin.GYM_FILE | Origin.IMPORT:
            return words.gettext("%(who)s, with %(file)s", who=who, file=by.file)
        case Origin.COMMAND_LINE:
            return words.gettext("%(who)s, by the command", who=who)


def _number(who: str | None) -> int:
    """The number by which an actor is named; 0, which nobody has, where it is none."""
    return int(who) if who is not None and who.isdecimal() else 0
