"""Complete: slots that have ended are over for good (F43)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kursplan.desk.engine.turn import Command, Footprint, Turn
from kursplan.domain.slots import SlotStatus


@dataclass(frozen=True, slots=True)
class CompleteSlots(Command[tuple[int, ...]]):
    """Mark those of the slots as completed that are planned and have ended; which those were.

    The contract knows no event for it, and bookings stay as they are.
    """

    name = "complete-slots"

    organization_id: int
    slot_ids: frozenset[int]

    @property
    def footprint(self) -> Footprint:
        return Footprint(slots=self.slot_ids)

    def perform(self, turn: Turn) -> tuple[int, ...]:
        over = [
            slot
            for slot in turn.need_slots(self.slot_ids)
            if slot.status is SlotStatus.PLANNED and slot.is_over(turn.now)
        ]
        for slot in over:
            turn.change_slot(replace(slot, status=SlotStatus.COMPLETED))
        return tuple(slot.id for slot in over)
