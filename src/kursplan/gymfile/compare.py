"""Comparing a gym file with what is stored and what it said before; nothing is done yet.

What is over is history, and left alone in any case: slots that have started, closures that are
past. Where the file says something of it that has no effect, that is a warning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Literal

from kursplan.domain.contracts import as_told, contract_changes
from kursplan.domain.entries import (
    ApplicationEntry,
    CustomerEntry,
    SeriesEntry,
)
from kursplan.domain.localtime import instant_of, local
from kursplan.domain.sentences import Sentence
from kursplan.domain.slots import SlotStatus
from kursplan.domain.studios import zone_of
from kursplan.gymfile.consistent import contradiction
from kursplan.gymfile.contradictions import contradictions, taken_from_others
from kursplan.gymfile.differences import Differences, SlotDiffers, Wanted
from kursplan.gymfile.findings import Change, Entry
from kursplan.gymfile.members import KINDS, ORGANIZATION, Said, entry_of, members_of, said_by
from kursplan.gymfile.merging import Merging
from kursplan.gymfile.mistakes import GymFileMistakes, Mistake, Path
from kursplan.gymfile.read import GymFile
from kursplan.gymfile.stored import E, Kept, Stored
from kursplan.gymfile.three_way import Ended, Fate, Kind, Members, Merged, Wish
from kursplan.store.entries.timetable import SingleSlot

AS_IT_IS = Wish()


def compare(gym_file: GymFile, stored: Stored, now: datetime, wish: Wish = AS_IT_IS) -> Differences:
    """What the file would change at `now`.

    Raises `GymFileMistakes` where the file contradicts what is stored.
    """
    taken = list(taken_from_others(gym_file, stored))
    if mistakes := list(contradictions(gym_file, stored)):
        raise GymFileMistakes([*mistakes, *taken])
    comparison = _Comparison(gym_file, stored, now, wish)
    comparison.all()
    if mistakes := [*taken, *comparison.mistakes]:
        raise GymFileMistakes(mistakes)
    comparison.found.warnings.sort()
    return comparison.found


class _Comparison:
    def __init__(self, gym_file: GymFile, stored: Stored, now: datetime, wish: Wish) -> None:
        self.found = Differences(warnings=list(gym_file.warnings))
        self.mistakes: list[Mistake] = []
        self._file = gym_file
        self._gym = gym_file.gym
        self._said = said_by(gym_file)
        self._stored = stored
        self._now = now
        self._merging = Merging(gym_file.document, stored.told, wish, self.found)
        told_studios = (each.entry for each in stored.studios.values())
        self._zones = {each.key: each.zone for each in (*told_studios, *(self._gym.studios or ()))}
        told_classes = (each.entry for each in stored.classes.values())
        self._classes = {each.key: each for each in (*told_classes, *(self._gym.classes or ()))}

    def all(self) -> None:
        stored, found = self._stored, self.found
        self._organization()
        found.studios = list(self._section("studios", stored.studios))
        found.locations = list(self._section("locations", stored.locations))
        self._closures()
        found.employees = list(self._section("employees", stored.employees))
        found.deleted_employees = self._deleted(
            "employees", self._gym.deleted_employees, stored.employees
        )
        found.rates = list(self._section("rates", stored.rates))
        found.classes = list(self._section("classes", stored.classes))
        self._series()
        self._slots()
        found.deleted_customers = self._deleted(
            "customers", self._gym.deleted_customers, stored.customers
        )
        for said in self._of("customers"):
            self._customer(said)
        self._numbers()
        self._applications()

    # Three into one, and what is to be told of it.

    def _of(self, section: str) -> Iterable[Said]:
        return self._said.get(section, {}).values()

    def _after(self, section: str, said: Said, merged: Merged, studio: str | None = None) -> Any:
        """The entry as it is to be; a new one is what the file says, with the house's defaults."""
        if merged.fate is Fate.NEW:
            return said.whole
        members = merged.after or {}
        if (wrong := contradiction(section, members)) is not None:
            name, says = wrong
            self.mistakes.append(self._file.mistake((*said.path, name), says))
        return entry_of(section, said.key, members, studio)

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
        for index, each in enumerate(self._file.document.plain().get(section, ())):
            if each.get("deleted") is True and each["key"] not in kept:
                says = Sentence(
                    "there is nobody by the key %(key)s: nobody is deleted", key=repr(each["key"])
                )
                self._merging.warn((section, index, "deleted"), says)
        found = [kept[key] for key in sorted(keys) if key in kept]
        self._removed(section, len(found))
        for each in found:
            entry = Entry(section, each.entry.key)
            self.found.changes.append(Change(entry, Fate.REMOVED))
        return found

    def _local_now(self, studio: str) -> datetime:
        """The wall time in the studio, without a zone."""
        return local(self._now, zone_of(self._zones[studio])).replace(tzinfo=None)

    def _no_longer(self, section: str, stored: Iterable[str]) -> list[str]:
        """The keys of which a file said something, or that are stored, and that it does not have."""
        told = self._stored.told.get(section, {})
        return [key for key in dict.fromkeys((*stored, *told)) if key not in self._said[section]]

    # One section after the other.

    def _section(self, section: str, kept: Mapping[str, Kept[E]]) -> Iterator[Wanted[E]]:
        """One that is like all others."""
        for said in self._of(section):
            stands = _entry(kept, said.key)
            merged = self._merging.merge(KINDS[section], said.key, said, stands)
            if merged.changes_something:
                studio = said.whole.studio if section == "locations" else None
                after = self._after(section, said, merged, studio)
                if self._count(section, stands, after):
                    yield Wanted(after, stands)

    def _organization(self) -> None:
        told, stored = self._gym.organization, self._stored
        stands = None if stored.id is None else stored.organization
        raw = self._file.document.plain()["organization"]
        members = {name: each for name, each in members_of(told).items() if name in raw}
        said = Said(told.key, members, ("organization",), told)
        merged = self._merging.merge(ORGANIZATION, told.key, said, stands)
        if stands is None:
            self._count("organization", None, told)
            self.found.organization = Wanted(told, None)
        elif merged.changed:
            values = {each.name: getattr(told, each.name) for each in merged.changed}
            after = replace(stands, **values)
            self._count("organization", stands, after)
            self.found.organization = Wanted(after, stands)

    def _closures(self) -> None:
        stored = self._stored.closures
        for said in self._of("closures"):
            stands, studio = stored.get(said.key), said.whole.studio
            now = self._local_now(studio)
            if said.whole.local_to <= now and (stands is None or stands.local_to <= now):
                if stands is None or _differs(said, stands):
                    self._merging.warn(said.path, Sentence("is past: nothing is changed"))
                continue
            merged = self._merging.merge(
                KINDS["closures"], said.key, said, stands, _past_by(as_text(now))
            )
            if merged.fate is Fate.NEW or merged.changed:
                after = self._after("closures", said, merged, studio)
                self._count("closures", stands, after)
                self.found.closures.append(Wanted(after, stands))
        for key in self._no_longer("closures", stored):
            stands = stored.get(key)
            if stands is not None and stands.studio in self._gym.closures_told_by:
                now = self._local_now(stands.studio)
                merged = self._merging.merge(
                    KINDS["closures"], key, None, stands, _past_by(as_text(now))
                )
                if merged.fate is Fate.REMOVED:
                    self.found.opened.append(stands)
                    self._removed("closures")

    def _series(self) -> None:
        stored = self._stored.series
        for said in self._of("series"):
            stands = _entry(stored, said.key)
            if stands is None and self._is_over(said.whole):
                last = said.whole.last_day.isoformat()
                says = Sentence("ended on %(day)s: nothing is planned", day=last)
                self._merging.warn(said.path, says)
                continue
            merged = self._merging.merge(
                KINDS["series"], said.key, said, stands, self._has_ended(said.whole)
            )
            after = said.whole if stands is None else stands
            if merged.fate is Fate.NEW or merged.changed:
                after = self._after("series", said, merged)
            if merged.after is not None and self._has_no_effect(said, stands, after, merged):
                continue
            if after != stands:
                self._count("series", stands, after)
                self.found.series.append(Wanted(after, stands))
        if self._gym.series is None:
            return
        for key in self._no_longer("series", stored):
            stands = _entry(stored, key)
            if stands is None:
                continue
            merged = self._merging.merge(
                KINDS["series"], key, None, stands, self._has_ended(stands)
            )
            if merged.fate is Fate.REMOVED:
                self.found.ended_series.append(stored[key])
                self._removed("series")

    def _has_no_effect(
        self, said: Said, stands: SeriesEntry | None, after: SeriesEntry, merged: Merged
    ) -> bool:
        """Whether the series is over and stays so; or never takes place, which is only told.

        Of one that never does by the file alone, the file is told already.
        """
        if stands is not None and self._is_over(stands) and self._is_over(after):
            if merged.changed or "last_day" not in said.members:
                says = Sentence(
                    "ended on %(day)s and stays so; to have it go on, give it a later 'last_day', or null, "
                    "and load it with --prefer file",
                    day=str(stands.last_day),
                )
                self._merging.warn(said.path, says)
            self._forget_changes(said.key)
            return True
        if "last_day" not in said.members and not _ever_takes_place(after):
            says = Sentence("none of its weekdays lies between its first and its last day")
            self._merging.warn(said.path, says)
        return False

    def _forget_changes(self, key: str) -> None:
        self.found.told.pop(("series", key), None)
        self.found.changes = [
            each for each in self.found.changes if each.entry != Entry("series", key)
        ]

    def _has_ended(self, series: SeriesEntry) -> Ended:
        return _past_by(as_text(self._local_now(self._classes[series.class_].studio).date()))

    def _is_over(self, series: SeriesEntry) -> bool:
        today = self._local_now(self._classes[series.class_].studio).date()
        return series.last_day is not None and series.last_day < today

    def _slots(self) -> None:
        stored = self._stored.slots
        for said in self._of("slots"):
            stands = stored.get(said.key)
            if (why := self._without_effect(said, stands)) is not None:
                if why:
                    self._merging.warn(said.path, why)
                continue
            entry = None if stands is None else stands.entry
            kind = self._kind_of_slot(said.whole.class_)
            merged = self._merging.merge(kind, said.key, said, entry)
            if merged.fate is Fate.NEW:
                self._count("slots", None, said.whole)
                self.found.new_slots.append(said.whole)
            elif stands is not None and merged.changed:
                after = self._after("slots", said, merged)
                self._count("slots", entry, after)
                self.found.slots.append(SlotDiffers(stands, after))
        if self._gym.slots is None:
            return
        for key in self._no_longer("slots", stored):
            stands = stored.get(key)
            if stands is None or not self._is_to_come(stands):
                continue
            merged = self._merging.merge(KINDS["slots"], key, None, stands.entry)
            if merged.fate is Fate.REMOVED:
                self.found.cancelled_slots.append(stands)
                self._removed("slots")

    def _without_effect(
        self, said: Said, stands: SingleSlot | None
    ) -> Sentence | Literal[""] | None:
        """Why what the file says of a slot changes nothing; empty where it says nothing else either."""
        differs = stands is None or _differs(said, stands.entry)
        if stands is not None and stands.status is SlotStatus.CANCELED:
            if stands.starts_at <= self._now and not differs:
                return ""
            return Sentence("was cancelled and stays so; a new slot needs another key")
        if stands is not None and not self._is_to_come(stands):
            return Sentence("has taken place: nothing is changed") if differs else ""
        zone = zone_of(self._zones[self._classes[said.whole.class_].studio])
        if instant_of(said.whole.local_start, zone) <= self._now:
            return Sentence("starts in the past: nothing is changed")
        return None

    def _kind_of_slot(self, class_key: str) -> Kind:
        """With what a slot has that nobody changed: the duration and limits of its class."""
        kind, kept = KINDS["slots"], self._stored.classes.get(class_key)
        if kept is None:
            return kind
        names = ("duration", "max_participants", "max_waiting_list")
        of_class = {name: getattr(kept.entry, name) for name in names}
        return replace(kind, standard={**kind.standard, **of_class})

    def _is_to_come(self, slot: SingleSlot) -> bool:
        """One that was cancelled stays so."""
        return slot.status is SlotStatus.PLANNED and slot.starts_at > self._now

    def _customer(self, said: Said) -> None:
        stands = _entry(self._stored.customers, said.key)
        today = self._local_now(said.whole.studio if stands is None else stands.studio).date()
        merged = self._merging.merge(
            KINDS["customers"], said.key, said, stands, _past_by(as_text(today))
        )
        if not any(each.changes_something for each in merged.all()):
            return
        wanted = said.whole if merged.fate is Fate.NEW else self._contracted(said, merged)
        after = as_told(stands, wanted, self._local_now(wanted.studio).date())
        if stands == after:
            return
        self.found.customers.append(Wanted(wanted, stands))
        if stands is None or replace(stands, memberships=()) != replace(after, memberships=()):
            self._count("customers", stands, after)
        self._contracts(stands, after, today)

    def _numbers(self) -> None:
        """Nobody gets the number of another: of one whom the file lacks, or whose number stays."""
        gone = self._gym.deleted_customers
        changed = {each.entry.key: each.entry.number for each in self.found.customers}
        held = {
            kept.entry.number: key
            for key, kept in self._stored.customers.items()
            if key not in gone and key not in changed
        }
        for key, number in changed.items():
            if number is None:
                continue
            if (other := held.setdefault(number, key)) != key:
                path = (*self._said["customers"][key].path, "number")
                says = Sentence("is the number of the customer %(key)s", key=repr(other))
                self.mistakes.append(self._file.mistake(path, says))

    def _contracted(self, said: Said, merged: Merged) -> CustomerEntry:
        """The customer with all memberships; those that end by being missing are missing here too."""
        for each in merged.all():
            wrong = None if each.after is None else contradiction(each.kind.section, each.after)
            if wrong is not None:
                name, says = wrong
                path = self._place_of_contract(said, each.key)
                self.mistakes.append(self._file.mistake((*path, name), says))
        entry: CustomerEntry = entry_of("customers", said.key, merged.after or {})
        return entry

    def _place_of_contract(self, said: Said, key: str) -> Path:
        path = self._merging.place_in(said.path, "memberships", key)
        for index in range(len(said.members.get("memberships", {}))):
            inner = (*said.path, "memberships", index)
            path = path or self._merging.place_in(inner, "idle_periods", key)
        return path or said.path

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
        stored = self._stored.applications
        for said in self._of("applications"):
            stands = _entry(stored, said.key)
            merged = self._merging.merge(
                KINDS["applications"], said.key, said, stands, _is_inactive
            )
            if merged.fate is Fate.NEW:
                self._application(Wanted(said.whole, None))
            elif merged.after is not None:
                _nowhere_is_nowhere(merged)
                wanted = entry_of("applications", said.key, merged.after)
                self._application(Wanted(wanted, stands))
        if self._gym.applications is None:
            return
        for key in self._no_longer("applications", stored):
            stands = _entry(stored, key)
            if stands is None:
                continue
            merged = self._merging.merge(KINDS["applications"], key, None, stands, _is_inactive)
            if merged.fate is Fate.REMOVED:
                # It is there all the same, and can be activated again.
                away = {"integrations": dict.fromkeys(stands.by_studio)}
                self.found.told["applications", key] = away
                self._application(Wanted(replace(stands, integrations=frozenset()), stands))

    def _application(self, wanted: Wanted[ApplicationEntry]) -> None:
        before, after = wanted.stood, wanted.entry.over(wanted.stood)
        if before == after:
            return
        self.found.applications.append(wanted)
        if before is None or before.name != after.name:
            self._count("applications", before, after)
        known = {} if before is None else before.by_studio
        for studio, integration in after.by_studio.items():
            stands = known.get(studio)
            if stands is not None and stands.active and not integration.active:
                self._removed("integrations")
            else:
                self._count("integrations", stands, integration)


def _entry(kept: Mapping[str, Kept[E]], key: str) -> E | None:
    return kept[key].entry if key in kept else None


def _differs(said: Said, stands: Any) -> bool:
    """Whether the file says anything else of an entry than what is there."""
    there = members_of(stands)
    return any(there.get(name) != each for name, each in said.members.items())


def as_text(moment: datetime | date) -> str:
    """As it stands in a document, where text sorts like time."""
    return moment.isoformat(timespec="minutes") if isinstance(moment, datetime) else str(moment)


def _past_by(now: str) -> Ended:
    """Whether an entry is over: its last day, or the time to which it goes, lies before now."""

    def is_past(kind: Kind, members: Members) -> bool:
        end = None if kind.ended_by is None else members.get(kind.ended_by)
        return bool(end is not None and (end <= now if kind.section == "closures" else end < now))

    return is_past


def _is_inactive(kind: Kind, members: Members) -> bool:
    if kind.section == "applications":
        return not any(each["active"] for each in members["integrations"].values())
    return kind.section == "integrations" and not members["active"]


def _nowhere_is_nowhere(merged: Merged) -> None:
    """Who says that events are sent nowhere means all endpoints."""
    for studio, integration in merged.inner.get("integrations", {}).items():
        if merged.after is not None and any(
            each.name == "webhooks.url" and each.now is None for each in integration.changed
        ):
            merged.after["integrations"][studio]["webhooks.further"] = {}


def _ever_takes_place(series: SeriesEntry) -> bool:
    if series.last_day is None:
        return True
    days = range(series.first_day.toordinal(), series.last_day.toordinal() + 1)
    return any(date.fromordinal(day).weekday() in series.weekdays for day in days[:7])
