"""Who was turned away because no place was left: written down a portion at a time, and forgotten when it is old.

Nothing is decided by it; `store/staff/numbers.py` counts it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, Integer, bindparam, delete, select

from kursplan.domain.values import value
from kursplan.store.engine.dialect import Instant, insert_unless_there
from kursplan.store.engine.rows import AnyRow
from kursplan.store.rules.across import along, organizations_since
from kursplan.store.tables import ORGANIZATION, organization, turned_away

AT_ONCE = 1_000
"""How many are written down, or forgotten, at a time."""

_BEFORE = bindparam("before", type_=Instant)

ADD = insert_unless_there(turned_away, "organization_id", "slot_id", "customer_id")

OF_CUSTOMER = select(turned_away.c.slot_id, turned_away.c.happened_at).where(
    turned_away.c.organization_id == ORGANIZATION,
    turned_away.c.customer_id == bindparam("customer_id"),
)
"""In no order: for one by time SQLite would rather walk over all of them than sort."""

ACROSS_OLD = organizations_since(
    select(turned_away.c.happened_at)
    .where(turned_away.c.organization_id == organization.c.id)
    .order_by(turned_away.c.happened_at)
)
OLD_AT = (
    select(turned_away.c.happened_at)
    .where(turned_away.c.organization_id == ORGANIZATION, turned_away.c.happened_at < _BEFORE)
    .order_by(turned_away.c.happened_at)
    .offset(bindparam("place", type_=Integer))
    .limit(1)
)
FORGET = delete(turned_away).where(
    turned_away.c.organization_id == ORGANIZATION,
    turned_away.c.happened_at.between(
        bindparam("since", type_=Instant), bindparam("until", type_=Instant)
    ),
    turned_away.c.happened_at < _BEFORE,
)


@value
class Wish:
    """A place on a slot, for somebody."""

    slot_id: int
    customer_id: int


def add(tx: Connection, organization_id: int, turned: Collection[tuple[Wish, datetime]]) -> None:
    """Write down whose wish was not granted, and when; who is there already stays as they are."""
    # In one order everywhere, so that two who write down the same don't wait for each other.
    rows = sorted((each.slot_id, each.customer_id, at) for each, at in turned)
    tx.execute(
        ADD,
        [
            {
                "organization_id": organization_id,
                "slot_id": slot_id,
                "customer_id": customer_id,
                "happened_at": at,
            }
            for slot_id, customer_id, at in rows
        ],
    )


def of_customer(tx: Connection, organization_id: int, customer_id: int) -> Sequence[AnyRow]:
    """From which slots they were turned away, and when first."""
    named = {"organization": organization_id, "customer_id": customer_id}
    return sorted(tx.execute(OF_CUSTOMER, named), key=lambda row: (row.happened_at, row.slot_id))


def with_old(tx: Connection, before: datetime, after: int) -> tuple[list[int], int]:
    """`along` the organizations: those in which somebody was turned away before that instant."""
    return along(tx, ACROSS_OLD, before, after)


def forget_old(tx: Connection, organization_id: int, before: datetime) -> int:
    """Drop the oldest from before that instant, some at a time; how many there were."""
    named = {"organization": organization_id, "before": before}
    since, until = (
        tx.execute(OLD_AT, named | {"place": place}).scalar() for place in (0, AT_ONCE - 1)
    )
    if since is None:
        return 0
    return tx.execute(FORGET, named | {"since": since, "until": until or before}).rowcount
