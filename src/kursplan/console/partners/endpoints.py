"""An endpoint: how it is doing, what was sent to it, and what is done about that."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.responses import Response

from kursplan.console.addresses import address
from kursplan.console.forms import (
    Agreed,
    Field,
    FormView,
    Kind,
    agreed,
    form_page,
    reason_field,
)
from kursplan.console.frame import Link
from kursplan.console.moments import Moments
from kursplan.console.page import page
from kursplan.console.partners import crumbs, home_of, integration
from kursplan.console.partners.deliveries import row_of
from kursplan.console.partners.sayings import (
    outcome,
    sign_of_endpoint,
    state_of_endpoint,
    types_of,
)
from kursplan.console.partners.view import EndpointView, TriedView
from kursplan.console.visit import NotThere, Visit, number_of
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.desk.endpoints import (
    DisableEndpoint,
    EnableEndpoint,
    EndpointRefused,
    IsDisabled,
    NoSuchEndpoint,
    RemoveEndpoint,
)
from kursplan.desk.engine.turn import Command
from kursplan.desk.resend import UNDELIVERED, ResendSince, take_whole
from kursplan.domain.localtime import start_of_day
from kursplan.store.engine.rows import AnyRow
from kursplan.store.outbox import deliveries, endpoints
from kursplan.webhooks.try_out import try_out

NEWEST: Final = 8
MISSED_COUNTED: Final = 100
"""Beyond so many it is said only that there are more."""
DONE: Final = {
    "changed": _("It is changed."),
    "disabled": _("Nothing is sent to it any more. What happens now is held back for it."),
    "enabled": _("It is sent to again."),
    "resent": _("It is sent again now, what has not been sent yet included."),
}


async def show(visit: Visit) -> Response:
    return await _page(visit)


async def _page(visit: Visit, tried: TriedView | None = None) -> Response:
    endpoint, row = await in_path(visit)
    words, moments = visit.words, await Moments.of(visit)
    since = datetime.min.replace(tzinfo=UTC)
    newest = await visit.services.database.read(
        lambda tx: deliveries.newest(
            tx,
            visit.member.organization_id,
            since=since,
            limit=NEWEST,
            endpoint_id=endpoint.id,
        )
    )
    missed = await _missed(visit, endpoint.id)
    others = [e for e in await visit.read(endpoints.shown) if e.integration_id == row.id]
    old = endpoint.old_secret_until
    signs_too = old is not None and visit.services.clock.now() <= old
    done = visit.asked("done")
    view = EndpointView(
        here=f"endpoints/{endpoint.id}",
        crumbs=crumbs(words, row),
        title=title_of(words, endpoint, row),
        url=endpoint.url,
        key=words.gettext("the first") if endpoint.is_default else endpoint.key,
        types=types_of(words, endpoint.types),
        sign=sign_of_endpoint(words, endpoint),
        state=state_of_endpoint(words, moments, endpoint),
        made=moments.at(endpoint.created_at),
        old_secret=moments.at(old) if old is not None and signs_too else "",
        missed=missed,
        is_disabled=endpoint.disabled is not None,
        may_be_removed=not endpoint.is_default or len(others) == 1,
        deliveries=tuple(row_of(words, moments, each) for each in newest),
        all_deliveries=address("deliveries", endpoint=endpoint.id),
        tried=tried,
        done=words.gettext(DONE[done]) if done in DONE else "",
    )
    return page(visit, "partners/endpoint.html", view.title, view)


async def _missed(visit: Visit, endpoint_id: int) -> str:
    """How many deliveries it missed: held back, or given up since it last accepted one."""
    words, of = visit.words, visit.member.organization_id
    since = await visit.read(deliveries.last_delivered, endpoint_id)
    begin = since or datetime.min.replace(tzinfo=UTC)
    found = await visit.services.database.read(
        lambda tx: deliveries.missed(tx, of, endpoint_id, begin, MISSED_COUNTED + 1)
    )
    if len(found) > MISSED_COUNTED:
        return words.gettext("more than %(n)s", n=words.number(MISSED_COUNTED))
    return words.number(len(found)) if found else ""


# --- Switched off and on, tried, removed ----------------------------------------------------------


async def disable(visit: Visit) -> Response:
    endpoint, row = await in_path(visit)
    words, here = visit.words, f"endpoints/{endpoint.id}"
    view = _asks(
        words,
        endpoint,
        row,
        "disable",
        words.gettext("Send nothing there any more?"),
        words.gettext("What happens meanwhile is held back for it, and can be sent afterwards."),
        words.gettext("Switch it off"),
    )
    sent = await agreed(visit, view)
    if not isinstance(sent, Agreed):
        return sent
    command = DisableEndpoint(visit.member.organization_id, endpoint.id)
    return await refused(visit, view, sent, command) or visit.to(f"{here}?done=disabled")


async def enable(visit: Visit) -> Response:
    """Send there again; on demand also what it missed."""
    endpoint, row = await in_path(visit)
    words, here = visit.words, f"endpoints/{endpoint.id}"
    missed = await _missed(visit, endpoint.id)
    view = _asks(
        words,
        endpoint,
        row,
        "enable",
        words.gettext("Send there again?"),
        words.gettext("It missed nothing.")
        if not missed
        else words.gettext("Deliveries that it missed: %(n)s.", n=missed),
        words.gettext("Switch it on"),
    )
    if missed:
        box = Field("resend", words.gettext("Send it what it missed, too"), "yes", Kind.CHECK)
        view = replace(view, fields=(box, *view.fields))
    sent = await agreed(visit, view)
    if not isinstance(sent, Agreed):
        return sent
    command = EnableEndpoint(visit.member.organization_id, endpoint.id, sent.said.check("resend"))
    return await _send_again(visit, view, sent, command) or visit.to(f"{here}?done=enabled")


async def resend(visit: Visit) -> Response:
    """Send again what was stored for it since a day."""
    endpoint, row = await in_path(visit)
    words, here = visit.words, f"endpoints/{endpoint.id}"
    fields = (
        Field("since", words.gettext("Since"), "", Kind.DAY, required=True),
        Field("undelivered", words.gettext("Only what did not arrive"), "yes", Kind.CHECK),
    )
    view = _asks(
        words,
        endpoint,
        row,
        "resend",
        words.gettext("Send again"),
        words.gettext(
            "Each with the name that it had: who has it already can tell that it is the same."
        ),
        words.gettext("Send it again"),
    )
    view = replace(view, fields=(*fields, *view.fields))
    sent = await agreed(visit, view)
    if not isinstance(sent, Agreed):
        return sent
    day = sent.said.day("since", required=True)
    if day is None:
        return form_page(visit, replace(view, fields=sent.said.shown(view.fields)))
    moments = await Moments.of(visit)
    command = ResendSince(
        visit.member.organization_id,
        endpoint.id,
        start_of_day(day, moments.zone),
        visit.services.clock.now(),
    )
    if sent.said.check("undelivered"):
        command = replace(command, statuses=UNDELIVERED)
    return await _send_again(visit, view, sent, command) or visit.to(f"{here}?done=resent")


async def remove(visit: Visit) -> Response:
    endpoint, row = await in_path(visit)
    words = visit.words
    view = _asks(
        words,
        endpoint,
        row,
        "remove",
        words.gettext("Remove the address?"),
        words.gettext(
            "With it goes all that is known of its deliveries, and what is still to be sent. To keep that, "
            "switch it off."
        ),
        words.gettext("Remove it"),
    )
    sent = await agreed(visit, replace(view, grave=True))
    if not isinstance(sent, Agreed):
        return sent
    command = RemoveEndpoint(visit.member.organization_id, endpoint.id)
    return await refused(visit, view, sent, command) or visit.to(f"{home_of(row)}?done=removed")


async def test(visit: Visit) -> Response:
    """One request like that of an event, now and once; it tells of nothing that happened."""
    await visit.form()
    endpoint, _row = await in_path(visit)
    sender = await visit.read(endpoints.sender, endpoint.id)
    if sender is None:
        raise NotThere(str(endpoint.id))
    tried = await try_out(sender, visit.services.webhooks, visit.services.clock)
    words, result = visit.words, tried.result
    said = words.gettext(
        "A test of %(type)s: %(outcome)s, after %(n)s ms.",
        type=tried.message.type,
        outcome=outcome(words, result.status_code, result.failure),
        n=words.number(result.milliseconds),
    )
    return await _page(visit, TriedView(result.delivered, said, result.excerpt or ""))


# --- What several of them do ----------------------------------------------------------------------


async def in_path(visit: Visit) -> tuple[AnyRow, AnyRow]:
    """The endpoint, and its application in the studio. Raises `NotThere`."""
    endpoint_id = number_of("endpoint_id", visit.request.path_params["endpoint_id"])
    found = await visit.read(endpoints.shown_by_id, endpoint_id)
    if found is None:
        raise NotThere(str(endpoint_id))
    return found, await integration(visit, found.integration_id)


def title_of(words: Words, endpoint: AnyRow, row: AnyRow) -> str:
    return words.gettext(
        "%(name)s in %(studio)s, told at %(host)s",
        name=row.application_name,
        studio=row.studio_name,
        host=urlsplit(endpoint.url).hostname or endpoint.key,
    )


def _asks(
    words: Words, endpoint: AnyRow, row: AnyRow, path: str, title: str, note: str, does: str
) -> FormView:
    here = f"endpoints/{endpoint.id}"
    return FormView(
        title,
        (*crumbs(words, row), Link(title_of(words, endpoint, row), here)),
        note,
        f"{here}/{path}",
        (reason_field(words),),
        (),
        does,
        here,
    )


async def refused(
    visit: Visit, view: FormView, sent: Agreed, command: Command[Any]
) -> Response | None:
    """Have it done; the form again where it can't be, because something is otherwise by now."""
    try:
        await visit.services.desk.execute(command, by=visit.member.actor, reason=sent.reason)
    except (EndpointRefused, NoSuchEndpoint):
        return otherwise(visit, view, sent)
    return None


async def _send_again(
    visit: Visit, view: FormView, sent: Agreed, command: EnableEndpoint | ResendSince
) -> Response | None:
    try:
        await take_whole(
            lambda portion: visit.services.desk.execute(
                portion, by=visit.member.actor, reason=sent.reason
            ),
            command,
        )
    except IsDisabled:
        wrong = visit.words.gettext("It is switched off: switch it on first.")
        return form_page(visit, replace(view, fields=sent.said.shown(view.fields), wrong=wrong))
    except NoSuchEndpoint:
        return otherwise(visit, view, sent)
    return None


def otherwise(visit: Visit, view: FormView, sent: Agreed) -> Response:
    wrong = visit.words.gettext("Somebody has changed it meanwhile: look at it, and send it again.")
    return form_page(visit, replace(view, fields=sent.said.shown(view.fields), wrong=wrong))
