"""The page of an employee: what they give, for how long, what they teach, when others stood in for them.

What somebody teaches is not written down: it is what they gave in the last year, and what they give now.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from starlette.responses import Response

from kursplan.console.addresses import address
from kursplan.console.customers.person import GENDERS
from kursplan.console.frame import Link
from kursplan.console.history.lines import lines
from kursplan.console.page import page
from kursplan.console.studio.employees import in_path, minutes_of, months, name_of, role_of
from kursplan.console.studio.view import EmployeeView, Fact, SlotRow, TaughtRow
from kursplan.console.studio.which import PATH, Which, around
from kursplan.console.told import undo_bar
from kursplan.console.tones import tone_of
from kursplan.console.visit import Visit
from kursplan.console.words import Words
from kursplan.domain.entries import EmployeeEntry
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import local
from kursplan.domain.studios import zone_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff import employees, timetable
from kursplan.store.staff.absence import GIVEN_WITHIN

AHEAD: Final = timedelta(days=60)
SHOWN, REPLACED_SHOWN, LINES_SHOWN = 12, 8, 5


async def handler(visit: Visit) -> Response:
    employee_id, entry = await in_path(visit)
    of, words = await around(visit, entry.studios), visit.words
    here = f"{PATH}/employees/{employee_id}"
    theirs = [each.id for each in of.theirs]
    since = of.now - GIVEN_WITHIN
    rows = await visit.read(employees.slots_of, employee_id, theirs, since, of.now + AHEAD)
    to_come = [each for each in rows if each.starts_at > of.now]
    replaced = await visit.read(employees.replaced, employee_id, theirs, since, REPLACED_SHOWN)
    names = await visit.read(timetable.employees)
    alone = entry.studios <= {each.key for each in of.theirs}
    view = EmployeeView(
        title=name_of(entry),
        aside=_aside(words, entry),
        crumbs=(*of.crumbs, Link(words.gettext("Employees"), of.at("employees"))),
        edit=f"{here}/edit",
        ill=address("ill", employee=employee_id, studio=of.place.key),
        remove=f"{here}/remove" if alone else None,
        to_come=tuple(_slots(words, of, to_come[:SHOWN])),
        more=_more(words, of, employee_id, len(to_come)),
        taught=tuple(_taught(words, of, rows)),
        hours=tuple(_hours(words, of, rows)),
        replaced=tuple(
            SlotRow(
                f"slots/{each.id}",
                "",
                each.title,
                words.moment(local(each.starts_at, zone_of(each.zone))),
                " · ".join(
                    part for part in (names.get(each.stand_in_id, ""), each.reason or "") if part
                ),
            )
            for each in replaced
        ),
        facts=tuple(_facts(words, of, entry)),
        history=await lines(visit, EntityKind.EMPLOYEE, employee_id, of.place.zone, LINES_SHOWN),
        undo=await undo_bar(visit, here),
    )
    return page(visit, "studio/employee.html", view.title, view)


def _aside(words: Words, entry: EmployeeEntry) -> str:
    called = entry.public_name
    said = (
        role_of(words, entry.business_role),
        words.gettext("called %(name)s", name=called) if called else "",
    )
    return " · ".join(each for each in said if each)


def _slots(words: Words, of: Which, rows: Sequence[AnyRow]) -> Iterator[SlotRow]:
    for each in rows:
        taken = each.seats + each.additional_participants
        count = (
            words.ngettext("%(n)s booked", "%(n)s booked", taken)
            if each.max_participants is None
            else words.gettext("%(taken)s of %(limit)s", taken=taken, limit=each.max_participants)
        )
        at = words.moment(local(each.starts_at, zone_of(each.zone)))
        where = next((e.name for e in of.theirs if e.id == each.studio_id), "")
        note = f"{count} · {where}" if len(of.theirs) > 1 else count
        yield SlotRow(f"slots/{each.id}", tone_of(each.class_id), each.title, at, note)


def _more(words: Words, of: Which, employee_id: int, count: int) -> Link | None:
    if count <= SHOWN:
        return None
    said = words.ngettext("%(n)s more", "%(n)s more", count - SHOWN)
    return Link(said, address("timetable", studio=of.place.key, instructor=employee_id))


def _taught(words: Words, of: Which, rows: Sequence[AnyRow]) -> Iterator[TaughtRow]:
    """The most frequent first."""
    given: dict[int, list[AnyRow]] = {}
    for each in rows:
        given.setdefault(each.class_id, []).append(each)
    this_year = of.local_now.year
    for class_id, of_class in sorted(given.items(), key=lambda item: -len(item[1])):
        over = [each for each in of_class if each.ends_at <= of.now]
        often = words.ngettext("%(n)s time in a year", "%(n)s times in a year", len(over))
        last = ""
        if over:
            day = local(over[-1].starts_at, zone_of(over[-1].zone)).date()
            last = words.gettext("last on %(day)s", day=words.near_day(day, this_year))
        yield TaughtRow(
            tone_of(class_id),
            of_class[-1].title,
            often if over else words.gettext("for the first time"),
            last,
        )


def _hours(words: Words, of: Which, rows: Sequence[AnyRow]) -> Iterator[Fact]:
    this_month, last_month = months(of)
    today = of.local_now.date()
    before = local(last_month, of.place.zone).date()
    given = minutes_of(rows, this_month, of.now)
    yield Fact(words.month(today), words.gettext("%(hours)s given", hours=words.hours(given)))
    yield Fact(words.month(before), words.hours(minutes_of(rows, last_month, this_month)))


def _facts(words: Words, of: Which, entry: EmployeeEntry) -> Iterator[Fact]:
    gettext = words.gettext
    names = [each.name for each in of.theirs if each.key in entry.studios]
    more = len(entry.studios) - len(names)
    if more:
        names.append(words.ngettext("%(n)s more studio", "%(n)s more studios", more))
    yield Fact(gettext("Works in"), words.listed(names) if names else gettext("no studio"))
    if entry.initials:
        yield Fact(gettext("Initials"), entry.initials)
    if entry.gender is not None:
        yield Fact(gettext("Gender"), gettext(GENDERS[entry.gender]))
