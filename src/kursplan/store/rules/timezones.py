"""Slots and the time zone of their studio.

Those whose zone has changed its rules since they were made are reported and never moved (F31):
legislators change the clocks, but only the gym knows when its class is held.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, text

from kursplan.domain.recurrence import Retimed, retimed
from kursplan.domain.studios import zone_of
from kursplan.store.tables import ORGANIZATION, class_, slot, studio

_ONE_MINUTE = timedelta(minutes=1)

PLANNED = (
    select(
        slot.c.id,
        slot.c.studio_id,
        slot.c.local_start,
        slot.c.starts_at,
        slot.c.ends_at,
        class_.c.title,
        studio.c.zone,
    )
    .select_from(
        slot.join(
            class_,
            (class_.c.organization_id == slot.c.organization_id) & (class_.c.id == slot.c.class_id),
        ).join(
            studio,
            (studio.c.organization_id == slot.c.organization_id)
            & (studio.c.id == slot.c.studio_id),
        )
    )
    .where(
        slot.c.organization_id == ORGANIZATION,
        slot.c.starts_at > bindparam("now"),
        slot.c.ends_at > bindparam("now"),
        # Written out, so that the index of what is planned can serve it.
        text("slot.status = 'PLANNED'"),
    )
    .order_by(slot.c.starts_at, slot.c.id)
)

TO_COME = (
    select(slot.c.id)
    .where(
        slot.c.organization_id == ORGANIZATION,
        slot.c.studio_id == bindparam("studio_id"),
        slot.c.starts_at > bindparam("now"),
    )
    .order_by(slot.c.starts_at, slot.c.id)
)


@dataclass(frozen=True, slots=True)
class RetimedSlot:
    """A planned slot that customers booked for another instant than its wall time means today."""

    slot_id: int
    studio_id: int
    class_title: str
    zone: str
    times: Retimed


def retimed_slots(tx: Connection, organization_id: int, now: datetime) -> list[RetimedSlot]:
    """The slots planned after `now` whose stored start is not what their local start means by the
    present time zone data, the next first."""
    found: list[RetimedSlot] = []
    for row in tx.execute(PLANNED, {"organization": organization_id, "now": now}):
        minutes = (row.ends_at - row.starts_at) // _ONE_MINUTE
        stored = (row.local_start, minutes, row.starts_at)
        found.extend(
            RetimedSlot(row.id, row.studio_id, row.title, row.zone, times)
            for times in retimed([stored], zone_of(row.zone))
        )
    return found


def to_come(tx: Connection, organization_id: int, studio_id: int, now: datetime) -> list[int]:
    """The slots of the studio that start after `now`, whatever became of them, the next first."""
    named = {"organization": organization_id, "studio_id": studio_id, "now": now}
    return list(tx.execute(TO_COME, named).scalars())
