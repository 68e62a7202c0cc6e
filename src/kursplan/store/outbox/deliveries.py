"""Deliveries for looking up and for sending again; how long they are kept is in `retention`.

What sends them is in `webhooks`. Sending again leaves alone what is still to be sent: nothing but an
attempt takes it from there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from heapq import nlargest

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    bindparam,
    select,
    text,
    tuple_,
    update,
)

from kursplan.domain.webhooks import DeliveryStatus
from kursplan.store.engine.dialect import Instant, any_of, numbers_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.outbox.endpoints import WITH_NAMES
from kursplan.store.tables import (
    ORGANIZATION,
    application,
    attempt,
    delivery,
    event,
    studio,
    webhook_endpoint,
)

AT_ENDPOINT = (delivery.c.organization_id == webhook_endpoint.c.organization_id) & (
    delivery.c.endpoint_id == webhook_endpoint.c.id
)
OF_EVENT = (event.c.organization_id == delivery.c.organization_id) & (
    event.c.id == delivery.c.event_id
)

# What is pending, written out like the conditions of the partial indexes, so that those can serve it.
UNATTEMPTED = text("delivery.status = 'PENDING' AND delivery.attempts = 0")
REPEAT = text("delivery.status = 'PENDING' AND delivery.attempts > 0")

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

BY_IDS = _DELIVERIES.where(any_of(delivery.c.id, "delivery_ids")).order_by(delivery.c.id.desc())
BY_ID = _DELIVERIES.where(delivery.c.id == bindparam("delivery_id"))

_OF_STATUS = delivery.c.status == bindparam("of_status", type_=delivery.c.status.type)
_LIMIT = bindparam("limit", type_=Integer)
_SINCE = bindparam("since", type_=Instant)

_NEWEST_HERE = (
    select(delivery.c.id)
    .where(AT_ENDPOINT, _OF_STATUS, delivery.c.created_at >= _SINCE)
    .order_by(delivery.c.created_at.desc(), delivery.c.id.desc())
    .limit(_LIMIT)
)
NEWEST = select(numbers_of(_NEWEST_HERE).label("newest")).where(
    webhook_endpoint.c.organization_id == ORGANIZATION
)
"""Of each endpoint as many as are asked for altogether: they come first in an index, so no others are
read, however many there are."""
NEWEST_OF_ENDPOINT = NEWEST.where(webhook_endpoint.c.id == bindparam("endpoint_id"))

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


_OF_ENDPOINT = delivery.c.endpoint_id == bindparam("of_endpoint")

MAKE_DUE = (
    update(delivery)
    .where(delivery.c.organization_id == ORGANIZATION, any_of(delivery.c.id, "delivery_ids"))
    .values(
        status=DeliveryStatus.PENDING,
        failed_attempts=0,
        due_at=bindparam("now", type_=Instant),
        claimed_until=None,
        finished_at=None,
    )
)

STORED = (
    select(delivery.c.id, delivery.c.created_at)
    .where(
        delivery.c.organization_id == ORGANIZATION,
        _OF_ENDPOINT,
        _OF_STATUS,
        delivery.c.created_at < bindparam("until", type_=Instant),
        tuple_(delivery.c.created_at, delivery.c.id)
        > tuple_(_SINCE, bindparam("after", type_=BigInteger)),
    )
    .order_by(delivery.c.created_at, delivery.c.id)
    .limit(_LIMIT)
)

# What has come to an end, written out like the condition of its index.
_FINISHED = text("delivery.finished_at IS NOT NULL")

LAST_DELIVERED = (
    select(delivery.c.finished_at)
    .where(
        delivery.c.organization_id == ORGANIZATION,
        _OF_ENDPOINT,
        _FINISHED,
        delivery.c.status == DeliveryStatus.DELIVERED,
    )
    .order_by(delivery.c.finished_at.desc())
    .limit(1)
)
"""Behind what was given up since, which is what it is asked for."""

GIVEN_UP_SINCE = (
    select(delivery.c.id)
    .where(
        delivery.c.organization_id == ORGANIZATION,
        _OF_ENDPOINT,
        _FINISHED,
        delivery.c.finished_at > _SINCE,
        delivery.c.status == DeliveryStatus.FAILED,
    )
    .order_by(delivery.c.finished_at)
    .limit(_LIMIT)
)
HELD = (
    select(delivery.c.id)
    .where(
        delivery.c.organization_id == ORGANIZATION,
        _OF_ENDPOINT,
        delivery.c.status == DeliveryStatus.HELD,
    )
    .order_by(delivery.c.created_at)
    .limit(_LIMIT)
)

HOLD = tuple(
    update(delivery)
    .where(delivery.c.organization_id == ORGANIZATION, _OF_ENDPOINT, pending)
    .values(status=DeliveryStatus.HELD)
    for pending in (UNATTEMPTED, REPEAT)
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
    named = {"organization": organization_id, "since": since, "limit": limit}
    query = NEWEST
    if endpoint_id is not None:
        query, named = NEWEST_OF_ENDPOINT, named | {"endpoint_id": endpoint_id}
    found = (
        number
        for each in ([status] if status else DeliveryStatus)
        for row in tx.execute(query, named | {"of_status": each})
        for number in row.newest
    )
    chosen = nlargest(limit, found)
    those = {"organization": organization_id, "delivery_ids": chosen}
    return tx.execute(BY_IDS, those).all()


def by_id(tx: Connection, organization_id: int, delivery_id: int) -> AnyRow | None:
    named = {"organization": organization_id, "delivery_id": delivery_id}
    return tx.execute(BY_ID, named).one_or_none()


def attempts(tx: Connection, organization_id: int, delivery_id: int) -> Sequence[AnyRow]:
    """What came of the attempts that were not forgotten yet, the first one first."""
    named = {"organization": organization_id, "delivery_id": delivery_id}
    return tx.execute(ATTEMPTS, named).all()


def make_due(
    tx: Connection, organization_id: int, delivery_ids: Collection[int], now: datetime
) -> int:
    """Have these deliveries, none of which is to be sent anyway, sent again; how many those are."""
    if not delivery_ids:
        return 0
    named = {"organization": organization_id, "delivery_ids": delivery_ids, "now": now}
    return tx.execute(MAKE_DUE, named).rowcount


def stored(
    tx: Connection,
    organization_id: int,
    endpoint_id: int,
    status: DeliveryStatus,
    since: datetime,
    until: datetime,
    *,
    after: int,
    limit: int,
) -> Sequence[AnyRow]:
    """What was fanned out to the endpoint in that time: id and `created_at`, in that order.

    Of what was stored at the very instant `since`, what comes behind the delivery `after`.
    """
    named = {
        "organization": organization_id,
        "of_endpoint": endpoint_id,
        "of_status": status,
        "since": since,
        "until": until,
        "after": after,
        "limit": limit,
    }
    return tx.execute(STORED, named).all()


def last_delivered(tx: Connection, organization_id: int, endpoint_id: int) -> datetime | None:
    """When the endpoint last accepted an event, as far as that is still kept."""
    named = {"organization": organization_id, "of_endpoint": endpoint_id}
    return tx.execute(LAST_DELIVERED, named).scalar()


def missed(
    tx: Connection, organization_id: int, endpoint_id: int, since: datetime, limit: int
) -> list[int]:
    """Some of what was held for the endpoint, and of what was given up since then."""
    named = {"organization": organization_id, "of_endpoint": endpoint_id, "limit": limit}
    held = list(tx.execute(HELD, named).scalars())
    if len(held) == limit:
        return held
    named |= {"limit": limit - len(held)}
    return [*held, *tx.execute(GIVEN_UP_SINCE, {**named, "since": since}).scalars()]


def hold(tx: Connection, organization_id: int, endpoint_id: int) -> None:
    """Keep what is still to be sent to an endpoint until it is enabled again."""
    for statement in HOLD:
        tx.execute(statement, {"organization": organization_id, "of_endpoint": endpoint_id})
