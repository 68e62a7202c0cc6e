"""The audit log as it is written: a line for each command that changed something, in the transaction of
the change. How it is looked up stands in `store/staff/history.py`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    Integer,
    bindparam,
    delete,
    select,
    update,
)

from kursplan.domain.actors import Actor
from kursplan.domain.history import Change
from kursplan.domain.values import value
from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.engine.driver import insert_many
from kursplan.store.engine.together import Together
from kursplan.store.rules.across import along, organizations_since
from kursplan.store.tables import (
    ORGANIZATION,
    booking,
    history,
    history_subject,
    organization,
)

_HAPPENED = bindparam("happened_at", type_=Instant)

ADD = insert_many(history, happened_at=_HAPPENED)
ADD_ALIKE = insert_many(
    history,
    happened_at=_HAPPENED,
    **{
        name: bindparam(name, type_=history.c[name].type)
        for name in ("command", "origin", "who", "file", "reason", "kind")
    },
)
"""The same for lines that differ in nothing but what became of which thing. A rush of bookings over one
application is such: two thirds of what a line is made of need not be said for each."""
ADD_SUBJECTS = insert_many(history_subject, happened_at=_HAPPENED)

_encode = msgspec.json.Encoder().encode

KEPT = timedelta(days=3 * 365)
"""How long lines are kept, unless a setting says otherwise."""
LINES_AT_ONCE = 2_000
"""How many lines are dropped at a time."""
_ONE_MILLISECOND = timedelta(milliseconds=1)


@value
class Line:
    """What one command changed; what it is about comes first."""

    command: str
    by: Actor
    reason: str | None
    changes: Sequence[Change]


def add(
    at: Together,
    organization_id: int,
    lines: Sequence[Line],
    numbers: Sequence[int],
    happened_at: datetime,
) -> None:
    """Write the lines under these fresh numbers, in the order in which they are given."""
    named = {"happened_at": happened_at}
    if all(_is_like(each, lines[0]) for each in lines):
        alike = [
            (number, line.changes[0].id, _written(line.changes[0]))
            for number, line in zip(numbers, lines, strict=True)
        ]
        at.run(ADD_ALIKE, organization_id, alike, {**named, **_head(lines[0])})
    else:
        rows = [
            (number, *_head(line).values(), line.changes[0].id, _written(line.changes[0]))
            for number, line in zip(numbers, lines, strict=True)
        ]
        at.run(ADD, organization_id, rows, named)
    others = [
        (number, each.id, each.kind, _written(each))
        for number, line in zip(numbers, lines, strict=True)
        for each in line.changes[1:]
    ]
    at.run(ADD_SUBJECTS, organization_id, others, named)


def _head(line: Line) -> dict[str, Any]:
    """Who did it and why, and what kind of thing it is about, as the columns of a line have it."""
    by = line.by
    return {
        "command": line.command,
        "origin": by.origin,
        "who": by.who,
        "file": by.file,
        "reason": line.reason,
        "kind": line.changes[0].kind,
    }


def _is_like(line: Line, other: Line) -> bool:
    return (
        line.command == other.command
        and line.by == other.by
        and line.reason == other.reason
        and line.changes[0].kind is other.changes[0].kind
    )


def _written(change: Change) -> str:
    """As JSON, with what there is of `before`, `after` and `withheld`."""
    told: dict[str, Any] = {}
    if change.before is not None:
        told["before"] = change.before
    if change.after is not None:
        told["after"] = change.after
    if change.withheld:
        told["withheld"] = change.withheld
    return _encode(told).decode()


# --- Whether a turn was committed -------------------------------------------------------------

IS_THERE = select(history.c.id).where(
    history.c.organization_id == ORGANIZATION,
    history.c.happened_at == _HAPPENED,
    history.c.id == bindparam("line_id"),
)


def is_there(tx: Connection, organization_id: int, happened_at: datetime, line_id: int) -> bool:
    named = {"organization": organization_id, "happened_at": happened_at, "line_id": line_id}
    return tx.execute(IS_THERE, named).first() is not None


# --- Forgetting -------------------------------------------------------------------------------

BOOKINGS_OF_CUSTOMERS = select(booking.c.id).where(
    booking.c.organization_id == ORGANIZATION, any_of(booking.c.customer_id, "customer_ids")
)
_SINCE, _UNTIL = (bindparam(name, type_=Instant) for name in ("since", "until"))
FORGET_REASONS = (
    update(history)
    .where(
        history.c.organization_id == ORGANIZATION,
        any_of(history.c.subject_id, "subject_ids"),
        history.c.reason.is_not(None),
    )
    .values(reason=None)
)

ACROSS_OLD = organizations_since(
    select(history.c.happened_at)
    .where(history.c.organization_id == organization.c.id)
    .order_by(history.c.happened_at)
)
OLD_LINE_AT = (
    select(history.c.happened_at)
    .where(
        history.c.organization_id == ORGANIZATION,
        history.c.happened_at < bindparam("before", type_=Instant),
    )
    .order_by(history.c.happened_at)
    .offset(bindparam("place", type_=Integer))
    .limit(1)
)
OLD_LINES = select(history.c.id).where(
    history.c.organization_id == ORGANIZATION, history.c.happened_at.between(_SINCE, _UNTIL)
)
DROP_SUBJECTS = delete(history_subject).where(
    history_subject.c.organization_id == ORGANIZATION,
    any_of(history_subject.c.history_id, "line_ids"),
)
DROP = delete(history).where(
    history.c.organization_id == ORGANIZATION, history.c.happened_at.between(_SINCE, _UNTIL)
)


def forget_reasons(tx: Connection, organization_id: int, customer_ids: Collection[int]) -> None:
    """Why something was done to these customers and their bookings is nobody's business any more.

    Of what was done to others, such as a slot that they were on, it stays.
    """
    named: dict[str, Any] = {"organization": organization_id, "customer_ids": customer_ids}
    bookings = tx.execute(BOOKINGS_OF_CUSTOMERS, named).scalars()
    named = {"organization": organization_id, "subject_ids": {*customer_ids, *bookings}}
    tx.execute(FORGET_REASONS, named)


def with_old(tx: Connection, before: datetime, after: int) -> tuple[list[int], int]:
    """`along` the organizations: those with lines from before that instant."""
    return along(tx, ACROSS_OLD, before, after)


def forget_old(
    tx: Connection, organization_id: int, before: datetime, portion: int = LINES_AT_ONCE
) -> int:
    """Drop the oldest lines from before that instant, so many at a time; how many there were.

    What happened at one instant goes together, so it may be some more.
    """
    named: dict[str, Any] = {"organization": organization_id, "before": before}
    since, until = (
        tx.execute(OLD_LINE_AT, named | {"place": place}).scalar() for place in (0, portion - 1)
    )
    if since is None:
        return 0
    named = {
        "organization": organization_id,
        "since": since,
        "until": until or before - _ONE_MILLISECOND,
    }
    named["line_ids"] = list(tx.execute(OLD_LINES, named).scalars())
    tx.execute(DROP_SUBJECTS, named)
    return tx.execute(DROP, named).rowcount
