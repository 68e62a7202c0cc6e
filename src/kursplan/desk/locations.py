"""Locations: the rooms of a studio."""

from __future__ import annotations

from dataclasses import dataclass

from kursplan.desk.engine.overtaken import check
from kursplan.desk.engine.turn import Command, Turn
from kursplan.domain.entries import LocationEntry
from kursplan.domain.history import EntityKind
from kursplan.domain.refusals import LocationNotFound, Refusal
from kursplan.store.entries import ids, locations
from kursplan.store.tables import studio


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
