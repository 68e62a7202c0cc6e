"""Joins, and selections, that several queries of staff begin with."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from kursplan.store.tables import ORGANIZATION, booking, class_, customer, series, slot, studio

TO_SLOT: Final = (slot.c.organization_id == booking.c.organization_id) & (
    slot.c.id == booking.c.slot_id
)
TO_CLASS: Final = (class_.c.organization_id == slot.c.organization_id) & (
    class_.c.id == slot.c.class_id
)
TO_STUDIO: Final = (studio.c.organization_id == slot.c.organization_id) & (
    studio.c.id == slot.c.studio_id
)
TO_CUSTOMER: Final = (customer.c.organization_id == booking.c.organization_id) & (
    customer.c.id == booking.c.customer_id
)

BOOKED: Final = booking.join(slot, TO_SLOT).join(class_, TO_CLASS).join(studio, TO_STUDIO)
"""Bookings, with their slot, its class and its studio."""
BOOKED_BY: Final = (
    booking.join(customer, TO_CUSTOMER)
    .join(slot, TO_SLOT)
    .join(class_, TO_CLASS)
    .join(studio, TO_STUDIO)
)
"""The same with the customer."""

SERIES: Final = (
    select(series.c.id, series.c.weekdays, series.c.start_time, series.c.last_day, class_.c.title)
    .select_from(
        series.join(
            class_,
            (class_.c.organization_id == series.c.organization_id)
            & (class_.c.id == series.c.class_id),
        )
    )
    .where(series.c.organization_id == ORGANIZATION)
    .order_by(series.c.start_time, series.c.id)
)
"""Weekly plans, as they are said in a sentence; ended ones too."""
