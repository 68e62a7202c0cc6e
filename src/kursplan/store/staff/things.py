"""What things of an organization are called, and in which studios they are, by their ids alone. Reads.

No two things share an id, so those that lines of history are about are looked up together, whatever they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    String,
    Table,
    and_,
    cast,
    null,
    select,
    union_all,
)
from sqlalchemy.sql.selectable import FromClause, Select

from kursplan.domain.webhooks import DeliveryStatus
from kursplan.store.engine.dialect import any_of
from kursplan.store.staff import partners
from kursplan.store.tables import (
    ORGANIZATION,
    api_key,
    application,
    class_,
    closure,
    customer,
    employee,
    employee_studio,
    integration,
    location,
    rate,
    series,
    studio,
    webhook_endpoint,
)

_NOWHERE = cast(null(), BigInteger)


def _called(
    of: Table,
    name: ColumnElement[str],
    studio_id: ColumnElement[int] = _NOWHERE,
    joined: FromClause | None = None,
) -> Select[tuple[int, int, str]]:
    return (
        select(
            of.c.id.label("id"),
            studio_id.label("studio_id"),
            cast(name, String).label("name"),
        )
        .select_from(of if joined is None else joined)
        .where(of.c.organization_id == ORGANIZATION, any_of(of.c.id, "ids"))
    )


def _joined(one: Table, other: Table, by: str) -> FromClause:
    """With the row that it names as its own."""
    return one.join(
        other,
        and_(other.c.organization_id == one.c.organization_id, other.c.id == one.c[by]),
    )


CALLED = union_all(
    _called(studio, studio.c.name, studio.c.id),
    _called(class_, class_.c.title, class_.c.studio_id),
    _called(series, class_.c.title, series.c.studio_id, _joined(series, class_, "class_id")),
    _called(location, location.c.name, location.c.studio_id),
    _called(closure, closure.c.reason, closure.c.studio_id),
    _called(rate, rate.c.name),
    _called(customer, customer.c.first_name + " " + customer.c.last_name, customer.c.studio_id),
    _called(
        employee,
        employee.c.first_name + " " + employee.c.last_name,
        employee_studio.c.studio_id,
        employee.outerjoin(
            employee_studio,
            and_(
                employee_studio.c.organization_id == employee.c.organization_id,
                employee_studio.c.employee_id == employee.c.id,
            ),
        ),
    ),
    _called(application, application.c.name),
    _called(
        integration,
        application.c.name,
        integration.c.studio_id,
        _joined(integration, application, "application_id"),
    ),
    _called(
        api_key,
        application.c.name,
        integration.c.studio_id,
        _joined(api_key, integration, "integration_id").join(
            application,
            and_(
                application.c.organization_id == integration.c.organization_id,
                application.c.id == integration.c.application_id,
            ),
        ),
    ),
    _called(
        webhook_endpoint,
        webhook_endpoint.c.url,
        integration.c.studio_id,
        _joined(webhook_endpoint, integration, "integration_id"),
    ),
)


@dataclass(frozen=True, slots=True)
class Named:
    name: str
    studio_ids: frozenset[int]
    """Where it is; none where it is of the whole organization."""


def called(tx: Connection, organization_id: int, ids: Collection[int]) -> dict[int, Named]:
    """By id, as far as they are there and have a name: not slots and bookings, which are called by more."""
    found: dict[int, Named] = {}
    if not ids:
        return found
    for row in tx.execute(CALLED, {"organization": organization_id, "ids": ids}):
        known = found.get(row.id)
        of = frozenset() if row.studio_id is None else frozenset({row.studio_id})
        found[row.id] = Named(
            (row.name or "").strip(), of if known is None else known.studio_ids | of
        )
    return found


def heard(
    tx: Connection, organization_id: int, ids: Collection[int], since: datetime, until: datetime
) -> Mapping[tuple[int, datetime], dict[str, bool]]:
    """Which partners are told of what happened to these in that time, by thing and instant: by name, and whether
    it arrived everywhere."""
    found: dict[tuple[int, datetime], dict[str, bool]] = {}
    if not ids:
        return found
    events = {
        row.id: (row.entity_id, row.happened_at)
        for row in partners.events_of(tx, organization_id, ids, since, until)
    }
    for row in partners.told(tx, organization_id, events):
        names = found.setdefault(events[row.event_id], {})
        arrived = row.status == DeliveryStatus.DELIVERED
        names[row.application_name] = names.get(row.application_name, True) and arrived
    return found
