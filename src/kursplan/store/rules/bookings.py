"""Bookings as the rules see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Protocol

from sqlalchemy import (
    Connection,
    bindparam,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    text,
    update,
)

from kursplan.domain.bookings import Booking, Participation
from kursplan.domain.classes import DAY_IN_MINUTES
from kursplan.domain.refusals import Kind
from kursplan.domain.slots import Slot
from kursplan.store.engine.dialect import any_of
from kursplan.store.engine.driver import Fixed, insert_many, update_many
from kursplan.store.engine.rows import AnyRow
from kursplan.store.engine.together import Asked, Together, at_once
from kursplan.store.tables import ORGANIZATION, booking

LONGEST_SLOT = timedelta(minutes=DAY_IN_MINUTES)

_COLUMNS = tuple(each for each in booking.c if each.name != "organization_id")
_WAITING = text("booking.status = 'WAITING_LIST'")
"""Written out, like the conditions of the partial indexes, so that those can serve it."""

BY_ID = Fixed(
    select(*_COLUMNS).where(
        booking.c.organization_id == ORGANIZATION, any_of(booking.c.id, "booking_ids")
    )
)

ACTIVE_ON_SLOTS = Fixed(
    select(*_COLUMNS).where(
        booking.c.organization_id == ORGANIZATION,
        any_of(booking.c.slot_id, "slot_ids"),
        text("booking.status <> 'CANCELED'"),
    )
)

WAITING_ON_SLOTS = Fixed(
    select(*_COLUMNS).where(
        booking.c.organization_id == ORGANIZATION, any_of(booking.c.slot_id, "slot_ids"), _WAITING
    )
)

AROUND = Fixed(
    select(*_COLUMNS).where(
        booking.c.organization_id == ORGANIZATION,
        any_of(booking.c.customer_id, "customer_ids"),
        booking.c.starts_at > bindparam("since"),
        booking.c.starts_at < bindparam("until"),
        text("(booking.status <> 'CANCELED' OR booking.counts)"),
    )
)
"""Found by customer and time: an index that stays as good when the table has grown."""

ADD = insert_many(
    booking,
    participation=literal_column(f"'{Participation.UNSET}'"),
    cancelled_at=null(),
    late=false(),
    skipped=null(),
    conflict=null(),
    settled=null(),
    held=null(),
    free_until=null(),
    promoted_at=null(),
    confirmed_at=null(),
    ended=null(),
    ended_via=null(),
    ended_by=null(),
)
_added = attrgetter(*ADD.names)

_CHANGEABLE = (
    "status",
    "starts_at",
    "ends_at",
    "day",
    "participation",
    "membership_id",
    "counts",
    "confirm_until",
    "cancelled_at",
    "late",
    "skipped",
    "conflict",
    "overruled",
    "settled",
    "held",
    "free_until",
    "promoted_at",
    "confirmed_at",
    "ended",
    "ended_via",
    "ended_by",
)
CHANGE = update_many(booking, *_CHANGEABLE)
_changed = attrgetter("id", *_CHANGEABLE)

CANCELLED_WITH_SLOT = select(booking.c.id).where(
    booking.c.organization_id == ORGANIZATION,
    booking.c.slot_id == bindparam("of_slot_id"),
    booking.c.held.is_not(None),
)

LATE_ON_SLOT = select(booking.c.id).where(
    booking.c.organization_id == ORGANIZATION,
    booking.c.slot_id == bindparam("of_slot_id"),
    text("booking.status = 'CANCELED'"),
    booking.c.counts,
)

LAST_SEQUENCES = (
    select(booking.c.slot_id, func.max(booking.c.sequence).label("last"))
    .where(booking.c.organization_id == ORGANIZATION, any_of(booking.c.slot_id, "slot_ids"))
    .group_by(booking.c.slot_id)
)

STRAYS = (
    select(booking.c.id)
    .where(
        booking.c.organization_id == ORGANIZATION,
        booking.c.slot_id == bindparam("of_slot_id"),
        or_(
            booking.c.starts_at != bindparam("starts_at"),
            booking.c.ends_at != bindparam("ends_at"),
            booking.c.day != bindparam("day"),
        ),
    )
    .limit(1)
)

MOVE_CANCELED = (
    update(booking)
    .where(
        booking.c.organization_id == ORGANIZATION,
        booking.c.slot_id == bindparam("moved_slot_id"),
        text("booking.status = 'CANCELED'"),
    )
    .values(starts_at=bindparam("starts_at"), ends_at=bindparam("ends_at"), day=bindparam("day"))
)


class Timed(Protocol):
    """A slot, or a row of one: whatever begins and ends."""

    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...


def load(tx: Connection, organization_id: int, booking_ids: Collection[int]) -> list[Booking]:
    """The bookings of these ids; unknown ids are left out."""
    return at_once(tx, lambda at: ask(at, organization_id, booking_ids))


def ask(at: Together, organization_id: int, booking_ids: Collection[int]) -> Asked[list[Booking]]:
    if not booking_ids:
        return list
    answer = at.rows(BY_ID, {"organization": organization_id, "booking_ids": booking_ids})
    return lambda: [_booking(row) for row in answer.rows]


def active_on(tx: Connection, organization_id: int, slot_ids: Collection[int]) -> list[Booking]:
    """All who sit or wait on these slots."""
    return at_once(tx, lambda at: on(at, organization_id, slot_ids, ()))


def waiting_on(tx: Connection, organization_id: int, slot_ids: Collection[int]) -> list[Booking]:
    """All who wait on these slots."""
    return at_once(tx, lambda at: on(at, organization_id, (), slot_ids))


def on(
    at: Together,
    organization_id: int,
    rosters: Collection[int],
    queues: Collection[int],
) -> Asked[list[Booking]]:
    """All who sit or wait on the slots of `rosters`, and those who wait on those of `queues`."""
    asked = [
        at.rows(statement, {"organization": organization_id, "slot_ids": slot_ids})
        for statement, slot_ids in ((WAITING_ON_SLOTS, queues), (ACTIVE_ON_SLOTS, rosters))
        if slot_ids
    ]
    return lambda: [_booking(row) for answer in asked for row in answer.rows]


def around(
    at: Together,
    organization_id: int,
    customer_ids: Collection[int],
    times: Collection[Timed],
) -> Asked[dict[int, list[Booking]]]:
    """By customer: the bookings that may be at one of these times or overlap it, as far as they are
    active or still count."""
    answer = at.rows(
        AROUND,
        {
            "organization": organization_id,
            "customer_ids": customer_ids,
            "since": min(each.starts_at for each in times) - LONGEST_SLOT,
            "until": max(each.ends_at for each in times),
        },
    )

    def found() -> dict[int, list[Booking]]:
        by_customer: defaultdict[int, list[Booking]] = defaultdict(list)
        for row in answer.rows:
            by_customer[row.customer_id].append(_booking(row))
        return by_customer

    return found


def add(at: Together, organization_id: int, bookings: Iterable[Booking]) -> None:
    """Add new bookings, of which only what is known when they are made is written down."""
    at.run(ADD, organization_id, map(_added, bookings))


def change(at: Together, organization_id: int, bookings: Iterable[Booking]) -> None:
    """Write down all that can change about these bookings."""
    at.run(CHANGE, organization_id, map(_changed, bookings))


def cancelled_with_slot(tx: Connection, organization_id: int, slot_id: int) -> set[int]:
    """Those that ended because their slot was cancelled, and are not back."""
    named = {"organization": organization_id, "of_slot_id": slot_id}
    return set(tx.execute(CANCELLED_WITH_SLOT, named).scalars())


def late_on(tx: Connection, organization_id: int, slot_id: int) -> set[int]:
    """Those on the slot that were given up late, and still count against a contingent."""
    named = {"organization": organization_id, "of_slot_id": slot_id}
    return set(tx.execute(LATE_ON_SLOT, named).scalars())


def last_sequences(
    tx: Connection, organization_id: int, slot_ids: Collection[int]
) -> dict[int, int]:
    """By slot: the last place that anybody has, or had, in the order of joining."""
    named = {"organization": organization_id, "slot_ids": slot_ids}
    return {row.slot_id: row.last for row in tx.execute(LAST_SEQUENCES, named)}


def strays(tx: Connection, organization_id: int, slot: Slot) -> bool:
    """Whether a booking of the slot, active or not, is kept for other times than it has."""
    named = {
        "organization": organization_id,
        "of_slot_id": slot.id,
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
        "day": slot.day,
    }
    return tx.execute(STRAYS, named).first() is not None


def move_canceled(tx: Connection, organization_id: int, slot: Slot) -> None:
    """Bookings that were cancelled follow their slot to its times, too."""
    tx.execute(
        MOVE_CANCELED,
        {
            "organization": organization_id,
            "moved_slot_id": slot.id,
            "starts_at": slot.starts_at,
            "ends_at": slot.ends_at,
            "day": slot.day,
        },
    )


def _booking(row: AnyRow) -> Booking:
    return Booking(
        id=row.id,
        slot_id=row.slot_id,
        studio_id=row.studio_id,
        customer_id=row.customer_id,
        home_studio_id=row.home_studio_id,
        status=row.status,
        sequence=row.sequence,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        day=row.day,
        booked_at=row.booked_at,
        participation=row.participation,
        membership_id=row.membership_id,
        counts=row.counts,
        confirm_until=row.confirm_until,
        cancelled_at=row.cancelled_at,
        late=row.late,
        skipped=row.skipped,
        conflict=row.conflict,
        overruled=tuple(map(Kind, row.overruled)),
        settled=row.settled or (),
        held=row.held,
        free_until=row.free_until,
        booked_via=row.booked_via,
        booked_by=row.booked_by,
        promoted_at=row.promoted_at,
        confirmed_at=row.confirmed_at,
        ended=row.ended,
        ended_via=row.ended_via,
        ended_by=row.ended_by,
    )
