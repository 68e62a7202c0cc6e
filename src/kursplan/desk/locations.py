"""Locations: the rooms of a studio."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kursplan.desk.change_slot import reshape
from kursplan.desk.edit_series import change as change_series
from kursplan.desk.engine.overtaken import check
from kursplan.desk.engine.turn import Command, Turn
from kursplan.domain.entries import LocationEntry
from kursplan.domain.history import EntityKind
from kursplan.domain.refusals import LocationNotFound, Refusal
from kursplan.domain.slots import SlotStatus
from kursplan.store.entries import ids, locations, told
from kursplan.store.rules import series
from kursplan.store.tables import studio


class LocationWasUsed(ValueError):
    """The time of slots in that location has begun: it stays on record with them."""


@dataclass(frozen=True, slots=True)
class RecordLocation(Command[bool | Refusal]):
    """Have the location be what the entry says; one that is not there is new.

    It stays in its studio: there is no such location in another. The answer is whether anything
    changed. Raises `UnknownKey` for the studio.
    """

    name = "record-location"

    organization_id: int
    location_id: int
    """A fresh id for a new one."""
    entry: LocationEntry
    stood: LocationEntry | None = None
    """What it was when this was decided, if that matters."""

    def perform(self, turn: Turn) -> bool | Refusal:
        tx = turn.tx
        before = locations.load(tx, self.organization_id, [self.location_id]).get(self.location_id)
        check(self.stood, before)
        if before is None:
            studio_id = ids.ids(tx, self.organization_id, studio)[self.entry.studio]
            turn.note(EntityKind.LOCATION, self.location_id, None, self.entry)
            locations.add(tx, self.organization_id, self.location_id, studio_id, self.entry)
            return True
        if before.studio != self.entry.studio:
            return LocationNotFound(self.location_id)
        if before == self.entry:
            return False
        turn.note(EntityKind.LOCATION, self.location_id, before, self.entry)
        locations.change(tx, self.organization_id, self.location_id, self.entry)
        return True


@dataclass(frozen=True, slots=True)
class RemoveLocation(Command[bool]):
    """The location is gone; series and slots to come that were in it have none any more.

    The answer is whether it was there. Raises `LocationWasUsed`.
    """

    name = "remove-location"

    organization_id: int
    location_id: int

    def perform(self, turn: Turn) -> bool:
        tx, organization_id = turn.tx, self.organization_id
        before = locations.load(tx, organization_id, [self.location_id]).get(self.location_id)
        if before is None:
            return False
        if locations.was_used(tx, organization_id, self.location_id, turn.now):
            raise LocationWasUsed(f"slots were held in {before.name!r}: it can't be removed")
        turn.note(EntityKind.LOCATION, self.location_id, before, None)
        self._leave_slots(turn)
        self._leave_series(turn)
        turn.write_slots()
        locations.remove(tx, organization_id, self.location_id)
        told.forget(tx, organization_id, "locations", [before.key])
        return True

    def _leave_slots(self, turn: Turn) -> None:
        here = locations.slots_to_come(turn.tx, self.organization_id, self.location_id, turn.now)
        slots = turn.need_slots(here)
        planned = [each for each in slots if each.status is SlotStatus.PLANNED]
        turn.need_rosters(each.id for each in planned if each.waiting)
        for each in slots:
            without = replace(turn.slots[each.id], location_id=None)
            if each in planned:
                reshape(turn, without)
            else:
                turn.change_slot(without)

    def _leave_series(self, turn: Turn) -> None:
        for series_id in locations.series_in(turn.tx, self.organization_id, self.location_id):
            there = series.load(turn.tx, self.organization_id, series_id)
            if there is not None:
                plan = replace(there.plan, location_id=None)
                change_series(turn, there, replace(there, plan=plan))
