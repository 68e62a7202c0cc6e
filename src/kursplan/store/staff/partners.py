"""Partners as owners look after them: their applications by studio, and whom a change was told to. Reads."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Connection, and_, bindparam, select

from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.outbox.deliveries import AT_ENDPOINT
from kursplan.store.outbox.endpoints import WITH_NAMES
from kursplan.store.tables import (
    ORGANIZATION,
    api_key,
    application,
    delivery,
    event,
    integration,
    studio,
    webhook_endpoint,
)

_THING_ID = bindparam("thing_id", type_=BigInteger)
_KNOWN = (application, integration, webhook_endpoint, api_key, delivery)
IS_THERE = {
    table.name: select(table.c.id).where(
        table.c.organization_id == ORGANIZATION, table.c.id == _THING_ID
    )
    for table in _KNOWN
}

APPLICATIONS = (
    select(application.c.id, application.c.key, application.c.name)
    .where(application.c.organization_id == ORGANIZATION)
    .order_by(application.c.name, application.c.id)
)

INTEGRATIONS = (
    select(
        integration.c.id,
        integration.c.application_id,
        integration.c.studio_id,
        integration.c.scopes,
        integration.c.active,
        integration.c.confirmed_at,
        integration.c.webhook_key,
        studio.c.key.label("studio"),
        studio.c.name.label("studio_name"),
        application.c.key.label("application"),
        application.c.name.label("application_name"),
    )
    .select_from(
        integration.join(
            studio,
            and_(
                studio.c.organization_id == integration.c.organization_id,
                studio.c.id == integration.c.studio_id,
            ),
        ).join(
            application,
            and_(
                application.c.organization_id == integration.c.organization_id,
                application.c.id == integration.c.application_id,
            ),
        )
    )
    .where(integration.c.organization_id == ORGANIZATION)
    .order_by(application.c.name, application.c.id, studio.c.name, studio.c.id)
)

KEYS = (
    select(
        api_key.c.id,
        api_key.c.integration_id,
        api_key.c.hint,
        api_key.c.created_at,
        api_key.c.revoked_at,
    )
    .where(
        api_key.c.organization_id == ORGANIZATION,
        any_of(api_key.c.integration_id, "integration_ids"),
    )
    .order_by(api_key.c.id)
)

KEY = select(api_key.c.integration_id, api_key.c.hint, api_key.c.revoked_at).where(
    api_key.c.organization_id == ORGANIZATION, api_key.c.id == _THING_ID
)

EVENTS_OF = select(
    event.c.id,
    event.c.uuid,
    event.c.type,
    event.c.entity_id,
    event.c.happened_at,
    event.c.fanned_out,
).where(
    event.c.organization_id == ORGANIZATION,
    any_of(event.c.entity_id, "entity_ids"),
    event.c.happened_at.between(
        bindparam("since", type_=Instant), bindparam("until", type_=Instant)
    ),
)
"""In no order: for theirs SQLite would rather walk over all events than sort."""

TOLD = (
    select(
        delivery.c.id,
        delivery.c.event_id,
        delivery.c.endpoint_id,
        delivery.c.status,
        delivery.c.attempts,
        delivery.c.due_at,
        delivery.c.finished_at,
        application.c.name.label("application_name"),
        studio.c.name.label("studio_name"),
    )
    .select_from(WITH_NAMES.join(delivery, AT_ENDPOINT))
    .where(delivery.c.organization_id == ORGANIZATION, any_of(delivery.c.event_id, "event_ids"))
    .order_by(application.c.name, studio.c.name, delivery.c.id)
)

EVENT_OF_DELIVERY = select(delivery.c.event_id).where(
    delivery.c.organization_id == ORGANIZATION, delivery.c.id == _THING_ID
)


def is_there(tx: Connection, organization_id: int, kind: str, thing_id: int) -> bool:
    """Whether the organization has such a thing, by the name of its table."""
    named = {"organization": organization_id, "thing_id": thing_id}
    return tx.execute(IS_THERE[kind], named).first() is not None


def applications(tx: Connection, organization_id: int) -> Sequence[AnyRow]:
    """All applications, by name."""
    return tx.execute(APPLICATIONS, {"organization": organization_id}).all()


def integrations(tx: Connection, organization_id: int) -> Sequence[AnyRow]:
    """All applications in all studios, those that are active no more too."""
    return tx.execute(INTEGRATIONS, {"organization": organization_id}).all()


def keys(
    tx: Connection, organization_id: int, integration_ids: Collection[int]
) -> Sequence[AnyRow]:
    """Their keys by the last characters, revoked ones too, the oldest first."""
    named = {"organization": organization_id, "integration_ids": integration_ids}
    return tx.execute(KEYS, named).all()


def key(tx: Connection, organization_id: int, key_id: int) -> AnyRow | None:
    return tx.execute(KEY, {"organization": organization_id, "thing_id": key_id}).one_or_none()


def events_of(
    tx: Connection,
    organization_id: int,
    entity_ids: Collection[int],
    since: datetime,
    until: datetime,
) -> Sequence[AnyRow]:
    """What was to be told of these things in that time, the end included, as far as it is kept; in its order.

    A turn writes what it changes, what it tells and its lines of history at one instant.
    """
    named = {"organization": organization_id, "entity_ids": entity_ids}
    found = tx.execute(EVENTS_OF, {**named, "since": since, "until": until})
    return sorted(found, key=lambda row: row.id)


def told(tx: Connection, organization_id: int, event_ids: Collection[int]) -> Sequence[AnyRow]:
    """Who is told of these events, or was: a line for each event and endpoint."""
    return tx.execute(TOLD, {"organization": organization_id, "event_ids": event_ids}).all()


def told_with(tx: Connection, organization_id: int, delivery_id: int) -> Sequence[AnyRow]:
    """The same for the one event of that delivery, which is among them."""
    named = {"organization": organization_id, "thing_id": delivery_id}
    event_id = tx.execute(EVENT_OF_DELIVERY, named).scalar_one_or_none()
    return [] if event_id is None else told(tx, organization_id, [event_id])
