"""Copy a week: what a studio offers in one week takes place in another one, too.

What is in the other week already, or comes there by a series, is not made twice. So a week is copied again
without harm, and whoever plans by series copies only what stands beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from kursplan.desk.clashes import held, look
from kursplan.desk.engine.turn import Command, Turn
from kursplan.desk.extend_series import midnight
from kursplan.desk.plan_slot import PlanSlot
from kursplan.domain.clashes import Clash, Clashing
from kursplan.domain.localtime import start_of_day
from kursplan.domain.refusals import Refusal, StudioNotFound
from kursplan.domain.series import ClassDefaults
from kursplan.domain.slots import Override, Slot, SlotStatus
from kursplan.store import tables
from kursplan.store.engine.numbers import take_numbers
from kursplan.store.engine.rows import AnyRow
from kursplan.store.entries import ids, timetable
from kursplan.store.rules import closures, instructors, series

WEEK = timedelta(days=7)
_ONE_MINUTE = timedelta(minutes=1)

Start = tuple[int, datetime]
"""By what a slot is known in a week: its class, and when it starts by the clock on the wall."""


@dataclass(frozen=True, slots=True)
class WeekCopied:
    """What became of the slots of the week."""

    made: tuple[Slot, ...] = ()
    there: int = 0
    """How many are in the other week already, cancelled ones too, or come there by a series."""
    closed: int = 0
    """How many are left out because the studio is closed then."""
    past: int = 0
    """How many are left out because their time is past."""
    clashes: tuple[Clash, ...] = ()
    """Where instructors or rooms are twice at the same time now."""


@dataclass(frozen=True, slots=True)
class CopyWeek(Command[WeekCopied | Refusal]):
    """Make a single slot for each that took or takes place in a week of the studio, the same number of days
    later.

    It has the time, length, room and limits of that slot; whoever was replaced there gives it, and not the
    stand-in. Nobody is booked on it, and it is told to nobody.
    """

    name = "copy-week"

    organization_id: int
    studio_id: int
    from_day: date
    """The first of seven days."""
    to_day: date
    """The first of the seven days to which they are copied."""

    def perform(self, turn: Turn) -> WeekCopied | Refusal:
        tx, organization_id = turn.tx, self.organization_id
        zone = closures.zone(tx, organization_id, self.studio_id)
        if zone is None:
            return StudioNotFound(self.studio_id)
        sources = [
            each
            for each in self._slots(turn, zone, self.from_day)
            if each.status is not SlotStatus.CANCELED
        ]
        there = {_start(each) for each in self._slots(turn, zone, self.to_day)}
        there |= self._by_series(turn)
        missing = [each for each in sources if self._start_of_copy(each) not in there]
        copies = self._copies(turn, missing)
        to_come = [(copy, slot) for copy, slot in copies if slot.starts_at > turn.now]
        shut = closures.of_studio(tx, organization_id, self.studio_id, zone, midnight(self.to_day))
        wanted = [
            (copy, slot)
            for copy, slot in to_come
            if not any(each.falls_on(slot.starts_at, slot.ends_at) for each in shut)
        ]
        clashes = look(turn, [], [held(slot, copy.instructor_ids) for copy, slot in wanted])
        if isinstance(clashes, Clashing):
            return clashes
        for copy, slot in wanted:
            timetable.add_slot(tx, organization_id, copy.key, slot, copy.instructor_ids)
        turn.register_slots([slot.id for _, slot in wanted])
        return WeekCopied(
            tuple(turn.slots[slot.id] for _, slot in wanted),
            there=len(sources) - len(missing),
            closed=len(to_come) - len(wanted),
            past=len(copies) - len(to_come),
            clashes=clashes,
        )

    def _slots(self, turn: Turn, zone: ZoneInfo, first: date) -> Sequence[AnyRow]:
        since, until = start_of_day(first, zone), start_of_day(first + WEEK, zone)
        return timetable.of_days(turn.tx, self.organization_id, self.studio_id, since, until)

    def _start_of_copy(self, row: AnyRow) -> Start:
        return row.class_id, row.local_start + (self.to_day - self.from_day)

    def _by_series(self, turn: Turn) -> set[Start]:
        """What comes to the other week by itself, also where its slots are not made yet."""
        days = [self.to_day + timedelta(days=each) for each in range(WEEK.days)]
        return {
            (each.class_id, each.plan.start_on(day))
            for each in series.of_studio(turn.tx, self.organization_id, self.studio_id)
            for day in days
            if each.plan.takes_place_on(day)
        }

    def _copies(self, turn: Turn, rows: Sequence[AnyRow]) -> list[tuple[PlanSlot, Slot]]:
        """What is to be made of these slots, and what comes of it."""
        if not rows:
            return []
        tx, organization_id = turn.tx, self.organization_id
        given_by = _given_by(turn, [each.id for each in rows])
        hosts = {
            class_id: timetable.host(tx, organization_id, class_id)
            for class_id in {each.class_id for each in rows}
        }
        found = []
        for slot_id, row in zip(take_numbers(tx, len(rows)), rows, strict=True):
            host = hosts[row.class_id]
            if host is not None:
                key = ids.free(tx, organization_id, tables.slot, f"slot-{slot_id}")
                copy = self._copy(row, slot_id, key, host.standard, given_by[row.id])
                found.append((copy, copy.slot(host)))
        return found

    def _copy(
        self,
        row: AnyRow,
        slot_id: int,
        key: str,
        standard: ClassDefaults,
        given_by: tuple[int, ...],
    ) -> PlanSlot:
        """What is unlike its class is the copy's own."""
        minutes = (row.ends_at - row.starts_at) // _ONE_MINUTE
        own_seats = row.max_participants != standard.max_participants
        own_list = row.max_waiting_list != standard.max_waiting_list
        owned = {Override.MAX_PARTICIPANTS: own_seats, Override.MAX_WAITING_LIST: own_list}
        return PlanSlot(
            self.organization_id,
            slot_id,
            row.class_id,
            key,
            self._start_of_copy(row)[1],
            duration_minutes=None if minutes == standard.duration else minutes,
            location_id=row.location_id,
            instructor_ids=given_by,
            own=frozenset(each for each, is_own in owned.items() if is_own),
            max_participants=row.max_participants if own_seats else None,
            max_waiting_list=row.max_waiting_list if own_list else None,
        )


def _start(row: AnyRow) -> Start:
    return row.class_id, row.local_start


def _given_by(turn: Turn, slot_ids: Sequence[int]) -> Mapping[int, tuple[int, ...]]:
    """Who gives each slot as it was meant: without stand-ins, and without those who left."""
    given = instructors.of_slots(turn.tx, turn.organization_id, slot_ids)
    replaced = {
        slot_id: {each.stand_in_id: each.replaced_id for each in found if each.stands}
        for slot_id, found in instructors.stand_ins(turn.tx, turn.organization_id, slot_ids).items()
    }
    meant = {
        slot_id: [replaced.get(slot_id, {}).get(each, each) for each in employees]
        for slot_id, employees in given.items()
    }
    named = {each for employees in meant.values() for each in employees}
    known = instructors.known(turn.tx, turn.organization_id, named)
    return {
        slot_id: tuple(dict.fromkeys(each for each in employees if each in known))
        for slot_id, employees in meant.items()
    }
