"""The doctor examines whether the invariants hold: it reads, and decides nothing.

Each invariant is looked at with one statement wherever that is possible, because the database is in
use meanwhile: one statement sees one state of it, and two may see two. So a finding is only sure
once it was found twice.

What the tables enforce themselves is looked at too: a database may have come back from a copy that
lost its constraints.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from kursplan.doctor import clashes, outbox, places, timetable
from kursplan.doctor.clashes import notes
from kursplan.doctor.findings import Finding, Invariant, Patient
from kursplan.store.retention import EVENTS_KEPT

__all__ = ["Finding", "Invariant", "examine", "notes"]


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
