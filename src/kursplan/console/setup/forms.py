"""The short forms: a studio with its rooms, people who give classes, a class with its times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import time, timedelta
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from sqlalchemy import Table
from starlette.responses import Response

from kursplan.console.consequences.refused import refusal_view
from kursplan.console.forms import Option, Said
from kursplan.console.page import page
from kursplan.console.places import Place, theirs
from kursplan.console.setup import back_to_the_list
from kursplan.console.setup.view import FormView
from kursplan.console.visit import Visit
from kursplan.console.words import Words
from kursplan.desk.classes import RecordClass
from kursplan.desk.employees import RecordEmployee
from kursplan.desk.engine.turn import Command
from kursplan.desk.extend_series import ExtendSeries
from kursplan.desk.locations import RecordLocation
from kursplan.desk.plan_series import PlanSeries
from kursplan.desk.studios import RecordStudio
from kursplan.domain.entries import (
    ClassEntry,
    EmployeeEntry,
    LocationEntry,
    StudioEntry,
    free_key,
)
from kursplan.domain.localtime import local
from kursplan.domain.names import slug
from kursplan.domain.refusals import Refusal
from kursplan.domain.series import SeriesPlan
from kursplan.domain.studios import AREAS
from kursplan.imports.people import split_name
from kursplan.store import tables
from kursplan.store.entries import ids, locations, organizations
from kursplan.store.staff import setup, timetable
from kursplan.store.staff.setup import PlannedClass
from kursplan.web.languages import LANGUAGES

ZONE_OF: Final = {"de": "Europe/Berlin", "en": "Europe/London"}
"""Where a studio is, for all that is known of one whose owner speaks that language. It is shown, and changed
where it is not so."""
MOST_AT_ONCE: Final = 100
LONGEST_NAME: Final = 100
LONGEST_CLASS: Final = 24 * 60
MOST_SEATS: Final = 10_000
NEW: Final = "new"


# --- A studio, and rooms ------------------------------------------------------------------------


async def studio(visit: Visit) -> Response:
    """The first studio, or another one, with its rooms."""
    words = visit.words
    options = {"zone": _zones(), "language": _languages(words)}
    if visit.request.method != "POST":
        entry = await visit.read(organizations.entry)
        any_yet = await visit.read(timetable.studios)
        values = {
            "name": entry.name or "" if entry is not None and not any_yet else "",
            "zone": ZONE_OF.get(words.language, ""),
            "language": words.language,
        }
        return shown(visit, "studio", FormView(values, options=options))
    form = await visit.form()
    said = Said(words, form)
    name = said.text("name", required=True)
    zone = said.one_of("zone", options["zone"])
    language = said.one_of("language", options["language"])
    rooms = _names(words, said, "rooms")
    if said.errors or name is None or zone is None or language is None:
        return shown(visit, "studio", FormView(dict(form), said.errors, options))
    key = await free(visit, tables.studio, name, "studio")
    organization_id = visit.member.organization_id
    made = StudioEntry(key, name, zone, language, city=said.text("city"))
    await _execute(visit, RecordStudio(organization_id, await fresh(visit), made))
    await _add_rooms(visit, key, rooms)
    return back_to_the_list(visit, "studio")


async def rooms(visit: Visit) -> Response:
    """Rooms of a studio that is there."""
    words, places = visit.words, await theirs(visit)
    options = {"studio": tuple(Option(each.key, each.name) for each in places)}
    if visit.request.method != "POST":
        return shown(visit, "rooms", FormView({}, options=options))
    form = await visit.form()
    said = Said(words, form)
    found = _names(words, said, "rooms", required=True)
    key = said.one_of("studio", options["studio"]) if len(places) > 1 else places[0].key
    if said.errors or key is None:
        return shown(visit, "rooms", FormView(dict(form), said.errors, options))
    await _add_rooms(visit, key, found)
    return back_to_the_list(visit, "rooms")


async def _add_rooms(visit: Visit, studio_key: str, names: Iterable[str]) -> None:
    for name in names:
        key = await free(visit, tables.location, name, "room")
        entry = LocationEntry(key, studio_key, name)
        command = RecordLocation(visit.member.organization_id, await fresh(visit), entry)
        await _execute(visit, command)


# --- People -------------------------------------------------------------------------------------


async def people(visit: Visit) -> Response:
    """Those who give classes, by their names; they work in each studio that is there."""
    words, places = visit.words, await theirs(visit)
    if visit.request.method != "POST":
        return shown(visit, "people", FormView({}))
    form = await visit.form()
    said = Said(words, form)
    names = _names(words, said, "people", required=True)
    split = [split_name(each) for each in names]
    for name, parts in zip(names, split, strict=True):
        if parts is None:
            said.errors["people"] = words.gettext(
                "“%(name)s” needs a first and a last name.", name=name
            )
    if said.errors:
        return shown(visit, "people", FormView(dict(form), said.errors))
    studios = frozenset(each.key for each in places)
    for parts in split:
        if parts is not None:
            first, last = parts
            key = await free(visit, tables.employee, f"{first} {last}", "employee")
            entry = EmployeeEntry(key, first, last, studios)
            command = RecordEmployee(visit.member.organization_id, await fresh(visit), entry)
            await _execute(visit, command)
    return back_to_the_list(visit, "people")


# --- A class, and its times ---------------------------------------------------------------------


async def first_class(visit: Visit) -> Response:
    """A class and its weekly times, in one form; or the times alone, of a class that has none yet."""
    words, places = visit.words, await theirs(visit)
    stock = await visit.read(setup.stock, visit.services.clock.now())
    waiting = [each for each in stock.classes if each.next_slot is None]
    options = await _options(visit, places, waiting)
    if visit.request.method != "POST":
        chosen = str(waiting[0].id) if waiting else NEW
        values = {"class": chosen, "duration": "60", "seats": "12", "start": "18:00"}
        return shown(visit, "class", FormView(values, options=options))
    form = await visit.form()
    said = Said(words, form)
    planned = next((each for each in waiting if str(each.id) == said.raw("class")), None)
    place = next((each for each in places if each.key == said.raw("studio")), places[0])
    if planned is not None:
        place = next(each for each in places if each.key == planned.entry.studio)
    entry = await _class_entry(visit, said, place) if planned is None else planned.entry
    plan = await _plan(visit, said, place)
    if said.errors or plan is None:
        return shown(visit, "class", FormView(dict(form), said.errors, options))
    refused = await _plan_class(visit, planned, entry, plan)
    if refused is not None:
        why = await refusal_view(visit, refused, may=False)
        errors = {"start": " ".join([f"{why.sentence}.", *why.items])}
        return shown(visit, "class", FormView(dict(form), errors, options))
    return back_to_the_list(visit, "class")


async def _options(
    visit: Visit, places: Sequence[Place], waiting: Sequence[PlannedClass]
) -> dict[str, tuple[Option, ...]]:
    words = visit.words
    rooms = await visit.read(_rooms)
    employees = await visit.read(timetable.employees)
    names = {each.key: each.name for each in places}
    several = len(places) > 1
    return {
        "class": (
            *(Option(str(each.id), each.entry.title) for each in waiting),
            Option(NEW, words.gettext("A new class")),
        ),
        "studio": tuple(Option(each.key, each.name) for each in places),
        "weekday": tuple(Option(str(n), name) for n, name in enumerate(words.weekdays)),
        "room": (
            Option("", words.gettext("None")),
            *(
                Option(str(row_id), f"{each.name}, {names[each.studio]}" if several else each.name)
                for row_id, each in rooms.items()
                if each.studio in names
            ),
        ),
        "instructor": (
            Option("", words.gettext("Nobody yet")),
            *(Option(str(row_id), name) for row_id, name in employees.items()),
        ),
    }


def _rooms(tx: Any, organization_id: int) -> dict[int, LocationEntry]:
    found = ids.ids(tx, organization_id, tables.location)
    return locations.load(tx, organization_id, found.values())


async def _class_entry(visit: Visit, said: Said, place: Place) -> ClassEntry:
    title = said.text("title", required=True) or ""
    duration = _number(visit.words, said, "duration", LONGEST_CLASS)
    seats = _number(visit.words, said, "seats", MOST_SEATS)
    key = await free(visit, tables.class_, title, "class")
    return ClassEntry(key, place.key, title, duration, max_participants=seats)


async def _plan(visit: Visit, said: Said, place: Place) -> SeriesPlan | None:
    words = visit.words
    weekdays = frozenset(n for n in range(7) if said.raw(f"day-{n}"))
    if not weekdays:
        said.errors["weekday"] = words.gettext("Choose one day at least.")
    start = _time(words, said)
    rooms = await visit.read(_rooms)
    room = next((row_id for row_id in rooms if str(row_id) == said.raw("room")), None)
    if room is not None and rooms[room].studio != place.key:
        said.errors["room"] = words.gettext("This room is in another studio.")
    employees = await visit.read(timetable.employees)
    given_by = next((row_id for row_id in employees if str(row_id) == said.raw("instructor")), None)
    if said.errors or start is None:
        return None
    today = local(visit.services.clock.now(), place.zone).date()
    return SeriesPlan(
        weekdays,
        start,
        today,
        location_id=room,
        instructors=() if given_by is None else (given_by,),
    )


async def _plan_class(
    visit: Visit, planned: PlannedClass | None, entry: ClassEntry, plan: SeriesPlan
) -> Refusal | None:
    """Have all of it done; or say why not, and then nothing is."""
    organization_id, services = visit.member.organization_id, visit.services
    class_id = await fresh(visit) if planned is None else planned.id
    series_id = await fresh(visit)
    key = await free(visit, tables.series, f"{entry.title} {plan.start_time:%H-%M}", "series")
    until = services.clock.now().date() + timedelta(days=services.horizon_days)
    commands: list[Command[Any]] = [
        PlanSeries(organization_id, series_id, class_id, key, plan),
        ExtendSeries(organization_id, series_id, until),
    ]
    if planned is None:
        commands.insert(0, RecordClass(organization_id, class_id, entry))
    rehearsed = await services.desk.rehearse_all([[each] for each in commands])
    for [answer] in rehearsed.answer:
        if isinstance(answer, Refusal):
            return answer
    for command in commands:
        answer = await _execute(visit, command)
        if isinstance(answer, Refusal):
            return answer
    return None


# --- What all of them need ----------------------------------------------------------------------


def shown(visit: Visit, name: str, view: FormView) -> Response:
    answer = page(visit, f"setup/{name}.html", visit.words.gettext("Set-up"), view)
    if view.errors:
        answer.status_code = 422
    return answer


async def _execute(visit: Visit, command: Command[Any]) -> Any:
    return await visit.services.desk.execute(command, by=visit.member.actor)


async def fresh(visit: Visit) -> int:
    return await visit.services.desk.ids.next()


async def free(visit: Visit, table: Table, name: str, otherwise: str) -> str:
    """A key made of the name, that nothing of the kind goes by."""
    taken: Callable[[str], bool] = (await visit.read(ids.ids, table)).keys().__contains__
    return free_key(slug(name) or otherwise, taken)


def _names(words: Words, said: Said, name: str, *, required: bool = False) -> tuple[str, ...]:
    """The names in a field, with commas or line ends between them, each once."""
    typed = said.raw(name).replace("\r", "").replace("\n", ",").replace(";", ",").split(",")
    found = tuple(dict.fromkeys(" ".join(each.split()) for each in typed if each.strip()))
    if required and not found:
        said.errors[name] = words.gettext("It is needed: fill it in.")
    if len(found) > MOST_AT_ONCE or any(len(each) > LONGEST_NAME for each in found):
        said.errors[name] = words.gettext(
            "These are too many, or one is too long: put a comma or a new line between them."
        )
    return found


def _number(words: Words, said: Said, name: str, most: int) -> int:
    typed = said.raw(name)
    if typed.isascii() and typed.isdigit() and 1 <= int(typed[:9]) <= most:
        return int(typed)
    said.errors[name] = words.gettext("Write a number from 1 to %(most)s.", most=words.number(most))
    return 1


def _time(words: Words, said: Said) -> time | None:
    try:
        return time.fromisoformat(said.raw("start")).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        said.errors["start"] = words.gettext(
            "That is no time: write it like %(time)s.", time="18:30"
        )
        return None


@cache
def _zones() -> tuple[Option, ...]:
    """All zones in which a studio can be."""
    named = (each for each in available_timezones() if each.partition("/")[0] in AREAS)
    return tuple(Option(each, each.replace("_", " ")) for each in sorted(named))


def _languages(words: Words) -> tuple[Option, ...]:
    """Those in which partners are answered."""
    tags = [each for each in LANGUAGES if "-" not in each]
    return tuple(
        sorted((Option(each, words.language_name(each)) for each in tags), key=lambda o: o.label)
    )
