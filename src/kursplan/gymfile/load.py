"""Load a gym file: what differs from the database goes over the desk, and nothing else.

Section after section, what is referred to before what refers to it. Each change is a turn of its
own or part of one, so loading that breaks off leaves whole changes behind, and loading again
carries on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, Table

from kursplan.clock import Clock
from kursplan.desk.applications import RecordApplication
from kursplan.desk.cancel_slot import CancelSlot
from kursplan.desk.change_slot import SAME, ChangeSlot
from kursplan.desk.classes import RecordClass
from kursplan.desk.close_studio import CloseStudio, OpenStudio
from kursplan.desk.customers import DeleteCustomers, RecordCustomers
from kursplan.desk.desk import ChangedConcurrently, Desk
from kursplan.desk.edit_series import AllFuture, EditSeries
from kursplan.desk.employees import DeleteEmployee, RecordEmployee
from kursplan.desk.end_series import EndSeries
from kursplan.desk.extend_series import ExtendSeries
from kursplan.desk.locations import RecordLocation
from kursplan.desk.organizations import RecordOrganization
from kursplan.desk.plan_series import PlanSeries
from kursplan.desk.plan_slot import PlanSlot
from kursplan.desk.rates import RecordRate
from kursplan.desk.studios import RecordStudio
from kursplan.desk.turn import Command
from kursplan.domain.actors import Actor
from kursplan.domain.clashes import Clashing
from kursplan.domain.entries import CustomerEntry, SeriesEntry, SlotEntry
from kursplan.domain.refusals import Refusal
from kursplan.domain.series import SeriesPlan
from kursplan.gymfile.clashes import Clashes, new_clashes, standing
from kursplan.gymfile.compare import Differences, SlotDiffers, compare
from kursplan.gymfile.mistakes import GymFileMistakes
from kursplan.gymfile.read import GymFile
from kursplan.gymfile.stored import E, Kept, Stored, stored
from kursplan.gymfile.summary import Summary
from kursplan.gymfile.targets import mistakes_of_targets
from kursplan.store import named, series, tables
from kursplan.store.database import Database
from kursplan.store.named import Ids
from kursplan.webhooks.targets import Targets

HORIZON_DAYS = 60
CUSTOMERS_AT_ONCE = 250
"""How many customers are recorded in one turn."""
NEW_AT_ONCE = 20
"""How many other things are made in one turn."""

T = TypeVar("T")
Progress = Callable[[str, int, int], None]
"""Is told the section, how much of it is done, and how much there is to do."""


def quietly(_section: str, _done: int, _total: int) -> None:
    """Show no progress."""


async def load(
    desk: Desk,
    database: Database,
    clock: Clock,
    gym_file: GymFile,
    *,
    by: Actor,
    progress: Progress = quietly,
    horizon_days: int = HORIZON_DAYS,
    targets: Targets | None = None,
) -> Summary:
    """Bring what differs over the desk, and make the slots of all series up to the horizon.

    `targets` says which web addresses may be called; usually only those in the open internet.
    Raises `GymFileMistakes` where the file contradicts what is stored, or names an address that
    may not be called; then nothing was changed. Raises `DeskBusy`, and `ChangedConcurrently` where others changed the same at the same time;
    then loading again carries on. Raises `Clashes` where a studio refuses what would be twice at the same time;
    what was loaded before that is kept.
    """
    before, differences = await _compare(database, clock, gym_file, targets)
    organization_id = before.id
    if organization_id is None:
        organization_id = await desk.ids.next()
    now = clock.now()
    stood = await database.read(lambda tx: standing(tx, organization_id, now))
    loading = _Loading(desk, by, database, clock, progress, before, organization_id)
    await loading.bring(differences)
    await loading.extend_series(horizon_days)
    summary = differences.summary
    summary.clashes = await database.read(lambda tx: new_clashes(tx, organization_id, now, stood))
    return summary


async def preview(
    database: Database, clock: Clock, gym_file: GymFile, *, targets: Targets | None = None
) -> Summary:
    """What `load` would change. Raises `GymFileMistakes` as `load` does."""
    _, differences = await _compare(database, clock, gym_file, targets)
    return differences.summary


async def _compare(
    database: Database, clock: Clock, gym_file: GymFile, targets: Targets | None
) -> tuple[Stored, Differences]:
    before = await _look(database, gym_file)
    differences = compare(gym_file, before, clock.now())
    if mistakes := await mistakes_of_targets(gym_file, before, targets or Targets()):
        raise GymFileMistakes(mistakes)
    return before, differences


async def _look(database: Database, gym_file: GymFile) -> Stored:
    gym = gym_file.gym
    everybody = gym.customers is not None
    return await database.read(lambda tx: stored(tx, gym.organization.key, customers=everybody))


class _Loading:
    def __init__(
        self,
        desk: Desk,
        by: Actor,
        database: Database,
        clock: Clock,
        progress: Progress,
        before: Stored,
        organization_id: int,
    ) -> None:
        self._desk = desk
        self._by = by
        self._database = database
        self._clock = clock
        self._progress = progress
        self._before = before
        self._organization_id = organization_id

    async def bring(self, found: Differences) -> None:
        """Record all of it, in an order in which nothing refers to what is not there."""
        organization_id, before = self._organization_id, self._before
        if found.organization is not None:
            await self._take(
                "organization", [RecordOrganization(organization_id, found.organization)]
            )
        await self._record("studios", RecordStudio, found.studios, before.studios)
        await self._record("locations", RecordLocation, found.locations, before.locations)
        await self._record("employees", RecordEmployee, found.employees, before.employees)
        await self._record("rates", RecordRate, found.rates, before.rates)
        await self._record("classes", RecordClass, found.classes, before.classes)
        await self._closures(found)
        await self._series(found)
        await self._slots(found)
        await self._take(
            "employees",
            [DeleteEmployee(organization_id, each.id) for each in found.deleted_employees],
        )
        await self._customers(found)
        await self._record(
            "applications", RecordApplication, found.applications, before.applications
        )

    async def _record(
        self,
        section: str,
        deed: Callable[[int, int, E], Command[Any]],
        entries: Sequence[E],
        kept: dict[str, Kept[E]],
    ) -> None:
        known: list[Command[Any]] = []
        new: list[Command[Any]] = []
        for each in entries:
            row_id = await self._id_of(each.key, kept)
            commands = known if each.key in kept else new
            commands.append(deed(self._organization_id, row_id, each))
        await self._take(section, known, new)

    async def _id_of(self, key: str, kept: dict[str, Kept[E]]) -> int:
        return kept[key].id if key in kept else await self._desk.ids.next()

    async def _take(
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
            taken = (self._desk.execute(each, by=self._by) for each in some)
            answers = await asyncio.gather(*taken, return_exceptions=True)
            for answer in answers:
                _accepted(answer)
            done += len(some)
            self._progress(section, done, total)

    async def _ids(self, table: Table) -> Ids:
        organization_id = self._organization_id
        return await self._database.read(lambda tx: named.ids(tx, organization_id, table))

    # Sections that are not like all others.

    async def _closures(self, found: Differences) -> None:
        if not found.closures and not found.opened:
            return
        studios = await self._ids(tables.studio)
        opened = [
            OpenStudio(self._organization_id, studios[each.studio], each.key)
            for each in found.opened
        ]
        closed = [
            CloseStudio(
                self._organization_id,
                studios[each.studio],
                each.key,
                each.local_from,
                each.local_to,
                each.reason,
            )
            for each in found.closures
        ]
        await self._take("closures", [*opened, *closed])

    async def _series(self, found: Differences) -> None:
        if not found.series and not found.ended_series:
            return
        classes = await self._ids(tables.class_)
        names = await self._names()
        # A day that is past means today, in whatever zone the series is.
        past = self._clock.now().date() - timedelta(days=2)
        commands: list[Command[Any]] = [
            EndSeries(self._organization_id, each.id, past) for each in found.ended_series
        ]
        new: list[Command[Any]] = []
        for entry in found.series:
            plan = names.plan(entry)
            kept = self._before.series.get(entry.key)
            if kept is not None:
                edit = EditSeries(self._organization_id, kept.id, AllFuture(), plan)
                commands.append(edit)
                continue
            fresh = await self._desk.ids.next()
            class_id = classes[entry.class_]
            new.append(PlanSeries(self._organization_id, fresh, class_id, entry.key, plan))
        await self._take("series", commands, new)

    async def _slots(self, found: Differences) -> None:
        if not found.new_slots and not found.slots and not found.cancelled_slots:
            return
        classes = await self._ids(tables.class_)
        names = await self._names()
        commands: list[Command[Any]] = [
            CancelSlot(self._organization_id, each.id) for each in found.cancelled_slots
        ]
        commands.extend(names.change(self._organization_id, each) for each in found.slots)
        new: list[Command[Any]] = []
        for entry in found.new_slots:
            fresh = await self._desk.ids.next()
            class_id = classes[entry.class_]
            new.append(names.slot(self._organization_id, fresh, class_id, entry))
        await self._take("slots", commands, new)

    async def _names(self) -> _Names:
        return _Names(await self._ids(tables.location), await self._ids(tables.employee))

    async def _customers(self, found: Differences) -> None:
        total = len(found.deleted_customers) + len(found.customers)
        done = 0
        for gone in _some_at_a_time(found.deleted_customers, CUSTOMERS_AT_ONCE):
            ids = frozenset(each.id for each in gone)
            await self._desk.execute(DeleteCustomers(self._organization_id, ids), by=self._by)
            done += len(gone)
            self._progress("customers", done, total)
        for told in self._in_turns(found.customers):
            entries = {await self._id_of(each.key, self._before.customers): each for each in told}
            await self._desk.execute(RecordCustomers(self._organization_id, entries), by=self._by)
            done += len(told)
            self._progress("customers", done, total)

    def _in_turns(self, customers: Iterable[CustomerEntry]) -> list[Sequence[CustomerEntry]]:
        """Who gives up a customer number goes first, and all of them in one turn.

        So they can exchange numbers, and others can have them.
        """
        known = self._before.customers
        giving_up: list[CustomerEntry] = []
        others: list[CustomerEntry] = []
        for each in customers:
            held = known[each.key].entry.number if each.key in known else None
            gives_up = held is not None and held != each.number
            (giving_up if gives_up else others).append(each)
        first = [giving_up] if giving_up else []
        return [*first, *_some_at_a_time(others, CUSTOMERS_AT_ONCE)]

    async def extend_series(self, horizon_days: int) -> None:
        """Make the slots that are missing, so that they are there at once."""
        until = self._clock.now().date() + timedelta(days=horizon_days)
        organization_id = self._organization_id

        def look(tx: Connection) -> list[int]:
            return series.due(tx, organization_id, until)

        due = await self._database.read(look)
        commands = [ExtendSeries(organization_id, each, until) for each in due]
        await self._take("timetable", (), commands)


class _Names:
    """Turns entries into commands, with ids in the place of keys."""

    def __init__(self, locations: Ids, employees: Ids) -> None:
        self._locations = locations
        self._employees = employees

    def plan(self, entry: SeriesEntry) -> SeriesPlan:
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

    def slot(self, organization_id: int, slot_id: int, class_id: int, entry: SlotEntry) -> PlanSlot:
        return PlanSlot(
            organization_id,
            slot_id,
            class_id,
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

    def change(self, organization_id: int, differs: SlotDiffers) -> ChangeSlot:
        """Only what differs is said: what is said becomes the slot's own."""
        stands, wanted = differs.stands.entry, differs.wanted

        def said(before: T, after: T) -> T | None:
            return None if before == after else after

        return ChangeSlot(
            organization_id,
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


def _some_at_a_time(all_of_them: Sequence[T], count: int) -> Iterator[Sequence[T]]:
    for begin in range(0, len(all_of_them), count):
        yield all_of_them[begin : begin + count]


def _accepted(answer: object) -> None:
    """The file was compared with what is stored, so a refusal means that it is no longer so."""
    if isinstance(answer, BaseException):
        raise answer
    if isinstance(answer, Clashing):
        raise Clashes(answer)
    if isinstance(answer, Refusal):
        raise ChangedConcurrently(f"it was changed while the gym file was loaded: {answer.kind}")
