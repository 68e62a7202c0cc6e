"""Make a class, and change its options: what they mean is said beside the form, also while somebody types.

What others changed since the form was opened stays, unless this form changes the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from starlette.responses import Response

from kursplan.console import places, told
from kursplan.console.addresses import address
from kursplan.console.classes import PATH
from kursplan.console.classes.changes import changes
from kursplan.console.classes.facts import Known, new
from kursplan.console.classes.options import (
    SHORT_UNITS,
    UNITS,
    Reader,
    fields,
    units,
)
from kursplan.console.classes.overview import crumbs, id_in_path, the_class
from kursplan.console.classes.saying import says
from kursplan.console.classes.view import ClassForm, RateChoice, Says
from kursplan.console.consequences import Part, Proposal, ask, wants_form
from kursplan.console.forms import Said, changed_meanwhile
from kursplan.console.frame import Link
from kursplan.console.page import page
from kursplan.console.tones import tone_of
from kursplan.console.visit import Visit
from kursplan.desk.classes import RecordClass, is_looked_at
from kursplan.domain.entries import ClassEntry
from kursplan.domain.names import slug
from kursplan.domain.terms import TermUnit
from kursplan.store import tables
from kursplan.store.entries import ids

UNTITLED: Final = "class"


async def make(visit: Visit) -> Response:
    """A class that the studio does not offer yet."""
    form = await visit.form() if visit.request.method == "POST" else {}
    found = await _new(visit)
    if not form:
        return _page(visit, found, None, found.entry, {}, "")
    said = Said(visit.words, _unfolded(form))
    entry = Reader(visit.words, said).read(found.entry, found.rates)
    if said.errors:
        return _page(visit, found, None, entry, said.errors, "", form)
    wanted = slug(entry.title) or UNTITLED
    key = await visit.read(ids.free, tables.class_, wanted)
    class_id = await visit.services.desk.ids.next()
    command = RecordClass(visit.member.organization_id, class_id, replace(entry, key=key))
    await visit.services.desk.execute(command, by=visit.member.actor)
    return visit.to(f"classes/{class_id}")


async def change(visit: Visit) -> Response:
    """Other options for a class; whom that touches is shown before."""
    form = await visit.form() if visit.request.method == "POST" else {}
    class_id = id_in_path(visit)
    found = await the_class(visit, class_id)
    if not form:
        return _page(visit, found, class_id, found.entry, {}, "")
    words = visit.words
    stands = fields(found.entry, found.rates)
    form = _unfolded(form)
    said = Said.changing(words, form, stands)
    entry = Reader(words, said).read(found.entry, found.rates)
    if said.errors or wants_form(form):
        wrong = changed_meanwhile(words, form, stands)
        return _page(visit, found, class_id, entry, said.errors, wrong, form)
    here = f"classes/{class_id}"
    looked_at = is_looked_at(found.entry, entry)
    proposal = Proposal(
        words.gettext("Change %(title)s?", title=found.entry.title),
        words.gettext("Change the class"),
        back=here,
        crumbs=(*crumbs(words, found), Link(found.entry.title, here)),
        always=looked_at,
        has_form=True,
    )
    command = RecordClass(visit.member.organization_id, class_id, entry, stood=found.entry)

    def also(_: object) -> Iterator[Part]:
        yield from changes(words, found, entry)

    done = await ask(visit, form, command, proposal, also)
    return done if isinstance(done, Response) else told.after(visit, done, here)


# --- While somebody types -----------------------------------------------------------------------


async def say(visit: Visit) -> Response:
    """What the terms mean that stand in the form of this class by now."""
    return _said(visit, await the_class(visit, id_in_path(visit)))


async def say_of_new(visit: Visit) -> Response:
    return _said(visit, await _new(visit))


def _said(visit: Visit, found: Known) -> Response:
    form = _unfolded(dict(visit.request.query_params))
    entry = found.entry
    if form.keys() - {"studio"}:
        entry = Reader(visit.words, Said(visit.words, form)).read(entry, found.rates)
    return page(visit, "classes/says.html", "", _says(visit, found, entry))


# --- The form -----------------------------------------------------------------------------------


async def _new(visit: Visit) -> Known:
    [place] = places.chosen(visit, await places.theirs(visit))[:1]
    return await visit.read(new, place.key)


def _unfolded(form: Mapping[str, str]) -> dict[str, str]:
    """Browsers end lines with two signs, whatever was typed."""
    return {name: each.replace("\r\n", "\n") for name, each in form.items()}


def _says(visit: Visit, found: Known, entry: ClassEntry) -> Says:
    now = visit.services.clock.now()
    return says(
        visit.words,
        entry,
        found.named(entry),
        found.others,
        found.studio,
        found.example(now),
        now,
    )


def _page(
    visit: Visit,
    found: Known,
    class_id: int | None,
    entry: ClassEntry,
    errors: Mapping[str, str],
    wrong: str,
    form: Mapping[str, str] | None = None,
) -> Response:
    """The form with what is there, or with what was typed."""
    words = visit.words
    stands = {each.name: each.value for each in fields(found.entry, found.rates)}
    values = stands if form is None else {name: form.get(name, "") for name in stands}
    offered = [each for each in UNITS if each is not TermUnit.YEAR or each.value in values.values()]
    is_new = class_id is None
    here = address(PATH, studio=found.place.key) if is_new else f"classes/{class_id}"
    path = f"{PATH}/new" if is_new else here
    asked = {"studio": found.place.key} if is_new else {}
    way = crumbs(words, found)
    if not is_new:
        way = (*way, Link(found.entry.title, here))
    view = ClassForm(
        heading=words.gettext("A new class") if is_new else found.entry.title,
        aside=found.place.name,
        crumbs=way,
        tone="" if class_id is None else tone_of(class_id),
        action=address(path if is_new else f"{path}/edit", **asked),
        back=here,
        does=words.gettext("Make the class") if is_new else words.gettext("Show what changes"),
        words_at=address(f"{path}/words", **asked),
        values=values,
        was=() if is_new else tuple(stands.items()),
        errors=errors,
        wrong=wrong,
        units=units(words, offered),
        short_units=units(words, SHORT_UNITS),
        rates=tuple(
            RateChoice(each.field, each.name, bool(values[each.field])) for each in found.rates
        ),
        others=words.gettext(
            "Customers of %(studios)s are admitted", studios=words.listed(list(found.others))
        )
        if found.others
        else "",
        categories=tuple(found.categories),
        says=_says(visit, found, entry),
    )
    answer = page(visit, "classes/edit.html", view.heading, view)
    if errors:
        answer.status_code = 422
    return answer
