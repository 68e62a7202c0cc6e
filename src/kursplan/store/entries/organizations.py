"""Organizations, and how one is found by its key."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from kursplan.domain.entries import OrganizationEntry
from kursplan.domain.studios import LostEntitlement
from kursplan.store.engine.driver import Fixed
from kursplan.store.engine.together import Asked, Together, at_once
from kursplan.store.tables import ORGANIZATION, organization, organization_directory

LOST_ENTITLEMENT = select(organization.c.lost_entitlement).where(organization.c.id == ORGANIZATION)

BY_KEY = select(organization_directory.c.organization_id).where(
    organization_directory.c.key == bindparam("key")
)

ALL = select(organization_directory.c.organization_id, organization_directory.c.key).order_by(
    organization_directory.c.key
)
"""From the directory, which is small and on every machine."""

ENTRY = select(organization.c.key, organization.c.name, organization.c.lost_entitlement).where(
    organization.c.id == ORGANIZATION
)

_LOCK = (
    select(organization.c.id).where(organization.c.id == ORGANIZATION).order_by(organization.c.id)
)
LOCK = Fixed(_LOCK.with_for_update(key_share=True))
SHARE_LOCK = Fixed(_LOCK.with_for_update(read=True))
"""After the customers and slots of the turn. Fanning out takes the same lock, and nothing after it
that a turn holds."""
LOCK_IF_FREE = Fixed(_LOCK.with_for_update(key_share=True, skip_locked=True))
SHARE_LOCK_IF_FREE = Fixed(_LOCK.with_for_update(read=True, skip_locked=True))
"""The same, where nobody else has it."""

ADD = insert(organization)
ADD_TO_DIRECTORY = insert(organization_directory)

CHANGE = (
    update(organization)
    .where(organization.c.id == ORGANIZATION)
    .values(name=bindparam("name"), lost_entitlement=bindparam("lost_entitlement"))
)


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


def hold(tx: Connection, organization_id: int, *, alone: bool) -> None:
    """Until the transaction ends nobody else changes what is planned and written down in it.

    `alone`, nobody else relies on it either: whoever means to change it comes one after the other.
    """
    at_once(tx, lambda at: ask_to_hold(at, organization_id, alone=alone))


def ask_to_hold(
    at: Together, organization_id: int, *, alone: bool, waits: bool = True
) -> Asked[bool]:
    """Whether it is held: unless it `waits`, not where somebody else has it."""
    if waits:
        lock = LOCK if alone else SHARE_LOCK
    else:
        lock = LOCK_IF_FREE if alone else SHARE_LOCK_IF_FREE
    held = at.rows(lock, {"organization": organization_id})
    return lambda: bool(held.rows)


def entry(tx: Connection, organization_id: int) -> OrganizationEntry | None:
    """The organization as the operator writes it down."""
    row = tx.execute(ENTRY, {"organization": organization_id}).one_or_none()
    return None if row is None else OrganizationEntry(*row)


def add(
    tx: Connection,
    organization_id: int,
    key: str,
    name: str,
    lost_entitlement: LostEntitlement,
    created_at: datetime,
) -> None:
    """Store a new organization, and have it found by its key."""
    tx.execute(
        ADD,
        {
            "id": organization_id,
            "key": key,
            "name": name,
            "lost_entitlement": lost_entitlement,
            "created_at": created_at,
        },
    )
    tx.execute(ADD_TO_DIRECTORY, {"key": key, "organization_id": organization_id})


def change(
    tx: Connection, organization_id: int, name: str | None, lost_entitlement: LostEntitlement | None
) -> None:
    """Write down all that can change about the organization; its key can't."""
    tx.execute(
        CHANGE,
        {"organization": organization_id, "name": name, "lost_entitlement": lost_entitlement},
    )
