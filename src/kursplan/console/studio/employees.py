"""Who works in a studio, with what they give; somebody new, what is known of them, and that they are gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from starlette.responses import Response

from kursplan.console import told
from kursplan.console.consequences import Proposal, Reason, ask, fields_of, wants_form
from kursplan.console.consequences.view import Item, Part
from kursplan.console.customers.person import genders_of
from kursplan.console.forms import Field, FormView, Kind, Option, Said, changed_meanwhile
from kursplan.console.frame import Link
from kursplan.console.page import page
from kursplan.console.studio.parts import series_items
from kursplan.console.studio.view import EmployeeRow, EmployeesView
from kursplan.console.studio.which import PATH, Which, around, asked_for
from kursplan.console.told import undo_bar
from kursplan.console.visit import NotTheirs, NotThere, Visit, number_of
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.desk.employees import DeleteEmployee, RecordEmployee
from kursplan.domain.customers import Gender
from kursplan.domain.employees import BusinessRole
from kursplan.domain.entries import EmployeeEntry
from kursplan.domain.localtime import local, start_of_day
from kursplan.domain.names import full_name
from kursplan.domain.studios import zone_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.entries import employees as entries
from kursplan.store.rules import instructors
from kursplan.store.staff import absence, accounts, employees, timetable

ROLES: Final = {
    BusinessRole.TRAINER: _("Instructor"),
    BusinessRole.SERVICE_EMPLOYEE: _("Service"),
    BusinessRole.STUDIO_MANAGER: _("Manager"),
    BusinessRole.STUDIO_OWNER: _("Owner"),
    BusinessRole.ADMINISTRATION_OR_FINANCE: _("Administration"),
    BusinessRole.MARKETING: _("Marketing"),
}
AHEAD: Final = timedelta(days=7)
FAR_AHEAD: Final = timedelta(days=3660)
LONGEST_NAME: Final = 100
_A_MINUTE: Final = timedelta(minutes=1)


# --- The list -----------------------------------------------------------------------------------


async def handler(visit: Visit) -> Response:
    of, words = await asked_for(visit), visit.words
    who = (await visit.read(absence.employees, [of.place.id])).get(of.place.id, [])
    this_month, last_month = months(of)
    theirs = [each.id for each in of.theirs]
    given = await visit.read(employees.given, theirs, last_month, of.now + AHEAD)
    of_each: dict[int, list[AnyRow]] = defaultdict(list)
    for row in given:
        of_each[row.employee_id].append(row)
    view = EmployeesView(
        title=words.gettext("Employees"),
        crumbs=of.crumbs,
        new=of.at("employees/new"),
        rows=tuple(
            EmployeeRow(
                f"{PATH}/employees/{each.id}",
                f"{each.first_name} {each.last_name}",
                role_of(words, each.business_role),
                words.number(sum(1 for row in of_each[each.id] if row.starts_at > of.now)),
                words.hours(minutes_of(of_each[each.id], this_month, of.now)),
                words.hours(minutes_of(of_each[each.id], last_month, this_month)),
            )
            for each in who
        ),
        undo=await undo_bar(visit, of.at("employees")),
    )
    return page(visit, "studio/employees.html", view.title, view, of.links("employees"))


def role_of(words: Words, role: BusinessRole | None) -> str:
    return "" if role is None else words.gettext(ROLES[role])


def months(of: Which) -> tuple[datetime, datetime]:
    """When this month began, and when the last one did, on the calendar of the studio."""
    first = of.local_now.date().replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    return start_of_day(first, of.place.zone), start_of_day(before, of.place.zone)


def minutes_of(rows: Sequence[AnyRow], since: datetime, until: datetime) -> int:
    """How long what they gave took that began in that time and is over."""
    given = (each for each in rows if since <= each.starts_at and each.ends_at <= until)
    return sum(int((each.ends_at - each.starts_at) / _A_MINUTE) for each in given)


# --- Somebody, written down ---------------------------------------------------------------------


async def add(visit: Visit) -> Response:
    """Somebody whom nobody has written down yet."""
    form = await visit.form() if visit.request.method == "POST" else {}
    of, words = await asked_for(visit), visit.words
    blank = EmployeeEntry("", "", "", frozenset({of.place.key}), business_role=BusinessRole.TRAINER)
    fields = _fields(words, of, blank)
    title, back = words.gettext("New employee"), of.at("employees")
    if not form:
        return _page(visit, of, title, of.at("employees/new"), back, fields, "")
    said = Said(words, form)
    entry = _understood(words, said, of, blank)
    if said.errors or not entry.studios:
        wrong = "" if entry.studios else _nowhere(words)
        shown = said.shown(fields)
        return _page(visit, of, title, of.at("employees/new"), back, shown, wrong, unread=True)
    employee_id = await visit.services.desk.ids.next()
    key = await visit.read(employees.free_key, f"employee-{employee_id}")
    command = RecordEmployee(visit.member.organization_id, employee_id, replace(entry, key=key))
    await visit.services.desk.execute(command, by=visit.member.actor)
    return visit.to(f"{PATH}/employees/{employee_id}")


async def edit(visit: Visit) -> Response:
    form = await visit.form() if visit.request.method == "POST" else {}
    employee_id, before = await in_path(visit)
    of, words = await around(visit, before.studios), visit.words
    here = f"{PATH}/employees/{employee_id}"
    title = words.gettext("Edit %(name)s", name=name_of(before))
    fields = tuple(replace(each, was=each.value) for each in _fields(words, of, before))
    if not form:
        return _page(visit, of, title, f"{here}/edit", here, fields, "")
    said = Said.changing(words, form, fields)
    entry = _understood(words, said, of, before)
    unread = bool(said.errors) or not entry.studios
    if unread or wants_form(form):
        wrong = changed_meanwhile(words, form, fields) if entry.studios else _nowhere(words)
        shown = said.shown(fields)
        return _page(visit, of, title, f"{here}/edit", here, shown, wrong, unread=unread)
    command = RecordEmployee(visit.member.organization_id, employee_id, entry, before)
    proposal = Proposal(
        words.gettext("Change %(name)s?", name=name_of(before)),
        words.gettext("Keep the change"),
        back=here,
        crumbs=(Link(name_of(before), here),),
        has_form=True,
    )
    done = await ask(visit, form, command, proposal)
    if isinstance(done, Response):
        return done
    left = not any(each.key in entry.studios for each in of.theirs)
    return told.after(visit, done, of.at("employees") if left else here)


async def in_path(visit: Visit) -> tuple[int, EmployeeEntry]:
    """Raises `NotThere`."""
    employee_id = number_of("employee_id", visit.request.path_params["employee_id"])
    entry = (await visit.read(entries.load, [employee_id])).get(employee_id)
    if entry is None:
        raise NotThere(str(employee_id))
    return employee_id, entry


def name_of(entry: EmployeeEntry) -> str:
    return full_name(entry)


def _nowhere(words: Words) -> str:
    return words.gettext("Choose at least one studio in which they work.")


def _fields(words: Words, of: Which, entry: EmployeeEntry) -> tuple[Field, ...]:
    gettext = words.gettext
    found = [
        Field("first_name", gettext("First name"), entry.first_name, required=True),
        Field("last_name", gettext("Last name"), entry.last_name, required=True),
        Field(
            "public_name",
            gettext("Called"),
            entry.public_name or "",
            hint=gettext("What customers call them, where it is another name."),
        ),
        Field(
            "initials",
            gettext("Initials"),
            entry.initials or "",
            hint=gettext("Made of the names where they are left empty."),
        ),
        Field(
            "business_role",
            gettext("Works as"),
            entry.business_role or "",
            Kind.ONE_OF,
            options=_roles(words),
        ),
        Field(
            "gender",
            gettext("Gender"),
            entry.gender or "",
            Kind.ONE_OF,
            options=genders_of(words),
        ),
    ]
    if len(of.theirs) > 1 or _elsewhere(of, entry):
        found += [
            Field(
                f"studio-{each.key}",
                gettext("Works in %(studio)s", studio=each.name),
                "yes" if each.key in entry.studios else "",
                Kind.CHECK,
            )
            for each in of.theirs
        ]
    return tuple(found)


def _roles(words: Words) -> tuple[Option, ...]:
    named = (Option(each.value, words.gettext(name)) for each, name in ROLES.items())
    return (Option("", "–"), *named)


def _elsewhere(of: Which, entry: EmployeeEntry) -> frozenset[str]:
    """The studios in which they work, too, and that are not for this staff member to decide about."""
    return entry.studios - {each.key for each in of.theirs}


def _understood(words: Words, form: Said, of: Which, before: EmployeeEntry) -> EmployeeEntry:
    """What the form makes of them; what can't be is noted in it."""
    role = form.one_of("business_role", _roles(words), required=False)
    gender = form.one_of("gender", genders_of(words), required=False)
    asked = len(of.theirs) > 1 or _elsewhere(of, before)
    here = {each.key for each in of.theirs if form.check(f"studio-{each.key}")}
    return replace(
        before,
        first_name=form.text("first_name", required=True, longest=LONGEST_NAME) or "",
        last_name=form.text("last_name", required=True, longest=LONGEST_NAME) or "",
        public_name=form.text("public_name", longest=LONGEST_NAME),
        initials=form.text("initials", longest=10),
        business_role=BusinessRole(role) if role else None,
        gender=Gender(gender) if gender else None,
        studios=_elsewhere(of, before) | here if asked else before.studios,
    )


def _page(
    visit: Visit,
    of: Which,
    title: str,
    action: str,
    back: str,
    fields: Sequence[Field],
    wrong: str,
    *,
    unread: bool = False,
) -> Response:
    words = visit.words
    crumbs = (*of.crumbs, Link(words.gettext("Employees"), of.at("employees")))
    is_new = action == of.at("employees/new")
    does = words.gettext("Add the employee") if is_new else words.gettext("Keep the change")
    view = FormView(title, crumbs, "", action, tuple(fields), (), does, back, wrong)
    answer = page(visit, "form.html", title, view)
    if unread:
        answer.status_code = 422
    return answer


# --- Gone ---------------------------------------------------------------------------------------


async def remove(visit: Visit) -> Response:
    """They are gone, and taken off all that is to come. Whoever does it has all studios in which they work."""
    form = await fields_of(visit)
    employee_id, entry = await in_path(visit)
    of, words = await around(visit, entry.studios), visit.words
    if _elsewhere(of, entry):
        raise NotTheirs("they work in other studios, too")
    proposal = Proposal(
        words.gettext("Remove %(name)s?", name=name_of(entry)),
        words.gettext("Remove them"),
        back=f"{PATH}/employees/{employee_id}",
        crumbs=(Link(name_of(entry), f"{PATH}/employees/{employee_id}"),),
        note=words.gettext("What they gave stays on record under their name."),
        besides=tuple([each async for each in _hangs_on(visit, of, employee_id, entry)]),
        reason=Reason.OFFERED,
        always=True,
        grave=True,
    )
    command = DeleteEmployee(visit.member.organization_id, employee_id)
    done = await ask(visit, form, command, proposal)
    return done if isinstance(done, Response) else told.after(visit, done, of.at("employees"))


async def _hangs_on(
    visit: Visit, of: Which, employee_id: int, entry: EmployeeEntry
) -> AsyncIterator[Part]:
    words = visit.words
    everywhere = [each.id for each in await visit.read(timetable.studios)]
    until = of.now + FAR_AHEAD
    slots = await visit.read(employees.slots_of, employee_id, everywhere, of.now, until)
    if slots:
        given_by = await visit.read(instructors.of_slots, [each.id for each in slots])
        names = await visit.read(timetable.employees)
        heading = words.ngettext(
            "%(n)s slot loses its instructor", "%(n)s slots lose their instructor", len(slots)
        )
        note = words.gettext("They take place all the same. Find stand-ins first, or after.")
        items = tuple(_slot_items(words, employee_id, slots, given_by, names))
        yield Part("wait", "people", heading, note, items)
    series = await visit.read(employees.series_of, employee_id)
    if going_on := series_items(words, series, of.local_now.date()):
        heading = words.ngettext(
            "%(n)s series loses its instructor", "%(n)s series lose their instructor", len(going_on)
        )
        yield Part("wait", "timetable", heading, items=going_on)
    for account in await visit.read(accounts.every):
        if account.employee == entry.key and account.disabled_at is None:
            yield Part(
                "wait",
                "key",
                words.gettext("They can still sign in"),
                words.gettext(
                    "The account %(email)s stays. Owners disable it.", email=account.email
                ),
            )


def _slot_items(
    words: Words,
    employee_id: int,
    slots: Sequence[AnyRow],
    given_by: Mapping[int, Sequence[int]],
    names: Mapping[int, str],
) -> Iterator[Item]:
    for each in slots:
        others = [names[who] for who in given_by[each.id] if who != employee_id and who in names]
        left = (
            words.gettext("%(who)s gives it alone", who=words.listed(others))
            if others
            else words.gettext("nobody gives it then")
        )
        count = each.seats + each.waiting
        places = words.ngettext("%(n)s booking", "%(n)s bookings", count)
        at = words.moment(local(each.starts_at, zone_of(each.zone)))
        yield Item(each.title, f"slots/{each.id}", f"{at} · {places} · {left}")
