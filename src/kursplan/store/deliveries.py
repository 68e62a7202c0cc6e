"""Deliveries for looking up, and for sending again.

What sends them is in `webhooks`. A delivery that is still to be sent is left alone here: nothing
but an attempt takes it from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Boolean, Connection, Integer, Update, bindparam, or_, select, update

from kursplan.domain.webhooks import DeliveryStatus
from kursplan.store.dialect import Instant
from kursplan.store.rows import AnyRow
from kursplan.store.tables import (
    ORGANIZATION,
    application,
    attempt,
    delivery,
    event,
    integration,
    studio,
    webhook_endpoint,
)

_STATUS = bindparam("with_status", type_=delivery.c.status.type)

_DELIVERIES = (
    select(
        delivery.c.id,
        delivery.c.endpoint_id,
        delivery.c.status,
        delivery.c.attempts,
        delivery.c.due_at,
        delivery.c.created_at,
        delivery.c.finished_at,
        event.c.uuid,
        event.c.type,
        event.c.entity_id,
        event.c.happened_at,
        webhook_endpoint.c.key.label("endpoint"),
        webhook_endpoint.c.url,
        webhook_endpoint.c.disabled,
        studio.c.key.label("studio"),
        application.c.key.label("application"),
        attempt.c.status_code,
        attempt.c.failure,
    )
    .select_from(
        delivery.join(
            event,
            (event.c.organization_id == delivery.c.organization_id)
            & (event.c.id == delivery.c.event_id),
        )
        .join(
            webhook_endpoint,
            (webhook_endpoint.c.organization_id == delivery.c.organization_id)
            & (webhook_endpoint.c.id == delivery.c.endpoint_id),
        )
        .join(
            integration,
            (integration.c.organization_id == webhook_endpoint.c.organization_id)
            & (integration.c.id == webhook_endpoint.c.integration_id),
        )
        .join(
            studio,
            (studio.c.organization_id == integration.c.organization_id)
            & (studio.c.id == integration.c.studio_id),
        )
        .join(
            application,
            (application.c.organization_id == integration.c.organization_id)
            & (application.c.id == integration.c.application_id),
        )
        .outerjoin(
            attempt,
            (attempt.c.organization_id == delivery.c.organization_id)
            & (attempt.c.delivery_id == delivery.c.id)
            & (attempt.c.number == delivery.c.attempts),
        )
    )
    .where(delivery.c.organization_id == ORGANIZATION)
)
"""Each with what came of its last attempt."""

_CHOSEN = _DELIVERIES.where(
    or_(_STATUS.is_(None), delivery.c.status == _STATUS),
    delivery.c.created_at >= bindparam("since", type_=Instant),
).limit(bindparam("limit", type_=Integer))

NEWEST = _CHOSEN.order_by(delivery.c.id.desc())
NEWEST_OF_ENDPOINT = _CHOSEN.where(delivery.c.endpoint_id == bindparam("endpoint_id")).order_by(
    delivery.c.created_at.desc(), delivery.c.id.desc()
)
BY_ID = _DELIVERIES.where(delivery.c.id == bindparam("delivery_id"))

ATTEMPTS = (
    select(
        attempt.c.number,
        attempt.c.attempted_at,
        attempt.c.milliseconds,
        attempt.c.status_code,
        attempt.c.failure,
        attempt.c.excerpt,
    )
    .where(
        attempt.c.organization_id == ORGANIZATION,
        attempt.c.delivery_id == bindparam("delivery_id"),
    )
    .order_by(attempt.c.number)
)


def _made_due(*which: object) -> Update:
    """Of these deliveries, those that are not to be sent already are to be sent now."""
    return (
        update(delivery)
        .where(
            delivery.c.organization_id == ORGANIZATION,
            *which,  # type: ignore[arg-type]
            delivery.c.status != DeliveryStatus.PENDING,
        )
        .values(
            status=DeliveryStatus.PENDING,
            failed_attempts=0,
            due_at=bindparam("now", type_=Instant),
            claimed_until=None,
            finished_at=None,
        )
    )


_OF_ENDPOINT = delivery.c.endpoint_id == bindparam("of_endpoint")

RESEND = _made_due(delivery.c.id == bindparam("delivery_id"))
RESEND_SINCE = _made_due(
    _OF_ENDPOINT,
    delivery.c.created_at >= bindparam("since", type_=Instant),
    delivery.c.created_at < bindparam("until", type_=Instant),
    or_(
        bindparam("delivered_too", type_=Boolean),
        delivery.c.status != DeliveryStatus.DELIVERED,
    ),
)
RESEND_MISSED = _made_due(
    _OF_ENDPOINT,
    or_(
        delivery.c.status == DeliveryStatus.HELD,
        (delivery.c.status == DeliveryStatus.FAILED)
        & (delivery.c.finished_at >= bindparam("failing_since", type_=Instant)),
    ),
)
"""What it did not get since it began to fail: a delivery that was given up after that, however old
its event is, and what was not even tried."""


def newest(
    tx: Connection,
    organization_id: int,
    *,
    since: datetime,
    limit: int,
    status: DeliveryStatus | None = None,
    endpoint_id: int | None = None,
) -> Sequence[AnyRow]:
    """The newest deliveries, of one endpoint or of all, in one status or in any."""
    named = {
        "organization": organization_id,
        "since": since,
        "limit": limit,
        "with_status": status,
    }
    if endpoint_id is None:
        return tx.execute(NEWEST, named).all()
    return tx.execute(NEWEST_OF_ENDPOINT, named | {"endpoint_id": endpoint_id}).all()


def by_id(tx: Connection, organization_id: int, delivery_id: int) -> AnyRow | None:
    named = {"organization": organization_id, "delivery_id": delivery_id}
    return tx.execute(BY_ID, named).one_or_none()


def attempts(tx: Connection, organization_id: int, delivery_id: int) -> Sequence[AnyRow]:
    """What came of the attempts that were not forgotten yet, the first one first."""
    named = {"organization": organization_id, "delivery_id": delivery_id}
    return tx.execute(ATTEMPTS, named).all()


def resend(tx: Connection, organization_id: int, delivery_id: int, now: datetime) -> int:
    """Have the delivery sent again; 1, or 0 where it is to be sent anyway or is not there."""
    named = {"organization": organization_id, "delivery_id": delivery_id, "now": now}
    return tx.execute(RESEND, named).rowcount


def resend_since(
    tx: Connection,
    organization_id: int,
    endpoint_id: int,
    since: datetime,
    until: datetime,
    now: datetime,
    *,
    delivered_too: bool,
) -> int:
    """Have what was fanned out to the endpoint in that time sent again; how many that are."""
    named = {
        "organization": organization_id,
        "of_endpoint": endpoint_id,
        "since": since,
        "until": until,
        "now": now,
        "delivered_too": delivered_too,
    }
    return tx.execute(RESEND_SINCE, named).rowcount


def resend_missed(
    tx: Connection,
    organization_id: int,
    endpoint_id: int,
    failing_since: datetime | None,
    now: datetime,
) -> int:
    """Have sent what the endpoint missed while it was disabled, and while it failed before that."""
    named = {
        "organization": organization_id,
        "of_endpoint": endpoint_id,
        "failing_since": failing_since,
        "now": now,
    }
    return tx.execute(RESEND_MISSED, named).rowcount
