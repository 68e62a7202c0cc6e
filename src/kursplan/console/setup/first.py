"""The first partner: with keys that are shown once, and nowhere stored."""

from __future__ import annotations

from starlette.responses import Response

from kursplan.console.forms import Said
from kursplan.console.frame import Link
from kursplan.console.once import OnceView, Secret, once_page, where_to_ask
from kursplan.console.places import theirs
from kursplan.console.setup import PATH
from kursplan.console.setup.forms import free, fresh, shown
from kursplan.console.setup.view import FormView
from kursplan.console.visit import Visit
from kursplan.console.words import Words
from kursplan.desk.applications import RecordApplication
from kursplan.desk.keys import IssueKey
from kursplan.domain.applications import Scope
from kursplan.domain.entries import ApplicationEntry, IntegrationEntry
from kursplan.store import tables
from kursplan.store.partner import keys


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
    gettext = words.gettext
    view = OnceView(
        gettext("Hand it to whoever runs %(name)s", name=name),
        (Link(gettext("Set-up"), PATH),),
        gettext("With this key the app lists, books and cancels."),
        (*issued, *where_to_ask(visit)),
        Link(gettext("Go on"), PATH),
        (gettext("Whoever has it can book."),),
    )
    return once_page(visit, view)


def _label(words: Words, studio: str, studios: int) -> str:
    if studios == 1:
        return words.gettext("Key")
    return words.gettext("Key for %(studio)s", studio=studio)
