"""The version of what a studio shows: a number that rises with every change of it.

A turn raises it in the transaction of its changes, as the last thing it does, so that nobody waits
for the row longer than a commit takes. Whoever has looked at the version knows whether an answer
that they kept is still what they would read.

Of what belongs to no studio, and changes seldom, it is also known when that was: so who watches all
organizations sees which of them changed, and asks nothing of the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Connection, Integer, bindparam, func, select
from sqlalchemy.dialects import postgresql

from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.engine.driver import Fixed
from kursplan.store.engine.together import Together
from kursplan.store.rules.across import organizations_with
from kursplan.store.tables import ORGANIZATION, version

EVERYTHING = 0
"""Stands for all studios of the organization, and for what belongs to none."""
SHARDS = 64

_KEY = ["organization_id", "studio_id", "shard"]
_AT = bindparam("at", type_=Instant)
_ONE_MORE = postgresql.insert(version).values(
    organization_id=ORGANIZATION,
    studio_id=bindparam("studio_id", type_=BigInteger),
    shard=bindparam("shard", type_=Integer),
    changes=1,
)
_CHANGES = {"changes": version.c.changes + 1}
RAISE = Fixed(_ONE_MORE.on_conflict_do_update(index_elements=_KEY, set_=_CHANGES))
RAISE_EVERYTHING = Fixed(
    _ONE_MORE.values(raised_at=_AT).on_conflict_do_update(
        index_elements=_KEY, set_={**_CHANGES, "raised_at": _AT}
    )
)
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


@dataclass(frozen=True, slots=True)
class Version:
    """How far a studio and its organization have come."""

    organization: int
    studio: int


def bump(
    at: Together, organization_id: int, studio_ids: Collection[int], shard: int, now: datetime
) -> None:
    """What these studios show is different once the transaction, that is of `now`, is committed."""
    for studio_id in sorted(studio_ids):
        named = {"organization": organization_id, "studio_id": studio_id, "shard": shard}
        if studio_id == EVERYTHING:
            at.do(RAISE_EVERYTHING, {**named, "at": now})
        else:
            at.do(RAISE, named)


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
