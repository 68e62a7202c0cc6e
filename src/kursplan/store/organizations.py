"""Organizations, and how one is found by its key."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from kursplan.domain.studios import LostEntitlement
from kursplan.store.tables import ORGANIZATION, organization, organization_directory

LOST_ENTITLEMENT = select(organization.c.lost_entitlement).where(organization.c.id == ORGANIZATION)

BY_KEY = select(organization_directory.c.organization_id).where(
    organization_directory.c.key == bindparam("key")
)

ALL = select(organization_directory.c.organization_id, organization_directory.c.key).order_by(
    organization_directory.c.key
)
"""From the directory, which is small and on every machine."""


def lost_entitlement(tx: Connection, organization_id: int) -> LostEntitlement:
    """What becomes of bookings that are no longer allowed."""
    policy: LostEntitlement = tx.execute(
        LOST_ENTITLEMENT, {"organization": organization_id}
    ).scalar_one()
    return policy


def find(tx: Connection, key: str) -> int | None:
    """The id of the organization that goes by `key`."""
    return tx.execute(BY_KEY, {"key": key}).scalar_one_or_none()


def every(tx: Connection) -> dict[str, int]:
    """The id of every organization, by key."""
    return {row.key: row.organization_id for row in tx.execute(ALL)}
