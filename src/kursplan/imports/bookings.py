"""The bookings of the week of the switch-over: who is on which slot, as the old system had it.

Slots are found by their studio, class and start, and by room or instructor where there are several;
customers as in an import of members, but nobody new is made. What is found is booked over the desk, by the
same decision as for everybody: seats first, then who waited, each in the order of the file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from kursplan.domain.names import folded
from kursplan.domain.sentences import Mistaken, Sentence
from kursplan.imports.everybody import Everybody, Known
from kursplan.imports.match import Doubtful, Matching, no_such_customer
from kursplan.imports.people import Person, Refused, person
from kursplan.imports.timetable import names_in, start_of
from kursplan.imports.understand import Understanding

_GIVEN_UP = {
    *map(folded, ("storniert", "spät storniert", "abgesagt", "abgemeldet", "nicht erschienen")),
    *map(
        folded,
        ("cancelled", "canceled", "late cancelled", "late cancel", "early cancel", "no show"),
    ),
}
_WAITS = {
    *map(folded, ("Warteliste", "auf Warteliste", "wartet")),
    *map(folded, ("waitlist", "waitlisted", "waiting list", "waiting", "on waitlist")),
}


@dataclass(frozen=True, slots=True)
class KnownSlot:
    """A slot that is planned, by what other systems can know of it."""

    id: int
    start: datetime
    """Wall time in the studio."""
    title: str
    room: str | None = None
    instructors: frozenset[str] = frozenset()
    """Their names, folded."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A booking to be made."""

    person: Person
    who: Known
    slot: KnownSlot
    waits: bool
    """Whether it was on the waiting list there."""

    @property
    def line(self) -> int:
        return self.person.row.line


@dataclass(slots=True)
class BookingsPlan:
    """Which bookings are to be made, and which rows are left out."""

    wanted: list[Wanted] = field(default_factory=list)
    """In the order in which they are made."""
    # Left out, in the order of the lines.
    doubtful: list[Doubtful] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    past: int = 0
    given_up: int = 0

    @property
    def leaves_out(self) -> int:
        return len(self.doubtful) + len(self.refused)


def plan_bookings(
    found: Understanding,
    everybody: Everybody,
    slots: Iterable[KnownSlot],
    now: datetime,
    answer: Callable[[Doubtful], str | None],
) -> BookingsPlan:
    """Find slots and customers for the rows of a table; `now` is the wall time in the studio."""
    plan = BookingsPlan()
    planning = _Planning(found, everybody, slots, now, answer)
    for row in found.table.rows():
        status = "" if row.wrong is not None else folded(found.cell(row, "status"))
        if status in _GIVEN_UP:
            plan.given_up += 1
            continue
        told = person(found, row, now.date())
        if isinstance(told, Refused):
            plan.refused.append(told)
            continue
        match planning.wanted(told, waits=status in _WAITS):
            case Wanted() as wanted:
                plan.wanted.append(wanted)
            case Doubtful() as doubt:
                plan.doubtful.append(doubt)
            case Refused() as refused:
                plan.refused.append(refused)
            case None:
                plan.past += 1
    # Whoever had a seat keeps it before somebody who waited.
    plan.wanted.sort(key=lambda each: (each.slot.start, each.slot.id, each.waits, each.line))
    return plan


def days_of(found: Understanding, today: date) -> tuple[date, date] | None:
    """The first and last day from today on that a row names; None where there is none."""
    days = []
    for row in found.table.rows():
        try:
            days.append(today if row.wrong is not None else start_of(found, row).date())
        except Mistaken:
            continue  # It is told when the row is read.
    to_come = [each for each in days if each >= today]
    return (min(to_come), max(to_come)) if to_come else None


class _Planning:
    def __init__(
        self,
        found: Understanding,
        everybody: Everybody,
        slots: Iterable[KnownSlot],
        now: datetime,
        answer: Callable[[Doubtful], str | None],
    ) -> None:
        self._found = found
        self._now = now
        self._answer = answer
        self._everybody = everybody
        self._matching = Matching(everybody, "")
        self._slots: defaultdict[tuple[datetime, str], list[KnownSlot]] = defaultdict(list)
        for slot in slots:
            self._slots[slot.start, folded(slot.title)].append(slot)

    def wanted(self, told: Person, *, waits: bool) -> Wanted | Doubtful | Refused | None:
        """The booking that a row is about; None where it is past."""
        try:
            start = start_of(self._found, told.row)
        except Mistaken as mistaken:
            return Refused(told.row, (mistaken.says,))
        if start <= self._now:
            return None
        slot = self._slot(told, start)
        if isinstance(slot, Refused):
            return slot
        who = self._who(told)
        return Wanted(told, who, slot, waits) if isinstance(who, Known) else who

    def _slot(self, told: Person, start: datetime) -> KnownSlot | Refused:
        title = self._found.cell(told.row, "title")
        found = self._slots.get((start, folded(title)), [])
        room = folded(self._found.cell(told.row, "room"))
        given_by = {folded(each) for each in names_in(self._found.cell(told.row, "instructor"))}
        if len(found) > 1:
            found = [each for each in found if each.room and folded(each.room) == room] or found
        if len(found) > 1:
            found = [each for each in found if given_by & each.instructors] or found
        when = f"{start:%Y-%m-%d %H:%M}"
        if not found:
            says = Sentence("there is no slot of “%(title)s” on %(when)s", title=title, when=when)
            return Refused(told.row, (says,))
        if len(found) > 1:
            says = Sentence(
                "there are several slots of “%(title)s” on %(when)s", title=title, when=when
            )
            return Refused(told.row, (says,))
        return found[0]

    def _who(self, told: Person) -> Known | Doubtful | Refused:
        if told.same_as is not None:
            return self._named(told, told.same_as)
        who = self._matching.look(told)
        if who is None:
            if not (alike := self._everybody.called(told.called)):
                says = Sentence(
                    "there is no customer %(who)s: import the members first", who=told.called
                )
                return Refused(told.row, (says,))
            says = Sentence("%(who)s has this name, and nothing else agrees", who=alike[0].told)
            who = Doubtful(told, tuple(alike), says)
        if isinstance(who, Doubtful):
            said = self._answer(who)
            return who if said is None else self._named(told, said)
        return who

    def _named(self, told: Person, said: str) -> Known | Refused:
        who = self._matching.called(said)
        if who is None:
            return Refused(told.row, (no_such_customer(said),))
        return who
