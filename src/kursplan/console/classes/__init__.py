"""Classes: what a studio offers, each with its series, how it is booked, and when the next one is.

For those who plan. From here they get to everything that is planned: a class and its options, series, rates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection
from starlette.responses import Response

from kursplan.console import places, told
from kursplan.console.addresses import address
from kursplan.console.classes.rows import Names, series_rows
from kursplan.console.classes.view import ClassesView, ClassRow
from kursplan.console.frame import Link
from kursplan.console.page import page
from kursplan.console.places import Place
from kursplan.console.slot.view import Tag
from kursplan.console.tones import tone_of
from kursplan.console.visit import Visit
from kursplan.console.words import Words
from kursplan.domain.classes import ClassType, OnlineBooking, WhoMayBook
from kursplan.domain.entries import ClassEntry
from kursplan.domain.localtime import day_of, local
from kursplan.domain.series import Series
from kursplan.store.engine.rows import AnyRow
from kursplan.store.rules import series
from kursplan.store.staff import classes, timetable
from kursplan.store.staff.slot import rooms_of

PATH: Final = "classes"


@dataclass(frozen=True, slots=True)
class Offered:
    """All that a studio offers, as it was read."""

    classes: Sequence[AnyRow]
    rates: Mapping[int, Sequence[str]]
    to_come: Mapping[int, AnyRow]
    series: Sequence[Series]
    names: Names


async def handler(visit: Visit) -> Response:
    theirs = await places.theirs(visit)
    [place] = places.chosen(visit, theirs)[:1]
    now = visit.services.clock.now()
    offered = await visit.read(_offered, place.id, now)
    undo = await told.undo_bar(visit, address(PATH, studio=place.key))
    view = ClassesView(
        add=address(f"{PATH}/new", studio=place.key),
        rows=tuple(_rows(visit.words, offered, place, now)),
        also=(Link(visit.words.gettext("Rates"), "rates", icon="key"),),
        undo=undo,
    )
    title = visit.words.gettext("Classes")
    return page(visit, "classes/classes.html", title, view, studios(theirs, place, PATH))


def studios(theirs: Sequence[Place], place: Place, path: str) -> list[Link]:
    """The studios between which they can change on a page that shows one."""
    return [Link(each.name, address(path, studio=each.key), each == place) for each in theirs]


def _offered(tx: Connection, organization_id: int, studio_id: int, now: datetime) -> Offered:
    rows = classes.of_studio(tx, organization_id, studio_id)
    return Offered(
        rows,
        classes.rates_named(tx, organization_id, [each.id for each in rows]),
        classes.to_come(tx, organization_id, studio_id, now),
        series.of_studio(tx, organization_id, studio_id),
        names_of(tx, organization_id, studio_id),
    )


def names_of(tx: Connection, organization_id: int, studio_id: int) -> Names:
    """The rooms of a studio, and all employees."""
    rooms = rooms_of(tx, organization_id, studio_id)
    return Names({each.id: each.name for each in rooms}, timetable.employees(tx, organization_id))


def _rows(words: Words, offered: Offered, place: Place, now: datetime) -> Iterator[ClassRow]:
    today = day_of(now, place.zone)
    going_on = [each for each in offered.series if not each.has_ended(today)]
    for row in offered.classes:
        found = offered.to_come.get(row.id)
        own = [each for each in going_on if each.class_id == row.id]
        minutes = words.ngettext("%(n)s minute", "%(n)s minutes", row.duration)
        yield ClassRow(
            href=f"classes/{row.id}",
            title=row.title,
            note=" · ".join(filter(None, (row.category, minutes))),
            tone=tone_of(row.id),
            tags=tuple(tags(words, row)),
            seats=seats(words, row),
            who=_who(words, row, offered.rates.get(row.id, ())),
            series=tuple(series_rows(words, own, offered.names, today)),
            add=f"classes/{row.id}/series",
            next="" if found is None else words.moment(local(found.next_start, place.zone)),
            next_href=None
            if found is None
            else address(
                "timetable",
                studio=place.key,
                day=day_of(found.next_start, place.zone),
                **{"class": row.id},
            ),
        )


def seats(words: Words, row: AnyRow) -> str:
    """`12 seats, 10 wait`"""
    if row.max_participants is None:
        return words.gettext("no limit")
    said = words.ngettext("%(n)s seat", "%(n)s seats", row.max_participants)
    if row.max_waiting_list == 0 or row.max_participants == 0:
        return said
    waiting = words.ngettext("%(n)s can wait", "%(n)s can wait", row.max_waiting_list)
    return f"{said}, {waiting}"


def tags(words: Words, row: AnyRow | ClassEntry) -> Iterator[Tag]:
    """What is special about how it is shown."""
    if not row.bookable:
        yield Tag("stop", "closed", words.gettext("switched off"))
    elif row.online_booking is OnlineBooking.DISPLAY_ONLY:
        yield Tag("bare", "eye", words.gettext("display only"))
    elif row.online_booking is OnlineBooking.NO:
        yield Tag("", "closed", words.gettext("not online"))
    if row.type is ClassType.STREAM:
        yield Tag("bare", "stream", words.gettext("stream"))


def _who(words: Words, row: AnyRow, rates: Sequence[str]) -> str:
    if row.who_may_book is WhoMayBook.NAMED_RATES:
        return words.gettext("only %(rates)s", rates=words.listed(list(rates)))
    if row.who_may_book is WhoMayBook.MEMBERS or row.uses_contingent:
        return words.gettext("with a membership")
    return words.gettext("everybody")
