"""Settings of the organization: what it is called, and what becomes of a booking that is not allowed any more."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from starlette.responses import Response

from kursplan.console.forms import (
    Agreed,
    Field,
    FormView,
    Kind,
    Option,
    agreed,
    form_page,
    reason_field,
)
from kursplan.console.visit import NotThere, Visit
from kursplan.console.words import marked as _
from kursplan.desk.engine.overtaken import Overtaken
from kursplan.desk.organizations import RecordOrganization
from kursplan.domain.entries import OrganizationEntry
from kursplan.domain.studios import LostEntitlement
from kursplan.store.entries import organizations

PATH: Final = "settings"
LOST: Final = {
    LostEntitlement.FLAG: _("It stays, and staff decide about it"),
    LostEntitlement.CANCEL: _("It is cancelled"),
}


async def handler(visit: Visit) -> Response:
    words, of = visit.words, visit.member.organization_id
    stands = await visit.services.database.read(lambda tx: organizations.entry(tx, of))
    if stands is None:
        raise NotThere(str(of))
    fields = (
        Field(
            "name",
            words.gettext("Name"),
            stands.name or "",
            required=True,
            hint=words.gettext("In files and commands it goes by %(key)s.", key=stands.key),
        ),
        Field(
            "lost",
            words.gettext("A booking that is not allowed any more"),
            stands.lost_entitlement or LostEntitlement.FLAG,
            Kind.ONE_OF,
            options=tuple(Option(each.value, words.gettext(said)) for each, said in LOST.items()),
            hint=words.gettext(
                "When a membership ends or rests, a studio closes, or a class admits others than before. "
                "What was decided until now stays."
            ),
        ),
        reason_field(words),
    )
    view = FormView(
        words.gettext("Settings"),
        (),
        words.gettext("It is kept.") if visit.asked("done") == "kept" else "",
        PATH,
        fields,
        (),
        words.gettext("Keep the change"),
        "today",
    )
    sent = await agreed(visit, view)
    if not isinstance(sent, Agreed):
        return sent
    name = sent.said.text("name", required=True)
    lost = sent.said.one_of("lost", fields[1].options)
    if sent.said.errors or lost is None:
        return form_page(visit, replace(view, fields=sent.said.shown(fields)))
    entry = OrganizationEntry(stands.key, name, LostEntitlement(lost))
    command = RecordOrganization(of, entry, stands)
    try:
        await visit.services.desk.execute(command, by=visit.member.actor, reason=sent.reason)
    except Overtaken:
        wrong = words.gettext("Somebody has changed it meanwhile: look at it, and send it again.")
        return form_page(visit, replace(view, fields=sent.said.shown(fields), wrong=wrong))
    return visit.to(f"{PATH}?done=kept")
