"""Studios with their opening hours, as the operator writes them down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import fields

from sqlalchemy import BigInteger, Boolean, Connection, bindparam, delete, insert, select, update

from kursplan.domain.entries import Hours, StudioEntry
from kursplan.store.engine.dialect import any_of
from kursplan.store.tables import ORGANIZATION, opening_hours, studio

_HOURS = ("opening_hours", "public_opening_hours")
_PLAIN = tuple(each.name for each in fields(StudioEntry) if each.name not in _HOURS)

_STUDIO_ID = bindparam("studio_id", type_=BigInteger)

STUDIOS = (
    select(studio.c.id, *(studio.c[name] for name in _PLAIN))
    .where(studio.c.organization_id == ORGANIZATION, any_of(studio.c.id, "studio_ids"))
    .order_by(studio.c.id)
)

HOURS = (
    select(
        opening_hours.c.studio_id,
        opening_hours.c.public,
        opening_hours.c.day_from,
        opening_hours.c.day_to,
        opening_hours.c.time_from,
        opening_hours.c.time_to,
    )
    .where(
        opening_hours.c.organization_id == ORGANIZATION,
        any_of(opening_hours.c.studio_id, "studio_ids"),
    )
    .order_by(opening_hours.c.studio_id, opening_hours.c.public, opening_hours.c.position)
)

ADD = insert(studio)

CHANGE = (
    update(studio)
    .where(studio.c.organization_id == ORGANIZATION, studio.c.id == _STUDIO_ID)
    .values({name: bindparam(name) for name in _PLAIN if name != "key"})
)

FORGET_HOURS = delete(opening_hours).where(
    opening_hours.c.organization_id == ORGANIZATION,
    opening_hours.c.studio_id == _STUDIO_ID,
    opening_hours.c.public == bindparam("public", type_=Boolean),
)
ADD_HOURS = insert(opening_hours)


def load(
    tx: Connection, organization_id: int, studio_ids: Collection[int]
) -> dict[int, StudioEntry]:
    """The studios of these ids; unknown ids are left out."""
    named = {"organization": organization_id, "studio_ids": studio_ids}
    hours: defaultdict[tuple[int, bool], list[Hours]] = defaultdict(list)
    for studio_id, public, *values in tx.execute(HOURS, named):
        hours[studio_id, public].append(Hours(*values))
    return {
        row.id: StudioEntry(
            **{name: getattr(row, name) for name in _PLAIN},
            opening_hours=tuple(hours[row.id, False]),
            public_opening_hours=tuple(hours[row.id, True]),
        )
        for row in tx.execute(STUDIOS, named)
    }


def add(tx: Connection, organization_id: int, studio_id: int, entry: StudioEntry) -> None:
    """Store a new studio, without its hours."""
    tx.execute(ADD, {"organization_id": organization_id, "id": studio_id, **_values(entry)})


def change(tx: Connection, organization_id: int, studio_id: int, entry: StudioEntry) -> None:
    """Write down all that can change about the studio, but for its hours."""
    named = {"organization": organization_id, "studio_id": studio_id}
    tx.execute(CHANGE, named | {k: v for k, v in _values(entry).items() if k != "key"})


def _values(entry: StudioEntry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in _PLAIN}


def put_hours(
    tx: Connection, organization_id: int, studio_id: int, hours: Sequence[Hours], *, public: bool
) -> None:
    """These are the studio's hours from now on, in this order and no others."""
    named = {"organization": organization_id, "studio_id": studio_id, "public": public}
    tx.execute(FORGET_HOURS, named)
    rows = [
        {
            "organization_id": organization_id,
            "studio_id": studio_id,
            "public": public,
            "position": position,
            "day_from": each.day_from,
            "day_to": each.day_to,
            "time_from": each.time_from,
            "time_to": each.time_to,
        }
        for position, each in enumerate(hours)
    ]
    if rows:
        tx.execute(ADD_HOURS, rows)
