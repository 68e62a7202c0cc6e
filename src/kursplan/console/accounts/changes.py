"""What becomes of an account: nobody comes in with it, or again; it is set up anew; everybody is out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from starlette.responses import Response

from kursplan.console.accounts import Around, crumbs, not_own, path_of, wanted
from kursplan.console.accounts.letter import Letter
from kursplan.console.forms import Agreed, FormView, agreed, form_page, reason_field
from kursplan.console.frame import Link
from kursplan.console.visit import Visit
from kursplan.desk.accounts import (
    DisableStaff,
    EnableStaff,
    EndSessions,
    LastOwner,
    ResetStaff,
    StaffRefused,
)
from kursplan.desk.engine.turn import Command
from kursplan.store.staff.accounts import ShownAccount
from kursplan.web.sessions import Key


@dataclass(frozen=True, slots=True)
class _Asked:
    """A change that is asked about: its words, and its command."""

    path: str
    title: str
    note: str
    does: str
    command: Callable[[int, int], Command[Any]]
    done: str
    grave: bool = False


async def disable(visit: Visit) -> Response:
    account = not_own(visit, await wanted(visit))
    gettext = visit.words.gettext
    return await _ask(
        visit,
        account,
        _Asked(
            "disable",
            gettext("Let %(name)s in no more?", name=account.name),
            gettext(
                "They are signed out everywhere at once, and nobody comes in with the account until it is "
                "enabled again. What they did stays in the history under their name."
            ),
            gettext("Disable the account"),
            DisableStaff,
            "disabled",
            grave=True,
        ),
    )


async def enable(visit: Visit) -> Response:
    account = not_own(visit, await wanted(visit))
    gettext = visit.words.gettext
    return await _ask(
        visit,
        account,
        _Asked(
            "enable",
            gettext("Let %(name)s in again?", name=account.name),
            gettext("They come in with the password and the passkeys that they had."),
            gettext("Enable the account"),
            EnableStaff,
            "enabled",
        ),
    )


async def sign_out(visit: Visit) -> Response:
    """Wherever they are signed in, they are not any more."""
    account = not_own(visit, await wanted(visit))
    gettext = visit.words.gettext
    return await _ask(
        visit,
        account,
        _Asked(
            "sign-out",
            gettext("Sign %(name)s out everywhere?", name=account.name),
            gettext("For a tablet that is lost, say. They may come in again with what they have."),
            gettext("Sign them out"),
            EndSessions,
            "out",
        ),
    )


async def reset(visit: Visit) -> Response:
    """All that they show who they are with is gone; a link sets a password anew."""
    account = not_own(visit, await wanted(visit))
    words, of = visit.words, visit.member.organization_id
    if account.password_is_set:
        title = words.gettext("Set up the account of %(name)s anew?", name=account.name)
        note = words.gettext(
            "For a password that is forgotten, a telephone that is lost, or a fear that somebody else "
            "knows it. Password, second factor and passkeys are gone, they are signed out everywhere, and "
            "a link sets a new password."
        )
        does = words.gettext("Set it up anew")
    else:
        title = words.gettext("Another link for %(name)s?", name=account.name)
        note = words.gettext("The link until now works no more.")
        does = words.gettext("Make another link")
    view = FormView(
        title,
        crumbs(words, account),
        note,
        f"{path_of(account)}/reset",
        (reason_field(words),),
        (),
        does,
        path_of(account),
        grave=account.password_is_set,
    )
    sent = await agreed(visit, view)
    if not isinstance(sent, Agreed):
        return sent
    key = Key.fresh(of)
    try:
        until = await visit.services.desk.execute(
            ResetStaff(of, account.id, key.fingerprint), by=visit.member.actor, reason=sent.reason
        )
    except StaffRefused:
        wrong = words.gettext("The account is disabled: enable it first.")
        return form_page(visit, replace(view, wrong=wrong))
    around = await Around.of(visit)
    letter = Letter(
        key,
        words.gettext("A new link for %(name)s", name=account.name),
        words.gettext("Nothing from before works any more."),
        around.moments.at(until),
    )
    onward = Link(words.gettext("To the account"), path_of(account))
    return letter.page(visit, account.name, account.email, onward)


async def _ask(visit: Visit, account: ShownAccount, asked: _Asked) -> Response:
    words, here = visit.words, path_of(account)
    view = FormView(
        asked.title,
        crumbs(words, account),
        asked.note,
        f"{here}/{asked.path}",
        (reason_field(words),),
        (),
        asked.does,
        here,
        grave=asked.grave,
    )
    sent = await agreed(visit, view)
    if not isinstance(sent, Agreed):
        return sent
    command = asked.command(visit.member.organization_id, account.id)
    try:
        await visit.services.desk.execute(command, by=visit.member.actor, reason=sent.reason)
    except LastOwner:
        wrong = words.gettext(
            "This is the last owner, and nobody could look after accounts: make another one first."
        )
        return form_page(visit, replace(view, wrong=wrong))
    return visit.to(f"{here}?done={asked.done}")
