"""Employees and the studios where they work, as the operator writes them down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, delete, insert, select, text, update

from kursplan.domain.entries import EmployeeEntry
from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.entries.ids import freed
from kursplan.store.tables import (
    ORGANIZATION,
    employee,
    employee_studio,
    series,
    series_instructor,
    slot,
    slot_instructor,
    studio,
)

_EMPLOYEE_ID = bindparam("employee_id", type_=BigInteger)
_PLAIN = ("first_name", "last_name", "public_name", "business_role", "gender", "initials")

EMPLOYEES = (
    select(employee.c.id, employee.c.key, *(employee.c[name] for name in _PLAIN))
    .where(
        employee.c.organization_id == ORGANIZATION,
        any_of(employee.c.id, "employee_ids"),
        employee.c.deleted_at.is_(None),
    )
    .order_by(employee.c.id)
)

STUDIOS = (
    select(employee_studio.c.employee_id, studio.c.key)
    .select_from(
        employee_studio.join(
            studio,
            (studio.c.organization_id == employee_studio.c.organization_id)
            & (studio.c.id == employee_studio.c.studio_id),
        )
    )
    .where(
        employee_studio.c.organization_id == ORGANIZATION,
        any_of(employee_studio.c.employee_id, "employee_ids"),
    )
)

ADD = insert(employee)

CHANGE = (
    update(employee)
    .where(employee.c.organization_id == ORGANIZATION, employee.c.id == _EMPLOYEE_ID)
    .values({name: bindparam(name) for name in _PLAIN})
)

DELETE = (
    update(employee)
    .where(employee.c.organization_id == ORGANIZATION, employee.c.id == _EMPLOYEE_ID)
    .values(key=bindparam("freed_key"), deleted_at=bindparam("at", type_=Instant))
)

LEAVE_STUDIOS = delete(employee_studio).where(
    employee_studio.c.organization_id == ORGANIZATION,
    employee_studio.c.employee_id == _EMPLOYEE_ID,
)
JOIN_STUDIOS = insert(employee_studio)

SERIES_GIVEN = (
    select(series.c.id)
    .select_from(
        series_instructor.join(
            series,
            (series.c.organization_id == series_instructor.c.organization_id)
            & (series.c.id == series_instructor.c.series_id),
        )
    )
    .where(
        series_instructor.c.organization_id == ORGANIZATION,
        series_instructor.c.employee_id == _EMPLOYEE_ID,
    )
    .order_by(series.c.id)
)

SLOTS_GIVEN = (
    select(slot.c.id)
    .select_from(
        slot_instructor.join(
            slot,
            (slot.c.organization_id == slot_instructor.c.organization_id)
            & (slot.c.id == slot_instructor.c.slot_id),
        )
    )
    .where(
        slot_instructor.c.organization_id == ORGANIZATION,
        slot_instructor.c.employee_id == _EMPLOYEE_ID,
        slot.c.starts_at > bindparam("now", type_=Instant),
        text("slot.status = 'PLANNED'"),
    )
    .order_by(slot.c.id)
)


def load(
    tx: Connection, organization_id: int, employee_ids: Collection[int]
) -> dict[int, EmployeeEntry]:
    """The employees of these ids; unknown ids and deleted ones are left out."""
    named = {"organization": organization_id, "employee_ids": employee_ids}
    studios: defaultdict[int, set[str]] = defaultdict(set)
    for employee_id, key in tx.execute(STUDIOS, named):
        studios[employee_id].add(key)
    return {
        row.id: EmployeeEntry(
            row.key,
            row.first_name,
            row.last_name,
            frozenset(studios[row.id]),
            row.public_name,
            row.business_role,
            row.gender,
            row.initials,
        )
        for row in tx.execute(EMPLOYEES, named)
    }


def add(tx: Connection, organization_id: int, employee_id: int, entry: EmployeeEntry) -> None:
    """Store a new employee, who does not work anywhere yet."""
    named = {"organization_id": organization_id, "id": employee_id, "key": entry.key}
    tx.execute(ADD, named | _values(entry))


def change(tx: Connection, organization_id: int, employee_id: int, entry: EmployeeEntry) -> None:
    """Write down all that can change about the employee, but for the studios."""
    named = {"organization": organization_id, "employee_id": employee_id}
    tx.execute(CHANGE, named | _values(entry))


def _values(entry: EmployeeEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in _PLAIN}


def put_studios(
    tx: Connection, organization_id: int, employee_id: int, studio_ids: Collection[int]
) -> None:
    """The employee works in these studios from now on, and in no others."""
    tx.execute(LEAVE_STUDIOS, {"organization": organization_id, "employee_id": employee_id})
    if studio_ids:
        tx.execute(
            JOIN_STUDIOS,
            [
                {
                    "organization_id": organization_id,
                    "studio_id": studio_id,
                    "employee_id": employee_id,
                }
                for studio_id in sorted(studio_ids)
            ],
        )


def remove(tx: Connection, organization_id: int, employee_id: int, at: datetime) -> None:
    """The employee is gone, and the key free. The name stays with the slots that they gave."""
    named = {"organization": organization_id, "employee_id": employee_id}
    tx.execute(DELETE, named | {"freed_key": freed(employee_id), "at": at})
    put_studios(tx, organization_id, employee_id, ())


def series_given(tx: Connection, organization_id: int, employee_id: int) -> list[int]:
    """The series that the employee gives, ended ones included."""
    named = {"organization": organization_id, "employee_id": employee_id}
    return list(tx.execute(SERIES_GIVEN, named).scalars())


def slots_given(tx: Connection, organization_id: int, employee_id: int, now: datetime) -> list[int]:
    """The planned slots to come that the employee gives."""
    named = {"organization": organization_id, "employee_id": employee_id, "now": now}
    return list(tx.execute(SLOTS_GIVEN, named).scalars())
