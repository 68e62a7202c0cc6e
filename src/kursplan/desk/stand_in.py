"""Stand-ins: one instructor gives a slot in the place of another.

What the API shows is the final set of instructors. Who was replaced, and why, is kept beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from kursplan.desk.change_slot import changeable, note_instructors, reshape
from kursplan.desk.clashes import held, look
from kursplan.desk.engine.turn import THE_ORGANIZATION, Command, Footprint, Turn
from kursplan.domain.clashes import Clash, Clashing
from kursplan.domain.refusals import (
    EmployeeNotFound,
    InstructorAlreadyOnSlot,
    InstructorNotOnSlot,
    Refusal,
)
from kursplan.domain.slots import Override, Slot
from kursplan.store.rules import instructors, series


@dataclass(frozen=True, slots=True)
class SlotStaffed:
    """Who gives the slot."""

    slot_id: int
    instructors: tuple[int, ...]
    changed: bool
    clashes: tuple[Clash, ...] = ()
    """Where they are twice at the same time now."""


@dataclass(frozen=True, slots=True)
class PutStandIn(Command[SlotStaffed | Refusal]):
    """Replace one instructor of a slot by another employee; done already, nothing changes."""

    name = "put-stand-in"

    organization_id: int
    slot_id: int
    replaced_id: int
    stand_in_id: int

    @property
    def footprint(self) -> Footprint:
        return THE_ORGANIZATION | Footprint(queues=frozenset({self.slot_id}))

    def perform(self, turn: Turn) -> SlotStaffed | Refusal:
        slot = changeable(turn, self.slot_id)
        if isinstance(slot, Refusal):
            return slot
        [given] = instructors.of_slots(turn.tx, turn.organization_id, [slot.id]).values()
        [stand_ins] = instructors.stand_ins(turn.tx, turn.organization_id, [slot.id]).values()
        if self.stand_in_id in given and any(
            each.stands
            and (each.replaced_id, each.stand_in_id) == (self.replaced_id, self.stand_in_id)
            for each in stand_ins
        ):
            return SlotStaffed(slot.id, given, changed=False)
        if not instructors.known(turn.tx, turn.organization_id, {self.stand_in_id}):
            return EmployeeNotFound(self.stand_in_id)
        if self.replaced_id not in given:
            return InstructorNotOnSlot(self.replaced_id, slot.id)
        if self.stand_in_id in given:
            return InstructorAlreadyOnSlot(self.stand_in_id, slot.id)
        final = exchanged(given, self.replaced_id, self.stand_in_id)
        clashes = look(turn, [held(slot, given)], [held(slot, final)])
        if isinstance(clashes, Clashing):
            return clashes
        put_stand_in(turn, slot.id, self.replaced_id, self.stand_in_id)
        return staff(turn, slot, given, final, clashes)


@dataclass(frozen=True, slots=True)
class RemoveStandIn(Command[SlotStaffed | Refusal]):
    """Give a slot back to whom the stand-in replaced; done already, nothing changes.

    Where it is given again by whom its series names, its instructors are no longer pinned.
    """

    name = "remove-stand-in"

    organization_id: int
    slot_id: int
    stand_in_id: int

    @property
    def footprint(self) -> Footprint:
        return THE_ORGANIZATION | Footprint(queues=frozenset({self.slot_id}))

    def perform(self, turn: Turn) -> SlotStaffed | Refusal:
        slot = changeable(turn, self.slot_id)
        if isinstance(slot, Refusal):
            return slot
        [given] = instructors.of_slots(turn.tx, turn.organization_id, [slot.id]).values()
        [stand_ins] = instructors.stand_ins(turn.tx, turn.organization_id, [slot.id]).values()
        own = [each for each in stand_ins if each.stand_in_id == self.stand_in_id]
        standing = [each for each in own if each.stands and each.stand_in_id in given]
        if not standing:
            # Asked again after it was done, the one who had been replaced is back.
            if self.stand_in_id not in given and any(each.replaced_id in given for each in own):
                return SlotStaffed(slot.id, given, changed=False)
            return InstructorNotOnSlot(self.stand_in_id, slot.id)
        removed = standing[-1]
        if not instructors.known(turn.tx, turn.organization_id, {removed.replaced_id}):
            return EmployeeNotFound(removed.replaced_id)
        final = exchanged(given, removed.stand_in_id, removed.replaced_id)
        clashes = look(turn, [held(slot, given)], [held(slot, final)])
        if isinstance(clashes, Clashing):
            return clashes
        instructors.end_stand_ins(turn.tx, turn.organization_id, [removed.id], turn.now)
        return staff(turn, slot, given, final, clashes)


def exchanged(given: Sequence[int], leaves: int, comes: int) -> tuple[int, ...]:
    """The one who comes takes the position of the one who leaves."""
    return tuple(comes if each == leaves else each for each in given)


def put_stand_in(turn: Turn, slot_id: int, leaves: int, comes: int) -> None:
    """Keep beside the slot who was replaced, and why; that the instructors change is noted with them."""
    instructors.add_stand_in(
        turn.tx,
        turn.organization_id,
        slot_id,
        replaced_id=leaves,
        stand_in_id=comes,
        reason=turn.reason,
        at=turn.now,
    )


def staff(
    turn: Turn,
    slot: Slot,
    given: Sequence[int],
    final: tuple[int, ...],
    clashes: Iterable[Clash],
) -> SlotStaffed:
    """Have these give the slot from now on; of the clashes, those of the slot are told."""
    tx = note_instructors(turn, slot.id, given, final)
    instructors.put(tx, turn.organization_id, {slot.id: final})
    own = slot.own | {Override.INSTRUCTORS}
    if _as_planned(turn, slot, final):
        own = slot.own - {Override.INSTRUCTORS}
    reshape(turn, replace(slot, own=own))
    here = tuple(each for each in clashes if each.is_of(slot.id))
    return SlotStaffed(slot.id, final, changed=True, clashes=here)


def _as_planned(turn: Turn, slot: Slot, given: tuple[int, ...]) -> bool:
    """Whether the series of the slot has these instructors: then there is nothing to pin."""
    if slot.series_id is None:
        return False
    of = series.load(turn.tx, turn.organization_id, slot.series_id)
    return of is not None and of.plan.instructors == given
