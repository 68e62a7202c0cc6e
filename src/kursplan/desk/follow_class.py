"""Follow the class: what a class gives to its slots has changed, and they take it over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from kursplan.desk.engine.turn import Command, Turn
from kursplan.desk.promote import fill_seats
from kursplan.desk.reshape import reshape_all
from kursplan.domain.refusals import ClassNotFound, Refusal
from kursplan.domain.series import ClassDefaults
from kursplan.domain.slots import Override, Slot, SlotStatus
from kursplan.store.rules import series
from kursplan.store.rules.series import Follower

_ONE_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ApplyClassDefaults(Command[tuple[int, ...] | Refusal]):
    """Have the slots of a class that have not started take over its duration and limits.

    What a slot or its series sets itself stays. Whoever waits beside a free seat moves up, also
    where only the rules for that were changed. The answer is the ids of the slots that changed.
    """

    name = "follow-class"

    organization_id: int
    class_id: int

    def perform(self, turn: Turn) -> tuple[int, ...] | Refusal:
        standard = series.standard_of(turn.tx, self.organization_id, self.class_id)
        if standard is None:
            return ClassNotFound(self.class_id)
        found = series.followers(turn.tx, self.organization_id, self.class_id, turn.now)
        of_slot = {each.slot_id: each for each in found}
        planned = [slot for slot in turn.need_slots(of_slot) if slot.status is SlotStatus.PLANNED]
        turn.need_rosters(slot.id for slot in planned if slot.waiting)
        changed = reshape_all(
            turn, [_followed(slot, of_slot[slot.id], standard) for slot in planned]
        )
        for slot in planned:
            fill_seats(turn, turn.slots[slot.id])
        return changed


def _followed(slot: Slot, follower: Follower, standard: ClassDefaults) -> Slot:
    """The slot with what it does not have of its own, nor of its series."""
    own = slot.own | follower.own
    if Override.TIME not in slot.own and not follower.own_duration:
        slot = replace(slot, ends_at=slot.starts_at + standard.duration * _ONE_MINUTE)
    if Override.MAX_PARTICIPANTS not in own:
        slot = replace(slot, max_participants=standard.max_participants)
    if Override.MAX_WAITING_LIST not in own:
        slot = replace(slot, max_waiting_list=standard.max_waiting_list)
    return slot
