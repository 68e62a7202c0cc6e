"""The doctor examines whether the invariants hold: it reads, and decides nothing.

Each invariant is looked at with one statement wherever that is possible, because the database is in
use meanwhile: one statement sees one state of it, and two may see two. So a finding is only sure
once it was found twice.

What the tables enforce themselves is looked at too: a database may have come back from a copy that
lost its constraints.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection

from kursplan.doctor import clashes, outbox, places, timetable
from kursplan.doctor.clashes import notes
from kursplan.doctor.findings import Finding, Invariant, Patient
from kursplan.store.engine.joint import jointly
from kursplan.store.retention import EVENTS_KEPT

__all__ = ["AT_ONCE", "Finding", "Invariant", "examine", "in_several", "notes"]

AT_ONCE = 16
"""How many organizations are looked at together: what is read of them is in memory at the same time."""


def examine(
    tx: Connection, organization_id: int, now: datetime, kept: timedelta = EVENTS_KEPT
) -> list[Finding]:
    """All that is found in an organization, invariant by invariant.

    Events and lines of history that are older than they are `kept` may be missing.
    """
    return [
        finding
        for invariant, look in (*places.LOOKS, *timetable.LOOKS, *clashes.LOOKS, *outbox.LOOKS)
        for finding in look(Patient(tx, organization_id, now, invariant, now - kept))
    ]


def in_several(
    tx: Connection, organization_ids: Collection[int], look: Callable[..., list[Finding]]
) -> dict[int, list[Finding]]:
    """What a look such as `examine` finds in each of them; what all of them ask is asked once."""
    works = {each: partial(look, organization_id=each) for each in organization_ids}
    found: list[Any] = jointly(tx, works)
    return dict(zip(works, found, strict=True))
