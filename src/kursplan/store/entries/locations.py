"""Locations, as the operator writes them down."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from kursplan.domain.entries import LocationEntry
from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.tables import ORGANIZATION, location, series, slot, studio

LOCATIONS = (
    select(
        location.c.id,
        location.c.key,
        studio.c.key.label("studio"),
        location.c.name,
        location.c.description,
        location.c.shared,
    )
    .select_from(
        location.join(
            studio,
            (studio.c.organization_id == location.c.organization_id)
            & (studio.c.id == location.c.studio_id),
        )
    )
    .where(location.c.organization_id == ORGANIZATION, any_of(location.c.id, "location_ids"))
    .order_by(location.c.id)
)

ADD = insert(location)

CHANGE = (
    update(location)
    .where(location.c.organization_id == ORGANIZATION, location.c.id == bindparam("location_id"))
    .values(
        name=bindparam("name"), description=bindparam("description"), shared=bindparam("shared")
    )
)


REMOVE = delete(location).where(
    location.c.organization_id == ORGANIZATION, location.c.id == bindparam("location_id")
)

# By studio and time, of which there is an index: of rooms there is none.
_SLOTS_IN_IT = select(slot.c.id).where(
    slot.c.organization_id == ORGANIZATION, slot.c.location_id == bindparam("location_id")
)
BEGUN = _SLOTS_IN_IT.where(slot.c.starts_at <= bindparam("now", type_=Instant)).limit(1)
TO_COME = _SLOTS_IN_IT.where(slot.c.starts_at > bindparam("now", type_=Instant)).order_by(slot.c.id)

SERIES_IN_IT = (
    select(series.c.id)
    .where(
        series.c.organization_id == ORGANIZATION, series.c.location_id == bindparam("location_id")
    )
    .order_by(series.c.id)
)


def load(
    tx: Connection, organization_id: int, location_ids: Collection[int]
) -> dict[int, LocationEntry]:
    """The locations of these ids; unknown ids are left out."""
    named = {"organization": organization_id, "location_ids": location_ids}
    return {
        row.id: LocationEntry(row.key, row.studio, row.name, row.description, bool(row.shared))
        for row in tx.execute(LOCATIONS, named)
    }


def add(
    tx: Connection, organization_id: int, location_id: int, studio_id: int, entry: LocationEntry
) -> None:
    tx.execute(
        ADD,
        {
            "organization_id": organization_id,
            "id": location_id,
            "studio_id": studio_id,
            "key": entry.key,
            "name": entry.name,
            "description": entry.description,
            "shared": entry.shared,
        },
    )


def change(tx: Connection, organization_id: int, location_id: int, entry: LocationEntry) -> None:
    """Write down all that can change about the location; its studio can't."""
    tx.execute(
        CHANGE,
        {
            "organization": organization_id,
            "location_id": location_id,
            "name": entry.name,
            "description": entry.description,
            "shared": entry.shared,
        },
    )


def was_used(tx: Connection, organization_id: int, location_id: int, now: datetime) -> bool:
    """Whether the time of a slot in it has begun, whatever became of the slot."""
    named = {"organization": organization_id, "location_id": location_id, "now": now}
    return tx.execute(BEGUN, named).first() is not None


def slots_to_come(
    tx: Connection, organization_id: int, location_id: int, now: datetime
) -> list[int]:
    """The slots in it that start after `now`, whatever became of them."""
    named = {"organization": organization_id, "location_id": location_id, "now": now}
    return list(tx.execute(TO_COME, named).scalars())


def series_in(tx: Connection, organization_id: int, location_id: int) -> list[int]:
    """The series that are in it, ended ones included."""
    named = {"organization": organization_id, "location_id": location_id}
    return list(tx.execute(SERIES_IN_IT, named).scalars())


def remove(tx: Connection, organization_id: int, location_id: int) -> None:
    """It is gone; no slot and no series may be in it any more."""
    tx.execute(REMOVE, {"organization": organization_id, "location_id": location_id})
