"""Customers as the rules see them: memberships, contingents, idle periods, bookings around a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Date, bindparam, select

from kursplan.domain.contingents import Contingent, Period, span
from kursplan.domain.customers import Customer, IdlePeriod, Membership
from kursplan.domain.slots import Slot
from kursplan.store.engine.dialect import any_of
from kursplan.store.engine.driver import Fixed
from kursplan.store.engine.rows import AnyRow
from kursplan.store.engine.together import Asked, Together, at_once
from kursplan.store.rules import bookings
from kursplan.store.rules.bookings import Timed
from kursplan.store.tables import (
    ORGANIZATION,
    booking,
    customer,
    idle_period,
    membership,
    membership_contingent,
    rate_contingent,
)

_CUSTOMERS = (
    select(customer.c.id, customer.c.studio_id, customer.c.access_refused)
    .where(
        customer.c.organization_id == ORGANIZATION,
        any_of(customer.c.id, "customer_ids"),
        customer.c.deleted_at.is_(None),
    )
    .order_by(customer.c.id)
)
CUSTOMERS = Fixed(_CUSTOMERS)
LOCKED_CUSTOMERS = Fixed(_CUSTOMERS.with_for_update(key_share=True))
"""In id order, and before any slot."""
FREE_CUSTOMERS = Fixed(_CUSTOMERS.with_for_update(key_share=True, skip_locked=True))
"""The same, as far as nobody else has them."""

MEMBERSHIPS = Fixed(
    select(
        membership.c.id,
        membership.c.customer_id,
        membership.c.rate_id,
        membership.c.valid_from,
        membership.c.valid_until,
        idle_period.c.first_day,
        idle_period.c.last_day,
    )
    .select_from(
        membership.outerjoin(
            idle_period,
            (idle_period.c.organization_id == membership.c.organization_id)
            & (idle_period.c.customer_id == membership.c.customer_id)
            & (idle_period.c.membership_id == membership.c.id),
        )
    )
    .where(
        membership.c.organization_id == ORGANIZATION,
        any_of(membership.c.customer_id, "customer_ids"),
    )
    # By customer first: ordered by id alone, SQLite would rather walk over all of them than sort.
    .order_by(membership.c.customer_id, membership.c.id)
)
"""A membership stands here as often as it has idle periods, and at least once."""

OWN_CONTINGENTS = Fixed(
    select(
        membership_contingent.c.membership_id,
        membership_contingent.c.period,
        membership_contingent.c.bookings,
    ).where(
        membership_contingent.c.organization_id == ORGANIZATION,
        any_of(membership_contingent.c.membership_id, "membership_ids"),
    )
)

RATE_CONTINGENTS = Fixed(
    select(rate_contingent.c.rate_id, rate_contingent.c.period, rate_contingent.c.bookings).where(
        rate_contingent.c.organization_id == ORGANIZATION,
        any_of(rate_contingent.c.rate_id, "rate_ids"),
    )
)

USED_DAYS = Fixed(
    select(booking.c.membership_id, booking.c.day).where(
        booking.c.organization_id == ORGANIZATION,
        any_of(booking.c.customer_id, "customer_ids"),
        booking.c.starts_at.between(bindparam("since"), bindparam("until")),
        any_of(booking.c.membership_id, "membership_ids"),
        booking.c.day.between(
            bindparam("first_day", type_=Date), bindparam("last_day", type_=Date)
        ),
        booking.c.counts,
    )
)
"""Found by customer and time, like all that a customer has booked."""


def lock_rows(
    tx: Connection, organization_id: int, customer_ids: Collection[int], *, lock: bool
) -> Sequence[AnyRow]:
    """The customers by themselves; with `lock`, nobody else changes them or books for them."""
    return at_once(tx, lambda at: ask_rows(at, organization_id, customer_ids, lock=lock))


def ask_rows(
    at: Together,
    organization_id: int,
    customer_ids: Collection[int],
    *,
    lock: bool,
    waits: bool = True,
) -> Asked[Sequence[AnyRow]]:
    """Unless it `waits`, those that others have are not among them."""
    if not customer_ids:
        return tuple
    locked = LOCKED_CUSTOMERS if waits else FREE_CUSTOMERS
    answer = at.rows(
        locked if lock else CUSTOMERS,
        {"organization": organization_id, "customer_ids": customer_ids},
    )
    return lambda: answer.rows


def fill(
    tx: Connection,
    organization_id: int,
    rows: Sequence[AnyRow],
    slots: Collection[Slot],
) -> dict[int, Customer]:
    """The customers of these rows, with memberships and their bookings around the time of `slots`."""
    return at_once(tx, lambda at: ask(at, organization_id, rows, slots))(slots)


def ask(
    at: Together, organization_id: int, rows: Sequence[AnyRow], times: Collection[Timed]
) -> Asked[Callable[[Collection[Slot]], dict[int, Customer]]]:
    """The same, where the times of the slots are known before the slots are."""
    customer_ids = [row.id for row in rows]
    named = {"organization": organization_id, "customer_ids": customer_ids}
    asks = bool(rows and times)
    memberships = at.rows(MEMBERSHIPS, named) if asks else None
    booked = bookings.around(at, organization_id, customer_ids, times) if asks else dict

    def filled(slots: Collection[Slot]) -> dict[int, Customer]:
        have = _memberships(
            at.tx, organization_id, customer_ids, memberships.rows if memberships else (), slots
        )
        have_booked = booked()
        return {
            row.id: Customer(
                row.id,
                row.studio_id,
                row.access_refused,
                tuple(have.get(row.id, ())),
                tuple(have_booked.get(row.id, ())),
            )
            for row in rows
        }

    return lambda: filled


def _memberships(
    tx: Connection,
    organization_id: int,
    customer_ids: Collection[int],
    rows: Sequence[AnyRow],
    slots: Collection[Slot],
) -> dict[int, list[Membership]]:
    """By customer."""
    if not rows:
        return {}
    idle: defaultdict[int, list[IdlePeriod]] = defaultdict(list)
    for row in rows:
        if row.first_day is not None:
            idle[row.id].append(IdlePeriod(row.first_day, row.last_day))
    if idle:
        rows = list({row.id: row for row in rows}.values())

    counted = [slot for slot in slots if slot.class_.uses_contingent]
    contingents = _contingents(tx, organization_id, rows) if counted else {}
    used = _used_days(tx, organization_id, customer_ids, contingents, counted)

    found: defaultdict[int, list[Membership]] = defaultdict(list)
    for row in rows:
        found[row.customer_id].append(
            Membership(
                id=row.id,
                rate_id=row.rate_id,
                valid_from=row.valid_from,
                valid_until=row.valid_until,
                contingents=contingents.get(row.id, ()),
                idle_periods=tuple(idle.get(row.id, ())),
                used_days=tuple(used.get(row.id, ())),
            )
        )
    return found


def _contingents(
    tx: Connection, organization_id: int, memberships: Iterable[Any]
) -> dict[int, tuple[Contingent, ...]]:
    """By membership: its own contingents, or else those of its rate."""
    rate_of = {row.id: row.rate_id for row in memberships}
    with Together(tx) as at:
        of_memberships = at.rows(
            OWN_CONTINGENTS, {"organization": organization_id, "membership_ids": rate_of.keys()}
        )
        of_rates = at.rows(
            RATE_CONTINGENTS, {"organization": organization_id, "rate_ids": set(rate_of.values())}
        )
    own: defaultdict[int, list[Contingent]] = defaultdict(list)
    for membership_id, period, count in of_memberships.rows:
        own[membership_id].append(Contingent(count, period))
    of_rate: defaultdict[int, list[Contingent]] = defaultdict(list)
    for rate_id, period, count in of_rates.rows:
        of_rate[rate_id].append(Contingent(count, period))
    return {
        membership_id: tuple(own.get(membership_id) or of_rate.get(rate_id) or ())
        for membership_id, rate_id in rate_of.items()
    }


def _used_days(
    tx: Connection,
    organization_id: int,
    customer_ids: Collection[int],
    contingents: Mapping[int, tuple[Contingent, ...]],
    slots: Collection[Slot],
) -> dict[int, list[date]]:
    """By membership: the days of its bookings that count, as far as one of the slots may ask."""
    limited = {
        membership_id: {each.period for each in granted if each.bookings is not None}
        for membership_id, granted in contingents.items()
    }
    limited = {membership_id: periods for membership_id, periods in limited.items() if periods}
    if not limited:
        return {}
    spans = [
        span(period, slot.day)
        for slot in slots
        for period in frozenset[Period]().union(*limited.values())
    ]
    first_day = min(first for first, _ in spans)
    last_day = max(last for _, last in spans)
    since, until = _around_days(first_day, last_day)
    named = {
        "organization": organization_id,
        "customer_ids": customer_ids,
        "since": since,
        "until": until,
        "membership_ids": limited.keys(),
        "first_day": first_day,
        "last_day": last_day,
    }
    used: defaultdict[int, list[date]] = defaultdict(list)
    with Together(tx) as at:
        days = at.rows(USED_DAYS, named)
    for membership_id, day in days.rows:
        used[membership_id].append(day)
    return used


def _around_days(first: date, last: date) -> tuple[datetime, datetime]:
    """Between these instants begins whatever begins on one of the days, in any zone."""
    margin = timedelta(days=2)
    since = max(first, date.min + margin) - margin
    until = min(last, date.max - margin) + margin
    return datetime.combine(since, time.min, UTC), datetime.combine(until, time.min, UTC)
