"""Numbers: how full it is, when and where, who did not come, who got no place, and how that was before.

For those who plan. Each table can be had for a spreadsheet, where it says all that was counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from starlette.responses import Response

from kursplan.console import places
from kursplan.console.about import ALL_STUDIOS
from kursplan.console.frame import Link
from kursplan.console.numbers.asked import NARROW, Wanted, wanted
from kursplan.console.numbers.lines import Line, LineWriter, Names
from kursplan.console.numbers.writer import NumbersWriter
from kursplan.console.page import page
from kursplan.console.places import Place
from kursplan.console.sheets import sheet_of
from kursplan.console.visit import NotThere, Visit
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.domain.localtime import local
from kursplan.domain.numbers import Sums
from kursplan.store.staff import numbers, schedule, timetable
from kursplan.store.staff.numbers import Summed

COUNTED: Final = (
    _("Slots"),
    _("Seats"),
    _("Seats taken"),
    _("Bookings"),
    _("Did not come"),
    _("Cancelled late"),
    _("Waited in vain"),
    _("Turned away"),
    _("Hours"),
)
"""What a sheet says of each line, now and before."""


async def handler(visit: Visit) -> Response:
    theirs = await places.theirs(visit)
    chosen = places.chosen(visit, theirs)
    asked, names, now, before = await _numbers(visit, chosen)
    where = visit.words.listed([each.name for each in chosen])
    view = NumbersWriter(visit.words, asked, names, now, before, where).write()
    return page(visit, "numbers.html", view.heading, view, _places(visit, asked, theirs, chosen))


async def sheet(visit: Visit) -> Response:
    """One of the tables, with everything that was counted."""
    chosen = places.chosen(visit, await places.theirs(visit))
    asked, names, now, before = await _numbers(visit, chosen)
    words, name = visit.words, visit.request.path_params["table"]
    found = LineWriter(words, asked, names, now, before).sheets.get(name)
    if found is None:
        raise NotThere(name)
    counted = [words.gettext(each) for each in COUNTED]
    head = [
        *map(words.gettext, found.labels),
        *counted,
        *(words.gettext("%(what)s, before", what=each) for each in counted),
    ]
    rows = [_row(each) for each in found.lines()]
    return sheet_of(f"{name}-{asked.days.first}-{asked.days.last}", [head, *rows])


async def _numbers(visit: Visit, chosen: Sequence[Place]) -> tuple[Wanted, Names, Summed, Summed]:
    now = visit.services.clock.now()
    asked = wanted(visit, local(now, chosen[0].zone).date())
    studio_ids = [each.id for each in chosen]
    of = numbers.Asked(studio_ids, asked.class_id, asked.room_id, asked.employee_id)
    summed = await visit.read(numbers.compared, of, asked.days, asked.before, now)
    names = Names(
        {each.id: each.title for each in await visit.read(timetable.titles, studio_ids)},
        {each.id: each.name for each in await visit.read(schedule.rooms, studio_ids)},
        await visit.read(timetable.employees),
    )
    return asked, names, *summed


def _row(line: Line) -> list[str]:
    return [*line.labels, *_counted(line.now), *_counted(line.before)]


def _counted(sums: Sums) -> Iterator[str]:
    for each in (
        sums.slots,
        sums.offered,
        sums.taken,
        sums.booked,
        sums.missing,
        sums.late,
        sums.waited,
        sums.turned_away,
    ):
        yield str(each)
    yield f"{sums.minutes / 60:.2f}"


def _places(
    visit: Visit, asked: Wanted, theirs: Sequence[Place], chosen: Sequence[Place]
) -> list[Link]:
    """The studios between which they can change; what was filtered is another studio's there."""
    words: Words = visit.words
    forget = dict.fromkeys(NARROW)
    links = [
        Link(each.name, asked.having(studio=each.key, **forget), list(chosen) == [each])
        for each in theirs
    ]
    if len(theirs) == 1:
        return links
    everything = asked.having(studio=ALL_STUDIOS, **forget)
    return [*links, Link(words.gettext("All studios"), everything, len(chosen) > 1)]
