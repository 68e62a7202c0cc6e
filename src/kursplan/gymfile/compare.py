"""What a gym file would change: the entries that differ from what is stored, and nothing done yet.

Series, single slots, closures, integrations, memberships and idle periods of a list that the file
has are all there are to be: what is stored and missing there ends. Everything else that is missing
is left alone. What is over is history, and left alone in any case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from kursplan.domain.contracts import as_told, contract_changes
from kursplan.domain.entries import (
    ApplicationEntry,
    ClassEntry,
    ClosureEntry,
    CustomerEntry,
    EmployeeEntry,
    Gym,
    LocationEntry,
    OrganizationEntry,
    RateEntry,
    SeriesEntry,
    SlotEntry,
    StudioEntry,
)
from kursplan.domain.localtime import instant_of, local
from kursplan.domain.slots import Own, SlotStatus
from kursplan.domain.studios import zone_of
from kursplan.gymfile.contradictions import contradictions
from kursplan.gymfile.mistakes import GymFileMistakes
from kursplan.gymfile.read import GymFile
from kursplan.gymfile.stored import E, Kept, Stored
from kursplan.gymfile.summary import Summary
from kursplan.store.plan import SingleSlot


@dataclass(frozen=True, slots=True)
class SlotDiffers:
    """A single slot as it stands and as the file wants it, with duration and limits filled in."""

    stands: SingleSlot
    wanted: SlotEntry


@dataclass(slots=True)
class Differences:
    """What is to be recorded; entries that are new and that are different alike."""

    summary: Summary = field(default_factory=Summary)
    organization: OrganizationEntry | None = None
    studios: list[StudioEntry] = field(default_factory=list)
    locations: list[LocationEntry] = field(default_factory=list)
    closures: list[ClosureEntry] = field(default_factory=list)
    opened: list[ClosureEntry] = field(default_factory=list)
    employees: list[EmployeeEntry] = field(default_factory=list)
    deleted_employees: list[Kept[EmployeeEntry]] = field(default_factory=list)
    rates: list[RateEntry] = field(default_factory=list)
    classes: list[ClassEntry] = field(default_factory=list)
    series: list[SeriesEntry] = field(default_factory=list)
    ended_series: list[Kept[SeriesEntry]] = field(default_factory=list)
    new_slots: list[SlotEntry] = field(default_factory=list)
    slots: list[SlotDiffers] = field(default_factory=list)
    cancelled_slots: list[SingleSlot] = field(default_factory=list)
    customers: list[CustomerEntry] = field(default_factory=list)
    deleted_customers: list[Kept[CustomerEntry]] = field(default_factory=list)
    applications: list[ApplicationEntry] = field(default_factory=list)


def compare(gym_file: GymFile, stored: Stored, now: datetime) -> Differences:
    """What the file would change at `now`.

    Raises `GymFileMistakes` where the file contradicts what is stored.
    """
    if mistakes := list(contradictions(gym_file, stored)):
        raise GymFileMistakes(mistakes)
    comparison = _Comparison(gym_file.gym, stored, now)
    comparison.all()
    return comparison.found


class _Comparison:
    def __init__(self, gym: Gym, stored: Stored, now: datetime) -> None:
        self.found = Differences()
        self._gym = gym
        self._stored = stored
        self._now = now
        studios = [kept.entry for kept in stored.studios.values()]
        self._zones = {each.key: each.zone for each in (*studios, *(gym.studios or ()))}
        classes = [kept.entry for kept in stored.classes.values()]
        self._classes = {each.key: each for each in (*classes, *(gym.classes or ()))}

    def all(self) -> None:
        gym, stored, found = self._gym, self._stored, self.found
        self._organization()
        for studio in gym.studios or ():
            before = _entry(stored.studios, studio.key)
            after = studio if before is None else studio.over(before)
            if self._count("studios", before, after):
                found.studios.append(studio)
        for location in gym.locations:
            if self._count("locations", _entry(stored.locations, location.key), location):
                found.locations.append(location)
        self._closures()
        for employee in gym.employees or ():
            if self._count("employees", _entry(stored.employees, employee.key), employee):
                found.employees.append(employee)
        found.deleted_employees = self._deleted(
            "employees", gym.deleted_employees, stored.employees
        )
        for rate in gym.rates or ():
            if self._count("rates", _entry(stored.rates, rate.key), rate):
                found.rates.append(rate)
        for class_ in gym.classes or ():
            if self._count("classes", _entry(stored.classes, class_.key), class_):
                found.classes.append(class_)
        self._series()
        self._slots()
        found.deleted_customers = self._deleted(
            "customers", gym.deleted_customers, stored.customers
        )
        for customer in gym.customers or ():
            self._customer(customer)
        self._applications()

    # Counting.

    def _count(self, section: str, before: object, after: object) -> bool:
        """Whether it is new or different."""
        count = self.found.summary.sections[section]
        if before is None:
            count.created += 1
        elif before != after:
            count.changed += 1
        return before is None or before != after

    def _removed(self, section: str, number: int = 1) -> None:
        self.found.summary.sections[section].removed += number

    def _deleted(
        self, section: str, keys: frozenset[str], kept: Mapping[str, Kept[E]]
    ) -> list[Kept[E]]:
        found = [kept[key] for key in sorted(keys) if key in kept]
        self._removed(section, len(found))
        return found

    def _local_now(self, studio: str) -> datetime:
        """The wall time in the studio, without a zone."""
        return local(self._now, zone_of(self._zones[studio])).replace(tzinfo=None)

    # One section after the other, as far as it is not like all others.

    def _organization(self) -> None:
        told, stored = self._gym.organization, self._stored
        before = None if stored.id is None else stored.organization
        after = told if before is None else told.over(before)
        if self._count("organization", before, after):
            self.found.organization = told

    def _closures(self) -> None:
        told = {each.key: each for each in self._gym.closures}
        for entry in told.values():
            before = self._stored.closures.get(entry.key)
            now = self._local_now(entry.studio)
            if entry.local_to <= now and (before is None or before.local_to <= now):
                continue
            if self._count("closures", before, entry):
                self.found.closures.append(entry)
        for key, entry in self._stored.closures.items():
            is_told = key in told or entry.studio not in self._gym.closures_told_by
            if not is_told and entry.local_to > self._local_now(entry.studio):
                self.found.opened.append(entry)
                self._removed("closures")

    def _series(self) -> None:
        told = {each.key: each for each in self._gym.series or ()}
        for entry in told.values():
            before = _entry(self._stored.series, entry.key)
            if self._is_over(entry) and (before is None or self._is_over(before)):
                continue
            if self._count("series", before, entry):
                self.found.series.append(entry)
        if self._gym.series is None:
            return
        for key, kept in self._stored.series.items():
            if key not in told and not self._is_over(kept.entry):
                self.found.ended_series.append(kept)
                self._removed("series")

    def _is_over(self, series: SeriesEntry) -> bool:
        today = self._local_now(self._classes[series.class_].studio).date()
        return series.last_day is not None and series.last_day < today

    def _slots(self) -> None:
        told = {each.key: each for each in self._gym.slots or ()}
        for entry in told.values():
            stands = self._stored.slots.get(entry.key)
            zone = zone_of(self._zones[self._classes[entry.class_].studio])
            if instant_of(entry.local_start, zone) <= self._now:
                continue
            if stands is None:
                self._count("slots", None, entry)
                self.found.new_slots.append(entry)
            elif self._is_to_come(stands):
                wanted = self._filled(entry)
                if self._count("slots", replace(stands.entry, own=wanted.own), wanted):
                    self.found.slots.append(SlotDiffers(stands, wanted))
        if self._gym.slots is None:
            return
        for key, stands in self._stored.slots.items():
            if key not in told and self._is_to_come(stands):
                self.found.cancelled_slots.append(stands)
                self._removed("slots")

    def _is_to_come(self, slot: SingleSlot) -> bool:
        """One that was cancelled stays so."""
        return slot.status is SlotStatus.PLANNED and slot.starts_at > self._now

    def _filled(self, entry: SlotEntry) -> SlotEntry:
        """The slot with what it takes from its class."""
        class_ = self._classes[entry.class_]
        entry = replace(entry, duration=entry.duration or class_.duration)
        if Own.MAX_PARTICIPANTS not in entry.own:
            entry = replace(entry, max_participants=class_.max_participants)
        if Own.MAX_WAITING_LIST not in entry.own:
            entry = replace(entry, max_waiting_list=class_.max_waiting_list)
        return entry

    def _customer(self, told: CustomerEntry) -> None:
        before = _entry(self._stored.customers, told.key)
        today = self._local_now(told.studio).date()
        after = as_told(before, told, today)
        if before == after:
            return
        self.found.customers.append(told)
        if before is None or replace(before, memberships=()) != replace(after, memberships=()):
            self._count("customers", before, after)
        self._contracts(before, after, today)

    def _contracts(self, before: CustomerEntry | None, after: CustomerEntry, today: date) -> None:
        sections = self.found.summary.sections
        for change in contract_changes(before, after, today):
            section = "memberships" if change.idle_period is None else "idle periods"
            match change.type.rpartition("_")[2]:
                case "CREATED":
                    sections[section].created += 1
                case "UPDATED":
                    sections[section].changed += 1
                case "CANCELLED":
                    sections[section].removed += 1

    def _applications(self) -> None:
        told = {each.key: each for each in self._gym.applications or ()}
        if self._gym.applications is not None:
            for key, kept in self._stored.applications.items():
                if key not in told:
                    told[key] = replace(kept.entry, integrations=frozenset())
        for key, entry in told.items():
            before = _entry(self._stored.applications, key)
            after = entry.over(before)
            if before == after:
                continue
            self.found.applications.append(entry)
            if before is None or before.name != after.name:
                self._count("applications", before, after)
            known = {} if before is None else before.by_studio
            for studio, wanted in after.by_studio.items():
                stands = known.get(studio)
                if stands is not None and stands.active and not wanted.active:
                    self._removed("integrations")
                else:
                    self._count("integrations", stands, wanted)


def _entry(kept: Mapping[str, Kept[E]], key: str) -> E | None:
    return kept[key].entry if key in kept else None
