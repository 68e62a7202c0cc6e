"""Webhooks as rows: who listens, what is to be delivered, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from kursplan.domain.events import EventType
from kursplan.domain.webhooks import (
    DeliveryStatus,
    Disabled,
    Failure,
    Listener,
    RetryPlan,
    valid_secrets,
)
from kursplan.store.dialect import Instant, any_of, take_numbers
from kursplan.store.endpoints import retry_plan
from kursplan.store.rows import AnyRow
from kursplan.store.tables import (
    ORGANIZATION,
    attempt,
    delivery,
    event,
    integration,
    organization,
    webhook_endpoint,
)

_NOW = bindparam("now", type_=Instant)
_LIMIT = bindparam("limit", type_=Integer)

# Written out, like the conditions of the partial indexes, so that those can serve it.
_TO_FAN_OUT = text("NOT event.fanned_out")
_PENDING = text("delivery.status = 'PENDING'")

# --- Fan out ----------------------------------------------------------------------------------

ACROSS_TO_FAN_OUT = select(event.c.organization_id).where(_TO_FAN_OUT).distinct()

LOCK_FAN_OUT = (
    select(organization.c.id)
    .where(organization.c.id == ORGANIZATION)
    .order_by(organization.c.id)
    .with_for_update(key_share=True, skip_locked=True)
)
"""One process at a time fans out the events of an organization, so that they keep their order."""

EVENTS_TO_FAN_OUT = (
    select(event.c.id, event.c.type, event.c.entity_id, event.c.studio_id, event.c.home_studio_id)
    .where(event.c.organization_id == ORGANIZATION, _TO_FAN_OUT)
    .order_by(event.c.id)
    .limit(_LIMIT)
)

LISTENERS = (
    select(
        webhook_endpoint.c.id,
        webhook_endpoint.c.integration_id,
        integration.c.studio_id,
        webhook_endpoint.c.is_default,
        webhook_endpoint.c.types,
        webhook_endpoint.c.since_event,
        integration.c.confirmed_event,
        webhook_endpoint.c.disabled,
    )
    .select_from(
        webhook_endpoint.join(
            integration,
            (integration.c.organization_id == webhook_endpoint.c.organization_id)
            & (integration.c.id == webhook_endpoint.c.integration_id),
        )
    )
    .where(
        webhook_endpoint.c.organization_id == ORGANIZATION,
        integration.c.active,
        integration.c.confirmed_event.is_not(None),
    )
    .order_by(webhook_endpoint.c.id)
    .with_for_update(read=True, of=webhook_endpoint)
)
"""Locked against being disabled or enabled until their deliveries are stored: one that is held would
otherwise never be sent, and one that is not would be sent in spite of it."""

ADD_DELIVERIES = insert(delivery)

FANNED_OUT = (
    update(event)
    .where(event.c.organization_id == ORGANIZATION, any_of(event.c.id, "event_ids"))
    .values(fanned_out=True)
)

# --- Deliver ----------------------------------------------------------------------------------

_IS_FREE = or_(delivery.c.claimed_until.is_(None), delivery.c.claimed_until <= _NOW)

ACROSS_DUE = (
    select(delivery.c.organization_id)
    .where(_PENDING, delivery.c.due_at <= _NOW, _IS_FREE)
    .distinct()
)

_earlier = delivery.alias("earlier")
_HAS_ITS_TURN = ~exists(
    select(_earlier.c.id).where(
        _earlier.c.organization_id == delivery.c.organization_id,
        _earlier.c.endpoint_id == delivery.c.endpoint_id,
        _earlier.c.entity_id == delivery.c.entity_id,
        _earlier.c.event_id < delivery.c.event_id,
        text("earlier.status = 'PENDING' AND earlier.attempts = 0"),
    )
)
"""Within an entity a later event is not sent before an earlier one was attempted (F47)."""


def _due(endpoint_is: ColumnElement[bool]) -> Select[Any]:
    """What is due at such endpoints, a few of each, and of each the first before any second.

    So an endpoint with a backlog does not crowd out the others.
    """
    turn = func.row_number().over(
        partition_by=delivery.c.endpoint_id, order_by=(delivery.c.due_at, delivery.c.event_id)
    )
    found = (
        select(delivery.c.id, delivery.c.endpoint_id, delivery.c.due_at, turn.label("place"))
        .select_from(
            delivery.join(
                webhook_endpoint,
                (webhook_endpoint.c.organization_id == delivery.c.organization_id)
                & (webhook_endpoint.c.id == delivery.c.endpoint_id),
            )
        )
        .where(
            delivery.c.organization_id == ORGANIZATION,
            _PENDING,
            delivery.c.due_at <= _NOW,
            _IS_FREE,
            _HAS_ITS_TURN,
            webhook_endpoint.c.disabled.is_(None),
            ~any_of(delivery.c.endpoint_id, "busy"),
            endpoint_is,
        )
        .subquery("due")
    )
    return (
        select(found.c.id, found.c.endpoint_id)
        .where(found.c.place <= bindparam("each", type_=Integer))
        .order_by(found.c.place, found.c.due_at, found.c.id)
        .limit(_LIMIT)
    )


DUE = _due(webhook_endpoint.c.failing_since.is_(None))
DUE_WHERE_FAILING = _due(webhook_endpoint.c.failing_since.is_not(None))

_free = (
    select(delivery.c.id)
    .where(
        delivery.c.organization_id == ORGANIZATION,
        any_of(delivery.c.id, "delivery_ids"),
        _PENDING,
        _IS_FREE,
    )
    .order_by(delivery.c.id)
    .with_for_update(key_share=True, skip_locked=True)
    .subquery("free")
)
CLAIM = (
    update(delivery)
    .where(delivery.c.organization_id == ORGANIZATION, delivery.c.id == _free.c.id)
    .values(claimed_until=bindparam("until", type_=Instant))
    .returning(delivery.c.id)
)
"""Nobody waits for another who claims the same."""

PARCELS = (
    select(
        delivery.c.id,
        delivery.c.endpoint_id,
        delivery.c.failed_attempts,
        delivery.c.claimed_until,
        event.c.uuid,
        event.c.type,
        event.c.entity_id,
        event.c.content,
        event.c.happened_at,
        webhook_endpoint.c.url,
        webhook_endpoint.c.secret,
        webhook_endpoint.c.old_secret,
        webhook_endpoint.c.old_secret_until,
        integration.c.webhook_key,
        integration.c.retry_seconds,
        integration.c.retry_jitter_percent,
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
    )
    .where(delivery.c.organization_id == ORGANIZATION, any_of(delivery.c.id, "delivery_ids"))
    .order_by(delivery.c.event_id, delivery.c.id)
)

ATTEMPTED = (
    select(
        delivery.c.id.label("delivery_id"),
        delivery.c.status,
        delivery.c.attempts,
        delivery.c.failed_attempts,
        delivery.c.due_at,
        delivery.c.claimed_until,
        delivery.c.finished_at,
    )
    .where(delivery.c.organization_id == ORGANIZATION, any_of(delivery.c.id, "delivery_ids"))
    .order_by(delivery.c.id)
    .with_for_update(key_share=True)
)

ADD_ATTEMPT = insert(attempt)

MARK = (
    update(delivery)
    .where(delivery.c.organization_id == ORGANIZATION, delivery.c.id == bindparam("delivery_id"))
    .values(
        status=bindparam("status"),
        attempts=bindparam("attempts"),
        failed_attempts=bindparam("failed_attempts"),
        due_at=bindparam("due_at"),
        claimed_until=bindparam("claimed_until"),
        finished_at=bindparam("finished_at"),
    )
)

HEALTH = (
    select(webhook_endpoint.c.id, webhook_endpoint.c.failing_since, webhook_endpoint.c.disabled)
    .where(
        webhook_endpoint.c.organization_id == ORGANIZATION,
        any_of(webhook_endpoint.c.id, "endpoint_ids"),
    )
    .order_by(webhook_endpoint.c.id)
    .with_for_update(key_share=True)
)

SET_HEALTH = (
    update(webhook_endpoint)
    .where(
        webhook_endpoint.c.organization_id == ORGANIZATION,
        webhook_endpoint.c.id == bindparam("endpoint_id"),
    )
    .values(
        failing_since=bindparam("failing_since"),
        disabled=bindparam("disabled"),
        disabled_at=bindparam("disabled_at"),
    )
)

HOLD = (
    update(delivery)
    .where(
        delivery.c.organization_id == ORGANIZATION,
        delivery.c.endpoint_id == bindparam("of_endpoint"),
        _PENDING,
    )
    .values(status=DeliveryStatus.HELD)
)
"""What was still to be sent to an endpoint that is disabled now."""

ACROSS_OLDEST_PENDING = (
    select(delivery.c.organization_id, func.min(delivery.c.created_at).label("oldest"))
    .where(_PENDING)
    .group_by(delivery.c.organization_id)
)
ACROSS_OLDEST_TO_FAN_OUT = (
    select(event.c.organization_id, func.min(event.c.happened_at).label("oldest"))
    .where(_TO_FAN_OUT)
    .group_by(event.c.organization_id)
)

FORGET_ATTEMPTS = delete(attempt).where(
    attempt.c.organization_id == ORGANIZATION, attempt.c.attempted_at < bindparam("before")
)
ACROSS_OLD_ATTEMPTS = (
    select(attempt.c.organization_id).where(attempt.c.attempted_at < bindparam("before")).distinct()
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that nobody has been told of yet."""

    id: int
    type: EventType
    entity_id: int
    studio_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery with all that its attempt needs."""

    id: int
    endpoint_id: int
    failed_attempts: int
    claimed_until: datetime
    """By this whoever marks the attempt proves that the claim is still theirs."""
    uuid: str
    type: EventType
    entity_id: int
    content: dict[str, int] | None
    happened_at: datetime
    url: str
    secret: str
    old_secret: str | None
    old_secret_until: datetime | None
    webhook_key: str
    plan: RetryPlan

    def secrets(self, now: datetime) -> Sequence[str]:
        """What signs now."""
        return valid_secrets(self.secret, self.old_secret, self.old_secret_until, now)


@dataclass(frozen=True, slots=True)
class Attempted:
    """What came of one attempt, and what becomes of its delivery."""

    delivery_id: int
    endpoint_id: int
    claimed_until: datetime
    attempted_at: datetime
    milliseconds: int
    status_code: int | None
    failure: Failure | None
    excerpt: str | None
    status: DeliveryStatus
    failed_attempts: int
    due_at: datetime
    gone: bool


def organizations_to_fan_out(tx: Connection) -> list[int]:
    """The organizations with events that were not fanned out yet."""
    return sorted(tx.execute(ACROSS_TO_FAN_OUT).scalars())


def lock_fan_out(tx: Connection, organization_id: int) -> bool:
    """Be the one who fans out; whether nobody else is at it."""
    return tx.execute(LOCK_FAN_OUT, {"organization": organization_id}).first() is not None


def to_fan_out(tx: Connection, organization_id: int, limit: int) -> list[Waiting]:
    """Events that were not fanned out yet, in their order."""
    rows = tx.execute(EVENTS_TO_FAN_OUT, {"organization": organization_id, "limit": limit})
    return [
        Waiting(
            row.id,
            row.type,
            row.entity_id,
            tuple(each for each in (row.studio_id, row.home_studio_id) if each is not None),
        )
        for row in rows
    ]


def listeners(tx: Connection, organization_id: int) -> list[Listener]:
    """Every endpoint of an integration that is active and has confirmed its activation."""
    return [
        Listener(
            endpoint_id=row.id,
            integration_id=row.integration_id,
            studio_id=row.studio_id,
            is_default=row.is_default,
            types=None if row.types is None else frozenset(map(EventType, row.types)),
            since=max(row.since_event, row.confirmed_event),
            disabled=row.disabled is not None,
        )
        for row in tx.execute(LISTENERS, {"organization": organization_id})
    ]


def fan_out(
    tx: Connection,
    organization_id: int,
    told: Iterable[tuple[Waiting, Listener]],
    event_ids: Collection[int],
    now: datetime,
) -> None:
    """Store one delivery for each event and endpoint, and mark the events as fanned out."""
    pairs = list(told)
    if pairs:
        numbers = take_numbers(tx, len(pairs))
        tx.execute(
            ADD_DELIVERIES,
            [
                {
                    "organization_id": organization_id,
                    "id": number,
                    "event_id": waiting.id,
                    "endpoint_id": listener.endpoint_id,
                    "entity_id": waiting.entity_id,
                    "status": (
                        DeliveryStatus.HELD if listener.disabled else DeliveryStatus.PENDING
                    ),
                    "attempts": 0,
                    "failed_attempts": 0,
                    "due_at": now,
                    "claimed_until": None,
                    "created_at": now,
                    "finished_at": None,
                }
                for number, (waiting, listener) in zip(numbers, pairs, strict=True)
            ],
        )
    tx.execute(FANNED_OUT, {"organization": organization_id, "event_ids": event_ids})


def organizations_due(tx: Connection, now: datetime) -> list[int]:
    """The organizations with deliveries that are due."""
    return sorted(tx.execute(ACROSS_DUE, {"now": now}).scalars())


def due(
    tx: Connection,
    organization_id: int,
    now: datetime,
    *,
    failing: bool,
    busy: Collection[int],
    each: int,
    limit: int,
) -> list[tuple[int, int]]:
    """Deliveries that are due, as (delivery, endpoint), at most `each` of an endpoint.

    Either of the endpoints whose latest attempt failed, or of the others; of none that is `busy`.
    """
    named = {"organization": organization_id, "now": now}
    statement = DUE_WHERE_FAILING if failing else DUE
    found = tx.execute(statement, named | {"busy": busy, "each": each, "limit": limit})
    return [(row.id, row.endpoint_id) for row in found]


def claim(
    tx: Connection,
    organization_id: int,
    delivery_ids: Collection[int],
    now: datetime,
    until: datetime,
) -> list[Parcel]:
    """Take those of the deliveries that nobody else has taken; the claim lapses at `until`."""
    named: dict[str, Any] = {"organization": organization_id, "delivery_ids": delivery_ids}
    taken = list(tx.execute(CLAIM, named | {"now": now, "until": until}).scalars())
    if not taken:
        return []
    rows = tx.execute(PARCELS, {"organization": organization_id, "delivery_ids": taken})
    return [_parcel(row) for row in rows]


def _parcel(row: AnyRow) -> Parcel:
    return Parcel(
        id=row.id,
        endpoint_id=row.endpoint_id,
        failed_attempts=row.failed_attempts,
        claimed_until=row.claimed_until,
        uuid=row.uuid,
        type=row.type,
        entity_id=row.entity_id,
        content=None if row.content is None else json.loads(row.content),
        happened_at=row.happened_at,
        url=row.url,
        secret=row.secret,
        old_secret=row.old_secret,
        old_secret_until=row.old_secret_until,
        webhook_key=row.webhook_key,
        plan=retry_plan(row.retry_seconds, row.retry_jitter_percent),
    )


def mark(tx: Connection, organization_id: int, attempted: Sequence[Attempted]) -> None:
    """Write down what came of the attempts.

    What becomes of a delivery is for the holder of its claim to say. Whoever was so slow that the
    claim lapsed, and another took it, only adds that there was an attempt; a success counts all the
    same, because the partner has been told.
    """
    ids = [each.delivery_id for each in attempted]
    named = {"organization": organization_id, "delivery_ids": ids}
    marks = {
        row["delivery_id"]: {"organization": organization_id, **row}
        for row in tx.execute(ATTEMPTED, named).mappings()
    }
    attempts = []
    for each in attempted:
        kept = marks.get(each.delivery_id)
        if kept is None:  # Its endpoint was removed meanwhile.
            continue
        kept["attempts"] += 1
        attempts.append(
            {
                "organization_id": organization_id,
                "delivery_id": each.delivery_id,
                "number": kept["attempts"],
                "attempted_at": each.attempted_at,
                "milliseconds": each.milliseconds,
                "status_code": each.status_code,
                "failure": each.failure,
                "excerpt": each.excerpt,
            }
        )
        delivered = each.status is DeliveryStatus.DELIVERED
        if delivered or each.claimed_until == kept["claimed_until"]:
            pending = each.status is DeliveryStatus.PENDING
            kept |= {
                "status": each.status,
                "failed_attempts": each.failed_attempts,
                "due_at": each.due_at,
                "claimed_until": None,
                "finished_at": None if pending else each.attempted_at,
            }
    if attempts:
        tx.execute(ADD_ATTEMPT, attempts)
        tx.execute(MARK, list(marks.values()))


@dataclass(frozen=True, slots=True)
class Health:
    """How an endpoint is doing."""

    endpoint_id: int
    failing_since: datetime | None
    disabled: Disabled | None


def health(tx: Connection, organization_id: int, endpoint_ids: Collection[int]) -> list[Health]:
    """How the endpoints are doing; nobody else writes it down until the transaction ends."""
    named = {"organization": organization_id, "endpoint_ids": endpoint_ids}
    return [Health(*row) for row in tx.execute(HEALTH, named)]


def set_health(
    tx: Connection, organization_id: int, changed: Health, disabled_at: datetime | None
) -> None:
    """Write it down."""
    named = {"organization": organization_id, "endpoint_id": changed.endpoint_id}
    tx.execute(
        SET_HEALTH,
        named
        | {
            "failing_since": changed.failing_since,
            "disabled": changed.disabled,
            "disabled_at": disabled_at,
        },
    )


def hold(tx: Connection, organization_id: int, endpoint_id: int) -> None:
    """Keep what is still to be sent to an endpoint until it is enabled again."""
    tx.execute(HOLD, {"organization": organization_id, "of_endpoint": endpoint_id})


def forget_attempts(tx: Connection, organization_id: int, before: datetime) -> int:
    """Drop attempts from before that instant; how many there were."""
    named = {"organization": organization_id, "before": before}
    return tx.execute(FORGET_ATTEMPTS, named).rowcount


def organizations_with_old_attempts(tx: Connection, before: datetime) -> list[int]:
    return sorted(tx.execute(ACROSS_OLD_ATTEMPTS, {"before": before}).scalars())


def oldest_pending(tx: Connection) -> datetime | None:
    """Since when the oldest event waits that is still to be delivered, over all organizations."""
    rows = [*tx.execute(ACROSS_OLDEST_PENDING), *tx.execute(ACROSS_OLDEST_TO_FAN_OUT)]
    return min((row.oldest for row in rows), default=None)
