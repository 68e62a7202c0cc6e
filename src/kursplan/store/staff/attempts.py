"""Attempts to sign in that failed lately. They are counted before it is known whether they fail.

So nobody slips through by trying many at the same time; one that succeeded is taken back.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Integer, bindparam, case, delete, update
from sqlalchemy.dialects import postgresql

from kursplan.domain.accounts import Throttle
from kursplan.store.engine.dialect import Instant
from kursplan.store.tables import ORGANIZATION, staff_attempt

EVERYBODYS = 0
"""The organization under which all of them are kept."""

_NOW = bindparam("now", type_=Instant)
_LAPSED = staff_attempt.c.last_at <= bindparam("lapsed", type_=Instant)
_ONE = postgresql.insert(staff_attempt).values(
    organization_id=ORGANIZATION,
    subject_hash=bindparam("subject_hash"),
    failures=1,
    last_at=_NOW,
)
COUNT = _ONE.on_conflict_do_update(
    index_elements=["organization_id", "subject_hash"],
    set_={
        "failures": case((_LAPSED, 1), else_=staff_attempt.c.failures + 1),
        # A pause begins with the last attempt that was allowed.
        "last_at": case(
            (_LAPSED, _NOW),
            (
                staff_attempt.c.failures >= bindparam("attempts", type_=Integer),
                staff_attempt.c.last_at,
            ),
            else_=_NOW,
        ),
    },
).returning(staff_attempt.c.failures, staff_attempt.c.last_at)

TAKE_BACK = (
    update(staff_attempt)
    .where(
        staff_attempt.c.organization_id == ORGANIZATION,
        staff_attempt.c.subject_hash == bindparam("subject"),
        staff_attempt.c.failures > 0,
    )
    .values(failures=staff_attempt.c.failures - 1)
)
FORGET = delete(staff_attempt).where(
    staff_attempt.c.organization_id == ORGANIZATION,
    staff_attempt.c.subject_hash == bindparam("subject"),
)
DROP_LAPSED = delete(staff_attempt).where(
    staff_attempt.c.organization_id == ORGANIZATION,
    staff_attempt.c.last_at <= bindparam("lapsed", type_=Instant),
)


def count(tx: Connection, subject_hash: str, throttle: Throttle, now: datetime) -> datetime | None:
    """Count one more for that subject; until when it is blocked, if it is."""
    row = tx.execute(
        COUNT,
        {
            "organization": EVERYBODYS,
            "subject_hash": subject_hash,
            "attempts": throttle.attempts,
            "now": now,
            "lapsed": throttle.lapses_before(now),
        },
    ).one()
    return throttle.blocked_until(row.failures, row.last_at)


def take_back(tx: Connection, subject_hash: str) -> None:
    """The attempt that was counted last did not fail."""
    tx.execute(TAKE_BACK, {"organization": EVERYBODYS, "subject": subject_hash})


def forget(tx: Connection, subject_hash: str) -> None:
    """Who failed before has succeeded."""
    tx.execute(FORGET, {"organization": EVERYBODYS, "subject": subject_hash})


def drop_lapsed(tx: Connection, lapsed: datetime) -> None:
    """Those that do not count any more."""
    tx.execute(DROP_LAPSED, {"organization": EVERYBODYS, "lapsed": lapsed})
