"""Filling seats beside which somebody waits.

A seat that becomes free is filled in the same turn. What is left for here is that somebody could
not take it then and can now. Time alone never brings that about: they gave up another booking, or
what the rules ask was changed for more than one slot (a rate, a slot that was in the way).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from kursplan.clock import Clock
from kursplan.desk.engine.desk import Desk
from kursplan.desk.promote import Promote
from kursplan.domain.actors import THE_HOUSE
from kursplan.domain.refusals import Refusal
from kursplan.store.engine.database import Database
from kursplan.store.rules import due, versions
from kursplan.work.everywhere import everywhere

AT_ONCE = 100
"""How many slots one turn looks at."""
LOOKED_BACK = timedelta(minutes=1)
"""How long before the last look something may have been given up that was not committed then, or by
a machine whose clock is behind."""
ALL_EVERY = timedelta(days=1)
"""How often all of them are tried, whatever seems to have changed."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What was seen of an organization."""

    at: datetime
    all_at: datetime
    """When all slots with a seat to fill were tried."""
    version: int
    """How far what belongs to no studio had come by then: whatever changes other than places."""

    def is_outdated(self, now: _Look) -> bool:
        """Whether more may have changed by now than that somebody gave up a place."""
        return self.version != now.version or now.at - self.all_at >= ALL_EVERY


@dataclass(slots=True)
class Seen:
    """What a process has seen, by organization: it tries what may have changed since, and no more."""

    looks: dict[int, _Look] = field(default_factory=dict)


async def promote_waiting(
    desk: Desk, database: Database, clock: Clock, seen: Seen | None = None
) -> bool:
    """Have customers move up to seats that are free; whether anybody did.

    Without what was `seen` before, every slot with a free seat and somebody who waits is tried.
    """
    looks = {} if seen is None else seen.looks
    now = clock.now()

    def look(tx: Connection) -> tuple[dict[int, int], frozenset[int]]:
        everybody = [(each, versions.EVERYTHING) for each in due.organizations(tx)]
        found = versions.look(tx, everybody)
        since = min((each.at for each in looks.values()), default=now) - LOOKED_BACK
        given_up = due.with_places_given_up(tx, since)
        return {of: each.organization for (of, _), each in found.items()}, frozenset(given_up)

    reached, given_up = await database.read(look)

    async def promote(organization_id: int) -> bool:
        before = looks.get(organization_id)
        look = _Look(now, now, reached[organization_id])
        slot_ids: list[int] = []
        if before is None or before.is_outdated(look):
            slot_ids = await database.read(
                partial(due.seats_to_fill, organization_id=organization_id, now=now)
            )
        else:
            look = replace(look, all_at=before.all_at)
            if organization_id in given_up:
                slot_ids = await database.read(
                    partial(
                        due.seats_to_fill_since,
                        organization_id=organization_id,
                        since=before.at - LOOKED_BACK,
                        now=now,
                    )
                )
        worked = False
        for at in range(0, len(slot_ids), AT_ONCE):
            worked |= await _fill(desk, organization_id, frozenset(slot_ids[at : at + AT_ONCE]))
        looks[organization_id] = look
        return worked

    return await everywhere(reached, promote)


async def _fill(desk: Desk, organization_id: int, slot_ids: frozenset[int]) -> bool:
    """Mostly nobody can move up, and to find that out takes no lock."""
    would_move = await desk.dry_run(Promote(organization_id, slot_ids))
    if isinstance(would_move, Refusal) or not would_move:
        return False
    filled = frozenset(each.slot_id for each in would_move)
    moved = await desk.execute(Promote(organization_id, filled), by=THE_HOUSE)
    return not isinstance(moved, Refusal) and bool(moved)
