"""Due work: first which organizations have some, over all of them, then what it is.

How that is looked up over all organizations stands in `across`; the desk decides again under its
locks what is still to be done. A look reads what is due and no more.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Integer, bindparam, or_, select, text

from kursplan.domain.bookings import BookingStatus
from kursplan.domain.classes import Promotion
from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.engine.driver import Fixed
from kursplan.store.engine.together import Together
from kursplan.store.rules.across import organizations_in, organizations_with, walk
from kursplan.store.tables import ORGANIZATION, booking, class_, slot

AT_ONCE = 100
"""How many things of one organization are given out at a time."""

_LIMIT = bindparam("limit", type_=Integer)


# Written out, like the conditions of the partial indexes, so that those can serve it.
_PLANNED = text("slot.status = 'PLANNED'")
_WAITED_FOR = text("slot.waiting > 0")
_UNCONFIRMED = text("booking.status = 'BOOKED_WITH_CONFIRMATION_REQUIRED'")

_OVER = slot.c.ends_at <= bindparam("now", type_=Instant)
_EXPIRED = booking.c.confirm_until < bindparam("now", type_=Instant)
_GIVEN_UP = booking.c.cancelled_at >= bindparam("since", type_=Instant)

ACROSS_OVER = organizations_with(slot.c.organization_id, slot.c.ends_at, _PLANNED, _OVER)
OVER = Fixed(
    select(slot.c.id)
    .where(slot.c.organization_id == ORGANIZATION, _PLANNED, _OVER)
    .order_by(slot.c.ends_at, slot.c.id)
    .limit(_LIMIT)
)

ACROSS_EXPIRED = organizations_with(
    booking.c.organization_id, booking.c.confirm_until, _UNCONFIRMED, _EXPIRED
)
EXPIRED = Fixed(
    select(booking.c.id)
    .where(booking.c.organization_id == ORGANIZATION, _UNCONFIRMED, _EXPIRED)
    .order_by(booking.c.confirm_until, booking.c.id)
    .limit(_LIMIT)
)

_MAY_BE_FILLED = (
    slot.c.starts_at > bindparam("now", type_=Instant),
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

PROMOTABLE = (
    select(slot.c.id)
    .select_from(_WITH_CLASS)
    .where(
        slot.c.organization_id == ORGANIZATION,
        _PLANNED,
        _WAITED_FOR,
        *_MAY_BE_FILLED,
    )
    .order_by(slot.c.starts_at, slot.c.id)
)

ACROSS_WAITED_FOR = organizations_in(slot.c.organization_id, _PLANNED, _WAITED_FOR)

ACROSS_GIVEN_UP = organizations_with(booking.c.organization_id, booking.c.cancelled_at, _GIVEN_UP)
GAVE_UP = select(booking.c.customer_id).where(booking.c.organization_id == ORGANIZATION, _GIVEN_UP)
WAITED_FOR = select(booking.c.slot_id).where(
    booking.c.organization_id == ORGANIZATION,
    any_of(booking.c.customer_id, "customer_ids"),
    booking.c.starts_at > bindparam("now", type_=Instant),
    booking.c.status == BookingStatus.WAITING_LIST,
)
PROMOTABLE_AMONG = (
    select(slot.c.id)
    .select_from(_WITH_CLASS)
    .where(slot.c.organization_id == ORGANIZATION, any_of(slot.c.id, "slot_ids"), *_MAY_BE_FILLED)
    .order_by(slot.c.starts_at, slot.c.id)
)


def with_slots_over(tx: Connection, now: datetime) -> list[int]:
    """The organizations with planned slots that have ended."""
    return list(tx.execute(ACROSS_OVER, {"now": now}).scalars())


def slots_over(tx: Connection, organization_id: int, now: datetime) -> list[int]:
    """Planned slots that have ended, the longest over first."""
    named = {"organization": organization_id, "now": now, "limit": AT_ONCE}
    with Together(tx) as at:
        over = at.rows(OVER, named)
    return [row.id for row in over.rows]


def with_confirmations_expired(tx: Connection, now: datetime) -> list[int]:
    """The organizations with bookings that were not confirmed in time."""
    return list(tx.execute(ACROSS_EXPIRED, {"now": now}).scalars())


def confirmations_expired(tx: Connection, organization_id: int, now: datetime) -> list[int]:
    """Bookings that were not confirmed in time, the longest expired first."""
    named = {"organization": organization_id, "now": now, "limit": AT_ONCE}
    with Together(tx) as at:
        expired = at.rows(EXPIRED, named)
    return [row.id for row in expired.rows]


def with_somebody_waiting(tx: Connection) -> list[int]:
    """The organizations with planned slots for which somebody waits, whether a seat is free or not."""
    return walk(tx, ACROSS_WAITED_FOR)


def with_places_given_up(tx: Connection, since: datetime) -> list[int]:
    """The organizations in which somebody gave up a place since then."""
    return list(tx.execute(ACROSS_GIVEN_UP, {"since": since}).scalars())


def seats_to_fill(tx: Connection, organization_id: int, now: datetime) -> list[int]:
    """Slots on which somebody waits beside a free seat, the next to start first.

    Whether the wait is rightly so (nobody is eligible, the term for promotion is over, the studio
    is closed) is for the rules to say, so all of them are given out.
    """
    return list(tx.scalars(PROMOTABLE, {"organization": organization_id, "now": now}))


def seats_to_fill_since(
    tx: Connection, organization_id: int, since: datetime, now: datetime
) -> list[int]:
    """Of those slots the ones on which somebody waits who gave up another place since then."""
    known = {"organization": organization_id, "now": now}
    gave_up = set(tx.scalars(GAVE_UP, known | {"since": since}))
    waited_for = set(tx.scalars(WAITED_FOR, {**known, "customer_ids": gave_up}))
    return list(tx.scalars(PROMOTABLE_AMONG, {**known, "slot_ids": waited_for}))
