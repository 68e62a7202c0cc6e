"""The history of everything: what was done, by whom, when and why; and from each line to what it is about.

For those who plan. What stands beside a thing on its own page is in `lines`.
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.responses import Response

from kursplan.console import places
from kursplan.console.history.asked import asked
from kursplan.console.history.look import Looked, look
from kursplan.console.history.writer import HistoryWriter
from kursplan.console.page import page
from kursplan.console.visit import Visit
from kursplan.console.words import Words
from kursplan.domain.accounts import Role
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import local
from kursplan.domain.studios import zone_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff import absence, accounts, contacts, history, timetable


async def handler(visit: Visit) -> Response:
    theirs = await places.theirs(visit)
    zone, studio_ids = theirs[0].zone, [each.id for each in theirs]
    wanted = asked(visit)
    looked = await visit.read(look, visit.member, wanted, zone)
    working = await visit.read(absence.employees, studio_ids)
    writer = HistoryWriter(
        visit.words,
        wanted,
        looked,
        zone,
        {each.id: each.name for each in await visit.read(accounts.every)},
        {
            number: name
            for number, (name, studio) in (await visit.read(history.integrations)).items()
            if studio in {each.key for each in theirs}
        },
        {
            "class": {
                each.id: each.title for each in await visit.read(timetable.titles, studio_ids)
            },
            "employee": {
                each.id: f"{each.first_name} {each.last_name}"
                for rows in working.values()
                for each in rows
            },
        },
        for_owner=visit.member.role is Role.OWNER,
    )
    this_year = local(visit.services.clock.now(), zone).year
    thing = await _called(visit, wanted.thing, looked)
    view = writer.write(thing, this_year)
    return page(visit, "history.html", view.heading, view)


async def _called(visit: Visit, thing: tuple[EntityKind, int] | None, looked: Looked) -> str:
    """What the one thing is called of which the history is shown."""
    words: Words = visit.words
    if thing is None:
        return ""
    kind, number = thing
    match kind:
        case EntityKind.CUSTOMER:
            names = await visit.read(timetable.names_of_customers, {number})
            return names.get(number) or words.gettext("Customer %(number)s", number=number)
        case EntityKind.SLOT:
            rows: Iterable[AnyRow] = (await visit.read(timetable.slots_by_id, {number})).values()
        case EntityKind.BOOKING:
            rows = await visit.read(contacts.of_bookings, {number})
        case _:
            return ""
    return "".join(
        f"{row.title}, {words.moment(local(row.starts_at, zone_of(row.zone)))}" for row in rows
    )
