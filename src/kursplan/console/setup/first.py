"""The first colleague, and the first partner: what is shown once, and nowhere stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from kursplan.console.forms import Option, Said
from kursplan.console.frame import ROLES, Link
from kursplan.console.once import OnceView, Secret, once_page, only_here, where_to_ask
from kursplan.console.places import theirs
from kursplan.console.setup.forms import free, fresh, shown
from kursplan.console.setup.view import FormView
from kursplan.console.visit import Visit
from kursplan.console.words import Words
from kursplan.desk.accounts import InviteStaff, StaffRefused
from kursplan.desk.applications import RecordApplication
from kursplan.desk.keys import IssueKey
from kursplan.domain.accounts import Role, StaffEntry, looks_like_email
from kursplan.domain.applications import Scope
from kursplan.domain.entries import ApplicationEntry, IntegrationEntry
from kursplan.store import tables
from kursplan.store.partner import keys
from kursplan.web.links import link
from kursplan.web.sessions import Key

OFFERED: Final = (Role.FRONT_DESK, Role.MANAGER, Role.OWNER)
"""Whom it takes nothing but a name and an address to invite: instructors are employees besides."""


async def staff(visit: Visit) -> Response:
    """Invite somebody, who has all studios that there are."""
    words, places = visit.words, await theirs(visit)
    options = {"role": tuple(Option(each.value, words.gettext(ROLES[each])) for each in OFFERED)}
    if visit.request.method != "POST":
        return shown(visit, "staff", FormView({}, options=options))
    form = await visit.form()
    said = Said(words, form)
    name, email = said.text("name", required=True), said.text("email", required=True)
    role = said.one_of("role", options["role"])
    if email is not None and not looks_like_email(email):
        said.errors["email"] = words.gettext(
            "No letter could be sent there: write it like a@b.example."
        )
    base = visit.services.origins.base(visit.request)
    if said.errors or name is None or email is None or role is None or base is None:
        return shown(visit, "staff", FormView(dict(form), said.errors, options))
    studios = frozenset() if role == Role.OWNER else frozenset(each.id for each in places)
    entry = StaffEntry(email, name, Role(role), studios, None, words.language)
    member = visit.member
    key = Key.fresh(member.organization_id)
    command = InviteStaff(member.organization_id, await fresh(visit), entry, key.fingerprint)
    try:
        await visit.services.desk.execute(command, by=member.actor)
    except StaffRefused:
        errors = {"email": words.gettext("There is an account with this address already.")}
        return shown(visit, "staff", FormView(dict(form), errors, options))
    return _shown_once(
        visit,
        words.gettext("Hand it to %(name)s", name=name),
        words.gettext("With this link %(name)s sets a password and is in.", name=name),
        [Secret(words.gettext("Link"), link(base, key))],
        (words.gettext("It works once, for seven days."), *only_here(visit)),
    )


async def partner(visit: Visit) -> Response:
    """An application that may do in all studios what the Open API offers, with a key for each of them."""
    words, places = visit.words, await theirs(visit)
    if visit.request.method != "POST":
        return shown(visit, "partner", FormView({}))
    form = await visit.form()
    said = Said(words, form)
    name = said.text("name", required=True)
    if said.errors or name is None:
        return shown(visit, "partner", FormView(dict(form), said.errors))
    member, desk = visit.member, visit.services.desk
    application = await free(visit, tables.application, name, "application")
    integrations = frozenset(IntegrationEntry(each.key, frozenset(Scope)) for each in places)
    entry = ApplicationEntry(application, name, integrations)
    command = RecordApplication(member.organization_id, await fresh(visit), entry)
    await desk.execute(command, by=member.actor)
    issued = []
    for place in places:
        found = await visit.read(keys.integration_of, place.key, application)
        if found is not None:
            issue, key = IssueKey.fresh(member.organization_id, found[0], await fresh(visit))
            await desk.execute(issue, by=member.actor)
            issued.append(Secret(_label(words, place.name, len(places)), key))
    return _shown_once(
        visit,
        words.gettext("Hand it to whoever runs %(name)s", name=name),
        words.gettext("With this key the app lists, books and cancels."),
        [*issued, *where_to_ask(visit)],
        (words.gettext("Whoever has it can book."),),
    )


def _shown_once(
    visit: Visit, title: str, done: str, secrets: Sequence[Secret], notes: tuple[str, ...]
) -> Response:
    gettext = visit.words.gettext
    set_up = Link(gettext("Set-up"), "setup")
    onward = Link(gettext("Go on"), "setup")
    return once_page(visit, OnceView(title, (set_up,), done, tuple(secrets), onward, notes))


def _label(words: Words, studio: str, studios: int) -> str:
    if studios == 1:
        return words.gettext("Key")
    return words.gettext("Key for %(studio)s", studio=studio)
