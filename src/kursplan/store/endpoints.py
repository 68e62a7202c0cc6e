"""Endpoints as the operator sets them up: where an integration is told, and by which plan.

Secrets are read by two queries only: what sends with them, and what replaces them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    bindparam,
    delete,
    exists,
    insert,
    select,
    update,
)

from kursplan.domain.entries import EndpointEntry
from kursplan.domain.events import EventType
from kursplan.domain.webhooks import (
    CONTRACTS_PLAN,
    DEFAULT_ENDPOINT,
    Disabled,
    RetryPlan,
    valid_secrets,
)
from kursplan.store.dialect import any_of
from kursplan.store.rows import AnyRow
from kursplan.store.tables import (
    ORGANIZATION,
    application,
    attempt,
    delivery,
    integration,
    studio,
    webhook_endpoint,
)

_ENDPOINT_ID: BindParameter[int] = bindparam("endpoint_id", type_=BigInteger)
_IS_IT = (webhook_endpoint.c.organization_id == ORGANIZATION) & (
    webhook_endpoint.c.id == _ENDPOINT_ID
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
    .select_from(
        webhook_endpoint.join(
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
    )
    .where(webhook_endpoint.c.organization_id == ORGANIZATION)
)
SHOWN = _SHOWN.order_by(
    studio.c.key, application.c.key, webhook_endpoint.c.is_default.desc(), webhook_endpoint.c.key
)
SHOWN_BY_ID = _SHOWN.where(webhook_endpoint.c.id == _ENDPOINT_ID)

_ENDPOINTS = select(
    webhook_endpoint.c.id,
    webhook_endpoint.c.integration_id,
    webhook_endpoint.c.key,
    webhook_endpoint.c.url,
    webhook_endpoint.c.is_default,
    webhook_endpoint.c.types,
    webhook_endpoint.c.secret,
    webhook_endpoint.c.old_secret_until,
    webhook_endpoint.c.disabled,
    webhook_endpoint.c.failing_since,
)
LOCKED = _ENDPOINTS.where(_IS_IT).with_for_update()
LOCKED_OF_INTEGRATION = (
    _ENDPOINTS.where(
        webhook_endpoint.c.organization_id == ORGANIZATION,
        webhook_endpoint.c.integration_id == bindparam("integration_id"),
    )
    .order_by(webhook_endpoint.c.id)
    .with_for_update()
)
ENTRIES = (
    select(
        webhook_endpoint.c.integration_id,
        webhook_endpoint.c.key,
        webhook_endpoint.c.url,
        webhook_endpoint.c.is_default,
        webhook_endpoint.c.types,
    )
    .where(
        webhook_endpoint.c.organization_id == ORGANIZATION,
        any_of(webhook_endpoint.c.integration_id, "integration_ids"),
    )
    .order_by(webhook_endpoint.c.id)
)

SENDER = (
    select(
        webhook_endpoint.c.url,
        webhook_endpoint.c.types,
        webhook_endpoint.c.secret,
        webhook_endpoint.c.old_secret,
        webhook_endpoint.c.old_secret_until,
        integration.c.webhook_key,
    )
    .select_from(
        webhook_endpoint.join(
            integration,
            (integration.c.organization_id == webhook_endpoint.c.organization_id)
            & (integration.c.id == webhook_endpoint.c.integration_id),
        )
    )
    .where(_IS_IT)
)

ADD = insert(webhook_endpoint)

CHANGE = (
    update(webhook_endpoint)
    .where(_IS_IT)
    .values(
        url=bindparam("to_url"),
        types=bindparam("to_types", type_=webhook_endpoint.c.types.type),
        failing_since=bindparam("fails_since", type_=webhook_endpoint.c.failing_since.type),
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

DISABLE = (
    update(webhook_endpoint)
    .where(_IS_IT, webhook_endpoint.c.disabled.is_(None))
    .values(
        disabled=Disabled.BY_OPERATOR,
        disabled_at=bindparam("at", type_=webhook_endpoint.c.disabled_at.type),
    )
)
ENABLE = (
    update(webhook_endpoint)
    .where(_IS_IT)
    .values(disabled=None, disabled_at=None, failing_since=None)
)

REMOVE_ATTEMPTS = delete(attempt).where(
    attempt.c.organization_id == ORGANIZATION,
    exists(
        select(delivery.c.id).where(
            delivery.c.organization_id == attempt.c.organization_id,
            delivery.c.id == attempt.c.delivery_id,
            delivery.c.endpoint_id == _ENDPOINT_ID,
        )
    ),
)
REMOVE_DELIVERIES = delete(delivery).where(
    delivery.c.organization_id == ORGANIZATION, delivery.c.endpoint_id == _ENDPOINT_ID
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
    """An endpoint as deeds decide about it."""

    id: int
    integration_id: int
    entry: EndpointEntry
    secret: str
    old_secret_until: datetime | None
    disabled: Disabled | None
    failing_since: datetime | None


@dataclass(frozen=True, slots=True)
class Sender:
    """What is needed to send to an endpoint."""

    url: str
    types: frozenset[EventType] | None
    secret: str
    old_secret: str | None
    old_secret_until: datetime | None
    webhook_key: str

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
        row.secret,
        row.old_secret_until,
        row.disabled,
        row.failing_since,
    )


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
    if row is None:
        return None
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
    since_event: int,
    created_at: datetime,
) -> None:
    """Store a new endpoint, which hears of events whose number is above `since_event`."""
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
            "since_event": since_event,
            "created_at": created_at,
            "disabled": None,
            "disabled_at": None,
            "failing_since": None,
        },
    )


def change(
    tx: Connection,
    organization_id: int,
    endpoint_id: int,
    entry: EndpointEntry,
    failing_since: datetime | None,
) -> None:
    """Write down where it is and what it wants; its key stays."""
    tx.execute(
        CHANGE,
        {
            "organization": organization_id,
            "endpoint_id": endpoint_id,
            "to_url": entry.url,
            "to_types": _written(entry.types),
            "fails_since": failing_since,
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


def disable(tx: Connection, organization_id: int, endpoint_id: int, at: datetime) -> bool:
    """Send no more to it, because the operator says so; whether anything was sent until now."""
    named = {"organization": organization_id, "endpoint_id": endpoint_id, "at": at}
    return tx.execute(DISABLE, named).rowcount == 1


def enable(tx: Connection, organization_id: int, endpoint_id: int) -> None:
    """Send to it again, and forget that it failed."""
    tx.execute(ENABLE, {"organization": organization_id, "endpoint_id": endpoint_id})


def remove(tx: Connection, organization_id: int, endpoint_id: int) -> int:
    """Drop the endpoint with its deliveries and their attempts; how many deliveries there were."""
    named = {"organization": organization_id, "endpoint_id": endpoint_id}
    tx.execute(REMOVE_ATTEMPTS, named)
    deliveries = tx.execute(REMOVE_DELIVERIES, named).rowcount
    tx.execute(REMOVE, named)
    return deliveries


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
