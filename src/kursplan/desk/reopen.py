"""Reopen: slots that were completed before their end are planned again.

That happens when a machine's clock was wrong. Nothing else changes with it: bookings stay when a
slot is completed, and nobody was told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kursplan.desk.engine.turn import THE_ORGANIZATION, Command, Footprint, Turn
from kursplan.domain.slots import SlotStatus


@dataclass(frozen=True, slots=True)
class ReopenSlots(Command[tuple[int, ...]]):
    """Have those of the slots take place that are completed and not over; which those were."""

    name = "reopen-slots"

    organization_id: int
    slot_ids: frozenset[int]

    @property
    def footprint(self) -> Footprint:
        return THE_ORGANIZATION | Footprint(slots=self.slot_ids)

    def perform(self, turn: Turn) -> tuple[int, ...]:
        too_early = [
            slot
            for slot in turn.need_slots(self.slot_ids)
            if slot.status is SlotStatus.COMPLETED and not slot.is_over(turn.now)
        ]
        for slot in too_early:
            turn.change_slot(replace(slot, status=SlotStatus.PLANNED))
        return tuple(slot.id for slot in too_early)
