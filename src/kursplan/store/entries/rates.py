"""Rates and what they grant, as the operator writes them down."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, bindparam, insert, select, update

from kursplan.domain.entries import RateEntry
from kursplan.store.engine.dialect import any_of
from kursplan.store.entries import contingents
from kursplan.store.tables import ORGANIZATION, rate

RATES = (
    select(rate.c.id, rate.c.key, rate.c.name)
    .where(rate.c.organization_id == ORGANIZATION, any_of(rate.c.id, "rate_ids"))
    .order_by(rate.c.id)
)

ADD = insert(rate)

CHANGE = (
    update(rate)
    .where(rate.c.organization_id == ORGANIZATION, rate.c.id == bindparam("rate_id"))
    .values(name=bindparam("name"))
)


def load(tx: Connection, organization_id: int, rate_ids: Collection[int]) -> dict[int, RateEntry]:
    """The rates of these ids; unknown ids are left out."""
    granted = contingents.of_rates(tx, organization_id, rate_ids)
    named = {"organization": organization_id, "rate_ids": rate_ids}
    return {
        row.id: RateEntry(row.key, row.name, granted[row.id]) for row in tx.execute(RATES, named)
    }


def add(tx: Connection, organization_id: int, rate_id: int, entry: RateEntry) -> None:
    """Store a new rate, which grants nothing yet."""
    tx.execute(
        ADD,
        {
            "organization_id": organization_id,
            "id": rate_id,
            "key": entry.key,
            "name": entry.name,
        },
    )


def change(tx: Connection, organization_id: int, rate_id: int, entry: RateEntry) -> None:
    """Write down all that can change about the rate, but for what it grants."""
    named = {"organization": organization_id, "rate_id": rate_id, "name": entry.name}
    tx.execute(CHANGE, named)
