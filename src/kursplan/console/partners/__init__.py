"""Partners: whose applications may ask and book here, with which keys, and where they are told what happens.

Owners look after them. Keys and secrets are shown once, when they are made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from kursplan.console.frame import Link
from kursplan.console.page import page
from kursplan.console.partners.sayings import sign_of_endpoint
from kursplan.console.partners.view import ApplicationRow, PartnersView
from kursplan.console.timetable.view import Sign
from kursplan.console.visit import NotThere, Visit, number_of
from kursplan.console.words import Words
from kursplan.store.engine.rows import AnyRow
from kursplan.store.outbox.endpoints import shown as all_endpoints
from kursplan.store.staff import partners

PATH: Final = "partners"
GRAVEST: Final = ("stop", "flag", "wait")
"""Kinds of signs that say that something is the matter."""


async def handler(visit: Visit) -> Response:
    """All applications, and where something is the matter."""
    words = visit.words
    found = await visit.read(partners.integrations)
    keys = await visit.read(partners.keys, [each.id for each in found])
    told = await visit.read(all_endpoints)
    by_application: defaultdict[int, list[AnyRow]] = defaultdict(list)
    for each in found:
        by_application[each.application_id].append(each)
    rows = tuple(
        _row(words, each, by_application[each.id], keys, told)
        for each in await visit.read(partners.applications)
    )
    return page(visit, "partners/partners.html", words.gettext("Partners"), PartnersView(rows))


def _row(
    words: Words,
    application: AnyRow,
    integrations: Sequence[AnyRow],
    keys: Sequence[AnyRow],
    told: Sequence[AnyRow],
) -> ApplicationRow:
    theirs = {each.id for each in integrations}
    working = [e for e in keys if e.integration_id in theirs and e.revoked_at is None]
    listening = [each for each in told if each.integration_id in theirs]
    signs = [
        *(sign_of_integration(words, each) for each in integrations),
        *(sign_of_endpoint(words, each) for each in listening),
    ]
    grave = sorted(
        (each for each in signs if each.kind in GRAVEST), key=lambda s: GRAVEST.index(s.kind)
    )
    return ApplicationRow(
        href=f"{PATH}/{application.id}",
        name=application.name,
        studios=words.listed([each.studio_name for each in integrations if each.active]),
        keys=words.ngettext("%(n)s key", "%(n)s keys", len(working)),
        told=words.ngettext("told at %(n)s address", "told at %(n)s addresses", len(listening))
        if listening
        else words.gettext("told nothing"),
        sign=grave[0] if grave else None,
    )


# --- What the other pages of partners do too ------------------------------------------------------


def sign_of_integration(words: Words, integration: AnyRow) -> Sign:
    """Whether the application works in the studio."""
    if not integration.active:
        return Sign("", "closed", words.gettext("Not active"))
    if integration.confirmed_at is None:
        return Sign("wait", "wait", words.gettext("Has not said that it is ready"))
    return Sign("good", "check", words.gettext("Active"))


async def integration(visit: Visit, integration_id: int) -> AnyRow:
    """The application in the studio. Raises `NotThere`."""
    found = await visit.read(partners.integrations)
    row = next((each for each in found if each.id == integration_id), None)
    if row is None:
        raise NotThere(str(integration_id))
    return row


async def integration_in_path(visit: Visit) -> AnyRow:
    return await integration(
        visit, number_of("integration_id", visit.request.path_params["integration_id"])
    )


def crumbs(words: Words, row: AnyRow | None = None) -> tuple[Link, ...]:
    """To the partners, and to the application of that integration."""
    around = Link(words.gettext("Partners"), PATH)
    if row is None:
        return (around,)
    return (around, Link(row.application_name, home_of(row)))


def home_of(row: AnyRow) -> str:
    """The page of the integration's application, at its studio."""
    return f"{PATH}/{row.application_id}"
