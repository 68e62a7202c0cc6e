"""The latest time that was believed, of all organizations together, and what a wrong one left behind."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, select, text
from sqlalchemy.dialects import postgresql

from kursplan.store.engine.dialect import Instant
from kursplan.store.tables import ORGANIZATION, clock, slot

_THE_ROW = 1

SEEN = select(clock.c.seen_at)
SEE = (
    postgresql.insert(clock)
    .values(id=_THE_ROW, seen_at=bindparam("seen_at", type_=Instant))
    .on_conflict_do_update(
        index_elements=["id"], set_={"seen_at": bindparam("seen_at", type_=Instant)}
    )
)
COMPLETED_TOO_EARLY = (
    select(slot.c.id)
    .where(
        slot.c.organization_id == ORGANIZATION,
        text("slot.status = 'COMPLETED'"),
        slot.c.ends_at > bindparam("now"),
    )
    .order_by(slot.c.starts_at, slot.c.id)
)


def seen(tx: Connection) -> datetime | None:
    """The latest time that was believed; none before the first."""
    return tx.execute(SEEN).scalar_one_or_none()


def see(tx: Connection, instant: datetime) -> None:
    """That is the time, also where it is earlier than the one that was believed before."""
    tx.execute(SEE, {"seen_at": instant})


def completed_too_early(tx: Connection, organization_id: int, now: datetime) -> list[int]:
    """The slots that are completed and not over, the next to start first."""
    named = {"organization": organization_id, "now": now}
    return list(tx.execute(COMPLETED_TOO_EARLY, named).scalars())
