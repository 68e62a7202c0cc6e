"""One box for people, classes, slots and days.

What is meant by what was typed is found at once: a scanned number leads to its customer, and so does
what fits one person and nothing else. Instructors find no customers.

The first few are suggested while somebody types. What is typed then comes in a form, never in an address:
addresses are kept by proxies, in their logs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
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
from kursplan.domain.names import full_name
from kursplan.domain.searching import sought
from kursplan.domain.studios import zone_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff import customers

LONGEST: Final = 200
"""So many characters are looked at of what was typed."""
TYPED: Final = "q"
"""The field of the box."""


@dataclass(frozen=True, slots=True)
class Most:
    """How many of each kind are shown."""

    people: int
    classes: int
    slots: int


ON_A_PAGE: Final = Most(people=25, classes=6, slots=8)
SUGGESTED: Final = Most(people=6, classes=3, slots=3)


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
    """All that is found, or at once the one customer who is meant."""
    found = await _find(visit, as_typed(visit.asked(TYPED)), ON_A_PAGE)
    if (only := found.the_one) is not None:
        return visit.to(f"customers/{only.id}")
    view = _Writer(visit, found).view()
    return page(visit, "find/find.html", view.heading, view)


async def suggestions(visit: Visit) -> Response:
    """The first few, to be shown below the box."""
    fields = await visit.form()

    async def first_few() -> Response:
        found = await _find(visit, as_typed(fields.get(TYPED)), SUGGESTED)
        return page(visit, "find/suggestions.html", "", _Writer(visit, found).view())

    return await in_turn(visit, first_few)


async def in_turn(visit: Visit, look: Callable[[], Awaitable[Response]]) -> Response:
    """What is suggested, after those who asked before: each look goes through all customers, and nobody who books
    is to wait for those who type. Who has typed on meanwhile has left, and is looked for no more: that is known
    of those whose form was read."""
    async with visit.services.suggesting:
        if await visit.request.is_disconnected():
            return Response(status_code=204)
        return await look()


def as_typed(text: str | None) -> str:
    """What of it is looked at, with single blanks between its words."""
    return " ".join((text or "")[:LONGEST].split())


@dataclass(frozen=True, slots=True)
class _Found:
    """Everything that what was typed may mean."""

    said: Typed
    people: Sequence[AnyRow]
    """One more than are shown, if there are more."""
    classes: Sequence[AnyRow]
    slots: Sequence[AnyRow]
    theirs: Sequence[Place]
    now: datetime
    most: Most

    @property
    def the_one(self) -> AnyRow | None:
        """The customer who is meant beyond doubt."""
        if len(self.people) != 1:
            return None
        [one] = self.people
        is_number = one.number is not None and one.number == self.said.text
        return one if is_number or not (self.said.days or self.classes) else None


async def _find(visit: Visit, text: str, most: Most) -> _Found:
    theirs = await places.theirs(visit)
    now = visit.services.clock.now()
    said = typed(visit.words, text, local(now, theirs[0].zone).date())
    people: Sequence[AnyRow] = ()
    if may(visit.member, Action.SEE_CUSTOMERS) and sought(text):
        studio_ids = [each.id for each in theirs]
        people = await visit.read(customers.find, text, studio_ids, most.people + 1)
    classes = await slots.classes(visit, theirs, said.words)
    wanted = {each.id for each in classes}
    if not said.words and said.hour is not None:
        wanted = await slots.of_studios(visit, theirs)
    on = await slots.slots(visit, said, wanted, theirs, now, most.slots)
    return _Found(said, people, classes, on, theirs, now, most)


class _Writer:
    def __init__(self, visit: Visit, found: _Found) -> None:
        self._visit = visit
        self._words: Words = visit.words
        self._sees = may(visit.member, Action.SEE_CUSTOMERS)
        self._found = found
        self._said = found.said
        self._places = {each.key: each for each in found.theirs}
        self._this_year = local(found.now, found.theirs[0].zone).year

    def view(self) -> FindView:
        words, said, found = self._words, self._said, self._found
        more = len(found.people) > found.most.people
        days = tuple(self._days())
        heading = words.gettext("Customers") if self._sees else words.gettext("Find")
        if said.text:
            heading = words.gettext("Found for “%(text)s”", text=said.text)
        return FindView(
            heading=heading,
            text=said.text,
            people=tuple(self._person(each) for each in found.people[: found.most.people]),
            more_people=words.gettext(
                "These are the first %(n)s: type more of the name.",
                n=words.number(found.most.people),
            )
            if more
            else "",
            days=days,
            days_first=said.is_a_day,
            classes=tuple(self._class(each) for each in found.classes[: found.most.classes]),
            slots=tuple(self._slot(each) for each in found.slots),
            slots_title=self._slots_title(),
            new_customer=self._new_customer(),
            sees_customers=self._sees,
            nothing=bool(said.text) and not (found.people or found.classes or found.slots or days),
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
            full_name(row),
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
