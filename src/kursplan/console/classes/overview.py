"""One class: what its terms mean, its series, its next slots, and what was changed about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection
from starlette.responses import Response

from kursplan.console import told
from kursplan.console.addresses import address
from kursplan.console.classes import PATH, names_of, tags
from kursplan.console.classes.facts import Known, known
from kursplan.console.classes.rows import Names, rhythm, series_rows, slot_rows
from kursplan.console.classes.saying import says
from kursplan.console.classes.view import ClassView
from kursplan.console.frame import Link
from kursplan.console.history.asked import part_of
from kursplan.console.history.lines import LineView, written
from kursplan.console.page import page
from kursplan.console.told.sayings import SAID
from kursplan.console.tones import tone_of
from kursplan.console.visit import NotThere, Visit, number_of
from kursplan.console.words import Words
from kursplan.desk.extend_series import ExtendSeries
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import day_of
from kursplan.domain.series import Series
from kursplan.store.rules import instructors, series
from kursplan.store.staff import classes, history
from kursplan.store.staff.history import Like, Span

LINES: Final = 20
"""How much of the history stands on the page."""


async def handler(visit: Visit) -> Response:
    class_id = id_in_path(visit)
    found = await the_class(visit, class_id)
    now, words, place = visit.services.clock.now(), visit.words, found.place
    own, names, given_by, to_come = await visit.read(_around, class_id, found, now)
    today = day_of(now, place.zone)
    here = f"classes/{class_id}"
    view = ClassView(
        here=here,
        title=found.entry.title,
        aside=" · ".join(_aside(words, found)),
        tone=tone_of(class_id),
        crumbs=crumbs(words, found),
        description=found.entry.description or "",
        tags=tuple(tags(words, found.entry)),
        says=says(
            words,
            found.entry,
            found.rate_names,
            found.others,
            found.studio,
            found.example(now),
            now,
        ),
        series=tuple(series_rows(words, _not_over(own, now), names, today)),
        ended=tuple(series_rows(words, _over(own, now), names, today)),
        slots=tuple(slot_rows(words, found.next, given_by, names)),
        slots_note=words.ngettext("%(n)s to come", "%(n)s to come", to_come),
        new_slot=address("timetable/new", studio=place.key, **{"class": class_id}),
        history=await _history(visit, class_id, found, own),
        all_history=part_of("class", class_id),
        undo=await told.undo_bar(visit, here),
    )
    return page(visit, "classes/class.html", view.title, view)


async def _history(
    visit: Visit, class_id: int, of: Known, own: Sequence[Series]
) -> tuple[LineView, ...]:
    """What was done to the class and its series: of its slots there is more than stands beside anything, and each
    has its own. That slots come for the weeks ahead is no news."""
    told_of = Like(commands=SAID.keys() - {ExtendSeries.name})
    span = Span(limit=LINES)
    lines = await visit.read(
        history.about, EntityKind.CLASS, class_id, span, told_of, {EntityKind.SLOT}
    )
    called = {each.id: rhythm(visit.words, each.plan) for each in own}
    return await written(visit, lines, of.place.zone, called=called)


async def the_class(visit: Visit, class_id: int) -> Known:
    """Raises `NotThere`."""
    found = await visit.read(known, class_id, visit.services.clock.now())
    if found is None:
        raise NotThere(str(class_id))
    return found


def id_in_path(visit: Visit) -> int:
    return number_of("class_id", visit.request.path_params["class_id"])


def crumbs(words: Words, of: Known) -> tuple[Link, ...]:
    """The way to the classes of its studio."""
    return (Link(words.gettext("Classes"), address(PATH, studio=of.place.key)),)


def _around(
    tx: Connection, organization_id: int, class_id: int, of: Known, now: datetime
) -> tuple[Sequence[Series], Names, Mapping[int, Sequence[int]], int]:
    every = series.of_studio(tx, organization_id, of.place.id)
    found = classes.to_come(tx, organization_id, of.place.id, now).get(class_id)
    return (
        [each for each in every if each.class_id == class_id],
        names_of(tx, organization_id, of.place.id),
        instructors.of_slots(tx, organization_id, [each.id for each in of.next]),
        0 if found is None else found.slots,
    )


def _not_over(own: Sequence[Series], now: datetime) -> list[Series]:
    return [each for each in own if not each.has_ended(day_of(now, each.zone))]


def _over(own: Sequence[Series], now: datetime) -> list[Series]:
    return [each for each in own if each.has_ended(day_of(now, each.zone))]


def _aside(words: Words, found: Known) -> Iterator[str]:
    if found.entry.category:
        yield found.entry.category
    yield words.ngettext("%(n)s minute", "%(n)s minutes", found.entry.duration)
    yield found.place.name
