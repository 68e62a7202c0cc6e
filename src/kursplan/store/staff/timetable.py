"""The schedule as staff see it, hidden classes and cancelled slots included: reads, never for
deciding.

What partners are shown is in `timetable` and `directory`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, Integer, bindparam, func, select, text

from kursplan.domain.names import full_name
from kursplan.domain.slots import SlotStatus
from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff.joins import BOOKED_BY
from kursplan.store.tables import (
    ORGANIZATION,
    booking,
    class_,
    closure,
    customer,
    employee,
    history,
    location,
    slot,
    stand_in,
    studio,
)

STUDIOS = (
    select(studio.c.id, studio.c.key, studio.c.name, studio.c.city, studio.c.zone, studio.c.clashes)
    .where(studio.c.organization_id == ORGANIZATION)
    .order_by(studio.c.id)
)

CLOSURES = (
    select(
        closure.c.studio_id,
        closure.c.key,
        closure.c.local_from,
        closure.c.local_to,
        closure.c.reason,
    )
    .where(closure.c.organization_id == ORGANIZATION)
    .order_by(closure.c.local_from, closure.c.id)
)

EMPLOYEE_BY_KEY = select(employee.c.id).where(
    employee.c.organization_id == ORGANIZATION, employee.c.key == bindparam("key")
)

LOCATION_BY_KEY = select(location.c.id).where(
    location.c.organization_id == ORGANIZATION, location.c.key == bindparam("key")
)

CLASSES = (
    select(
        class_.c.id,
        class_.c.key,
        class_.c.title,
        class_.c.type,
        class_.c.duration,
        class_.c.bookable,
        class_.c.online_booking,
        class_.c.who_may_book,
        class_.c.uses_contingent,
        class_.c.admits_other_studios,
        class_.c.max_participants,
        class_.c.max_waiting_list,
        studio.c.key.label("studio"),
        studio.c.zone,
        select(func.min(slot.c.starts_at))
        .where(
            slot.c.organization_id == class_.c.organization_id,
            slot.c.class_id == class_.c.id,
            slot.c.status == SlotStatus.PLANNED,
            slot.c.starts_at > bindparam("now", type_=Instant),
        )
        .scalar_subquery()
        .label("next_slot"),
    )
    .select_from(
        class_.join(
            studio,
            (studio.c.organization_id == class_.c.organization_id)
            & (studio.c.id == class_.c.studio_id),
        )
    )
    .where(class_.c.organization_id == ORGANIZATION)
    .order_by(class_.c.id)
)

_SLOTS = (
    select(
        slot.c.id,
        slot.c.class_id,
        slot.c.studio_id,
        slot.c.location_id,
        slot.c.series_id,
        slot.c.starts_at,
        slot.c.ends_at,
        slot.c.status,
        slot.c.own,
        slot.c.max_participants,
        slot.c.max_waiting_list,
        slot.c.additional_participants,
        slot.c.seats,
        slot.c.waiting,
        class_.c.title,
        studio.c.key.label("studio"),
        studio.c.zone,
        location.c.name.label("location"),
    )
    .select_from(
        slot.join(
            class_,
            (class_.c.organization_id == slot.c.organization_id) & (class_.c.id == slot.c.class_id),
        )
        .join(
            studio,
            (studio.c.organization_id == slot.c.organization_id)
            & (studio.c.id == slot.c.studio_id),
        )
        .outerjoin(
            location,
            (location.c.organization_id == slot.c.organization_id)
            & (location.c.id == slot.c.location_id),
        )
    )
    .where(slot.c.organization_id == ORGANIZATION)
    .order_by(slot.c.starts_at, slot.c.id)
)

SLOT_BY_ID = _SLOTS.where(slot.c.id == bindparam("slot_id"))

SLOTS_BY_ID = _SLOTS.where(any_of(slot.c.id, "slot_ids"))

NAMES_OF_CUSTOMERS = select(customer.c.id, customer.c.first_name, customer.c.last_name).where(
    customer.c.organization_id == ORGANIZATION, any_of(customer.c.id, "customer_ids")
)

SLOTS_OF_STUDIO = _SLOTS.where(
    slot.c.studio_id == bindparam("studio_id"),
    slot.c.starts_at >= bindparam("since", type_=Instant),
    slot.c.starts_at < bindparam("until", type_=Instant),
)

TITLES = (
    select(class_.c.id, class_.c.studio_id, class_.c.title, class_.c.category)
    .where(class_.c.organization_id == ORGANIZATION, any_of(class_.c.studio_id, "studio_ids"))
    .order_by(class_.c.title, class_.c.id)
)

SLOTS_OF_CLASSES = _SLOTS.where(
    any_of(slot.c.class_id, "class_ids"),
    slot.c.starts_at >= bindparam("since", type_=Instant),
    slot.c.starts_at < bindparam("until", type_=Instant),
    slot.c.status == SlotStatus.PLANNED,
).limit(bindparam("limit", type_=Integer))

SLOTS_OF_SERIES = _SLOTS.where(
    slot.c.series_id == bindparam("series_id"), slot.c.starts_at > bindparam("now", type_=Instant)
)

STAND_INS = (
    select(
        stand_in.c.replaced_id,
        stand_in.c.stand_in_id,
        stand_in.c.reason,
        stand_in.c.set_at,
        stand_in.c.removed_at,
    )
    .where(stand_in.c.organization_id == ORGANIZATION, stand_in.c.slot_id == bindparam("slot_id"))
    .order_by(stand_in.c.id)
)

EMPLOYEES = select(employee.c.id, employee.c.first_name, employee.c.last_name).where(
    employee.c.organization_id == ORGANIZATION
)

_REASON = (
    select(history.c.reason)
    .where(
        history.c.organization_id == booking.c.organization_id,
        history.c.subject_id == booking.c.id,
        history.c.reason.is_not(None),
    )
    .order_by(history.c.happened_at.desc(), history.c.id.desc())
    .limit(1)
    .correlate(booking)
    .scalar_subquery()
)
"""Why staff did what they did last to a booking, and gave a reason for."""

_BOOKINGS = (
    select(
        booking.c.id,
        booking.c.studio_id,
        booking.c.slot_id,
        booking.c.customer_id,
        booking.c.status,
        booking.c.participation,
        booking.c.sequence,
        booking.c.starts_at,
        booking.c.ends_at,
        booking.c.booked_at,
        booking.c.membership_id,
        booking.c.counts,
        booking.c.confirm_until,
        booking.c.cancelled_at,
        booking.c.late,
        booking.c.skipped,
        booking.c.conflict,
        booking.c.overruled,
        booking.c.settled,
        booking.c.booked_via,
        booking.c.booked_by,
        booking.c.promoted_at,
        booking.c.confirmed_at,
        booking.c.ended,
        booking.c.ended_via,
        booking.c.ended_by,
        _REASON.label("reason"),
        customer.c.first_name,
        customer.c.last_name,
        customer.c.number,
        customer.c.phone_private_mobile.label("phone"),
        class_.c.title,
        studio.c.key.label("studio"),
        studio.c.zone,
    )
    .select_from(BOOKED_BY)
    .where(booking.c.organization_id == ORGANIZATION)
)

BOOKING_BY_ID = _BOOKINGS.where(booking.c.id == bindparam("booking_id"))
BOOKINGS_OF_SLOT = _BOOKINGS.where(booking.c.slot_id == bindparam("slot_id")).order_by(
    booking.c.sequence
)
BOOKINGS_OF_CUSTOMER = _BOOKINGS.where(booking.c.customer_id == bindparam("customer_id")).order_by(
    booking.c.starts_at, booking.c.id
)

FLAGGED_BOOKINGS = _BOOKINGS.where(
    text("booking.status <> 'CANCELED'"),
    text("booking.conflict IS NOT NULL"),
    booking.c.ends_at > bindparam("now", type_=Instant),
).order_by(booking.c.starts_at, booking.c.id)


def studios(tx: Connection, organization_id: int) -> Sequence[AnyRow]:
    return tx.execute(STUDIOS, {"organization": organization_id}).all()


def closures(tx: Connection, organization_id: int) -> Sequence[AnyRow]:
    """All closures, those that are over included, the earliest first."""
    return tx.execute(CLOSURES, {"organization": organization_id}).all()


def employee_by_key(tx: Connection, organization_id: int, key: str) -> int | None:
    named = {"organization": organization_id, "key": key}
    return tx.execute(EMPLOYEE_BY_KEY, named).scalar_one_or_none()


def location_by_key(tx: Connection, organization_id: int, key: str) -> int | None:
    named = {"organization": organization_id, "key": key}
    return tx.execute(LOCATION_BY_KEY, named).scalar_one_or_none()


def employees(tx: Connection, organization_id: int) -> dict[int, str]:
    """The names of all employees, of those who left too."""
    rows = tx.execute(EMPLOYEES, {"organization": organization_id})
    return {row.id: f"{row.first_name} {row.last_name}" for row in rows}


def classes(tx: Connection, organization_id: int, now: datetime) -> Sequence[AnyRow]:
    """All classes, each with the start of its next slot."""
    return tx.execute(CLASSES, {"organization": organization_id, "now": now}).all()


def slots_of_studio(
    tx: Connection, organization_id: int, studio_id: int, since: datetime, until: datetime
) -> Sequence[AnyRow]:
    """The slots that start in that time, cancelled ones too."""
    named = {
        "organization": organization_id,
        "studio_id": studio_id,
        "since": since,
        "until": until,
    }
    return tx.execute(SLOTS_OF_STUDIO, named).all()


def titles(tx: Connection, organization_id: int, studio_ids: Collection[int]) -> Sequence[AnyRow]:
    """What the classes of these studios are called, by their titles."""
    named = {"organization": organization_id, "studio_ids": studio_ids}
    return tx.execute(TITLES, named).all()


def slots_of_classes(
    tx: Connection,
    organization_id: int,
    class_ids: Collection[int],
    since: datetime,
    until: datetime,
    limit: int,
) -> Sequence[AnyRow]:
    """The slots of these classes that start in that time and are not cancelled, the next first."""
    if not class_ids:
        return []
    named = {
        "organization": organization_id,
        "class_ids": class_ids,
        "since": since,
        "until": until,
        "limit": limit,
    }
    return tx.execute(SLOTS_OF_CLASSES, named).all()


def slots_of_series(
    tx: Connection, organization_id: int, series_id: int, now: datetime
) -> Sequence[AnyRow]:
    """Its slots that are yet to start, cancelled ones too, the next first."""
    named = {"organization": organization_id, "series_id": series_id, "now": now}
    return tx.execute(SLOTS_OF_SERIES, named).all()


def slot_by_id(tx: Connection, organization_id: int, slot_id: int) -> AnyRow | None:
    named = {"organization": organization_id, "slot_id": slot_id}
    return tx.execute(SLOT_BY_ID, named).one_or_none()


def slots_by_id(
    tx: Connection, organization_id: int, slot_ids: Collection[int]
) -> dict[int, AnyRow]:
    if not slot_ids:
        return {}
    named = {"organization": organization_id, "slot_ids": slot_ids}
    return {row.id: row for row in tx.execute(SLOTS_BY_ID, named)}


def names_of_customers(
    tx: Connection, organization_id: int, customer_ids: Collection[int]
) -> dict[int, str]:
    """By id; of those who were erased nothing is left to tell."""
    if not customer_ids:
        return {}
    named = {"organization": organization_id, "customer_ids": customer_ids}
    rows = tx.execute(NAMES_OF_CUSTOMERS, named)
    return {row.id: full_name(row) for row in rows}


def stand_ins(tx: Connection, organization_id: int, slot_id: int) -> Sequence[AnyRow]:
    """Who stood in for whom on the slot, ended ones too, in the order in which they were put."""
    return tx.execute(STAND_INS, {"organization": organization_id, "slot_id": slot_id}).all()


def booking_by_id(tx: Connection, organization_id: int, booking_id: int) -> AnyRow | None:
    named = {"organization": organization_id, "booking_id": booking_id}
    return tx.execute(BOOKING_BY_ID, named).one_or_none()


def bookings_of_slot(tx: Connection, organization_id: int, slot_id: int) -> Sequence[AnyRow]:
    """Cancelled ones too, in the order of joining."""
    named = {"organization": organization_id, "slot_id": slot_id}
    return tx.execute(BOOKINGS_OF_SLOT, named).all()


def bookings_of_customer(
    tx: Connection, organization_id: int, customer_id: int
) -> Sequence[AnyRow]:
    """Cancelled ones too, in the order of their slots."""
    named = {"organization": organization_id, "customer_id": customer_id}
    return tx.execute(BOOKINGS_OF_CUSTOMER, named).all()


def flagged_bookings(tx: Connection, organization_id: int, now: datetime) -> Sequence[AnyRow]:
    """The active bookings that are not over and would be refused today, the next first."""
    return tx.execute(FLAGGED_BOOKINGS, {"organization": organization_id, "now": now}).all()
