"""Looks over all organizations: which of them have something to be done.

All of it is looked up without a lock: it says where to look, and whoever does it decides again under
locks of one organization. So any number of processes may look at the same time. What a look costs goes
by how much there is to be done, never by how many organizations there are: it searches an index in which
nothing else stands before what is due, or which is partial and soon empty again. Where neither can be, all
of them are gone round, a few at a time.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    Select,
    TextClause,
    bindparam,
    func,
    select,
)

from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.engine.driver import Fixed
from kursplan.store.tables import organization

Condition = ColumnElement[bool] | TextClause

FEWEST, MOST = 16, 1_024
"""How many entries of an index a portion of a walk reads."""
MOST_DUE = 100_000
"""How many rows that are due a look reads. All of them go soon, but for those that something is wrong with."""
ALONG = 100
"""How many organizations are passed at a time by who goes round all of them."""

_AFTER = bindparam("after", type_=BigInteger)
_LIMIT = bindparam("limit", type_=Integer)


def organizations_with(
    owner: Column[int], by: ColumnElement[Any], *is_due: Condition
) -> Select[int]:
    """The organizations of rows that are due, by an index that begins with what that is told `by`.

    What has been due longest comes first, and so much at most, so that no look takes long. It is put so
    that no database prefers an index by which it would find the organizations in their order.
    """
    some = (
        select(owner.label("organization_id")).where(*is_due).order_by(by).limit(MOST_DUE)
    ).subquery("some")
    return select(some.c.organization_id).distinct().order_by(some.c.organization_id)


def organizations_in(owner: Column[int], *is_in_it: Condition) -> Fixed:
    """A portion of a partial index that begins with the organization, for `walk`.

    To go from one organization to the next within a statement takes recursion, which is not done over
    several machines.
    """
    some = (
        select(owner.label("organization_id"))
        .where(*is_in_it, owner > _AFTER)
        .order_by(owner)
        .limit(_LIMIT)
        .subquery("some")
    )
    return Fixed(
        select(some.c.organization_id, func.count().label("entries"))
        .group_by(some.c.organization_id)
        .order_by(some.c.organization_id)
    )


def walk(tx: Connection, portion: Fixed) -> list[int]:
    """The organizations with anything in the index of that portion, in their order.

    Of one that has much in it only some is read: the next portion begins behind it.
    """
    found: list[int] = []
    after, limit = 0, FEWEST
    while True:
        rows = portion.rows(tx, {"after": after, "limit": limit})
        found += (row.organization_id for row in rows)
        if sum(row.entries for row in rows) < limit:
            return found
        after = found[-1]
        # Few entries where organizations have many each, many where they have few.
        limit = min(max(FEWEST, 4 * len(rows)), MOST)


ACROSS_NEXT = (
    select(organization.c.id)
    .where(organization.c.id > _AFTER)
    .order_by(organization.c.id)
    .limit(_LIMIT)
)


def organizations_since(first: Select[Any]) -> Select[int]:
    """Those of some organizations of which the `first` of something was before an instant, for `along`.

    It names `organization.c.id`, and has to be in the order of an index, so that it is all that is
    looked at.
    """
    return (
        select(organization.c.id)
        .where(
            any_of(organization.c.id, "organization_ids"),
            first.limit(1).scalar_subquery() < bindparam("before", type_=Instant),
        )
        .order_by(organization.c.id)
    )


def along(
    tx: Connection, those: Select[int], before: datetime, after: int
) -> tuple[list[int], int]:
    """`those` among the next organizations behind that one, and where to go on: 0 is from the start."""
    passed = list(tx.execute(ACROSS_NEXT, {"after": after, "limit": ALONG}).scalars())
    if not passed:
        return [], 0
    found = tx.execute(those, {"before": before, "organization_ids": passed}).scalars()
    return list(found), passed[-1] if len(passed) == ALONG else 0
