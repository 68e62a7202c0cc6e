"""Applications and the studios where they are activated, as the operator writes them down.

Their keys are absent: neither those that partners show to us nor those that we show to partners
are ever written down by the operator.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import Connection, bindparam, insert, select, update

from kursplan.domain.entries import ApplicationEntry, IntegrationEntry, WebhooksEntry
from kursplan.store.engine.dialect import any_of
from kursplan.store.outbox import endpoints
from kursplan.store.tables import ORGANIZATION, application, integration, studio

APPLICATIONS = (
    select(application.c.id, application.c.key, application.c.name)
    .where(
        application.c.organization_id == ORGANIZATION,
        any_of(application.c.id, "application_ids"),
    )
    .order_by(application.c.id)
)

INTEGRATIONS = (
    select(
        integration.c.id,
        integration.c.application_id,
        integration.c.scopes,
        integration.c.active,
        integration.c.retry_seconds,
        integration.c.retry_jitter_percent,
        studio.c.key.label("studio"),
    )
    .select_from(
        integration.join(
            studio,
            (studio.c.organization_id == integration.c.organization_id)
            & (studio.c.id == integration.c.studio_id),
        )
    )
    .where(
        integration.c.organization_id == ORGANIZATION,
        any_of(integration.c.application_id, "application_ids"),
    )
    .order_by(integration.c.id)
)

ADD = insert(application)

CHANGE = (
    update(application)
    .where(
        application.c.organization_id == ORGANIZATION,
        application.c.id == bindparam("application_id"),
    )
    .values(name=bindparam("name"))
)

ADD_INTEGRATION = insert(integration)

INTEGRATION_ID = select(integration.c.id).where(
    integration.c.organization_id == ORGANIZATION,
    integration.c.application_id == bindparam("of_application"),
    integration.c.studio_id == bindparam("in_studio"),
)

CHANGE_INTEGRATION = (
    update(integration)
    .where(
        integration.c.organization_id == ORGANIZATION,
        integration.c.application_id == bindparam("of_application"),
        integration.c.studio_id == bindparam("in_studio"),
    )
    .values(scopes=bindparam("scopes"), active=bindparam("active"))
)


def load(
    tx: Connection, organization_id: int, application_ids: Collection[int]
) -> dict[int, ApplicationEntry]:
    """The applications of these ids; unknown ids are left out."""
    named = {"organization": organization_id, "application_ids": application_ids}
    rows = tx.execute(INTEGRATIONS, named).all()
    told_at = endpoints.entries(tx, organization_id, [row.id for row in rows])
    activated: defaultdict[int, list[IntegrationEntry]] = defaultdict(list)
    for row in rows:
        plan = endpoints.retry_plan(row.retry_seconds, row.retry_jitter_percent)
        webhooks = WebhooksEntry(told_at[row.id], plan)
        activated[row.application_id].append(
            IntegrationEntry(row.studio, frozenset(row.scopes), row.active, webhooks)
        )
    return {
        row.id: ApplicationEntry(row.key, row.name, frozenset(activated[row.id]))
        for row in tx.execute(APPLICATIONS, named)
    }


def add(tx: Connection, organization_id: int, application_id: int, entry: ApplicationEntry) -> None:
    """Store a new application, which is not activated anywhere yet."""
    tx.execute(
        ADD,
        {
            "organization_id": organization_id,
            "id": application_id,
            "key": entry.key,
            "name": entry.name,
        },
    )


def change(
    tx: Connection, organization_id: int, application_id: int, entry: ApplicationEntry
) -> None:
    """Write down all that can change about the application, but for its integrations."""
    tx.execute(
        CHANGE,
        {
            "organization": organization_id,
            "application_id": application_id,
            "name": entry.name,
        },
    )


def add_integration(
    tx: Connection,
    organization_id: int,
    application_id: int,
    studio_id: int,
    entry: IntegrationEntry,
    *,
    integration_id: int,
    webhook_key: str,
) -> None:
    """Activate the application in a studio. It hears of events once it confirmed that."""
    tx.execute(
        ADD_INTEGRATION,
        {
            "organization_id": organization_id,
            "id": integration_id,
            "application_id": application_id,
            "studio_id": studio_id,
            "scopes": sorted(entry.scopes),
            "active": entry.active,
            "confirmed_at": None,
            "webhook_key": webhook_key,
        },
    )


def integration_id(
    tx: Connection, organization_id: int, application_id: int, studio_id: int
) -> int:
    """The application in that studio, where it is activated or was."""
    found: int = tx.execute(
        INTEGRATION_ID,
        {
            "organization": organization_id,
            "of_application": application_id,
            "in_studio": studio_id,
        },
    ).scalar_one()
    return found


def change_integration(
    tx: Connection,
    organization_id: int,
    application_id: int,
    studio_id: int,
    entry: IntegrationEntry,
) -> None:
    tx.execute(
        CHANGE_INTEGRATION,
        {
            "organization": organization_id,
            "of_application": application_id,
            "in_studio": studio_id,
            "scopes": sorted(entry.scopes),
            "active": entry.active,
        },
    )
