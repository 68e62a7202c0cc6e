"""Whom staff tell of a change, and how they are reached. Reads, never for deciding."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, Select, bindparam, select, text

from kursplan.store.engine.dialect import any_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff.joins import BOOKED_BY
from kursplan.store.tables import ORGANIZATION, booking, class_, customer, studio

_CONTACTS = (
    select(
        booking.c.id,
        booking.c.studio_id,
        booking.c.slot_id,
        booking.c.customer_id,
        booking.c.status,
        booking.c.starts_at,
        customer.c.first_name,
        customer.c.last_name,
        customer.c.number,
        customer.c.email,
        customer.c.phone_private_mobile.label("phone"),
        customer.c.preferred_language.label("language"),
        class_.c.title,
        studio.c.zone,
    )
    .select_from(BOOKED_BY)
    .where(booking.c.organization_id == ORGANIZATION)
)


def _in_order(contacts: Select[tuple[object, ...]]) -> Select[tuple[object, ...]]:
    return contacts.order_by(booking.c.starts_at, booking.c.slot_id, booking.c.sequence)


OF_BOOKINGS = _in_order(_CONTACTS.where(any_of(booking.c.id, "booking_ids")))

ON_SLOT = _in_order(
    _CONTACTS.where(booking.c.slot_id == bindparam("slot_id"), text("booking.status <> 'CANCELED'"))
)


def of_bookings(
    tx: Connection, organization_id: int, booking_ids: Collection[int]
) -> Sequence[AnyRow]:
    """Those whose bookings these are, in the order of slots and of joining them."""
    if not booking_ids:
        return []
    named = {"organization": organization_id, "booking_ids": booking_ids}
    return tx.execute(OF_BOOKINGS, named).all()


def on_slot(tx: Connection, organization_id: int, slot_id: int) -> Sequence[AnyRow]:
    """Those who sit or wait there now."""
    return tx.execute(ON_SLOT, {"organization": organization_id, "slot_id": slot_id}).all()
