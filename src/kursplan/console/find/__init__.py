"""One box for people, classes, slots and days.

What is meant by what was typed is found at once: a scanned number leads to its customer, and so does
what fits one person and nothing else. Instructors find no customers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.responses import Response

from kursplan.console import places
from kursplan.console.addresses import address
from kursplan.console.find import slots
from kursplan.console.find.typed import Typed, typed
from kursplan.console.frame import Link
from kursplan.console.page import page
from kursplan.console.places import Place
from kursplan.console.visit import Visit
from kursplan.console.words import Words
from kursplan.domain.accounts import Action, may
from kursplan.domain.localtime import local
from kursplan.domain.searching import sought
from kursplan.domain.studios import zone_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff import customers

PEOPLE_SHOWN: Final = 25
CLASSES_SHOWN: Final = 6
SLOTS_SHOWN: Final = 8
LONGEST: Final = 200
"""So many characters are looked at of what was typed."""


@dataclass(frozen=True, slots=True)
class PersonView:
    href: str
    name: str
    facts: str
    """Number, birthday, studio where there are several: by which two of one name are told apart."""
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClassView:
    href: str
    title: str
    note: str


@dataclass(frozen=True, slots=True)
class SlotFound:
    href: str
    title: str
    when: str
    where: str
    count: str


@dataclass(frozen=True, slots=True)
class FindView:
    heading: str
    text: str
    people: tuple[PersonView, ...]
    more_people: str
    """Said where not all are shown."""
    days: tuple[Link, ...]
    days_first: bool
    classes: tuple[ClassView, ...]
    slots: tuple[SlotFound, ...]
    slots_title: str
    new_customer: str | None
    """Where somebody new is written down; None for those who may not."""
    sees_customers: bool
    nothing: bool


async def handler(visit: Visit) -> Response:
    theirs = await places.theirs(visit)
    now = visit.services.clock.now()
    text = " ".join((visit.asked("q") or "")[:LONGEST].split())
    said = typed(visit.words, text, local(now, theirs[0].zone).date())
    sees = may(visit.member, Action.SEE_CUSTOMERS)
    studio_ids = [each.id for each in theirs]
    people: Sequence[AnyRow] = ()
    if sees and sought(text):
        people = await visit.read(customers.find, text, studio_ids, PEOPLE_SHOWN + 1)
    classes = await slots.classes(visit, theirs, said.words)
    if (only := _the_one(text, people, said, classes)) is not None:
        return visit.to(f"customers/{only.id}")
    wanted = {each.id for each in classes}
    if not said.words and said.hour is not None:
        wanted = await slots.of_studios(visit, theirs)
    found = await slots.slots(visit, said, wanted, theirs, now, SLOTS_SHOWN)
    view = _Writer(visit, said, theirs, now).view(people, classes, found)
    return page(visit, "find.html", view.heading, view)


def _the_one(
    text: str, people: Sequence[AnyRow], said: Typed, classes: Sequence[AnyRow]
) -> AnyRow | None:
    """The customer who is meant beyond doubt."""
    if len(people) != 1:
        return None
    [one] = people
    is_number = one.number is not None and one.number == text
    return one if is_number or not (said.days or classes) else None


class _Writer:
    def __init__(self, visit: Visit, said: Typed, theirs: Sequence[Place], now: datetime) -> None:
        self._visit = visit
        self._words: Words = visit.words
        self._sees = may(visit.member, Action.SEE_CUSTOMERS)
        self._said = said
        self._places = {each.key: each for each in theirs}
        self._now = now
        self._this_year = local(now, theirs[0].zone).year

    def view(
        self, people: Sequence[AnyRow], classes: Sequence[AnyRow], found: Sequence[AnyRow]
    ) -> FindView:
        words, said = self._words, self._said
        more = len(people) > PEOPLE_SHOWN
        days = tuple(self._days())
        heading = words.gettext("Customers") if self._sees else words.gettext("Find")
        if said.text:
            heading = words.gettext("Found for “%(text)s”", text=said.text)
        return FindView(
            heading=heading,
            text=said.text,
            people=tuple(self._person(each) for each in people[:PEOPLE_SHOWN]),
            more_people=words.gettext(
                "These are the first %(n)s: type more of the name.", n=words.number(PEOPLE_SHOWN)
            )
            if more
            else "",
            days=days,
            days_first=said.is_a_day,
            classes=tuple(self._class(each) for each in classes[:CLASSES_SHOWN]),
            slots=tuple(self._slot(each) for each in found),
            slots_title=self._slots_title(),
            new_customer=self._new_customer(),
            sees_customers=self._sees,
            nothing=bool(said.text) and not (people or classes or found or days),
        )

    def _person(self, row: AnyRow) -> PersonView:
        words = self._words
        facts = [row.number]
        if row.date_of_birth is not None:
            facts.append(words.gettext("born %(day)s", day=words.full_day(row.date_of_birth)))
        if len(self._places) > 1 or row.studio not in self._places:
            facts.append(row.studio_name)
        tags = [words.gettext("Access refused")] if row.access_refused else []
        return PersonView(
            f"customers/{row.id}",
            f"{row.first_name} {row.last_name}".strip(),
            " · ".join(each for each in facts if each),
            tuple(tags),
        )

    def _days(self) -> Iterator[Link]:
        studio = next(iter(self._places))
        for day in self._said.days:
            label = self._words.long_day(day, self._this_year)
            yield Link(label, address("timetable", show="day", day=day, studio=studio))

    def _class(self, row: AnyRow) -> ClassView:
        place = next(each for each in self._places.values() if each.id == row.studio_id)
        note = [row.category, place.name if len(self._places) > 1 else None]
        href = address("timetable", studio=place.key, **{"class": row.id})
        return ClassView(href, row.title, " · ".join(each for each in note if each))

    def _slot(self, row: AnyRow) -> SlotFound:
        words = self._words
        start = local(row.starts_at, zone_of(row.zone))
        where = [row.location, self._places[row.studio].name if len(self._places) > 1 else None]
        taken = row.seats + row.additional_participants
        count = (
            words.number(taken)
            if row.max_participants is None
            else words.gettext(
                "%(taken)s of %(seats)s",
                taken=words.number(taken),
                seats=words.number(row.max_participants),
            )
        )
        when = words.moment(start)
        return SlotFound(
            f"slots/{row.id}", row.title, when, " · ".join(each for each in where if each), count
        )

    def _slots_title(self) -> str:
        if self._said.days:
            return self._words.long_day(self._said.days[0], self._this_year)
        return self._words.gettext("Next slots")

    def _new_customer(self) -> str | None:
        """With the name that was typed, where it looks like one."""
        if not may(self._visit.member, Action.CHANGE_CUSTOMERS):
            return None
        named = self._said.text if all(each.isalpha() for each in self._said.words) else ""
        return address("customers/new", name=None if self._said.days else named)
