"""Where an application is told what happens: an address is added or changed, and what signs is exchanged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
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
from kursplan.console.once import OnceView, Secret, once_page
from kursplan.console.partners import crumbs, home_of, integration_in_path
from kursplan.console.partners.endpoints import in_path, refused, title_of
from kursplan.console.partners.sayings import HAPPENED
from kursplan.console.visit import NotThere, Visit
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.desk.endpoints import (
    AddEndpoint,
    ChangeEndpoint,
    NoSuchEndpoint,
    RotatedAlready,
    RotateSecret,
)
from kursplan.domain.entries import EndpointEntry, free_key
from kursplan.domain.events import EventType
from kursplan.domain.names import slug
from kursplan.domain.webhooks import DEFAULT_ENDPOINT
from kursplan.store.outbox import endpoints
from kursplan.webhooks.egress import RefusedTarget

OVERLAPS: Final = {
    "24": _("for a day"),
    "168": _("for a week"),
    "1": _("for an hour"),
    "0": _("not at all: it may be known to others"),
}
"""How many hours the secret until now signs too."""


async def add(visit: Visit) -> Response:
    """Tell the application at an address from now on; its first one hears of everything by default."""
    row = await integration_in_path(visit)
    words = visit.words
    there = [e for e in await visit.read(endpoints.shown) if e.integration_id == row.id]
    fields = (
        _url(words, ""),
        *([Field("name", words.gettext("Name"), required=True)] if there else []),
        _types(words, None, is_default=not there),
        reason_field(words),
    )
    view = FormView(
        words.gettext(
            "Tell %(name)s what happens in %(studio)s",
            name=row.application_name,
            studio=row.studio_name,
        ),
        crumbs(words, row),
        words.gettext(
            "A further address is for certain things: those are told there instead of at the first one."
        )
        if there
        else words.gettext("The partner says at which address their server listens."),
        f"integrations/{row.id}/endpoints",
        fields,
        (),
        words.gettext("Tell it there"),
        home_of(row),
    )
    sent = await agreed(visit, view)
    if not isinstance(sent, Agreed):
        return sent
    said = sent.said
    url = await _understood_url(visit, said)
    name = said.text("name", required=True) if there else None
    types = _understood_types(words, said, is_default=not there)
    if said.errors or url is None:
        return form_page(visit, replace(view, fields=said.shown(fields)))
    taken = {each.key for each in there}
    key = free_key(slug(name) or "further", taken.__contains__) if name else DEFAULT_ENDPOINT
    command = AddEndpoint.fresh(
        visit.member.organization_id,
        row.id,
        await visit.services.desk.ids.next(),
        EndpointEntry(key, url, types),
    )
    stopped = await refused(visit, view, sent, command)
    if stopped is not None:
        return stopped
    notes = [words.gettext("The partner checks with it that what comes is from us.")]
    if row.confirmed_at is None:
        notes.append(
            words.gettext(
                "Nothing is sent before the application calls POST /v1/studios/confirmActivation with "
                "its key."
            )
        )
    return once_page(
        visit,
        OnceView(
            view.title,
            view.crumbs,
            words.gettext("It is told from now on."),
            (
                Secret(words.gettext("Secret that signs"), command.secret),
                Secret(
                    words.gettext("Webhook key"),
                    row.webhook_key,
                    words.gettext(
                        "We send it as x-api-key with what we tell: by it the partner knows us."
                    ),
                ),
            ),
            Link(words.gettext("I have them"), f"endpoints/{command.endpoint_id}"),
            tuple(notes),
        ),
    )


async def change(visit: Visit) -> Response:
    """Another URL, or other things that it is told."""
    endpoint, row = await in_path(visit)
    words, here = visit.words, f"endpoints/{endpoint.id}"
    types = None if endpoint.types is None else frozenset(map(EventType, endpoint.types))
    fields = (
        _url(words, endpoint.url),
        _types(words, types, is_default=endpoint.is_default),
        reason_field(words),
    )
    view = FormView(
        words.gettext("Change where and what is told"),
        (*crumbs(words, row), Link(title_of(words, endpoint, row), here)),
        words.gettext("What is still to be sent goes to the new address."),
        f"{here}/change",
        fields,
        (),
        words.gettext("Keep the change"),
        here,
    )
    sent = await agreed(visit, view)
    if not isinstance(sent, Agreed):
        return sent
    said = sent.said
    url = await _understood_url(visit, said)
    wanted = _understood_types(words, said, is_default=endpoint.is_default)
    if said.errors or url is None:
        return form_page(visit, replace(view, fields=said.shown(fields)))
    command = ChangeEndpoint(visit.member.organization_id, endpoint.id, url, wanted)
    stopped = await refused(visit, view, sent, command)
    return stopped or visit.to(f"{here}?done=changed")


async def rotate(visit: Visit) -> Response:
    """Another secret signs; the one until now for a while, too."""
    endpoint, row = await in_path(visit)
    words, here = visit.words, f"endpoints/{endpoint.id}"
    options = tuple(Option(hours, words.gettext(said)) for hours, said in OVERLAPS.items())
    fields = (
        Field(
            "overlap",
            words.gettext("The one until now signs, too"),
            options[0].value,
            Kind.ONE_OF,
            options=options,
        ),
        reason_field(words),
    )
    view = FormView(
        words.gettext("Another secret"),
        (*crumbs(words, row), Link(title_of(words, endpoint, row), here)),
        words.gettext(
            "As long as both sign, the partner misses nothing while the new one is put in place."
        ),
        f"{here}/secret",
        fields,
        (),
        words.gettext("Make another secret"),
        here,
    )
    sent = await agreed(visit, view)
    if not isinstance(sent, Agreed):
        return sent
    hours = sent.said.one_of("overlap", options)
    if hours is None:
        return form_page(visit, replace(view, fields=sent.said.shown(fields)))
    command = RotateSecret.fresh(
        visit.member.organization_id, endpoint.id, timedelta(hours=int(hours))
    )
    try:
        until = await visit.services.desk.execute(
            command, by=visit.member.actor, reason=sent.reason
        )
    except RotatedAlready:
        sent.said.errors["overlap"] = words.gettext(
            "The one from before the last change still signs. Wait until then, or choose “not at all”: "
            "that ends both."
        )
        return form_page(visit, replace(view, fields=sent.said.shown(fields)))
    except NoSuchEndpoint as gone:
        raise NotThere(str(endpoint.id)) from gone
    moments = await Moments.of(visit)
    note = words.gettext("The one from before signs no more.")
    if until is not None:
        note = words.gettext("Until %(at)s the one from before signs, too.", at=moments.at(until))
    return once_page(
        visit,
        OnceView(
            view.title,
            view.crumbs,
            words.gettext("The secret is made, and signs."),
            (Secret(words.gettext("Secret that signs"), command.secret),),
            Link(words.gettext("I have it"), here),
            (note,),
        ),
    )


# --- The fields -----------------------------------------------------------------------------------


def _url(words: Words, url: str) -> Field:
    return Field(
        "url",
        words.gettext("Address"),
        url,
        Kind.URL,
        required=True,
        hint=words.gettext(
            "Like https://partner.example/events; it has to be in the open internet."
        ),
    )


async def _understood_url(visit: Visit, said: Said) -> str | None:
    url = said.raw("url")
    if not url:
        return said.text("url", required=True)
    try:
        await visit.services.webhooks.check(url)
    except RefusedTarget:
        said.errors["url"] = visit.words.gettext(
            "Nothing can be sent there: it has to begin with https://, name a host in the open internet, "
            "and hold no password and no #."
        )
        return None
    return url


def _types(words: Words, ticked: frozenset[EventType] | None, *, is_default: bool) -> Field:
    return Field(
        "types",
        words.gettext("It is told of"),
        " ".join(sorted(ticked or ())),
        Kind.SOME_OF,
        options=tuple(Option(each.value, words.gettext(said)) for each, said in HAPPENED.items()),
        hint=words.gettext("Nothing ticked is everything.") if is_default else "",
    )


def _understood_types(words: Words, said: Said, *, is_default: bool) -> frozenset[EventType] | None:
    options: Sequence[Option] = [Option(each.value, "") for each in HAPPENED]
    ticked = said.some_of("types", options, required=not is_default)
    return frozenset(map(EventType, ticked)) or None
