"""Deliveries for looking up and for sending again, and how long what is known of them is kept.

What sends them is in `webhooks`. Sending again leaves alone what is still to be sent: nothing but an
attempt takes it from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    Boolean,
    Connection,
    Integer,
    Update,
    bindparam,
    delete,
    func,
    or_,
    select,
    text,
    update,
)

from kursplan.domain.webhooks import DeliveryStatus
from kursplan.store.dialect import Instant
from kursplan.store.endpoints import WITH_NAMES
from kursplan.store.rows import AnyRow
from kursplan.store.tables import (
    ORGANIZATION,
    application,
    attempt,
    delivery,
    event,
    organization,
    studio,
    webhook_endpoint,
)

FORGOTTEN_AT_ONCE = 5_000
"""How many attempts are dropped at a time, so that no statement takes long."""

AT_ENDPOINT = (delivery.c.organization_id == webhook_endpoint.c.organization_id) & (
    delivery.c.endpoint_id == webhook_endpoint.c.id
)
OF_EVENT = (event.c.organization_id == delivery.c.organization_id) & (
    event.c.id == delivery.c.event_id
)

# What is pending, written out like the conditions of the partial indexes, so that those can serve it.
UNATTEMPTED = text("delivery.status = 'PENDING' AND delivery.attempts = 0")
REPEAT = text("delivery.status = 'PENDING' AND delivery.attempts > 0")

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
        WITH_NAMES.join(delivery, AT_ENDPOINT)
        .join(event, OF_EVENT)
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
_sent = delivery.alias("sent")
_LAST_DELIVERED = (
    select(func.max(_sent.c.finished_at))
    .where(
        _sent.c.organization_id == ORGANIZATION,
        _sent.c.endpoint_id == bindparam("of_endpoint"),
        _sent.c.status == DeliveryStatus.DELIVERED,
    )
    .scalar_subquery()
)
RESEND_MISSED = _made_due(
    _OF_ENDPOINT,
    or_(
        delivery.c.status == DeliveryStatus.HELD,
        (delivery.c.status == DeliveryStatus.FAILED)
        & or_(_LAST_DELIVERED.is_(None), delivery.c.finished_at > _LAST_DELIVERED),
    ),
)
"""What was not even tried, and what was given up since it last accepted one, however old its event."""

HOLD = tuple(
    update(delivery)
    .where(delivery.c.organization_id == ORGANIZATION, _OF_ENDPOINT, pending)
    .values(status=DeliveryStatus.HELD)
    for pending in (UNATTEMPTED, REPEAT)
)

_BEFORE = bindparam("before", type_=Instant)

ACROSS_OLD_ATTEMPTS = (
    select(organization.c.id)
    .where(
        select(attempt.c.attempted_at)
        .where(attempt.c.organization_id == organization.c.id, attempt.c.attempted_at < _BEFORE)
        .order_by(attempt.c.attempted_at)
        .limit(1)
        .scalar_subquery()
        .is_not(None)
    )
    .order_by(organization.c.id)
)
"""By the oldest of each, which the index knows at once."""

OLD_ATTEMPT_AT = (
    select(attempt.c.attempted_at)
    .where(attempt.c.organization_id == ORGANIZATION, attempt.c.attempted_at < _BEFORE)
    .order_by(attempt.c.attempted_at)
    .offset(bindparam("place", type_=Integer))
    .limit(1)
)
FORGET_ATTEMPTS = delete(attempt).where(
    attempt.c.organization_id == ORGANIZATION,
    attempt.c.attempted_at.between(
        bindparam("since", type_=Instant), bindparam("until", type_=Instant)
    ),
    attempt.c.attempted_at < _BEFORE,
)


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


def resend_missed(tx: Connection, organization_id: int, endpoint_id: int, now: datetime) -> int:
    """Have sent what the endpoint missed while it was disabled, and while it failed before that."""
    named = {"organization": organization_id, "of_endpoint": endpoint_id, "now": now}
    return tx.execute(RESEND_MISSED, named).rowcount


def hold(tx: Connection, organization_id: int, endpoint_id: int) -> None:
    """Keep what is still to be sent to an endpoint until it is enabled again."""
    for statement in HOLD:
        tx.execute(statement, {"organization": organization_id, "of_endpoint": endpoint_id})


def organizations_with_old_attempts(tx: Connection, before: datetime) -> list[int]:
    return list(tx.execute(ACROSS_OLD_ATTEMPTS, {"before": before}).scalars())


def forget_attempts(tx: Connection, organization_id: int, before: datetime) -> int:
    """Drop the oldest attempts from before that instant, some thousands; how many there were."""
    named = {"organization": organization_id, "before": before}
    since, until = (
        tx.execute(OLD_ATTEMPT_AT, named | {"place": place}).scalar()
        for place in (0, FORGOTTEN_AT_ONCE - 1)
    )
    if since is None:
        return 0
    return tx.execute(FORGET_ATTEMPTS, named | {"since": since, "until": until or before}).rowcount
