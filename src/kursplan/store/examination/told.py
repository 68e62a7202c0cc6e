"""Told: whether each change that partners hear of was stored as an event, once."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import bindparam, case, func, or_, select

from kursplan.domain.bookings import BookingStatus
from kursplan.domain.events import EventType
from kursplan.domain.slots import SlotStatus
from kursplan.store.dialect import Instant
from kursplan.store.examination.findings import Finding, Patient, Promise
from kursplan.store.tables import ORGANIZATION, booking, event, slot

_CREATED = func.coalesce(
    func.sum(case((event.c.type == EventType.CLASS_BOOKING_CREATED, 1), else_=0)), 0
)
_CANCELLED = func.coalesce(
    func.sum(case((event.c.type == EventType.CLASS_BOOKING_CANCELLED, 1), else_=0)), 0
)
_SLOT_CANCELLED = func.count(event.c.id)
_ONCE_IF_BOOKING_CANCELLED = case((booking.c.status == BookingStatus.CANCELED, 1), else_=0)
_ONCE_IF_SLOT_CANCELLED = case((slot.c.status == SlotStatus.CANCELED, 1), else_=0)

_KEPT_SINCE = bindparam("kept_since", type_=Instant)
"""What was told before may be dropped by now, so that it is missing says nothing."""

BOOKINGS_TOLD_WRONGLY = (
    select(
        booking.c.id,
        booking.c.slot_id,
        booking.c.status,
        _CREATED.label("created"),
        _CANCELLED.label("cancelled"),
    )
    .select_from(
        booking.outerjoin(
            event,
            (event.c.organization_id == booking.c.organization_id)
            & (event.c.entity_id == booking.c.id)
            & or_(
                event.c.type == EventType.CLASS_BOOKING_CREATED,
                event.c.type == EventType.CLASS_BOOKING_CANCELLED,
            ),
        )
    )
    .where(booking.c.organization_id == ORGANIZATION)
    .group_by(
        booking.c.id,
        booking.c.slot_id,
        booking.c.status,
        booking.c.booked_at,
        booking.c.cancelled_at,
    )
    .having(
        or_(
            _CREATED > 1,
            _CANCELLED > _ONCE_IF_BOOKING_CANCELLED,
            (_CREATED < 1) & (booking.c.booked_at >= _KEPT_SINCE),
            (_CANCELLED < _ONCE_IF_BOOKING_CANCELLED) & (booking.c.cancelled_at >= _KEPT_SINCE),
        )
    )
    .order_by(booking.c.id)
)

SLOTS_TOLD_WRONGLY = (
    select(slot.c.id, slot.c.status, _SLOT_CANCELLED.label("cancelled"))
    .select_from(
        slot.outerjoin(
            event,
            (event.c.organization_id == slot.c.organization_id)
            & (event.c.entity_id == slot.c.id)
            & (event.c.type == EventType.CLASS_SLOT_CANCELLED),
        )
    )
    .where(slot.c.organization_id == ORGANIZATION)
    .group_by(slot.c.id, slot.c.status, slot.c.starts_at)
    .having(
        or_(
            _SLOT_CANCELLED > _ONCE_IF_SLOT_CANCELLED,
            (_SLOT_CANCELLED < _ONCE_IF_SLOT_CANCELLED) & (slot.c.starts_at >= _KEPT_SINCE),
        )
    )
    .order_by(slot.c.id)
)


def _bookings_are_told(patient: Patient) -> Iterator[Finding]:
    for row in patient.rows(BOOKINGS_TOLD_WRONGLY, kept_since=patient.kept_since):
        yield patient.finding(
            f"booking {row.id} is {row.status}, and was told {row.created} times as made "
            f"and {row.cancelled} times as cancelled",
            slot_id=row.slot_id,
            bookings=[row.id],
        )


def _slots_are_told(patient: Patient) -> Iterator[Finding]:
    for row in patient.rows(SLOTS_TOLD_WRONGLY, kept_since=patient.kept_since):
        yield patient.finding(
            f"slot {row.id} is {row.status}, and was told {row.cancelled} times as cancelled",
            slot_id=row.id,
        )


LOOKS = (
    (Promise.BOOKINGS_ARE_TOLD, _bookings_are_told),
    (Promise.SLOTS_ARE_TOLD, _slots_are_told),
)
