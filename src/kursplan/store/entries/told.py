"""The base of the three-way comparison: what a gym file said of each entry when it was last loaded.

It is kept beside what is stored, never looked at for deciding about bookings. Where it is about a
customer, it goes with the customer.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from kursplan.store.engine.dialect import any_of
from kursplan.store.tables import ORGANIZATION, customer, told

IN_SECTIONS = (
    select(told.c.section, told.c.key, told.c.members)
    .where(told.c.organization_id == ORGANIZATION, any_of(told.c.section, "sections"))
    .order_by(told.c.section, told.c.key)
)

OF_CUSTOMERS = select(told.c.key, told.c.members).where(
    told.c.organization_id == ORGANIZATION, any_of(told.c.customer_id, "customer_ids")
)

CUSTOMERS_THERE = select(customer.c.id).where(
    customer.c.organization_id == ORGANIZATION,
    any_of(customer.c.id, "customer_ids"),
    customer.c.deleted_at.is_(None),
)

ADD = insert(told)

FORGET = delete(told).where(
    told.c.organization_id == ORGANIZATION,
    told.c.section == bindparam("in_section"),
    any_of(told.c.key, "keys"),
)

FORGET_CUSTOMERS = delete(told).where(
    told.c.organization_id == ORGANIZATION, any_of(told.c.customer_id, "customer_ids")
)


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be kept as said of one entry."""

    section: str
    key: str
    members: dict[str, Any] | None = field(repr=False)
    """Only what the file had, as JSON can have it; None where it took the entry away."""
    customer_id: int | None = None
    """Whom it is about."""


def load(
    tx: Connection, organization_id: int, sections: Collection[str]
) -> dict[str, dict[str, Any]]:
    """By section and key. Of what is not there, nothing is known."""
    found: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for row in tx.execute(IN_SECTIONS, {"organization": organization_id, "sections": sections}):
        found[row.section][row.key] = json.loads(row.members)
    return dict(found)


def of_customers(
    tx: Connection, organization_id: int, customer_ids: Collection[int]
) -> dict[str, Any]:
    """What a gym file said of these customers, by their keys."""
    named = {"organization": organization_id, "customer_ids": customer_ids}
    return {row.key: json.loads(row.members) for row in tx.execute(OF_CUSTOMERS, named)}


def keep(tx: Connection, organization_id: int, entries: Iterable[Told]) -> None:
    """Keep this in place of what was kept; nothing is kept of customers who were erased meanwhile."""
    entries = list(entries)
    about = {each.customer_id for each in entries if each.customer_id is not None}
    gone = about - _customers_there(tx, organization_id, about) if about else set()
    sections: defaultdict[str, list[Told]] = defaultdict(list)
    for each in entries:
        if each.customer_id not in gone:
            sections[each.section].append(each)
    for section, kept in sorted(sections.items()):
        forget(tx, organization_id, section, [each.key for each in kept])
        tx.execute(
            ADD,
            [
                {
                    "organization_id": organization_id,
                    "section": section,
                    "key": each.key,
                    "customer_id": each.customer_id,
                    "members": json.dumps(each.members, ensure_ascii=False),
                }
                for each in kept
            ],
        )


def _customers_there(
    tx: Connection, organization_id: int, customer_ids: Collection[int]
) -> set[int]:
    named = {"organization": organization_id, "customer_ids": customer_ids}
    return set(tx.execute(CUSTOMERS_THERE, named).scalars())


def forget(tx: Connection, organization_id: int, section: str, keys: Collection[str]) -> None:
    """No file said anything of these entries."""
    tx.execute(FORGET, {"organization": organization_id, "in_section": section, "keys": keys})


def forget_customers(tx: Connection, organization_id: int, customer_ids: Collection[int]) -> None:
    """Nothing is left of what was said of these customers."""
    tx.execute(FORGET_CUSTOMERS, {"organization": organization_id, "customer_ids": customer_ids})
