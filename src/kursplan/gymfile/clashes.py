"""Clashes that a gym file makes: told beside what changed, or refused by a studio.

What is new is found by looking before and after: whatever it comes from (a series, a longer class, a room
that is no longer shared), it is the timetable that staff have to live with.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from kursplan.domain.clashes import Clash, Clashing, Overlap, overlaps
from kursplan.store.rules import clashes


class Clashes(Exception):
    """A studio refuses that an instructor or a room is twice at the same time, as the file has it.

    What was loaded before is kept.
    """

    def __init__(self, clashing: Clashing) -> None:
        super().__init__(clashing)
        self.clashing = clashing


def standing(tx: Connection, organization_id: int, now: datetime) -> list[Overlap]:
    """All there are now, on slots that are not over."""
    return overlaps(clashes.to_come(tx, organization_id, now))


def new_clashes(
    tx: Connection, organization_id: int, now: datetime, before: Iterable[Overlap]
) -> tuple[Clash, ...]:
    """Those that were not there `before`."""
    known = {each.identity for each in before}
    found = standing(tx, organization_id, now)
    return clashes.told(tx, organization_id, [each for each in found if each.identity not in known])
