"""Filling seats beside which somebody waits.

A seat that becomes free is filled in the same turn. What is left for here is that somebody could
not take it then and can now. Time alone never brings that about: they gave up another booking, or
what the rules ask was changed for more than one slot (a rate, a slot that was in the way).
"""

from __future__ import annotations

from dataclasses import dataclass, field
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


@dataclass(slots=True)
class Seen:
    """What a process has seen: it tries what may have changed since, and no more."""

    at: datetime | None = None
    """When it looked last; never before the first time."""
    all_at: datetime | None = None
    """When all slots for which somebody waits were tried."""
    versions: dict[int, int] = field(default_factory=dict)
    """By organization that was changed lately, other than by places: how far it had come."""
    to_try: dict[int, datetime | None] = field(default_factory=dict)
    """By organization: since when somebody may have given up what is in the way, and what of that was
    not tried yet. None where it is not about that: all that wait there are tried."""

    def is_to_try(self, organization_id: int, since: datetime | None) -> None:
        """Unless more is to be tried there anyway."""
        before = self.to_try.get(organization_id, since)
        self.to_try[organization_id] = (
            None if before is None or since is None else min(before, since)
        )


async def promote_waiting(
    desk: Desk, database: Database, clock: Clock, seen: Seen | None = None
) -> bool:
    """Have customers move up to seats that are free; whether anybody did.

    Without what was `seen` before, every slot with a free seat and somebody who waits is tried.
    """
    seen = Seen() if seen is None else seen
    now = clock.now()
    await database.read(partial(_look, seen=seen, now=now))

    async def promote(organization_id: int) -> bool:
        since = seen.to_try[organization_id]
        to_fill = (
            partial(due.seats_to_fill, organization_id=organization_id, now=now)
            if since is None
            else partial(
                due.seats_to_fill_since, organization_id=organization_id, since=since, now=now
            )
        )
        slot_ids = await database.read(to_fill)
        worked = False
        for at in range(0, len(slot_ids), AT_ONCE):
            worked |= await _fill(desk, organization_id, frozenset(slot_ids[at : at + AT_ONCE]))
        # Not before: where the desk could not do it now, it is to be tried again.
        del seen.to_try[organization_id]
        return worked

    return await everywhere(sorted(seen.to_try), promote)


def _look(tx: Connection, seen: Seen, now: datetime) -> None:
    """Note where something may have changed since the last look."""
    since = min(seen.at or now, now) - LOOKED_BACK
    # First what changes seldom: whatever comes after it is seen by the next look.
    raised = versions.raised(tx, since)
    if seen.all_at is None or now - seen.all_at >= ALL_EVERY:
        for organization_id in due.with_somebody_waiting(tx):
            seen.is_to_try(organization_id, None)
        seen.all_at = now
    else:
        for organization_id, version in raised.items():
            if seen.versions.get(organization_id) != version:
                seen.is_to_try(organization_id, None)
        for organization_id in due.with_places_given_up(tx, since):
            seen.is_to_try(organization_id, since)
    seen.at, seen.versions = now, raised


async def _fill(desk: Desk, organization_id: int, slot_ids: frozenset[int]) -> bool:
    """Mostly nobody can move up, and to find that out takes no lock."""
    would_move = await desk.dry_run(Promote(organization_id, slot_ids))
    if isinstance(would_move, Refusal) or not would_move:
        return False
    filled = frozenset(each.slot_id for each in would_move)
    moved = await desk.execute(Promote(organization_id, filled), by=THE_HOUSE)
    return not isinstance(moved, Refusal) and bool(moved)
