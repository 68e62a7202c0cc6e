"""Places: whether bookings, and what slots count of them, go together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby

from sqlalchemy import FromClause, and_, bindparam, case, func, or_, select, text
from sqlalchemy.sql.elements import ColumnElement

from kursplan.doctor.findings import Finding, Invariant, Patient
from kursplan.domain.bookings import SEATED, Booking, BookingStatus
from kursplan.domain.contingents import span
from kursplan.domain.customers import Customer, Membership
from kursplan.domain.localtime import day_of
from kursplan.domain.slots import Slot, SlotStatus
from kursplan.domain.studios import zone_of
from kursplan.domain.waiting import MovesUp, promotions
from kursplan.store.engine.dialect import Instant
from kursplan.store.rules import bookings, customers, due, slots
from kursplan.store.tables import ORGANIZATION, booking, slot, studio

AT_ONCE = 200
"""How many slots are looked at together where the rules have to be asked."""

_ACTIVE = text("booking.status <> 'CANCELED'")
_NOW = bindparam("now", type_=Instant)
_SLOT_OF_BOOKING = (slot.c.organization_id == booking.c.organization_id) & (
    slot.c.id == booking.c.slot_id
)


def _is_seated(of: FromClause) -> ColumnElement[bool]:
    return or_(*(of.c.status == status for status in sorted(SEATED)))


def _uncontested(of: FromClause) -> tuple[ColumnElement[bool], ...]:
    """Neither flagged, nor settled although the rules would refuse it."""
    return of.c.conflict.is_(None), of.c.settled.is_(None)


_SEATED_HERE = func.coalesce(func.sum(case((_is_seated(booking), 1), else_=0)), 0)
_WAITING_HERE = func.coalesce(
    func.sum(case((booking.c.status == BookingStatus.WAITING_LIST, 1), else_=0)), 0
)

MISCOUNTED = (
    select(
        slot.c.id,
        slot.c.seats,
        slot.c.waiting,
        _SEATED_HERE.label("seated_here"),
        _WAITING_HERE.label("waiting_here"),
    )
    .select_from(slot.outerjoin(booking, _SLOT_OF_BOOKING & _ACTIVE))
    .where(slot.c.organization_id == ORGANIZATION)
    .group_by(slot.c.organization_id, slot.c.id, slot.c.seats, slot.c.waiting)
    .having(or_(slot.c.seats != _SEATED_HERE, slot.c.waiting != _WAITING_HERE))
    .order_by(slot.c.id)
)

ACTIVE_ON_CANCELLED = (
    select(booking.c.id, booking.c.slot_id, booking.c.customer_id)
    .select_from(booking.join(slot, _SLOT_OF_BOOKING))
    .where(booking.c.organization_id == ORGANIZATION, _ACTIVE, slot.c.status == SlotStatus.CANCELED)
    .order_by(booking.c.slot_id, booking.c.id)
)

_another = booking.alias("another")

BOOKED_TWICE = (
    select(booking.c.slot_id, booking.c.customer_id, booking.c.id, _another.c.id.label("another"))
    .select_from(
        booking.join(
            _another,
            (_another.c.organization_id == booking.c.organization_id)
            & (_another.c.slot_id == booking.c.slot_id)
            & (_another.c.customer_id == booking.c.customer_id)
            & (_another.c.id > booking.c.id),
        )
    )
    .where(booking.c.organization_id == ORGANIZATION, _ACTIVE, text("another.status <> 'CANCELED'"))
    .order_by(booking.c.id, _another.c.id)
)

# Of two that overlap one starts while the other is on, so an index of starts finds them.
OVERLAPPING = (
    select(booking.c.customer_id, booking.c.id, _another.c.id.label("another"))
    .select_from(
        booking.join(
            _another,
            and_(
                _another.c.organization_id == booking.c.organization_id,
                _another.c.customer_id == booking.c.customer_id,
                _another.c.starts_at >= booking.c.starts_at,
                _another.c.starts_at < booking.c.ends_at,
                _another.c.slot_id != booking.c.slot_id,
                or_(_another.c.starts_at > booking.c.starts_at, _another.c.id > booking.c.id),
            ),
        )
    )
    .where(
        booking.c.organization_id == ORGANIZATION,
        _is_seated(booking),
        _is_seated(_another),
        *_uncontested(booking),
        *_uncontested(_another),
    )
    .order_by(booking.c.id, _another.c.id)
)

OTHER_TIMES = (
    select(booking.c.id, booking.c.slot_id)
    .select_from(booking.join(slot, _SLOT_OF_BOOKING))
    .where(
        booking.c.organization_id == ORGANIZATION,
        or_(booking.c.starts_at != slot.c.starts_at, booking.c.ends_at != slot.c.ends_at),
    )
    .order_by(booking.c.id)
)

DAYS_TO_COME = (
    select(slot.c.id, slot.c.starts_at, studio.c.zone, booking.c.day, func.min(booking.c.id))
    .select_from(
        booking.join(slot, _SLOT_OF_BOOKING).join(
            studio,
            (studio.c.organization_id == slot.c.organization_id)
            & (studio.c.id == slot.c.studio_id),
        )
    )
    .where(booking.c.organization_id == ORGANIZATION, slot.c.starts_at > _NOW)
    .group_by(slot.c.id, slot.c.starts_at, studio.c.zone, booking.c.day)
    .order_by(slot.c.id, booking.c.day)
)
"""A studio that moved to another zone kept the days of what was over by then."""

UNFLAGGED_BY_CONTINGENT = (
    select(booking.c.id, booking.c.slot_id, booking.c.customer_id, booking.c.membership_id)
    .where(
        booking.c.organization_id == ORGANIZATION,
        text("booking.counts"),
        _ACTIVE,
        *_uncontested(booking),
        booking.c.starts_at > _NOW,
    )
    .order_by(booking.c.slot_id, booking.c.id)
)

BEYOND_LAST_SEQUENCE = (
    select(booking.c.id, booking.c.slot_id, booking.c.sequence, slot.c.last_sequence)
    .select_from(booking.join(slot, _SLOT_OF_BOOKING))
    .where(booking.c.organization_id == ORGANIZATION, booking.c.sequence > slot.c.last_sequence)
    .order_by(booking.c.id)
)

SAME_SEQUENCE = (
    select(booking.c.slot_id, booking.c.sequence, func.count().label("times"))
    .where(booking.c.organization_id == ORGANIZATION)
    .group_by(booking.c.slot_id, booking.c.sequence)
    .having(func.count() > 1)
    .order_by(booking.c.slot_id, booking.c.sequence)
)


def _counts(patient: Patient) -> Iterator[Finding]:
    for row in patient.rows(MISCOUNTED):
        yield patient.finding(
            f"slot {row.id} counts {row.seats} seats and {row.waiting} waiting, "
            f"its bookings are {row.seated_here} and {row.waiting_here}",
            slot_id=row.id,
        )


def _seats_are_filled(patient: Patient) -> Iterator[Finding]:
    tx, organization_id, now = patient.tx, patient.organization_id, patient.now
    for slot_ids in _portions(due.seats_to_fill(tx, organization_id, now)):
        found = slots.load(tx, organization_id, slot_ids)
        waiting = bookings.waiting_on(tx, organization_id, slot_ids)
        rows = customers.lock_rows(
            tx, organization_id, {each.customer_id for each in waiting}, lock=False
        )
        known = customers.fill(tx, organization_id, rows, list(found.values()))
        for each in found.values():
            if not each.promotes(now):
                continue
            queue = [booking for booking in waiting if booking.slot_id == each.id]
            if moves := _who_move_up(each, queue, known, now):
                yield patient.finding(
                    f"slot {each.id} has a seat free, and booking {moves[0]} waits for it",
                    slot_id=each.id,
                    bookings=moves,
                )


def _who_move_up(
    slot: Slot, queue: Iterable[Booking], known: Mapping[int, Customer], now: datetime
) -> list[int]:
    outcomes = promotions(slot, queue, lambda booking: known[booking.customer_id], now)
    return [each.booking.id for each in outcomes if isinstance(each, MovesUp)]


def _cancelled_slots_are_empty(patient: Patient) -> Iterator[Finding]:
    for row in patient.rows(ACTIVE_ON_CANCELLED):
        yield patient.finding(
            f"booking {row.id} is active on slot {row.slot_id}, which is cancelled",
            slot_id=row.slot_id,
            bookings=[row.id],
        )


def _one_booking_each(patient: Patient) -> Iterator[Finding]:
    for row in patient.rows(BOOKED_TWICE):
        yield patient.finding(
            f"customer {row.customer_id} is on slot {row.slot_id} twice, "
            f"with bookings {row.id} and {row.another}",
            slot_id=row.slot_id,
            bookings=[row.id, row.another],
        )


def _same_times(patient: Patient) -> Iterator[Finding]:
    for row in patient.rows(OTHER_TIMES):
        yield patient.finding(
            f"booking {row.id} has other times than its slot {row.slot_id}",
            slot_id=row.slot_id,
            bookings=[row.id],
        )
    for slot_id, starts_at, zone, day, booking_id in patient.rows(DAYS_TO_COME, now=patient.now):
        if day != day_of(starts_at, zone_of(zone)):
            yield patient.finding(
                f"booking {booking_id} is kept for {day}, "
                f"its slot {slot_id} is on {day_of(starts_at, zone_of(zone))}",
                slot_id=slot_id,
                bookings=[booking_id],
            )


def _one_place_at_a_time(patient: Patient) -> Iterator[Finding]:
    for row in patient.rows(OVERLAPPING):
        yield patient.finding(
            f"customer {row.customer_id} has seats at the same time, "
            f"with bookings {row.id} and {row.another}",
            bookings=[row.id, row.another],
        )


def _contingents(patient: Patient) -> Iterator[Finding]:
    tx, organization_id = patient.tx, patient.organization_id
    rows = list(patient.rows(UNFLAGGED_BY_CONTINGENT, now=patient.now))
    for slot_ids in _portions([slot_id for slot_id, _ in groupby(rows, lambda row: row.slot_id)]):
        here = [row for row in rows if row.slot_id in set(slot_ids)]
        found = slots.load(tx, organization_id, slot_ids)
        booked = customers.lock_rows(
            tx, organization_id, {row.customer_id for row in here}, lock=False
        )
        known = customers.fill(tx, organization_id, booked, list(found.values()))
        memberships = {m.id: m for each in known.values() for m in each.memberships}
        for row in here:
            day = found[row.slot_id].day
            if row.membership_id in memberships and _exceeded(memberships[row.membership_id], day):
                yield patient.finding(
                    f"booking {row.id} counts against membership {row.membership_id}, "
                    f"which grants fewer bookings at the time of slot {row.slot_id} than it has",
                    slot_id=row.slot_id,
                    bookings=[row.id],
                    membership_id=row.membership_id,
                )


def _exceeded(membership: Membership, day: date) -> bool:
    """Whether more bookings than one of its contingents grants are counted around that day."""
    for granted in membership.contingents:
        first, last = span(granted.period, day)
        used = sum(first <= each <= last for each in membership.used_days)
        if granted.bookings is not None and used > granted.bookings:
            return True
    return False


def _order_of_joining(patient: Patient) -> Iterator[Finding]:
    for row in patient.rows(BEYOND_LAST_SEQUENCE):
        yield patient.finding(
            f"booking {row.id} has place {row.sequence} in the order of joining slot "
            f"{row.slot_id}, which has given {row.last_sequence}",
            slot_id=row.slot_id,
            bookings=[row.id],
        )
    for row in patient.rows(SAME_SEQUENCE):
        yield patient.finding(
            f"slot {row.slot_id} has given place {row.sequence} in the order of joining "
            f"{row.times} times",
            slot_id=row.slot_id,
        )


def _portions(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for first in range(0, len(ids), AT_ONCE):
        yield ids[first : first + AT_ONCE]


LOOKS = (
    (Invariant.COUNTS, _counts),
    (Invariant.SEATS_ARE_FILLED, _seats_are_filled),
    (Invariant.CANCELLED_SLOTS_ARE_EMPTY, _cancelled_slots_are_empty),
    (Invariant.ONE_BOOKING_EACH, _one_booking_each),
    (Invariant.SAME_TIMES, _same_times),
    (Invariant.ONE_PLACE_AT_A_TIME, _one_place_at_a_time),
    (Invariant.CONTINGENTS, _contingents),
    (Invariant.ORDER_OF_JOINING, _order_of_joining),
)
