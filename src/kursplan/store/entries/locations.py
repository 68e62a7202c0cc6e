"""Locations, as the operator writes them down."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, bindparam, insert, select, update

from kursplan.domain.entries import LocationEntry
from kursplan.store.engine.dialect import any_of
from kursplan.store.tables import ORGANIZATION, location, studio

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
