"""Rezone: a studio has another time zone, and its slots keep their local times (F32)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kursplan.desk.engine.turn import Command, Turn
from kursplan.desk.reshape import reshape_all
from kursplan.domain.localtime import instant_of
from kursplan.domain.slots import Slot
from kursplan.store.rules import timezones


@dataclass(frozen=True, slots=True)
class Rezone(Command[tuple[int, ...]]):
    """Derive the instants of the slots that have not started anew from their local times.

    For after the studio's zone was changed. What has started keeps its instants, and bookings
    follow their slots. The answer is the ids of the slots that changed; done again, it finds
    nothing more to change.
    """

    name = "rezone"

    organization_id: int
    studio_id: int

    def perform(self, turn: Turn) -> tuple[int, ...]:
        to_come = timezones.to_come(turn.tx, self.organization_id, self.studio_id, turn.now)
        return reshape_all(turn, [_rezoned(slot) for slot in turn.need_slots(to_come)])


def _rezoned(slot: Slot) -> Slot:
    """The slot at its local time, which lasts as long as before (F28)."""
    starts_at = instant_of(slot.local_start, slot.studio.zone)
    return replace(slot, starts_at=starts_at, ends_at=starts_at + (slot.ends_at - slot.starts_at))
