"""Which partners were told of a given change: from a line of history to its events and their deliveries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from starlette.responses import Response

from kursplan.console import told
from kursplan.console.addresses import within
from kursplan.console.history import lines
from kursplan.console.moments import Moments
from kursplan.console.page import page
from kursplan.console.partners.deliveries import about_of, row_told
from kursplan.console.partners.sayings import type_of
from kursplan.console.partners.view import ChangeView, EventView
from kursplan.console.visit import Visit
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff import partners

ABOUT_NAMED = 30
"""Of so many events it is looked up what they are about."""


async def handler(visit: Visit) -> Response:
    line = await told.line_of(visit)
    words, moments = visit.words, await Moments.of(visit)
    ids = {each.id for each in line.subjects}
    events = await visit.read(partners.events_of, ids, line.happened_at, line.happened_at)
    by_event: defaultdict[int, list[AnyRow]] = defaultdict(list)
    for each in await visit.read(partners.told, [event.id for event in events]):
        by_event[each.event_id].append(each)
    [shown] = await lines.written(visit, [line], moments.zone)
    view = ChangeView(
        title=words.gettext("Which partners heard of it"),
        what=shown.what,
        when=moments.at(line.happened_at),
        by=shown.who,
        events=tuple(
            [
                await _event(visit, moments, each, by_event[each.id], named=number < ABOUT_NAMED)
                for number, each in enumerate(events)
            ]
        ),
        nothing=""
        if events
        else words.gettext(
            "There is nothing of it: partners are not told of a change like this, or it is so long ago "
            "that it is kept no longer."
        ),
        back=within(visit.asked("back"), "partners"),
    )
    return page(visit, "partners/change.html", view.title, view)


async def _event(
    visit: Visit, moments: Moments, event: AnyRow, rows: Sequence[AnyRow], *, named: bool
) -> EventView:
    words = visit.words
    nobody = ""
    if not rows and event.fanned_out:
        nobody = words.gettext("No partner listened to this at that time.")
    elif not rows:
        nobody = words.gettext("It is being passed on at this moment.")
    return EventView(
        what=type_of(words, event.type),
        about=await about_of(visit, event.type, event.entity_id) if named else None,
        uuid=event.uuid,
        told=tuple(row_told(words, moments, each) for each in rows),
        nobody=nobody,
    )
