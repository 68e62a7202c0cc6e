"""Rates: what memberships are sold as, and what they grant."""

from __future__ import annotations

from dataclasses import dataclass

from kursplan.desk.engine.overtaken import check
from kursplan.desk.engine.turn import Command, Turn
from kursplan.domain.entries import RateEntry
from kursplan.domain.history import EntityKind
from kursplan.store.entries import contingents, rates


@dataclass(frozen=True, slots=True)
class RecordRate(Command[bool]):
    """Have the rate be what the entry says; one that is not there is new.

    What it grants counts for bookings from now on; those that are there are not looked at again.
    The answer is whether anything changed.
    """

    name = "record-rate"

    organization_id: int
    rate_id: int
    """A fresh id for a new one."""
    entry: RateEntry
    stood: RateEntry | None = None
    """What it was when this was decided, if that matters."""

    def perform(self, turn: Turn) -> bool:
        before = rates.load(turn.tx, self.organization_id, [self.rate_id]).get(self.rate_id)
        check(self.stood, before)
        if before == self.entry:
            return False
        tx = turn.note(EntityKind.RATE, self.rate_id, before, self.entry)
        if before is None:
            rates.add(tx, self.organization_id, self.rate_id, self.entry)
        elif before.name != self.entry.name:
            rates.change(tx, self.organization_id, self.rate_id, self.entry)
        if before is None or before.contingents != self.entry.contingents:
            granted = {self.rate_id: self.entry.contingents}
            contingents.put_to_rates(tx, self.organization_id, granted)
        return True
