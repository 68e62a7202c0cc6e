"""Which worker is on duty: it does the looks over all organizations, so that not every one has to.

No time is stored, for the clocks of machines differ. Whoever is on duty counts up, and who wants to take
over sees for how long nobody did.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, Connection, String, bindparam, null, select, update
from sqlalchemy.dialects import postgresql

from kursplan.store.engine.driver import Fixed
from kursplan.store.tables import duty

_THE_ROW = 1
_WORKER = bindparam("worker", type_=String)
_SEEN = bindparam("seen", type_=BigInteger)

ON_DUTY = Fixed(select(duty.c.worker, duty.c.renewals).where(duty.c.id == _THE_ROW))
TAKE = Fixed(
    postgresql.insert(duty)
    .values(id=_THE_ROW, worker=_WORKER, renewals=1)
    .on_conflict_do_update(
        index_elements=["id"],
        set_={"worker": _WORKER, "renewals": duty.c.renewals + 1},
        where=duty.c.renewals == _SEEN,
    )
    .returning(duty.c.renewals)
)
LEAVE = Fixed(
    update(duty)
    .where(duty.c.id == _THE_ROW, duty.c.renewals == _SEEN)
    .values(worker=null(), renewals=duty.c.renewals + 1)
)


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Who is on duty."""

    worker: str | None
    """None before the first, and once the last has left."""
    renewals: int


def on_duty(tx: Connection) -> OnDuty:
    rows = ON_DUTY.rows(tx, {})
    return OnDuty(rows[0].worker, rows[0].renewals) if rows else OnDuty(None, 0)


def take(tx: Connection, worker: str, seen: int) -> int | None:
    """Be on duty, or stay so, unless somebody has counted up since that was `seen`; how far it is now."""
    rows = TAKE.rows(tx, {"worker": worker, "seen": seen})
    return rows[0].renewals if rows else None


def leave(tx: Connection, seen: int) -> None:
    """Let others be on duty at once, unless somebody is already."""
    LEAVE.run(tx, {"seen": seen})
