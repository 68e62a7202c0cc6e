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

_KEPT_SINCE = bindparam("kept_since", type_=Instant)
"""What was told before may be dropped by now, so that it is missing says nothing."""


class _Told:
    """What was told of each thing: what it began as, that it ended, and what came between or, where its end was
    taken back, after it."""

    def __init__(self, began: EventType | None, ended: EventType, changed: EventType) -> None:
        types = [each for each in (began, changed, ended) if each is not None]
        before = func.lag(event.c.type, type_=event.c.type.type).over(
            partition_by=event.c.entity_id, order_by=event.c.id
        )
        self.events = (
            select(event.c.entity_id, event.c.id, event.c.type, before.label("before"))
            .where(
                event.c.organization_id == ORGANIZATION,
                or_(*(event.c.type == each for each in types)),
            )
            .subquery("told")
        )
        is_end = self.events.c.type == ended
        self.began = _count(self.events.c.type == began)
        self.ended = _count(is_end)
        self.ended_again = _count(is_end & (self.events.c.before == ended))
        """How often it was told that it ended where that had been told last."""
        self.ended_last = self._latest(is_end) > self._latest(~is_end)

    def _latest(self, so: ColumnElement[bool]) -> ColumnElement[int]:
        """The last of these events, by their ids; those that were told of nothing have none."""
        return func.coalesce(func.max(case((so, self.events.c.id))), 0)


def _count(so: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((so, 1), else_=0)), 0)


_OF_BOOKINGS = _Told(
    EventType.CLASS_BOOKING_CREATED,
    EventType.CLASS_BOOKING_CANCELLED,
    EventType.CLASS_BOOKING_UPDATED,
)
_OF_SLOTS = _Told(None, EventType.CLASS_SLOT_CANCELLED, EventType.CLASS_SLOT_UPDATED)
_BOOKING_ENDED = booking.c.status == BookingStatus.CANCELED
_SLOT_ENDED = slot.c.status == SlotStatus.CANCELED

BOOKINGS_TOLD_WRONGLY = (
    select(
        booking.c.id,
        booking.c.slot_id,
        booking.c.status,
        _OF_BOOKINGS.began.label("created"),
        _OF_BOOKINGS.ended.label("cancelled"),
    )
    .select_from(
        booking.outerjoin(_OF_BOOKINGS.events, _OF_BOOKINGS.events.c.entity_id == booking.c.id)
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
            _OF_BOOKINGS.began > 1,
            _OF_BOOKINGS.ended_again > 0,
            ~_BOOKING_ENDED & _OF_BOOKINGS.ended_last,
            (_OF_BOOKINGS.began < 1) & (booking.c.booked_at >= _KEPT_SINCE),
            _BOOKING_ENDED & ~_OF_BOOKINGS.ended_last & (booking.c.cancelled_at >= _KEPT_SINCE),
        )
    )
    .order_by(booking.c.id)
)

SLOTS_TOLD_WRONGLY = (
    select(slot.c.id, slot.c.status, _OF_SLOTS.ended.label("cancelled"))
    .select_from(slot.outerjoin(_OF_SLOTS.events, _OF_SLOTS.events.c.entity_id == slot.c.id))
    .where(slot.c.organization_id == ORGANIZATION)
    .group_by(slot.c.id, slot.c.status, slot.c.starts_at)
    .having(
        or_(
            _OF_SLOTS.ended_again > 0,
            ~_SLOT_ENDED & _OF_SLOTS.ended_last,
            _SLOT_ENDED & ~_OF_SLOTS.ended_last & (slot.c.starts_at >= _KEPT_SINCE),
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
