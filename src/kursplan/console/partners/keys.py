"""Keys by which an application shows who it is: made and shown once, revoked at once."""

from __future__ import annotations

from starlette.responses import Response

from kursplan.console.forms import Agreed, FormView, agreed, reason_field
from kursplan.console.frame import Link
from kursplan.console.once import OnceView, Secret, once_page, where_to_ask
from kursplan.console.partners import crumbs, home_of, integration, integration_in_path
from kursplan.console.visit import NotThere, Visit, number_of
from kursplan.desk.keys import IssueKey, RevokeKey
from kursplan.store.staff import partners


async def issue(visit: Visit) -> Response:
    """A further key; those from before stay valid, so that nothing stands still while it is exchanged."""
    row = await integration_in_path(visit)
    words, of = visit.words, visit.member.organization_id
    working = [e for e in await visit.read(partners.keys, [row.id]) if e.revoked_at is None]
    where = {"name": row.application_name, "studio": row.studio_name}
    note = words.gettext("With it the application asks and books here, as far as it may.")
    if working:
        note = words.gettext(
            "Keys from before stay valid until they are revoked, so nothing stands still while the new "
            "one is put in place."
        )
    view = FormView(
        words.gettext("A new key for %(name)s in %(studio)s", **where),
        crumbs(words, row),
        note,
        f"integrations/{row.id}/keys",
        (reason_field(words),),
        (),
        words.gettext("Make the key"),
        home_of(row),
    )
    sent = await agreed(visit, view)
    if not isinstance(sent, Agreed):
        return sent
    command, key = IssueKey.fresh(of, row.id, await visit.services.desk.ids.next())
    await visit.services.desk.execute(command, by=visit.member.actor, reason=sent.reason)
    notes = [words.gettext("Give it to nobody but the partner, and not by e-mail.")]
    if working:
        notes.append(
            words.gettext(
                "Once it is in place there, revoke the one from before: %(keys)s.",
                keys=words.listed([f"…{each.hint}" for each in working]),
            )
        )
    return once_page(
        visit,
        OnceView(
            view.title,
            view.crumbs,
            words.gettext("The key is made, and works."),
            (
                Secret(
                    words.gettext("Key"),
                    key,
                    words.gettext("The application sends it as X-API-KEY."),
                ),
                Secret(
                    words.gettext("Webhook key"),
                    row.webhook_key,
                    words.gettext(
                        "We send it as x-api-key with what we tell: by it the partner knows us."
                    ),
                ),
                *where_to_ask(visit),
            ),
            Link(words.gettext("I have it"), home_of(row)),
            tuple(notes),
        ),
    )


async def revoke(visit: Visit) -> Response:
    """It ends at once."""
    key_id = number_of("key_id", visit.request.path_params["key_id"])
    found = await visit.read(partners.key, key_id)
    if found is None:
        raise NotThere(str(key_id))
    row = await integration(visit, found.integration_id)
    words = visit.words
    working = [e for e in await visit.read(partners.keys, [row.id]) if e.revoked_at is None]
    where = {"name": row.application_name, "studio": row.studio_name}
    note = words.gettext("Requests with it are refused from that moment on.")
    if [each.id for each in working] == [key_id]:
        note += " " + words.gettext(
            "It is the only one: %(name)s can do nothing in %(studio)s any more.", **where
        )
    view = FormView(
        words.gettext("Revoke the key that ends in %(hint)s?", hint=f"…{found.hint}"),
        crumbs(words, row),
        note,
        f"keys/{key_id}/revoke",
        (reason_field(words),),
        (),
        words.gettext("Revoke it"),
        home_of(row),
        grave=True,
    )
    sent = await agreed(visit, view)
    if not isinstance(sent, Agreed):
        return sent
    command = RevokeKey(visit.member.organization_id, key_id)
    await visit.services.desk.execute(command, by=visit.member.actor, reason=sent.reason)
    return visit.to(f"{home_of(row)}?done=revoked")
