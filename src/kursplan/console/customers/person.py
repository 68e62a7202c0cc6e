"""Who a customer is: written down anew, or changed where something is not right any more.

What others changed since the form was opened stays, unless this form changes the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from starlette.responses import Response

from kursplan.console import places, told
from kursplan.console.consequences import Done, Proposal, Reason, ask, wants_form
from kursplan.console.consequences.again import done_lately
from kursplan.console.customers.whom import STATUSES, Whom, whom
from kursplan.console.forms import (
    Field,
    FormView,
    Kind,
    Option,
    Said,
    changed_meanwhile,
    form_page,
)
from kursplan.console.frame import Link
from kursplan.console.visit import Visit
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.desk.customers import RecordCustomers
from kursplan.domain.accounts import looks_like_email
from kursplan.domain.customers import CustomerStatus, Gender
from kursplan.domain.entries import CustomerEntry
from kursplan.store.entries import customers as entries
from kursplan.store.staff import customers
from kursplan.store.staff.history import Told

GENDERS: Final = {
    Gender.FEMALE: _("Female"),
    Gender.MALE: _("Male"),
    Gender.UNISEX: _("Neither"),
}
LANGUAGES: Final = (
    "de", "en", "fr", "es", "it", "nl", "pl", "tr", "uk", "ru", "ar", "pt", "cs", "da", "sv",
)  # fmt: skip
"""What people speak to whom studios write; whatever else somebody has is offered beside them."""


async def new(visit: Visit) -> Response:
    """Somebody whom nobody has written down yet."""
    theirs = await places.theirs(visit)
    studios = [Option(each.key, each.name) for each in theirs]
    if visit.request.method != "POST":
        first, _blank, last = (visit.asked("name") or "").strip().rpartition(" ")
        entry = CustomerEntry("", theirs[0].key, first, last)
        return _page(visit, None, _fields(visit.words, entry, studios), "")
    form = await visit.form()
    said = Said(visit.words, form)
    blank = CustomerEntry("", theirs[0].key, "", "")
    entry = await _understood(visit, said, blank, None)
    home = said.one_of("studio", studios) if len(studios) > 1 else theirs[0].key
    before = await _just_written(visit, replace(entry, studio=home or entry.studio))
    if before is not None:
        done = Done(None, (), before, again=True)
        return told.after(visit, done, f"customers/{before.subjects[0].id}")
    if said.errors or home is None:
        return _page(visit, None, said.shown(_fields(visit.words, blank, studios)), "")
    customer_id = await visit.services.desk.ids.next()
    key = await visit.read(customers.free_key_for, customer_id)
    entry = replace(entry, key=key, studio=home, memberships=())
    command = RecordCustomers(visit.member.organization_id, {customer_id: entry})
    await visit.services.desk.execute(command, by=visit.member.actor)
    return visit.to(f"customers/{customer_id}")


async def _just_written(visit: Visit, entry: CustomerEntry) -> Told | None:
    """The line by which they have just written down the very same, as whoever presses the button twice has."""
    for line in await done_lately(visit, RecordCustomers.name):
        customer_id = line.subjects[0].id
        stands = (await visit.read(entries.load, [customer_id])).get(customer_id)
        if stands is not None and entry == replace(
            stands.entry, key=entry.key, memberships=entry.memberships
        ):
            return line
    return None


async def edit(visit: Visit) -> Response:
    found = await whom(visit)
    fields = _fields(visit.words, found.entry, ())
    if visit.request.method != "POST":
        return _page(visit, found, fields, "")
    form = await visit.form()
    words = visit.words
    said = Said.changing(words, form, fields)
    entry = await _understood(visit, said, found.entry, found.id)
    if said.errors or wants_form(form):
        wrong = changed_meanwhile(words, form, fields)
        return _page(visit, found, said.shown(fields), wrong)
    command = RecordCustomers(
        visit.member.organization_id,
        {found.id: replace(entry, memberships=None)},
        {found.id: found.entry},
    )
    proposal = Proposal(
        words.gettext("Change %(name)s?", name=found.name),
        words.gettext("Keep the change"),
        back=found.here,
        crumbs=(Link(found.name, found.here),),
        reason=Reason.OFFERED,
        has_form=True,
    )
    done = await ask(visit, form, command, proposal)
    return (
        done if isinstance(done, Response) else told.after(visit, done, found.here, knows=found.id)
    )


async def _understood(
    visit: Visit, form: Said, before: CustomerEntry, customer_id: int | None
) -> CustomerEntry:
    """What the form makes of them; what can't be is noted in it."""
    words = visit.words
    errors = form.errors
    first, last = form.text("first_name"), form.text("last_name")
    if not (first or last):
        errors["last_name"] = words.gettext("A customer needs a name: fill one in.")
    number, email = form.text("number"), form.text("email")
    if email is not None and not looks_like_email(email):
        errors["email"] = words.gettext("No letter could be sent there: write it like a@b.example.")
    if number is not None and number != before.number:
        owner = await visit.read(customers.with_number, number)
        if owner not in (None, customer_id):
            errors["number"] = words.gettext("Another customer has this number: take another one.")
    gender = form.one_of("gender", genders_of(words), required=False)
    status = form.one_of("status", _statuses(words))
    languages = _languages(words, before.preferred_language)
    return replace(
        before,
        first_name=first or "",
        last_name=last or "",
        number=number,
        date_of_birth=form.day("date_of_birth"),
        email=email,
        phone=form.text("phone"),
        gender=Gender(gender) if gender else None,
        preferred_language=form.one_of("language", languages, required=False),
        status=CustomerStatus(status) if status else before.status,
        access_refused=form.check("access_refused"),
    )


def _fields(words: Words, entry: CustomerEntry, studios: Sequence[Option]) -> tuple[Field, ...]:
    gettext = words.gettext
    born = "" if entry.date_of_birth is None else entry.date_of_birth.isoformat()
    found = [
        Field("first_name", gettext("First name"), entry.first_name),
        Field("last_name", gettext("Last name"), entry.last_name),
        Field(
            "number", gettext("Number"), entry.number or "", hint=gettext("As it is on the card.")
        ),
        Field("phone", gettext("Telephone"), entry.phone or "", Kind.PHONE),
        Field("email", gettext("E-mail"), entry.email or "", Kind.EMAIL),
        Field("date_of_birth", gettext("Born"), born, Kind.DAY),
        Field(
            "language",
            gettext("Language"),
            entry.preferred_language or "",
            Kind.ONE_OF,
            options=_languages(words, entry.preferred_language),
        ),
        Field(
            "gender",
            gettext("Gender"),
            entry.gender or "",
            Kind.ONE_OF,
            options=genders_of(words),
        ),
        Field("status", gettext("Status"), entry.status, Kind.ONE_OF, options=_statuses(words)),
        Field(
            "access_refused",
            gettext(
                "Access is refused: they can book nothing, and what is booked is looked at again"
            ),
            "yes" if entry.access_refused else "",
            Kind.CHECK,
        ),
    ]
    if len(studios) > 1:
        home = Field(
            "studio", gettext("Home studio"), entry.studio, Kind.ONE_OF, options=tuple(studios)
        )
        found.insert(2, home)
    return tuple(replace(each, was=each.value) for each in found)


def genders_of(words: Words) -> tuple[Option, ...]:
    named = (Option(each.value, words.gettext(name)) for each, name in GENDERS.items())
    return (Option("", "–"), *named)


def _statuses(words: Words) -> tuple[Option, ...]:
    return tuple(Option(each.value, words.gettext(name)) for each, name in STATUSES.items())


def _languages(words: Words, theirs: str | None) -> tuple[Option, ...]:
    tags = dict.fromkeys([*LANGUAGES, *([theirs] if theirs else [])])
    named = sorted((Option(tag, words.language_name(tag)) for tag in tags), key=lambda o: o.label)
    return (Option("", "–"), *named)


def _page(visit: Visit, found: Whom | None, fields: Sequence[Field], wrong: str) -> Response:
    words = visit.words
    if found is None:
        title, does = words.gettext("New customer"), words.gettext("Add the customer")
        action, back = "customers/new", "customers"
    else:
        title, does = (
            words.gettext("Edit %(name)s", name=found.name),
            words.gettext("Keep the change"),
        )
        action, back = f"{found.here}/edit", found.here
    crumbs = [Link(words.gettext("Customers"), "customers")]
    if found is not None:
        crumbs.append(Link(found.name, found.here))
    view = FormView(title, tuple(crumbs), "", action, tuple(fields), (), does, back, wrong)
    return form_page(visit, view)
