"""Swap: the instructors of two overlapping slots stand in for each other, in one command."""

from __future__ import annotations

from dataclasses import dataclass

from kursplan.desk.change_slot import changeable
from kursplan.desk.clashes import held, look
from kursplan.desk.engine.turn import THE_ORGANIZATION, Command, Footprint, Turn
from kursplan.desk.stand_in import SlotStaffed, exchanged, put_stand_in, staff
from kursplan.domain.clashes import Clashing
from kursplan.domain.refusals import InstructorAlreadyOnSlot, InstructorNotOnSlot, Refusal
from kursplan.store.rules import instructors


@dataclass(frozen=True, slots=True)
class SwapInstructors(Command[tuple[SlotStaffed, SlotStaffed] | Refusal]):
    """Each of two instructors gives the slot of the other; both are stand-ins, with one reason.

    Between slots that overlap, two stand-ins one after the other would have somebody at two places
    at the same time in between. Slots that do not overlap are swapped in the same way.
    """

    name = "swap-instructors"

    organization_id: int
    slot_id: int
    instructor_id: int
    """Who gives `slot_id` until now."""
    other_slot_id: int
    other_instructor_id: int
    """Who gives `other_slot_id` until now."""

    def __post_init__(self) -> None:
        if self.slot_id == self.other_slot_id:
            raise ValueError("A slot is not swapped with itself: name two.")

    @property
    def footprint(self) -> Footprint:
        return THE_ORGANIZATION | Footprint(queues=frozenset({self.slot_id, self.other_slot_id}))

    def perform(self, turn: Turn) -> tuple[SlotStaffed, SlotStaffed] | Refusal:
        slot = changeable(turn, self.slot_id)
        other = changeable(turn, self.other_slot_id)
        if isinstance(slot, Refusal):
            return slot
        if isinstance(other, Refusal):
            return other
        given = instructors.of_slots(turn.tx, turn.organization_id, [slot.id, other.id])
        here, there = self.instructor_id, self.other_instructor_id
        if here not in given[slot.id]:
            return InstructorNotOnSlot(here, slot.id)
        if there not in given[other.id]:
            return InstructorNotOnSlot(there, other.id)
        if there in given[slot.id]:
            return InstructorAlreadyOnSlot(there, slot.id)
        if here in given[other.id]:
            return InstructorAlreadyOnSlot(here, other.id)
        final = exchanged(given[slot.id], here, there)
        others = exchanged(given[other.id], there, here)
        clashes = look(
            turn,
            [held(slot, given[slot.id]), held(other, given[other.id])],
            [held(slot, final), held(other, others)],
        )
        if isinstance(clashes, Clashing):
            return clashes
        for each, leaves, comes in ((slot, here, there), (other, there, here)):
            put_stand_in(turn, each.id, leaves, comes)
        return (
            staff(turn, slot, given[slot.id], final, clashes),
            staff(turn, other, given[other.id], others, clashes),
        )
