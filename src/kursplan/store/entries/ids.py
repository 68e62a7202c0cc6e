"""Ids by key: what the operator knows by key, the house knows by id.

Employees and customers who were deleted are not among them: their keys are free again.
"""

from __future__ import annotations

from sqlalchemy import Connection, Table, bindparam, select

from kursplan.domain.entries import free_key
from kursplan.store.tables import (
    ORGANIZATION,
    application,
    class_,
    customer,
    employee,
    idle_period,
    location,
    membership,
    rate,
    series,
    slot,
    studio,
)


class UnknownKey(LookupError):
    """An entry refers to something that is not there."""


IDS = {
    table.name: select(table.c.key, table.c.id).where(table.c.organization_id == ORGANIZATION)
    for table in (
        studio,
        location,
        rate,
        class_,
        series,
        membership,
        idle_period,
        application,
    )
} | {
    employee.name: select(employee.c.key, employee.c.id).where(
        employee.c.organization_id == ORGANIZATION, employee.c.deleted_at.is_(None)
    ),
    customer.name: select(customer.c.key, customer.c.id).where(
        customer.c.organization_id == ORGANIZATION, customer.c.deleted_at.is_(None)
    ),
    slot.name: select(slot.c.key, slot.c.id).where(
        slot.c.organization_id == ORGANIZATION, slot.c.key.is_not(None)
    ),
}

GOES_BY = {
    table.name: select(table.c.id).where(
        table.c.organization_id == ORGANIZATION, table.c.key == bindparam("key")
    )
    for table in (rate, class_, series, slot)
}


class Ids(dict[str, int]):
    """Ids of one kind of thing, by key."""

    def __init__(self, kind: str, ids: dict[str, int]) -> None:
        super().__init__(ids)
        self._kind = kind

    def __missing__(self, key: str) -> int:
        raise UnknownKey(f"there is no {self._kind} by the key {key!r}")


def ids(tx: Connection, organization_id: int, table: Table) -> Ids:
    """The ids of all rows of the table that go by a key. Asking for another raises `UnknownKey`."""
    rows = tx.execute(IDS[table.name], {"organization": organization_id})
    return Ids(table.name, {row.key: row.id for row in rows})


def free(tx: Connection, organization_id: int, table: Table, wanted: str) -> str:
    """A key for something new of that kind: `wanted`, or the same with a number where that is taken."""

    def is_taken(key: str) -> bool:
        named = {"organization": organization_id, "key": key}
        return tx.execute(GOES_BY[table.name], named).first() is not None

    return free_key(wanted, is_taken)


def freed(row_id: int) -> str:
    """The key under which a row is kept whose own key is free again; none that a file can have."""
    return f"~{row_id}"
