"""The audit log as it is looked up: who did what, when and why, the newest first."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    literal_column,
    or_,
    select,
    union,
)

from kursplan.domain.actors import Actor, Origin
from kursplan.domain.history import EntityKind
from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.tables import (
    ORGANIZATION,
    application,
    booking,
    history,
    history_subject,
    integration,
    series,
    slot,
    slot_instructor,
    stand_in,
    studio,
)

LATELY = 50
"""Among how many lines about a thing one is looked for that changed a certain member."""


# --- Looking up -------------------------------------------------------------------------------

_LIMIT = bindparam("limit", type_=Integer)
_LINE = tuple(each for each in history.c if each.name != "organization_id")
_SINCE, _UNTIL = (bindparam(name, type_=Instant) for name in ("since", "until"))
_BEFORE = bindparam("before", type_=BigInteger)


def _is_within(at: ColumnElement[datetime], line_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Of what happened at the last instant itself, only lines of a smaller number."""
    return and_(at >= _SINCE, at <= _UNTIL, or_(at < _UNTIL, line_id < _BEFORE))


def _is_or_any(one: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Nothing stands for all that there are."""
    asked = bindparam(name, type_=String)
    return or_(asked == literal_column("''", String), one == asked)


_WITHIN = (
    history.c.organization_id == ORGANIZATION,
    _is_within(history.c.happened_at, history.c.id),
)
_IS_LIKE = (
    _is_or_any(history.c.kind, "of_kind"),
    or_(bindparam("any_command", type_=Boolean), any_of(history.c.command, "of_commands")),
    _is_or_any(history.c.origin, "of_origin"),
)


def _newest(lines: Select[Any]) -> Select[Any]:
    return lines.order_by(history.c.happened_at.desc(), history.c.id.desc()).limit(_LIMIT)


NEWEST = _newest(select(*_LINE).where(*_WITHIN, *_IS_LIKE))

BY_WHOM = _newest(select(*_LINE).where(*_WITHIN, *_IS_LIKE, history.c.who == bindparam("who")))

ONE = select(*_LINE).where(
    history.c.organization_id == ORGANIZATION,
    history.c.happened_at == bindparam("happened_at", type_=Instant),
    history.c.id == bindparam("line_id"),
)

# Which lines, before their order: what is asked for is found by the things, and by nothing else.
_first = select(history.c.happened_at, history.c.id).where(
    *_WITHIN, any_of(history.c.subject_id, "subject_ids")
)
_besides = select(history_subject.c.happened_at, history_subject.c.history_id.label("id")).where(
    history_subject.c.organization_id == ORGANIZATION,
    any_of(history_subject.c.subject_id, "subject_ids"),
    _is_within(history_subject.c.happened_at, history_subject.c.history_id),
)
_found = union(_first, _besides).subquery()
ABOUT = _newest(
    select(*_LINE)
    .join_from(
        history,
        _found,
        and_(
            history.c.organization_id == ORGANIZATION,
            history.c.happened_at == _found.c.happened_at,
            history.c.id == _found.c.id,
        ),
    )
    .where(*_IS_LIKE)
)
"""The lines that are about any of these things, first or besides."""

SUBJECTS = (
    select(
        history_subject.c.history_id,
        history_subject.c.kind,
        history_subject.c.subject_id,
        history_subject.c.changes,
    )
    .where(
        history_subject.c.organization_id == ORGANIZATION,
        any_of(history_subject.c.history_id, "line_ids"),
    )
    .order_by(history_subject.c.history_id, history_subject.c.subject_id)
)

BOOKINGS_ON_SLOT = select(booking.c.id).where(
    booking.c.organization_id == ORGANIZATION, booking.c.slot_id == bindparam("of_id")
)
BOOKINGS_OF_CUSTOMER = select(booking.c.id).where(
    booking.c.organization_id == ORGANIZATION, booking.c.customer_id == bindparam("of_id")
)
SERIES_OF_CLASS = select(series.c.id).where(
    series.c.organization_id == ORGANIZATION, series.c.class_id == bindparam("of_id")
)
SLOTS_OF_CLASS = select(slot.c.id).where(
    slot.c.organization_id == ORGANIZATION, slot.c.class_id == bindparam("of_id")
)
GIVEN_BY_EMPLOYEE = select(slot_instructor.c.slot_id).where(
    slot_instructor.c.organization_id == ORGANIZATION,
    slot_instructor.c.employee_id == bindparam("of_id"),
)
GIVEN_BY_OTHERS = select(stand_in.c.slot_id).where(
    stand_in.c.organization_id == ORGANIZATION, stand_in.c.replaced_id == bindparam("of_id")
)
HANGS_ON = {
    EntityKind.EMPLOYEE: (
        (EntityKind.SLOT, GIVEN_BY_EMPLOYEE),
        (EntityKind.SLOT, GIVEN_BY_OTHERS),
    ),
    EntityKind.SLOT: ((EntityKind.BOOKING, BOOKINGS_ON_SLOT),),
    EntityKind.CUSTOMER: ((EntityKind.BOOKING, BOOKINGS_OF_CUSTOMER),),
    EntityKind.CLASS: (
        (EntityKind.SERIES, SERIES_OF_CLASS),
        (EntityKind.SLOT, SLOTS_OF_CLASS),
    ),
}
"""What is looked up together with a thing, of which kind it is, and by what."""

INTEGRATIONS_OF = select(integration.c.id).where(
    integration.c.organization_id == ORGANIZATION,
    integration.c.application_id == bindparam("of_id"),
)
INTEGRATIONS = (
    select(integration.c.id, application.c.name, studio.c.key)
    .join(
        application,
        and_(
            application.c.organization_id == integration.c.organization_id,
            application.c.id == integration.c.application_id,
        ),
    )
    .join(
        studio,
        and_(
            studio.c.organization_id == integration.c.organization_id,
            studio.c.id == integration.c.studio_id,
        ),
    )
    .where(integration.c.organization_id == ORGANIZATION)
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What became of one thing, as it was written: members by name, before and after."""

    kind: EntityKind
    id: int
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    withheld: tuple[str, ...]

    @classmethod
    def of(cls, kind: EntityKind, id_: int, changes: str) -> Subject:
        told = json.loads(changes)
        return cls(
            kind, id_, told.get("before"), told.get("after"), tuple(told.get("withheld", ()))
        )


@dataclass(frozen=True, slots=True)
class Told:
    """A line as it is looked up."""

    id: int
    happened_at: datetime
    command: str
    by: Actor
    reason: str | None
    subjects: tuple[Subject, ...]
    """What the command was about comes first."""


@dataclass(frozen=True, slots=True)
class Span:
    """From one instant up to but not including another, and how many lines at most."""

    since: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    until: datetime = datetime(9000, 1, 1, tzinfo=UTC)
    limit: int = 1_000_000
    before: int = 0
    """Of what happened at the last instant, the lines with a smaller number are among them, too."""


@dataclass(frozen=True, slots=True)
class Like:
    """Which lines are looked for; of what is empty or None any will do."""

    kind: EntityKind | None = None
    """Of what the command was about first."""
    commands: Collection[str] = ()
    origin: Origin | None = None


ANY: Final = Like()


EVERYTHING = Span()


def newest(tx: Connection, organization_id: int, span: Span, like: Like = ANY) -> list[Told]:
    """The last lines of that time, the newest first."""
    return _told(tx, organization_id, tx.execute(NEWEST, _named(organization_id, span, like)))


def by_whom(
    tx: Connection, organization_id: int, names: Collection[str], span: Span, like: Like = ANY
) -> list[Told]:
    """What these did, as `Actor.who` names them: an application has a number in each studio."""
    named = _named(organization_id, span, like)
    found = [row for name in names for row in tx.execute(BY_WHOM, {**named, "who": name})]
    found.sort(key=attrgetter("happened_at", "id"), reverse=True)
    return _told(tx, organization_id, found[: span.limit])


def line_at(
    tx: Connection, organization_id: int, happened_at: datetime, line_id: int
) -> Told | None:
    """The line of that number, which was written at that instant."""
    named = {"organization": organization_id, "happened_at": happened_at, "line_id": line_id}
    return next(iter(_told(tx, organization_id, tx.execute(ONE, named))), None)


def last_by(
    tx: Connection, organization_id: int, by: Actor, command: str, since: datetime
) -> Told | None:
    """What they last did by that command since then; None where nothing changed by it."""
    lines = by_whom(tx, organization_id, [by.who or ""], Span(since, limit=LATELY))
    return next((each for each in lines if each.by == by and each.command == command), None)


def last_about(tx: Connection, organization_id: int, subject_id: int) -> Told | None:
    """What was done last to that thing."""
    return next(iter(_about(tx, organization_id, {subject_id}, Span(limit=1))), None)


def is_last_about(tx: Connection, organization_id: int, line: Told) -> bool:
    """Whether nothing was done since to what the line is about first."""
    last = last_about(tx, organization_id, line.subjects[0].id)
    return last is not None and last.id == line.id


def about(
    tx: Connection,
    organization_id: int,
    kind: EntityKind,
    subject_id: int,
    span: Span,
    like: Like = ANY,
    without: Collection[EntityKind] = (),
) -> list[Told]:
    """What was done to the thing, and to what hangs on it: the bookings of a slot or customer, the
    series and slots of a class, the slots that an employee gives or was replaced on. But for what hangs
    on it of the kinds that it is to be without."""
    subject_ids = {subject_id}
    for of_kind, query in HANGS_ON.get(kind, ()):
        if of_kind not in without:
            found = tx.execute(query, {"organization": organization_id, "of_id": subject_id})
            subject_ids |= set(found.scalars())
    return _about(tx, organization_id, subject_ids, span, like)


def last_change(tx: Connection, organization_id: int, subject_id: int, member: str) -> Told | None:
    """Who last changed that member of the thing, or of late anything about it; None if nobody is known."""
    lines = _about(tx, organization_id, {subject_id}, Span(limit=LATELY))
    of_member = (
        line for line in lines if any(_touches(each, subject_id, member) for each in line.subjects)
    )
    return next(of_member, lines[0] if lines else None)


def _touches(subject: Subject, subject_id: int, member: str) -> bool:
    told = {*(subject.before or ()), *(subject.after or ()), *subject.withheld}
    return subject.id == subject_id and member in told


def _about(
    tx: Connection,
    organization_id: int,
    subject_ids: Collection[int],
    span: Span,
    like: Like = ANY,
) -> list[Told]:
    named = _named(organization_id, span, like) | {"subject_ids": subject_ids}
    return _told(tx, organization_id, tx.execute(ABOUT, named))


def integrations_of(tx: Connection, organization_id: int, application_id: int) -> list[int]:
    """The numbers by which an application is named in lines of history."""
    named = {"organization": organization_id, "of_id": application_id}
    return list(tx.execute(INTEGRATIONS_OF, named).scalars())


def integrations(tx: Connection, organization_id: int) -> dict[int, tuple[str, str]]:
    """By number: the name of the application, and the key of the studio in which it speaks."""
    rows = tx.execute(INTEGRATIONS, {"organization": organization_id})
    return {row.id: (row.name, row.key) for row in rows}


def _named(organization_id: int, span: Span, like: Like) -> dict[str, Any]:
    return {
        "organization": organization_id,
        "since": span.since,
        "until": span.until,
        "before": span.before,
        "limit": span.limit,
        "of_kind": like.kind or "",
        "any_command": not like.commands,
        "of_commands": list(like.commands),
        "of_origin": like.origin or "",
    }


def _told(tx: Connection, organization_id: int, found: Iterable[AnyRow]) -> list[Told]:
    rows = list(found)
    if not rows:
        return []
    named = {"organization": organization_id, "line_ids": [row.id for row in rows]}
    besides: defaultdict[int, list[Subject]] = defaultdict(list)
    for row in tx.execute(SUBJECTS, named):
        besides[row.history_id].append(Subject.of(row.kind, row.subject_id, row.changes))
    return [
        Told(
            row.id,
            row.happened_at,
            row.command,
            Actor(row.origin, row.who, row.file),
            row.reason,
            (Subject.of(row.kind, row.subject_id, row.changes), *besides[row.id]),
        )
        for row in rows
    ]
