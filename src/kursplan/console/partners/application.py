"""An application: made, named, activated in studios, with what it may do in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from starlette.responses import Response

from kursplan.console.forms import (
    Agreed,
    Field,
    FormView,
    Kind,
    Option,
    Said,
    agreed,
    form_page,
    reason_field,
)
from kursplan.console.frame import Link
from kursplan.console.moments import Moments
from kursplan.console.page import page
from kursplan.console.partners import (
    PATH,
    crumbs,
    home_of,
    integration_in_path,
    sign_of_integration,
)
from kursplan.console.partners.sayings import MAY, sign_of_endpoint, types_of
from kursplan.console.partners.view import (
    ApplicationView,
    EndpointRow,
    IntegrationView,
    KeyRow,
)
from kursplan.console.visit import NotThere, Visit, number_of
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.desk.applications import RecordApplication
from kursplan.desk.engine.overtaken import Overtaken
from kursplan.domain.applications import Scope
from kursplan.domain.entries import ApplicationEntry, IntegrationEntry, WebhooksEntry, free_key
from kursplan.domain.names import slug
from kursplan.domain.webhooks import NamedPlan, RetryPlan
from kursplan.store.engine.rows import AnyRow
from kursplan.store.entries import applications
from kursplan.store.outbox import endpoints
from kursplan.store.staff import partners, timetable

DONE: Final = {
    "changed": _("It is changed."),
    "revoked": _("The key is revoked: requests with it are refused from now on."),
    "removed": _("The address is removed."),
}
PLANS: Final = {
    NamedPlan.CONTRACT: _("Three times, ten minutes apart"),
    NamedPlan.PATIENT: _("Eight times, over a weekend: for one that may be away for long"),
}
OWN_PLAN: Final = "OWN"


async def show(visit: Visit) -> Response:
    application = await _in_path(visit)
    words, moments = visit.words, await Moments.of(visit)
    found = [
        each
        for each in await visit.read(partners.integrations)
        if each.application_id == application.id
    ]
    keys = await visit.read(partners.keys, [each.id for each in found])
    told = await visit.read(endpoints.shown)
    studios = await visit.read(timetable.studios)
    view = ApplicationView(
        here=f"{PATH}/{application.id}",
        name=application.name,
        key=application.key,
        integrations=tuple(_integration(words, moments, each, keys, told) for each in found),
        has_more_studios=len(studios) > len(found),
        done=words.gettext(DONE[done]) if (done := visit.asked("done")) in DONE else "",
    )
    return page(visit, "partners/application.html", application.name, view)


def _integration(
    words: Words, moments: Moments, row: AnyRow, keys: Sequence[AnyRow], told: Sequence[AnyRow]
) -> IntegrationView:
    theirs = [
        KeyRow(
            f"keys/{each.id}/revoke",
            each.hint,
            moments.at(each.created_at),
            "" if each.revoked_at is None else moments.at(each.revoked_at),
        )
        for each in keys
        if each.integration_id == row.id
    ]
    return IntegrationView(
        here=f"integrations/{row.id}",
        studio=row.studio_name,
        sign=sign_of_integration(words, row),
        waits=row.active and row.confirmed_at is None,
        may=tuple(words.gettext(MAY[each]) for each in Scope if each in row.scopes),
        keys=tuple(each for each in theirs if not each.revoked),
        revoked=tuple(each for each in theirs if each.revoked),
        endpoints=tuple(
            EndpointRow(
                f"endpoints/{each.id}",
                each.url,
                types_of(words, each.types),
                sign_of_endpoint(words, each),
            )
            for each in told
            if each.integration_id == row.id
        ),
    )


# --- Made and named -------------------------------------------------------------------------------


async def new(visit: Visit) -> Response:
    """A partner's product that nobody has entered yet, in the studios where it is to work."""
    words = visit.words
    studios = await visit.read(timetable.studios)
    fields = (
        _name(words, ""),
        _studios(words, studios),
        _scopes(words, [Scope.CLASSES_READ]),
    )
    view = FormView(
        words.gettext("New application"),
        crumbs(words),
        words.gettext(
            "The product of a partner that asks and books here. Afterwards it gets a key in each studio."
        ),
        f"{PATH}/new",
        fields,
        (),
        words.gettext("Enter it"),
        PATH,
    )
    if visit.request.method != "POST":
        return form_page(visit, view)
    said = Said(words, await visit.form())
    name = said.text("name", required=True)
    chosen = said.some_of("studios", fields[1].options, required=True)
    scopes = said.some_of("scopes", fields[2].options, required=True)
    if said.errors or name is None:
        return form_page(visit, replace(view, fields=said.shown(fields)))
    taken = {each.key for each in await visit.read(partners.applications)}
    entry = ApplicationEntry(
        free_key(slug(name) or "application", taken.__contains__),
        name,
        frozenset(IntegrationEntry(_key_of(studios, each), scopes) for each in chosen),
    )
    application_id = await visit.services.desk.ids.next()
    command = RecordApplication(visit.member.organization_id, application_id, entry)
    await visit.services.desk.execute(command, by=visit.member.actor)
    return visit.to(f"{PATH}/{application_id}")


async def rename(visit: Visit) -> Response:
    application = await _in_path(visit)
    words, here = visit.words, f"{PATH}/{application.id}"
    fields = (_name(words, application.name), reason_field(words))
    view = FormView(
        words.gettext("Call it something else"),
        (*crumbs(words), Link(application.name, here)),
        "",
        f"{here}/name",
        fields,
        (),
        words.gettext("Keep the change"),
        here,
    )
    sent = await agreed(visit, view)
    if not isinstance(sent, Agreed):
        return sent
    name = sent.said.text("name", required=True)
    if sent.said.errors or name is None:
        return form_page(visit, replace(view, fields=sent.said.shown(fields)))
    before = await _entry(visit, application.id)
    return await _record(
        visit,
        view,
        application.id,
        before,
        replace(before, name=name),
        sent,
        f"{here}?done=changed",
    )


# --- In a studio ----------------------------------------------------------------------------------


async def activate(visit: Visit) -> Response:
    """It works in a further studio."""
    application = await _in_path(visit)
    words, here = visit.words, f"{PATH}/{application.id}"
    before = await _entry(visit, application.id)
    studios = [
        each for each in await visit.read(timetable.studios) if each.key not in before.by_studio
    ]
    fields = (
        _studios(words, studios),
        _scopes(words, [Scope.CLASSES_READ]),
        reason_field(words),
    )
    view = FormView(
        words.gettext("%(name)s in another studio", name=application.name),
        (*crumbs(words), Link(application.name, here)),
        words.gettext("Each studio has keys of its own."),
        f"{here}/studios",
        fields,
        (),
        words.gettext("Activate it there"),
        here,
    )
    sent = await agreed(visit, view)
    if not isinstance(sent, Agreed):
        return sent
    chosen = sent.said.some_of("studios", fields[0].options, required=True)
    scopes = sent.said.some_of("scopes", fields[1].options, required=True)
    if sent.said.errors:
        return form_page(visit, replace(view, fields=sent.said.shown(fields)))
    added = (IntegrationEntry(_key_of(studios, each), scopes) for each in chosen)
    after = replace(before, integrations=frozenset((*(before.integrations or ()), *added)))
    return await _record(visit, view, application.id, before, after, sent, f"{here}?done=changed")


async def change(visit: Visit) -> Response:
    """What it may do in the studio, whether it works there, and how it is told again what failed."""
    row = await integration_in_path(visit)
    words = visit.words
    before = await _entry(visit, row.application_id)
    stands = before.by_studio[row.studio]
    plan = await visit.read(endpoints.plan_of, row.id)
    fields = (
        _scopes(words, [each for each in Scope if each in stands.scopes]),
        _plan(words, plan),
        Field(
            "active",
            words.gettext("It is active: without this its keys stop working at once"),
            "yes" if stands.active else "",
            Kind.CHECK,
        ),
        reason_field(words),
    )
    view = FormView(
        words.gettext("%(name)s in %(studio)s", name=row.application_name, studio=row.studio_name),
        crumbs(words, row),
        "",
        f"integrations/{row.id}",
        fields,
        (),
        words.gettext("Keep the change"),
        home_of(row),
    )
    sent = await agreed(visit, view)
    if not isinstance(sent, Agreed):
        return sent
    scopes = sent.said.some_of("scopes", fields[0].options, required=True)
    chosen = sent.said.one_of("retry", fields[1].options)
    if sent.said.errors:
        return form_page(visit, replace(view, fields=sent.said.shown(fields)))
    named = None if chosen in (None, OWN_PLAN) else NamedPlan(chosen).plan
    wanted = IntegrationEntry(
        row.studio, scopes, sent.said.check("active"), WebhooksEntry(retry=named)
    )
    others = (each for each in before.integrations or () if each.studio != row.studio)
    after = replace(before, integrations=frozenset((*others, wanted)))
    done = f"{home_of(row)}?done=changed"
    return await _record(visit, view, row.application_id, before, after, sent, done)


async def _record(
    visit: Visit,
    view: FormView,
    application_id: int,
    before: ApplicationEntry,
    after: ApplicationEntry,
    sent: Agreed,
    done: str,
) -> Response:
    """Have it be `after`, where it still is as it was before."""
    command = RecordApplication(visit.member.organization_id, application_id, after, before)
    try:
        await visit.services.desk.execute(command, by=visit.member.actor, reason=sent.reason)
    except Overtaken:
        wrong = visit.words.gettext(
            "Somebody has changed it meanwhile: look at it, and send it again."
        )
        return form_page(visit, replace(view, fields=sent.said.shown(view.fields), wrong=wrong))
    return visit.to(done)


async def _in_path(visit: Visit) -> AnyRow:
    application_id = number_of("application_id", visit.request.path_params["application_id"])
    found = await visit.read(partners.applications)
    row = next((each for each in found if each.id == application_id), None)
    if row is None:
        raise NotThere(str(application_id))
    return row


async def _entry(visit: Visit, application_id: int) -> ApplicationEntry:
    return (await visit.read(applications.load, [application_id]))[application_id]


# --- The fields -----------------------------------------------------------------------------------


def _name(words: Words, name: str) -> Field:
    return Field("name", words.gettext("Name"), name, required=True)


def _studios(words: Words, studios: Sequence[AnyRow]) -> Field:
    """Where there is one, it is meant."""
    options = tuple(Option(str(each.id), each.name) for each in studios)
    only = options[0].value if len(options) == 1 else ""
    return Field("studios", words.gettext("Studios"), only, Kind.SOME_OF, options=options)


def _key_of(studios: Sequence[AnyRow], chosen: str) -> str:
    return next(str(each.key) for each in studios if str(each.id) == chosen)


def _scopes(words: Words, ticked: Sequence[Scope]) -> Field:
    return Field(
        "scopes",
        words.gettext("It may"),
        " ".join(ticked),
        Kind.SOME_OF,
        options=tuple(Option(each.value, words.gettext(said)) for each, said in MAY.items()),
        hint=words.gettext(
            "As little as it needs. With a key one reads all of it for the whole studio."
        ),
    )


def _plan(words: Words, plan: RetryPlan) -> Field:
    named = NamedPlan.of(plan)
    options = [Option(each.value, words.gettext(said)) for each, said in PLANS.items()]
    if named is None:
        options.append(Option(OWN_PLAN, words.gettext("By a plan of its own")))
    return Field(
        "retry",
        words.gettext("What did not arrive is sent again"),
        named or OWN_PLAN,
        Kind.ONE_OF,
        options=tuple(options),
    )
