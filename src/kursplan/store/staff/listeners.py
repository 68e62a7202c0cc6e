"""Which partners hear of what happens on a slot, by name: as staff are told before they act. Reads."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, and_, select

from kursplan.domain.events import EventType
from kursplan.store.engine.dialect import any_of
from kursplan.store.outbox.endpoints import WITH_INTEGRATION
from kursplan.store.staff import timetable
from kursplan.store.tables import (
    ORGANIZATION,
    application,
    customer,
    integration,
    webhook_endpoint,
)

LISTENERS = (
    select(application.c.name, webhook_endpoint.c.types)
    .select_from(
        WITH_INTEGRATION.join(
            application,
            and_(
                application.c.organization_id == integration.c.organization_id,
                application.c.id == integration.c.application_id,
            ),
        )
    )
    .where(
        webhook_endpoint.c.organization_id == ORGANIZATION,
        integration.c.active,
        integration.c.confirmed_at.is_not(None),
        any_of(integration.c.studio_id, "studio_ids"),
    )
    .order_by(application.c.name)
)

HOMES = select(customer.c.studio_id, customer.c.uuid).where(
    customer.c.organization_id == ORGANIZATION, any_of(customer.c.id, "customer_ids")
)
"""With something that no index has: else SQLite reads one from end to end, because it has all that is asked."""


def of_slots(
    tx: Connection,
    organization_id: int,
    slot_ids: Collection[int],
    customer_ids: Collection[int],
    types: Collection[EventType],
) -> list[str]:
    """Who is told of any of these types, each once: partners in the studios that hold the slots, and in
    those that are the customers' home."""
    named: dict[str, Any] = {"organization": organization_id}
    studio_ids = {
        *(each.studio_id for each in timetable.slots_by_id(tx, organization_id, slot_ids).values()),
        *tx.execute(HOMES, {**named, "customer_ids": customer_ids}).scalars(),
    }
    wanted = {each.value for each in types}
    rows = tx.execute(LISTENERS, {**named, "studio_ids": studio_ids})
    found = (row.name for row in rows if row.types is None or wanted & set(row.types))
    return list(dict.fromkeys(found))
