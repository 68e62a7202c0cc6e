"""Give a slot back to its series: what was pinned on it by hand follows the plan again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kursplan.desk.change_slot import not_planned
from kursplan.desk.clashes import held, look
from kursplan.desk.edit_series import placed
from kursplan.desk.engine.turn import THE_ORGANIZATION, Command, Footprint, Turn
from kursplan.desk.reshape import reshape_all
from kursplan.domain.clashes import Clash, Clashing
from kursplan.domain.localtime import instant_of
from kursplan.domain.refusals import Refusal, SeriesNotFound, SlotNotFound
from kursplan.domain.series import Series
from kursplan.domain.slots import Override, Slot, SlotStatus
from kursplan.store.rules import instructors, series

EVERYTHING = frozenset(Override)


@dataclass(frozen=True, slots=True)
class SlotGivenBack:
    """The slot follows its series."""

    slot_id: int
    changed: bool
    """Whether anything is different from before."""
    clashes: tuple[Clash, ...] = ()
    """Where its instructors or its room are twice at the same time now."""


@dataclass(frozen=True, slots=True)
class GiveBack(Command[SlotGivenBack | Refusal]):
    """Take the pins off a slot that has not started; it becomes what its series has on its day.

    The time stays pinned where the series has no place for it: its plan has given up the day, or
    that time is past.
    """

    name = "give-back"

    organization_id: int
    slot_id: int
    aspects: frozenset[Override] = EVERYTHING
    """What is to follow the series again."""

    @property
    def footprint(self) -> Footprint:
        return THE_ORGANIZATION | Footprint(rosters=frozenset({self.slot_id}))

    def perform(self, turn: Turn) -> SlotGivenBack | Refusal:
        slot = turn.slots.get(self.slot_id)
        if slot is None:
            return SlotNotFound(self.slot_id)
        if slot.status is not SlotStatus.PLANNED or slot.has_started(turn.now):
            return not_planned(slot)
        of = None
        if slot.series_id is not None:
            of = series.load(turn.tx, self.organization_id, slot.series_id)
        if of is None:
            return SeriesNotFound(slot.series_id or 0)
        freed = replace(slot, own=slot.own - self.aspects)
        if Override.TIME in slot.own - freed.own:
            freed = self._on_its_day(turn, freed, of)
        wanted = placed(freed, of, turn.now)
        given = instructors.of_slots(turn.tx, self.organization_id, [slot.id])[slot.id]
        final = given if Override.INSTRUCTORS in wanted.own else of.shape.instructors
        clashes = look(turn, [held(slot, given)], [held(wanted, final)])
        if isinstance(clashes, Clashing):
            return clashes
        reshape_all(turn, [wanted], of.shape.instructors)
        return SlotGivenBack(slot.id, turn.slots[slot.id] != slot, clashes)

    def _on_its_day(self, turn: Turn, slot: Slot, of: Series) -> Slot:
        """The slot on the day for which it was planned first, or pinned where it is."""
        planned = series.occurrence(turn.tx, self.organization_id, slot.id)
        if planned is not None and of.plan.takes_place_on(planned.date()):
            local_start = of.plan.start_on(planned.date())
            if instant_of(local_start, of.zone) > turn.now:
                return replace(slot, local_start=local_start)
        return replace(slot, own=slot.own | {Override.TIME})
