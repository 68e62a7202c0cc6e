"""The version of what a studio shows: a number that rises with every change of it.

A turn raises it in the transaction of its changes, as the last thing it does, so that nobody waits
for the row longer than a commit takes. Whoever has looked at the version knows whether an answer
that they kept is still what they would read.

Of what belongs to no studio, and changes seldom, it is also known when that was: so who watches all
organizations sees which of them changed, and asks nothing of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    Integer,
    bindparam,
    func,
    literal_column,
    select,
)

from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.engine.driver import Fixed, FixedForMany, upsert_many
from kursplan.store.engine.together import Asked, Together
from kursplan.store.rules.across import organizations_with
from kursplan.store.tables import ORGANIZATION, integration, version

EVERYTHING = 0
"""Stands for all studios of the organization, and for what belongs to none."""
SHARDS = 64


def _raise_each(**further: BindParameter[Any]) -> FixedForMany:
    """One more change of each of these studios, in this shard."""
    return upsert_many(
        version,
        {"changes": version.c.changes + 1},
        shard=bindparam("shard", type_=Integer),
        changes=literal_column("1"),
        **further,
    )


RAISE = _raise_each()
RAISE_EVERYTHING = _raise_each(raised_at=bindparam("raised_at", type_=Instant))
"""The time stands in an index, which a booking, that raises its studio only, does not pay for."""

ACROSS_RAISED = organizations_with(
    version.c.organization_id,
    version.c.raised_at,
    version.c.raised_at >= bindparam("since", type_=Instant),
)

ACROSS_VERSIONS = Fixed(
    select(
        version.c.organization_id,
        version.c.studio_id,
        func.sum(version.c.changes, type_=BigInteger).cast(BigInteger).label("changes"),
    )
    .where(
        any_of(version.c.organization_id, "organization_ids"),
        any_of(version.c.studio_id, "studio_ids"),
    )
    .group_by(version.c.organization_id, version.c.studio_id)
)


OF_INTEGRATIONS = Fixed(
    select(
        version.c.studio_id,
        func.sum(version.c.changes, type_=BigInteger).cast(BigInteger).label("changes"),
    )
    .where(
        version.c.organization_id == ORGANIZATION,
        version.c.studio_id.in_(
            select(literal_column(str(EVERYTHING))).union_all(
                select(integration.c.studio_id).where(
                    integration.c.organization_id == ORGANIZATION,
                    any_of(integration.c.id, "integration_ids"),
                )
            )
        ),
    )
    .group_by(version.c.studio_id)
)


@dataclass(frozen=True, slots=True)
class Version:
    """How far a studio and its organization have come."""

    organization: int
    studio: int


def bump(
    at: Together, organization_id: int, studio_ids: Collection[int], shard: int, now: datetime
) -> None:
    """What these studios show is different once the transaction, that is of `now`, is committed."""
    # The whole organization before its studios: that is the order by id.
    if EVERYTHING in studio_ids:
        at.run(
            RAISE_EVERYTHING, organization_id, [(EVERYTHING,)], {"shard": shard, "raised_at": now}
        )
    ordered = sorted(set(studio_ids) - {EVERYTHING})
    at.run(RAISE, organization_id, [(each,) for each in ordered], {"shard": shard})


def ask_of_integrations(
    at: Together, organization_id: int, integration_ids: Collection[int]
) -> Asked[Callable[[int], Version]]:
    """The versions of the studios of these integrations, as of what is committed now."""
    found = at.rows(
        OF_INTEGRATIONS, {"organization": organization_id, "integration_ids": integration_ids}
    )

    def answered() -> Callable[[int], Version]:
        changes = {row.studio_id: row.changes for row in found.rows}
        everything = changes.get(EVERYTHING, 0)
        return lambda studio_id: Version(everything, changes.get(studio_id, 0))

    return answered


def raised(tx: Connection, since: datetime) -> dict[int, int]:
    """How far `EVERYTHING` has come of the organizations where it was raised since then."""
    organization_ids = tx.execute(ACROSS_RAISED, {"since": since}).scalars()
    found = look(tx, [(each, EVERYTHING) for each in organization_ids])
    return {organization_id: each.organization for (organization_id, _), each in found.items()}


def look(tx: Connection, studios: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Version]:
    """The versions of these (organization, studio), as of what is committed now."""
    wanted = set(studios)
    organization_ids = {organization_id for organization_id, _ in wanted}
    studio_ids = {studio_id for _, studio_id in wanted} | {EVERYTHING}
    named = {"organization_ids": organization_ids, "studio_ids": studio_ids}
    changes = {(row[0], row[1]): row[2] for row in ACROSS_VERSIONS.rows(tx, named)}
    return {
        each: Version(changes.get((each[0], EVERYTHING), 0), changes.get(each, 0))
        for each in wanted
    }
