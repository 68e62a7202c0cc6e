"""Endpoints as the operator sets them up: where an integration is told, and by which plan.

Secrets are read by two queries only: what sends with them, and what replaces them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    Integer,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from kursplan.domain.entries import EndpointEntry
from kursplan.domain.events import EventType
from kursplan.domain.webhooks import (
    CONTRACTS_PLAN,
    DEFAULT_ENDPOINT,
    DeliveryStatus,
    Health,
    RetryPlan,
    valid_secrets,
)
from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.engine.driver import Fixed, update_many
from kursplan.store.engine.rows import AnyRow
from kursplan.store.engine.together import Asked, Together
from kursplan.store.tables import (
    ORGANIZATION,
    application,
    attempt,
    delivery,
    integration,
    studio,
    webhook_endpoint,
)

REMOVED_AT_ONCE = 5_000
"""How many deliveries are dropped by one statement, so that none takes long."""

WITH_INTEGRATION = webhook_endpoint.join(
    integration,
    (integration.c.organization_id == webhook_endpoint.c.organization_id)
    & (integration.c.id == webhook_endpoint.c.integration_id),
)
WITH_NAMES = WITH_INTEGRATION.join(
    studio,
    (studio.c.organization_id == integration.c.organization_id)
    & (studio.c.id == integration.c.studio_id),
).join(
    application,
    (application.c.organization_id == integration.c.organization_id)
    & (application.c.id == integration.c.application_id),
)
"""With the studio and the application by whose keys people know it."""

_ENDPOINT_ID: BindParameter[int] = bindparam("endpoint_id", type_=BigInteger)
_IS_IT = (webhook_endpoint.c.organization_id == ORGANIZATION) & (
    webhook_endpoint.c.id == _ENDPOINT_ID
)
_OF_INTEGRATION = (webhook_endpoint.c.organization_id == ORGANIZATION) & (
    webhook_endpoint.c.integration_id == bindparam("integration_id", type_=BigInteger)
)

_SHOWN = (
    select(
        webhook_endpoint.c.id,
        webhook_endpoint.c.integration_id,
        webhook_endpoint.c.key,
        webhook_endpoint.c.url,
        webhook_endpoint.c.is_default,
        webhook_endpoint.c.types,
        webhook_endpoint.c.created_at,
        webhook_endpoint.c.disabled,
        webhook_endpoint.c.disabled_at,
        webhook_endpoint.c.failing_since,
        webhook_endpoint.c.old_secret_until,
        integration.c.active,
        integration.c.confirmed_at,
        studio.c.key.label("studio"),
        application.c.key.label("application"),
    )
    .select_from(WITH_NAMES)
    .where(webhook_endpoint.c.organization_id == ORGANIZATION)
)
SHOWN = _SHOWN.order_by(
    studio.c.key, application.c.key, webhook_endpoint.c.is_default.desc(), webhook_endpoint.c.key
)
SHOWN_BY_ID = _SHOWN.where(webhook_endpoint.c.id == _ENDPOINT_ID)

_ENTRY = (
    webhook_endpoint.c.integration_id,
    webhook_endpoint.c.key,
    webhook_endpoint.c.url,
    webhook_endpoint.c.is_default,
    webhook_endpoint.c.types,
)
_HEALTH = (
    webhook_endpoint.c.failing_since,
    webhook_endpoint.c.failed_at,
    webhook_endpoint.c.disabled,
    webhook_endpoint.c.disabled_at,
    webhook_endpoint.c.answered_at,
)

_LOCKED = (
    select(
        webhook_endpoint.c.id,
        *_ENTRY,
        *_HEALTH,
        webhook_endpoint.c.secret,
        webhook_endpoint.c.old_secret_until,
    )
    .order_by(webhook_endpoint.c.id)
    .with_for_update()
)
LOCKED = _LOCKED.where(_IS_IT)
LOCKED_OF_INTEGRATION = _LOCKED.where(_OF_INTEGRATION)

ENTRIES = (
    select(*_ENTRY)
    .where(
        webhook_endpoint.c.organization_id == ORGANIZATION,
        any_of(webhook_endpoint.c.integration_id, "integration_ids"),
    )
    .order_by(webhook_endpoint.c.id)
)

SENDER_COLUMNS = (
    webhook_endpoint.c.url,
    webhook_endpoint.c.types,
    webhook_endpoint.c.secret,
    webhook_endpoint.c.old_secret,
    webhook_endpoint.c.old_secret_until,
    integration.c.webhook_key,
)
SENDER = select(*SENDER_COLUMNS).select_from(WITH_INTEGRATION).where(_IS_IT)

ADD = insert(webhook_endpoint)

CHANGE = (
    update(webhook_endpoint)
    .where(_IS_IT)
    .values(
        url=bindparam("to_url"),
        types=bindparam("to_types", type_=webhook_endpoint.c.types.type),
    )
)

SET_SECRET = (
    update(webhook_endpoint)
    .where(_IS_IT)
    .values(
        secret=bindparam("to_secret"),
        old_secret=bindparam("from_secret", type_=webhook_endpoint.c.old_secret.type),
        old_secret_until=bindparam("until", type_=webhook_endpoint.c.old_secret_until.type),
    )
)

_HEALTH_OF = (
    select(webhook_endpoint.c.id, *_HEALTH)
    .where(
        webhook_endpoint.c.organization_id == ORGANIZATION,
        any_of(webhook_endpoint.c.id, "endpoint_ids"),
    )
    .order_by(webhook_endpoint.c.id)
)
HEALTH = Fixed(_HEALTH_OF.with_for_update(key_share=True))
HEALTH_UNLESS_TAKEN = Fixed(_HEALTH_OF.with_for_update(key_share=True, skip_locked=True))
_STORED_HEALTH = ("failing_since", "failed_at", "disabled", "disabled_at", "answered_at")
SET_HEALTH = update_many(webhook_endpoint, *_STORED_HEALTH)
_of_health = attrgetter(*_STORED_HEALTH)

ITS_DELIVERIES = (
    select(delivery.c.id, delivery.c.created_at)
    .where(
        delivery.c.organization_id == ORGANIZATION,
        delivery.c.endpoint_id == _ENDPOINT_ID,
        delivery.c.status == bindparam("of_status", type_=delivery.c.status.type),
        delivery.c.created_at >= bindparam("since", type_=Instant),
    )
    .order_by(delivery.c.created_at, delivery.c.id)
    .limit(bindparam("limit", type_=Integer))
)
REMOVE_ATTEMPTS = delete(attempt).where(
    attempt.c.organization_id == ORGANIZATION, any_of(attempt.c.delivery_id, "delivery_ids")
)
REMOVE_DELIVERIES = delete(delivery).where(
    delivery.c.organization_id == ORGANIZATION, any_of(delivery.c.id, "delivery_ids")
)
REMOVE = delete(webhook_endpoint).where(_IS_IT)

PLAN = select(integration.c.retry_seconds, integration.c.retry_jitter_percent).where(
    integration.c.organization_id == ORGANIZATION,
    integration.c.id == bindparam("integration_id"),
)
SET_PLAN = (
    update(integration)
    .where(
        integration.c.organization_id == ORGANIZATION,
        integration.c.id == bindparam("of_integration"),
    )
    .values(
        retry_seconds=bindparam("seconds", type_=integration.c.retry_seconds.type),
        retry_jitter_percent=bindparam("jitter", type_=integration.c.retry_jitter_percent.type),
    )
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint as commands decide about it."""

    id: int
    integration_id: int
    entry: EndpointEntry
    health: Health
    secret: str = field(repr=False)
    old_secret_until: datetime | None


@dataclass(frozen=True, slots=True)
class Sender:
    """What is needed to send to an endpoint."""

    url: str = field(repr=False)
    types: frozenset[EventType] | None
    secret: str = field(repr=False)
    old_secret: str | None = field(repr=False)
    old_secret_until: datetime | None
    webhook_key: str = field(repr=False)

    def secrets(self, now: datetime) -> Sequence[str]:
        """What signs now."""
        return valid_secrets(self.secret, self.old_secret, self.old_secret_until, now)


def retry_plan(seconds: Collection[int] | None, jitter_percent: int | None) -> RetryPlan:
    """The plan that the columns of an integration say; without them it is the contract's."""
    if seconds is None:
        return CONTRACTS_PLAN
    return RetryPlan(tuple(seconds), jitter_percent or 0)


def shown(tx: Connection, organization_id: int) -> Sequence[AnyRow]:
    """All endpoints, by studio and application; the default one comes first."""
    return tx.execute(SHOWN, {"organization": organization_id}).all()


def shown_by_id(tx: Connection, organization_id: int, endpoint_id: int) -> AnyRow | None:
    named = {"organization": organization_id, "endpoint_id": endpoint_id}
    return tx.execute(SHOWN_BY_ID, named).one_or_none()


def find(tx: Connection, organization_id: int, endpoint_id: int) -> Endpoint | None:
    """The endpoint, which nobody else changes until the transaction ends."""
    named = {"organization": organization_id, "endpoint_id": endpoint_id}
    row = tx.execute(LOCKED, named).one_or_none()
    return None if row is None else _endpoint(row)


def of_integration(tx: Connection, organization_id: int, integration_id: int) -> list[Endpoint]:
    """All endpoints of an integration, which nobody else changes until the transaction ends."""
    named = {"organization": organization_id, "integration_id": integration_id}
    return [_endpoint(row) for row in tx.execute(LOCKED_OF_INTEGRATION, named)]


def _endpoint(row: AnyRow) -> Endpoint:
    return Endpoint(
        row.id,
        row.integration_id,
        _entry(row),
        _health(row),
        row.secret,
        row.old_secret_until,
    )


def _health(row: AnyRow) -> Health:
    return Health(row.failing_since, row.failed_at, row.disabled, row.disabled_at, row.answered_at)


def _entry(row: AnyRow) -> EndpointEntry:
    return EndpointEntry(
        DEFAULT_ENDPOINT if row.is_default else row.key, row.url, _types(row.types)
    )


def _types(stored: Collection[str] | None) -> frozenset[EventType] | None:
    return None if stored is None else frozenset(map(EventType, stored))


def entries(
    tx: Connection, organization_id: int, integration_ids: Collection[int]
) -> dict[int, frozenset[EndpointEntry]]:
    """The endpoints of these integrations, as the operator writes them down."""
    found: defaultdict[int, set[EndpointEntry]] = defaultdict(set)
    named = {"organization": organization_id, "integration_ids": integration_ids}
    for row in tx.execute(ENTRIES, named):
        found[row.integration_id].add(_entry(row))
    return {each: frozenset(found[each]) for each in integration_ids}


def sender(tx: Connection, organization_id: int, endpoint_id: int) -> Sender | None:
    """What sending to the endpoint needs, its secrets included."""
    named = {"organization": organization_id, "endpoint_id": endpoint_id}
    row = tx.execute(SENDER, named).one_or_none()
    return None if row is None else sender_of(row)


def sender_of(row: AnyRow) -> Sender:
    """What sending needs, from a row with those columns."""
    return Sender(
        row.url,
        _types(row.types),
        row.secret,
        row.old_secret,
        row.old_secret_until,
        row.webhook_key,
    )


def add(
    tx: Connection,
    organization_id: int,
    integration_id: int,
    entry: EndpointEntry,
    *,
    endpoint_id: int,
    secret: str,
    created_at: datetime,
) -> None:
    """Store a new endpoint, which hears of whatever is fanned out from now on."""
    tx.execute(
        ADD,
        {
            "organization_id": organization_id,
            "id": endpoint_id,
            "integration_id": integration_id,
            "key": entry.key,
            "url": entry.url,
            "is_default": entry.is_default,
            "types": _written(entry.types),
            "secret": secret,
            "old_secret": None,
            "old_secret_until": None,
            "created_at": created_at,
            "disabled": None,
            "disabled_at": None,
            "failing_since": None,
            "failed_at": None,
            "answered_at": None,
        },
    )


def change(tx: Connection, organization_id: int, endpoint_id: int, entry: EndpointEntry) -> None:
    """Write down where it is and what it wants; its key stays."""
    tx.execute(
        CHANGE,
        {
            "organization": organization_id,
            "endpoint_id": endpoint_id,
            "to_url": entry.url,
            "to_types": _written(entry.types),
        },
    )


def _written(types: Collection[EventType] | None) -> list[EventType] | None:
    return None if types is None else sorted(types)


def set_secret(
    tx: Connection,
    organization_id: int,
    endpoint_id: int,
    secret: str,
    old_secret: str | None,
    old_secret_until: datetime | None,
) -> None:
    """Sign with another secret; until that instant also with the old one, if there is to be one."""
    tx.execute(
        SET_SECRET,
        {
            "organization": organization_id,
            "endpoint_id": endpoint_id,
            "to_secret": secret,
            "from_secret": old_secret,
            "until": old_secret_until,
        },
    )


def ask_health(
    at: Together, organization_id: int, endpoint_ids: Collection[int], *, waits: bool
) -> Asked[dict[int, Health]]:
    """How the endpoints are doing; nobody else writes it down until the transaction ends.

    One is missing where it was removed, and unless it `waits`, where another holds it.
    """
    found = at.rows(
        HEALTH if waits else HEALTH_UNLESS_TAKEN,
        {"organization": organization_id, "endpoint_ids": endpoint_ids},
    )
    return lambda: {row.id: _health(row) for row in found.rows}


def set_health(at: Together, organization_id: int, healths: Mapping[int, Health]) -> None:
    """Write down how the endpoints of these ids are doing."""
    rows = [(number, *_of_health(health)) for number, health in healths.items()]
    at.run(SET_HEALTH, organization_id, rows)


def remove(tx: Connection, organization_id: int, endpoint_id: int) -> int:
    """Drop the endpoint with its deliveries and their attempts; how many deliveries there were."""
    named: dict[str, Any] = {"organization": organization_id, "endpoint_id": endpoint_id}
    deliveries = sum(_drop(tx, organization_id, named | {"of_status": s}) for s in DeliveryStatus)
    tx.execute(REMOVE, named)
    return deliveries


def _drop(tx: Connection, organization_id: int, named: dict[str, Any]) -> int:
    """Drop deliveries with their attempts; how many there were."""
    count, since = 0, datetime.min.replace(tzinfo=UTC)
    while found := tx.execute(
        ITS_DELIVERIES, named | {"since": since, "limit": REMOVED_AT_ONCE}
    ).all():
        those = {"organization": organization_id, "delivery_ids": [row.id for row in found]}
        tx.execute(REMOVE_ATTEMPTS, those)
        tx.execute(REMOVE_DELIVERIES, those)
        # Only so that those that are gone are not looked through again.
        count, since = count + len(found), found[-1].created_at
    return count


def plan_of(tx: Connection, organization_id: int, integration_id: int) -> RetryPlan:
    """When failed attempts of the integration are repeated."""
    named = {"organization": organization_id, "integration_id": integration_id}
    row = tx.execute(PLAN, named).one()
    return retry_plan(row.retry_seconds, row.retry_jitter_percent)


def set_plan(tx: Connection, organization_id: int, integration_id: int, plan: RetryPlan) -> None:
    """Write the plan down; the contract's own is written as none."""
    own = plan != CONTRACTS_PLAN
    tx.execute(
        SET_PLAN,
        {
            "organization": organization_id,
            "of_integration": integration_id,
            "seconds": plan.seconds if own else None,
            "jitter": plan.jitter_percent if own else None,
        },
    )
