"""The stages in which a gym file is loaded: what is done together, what is referred to first.

Each stage is one turn, or a few. All ids are known before the first, so that all stages can be
rehearsed in one transaction as well as done one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from kursplan.desk.applications import RecordApplication
from kursplan.desk.cancel_slot import CancelSlot
from kursplan.desk.change_slot import ChangeSlot
from kursplan.desk.classes import RecordClass
from kursplan.desk.close_studio import CloseStudio, OpenStudio
from kursplan.desk.customers import DeleteCustomers, RecordCustomers
from kursplan.desk.edit_series import AllFuture, EditSeries
from kursplan.desk.employees import DeleteEmployee, RecordEmployee
from kursplan.desk.end_series import EndSeries
from kursplan.desk.engine.turn import Command
from kursplan.desk.extend_series import ExtendSeries
from kursplan.desk.keep_told import KeepTold
from kursplan.desk.locations import RecordLocation
from kursplan.desk.organizations import RecordOrganization
from kursplan.desk.plan_series import PlanSeries
from kursplan.desk.plan_slot import PlanSlot
from kursplan.desk.rates import RecordRate
from kursplan.desk.studios import RecordStudio
from kursplan.domain.entries import CustomerEntry, SeriesEntry, SlotEntry
from kursplan.domain.series import SeriesPlan
from kursplan.domain.values import SAME
from kursplan.gymfile.differences import Differences, SlotDiffers, Wanted
from kursplan.gymfile.stored import E, Kept, Stored
from kursplan.store.entries.told import Told

CUSTOMERS_AT_ONCE = 250
"""How many customers are recorded in one turn."""
NEW_AT_ONCE = 20
"""How many other things are made in one turn."""

T = TypeVar("T")
Ids = dict[str, int]


@dataclass(frozen=True, slots=True)
class Stage:
    """What is done together, and how far its section is afterwards."""

    section: str
    commands: tuple[Command[Any], ...]
    done: int
    total: int


def stages(
    found: Differences,
    before: Stored,
    organization_id: int,
    fresh: Iterator[int],
    now: datetime,
    horizon_days: int,
    due: Iterable[int] = (),
) -> list[Stage]:
    """All that is to be done, in an order in which nothing refers to what is not there.

    `due` are the series that are there and lack slots up to the horizon.
    """
    building = _Building(found, before, organization_id, fresh, now)
    building.all()
    building.extend(now.date() + timedelta(days=horizon_days), due)
    return building.stages


class _Building:
    def __init__(
        self,
        found: Differences,
        before: Stored,
        organization_id: int,
        fresh: Iterator[int],
        now: datetime,
    ) -> None:
        self.stages: list[Stage] = []
        self._found = found
        self._before = before
        self._organization_id = organization_id
        self._fresh = fresh
        self._now = now
        self._told = dict(found.told)
        self._studios = _ids(before.studios)
        self._locations = _ids(before.locations)
        self._employees = _ids(before.employees)
        self._rates = _ids(before.rates)
        self._classes = _ids(before.classes)
        self._series = _ids(before.series)
        self._customers = _ids(before.customers)
        self._applications = _ids(before.applications)

    def all(self) -> None:
        found = self._found
        if found.organization is not None:
            wanted = found.organization
            command = RecordOrganization(self._organization_id, wanted.entry, wanted.stood)
            self._add("organization", [self._kept("organization", wanted.entry.key, command)])
        self._record("studios", RecordStudio, found.studios, self._studios)
        self._record("locations", RecordLocation, found.locations, self._locations)
        self._record("employees", RecordEmployee, found.employees, self._employees)
        self._record("rates", RecordRate, found.rates, self._rates)
        self._record("classes", RecordClass, found.classes, self._classes)
        self._closures()
        self._plans()
        self._slots()
        self._add(
            "employees",
            [DeleteEmployee(self._organization_id, each.id) for each in found.deleted_employees],
        )
        self._people()
        self._record("applications", RecordApplication, found.applications, self._applications)
        self._only_told()

    def _add(
        self,
        section: str,
        one_by_one: Sequence[Command[Any]],
        together: Sequence[Command[Any]] = (),
    ) -> None:
        """Have all of it done, `together` some in one turn.

        What changes may reach for many slots: in one turn, such commands would only start each
        other over.
        """
        total = len(one_by_one) + len(together)
        done = 0
        for some in (
            *_some_at_a_time(one_by_one, 1),
            *_some_at_a_time(together, NEW_AT_ONCE),
        ):
            done += len(some)
            self.stages.append(Stage(section, tuple(some), done, total))

    def _record(
        self,
        section: str,
        make: Callable[[int, int, E, E | None], Command[Any]],
        wanted: Sequence[Wanted[E]],
        ids: Ids,
    ) -> None:
        known: list[Command[Any]] = []
        new: list[Command[Any]] = []
        for each in wanted:
            key = each.entry.key
            row_id = self._id(key, ids)
            command = make(self._organization_id, row_id, each.entry, each.stood)
            (new if each.stood is None else known).append(self._kept(section, key, command))
        self._add(section, known, new)

    def _id(self, key: str, ids: Ids) -> int:
        if key not in ids:
            ids[key] = next(self._fresh)
        return ids[key]

    # What the file said is kept in the turn that does it.

    def _kept(self, section: str, key: str, command: Command[Any]) -> Command[Any]:
        if (section, key) not in self._told:
            return command
        told = Told(section, key, self._told.pop((section, key)))
        return KeepTold(self._organization_id, (told,), command)

    def _told_of(self, customers: Iterable[str]) -> tuple[Told, ...]:
        return tuple(
            Told("customers", key, self._told.pop(("customers", key)), self._customers[key])
            for key in customers
            if ("customers", key) in self._told
        )

    def _only_told(self) -> None:
        """What is there already as the file says."""
        customers = [key for section, key in self._told if section == "customers"]
        commands = [
            KeepTold(self._organization_id, self._told_of(some))
            for some in _some_at_a_time(customers, CUSTOMERS_AT_ONCE)
        ]
        others = [Told(section, key, members) for (section, key), members in self._told.items()]
        commands.extend(
            KeepTold(self._organization_id, tuple(some))
            for some in _some_at_a_time(others, CUSTOMERS_AT_ONCE)
        )
        self._add("record", commands)

    # Sections that are not like all others.

    def _closures(self) -> None:
        opened = [
            self._kept(
                "closures",
                each.key,
                OpenStudio(self._organization_id, self._studios[each.studio], each.key),
            )
            for each in self._found.opened
        ]
        closed = []
        for wanted in self._found.closures:
            entry, stood = wanted.entry, wanted.stood
            command = CloseStudio(
                self._organization_id,
                self._studios[entry.studio],
                entry.key,
                entry.local_from,
                entry.local_to,
                entry.reason,
                stood=None if stood is None else (stood.local_from, stood.local_to, stood.reason),
            )
            closed.append(self._kept("closures", entry.key, command))
        self._add("closures", [*opened, *closed])

    def _plans(self) -> None:
        # A day that is past means today, in whatever zone the series is.
        past = self._now.date() - timedelta(days=2)
        commands: list[Command[Any]] = [
            self._kept("series", each.entry.key, EndSeries(self._organization_id, each.id, past))
            for each in self._found.ended_series
        ]
        new: list[Command[Any]] = []
        for wanted in self._found.series:
            entry, plan = wanted.entry, self._plan(wanted.entry)
            series_id = self._id(entry.key, self._series)
            if wanted.stood is None:
                class_id = self._classes[entry.class_]
                command: Command[Any] = PlanSeries(
                    self._organization_id, series_id, class_id, entry.key, plan
                )
                new.append(self._kept("series", entry.key, command))
            else:
                command = EditSeries(
                    self._organization_id, series_id, AllFuture(), plan, self._plan(wanted.stood)
                )
                commands.append(self._kept("series", entry.key, command))
        self._add("series", commands, new)

    def _slots(self) -> None:
        commands: list[Command[Any]] = [
            self._kept("slots", each.entry.key, CancelSlot(self._organization_id, each.id))
            for each in self._found.cancelled_slots
        ]
        commands.extend(
            self._kept("slots", each.wanted.key, self._change(each)) for each in self._found.slots
        )
        new = [
            self._kept("slots", each.key, self._slot(next(self._fresh), each))
            for each in self._found.new_slots
        ]
        self._add("slots", commands, new)

    def _people(self) -> None:
        found = self._found
        total = len(found.deleted_customers) + len(found.customers)
        done = 0
        for gone in _some_at_a_time(found.deleted_customers, CUSTOMERS_AT_ONCE):
            ids = frozenset(each.id for each in gone)
            done += len(gone)
            command = DeleteCustomers(self._organization_id, ids)
            self.stages.append(Stage("customers", (command,), done, total))
        for some in self._in_turns(found.customers):
            entries = {self._id(each.entry.key, self._customers): each.entry for each in some}
            stood = {
                self._customers[each.entry.key]: each.stood
                for each in some
                if each.stood is not None
            }
            done += len(some)
            recorded = RecordCustomers(self._organization_id, entries, stood)
            told = self._told_of(each.entry.key for each in some)
            kept = KeepTold(self._organization_id, told, recorded)
            self.stages.append(Stage("customers", (kept,), done, total))

    def _in_turns(
        self, customers: Iterable[Wanted[CustomerEntry]]
    ) -> list[Sequence[Wanted[CustomerEntry]]]:
        """Who gives up a customer number goes first, and all of them in one turn.

        So they can exchange numbers, and others can have them.
        """
        giving_up: list[Wanted[CustomerEntry]] = []
        others: list[Wanted[CustomerEntry]] = []
        for each in customers:
            held = None if each.stood is None else each.stood.number
            gives_up = held is not None and held != each.entry.number
            (giving_up if gives_up else others).append(each)
        first = [giving_up] if giving_up else []
        return [*first, *_some_at_a_time(others, CUSTOMERS_AT_ONCE)]

    def extend(self, until: date, due: Iterable[int]) -> None:
        """Make the slots that are missing, so that they are there at once."""
        wanted = (self._series[each.entry.key] for each in self._found.series)
        commands = [
            ExtendSeries(self._organization_id, each, until)
            for each in dict.fromkeys((*due, *wanted))
        ]
        self._add("timetable", (), commands)

    # Entries as commands, with ids in the place of keys.

    def _plan(self, entry: SeriesEntry) -> SeriesPlan:
        return SeriesPlan(
            weekdays=entry.weekdays,
            start_time=entry.start,
            first_day=entry.first_day,
            last_day=entry.last_day,
            duration=entry.duration,
            location_id=self._location(entry.location),
            instructors=self._given_by(entry.instructors),
            own=entry.own,
            max_participants=entry.max_participants,
            max_waiting_list=entry.max_waiting_list,
        )

    def _slot(self, slot_id: int, entry: SlotEntry) -> PlanSlot:
        return PlanSlot(
            self._organization_id,
            slot_id,
            self._classes[entry.class_],
            entry.key,
            entry.local_start,
            entry.duration,
            self._location(entry.location),
            self._given_by(entry.instructors),
            entry.own,
            entry.max_participants,
            entry.max_waiting_list,
            entry.additional_participants,
        )

    def _change(self, differs: SlotDiffers) -> ChangeSlot:
        """Only what differs is said: what is said becomes the slot's own."""
        stands, wanted = differs.stands.entry, differs.wanted

        def said(before: T, after: T) -> T | None:
            return None if before == after else after

        return ChangeSlot(
            self._organization_id,
            differs.stands.id,
            local_start=said(stands.local_start, wanted.local_start),
            duration_minutes=said(stands.duration, wanted.duration),
            location_id=(
                SAME if stands.location == wanted.location else self._location(wanted.location)
            ),
            instructor_ids=(
                None
                if stands.instructors == wanted.instructors
                else self._given_by(wanted.instructors)
            ),
            max_participants=(
                SAME
                if stands.max_participants == wanted.max_participants
                else wanted.max_participants
            ),
            max_waiting_list=said(stands.max_waiting_list, wanted.max_waiting_list),
            additional_participants=said(
                stands.additional_participants, wanted.additional_participants
            ),
        )

    def _location(self, key: str | None) -> int | None:
        return None if key is None else self._locations[key]

    def _given_by(self, keys: Iterable[str]) -> tuple[int, ...]:
        return tuple(self._employees[each] for each in keys)


def _ids(kept: dict[str, Kept[Any]]) -> Ids:
    return {key: each.id for key, each in kept.items()}


def _some_at_a_time(all_of_them: Sequence[T], count: int) -> Iterator[Sequence[T]]:
    for begin in range(0, len(all_of_them), count):
        yield all_of_them[begin : begin + count]
