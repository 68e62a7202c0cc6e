"""Contingents: what rates grant, and memberships instead of their rates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import Connection, delete, insert, select

from kursplan.domain.contingents import Contingent
from kursplan.store.engine.dialect import any_of
from kursplan.store.tables import ORGANIZATION, membership_contingent, rate_contingent

OF_RATES = select(
    rate_contingent.c.rate_id, rate_contingent.c.bookings, rate_contingent.c.period
).where(
    rate_contingent.c.organization_id == ORGANIZATION,
    any_of(rate_contingent.c.rate_id, "rate_ids"),
)
FORGET_OF_RATES = delete(rate_contingent).where(
    rate_contingent.c.organization_id == ORGANIZATION,
    any_of(rate_contingent.c.rate_id, "rate_ids"),
)
ADD_TO_RATES = insert(rate_contingent)

OF_MEMBERSHIPS = select(
    membership_contingent.c.membership_id,
    membership_contingent.c.bookings,
    membership_contingent.c.period,
).where(
    membership_contingent.c.organization_id == ORGANIZATION,
    any_of(membership_contingent.c.membership_id, "membership_ids"),
)
FORGET_OF_MEMBERSHIPS = delete(membership_contingent).where(
    membership_contingent.c.organization_id == ORGANIZATION,
    any_of(membership_contingent.c.membership_id, "membership_ids"),
)
ADD_TO_MEMBERSHIPS = insert(membership_contingent)

Granted = Mapping[int, Collection[Contingent]]
"""By the id of the rate or membership."""


def of_rates(
    tx: Connection, organization_id: int, rate_ids: Collection[int]
) -> dict[int, frozenset[Contingent]]:
    named = {"organization": organization_id, "rate_ids": rate_ids}
    found: defaultdict[int, set[Contingent]] = defaultdict(set)
    for rate_id, bookings, period in tx.execute(OF_RATES, named):
        found[rate_id].add(Contingent(bookings, period))
    return {rate_id: frozenset(found[rate_id]) for rate_id in rate_ids}


def of_memberships(
    tx: Connection, organization_id: int, membership_ids: Collection[int]
) -> dict[int, frozenset[Contingent]]:
    """Their own; a membership without any has those of its rate."""
    named = {"organization": organization_id, "membership_ids": membership_ids}
    found: defaultdict[int, set[Contingent]] = defaultdict(set)
    for membership_id, bookings, period in tx.execute(OF_MEMBERSHIPS, named):
        found[membership_id].add(Contingent(bookings, period))
    return {membership_id: frozenset(found[membership_id]) for membership_id in membership_ids}


def put_to_rates(tx: Connection, organization_id: int, granted: Granted) -> None:
    """These are what the rates grant from now on, and nothing else."""
    tx.execute(FORGET_OF_RATES, {"organization": organization_id, "rate_ids": granted.keys()})
    if rows := _rows(organization_id, "rate_id", granted):
        tx.execute(ADD_TO_RATES, rows)


def put_to_memberships(tx: Connection, organization_id: int, granted: Granted) -> None:
    """These are the memberships' own contingents from now on, and nothing else."""
    named = {"organization": organization_id, "membership_ids": granted.keys()}
    tx.execute(FORGET_OF_MEMBERSHIPS, named)
    if rows := _rows(organization_id, "membership_id", granted):
        tx.execute(ADD_TO_MEMBERSHIPS, rows)


def _rows(organization_id: int, whose: str, granted: Granted) -> list[dict[str, object]]:
    return [
        {
            "organization_id": organization_id,
            whose: row_id,
            "period": each.period,
            "bookings": each.bookings,
        }
        for row_id, contingents in granted.items()
        for each in sorted(contingents, key=lambda each: each.period)
    ]
