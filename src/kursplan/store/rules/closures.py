"""Closures of a studio, as the operator wrote them down, and the slots that they fall on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, DateTime, bindparam, delete, insert, select, text, update

from kursplan.domain.studios import Closure, outside_of_life, zone_of
from kursplan.store.rules.bookings import LONGEST_SLOT
from kursplan.store.tables import ORGANIZATION, closure, slot, studio

ZONE = select(studio.c.zone).where(
    studio.c.organization_id == ORGANIZATION, studio.c.id == bindparam("studio_id")
)

LIFE = select(studio.c.opening_date, studio.c.closing_date).where(
    studio.c.organization_id == ORGANIZATION, studio.c.id == bindparam("studio_id")
)

BY_KEY = select(
    closure.c.id, closure.c.studio_id, closure.c.local_from, closure.c.local_to, closure.c.reason
).where(closure.c.organization_id == ORGANIZATION, closure.c.key == bindparam("key"))

OF_STUDIO = (
    select(closure.c.local_from, closure.c.local_to, closure.c.reason)
    .where(
        closure.c.organization_id == ORGANIZATION,
        closure.c.studio_id == bindparam("studio_id"),
        closure.c.local_to >= bindparam("since", type_=DateTime),
    )
    .order_by(closure.c.local_from, closure.c.id)
)

ADD = insert(closure)

CHANGE = (
    update(closure)
    .where(closure.c.organization_id == ORGANIZATION, closure.c.id == bindparam("closure_id"))
    .values(
        local_from=bindparam("local_from"),
        local_to=bindparam("local_to"),
        reason=bindparam("reason"),
    )
)

REMOVE = delete(closure).where(
    closure.c.organization_id == ORGANIZATION, closure.c.id == bindparam("closure_id")
)

PLANNED_SLOTS = (
    select(slot.c.id)
    .where(
        slot.c.organization_id == ORGANIZATION,
        slot.c.studio_id == bindparam("studio_id"),
        slot.c.starts_at > bindparam("earliest"),
        slot.c.starts_at < bindparam("until"),
        slot.c.ends_at > bindparam("since"),
        text("slot.status = 'PLANNED'"),
    )
    .order_by(slot.c.id)
)


@dataclass(frozen=True, slots=True)
class Known:
    """A closure as it is stored: in the studio's local time, so that it follows a change of zone."""

    id: int
    studio_id: int
    local_from: datetime
    local_to: datetime
    reason: str | None


def zone(tx: Connection, organization_id: int, studio_id: int) -> ZoneInfo | None:
    """The studio's zone; None where there is no such studio."""
    named = {"organization": organization_id, "studio_id": studio_id}
    name = tx.execute(ZONE, named).scalar_one_or_none()
    return None if name is None else zone_of(name)


def find(tx: Connection, organization_id: int, key: str) -> Known | None:
    row = tx.execute(BY_KEY, {"organization": organization_id, "key": key}).one_or_none()
    return None if row is None else Known(*row)


def of_studio(
    tx: Connection, organization_id: int, studio_id: int, in_zone: ZoneInfo, since: datetime
) -> list[Closure]:
    """When the studio is closed at the local time `since` or later, outside of its life too."""
    named = {"organization": organization_id, "studio_id": studio_id}
    closed = [
        Closure.of_local(local_from, local_to, in_zone, reason)
        for local_from, local_to, reason in noted(tx, organization_id, studio_id, since)
    ]
    first_day, last_day = tx.execute(LIFE, named).one()
    return [*closed, *outside_of_life(first_day, last_day, in_zone)]


def noted(
    tx: Connection, organization_id: int, studio_id: int, since: datetime
) -> list[tuple[datetime, datetime, str | None]]:
    """From when to when the operator noted it closed, and why, as far as that lasts until `since`."""
    named = {"organization": organization_id, "studio_id": studio_id, "since": since}
    return [(each.local_from, each.local_to, each.reason) for each in tx.execute(OF_STUDIO, named)]


def add(tx: Connection, organization_id: int, key: str, added: Known) -> None:
    tx.execute(
        ADD,
        {
            "organization_id": organization_id,
            "id": added.id,
            "studio_id": added.studio_id,
            "key": key,
            "local_from": added.local_from,
            "local_to": added.local_to,
            "reason": added.reason,
        },
    )


def change(tx: Connection, organization_id: int, changed: Known) -> None:
    """Write down all that can change about the closure."""
    tx.execute(
        CHANGE,
        {
            "organization": organization_id,
            "closure_id": changed.id,
            "local_from": changed.local_from,
            "local_to": changed.local_to,
            "reason": changed.reason,
        },
    )


def remove(tx: Connection, organization_id: int, closure_id: int) -> None:
    tx.execute(REMOVE, {"organization": organization_id, "closure_id": closure_id})


def planned_slots(
    tx: Connection, organization_id: int, studio_id: int, times: Iterable[Closure]
) -> set[int]:
    """The planned slots of the studio that one of these times overlaps."""
    found: set[int] = set()
    for each in times:
        found.update(
            tx.execute(
                PLANNED_SLOTS,
                {
                    "organization": organization_id,
                    "studio_id": studio_id,
                    # A slot lasts a day at most: so only a stretch of the index is looked at.
                    "earliest": each.starts_at - LONGEST_SLOT,
                    "since": each.starts_at,
                    "until": each.ends_at,
                },
            ).scalars()
        )
    return found
