"""The timetable: a week or a day of a studio, or of all that somebody has.

A week has days as columns. A day has one, or where all studios are shown one for each; by rooms and by
instructors it shows who and what is needed twice, and what is free. Instructors see the slots that they give.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Final

from starlette.responses import Response

from kursplan.console import places, told
from kursplan.console.about import ALL_STUDIOS
from kursplan.console.addresses import address
from kursplan.console.frame import Link
from kursplan.console.live import live_at
from kursplan.console.page import page
from kursplan.console.places import Place
from kursplan.console.timetable.asked import ONE_DAY, PATH, Asked, Shown, asked
from kursplan.console.timetable.columns import ColumnWriter, bounds, hours
from kursplan.console.timetable.filters import fields, narrowed, set_filters
from kursplan.console.timetable.slots import Placed, SlotWriter
from kursplan.console.timetable.view import TimetableView, Told
from kursplan.console.visit import Visit
from kursplan.console.words import MONDAY, Words
from kursplan.domain.accounts import Action, may
from kursplan.domain.localtime import local, start_of_day
from kursplan.store.staff import schedule
from kursplan.store.staff.schedule import Schedule, Span

CLASHES_TOLD: Final = 4
"""How many are told above a day; the slots show all of them."""


async def handler(visit: Visit) -> Response:
    theirs = await places.theirs(visit)
    chosen = places.chosen(visit, theirs)
    now = visit.services.clock.now()
    wanted = asked(visit, local(now, chosen[0].zone).date())
    live = await live_at(visit, chosen)
    studio_ids = [each.id for each in chosen]
    on = await visit.read(schedule.of_studios, studio_ids, _span(wanted, chosen), now)
    plans = len(chosen) == 1 and may(visit.member, Action.PLAN, chosen[0].id)
    view = timetable(visit.words, wanted, on, chosen, now, plans=plans)
    undo = await told.undo_bar(visit, address(PATH, **wanted.parameters))
    view = replace(view, live=live, undo=undo)
    return page(visit, "timetable.html", view.heading, view, _places(visit, wanted, theirs, chosen))


def _span(wanted: Asked, places: Sequence[Place]) -> Span:
    """Everything that may be on one of these days in any of the zones."""
    return Span(
        min(start_of_day(wanted.first, each.zone) for each in places),
        max(start_of_day(wanted.last + ONE_DAY, each.zone) for each in places),
        datetime.combine(wanted.first, time()),
        datetime.combine(wanted.last + ONE_DAY, time()),
    )


def timetable(
    words: Words,
    wanted: Asked,
    on: Schedule,
    places: Sequence[Place],
    now: datetime,
    *,
    plans: bool = False,
) -> TimetableView:
    """The view of what was found; `plans` for those who plan what is shown."""
    several = {each.id: each.name for each in places} if len(places) > 1 else {}
    writer = SlotWriter(words, on, now, several)
    slots = [each for each in _placed(wanted, on, places) if narrowed(wanted, writer, on, each)]
    today = local(now, places[0].zone).date()
    within = bounds(slots)
    column_writer = ColumnWriter(words, wanted, on, places, writer, now, plans=plans)
    columns = column_writer.columns(slots, within)
    told = columns[0].now if columns else None
    moment = local(now, places[0].zone) if told is not None else None
    grid, hour_marks = hours(words, within, moment)
    filters = tuple(fields(words, wanted, on, writer))
    return TimetableView(
        live="",
        heading=_heading(words, wanted, today),
        aside=_week_number(words, wanted),
        earlier=Link(*_step(words, wanted, -1)),
        today=_today(words, wanted, today),
        later=Link(*_step(words, wanted, 1)),
        shown=tuple(_ways(words, wanted)),
        fields=filters,
        kept=tuple(
            (name, value)
            for name, value in wanted.parameters.items()
            if name in ("show", "day", "studio", "q")
        ),
        filters=tuple(set_filters(wanted, filters)),
        clashes=tuple(_clashes(words, wanted, writer, on, slots)),
        grid=f"columns{len(columns)} {grid}",
        hours=hour_marks,
        columns=columns,
        empty=None if slots else _empty(words, wanted),
        new=_new(wanted, places[0], today) if plans else None,
        copy=_copy(wanted, places[0]) if plans else None,
    )


def _placed(wanted: Asked, on: Schedule, places: Sequence[Place]) -> Iterator[Placed]:
    """The slots that start on one of the days, by the clock on the wall of their studio."""
    zones = {each.id: each.zone for each in places}
    for row in on.slots:
        slot = Placed.of(row, zones[row.studio_id], on.instructors.get(row.id, ()))
        if wanted.first <= slot.start.date() <= wanted.last:
            yield slot


def _new(wanted: Asked, place: Place, today: date) -> str:
    """Where a slot is planned, on the day that is shown."""
    return address("timetable/new", studio=place.key, day=max(wanted.day, today), room=wanted.room)


def _copy(wanted: Asked, place: Place) -> str:
    """Where the week that is shown is copied."""
    return address("timetable/copy", studio=place.key, day=wanted.first)


# --- Around it ----------------------------------------------------------------------------------


def _heading(words: Words, wanted: Asked, today: date) -> str:
    if wanted.shown is Shown.WEEK:
        return words.days(wanted.first, wanted.last, today.year)
    return words.long_day(wanted.day, today.year)


def _week_number(words: Words, wanted: Asked) -> str:
    """Where weeks begin on Monday, people count them."""
    if wanted.shown is not Shown.WEEK or words.first_weekday != MONDAY:
        return ""
    return words.gettext("week %(number)s", number=wanted.first.isocalendar().week)


def _step(words: Words, wanted: Asked, by: int) -> tuple[str, str]:
    of_week = {-1: words.gettext("Week before"), 1: words.gettext("Week after")}
    of_day = {-1: words.gettext("Day before"), 1: words.gettext("Day after")}
    label = (of_week if wanted.shown is Shown.WEEK else of_day)[by]
    return label, wanted.having(day=wanted.first + by * wanted.step)


def _today(words: Words, wanted: Asked, today: date) -> Link:
    is_week = wanted.shown is Shown.WEEK
    label = words.gettext("This week") if is_week else words.gettext("Today")
    return Link(label, wanted.having(day=None), wanted.first <= today <= wanted.last)


def _ways(words: Words, wanted: Asked) -> Iterator[Link]:
    labels = {
        Shown.WEEK: words.gettext("Week"),
        Shown.DAY: words.gettext("Day"),
        Shown.ROOMS: words.gettext("Rooms"),
        Shown.INSTRUCTORS: words.gettext("Instructors"),
    }
    for shown, label in labels.items():
        show = None if shown is Shown.WEEK else shown.value
        yield Link(label, wanted.having(show=show), shown is wanted.shown)


def _places(
    visit: Visit, wanted: Asked, theirs: Sequence[Place], chosen: Sequence[Place]
) -> list[Link]:
    """The studios between which they can change. What was filtered is another studio's there."""
    if len(theirs) == 1:
        return [Link(theirs[0].name, PATH, current=True)]
    forget = dict.fromkeys(("room", "instructor", "category", "class"))
    links = [
        Link(each.name, wanted.having(studio=each.key, **forget), list(chosen) == [each])
        for each in theirs
    ]
    everything = visit.words.gettext("All studios")
    href = wanted.having(studio=ALL_STUDIOS, **forget)
    return [*links, Link(everything, href, len(chosen) > 1)]


def _clashes(
    words: Words, wanted: Asked, writer: SlotWriter, on: Schedule, slots: Sequence[Placed]
) -> Iterator[Told]:
    """Who or what is needed twice on the day, and where. A week has its signs."""
    if wanted.shown is Shown.WEEK:
        return
    shown = {each.row.id: each for each in slots}
    found = {each.identity: each for row_id in shown for each in on.clashes.get(row_id, ())}
    for each in list(found.values())[:CLASHES_TOLD]:
        of = [shown[held.slot_id] for held in (each.one, each.other) if held.slot_id in shown]
        start, end = max(slot.start for slot in of), min(slot.end for slot in of)
        text = words.gettext(
            "%(who)s twice, %(start)s to %(end)s:",
            who=writer.needed(each),
            start=words.time(start),
            end=words.time(end),
        )
        links = (
            Link(
                f"{words.time(slot.start)} {on.classes[slot.row.class_id].title}",
                f"slots/{slot.row.id}",
            )
            for slot in of
        )
        yield Told(text, tuple(links))


def _empty(words: Words, wanted: Asked) -> str:
    if wanted.narrows:
        return words.gettext("Nothing that is on in this time fits the filter.")
    return words.gettext("Nothing is on in this time.")
