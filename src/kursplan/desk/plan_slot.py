"""Plan a slot: one that takes place by itself, without a series."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from kursplan.desk.clashes import held, look
from kursplan.desk.engine.turn import Command, Turn
from kursplan.domain.clashes import Clash, Clashing
from kursplan.domain.classes import DAY_IN_MINUTES, Class
from kursplan.domain.localtime import instant_of
from kursplan.domain.refusals import (
    ClassNotFound,
    EmployeeNotFound,
    InvalidTimes,
    LocationNotFound,
    Refusal,
    Wrong,
)
from kursplan.domain.slots import Override, Slot
from kursplan.store.entries import timetable
from kursplan.store.rules import instructors, slots


@dataclass(frozen=True, slots=True)
class SlotPlanned:
    """The slot is on the timetable."""

    slot: Slot
    clashes: tuple[Clash, ...] = ()
    """Where its instructors or its room are twice at the same time now."""


@dataclass(frozen=True, slots=True)
class PlanSlot(Command[SlotPlanned | Refusal]):
    """A new slot of a class at a time to come. Told to nobody, like the slots of a series.

    Raises ValueError for values that no slot can have.
    """

    name = "plan-slot"

    organization_id: int
    slot_id: int
    """A fresh id."""
    class_id: int
    key: str
    """The name by which staff and the gym file know it; nobody else's in the organization."""
    local_start: datetime
    """Wall time of the studio, without a zone."""
    duration_minutes: int | None = None
    """Elapsed time; None is as long as the class takes."""
    location_id: int | None = None
    instructor_ids: tuple[int, ...] = ()
    own: frozenset[Override] = frozenset()
    """Which of the two limits the slot sets itself; the others are those of its class."""
    max_participants: int | None = None
    max_waiting_list: int | None = None
    additional_participants: int = 0

    def __post_init__(self) -> None:
        if self.local_start.tzinfo is not None:
            raise ValueError(f"The start {self.local_start} is not a plain local time.")
        if self.duration_minutes is not None and not 1 <= self.duration_minutes <= DAY_IN_MINUTES:
            raise ValueError(f"A duration of {self.duration_minutes} minutes is out of range.")
        if not self.own <= timetable.LIMITS:
            raise ValueError("A new slot owns its limits or does not; all else is its own anyway.")
        if Override.MAX_PARTICIPANTS not in self.own and self.max_participants is not None:
            raise ValueError("Give max_participants together with MAX_PARTICIPANTS, or neither.")
        if (Override.MAX_WAITING_LIST in self.own) != (self.max_waiting_list is not None):
            raise ValueError("Give max_waiting_list together with MAX_WAITING_LIST, or neither.")
        limits = self.max_participants, self.max_waiting_list, self.additional_participants
        if min(limit or 0 for limit in limits) < 0:
            raise ValueError("A limit is negative: give 0 or more.")
        if len(set(self.instructor_ids)) < len(self.instructor_ids):
            raise ValueError("An instructor is named twice: name each once.")

    def perform(self, turn: Turn) -> SlotPlanned | Refusal:
        tx, organization_id = turn.tx, self.organization_id
        host = timetable.host(tx, organization_id, self.class_id)
        if host is None:
            return ClassNotFound(self.class_id)
        if self.location_id is not None and not slots.has_location(
            tx, organization_id, host.studio.id, self.location_id
        ):
            return LocationNotFound(self.location_id)
        given = set(self.instructor_ids)
        if missing := given - instructors.known(tx, organization_id, given):
            return EmployeeNotFound(min(missing))
        slot = self.slot(host)
        if slot.starts_at <= turn.now:
            local = slot.studio.local
            return InvalidTimes(Wrong.IN_THE_PAST, local(slot.starts_at), local(slot.ends_at))
        clashes = look(turn, [], [held(slot, self.instructor_ids)])
        if isinstance(clashes, Clashing):
            return clashes
        timetable.add_slot(turn.tx, organization_id, self.key, slot, self.instructor_ids)
        turn.register_slots([self.slot_id])
        return SlotPlanned(turn.slots[self.slot_id], clashes)

    def slot(self, host: timetable.Host) -> Slot:
        """What it makes, where its class takes place."""
        standard = host.standard
        minutes = self.duration_minutes
        waiting_list = self.max_waiting_list
        starts_at = instant_of(self.local_start, host.studio.zone)
        length = timedelta(minutes=standard.duration if minutes is None else minutes)
        return Slot(
            id=self.slot_id,
            class_=Class(self.class_id),
            studio=host.studio,
            starts_at=starts_at,
            ends_at=starts_at + length,
            local_start=self.local_start,
            max_participants=(
                self.max_participants
                if Override.MAX_PARTICIPANTS in self.own
                else standard.max_participants
            ),
            max_waiting_list=standard.max_waiting_list if waiting_list is None else waiting_list,
            additional_participants=self.additional_participants,
            location_id=self.location_id,
            # A class whose duration changes does not change one that says its own.
            own=self.own if minutes is None else self.own | {Override.TIME},
        )
