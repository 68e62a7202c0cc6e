"""Planning what of a timetable is missing, as two gym files: what it needs, and what takes place.

The second one refers to what is stored, so it can't be in one file with what is new.

Only what is missing is added. What is planned already stays as it is, also where the file says it
otherwise: that is told, and is for staff to change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from kursplan.domain.entries import ClassEntry, EmployeeEntry, SeriesEntry, free_key
from kursplan.domain.names import folded, slug
from kursplan.domain.sentences import Sentence, each_of
from kursplan.gymfile.dump import as_written, yaml_of
from kursplan.gymfile.stored import Stored
from kursplan.gymfile.values import WEEKDAYS
from kursplan.imports.people import Refused, split_name
from kursplan.imports.timetable import Dated, Problem, Read, Traits, Weekly, fold

Members = dict[str, Any]


@dataclass(slots=True)
class TimetablePlan:
    """What importing a timetable would do, and what it leaves out."""

    needs: Members = field(repr=False)
    """The sections of what is missing: rooms (within their studio), instructors, classes."""
    takes_place: Members = field(repr=False)
    """The sections of series and slots."""
    organization: str
    series: list[Weekly] = field(default_factory=list)
    slots: list[Dated] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    """The titles of new ones; and the names of new rooms and instructors."""
    rooms: list[str] = field(default_factory=list)
    instructors: list[str] = field(default_factory=list)
    taken_for: dict[str, str] = field(default_factory=dict)
    """Whose whole names are meant by short ones in the file."""
    planned: int = 0
    """How many are planned already."""
    otherwise: list[Sentence] = field(default_factory=list)
    """Those of them that the file says otherwise."""
    refused: list[Refused] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    past: int = 0
    cancelled: int = 0

    @property
    def changes_something(self) -> bool:
        return bool(self.series or self.slots)

    @property
    def leaves_out(self) -> int:
        return len(self.refused) + len(self.problems)

    @property
    def gym_files(self) -> list[str]:
        """What is to be loaded, one after the other."""
        return [
            "".join(map(yaml_of, ({"organization": {"key": self.organization}}, sections)))
            for sections in (self.needs, self.takes_place)
            if sections
        ]


def plan_timetable(read: Read, stored: Stored, studio: str, *, go_on: bool) -> TimetablePlan:
    """What importing into the studio would do."""
    plan = TimetablePlan(
        {},
        {},
        stored.organization.key,
        refused=list(read.refused),
        problems=list(read.problems),
        past=read.past,
        cancelled=read.cancelled,
    )
    planning = _Planning(plan, stored, studio)
    told: list[Dated | Weekly] = [*read.dated, *read.weekly]
    planning.know_classes(told)
    planning.know_instructors(told)
    dated = [each for each in read.dated if planning.is_new(each)]
    folded_weekly, single = fold(dated, go_on=go_on)
    weekly = [each for each in read.weekly if planning.is_new(each)]
    for series in (*weekly, *folded_weekly):
        planning.add_series(series)
    for slot in single:
        planning.add_slot(slot)
    plan.refused.sort(key=lambda each: each.row.line)
    return plan


class _Planning:
    def __init__(self, plan: TimetablePlan, stored: Stored, studio: str) -> None:
        self._plan = plan
        self._stored = stored
        self._studio = studio
        self._home = stored.studios[studio].entry
        self._classes = {
            folded(kept.entry.title): kept.entry
            for kept in stored.classes.values()
            if kept.entry.studio == studio
        }
        self._rooms = {
            folded(kept.entry.name): kept.entry.key
            for kept in stored.locations.values()
            if kept.entry.studio == studio
        }
        self._instructors: dict[str, str | None] = {}
        """By folded name; None for a name that several have."""
        self._whole_names: dict[str, str] = {}
        """By key."""
        self._to_make: dict[str, EmployeeEntry] = {}
        """By key, those whom only the file knows, and who are made once they give something."""
        for kept in stored.employees.values():
            self._known_as(kept.entry)
        self._keys = {
            "classes": {*stored.classes},
            "locations": {*stored.locations},
            "employees": {*stored.employees},
            "series": {*stored.series},
            "slots": {*stored.slots},
        }

    # What there is already.

    def know_classes(self, told: Iterable[Dated | Weekly]) -> None:
        """Make the classes that are not there: as long, and with as many seats, as most of theirs."""
        by_title: dict[str, list[Traits]] = {}
        for each in told:
            by_title.setdefault(folded(each.traits.title), []).append(each.traits)
        for title, traits in by_title.items():
            if title in self._classes:
                continue
            lengths = Counter(each.minutes for each in traits if each.minutes is not None)
            if not lengths:
                continue  # Of each of them it is told that it can't be planned.
            seats = Counter(each.seats for each in traits if each.seats is not None)
            [(minutes, _)] = lengths.most_common(1)
            entry = ClassEntry(
                self._key("classes", traits[0].title, "class"),
                self._studio,
                traits[0].title,
                minutes,
            )
            if seats:
                entry = replace(entry, max_participants=seats.most_common(1)[0][0])
            self._classes[title] = entry

    def know_instructors(self, told: Iterable[Dated | Weekly]) -> None:
        """Know whoever the file calls by first and last name."""
        for name in dict.fromkeys(each for one in told for each in one.traits.instructors):
            if folded(name) not in self._instructors and (parts := split_name(name)) is not None:
                key = self._key("employees", name, "instructor")
                entry = self._to_make[key] = EmployeeEntry(key, *parts, frozenset({self._studio}))
                self._known_as(entry)

    def is_new(self, told: Dated | Weekly) -> bool:
        """Whether it can be planned, and is not yet; whatever else it is, is noted."""
        if problem := self._problem(told.traits):
            if isinstance(told, Dated) and told.row is not None:
                self._plan.refused.append(Refused(told.row, (problem,)))
            else:
                self._plan.problems.append(Problem(told.place, problem))
            return False
        class_ = self._classes[folded(told.traits.title)]
        there = self._series_at(class_, told)
        if isinstance(told, Dated) and there is None:
            for single in self._stored.slots.values():
                if single.entry.class_ == class_.key and single.entry.local_start == told.start:
                    self._plan.planned += 1
                    return False
        if there is None:
            return True
        self._plan.planned += 1
        if differs := self._differs(there, told.traits):
            when = (
                f"{told.start:%Y-%m-%d %H:%M}" if isinstance(told, Dated) else f"{told.start:%H:%M}"
            )
            self._plan.otherwise.append(
                Sentence(
                    "%(place)s: %(title)s at %(when)s is planned with another %(what)s",
                    place=told.place,
                    title=class_.title,
                    when=when,
                    what=each_of(differs),
                )
            )
        return False

    def _series_at(self, class_: ClassEntry, told: Dated | Weekly) -> SeriesEntry | None:
        """The series of the class that takes place then."""
        for kept in self._stored.series.values():
            entry = kept.entry
            if entry.class_ != class_.key:
                continue
            if isinstance(told, Dated):
                day, at = told.start.date(), told.start.time()
                if (
                    entry.start == at
                    and day.weekday() in entry.weekdays
                    and _spans(entry, day, day)
                ):
                    return entry
            elif (
                entry.start == told.start
                and entry.weekdays & told.weekdays
                and _spans(entry, told.first_day, told.last_day)
            ):
                return entry
        return None

    def _differs(self, entry: SeriesEntry, traits: Traits) -> list[Sentence]:
        wanted = {self._instructors[folded(each)] for each in traits.instructors}
        differs = []
        if wanted and wanted != {*entry.instructors}:
            differs.append(Sentence("instructor"))
        room = self._room(traits.room)
        if room is not None and room != entry.location:
            differs.append(Sentence("room"))
        return differs

    def _problem(self, traits: Traits) -> Sentence | None:
        """Why something with these traits can't be planned."""
        if folded(traits.title) not in self._classes:
            return Sentence(
                "how long “%(title)s” takes is not said, and there is no such class",
                title=traits.title,
            )
        for name in traits.instructors:
            if folded(name) not in self._instructors:
                return Sentence(
                    "there is no instructor “%(name)s”: write first and last name, or add them before",
                    name=name,
                )
            if (key := self._instructors[folded(name)]) is None:
                return Sentence(
                    "several instructors are called “%(name)s”: write the whole name", name=name
                )
            whole = self._whole_names[key]
            if folded(name) not in (
                folded(whole),
                folded(", ".join(reversed(whole.split(" ", 1)))),
            ):
                self._plan.taken_for[name] = whole
        return None

    # What is new.

    def add_series(self, series: Weekly) -> None:
        class_ = self._class(series.traits)
        weekdays = [WEEKDAYS[day] for day in sorted(series.weekdays)]
        name = (
            f"{series.traits.title} {'-'.join(each[:2] for each in weekdays)} {series.start:%H%M}"
        )
        members: Members = {
            "key": self._key("series", name, "series"),
            "class": class_.key,
            "weekdays": weekdays,
            "start": as_written(series.start),
            "first_day": as_written(series.first_day),
        }
        if series.last_day is not None:
            members["last_day"] = as_written(series.last_day)
        self._plan.takes_place.setdefault("series", []).append(
            members | self._further(series.traits, class_)
        )
        self._plan.series.append(series)

    def add_slot(self, slot: Dated) -> None:
        class_ = self._class(slot.traits)
        name = f"{slot.traits.title} {slot.start:%Y-%m-%d %H%M}"
        members: Members = {
            "key": self._key("slots", name, "slot"),
            "class": class_.key,
            "start": as_written(slot.start),
        }
        self._plan.takes_place.setdefault("slots", []).append(
            members | self._further(slot.traits, class_)
        )
        self._plan.slots.append(slot)

    def _further(self, traits: Traits, class_: ClassEntry) -> Members:
        """What a series and a slot have alike, as far as it is not their class's."""
        members: Members = {}
        if traits.minutes is not None and traits.minutes != class_.duration:
            members["duration"] = traits.minutes
        if (room := self._room(traits.room, make=True)) is not None:
            members["location"] = room
        if traits.instructors:
            keys = map(self._instructor, traits.instructors)
            members["instructors"] = list(dict.fromkeys(keys))
        if traits.seats is not None and traits.seats != class_.max_participants:
            members["max_participants"] = traits.seats
        return members

    def _class(self, traits: Traits) -> ClassEntry:
        entry = self._classes[folded(traits.title)]
        if entry.key not in self._stored.classes and entry.title not in self._plan.classes:
            self._plan.classes.append(entry.title)
            members = {
                name: getattr(entry, name) for name in ("key", "studio", "title", "duration")
            }
            if entry.max_participants != ClassEntry("", "", "", 1).max_participants:
                members["max_participants"] = entry.max_participants
            self._plan.needs.setdefault("classes", []).append(members)
        return entry

    def _room(self, name: str, *, make: bool = False) -> str | None:
        """The key of the room; None for no room, which the name of the studio means too."""
        if not name or folded(name) == folded(self._home.name):
            return None
        key = self._rooms.get(folded(name))
        if key is None and make:
            key = self._rooms[folded(name)] = self._key("locations", name, "room")
            home = {"key": self._studio, "name": self._home.name, "zone": self._home.zone}
            [members] = self._plan.needs.setdefault("studios", [{**home, "locations": []}])
            members["locations"].append({"key": key, "name": name})
            self._plan.rooms.append(name)
        return key

    def _instructor(self, name: str) -> str:
        """The key of somebody who is known, and is made where they are not stored."""
        key = self._instructors[folded(name)] or ""
        if (made := self._to_make.pop(key, None)) is not None:
            members = {"key": key, "first_name": made.first_name, "last_name": made.last_name}
            self._plan.needs.setdefault("employees", []).append(
                {**members, "studios": [self._studio]}
            )
            self._plan.instructors.append(self._whole_names[key])
        return key

    def _known_as(self, employee: EmployeeEntry) -> None:
        """By whole names, and by shorter ones as long as they are nobody else's."""
        first, last = employee.first_name, employee.last_name
        self._whole_names[employee.key] = f"{first} {last}"
        for whole in (f"{first} {last}", f"{last}, {first}"):
            self._instructors[folded(whole)] = employee.key
        for short in (first, employee.public_name, employee.initials):
            if short is not None:
                others = self._instructors.get(folded(short), employee.key)
                self._instructors[folded(short)] = employee.key if others == employee.key else None

    def _key(self, section: str, name: str, otherwise: str) -> str:
        taken = self._keys[section]
        key = free_key(slug(name) or otherwise, taken.__contains__)
        taken.add(key)
        return key


def _spans(entry: SeriesEntry, first: date, last: date | None) -> bool:
    """Whether the series is held on some of these days."""
    begins_in_time = last is None or entry.first_day <= last
    return begins_in_time and (entry.last_day is None or first <= entry.last_day)
