"""What needs a person: what the rules can't decide, and what somebody should look at before it is too late.

Today names the first ones of each kind; all of one kind stand on a page of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from starlette.responses import Response

from kursplan.console import places
from kursplan.console.addresses import address
from kursplan.console.frame import Link
from kursplan.console.live import live_at
from kursplan.console.page import page
from kursplan.console.places import Place
from kursplan.console.timetable.asked import ONE_DAY
from kursplan.console.timetable.slots import SlotWriter
from kursplan.console.today.door import home
from kursplan.console.today.view import Need, NeedItem, NeedView
from kursplan.console.visit import Visit
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.domain.accounts import Action, may
from kursplan.domain.localtime import local, start_of_day
from kursplan.domain.slots import SlotStatus
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff import front_desk, schedule
from kursplan.store.staff import timetable as stored
from kursplan.store.staff.front_desk import Waiting
from kursplan.store.staff.schedule import Schedule, Span

PATH: Final = "needs"

AHEAD: Final = timedelta(days=7)
"""How far ahead is looked for what goes wrong on the timetable."""
CONFIRM_SOON: Final = timedelta(hours=48)
EMPTY_SOON: Final = timedelta(hours=24)
"""How long before its start a class that hardly anybody booked is worth a look."""
NEARLY_EMPTY: Final = 2
"""So many people at most."""
SHOWN: Final = 3
"""How many of each kind are named on Today."""


class Of(StrEnum):
    """What needs a person, by its kind."""

    TWICE = "twice"
    FLAGGED = "flagged"
    OVER_CAPACITY = "over-capacity"
    NO_INSTRUCTOR = "no-instructor"
    PARTNERS = "partners"
    UNCONFIRMED = "unconfirmed"
    FREE_SEAT = "free-seat"
    NEARLY_EMPTY = "nearly-empty"


TITLES: Final = {
    Of.TWICE: ("grave", _("Twice at the same time")),
    Of.FLAGGED: ("flagged", _("Flagged bookings")),
    Of.OVER_CAPACITY: ("flagged", _("Over capacity")),
    Of.NO_INSTRUCTOR: ("flagged", _("Instructor missing")),
    Of.PARTNERS: ("flagged", _("Partners are told nothing any more")),
    Of.UNCONFIRMED: ("soon", _("To be confirmed soon")),
    Of.FREE_SEAT: ("soon", _("A seat is free, and somebody waits")),
    Of.NEARLY_EMPTY: ("", _("Nearly empty")),
}
"""The gravest first: how grave it is, and what it is called."""


async def handler(visit: Visit) -> Response:
    """All of the kind that the address names."""
    of = Of(visit.asked_one_of("of", *Of))
    theirs = await places.theirs(visit)
    place = places.chosen(visit, theirs)[0]
    live = await live_at(visit, [place])
    every = await what_needs(visit, place, visit.services.clock.now())
    title = visit.words.gettext(TITLES[of][1])
    view = NeedView(
        need=next((each for each in every if each.of == of), None),
        live=live,
        back=Link(visit.words.gettext("Today"), home(place.key)),
        others=tuple(
            Link(f"{each.title} {each.count}", _every_at(place, each.of))
            for each in every
            if each.of != of
        ),
    )
    links = [Link(each.name, _every_at(each, of), each == place) for each in theirs]
    return page(visit, "needs.html", title, view, links)


async def what_needs(visit: Visit, place: Place, now: datetime) -> tuple[Need, ...]:
    """What needs a person in the studio, the gravest first."""
    first = local(now, place.zone).date()
    on = await visit.read(schedule.of_studios, [place.id], days(place, first, first + AHEAD), now)
    waiting = await visit.read(front_desk.waiting, [place.id], now, now + CONFIRM_SOON)
    ids = {each.slot_id for each in (*waiting.flagged, *waiting.unconfirmed)}
    others = await visit.read(stored.slots_by_id, ids)
    writer = SlotWriter(visit.words, on, now, {})
    found = NeedsWriter(visit.words, on, writer, place, now)
    return found.write(waiting, others, plans=may(visit.member, Action.PLAN))


def days(place: Place, first: date, last: date) -> Span:
    """From the first of these days to the end of the last, by the studio's clock."""
    return Span(
        start_of_day(first, place.zone),
        start_of_day(last + ONE_DAY, place.zone),
        datetime.combine(first, time()),
        datetime.combine(last + ONE_DAY, time()),
    )


def _every_at(place: Place, of: str) -> str:
    return address(PATH, studio=place.key, of=of)


class NeedsWriter:
    """Writes it down for one studio."""

    def __init__(
        self, words: Words, on: Schedule, writer: SlotWriter, place: Place, now: datetime
    ) -> None:
        self._words = words
        self._on = on
        self._writer = writer
        self._place = place
        self._now = now
        self._today = local(now, place.zone).date()

    def write(
        self, waiting: Waiting, others: Mapping[int, AnyRow], *, plans: bool
    ) -> tuple[Need, ...]:
        """The gravest first. `others` are slots beyond the schedule, by id; `plans` is whether whoever looks
        does more than the front desk."""
        every: dict[Of, Sequence[NeedItem]] = {
            Of.TWICE: list(self._twice()),
            Of.FLAGGED: list(self._flagged(waiting, others)),
            Of.OVER_CAPACITY: list(self._over_capacity()),
            Of.NO_INSTRUCTOR: list(self._without_instructor()),
            Of.PARTNERS: list(self._endpoints(waiting)) if plans else [],
            Of.UNCONFIRMED: list(self._unconfirmed(waiting, others)),
            Of.FREE_SEAT: list(self._free_beside_waiting()),
            Of.NEARLY_EMPTY: list(self._nearly_empty()),
        }
        counts = {of: len(items) for of, items in every.items()}
        # Of these bookings are counted, which stand together on their slots.
        counts[Of.FLAGGED] = sum(each.bookings for each in waiting.flagged)
        counts[Of.UNCONFIRMED] = sum(each.bookings for each in waiting.unconfirmed)
        return tuple(self._need(of, items, counts[of]) for of, items in every.items() if items)

    # --- On the timetable -----------------------------------------------------------------------

    def _twice(self) -> Iterator[NeedItem]:
        found = {each.identity: each for every in self._on.clashes.values() for each in every}
        rows = {row.id: row for row in self._on.slots}
        for each in found.values():
            of = next(rows[held.slot_id] for held in (each.one, each.other) if held.slot_id in rows)
            start = local(max(each.one.starts_at, each.other.starts_at), self._place.zone)
            yield self._at(start, f"slots/{of.id}", self._writer.needed(each))

    def _over_capacity(self) -> Iterator[NeedItem]:
        for each in self._planned():
            limit = each.max_participants
            if limit is not None and _taken(each) > limit:
                yield self._item(
                    each,
                    self._words.gettext("%(taken)s of %(limit)s", taken=_taken(each), limit=limit),
                )

    def _without_instructor(self) -> Iterator[NeedItem]:
        for each in self._planned():
            if not self._on.instructors[each.id]:
                yield self._item(each)

    def _free_beside_waiting(self) -> Iterator[NeedItem]:
        for each in self._planned():
            limit = each.max_participants
            if each.waiting and limit is not None and _taken(each) < limit:
                waiting = self._words.ngettext("%(n)s waiting", "%(n)s waiting", each.waiting)
                yield self._item(each, waiting)

    def _nearly_empty(self) -> Iterator[NeedItem]:
        for each in self._planned():
            is_soon = self._now < each.starts_at <= self._now + EMPTY_SOON
            if is_soon and _taken(each) <= NEARLY_EMPTY and each.max_participants is not None:
                booked = self._words.ngettext("%(n)s booked", "%(n)s booked", _taken(each))
                yield self._item(each, booked)

    def _planned(self) -> Iterator[AnyRow]:
        for each in self._on.slots:
            if each.status is SlotStatus.PLANNED and each.ends_at > self._now:
                yield each

    # --- Beyond it ------------------------------------------------------------------------------

    def _flagged(self, waiting: Waiting, others: Mapping[int, AnyRow]) -> Iterator[NeedItem]:
        for each in waiting.flagged:
            several = self._words.number(each.bookings) if each.bookings > 1 else ""
            yield self._of_people(each, others, several)

    def _unconfirmed(self, waiting: Waiting, others: Mapping[int, AnyRow]) -> Iterator[NeedItem]:
        for each in waiting.unconfirmed:
            until = self._briefly(local(each.until, self._place.zone))
            until_when = self._words.gettext("until %(time)s", time=until)
            yield self._of_people(each, others, until_when)

    def _of_people(self, waiting: AnyRow, others: Mapping[int, AnyRow], what: str) -> NeedItem:
        """Leads to the first of those on the slot of whom it is said."""
        item = self._item(others[waiting.slot_id], what)
        return replace(item, href=f"{item.href}#b{waiting.first_booking_id}")

    @staticmethod
    def _endpoints(waiting: Waiting) -> Iterator[NeedItem]:
        for each in waiting.endpoints:
            yield NeedItem("", each.url.partition("?")[0], "", "", "")

    # --- Words ----------------------------------------------------------------------------------

    def _need(self, of: Of, items: Sequence[NeedItem], count: int) -> Need:
        words, further = self._words, len(items) - SHOWN
        more = words.ngettext("and %(n)s more", "and %(n)s more", max(0, further))
        kind, title = TITLES[of]
        return Need(
            of,
            kind,
            words.number(count),
            words.gettext(title),
            tuple(items[:SHOWN]),
            tuple(items),
            Link(more, _every_at(self._place, of)) if further > 0 else None,
        )

    def _item(self, row: AnyRow, what: str = "") -> NeedItem:
        title = getattr(row, "title", None) or self._on.classes[row.class_id].title
        return self._at(local(row.starts_at, self._place.zone), f"slots/{row.id}", title, what)

    def _at(self, start: datetime, href: str, title: str, what: str = "") -> NeedItem:
        return NeedItem(href, title, self._briefly(start), self._words.moment(start), what)

    def _briefly(self, start: datetime) -> str:
        """`18:00` today, otherwise with the day."""
        time = self._words.time(start)
        return (
            time if start.date() == self._today else f"{self._words.short_day(start.date())} {time}"
        )


def _taken(row: AnyRow) -> int:
    return int(row.seats + row.additional_participants)
