"""What was done to a thing, line by line, as it stands beside it: when, what, who, why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from kursplan.console.told.deeds import said
from kursplan.console.visit import Visit
from kursplan.console.words import Words
from kursplan.domain.actors import Actor, Origin
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import local
from kursplan.domain.studios import zone_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff import accounts, contacts, history
from kursplan.store.staff.history import Span, Told


@dataclass(frozen=True, slots=True)
class LineView:
    at: str
    when: str
    """In full, for machines."""
    what: str
    about: str
    """Which booking, where the page is about more than one."""
    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Names:
    """Those who did something, and what they did it to."""

    staff: Mapping[str, str]
    integrations: Mapping[int, tuple[str, str]]
    bookings: Mapping[int, AnyRow]


async def lines(
    visit: Visit, kind: EntityKind, subject_id: int, zone: ZoneInfo, limit: int
) -> tuple[LineView, ...]:
    """The last lines about the thing and what hangs on it, the newest first."""
    found = await visit.read(history.about, kind, subject_id, Span(limit=limit))
    names = await visit.read(_names, found)
    return tuple(_line(visit.words, each, names, zone) for each in found)


def _names(tx: Connection, organization_id: int, found: Iterable[Told]) -> _Names:
    lines_ = list(found)
    origins = {each.by.origin for each in lines_}
    bookings = {
        each.subjects[0].id for each in lines_ if each.subjects[0].kind is EntityKind.BOOKING
    }
    staff = accounts.every(tx, organization_id) if Origin.CONSOLE in origins else []
    with_api = Origin.OPEN_API in origins
    return _Names(
        {str(each.id): each.name for each in staff},
        history.integrations(tx, organization_id) if with_api else {},
        {row.id: row for row in contacts.of_bookings(tx, organization_id, bookings)},
    )


def _line(words: Words, line: Told, names: _Names, zone: ZoneInfo) -> LineView:
    at = local(line.happened_at, zone)
    booked = names.bookings.get(line.subjects[0].id)
    about = ""
    if booked is not None:
        start = words.moment(local(booked.starts_at, zone_of(booked.zone)))
        about = f"{booked.title}, {start}"
    return LineView(
        words.moment(at),
        at.isoformat(timespec="seconds"),
        said(words, line.command).rstrip("."),
        about,
        _who(words, line.by, names),
        line.reason or "",
    )


def _who(words: Words, by: Actor, names: _Names) -> str:
    gettext = words.gettext
    match by.origin:
        case Origin.CONSOLE:
            return names.staff.get(by.who or "") or gettext("A former colleague")
        case Origin.OPEN_API:
            name, _ = names.integrations.get(int(by.who or 0), (gettext("An application"), ""))
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
