"""Employees: who works where, and who no longer does.

Partners of each studio are told what changes there: to them an employee who begins to work in
their studio is created, and one who stops is deleted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kursplan.desk.change_slot import put_instructors, reshape
from kursplan.desk.edit_series import change as change_series
from kursplan.desk.engine.overtaken import check
from kursplan.desk.engine.turn import Command, Turn
from kursplan.domain.entries import EmployeeEntry
from kursplan.domain.events import EventType
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import day_of
from kursplan.domain.slots import SlotStatus
from kursplan.store.entries import employees, told
from kursplan.store.entries import ids as entry_ids
from kursplan.store.rules import instructors, series
from kursplan.store.tables import studio


@dataclass(frozen=True, slots=True)
class RecordEmployee(Command[bool]):
    """Have the employee be what the entry says; one who is not there is new.

    Who no longer works in a studio still gives the slots that they give there. The answer is
    whether anything changed. Raises `UnknownKey` for a studio.
    """

    name = "record-employee"

    organization_id: int
    employee_id: int
    """A fresh id for a new one."""
    entry: EmployeeEntry
    stood: EmployeeEntry | None = None
    """What it was when this was decided, if that matters."""

    def perform(self, turn: Turn) -> bool:
        tx = turn.tx
        before = employees.load(tx, self.organization_id, [self.employee_id]).get(self.employee_id)
        check(self.stood, before)
        if before == self.entry:
            return False
        ids = entry_ids.ids(tx, self.organization_id, studio)
        wanted = {ids[key] for key in self.entry.studios}
        known = {ids[key] for key in before.studios} if before is not None else set()
        turn.note(EntityKind.EMPLOYEE, self.employee_id, before, self.entry)
        if before is None:
            employees.add(tx, self.organization_id, self.employee_id, self.entry)
        elif replace(before, studios=self.entry.studios) != self.entry:
            employees.change(tx, self.organization_id, self.employee_id, self.entry)
            self._tell(turn, EventType.EMPLOYEE_UPDATED, known & wanted)
        if wanted != known:
            employees.put_studios(tx, self.organization_id, self.employee_id, wanted)
        self._tell(turn, EventType.EMPLOYEE_CREATED, wanted - known)
        self._tell(turn, EventType.EMPLOYEE_DELETED, known - wanted)
        return True

    def _tell(self, turn: Turn, type_: EventType, studio_ids: set[int]) -> None:
        for studio_id in sorted(studio_ids):
            turn.tell(type_, self.employee_id, studio_id)


@dataclass(frozen=True, slots=True)
class DeleteEmployee(Command[bool]):
    """The employee is gone, and taken off all series and slots to come.

    What they gave stays on record under their name. The answer is whether they were there.
    """

    name = "delete-employee"

    organization_id: int
    employee_id: int

    def perform(self, turn: Turn) -> bool:
        tx = turn.tx
        before = employees.load(tx, self.organization_id, [self.employee_id]).get(self.employee_id)
        if before is None:
            return False
        turn.note(EntityKind.EMPLOYEE, self.employee_id, before, None)
        LeavePlan(self.organization_id, self.employee_id).perform(turn)
        ids = entry_ids.ids(tx, self.organization_id, studio)
        employees.remove(tx, self.organization_id, self.employee_id, turn.now)
        told.forget(tx, self.organization_id, "employees", [before.key])
        for studio_id in sorted(ids[key] for key in before.studios):
            turn.tell(EventType.EMPLOYEE_DELETED, self.employee_id, studio_id)
        return True


@dataclass(frozen=True, slots=True)
class LeavePlan(Command[tuple[int, ...]]):
    """Take an employee off all series, and off all slots to come; the ids of those slots."""

    name = "leave-plan"

    organization_id: int
    employee_id: int

    def perform(self, turn: Turn) -> tuple[int, ...]:
        left = self._leave_slots(turn)
        self._leave_series(turn)
        return left

    def _leave_slots(self, turn: Turn) -> tuple[int, ...]:
        given = employees.slots_given(turn.tx, self.organization_id, self.employee_id, turn.now)
        slots = [
            slot
            for slot in turn.need_slots(given)
            if slot.status is SlotStatus.PLANNED and not slot.has_started(turn.now)
        ]
        turn.need_rosters(slot.id for slot in slots if slot.waiting)
        giving = instructors.of_slots(turn.tx, self.organization_id, [slot.id for slot in slots])
        for slot in slots:
            left = [each for each in giving[slot.id] if each != self.employee_id]
            put_instructors(turn, slot, left)
            reshape(turn, turn.slots[slot.id])
        return tuple(slot.id for slot in slots)

    def _leave_series(self, turn: Turn) -> None:
        for series_id in employees.series_given(turn.tx, self.organization_id, self.employee_id):
            given = series.load(turn.tx, self.organization_id, series_id)
            if given is None or given.has_ended(day_of(turn.now, given.zone)):
                continue
            left = tuple(each for each in given.plan.instructors if each != self.employee_id)
            plan = replace(given.plan, instructors=left)
            change_series(turn, given, replace(given, plan=plan))
