"""Copy a week: what is offered in one takes place in another one, too, and nothing is made twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final

from starlette.responses import Response

from kursplan.console import places, told
from kursplan.console.addresses import address
from kursplan.console.consequences import Item, Part, Proposal, Reason, Standing, ask, wants_form
from kursplan.console.forms import Field, FormView, Kind, Said
from kursplan.console.frame import Link
from kursplan.console.page import page
from kursplan.console.visit import Visit
from kursplan.console.words import Words
from kursplan.desk.copy_week import CopyWeek, WeekCopied
from kursplan.domain.localtime import day_of
from kursplan.store.staff import timetable

PATH: Final = "timetable/copy"
WEEK: Final = timedelta(days=7)


async def handler(visit: Visit) -> Response:
    """From the week of `day` to the one of `to`: the next one, unless it says another."""
    form = await visit.form() if visit.request.method == "POST" else {}
    [place] = places.chosen(visit, await places.theirs(visit))[:1]
    words, now = visit.words, visit.services.clock.now()
    today = day_of(now, place.zone)
    day = visit.asked_day("day") or today
    fields = (
        Field("from", words.gettext("The week of"), day.isoformat(), Kind.DAY, required=True),
        Field(
            "to",
            words.gettext("is copied to the week of"),
            max(day + WEEK, today).isoformat(),
            Kind.DAY,
            required=True,
            hint=words.gettext("Any day of it will do."),
        ),
    )
    said = Said(words, form)
    source, target = (said.day(name, required=True) for name in ("from", "to"))
    if source is not None and target is not None:
        source, target = _monday(words, source), _monday(words, target)
        if source == target:
            said.errors["to"] = words.gettext("It is the same week: choose another one.")
    back = address("timetable", studio=place.key, day=day)
    title = words.gettext("Copy a week")
    if not form or wants_form(form) or said.errors or source is None or target is None:
        view = FormView(
            title,
            (Link(words.gettext("Timetable"), back),),
            words.gettext(
                "What takes place there gets a slot of its own, without anybody booked on it. What a series "
                "brings by itself is not made twice."
            ),
            address(PATH, studio=place.key),
            said.shown(fields) if form else fields,
            (),
            words.gettext("See what comes of it"),
            back,
            "",
        )
        answer = page(visit, "form.html", title, view)
        if form and not wants_form(form):
            answer.status_code = 422
        return answer
    titles = {each.id: each.title for each in await visit.read(timetable.titles, [place.id])}

    def also(copied: WeekCopied) -> Iterator[Part]:
        yield from _parts(words, copied, titles)

    there = address("timetable", studio=place.key, day=target)
    proposal = Proposal(
        words.gettext("Copy the week?"),
        words.gettext("Copy the week"),
        back=back,
        crumbs=(Link(words.gettext("Timetable"), back),),
        now=Standing(_days(words, source, today), place.name),
        then=Standing(_days(words, target, today), place.name),
        reason=Reason.NONE,
        always=True,
        has_form=True,
    )
    command = CopyWeek(visit.member.organization_id, place.id, source, target)
    done = await ask(visit, form, command, proposal, also)
    return done if isinstance(done, Response) else told.after(visit, done, there)


def _monday(words: Words, day: date) -> date:
    """The day with which its week begins there."""
    return day - timedelta(days=(day.weekday() - words.first_weekday) % 7)


def _days(words: Words, first: date, today: date) -> str:
    return words.days(first, first + WEEK - timedelta(days=1), today.year)


def _parts(words: Words, copied: WeekCopied, titles: Mapping[int, str]) -> Iterator[Part]:
    if copied.made:
        made = sorted(copied.made, key=lambda each: (each.starts_at, each.id))
        heading = words.ngettext("%(n)s new slot", "%(n)s new slots", len(made))
        items = tuple(
            Item(
                words.moment(each.studio.local(each.starts_at)),
                note=titles.get(each.class_.id, ""),
            )
            for each in made
        )
        yield Part("good", "plus", heading, items=items)
    else:
        yield Part("wait", "warning", words.gettext("No new slot comes of it"))
    if copied.there:
        heading = words.ngettext(
            "%(n)s is there already, or comes by its series",
            "%(n)s are there already, or come by their series",
            copied.there,
        )
        yield Part("", "check", heading)
    if copied.closed:
        heading = words.ngettext(
            "%(n)s is left out: the studio is closed then",
            "%(n)s are left out: the studio is closed then",
            copied.closed,
        )
        yield Part("wait", "closed", heading)
    if copied.past:
        heading = words.ngettext(
            "%(n)s is left out: its time is past",
            "%(n)s are left out: their time is past",
            copied.past,
        )
        yield Part("", "closed", heading)
