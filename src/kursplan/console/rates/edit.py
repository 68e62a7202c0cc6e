"""Make a rate, and change what it grants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from starlette.responses import Response

from kursplan.console import told
from kursplan.console.consequences import Proposal, do, wants_form
from kursplan.console.forms import Field, Said, changed_meanwhile
from kursplan.console.frame import Link
from kursplan.console.page import page
from kursplan.console.rates import PATH, the_rate
from kursplan.console.visit import Visit
from kursplan.desk.rates import RecordRate
from kursplan.domain.contingents import Contingent, Period
from kursplan.domain.entries import RateEntry
from kursplan.domain.names import slug
from kursplan.store import tables
from kursplan.store.entries import ids

FIELDS: Final = {each: each.value.lower() for each in Period}
"""How many it grants in each period."""
UNTITLED: Final = "rate"


@dataclass(frozen=True, slots=True)
class Granted:
    """The field of a period."""

    name: str
    label: str
    value: str
    error: str


@dataclass(frozen=True, slots=True)
class RateForm:
    heading: str
    crumbs: tuple[Link, ...]
    action: str
    back: str
    does: str
    name: str
    name_error: str
    granted: tuple[Granted, ...]
    unlimited: bool
    was: tuple[tuple[str, str], ...]
    wrong: str


async def make(visit: Visit) -> Response:
    form = await visit.form() if visit.request.method == "POST" else {}
    blank = RateEntry("", "")
    if not form:
        return _page(visit, None, blank, None, {}, "")
    said = Said(visit.words, form)
    entry = _read(visit, said, blank)
    if said.errors:
        return _page(visit, None, blank, form, said.errors, "")
    key = await visit.read(ids.free, tables.rate, slug(entry.name) or UNTITLED)
    rate_id = await visit.services.desk.ids.next()
    command = RecordRate(visit.member.organization_id, rate_id, replace(entry, key=key))
    await visit.services.desk.execute(command, by=visit.member.actor)
    return visit.to(f"{PATH}/{rate_id}")


async def change(visit: Visit) -> Response:
    form = await visit.form() if visit.request.method == "POST" else {}
    rate_id, entry = await the_rate(visit)
    if not form:
        return _page(visit, rate_id, entry, None, {}, "")
    words = visit.words
    stands = _fields(entry)
    said = Said.changing(words, form, stands)
    wanted = _read(visit, said, entry)
    if said.errors or wants_form(form):
        wrong = changed_meanwhile(words, form, stands)
        return _page(visit, rate_id, entry, form, said.errors, wrong)
    here = f"{PATH}/{rate_id}"
    proposal = Proposal(
        words.gettext("Change %(title)s?", title=entry.name),
        words.gettext("Change the rate"),
        back=here,
        has_form=True,
    )
    command = RecordRate(visit.member.organization_id, rate_id, wanted, stood=entry)
    done = await do(visit, form, command, proposal)
    return done if isinstance(done, Response) else told.after(visit, done, here)


def _fields(entry: RateEntry) -> tuple[Field, ...]:
    by_period = {each.period: each for each in entry.contingents}
    values = {"name": entry.name}
    for period, name in FIELDS.items():
        held = by_period.get(period)
        values[name] = "" if held is None or held.bookings is None else str(held.bookings)
    unlimited = any(each.bookings is None for each in entry.contingents)
    values["unlimited"] = "yes" if unlimited else ""
    return tuple(Field(name, "", value) for name, value in values.items())


def _read(visit: Visit, said: Said, before: RateEntry) -> RateEntry:
    name = said.text("name", required=True)
    granted = {
        Contingent(number, period)
        for period, field in FIELDS.items()
        if (number := said.number(field)) is not None
    }
    if said.check("unlimited"):
        if granted:
            said.errors["unlimited"] = visit.words.gettext(
                "Either a number, or no limit: empty one of them."
            )
        stood = {each for each in before.contingents if each.bookings is None}
        granted |= stood or {Contingent(None, Period.TOTAL)}
    return replace(before, name=name or before.name, contingents=frozenset(granted))


def _page(
    visit: Visit,
    rate_id: int | None,
    entry: RateEntry,
    form: Mapping[str, str] | None,
    errors: Mapping[str, str],
    wrong: str,
) -> Response:
    words = visit.words
    stands = {each.name: each.value for each in _fields(entry)}
    values = stands if form is None else {name: form.get(name, "") for name in stands}
    labels = {
        Period.WEEK: words.gettext("A week"),
        Period.MONTH: words.gettext("A month"),
        Period.YEAR: words.gettext("A year"),
        Period.TOTAL: words.gettext("In all"),
    }
    here = PATH if rate_id is None else f"{PATH}/{rate_id}"
    way = [Link(words.gettext("Classes"), "classes"), Link(words.gettext("Rates"), PATH)]
    if rate_id is not None:
        way.append(Link(entry.name, here))
    view = RateForm(
        heading=words.gettext("A new rate") if rate_id is None else entry.name,
        crumbs=tuple(way),
        action=f"{PATH}/new" if rate_id is None else f"{here}/edit",
        back=here,
        does=words.gettext("Make the rate")
        if rate_id is None
        else words.gettext("Keep the change"),
        name=values["name"],
        name_error=errors.get("name", ""),
        granted=tuple(
            Granted(name, labels[period], values[name], errors.get(name, ""))
            for period, name in FIELDS.items()
        ),
        unlimited=bool(values["unlimited"]),
        was=() if rate_id is None else tuple(stands.items()),
        wrong=wrong or errors.get("unlimited", ""),
    )
    answer = page(visit, "rates/edit.html", view.heading, view)
    if errors:
        answer.status_code = 422
    return answer
