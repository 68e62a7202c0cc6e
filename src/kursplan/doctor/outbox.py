"""Told: whether each change that partners hear of was stored as an event, once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, func, or_, select

from kursplan.doctor.findings import Finding, Invariant, Patient
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.events import EventType
from kursplan.domain.slots import SlotStatus
from kursplan.store.engine.dialect import Instant
from kursplan.store.tables import ORGANIZATION, booking, event, history, history_subject, slot

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


def _has_line(at: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether there is a line of that instant about the booking, first or besides."""
    first = exists().where(
        history.c.organization_id == booking.c.organization_id,
        history.c.subject_id == booking.c.id,
        history.c.happened_at == at,
    )
    besides = exists().where(
        history_subject.c.organization_id == booking.c.organization_id,
        history_subject.c.subject_id == booking.c.id,
        history_subject.c.happened_at == at,
    )
    return or_(first, besides)


# Those from before there was a history don't know who made them, or why they ended.
_MADE_WITHOUT = and_(
    booking.c.booked_via.is_not(None),
    booking.c.booked_at >= _KEPT_SINCE,
    ~_has_line(booking.c.booked_at),
)
_ENDED_WITHOUT = and_(
    booking.c.ended_via.is_not(None),
    booking.c.cancelled_at >= _KEPT_SINCE,
    ~_has_line(booking.c.cancelled_at),
)
WITHOUT_HISTORY = (
    select(booking.c.id, booking.c.slot_id, booking.c.status)
    .where(booking.c.organization_id == ORGANIZATION, or_(_MADE_WITHOUT, _ENDED_WITHOUT))
    .order_by(booking.c.id)
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


def _bookings_have_a_history(patient: Patient) -> Iterator[Finding]:
    for row in patient.rows(WITHOUT_HISTORY, kept_since=patient.kept_since):
        yield patient.finding(
            f"booking {row.id} is {row.status}, and no line of history says by whom",
            slot_id=row.slot_id,
            bookings=[row.id],
        )


LOOKS = (
    (Invariant.BOOKINGS_ARE_TOLD, _bookings_are_told),
    (Invariant.SLOTS_ARE_TOLD, _slots_are_told),
    (Invariant.BOOKINGS_HAVE_A_HISTORY, _bookings_have_a_history),
)
