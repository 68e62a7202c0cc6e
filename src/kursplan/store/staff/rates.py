"""Rates, and the memberships that are of them: reads, never for deciding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date

from sqlalchemy import Connection, Date, Integer, bindparam, func, or_, select

from kursplan.domain.entries import IdlePeriodEntry
from kursplan.store.engine.dialect import any_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.tables import ORGANIZATION, booking, customer, idle_period, membership, rate

_IS_NOT_OVER = or_(
    membership.c.valid_until.is_(None), membership.c.valid_until >= bindparam("day", type_=Date)
)

COUNTED = (
    select(membership.c.rate_id, func.count().label("memberships"))
    .where(membership.c.organization_id == ORGANIZATION, _IS_NOT_OVER)
    .group_by(membership.c.rate_id)
)

HOLDERS = (
    select(
        membership.c.id,
        membership.c.key,
        membership.c.customer_id,
        membership.c.valid_from,
        membership.c.valid_until,
        customer.c.first_name,
        customer.c.last_name,
        customer.c.number,
    )
    .select_from(
        membership.join(
            customer,
            (customer.c.organization_id == membership.c.organization_id)
            & (customer.c.id == membership.c.customer_id),
        )
    )
    .where(
        membership.c.organization_id == ORGANIZATION,
        membership.c.rate_id == bindparam("rate_id"),
        _IS_NOT_OVER,
        any_of(customer.c.studio_id, "studio_ids"),
    )
    .order_by(customer.c.last_name_folded, customer.c.first_name_folded, membership.c.id)
    .limit(bindparam("limit", type_=Integer))
    .offset(bindparam("offset", type_=Integer))
)
"""Goes through the memberships of the organization, and through its customers, who are listed by name."""

USED = select(booking.c.membership_id, booking.c.day, booking.c.starts_at).where(
    booking.c.organization_id == ORGANIZATION,
    any_of(booking.c.customer_id, "customer_ids"),
    booking.c.membership_id.is_not(None),
    booking.c.counts,
)

RESTS = (
    select(
        idle_period.c.membership_id,
        idle_period.c.key,
        idle_period.c.first_day,
        idle_period.c.last_day,
    )
    .where(
        idle_period.c.organization_id == ORGANIZATION,
        any_of(idle_period.c.membership_id, "membership_ids"),
    )
    .order_by(idle_period.c.first_day)
)

IS_THERE = select(rate.c.id).where(
    rate.c.organization_id == ORGANIZATION, rate.c.id == bindparam("rate_id")
)


def counted(tx: Connection, organization_id: int, day: date) -> Mapping[int, int]:
    """By rate: how many memberships are of it and have not ended before that day."""
    found = tx.execute(COUNTED, {"organization": organization_id, "day": day})
    return {row.rate_id: row.memberships for row in found}


def holders(
    tx: Connection,
    organization_id: int,
    rate_id: int,
    studio_ids: Collection[int],
    day: date,
    limit: int,
    offset: int,
) -> Sequence[AnyRow]:
    """The memberships of the rate that have not ended before that day, of customers at home in these
    studios, by name."""
    named = {
        "organization": organization_id,
        "rate_id": rate_id,
        "studio_ids": studio_ids,
        "day": day,
        "limit": limit,
        "offset": offset,
    }
    return tx.execute(HOLDERS, named).all()


def used(
    tx: Connection, organization_id: int, customer_ids: Collection[int]
) -> Mapping[int, Sequence[AnyRow]]:
    """By membership of these customers: the bookings that count against what it grants."""
    found: defaultdict[int, list[AnyRow]] = defaultdict(list)
    named = {"organization": organization_id, "customer_ids": customer_ids}
    for row in tx.execute(USED, named):
        found[row.membership_id].append(row)
    return found


def rests(
    tx: Connection, organization_id: int, membership_ids: Collection[int]
) -> Mapping[int, Sequence[IdlePeriodEntry]]:
    """By membership: its idle periods, without why."""
    found: defaultdict[int, list[IdlePeriodEntry]] = defaultdict(list)
    named = {"organization": organization_id, "membership_ids": membership_ids}
    for row in tx.execute(RESTS, named):
        found[row.membership_id].append(IdlePeriodEntry(row.key, row.first_day, row.last_day))
    return found


def is_there(tx: Connection, organization_id: int, rate_id: int) -> bool:
    named = {"organization": organization_id, "rate_id": rate_id}
    return tx.execute(IS_THERE, named).first() is not None
