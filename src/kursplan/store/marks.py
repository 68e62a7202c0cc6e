"""By what it can be told later that a turn was committed, though its answer was lost.

Whatever a turn writes is there as soon as it is committed, and one thing of it is enough. Mostly
that is its first event. A turn that changes something and tells no event writes its name into a
table of its own, which is dropped soon: the question is asked within moments, or never.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, insert, select

from kursplan.ids import new_uuid
from kursplan.store import versions
from kursplan.store.tables import ORGANIZATION, event, turn

KEPT = timedelta(hours=1)
"""How long the names of turns are kept."""

ADD = insert(turn)
NAMED = select(turn.c.uuid).where(
    turn.c.organization_id == ORGANIZATION, turn.c.uuid == bindparam("uuid")
)
TOLD = select(event.c.uuid).where(
    event.c.organization_id == ORGANIZATION, event.c.uuid == bindparam("uuid")
)
ACROSS_OLD = select(turn.c.organization_id).where(turn.c.taken_at < bindparam("before")).distinct()
FORGET_OLD = delete(turn).where(
    turn.c.organization_id == ORGANIZATION, turn.c.taken_at < bindparam("before")
)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a turn leaves behind."""

    studio_ids: frozenset[int]
    """Whose versions it raises."""
    event_uuid: str | None
    uuid: str | None
    """Its own name, where it tells no event."""


def leave(
    tx: Connection,
    organization_id: int,
    studio_ids: Collection[int],
    event_uuid: str | None,
    now: datetime,
) -> Mark:
    """The mark of a turn that raises these versions and has told this event, if any."""
    if event_uuid is not None:
        return Mark(frozenset(studio_ids), event_uuid, None)
    name = new_uuid()
    tx.execute(ADD, {"organization_id": organization_id, "uuid": name, "taken_at": now})
    return Mark(frozenset(studio_ids), None, name)


def is_there(tx: Connection, organization_id: int, mark: Mark, lane: int) -> bool:
    """Whether the turn of that mark was committed, in a transaction that writes.

    It may be about to be. It holds its versions until then, so to raise them is to wait for it.
    """
    versions.raise_(tx, organization_id, mark.studio_ids, lane)
    query, uuid = (NAMED, mark.uuid) if mark.event_uuid is None else (TOLD, mark.event_uuid)
    return tx.execute(query, {"organization": organization_id, "uuid": uuid}).first() is not None


def with_old(tx: Connection, before: datetime) -> list[int]:
    """The organizations with names of turns that were taken before that instant."""
    return sorted(tx.execute(ACROSS_OLD, {"before": before}).scalars())


def forget_old(tx: Connection, organization_id: int, before: datetime) -> int:
    """Drop the names of turns that were taken before that instant; how many there were."""
    return tx.execute(FORGET_OLD, {"organization": organization_id, "before": before}).rowcount
