"""What the front desk looks at: who comes to a slot, and what needs a person. Reads, never for deciding."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, exists, func, select, text

from kursplan.domain.bookings import BookingStatus
from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.tables import (
    ORGANIZATION,
    booking,
    customer,
    integration,
    membership,
    rate,
    webhook_endpoint,
)

_EARLIER = booking.alias("earlier")

PEOPLE = (
    select(
        booking.c.id,
        booking.c.customer_id,
        booking.c.membership_id,
        booking.c.status,
        booking.c.participation,
        booking.c.skipped,
        booking.c.conflict,
        booking.c.confirm_until,
        customer.c.first_name,
        customer.c.last_name,
        customer.c.number,
        customer.c.date_of_birth,
        rate.c.name.label("rate"),
        exists()
        .where(
            _EARLIER.c.organization_id == booking.c.organization_id,
            _EARLIER.c.customer_id == booking.c.customer_id,
            _EARLIER.c.starts_at < booking.c.starts_at,
            _EARLIER.c.status == BookingStatus.BOOKED,
        )
        .label("came_before"),
    )
    .select_from(
        booking.join(
            customer,
            (customer.c.organization_id == booking.c.organization_id)
            & (customer.c.id == booking.c.customer_id),
        )
        .outerjoin(
            membership,
            (membership.c.organization_id == booking.c.organization_id)
            & (membership.c.customer_id == booking.c.customer_id)
            & (membership.c.id == booking.c.membership_id),
        )
        .outerjoin(
            rate,
            (rate.c.organization_id == membership.c.organization_id)
            & (rate.c.id == membership.c.rate_id),
        )
    )
    .where(
        booking.c.organization_id == ORGANIZATION,
        booking.c.slot_id == bindparam("slot_id"),
        text("booking.status <> 'CANCELED'"),
    )
    .order_by(booking.c.sequence)
)

FLAGGED = (
    select(
        booking.c.slot_id,
        func.count().label("bookings"),
        func.min(booking.c.id).label("first_booking_id"),
    )
    .where(
        booking.c.organization_id == ORGANIZATION,
        any_of(booking.c.studio_id, "studio_ids"),
        text("booking.status <> 'CANCELED'"),
        text("booking.conflict IS NOT NULL"),
        booking.c.ends_at > bindparam("now", type_=Instant),
    )
    .group_by(booking.c.slot_id)
    .order_by(func.min(booking.c.starts_at), booking.c.slot_id)
)

UNCONFIRMED = (
    select(
        booking.c.slot_id,
        func.count().label("bookings"),
        func.min(booking.c.id).label("first_booking_id"),
        func.min(booking.c.confirm_until, type_=Instant).label("until"),
    )
    .where(
        booking.c.organization_id == ORGANIZATION,
        any_of(booking.c.studio_id, "studio_ids"),
        text("booking.status = 'BOOKED_WITH_CONFIRMATION_REQUIRED'"),
        booking.c.confirm_until <= bindparam("soon", type_=Instant),
    )
    .group_by(booking.c.slot_id)
    .order_by(func.min(booking.c.confirm_until), booking.c.slot_id)
)

DISABLED_ENDPOINTS = (
    select(webhook_endpoint.c.id, webhook_endpoint.c.url, webhook_endpoint.c.disabled_at)
    .select_from(
        webhook_endpoint.join(
            integration,
            (integration.c.organization_id == webhook_endpoint.c.organization_id)
            & (integration.c.id == webhook_endpoint.c.integration_id),
        )
    )
    .where(
        webhook_endpoint.c.organization_id == ORGANIZATION,
        any_of(integration.c.studio_id, "studio_ids"),
        integration.c.active,
        webhook_endpoint.c.disabled.is_not(None),
    )
    .order_by(webhook_endpoint.c.disabled_at.desc(), webhook_endpoint.c.id)
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a person in some studios, besides what their schedule shows."""

    flagged: Sequence[AnyRow]
    """The slots with bookings that staff have to decide about, the next first."""
    unconfirmed: Sequence[AnyRow]
    """The slots with bookings that lapse soon unless they are confirmed, the soonest first."""
    endpoints: Sequence[AnyRow]
    """Those that are told nothing any more, the latest first."""


def people(tx: Connection, organization_id: int, slot_id: int) -> Sequence[AnyRow]:
    """Who sits and who waits there, in the order of joining."""
    return tx.execute(PEOPLE, {"organization": organization_id, "slot_id": slot_id}).all()


def waiting(
    tx: Connection,
    organization_id: int,
    studio_ids: Collection[int],
    now: datetime,
    soon: datetime,
) -> Waiting:
    """`soon` is until when what is to be confirmed counts."""
    named = {"organization": organization_id, "studio_ids": studio_ids}
    return Waiting(
        tx.execute(FLAGGED, {**named, "now": now}).all(),
        tx.execute(UNCONFIRMED, {**named, "soon": soon}).all(),
        tx.execute(DISABLED_ENDPOINTS, named).all(),
    )
