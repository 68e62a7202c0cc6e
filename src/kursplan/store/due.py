"""What is due by now: first which organizations have some, over all of them, then what it is.

All of it is looked up without a lock: it says where to look, and the desk decides again under its
locks what is still to be done. So any number of processes may look at the same time.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Integer, bindparam, or_, select, text
from sqlalchemy.sql.elements import ColumnElement, TextClause

from kursplan.domain.classes import Promotion
from kursplan.store.tables import ORGANIZATION, booking, class_, idempotency_key, slot

AT_ONCE = 100
"""How many things of one organization are given out at a time."""

_LIMIT = bindparam("limit", type_=Integer)

# Written out, like the conditions of the partial indexes, so that those can serve it.
_PLANNED = text("slot.status = 'PLANNED'")
_UNCONFIRMED = text("booking.status = 'BOOKED_WITH_CONFIRMATION_REQUIRED'")

_OVER = slot.c.ends_at <= bindparam("now")
_EXPIRED = booking.c.confirm_until < bindparam("now")
_SEATS_FREE_AND_SOMEBODY_WAITS: tuple[ColumnElement[bool] | TextClause, ...] = (
    slot.c.starts_at > bindparam("now"),
    text("slot.waiting > 0"),
    or_(
        slot.c.max_participants.is_(None),
        slot.c.seats + slot.c.additional_participants < slot.c.max_participants,
    ),
    class_.c.promotion == Promotion.AUTOMATIC,
)
_WITH_CLASS = slot.join(
    class_,
    (class_.c.organization_id == slot.c.organization_id) & (class_.c.id == slot.c.class_id),
)

ACROSS_OVER = select(slot.c.organization_id).where(_PLANNED, _OVER).distinct()
OVER = (
    select(slot.c.id)
    .where(slot.c.organization_id == ORGANIZATION, _PLANNED, _OVER)
    .order_by(slot.c.ends_at, slot.c.id)
    .limit(_LIMIT)
)

ACROSS_EXPIRED = select(booking.c.organization_id).where(_UNCONFIRMED, _EXPIRED).distinct()
EXPIRED = (
    select(booking.c.id)
    .where(booking.c.organization_id == ORGANIZATION, _UNCONFIRMED, _EXPIRED)
    .order_by(booking.c.confirm_until, booking.c.id)
    .limit(_LIMIT)
)

ACROSS_PROMOTABLE = (
    select(slot.c.organization_id)
    .select_from(_WITH_CLASS)
    .where(_PLANNED, *_SEATS_FREE_AND_SOMEBODY_WAITS)
    .distinct()
)
PROMOTABLE = (
    select(slot.c.id)
    .select_from(_WITH_CLASS)
    .where(slot.c.organization_id == ORGANIZATION, _PLANNED, *_SEATS_FREE_AND_SOMEBODY_WAITS)
    .order_by(slot.c.starts_at, slot.c.id)
)

ACROSS_OLD_KEYS = (
    select(idempotency_key.c.organization_id)
    .where(idempotency_key.c.stored_at < bindparam("before"))
    .distinct()
)


def with_slots_over(tx: Connection, now: datetime) -> list[int]:
    """The organizations with planned slots that have ended."""
    return sorted(tx.execute(ACROSS_OVER, {"now": now}).scalars())


def slots_over(tx: Connection, organization_id: int, now: datetime) -> list[int]:
    """Planned slots that have ended, the longest over first."""
    named = {"organization": organization_id, "now": now, "limit": AT_ONCE}
    return list(tx.execute(OVER, named).scalars())


def with_confirmations_expired(tx: Connection, now: datetime) -> list[int]:
    """The organizations with bookings that were not confirmed in time."""
    return sorted(tx.execute(ACROSS_EXPIRED, {"now": now}).scalars())


def confirmations_expired(tx: Connection, organization_id: int, now: datetime) -> list[int]:
    """Bookings that were not confirmed in time, the longest expired first."""
    named = {"organization": organization_id, "now": now, "limit": AT_ONCE}
    return list(tx.execute(EXPIRED, named).scalars())


def with_seats_to_fill(tx: Connection, now: datetime) -> list[int]:
    """The organizations with slots on which somebody waits beside a free seat."""
    return sorted(tx.execute(ACROSS_PROMOTABLE, {"now": now}).scalars())


def seats_to_fill(tx: Connection, organization_id: int, now: datetime) -> list[int]:
    """Slots on which somebody waits beside a free seat, the next to start first.

    Whether the wait is rightly so (nobody is eligible, the term for promotion is over, the studio
    is closed) is for the rules to say, so all of them are given out.
    """
    named = {"organization": organization_id, "now": now}
    return list(tx.scalars(PROMOTABLE, named))


def with_old_idempotency_keys(tx: Connection, before: datetime) -> list[int]:
    """The organizations with answers that were stored before that instant."""
    return sorted(tx.execute(ACROSS_OLD_KEYS, {"before": before}).scalars())
