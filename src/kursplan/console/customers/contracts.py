"""A customer's contracts: a membership begins, rests or ends, and they move to another studio.

Each asks first for what it needs, then shows what would become of their bookings, and then does it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from starlette.responses import Response

from kursplan.console import places, told
from kursplan.console.consequences import Done, Proposal, Reason, ask, fields_of, wants_form
from kursplan.console.consequences.again import done_lately
from kursplan.console.customers.whom import Whom, whom
from kursplan.console.forms import Field, FormView, Kind, Option, Said, form_page
from kursplan.console.frame import IN_CHARGE, Link
from kursplan.console.visit import Visit
from kursplan.console.words import marked as _
from kursplan.desk.contracts import EndMembership, FreezeMembership, MoveHome
from kursplan.desk.customers import RecordCustomers
from kursplan.desk.engine.turn import Command
from kursplan.domain.contingents import Contingent, Period
from kursplan.domain.entries import MembershipEntry
from kursplan.domain.localtime import day_of
from kursplan.domain.studios import zone_of
from kursplan.store.staff import customers, timetable

GRANTS: Final = {
    Period.WEEK: _("Bookings a week"),
    Period.MONTH: _("Bookings a month"),
    Period.YEAR: _("Bookings a year"),
    Period.TOTAL: _("Bookings in all"),
}
MOST_GRANTED: Final = 10_000


async def freeze(visit: Visit) -> Response:
    """A membership rests from a day on, to another one or until further notice."""
    found, form = await _asked(visit)
    words = visit.words
    held = _which(visit, found, form)
    if held is None:
        return _none(visit, found, "freeze")
    rate = await _rate(visit, held)
    fields = (
        Field("first", words.gettext("First day"), "", Kind.DAY, required=True),
        Field(
            "last",
            words.gettext("Last day"),
            "",
            Kind.DAY,
            hint=words.gettext("Left empty, it rests until further notice."),
        ),
    )
    said = Said(words, form)
    first, last = said.day("first", required=True), said.day("last")
    if first is not None and last is not None and last < first:
        said.errors["last"] = words.gettext("It is before the first day: choose a later one.")
    title = words.gettext("Freeze %(rate)s for %(name)s", rate=rate, name=found.name)
    if said.errors or first is None or not form or wants_form(form):
        return _form(visit, found, "freeze", title, fields, said, form, held)
    command = FreezeMembership(
        visit.member.organization_id, found.id, held.key, first, last, form.get("reason") or None
    )
    does = words.gettext("Freeze it")
    return await _done(visit, found, form, command, title, does, _days(visit, first, last))


async def wake(visit: Visit) -> Response:
    """An idle period is taken back: it never was, or ended yesterday where it has begun."""
    fields = await fields_of(visit)
    found = await whom(visit)
    words = visit.words
    held = _which(visit, found, fields)
    rests = () if held is None else held.idle_periods or ()
    rest = next((each for each in rests if each.key == fields.get("rest")), None)
    if held is None or rest is None:
        return _none(visit, found, "wake")
    left = replace(held, idle_periods=tuple(each for each in rests if each != rest))
    memberships = tuple(
        left if each.key == held.key else each for each in found.entry.memberships or ()
    )
    command = RecordCustomers(
        visit.member.organization_id,
        {found.id: replace(found.entry, memberships=memberships)},
        {found.id: found.entry},
    )
    rate = await _rate(visit, held)
    title = words.gettext("%(rate)s of %(name)s rests no more?", rate=rate, name=found.name)
    note = _days(visit, rest.first_day, rest.last_day)
    does = words.gettext("Take it back")
    return await _done(visit, found, fields, command, title, does, note, has_form=False)


async def end(visit: Visit) -> Response:
    """A membership ends with a day."""
    found, form = await _asked(visit)
    words = visit.words
    held = _which(visit, found, form)
    if held is None:
        return _none(visit, found, "end")
    rate = await _rate(visit, held)
    until = "" if held.valid_until is None else held.valid_until.isoformat()
    fields = (Field("last", words.gettext("Last day"), until, Kind.DAY, required=True),)
    said = Said(words, form)
    last = said.day("last", required=True)
    if last is not None and last < held.valid_from:
        said.errors["last"] = words.gettext(
            "It begins on %(day)s: choose a day on or after it.",
            day=words.full_day(held.valid_from),
        )
    title = words.gettext("End %(rate)s for %(name)s", rate=rate, name=found.name)
    if said.errors or last is None or not form or wants_form(form):
        return _form(visit, found, "end", title, fields, said, form, held)
    command = EndMembership(visit.member.organization_id, found.id, held.key, last)
    note = words.gettext("The last day is %(day)s.", day=words.full_day(last))
    return await _done(visit, found, form, command, title, words.gettext("End it"), note)


async def add(visit: Visit) -> Response:
    """They get a membership, from a day on, with what its rate grants or with contingents of its own.

    What is asked about goes by a `key` of its own, so that it is added once, however often it is sent.
    """
    found, form = await _asked(visit)
    words = visit.words
    held = found.entry.memberships or ()
    if form.get("key") in {each.key for each in held}:
        return await _added_before(visit, found)
    rates = [Option(row.key, row.name) for row in await visit.read(customers.rates)]
    today = await _today(visit, found)
    fields = (
        Field("rate", words.gettext("Rate"), "", Kind.ONE_OF, options=rates),
        Field("first", words.gettext("First day"), today.isoformat(), Kind.DAY, required=True),
        Field(
            "last",
            words.gettext("Last day"),
            "",
            Kind.DAY,
            hint=words.gettext("Left empty, it has no end."),
        ),
        *(
            Field(
                f"grants-{period.lower()}",
                words.gettext(label),
                kind=Kind.NUMBER,
                hint=words.gettext("All four left empty, it is what the rate grants.")
                if period is Period.TOTAL
                else "",
            )
            for period, label in GRANTS.items()
        ),
    )
    said = Said(words, form)
    grants = frozenset(
        Contingent(bookings, period)
        for period in GRANTS
        if (bookings := said.number(f"grants-{period.lower()}", most=MOST_GRANTED)) is not None
    )
    rate, first, last = (
        said.one_of("rate", rates),
        said.day("first", required=True),
        said.day("last"),
    )
    if first is not None and last is not None and last < first:
        said.errors["last"] = words.gettext("It is before the first day: choose a later one.")
    title = words.gettext("A membership for %(name)s", name=found.name)
    if not rates:
        none = words.gettext("There is no rate yet that a membership could be of.")
        return _form(visit, found, "memberships", title, (), said, {}, None, none)
    if said.errors or rate is None or first is None or not form or wants_form(form):
        return _form(visit, found, "memberships", title, fields, said, form, None)
    wanted = f"{found.entry.key}-{rate}-{first}"
    key = await visit.read(customers.free_membership_key, wanted)
    new = MembershipEntry(key, rate, first, last, contingents=grants)
    entry = replace(found.entry, memberships=(*held, new))
    command = RecordCustomers(
        visit.member.organization_id, {found.id: entry}, {found.id: found.entry}
    )
    does, note = words.gettext("Add it"), _days(visit, first, last)
    return await _done(visit, found, {**form, "key": key}, command, title, does, note)


async def _added_before(visit: Visit, found: Whom) -> Response:
    """The same form has been sent before: it is said whose doing that was, if it was their own."""
    for line in await done_lately(visit, RecordCustomers.name):
        if line.subjects[0].id == found.id:
            return told.after(visit, Done(None, (), line, again=True), found.here)
    return visit.to(found.here)


async def move(visit: Visit) -> Response:
    """They are at home in another studio, which is one of those that the staff member has."""
    found, form = await _asked(visit)
    words = visit.words
    others = [
        Option(each.key, each.name)
        for each in await places.theirs(visit)
        if each.key != found.entry.studio
    ]
    fields = (Field("studio", words.gettext("New home studio"), "", Kind.ONE_OF, options=others),)
    said = Said(words, form)
    studio = said.one_of("studio", others)
    title = words.gettext("Move %(name)s to another studio", name=found.name)
    if not others:
        return _form(visit, found, "move", title, (), said, {}, None)
    if said.errors or studio is None or not form or wants_form(form):
        return _form(visit, found, "move", title, fields, said, form, None)
    command = MoveHome(visit.member.organization_id, found.id, studio)
    to = next(each.label for each in others if each.value == studio)
    return await _done(
        visit, found, form, command, title, words.gettext("Move to %(studio)s", studio=to)
    )


# --- What they share ----------------------------------------------------------------------------


async def _asked(visit: Visit) -> tuple[Whom, Mapping[str, str]]:
    """Whom it is about, and what the form says; nothing yet where it is only opened."""
    form = await visit.form() if visit.request.method == "POST" else {}
    return await whom(visit), form


def _which(visit: Visit, found: Whom, form: Mapping[str, str]) -> MembershipEntry | None:
    """The membership that is meant; the first where none is named, and none where there is none.

    Raises `NotThere` for another one's.
    """
    key = form.get("membership") or visit.asked("membership")
    if key is not None:
        return found.membership(key)
    return next(iter(found.entry.memberships or ()), None)


def _none(visit: Visit, found: Whom, path: str) -> Response:
    """There is nothing that could be done."""
    title = visit.words.gettext("No membership")
    return _form(visit, found, path, title, (), Said(visit.words, {}), {}, None)


async def _rate(visit: Visit, held: MembershipEntry) -> str:
    rates = {row.key: row.name for row in await visit.read(customers.rates)}
    return str(rates[held.rate])


async def _today(visit: Visit, found: Whom) -> date:
    zones = {row.key: row.zone for row in await visit.read(timetable.studios)}
    return day_of(visit.services.clock.now(), zone_of(zones[found.entry.studio]))


def _days(visit: Visit, first: date, last: date | None) -> str:
    words = visit.words
    if last is None:
        return words.gettext("From %(first)s, without an end.", first=words.full_day(first))
    return words.gettext(
        "From %(first)s to %(last)s.", first=words.full_day(first), last=words.full_day(last)
    )


def _form(
    visit: Visit,
    found: Whom,
    path: str,
    title: str,
    fields: Sequence[Field],
    said: Said,
    form: Mapping[str, str],
    held: MembershipEntry | None,
    no_rate: str = "",
) -> Response:
    words = visit.words
    note = no_rate
    if not fields and not no_rate:
        note = words.gettext("There is nothing to choose from.")
    may_make = bool(no_rate) and visit.member.role in IN_CHARGE
    view = FormView(
        title,
        (Link(words.gettext("Customers"), "customers"), Link(found.name, found.here)),
        note,
        f"{found.here}/{path}",
        said.shown(fields) if form else tuple(fields),
        () if held is None else (("membership", held.key),),
        words.gettext("See what it does"),
        found.here,
        instead=Link(words.gettext("New rate"), "rates/new") if may_make else None,
    )
    return form_page(visit, view)


async def _done(
    visit: Visit,
    found: Whom,
    form: Mapping[str, str],
    command: Command[Any],
    title: str,
    does: str,
    note: str = "",
    *,
    has_form: bool = True,
) -> Response:
    proposal = Proposal(
        title,
        does,
        back=found.here,
        crumbs=(Link(found.name, found.here),),
        note=note,
        reason=Reason.OFFERED,
        always=True,
        has_form=has_form,
    )
    done = await ask(visit, form, command, proposal)
    return (
        done if isinstance(done, Response) else told.after(visit, done, found.here, knows=found.id)
    )
