"""Showing once more who one is, before what is sensitive: with the password or a passkey.

The rows of such pages say so (`Page.sensitive`), and the door sends here whoever has not done it lately.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.responses import Response

from kursplan.console.entrance import Entrance, Form, FormHandler, safe_next
from kursplan.console.frame import EVERYBODY
from kursplan.console.page import page
from kursplan.console.routes import GET, POST, Page
from kursplan.console.sign_in import blocked_page
from kursplan.console.visit import Visit
from kursplan.web.recognition import Blocked, Known, Wrong


@dataclass(frozen=True, slots=True)
class ConfirmView:
    next: str
    email: str = field(repr=False)
    wrong: str | None
    passkeys: bool


def routes(entrance: Entrance) -> tuple[Page, ...]:
    """Its pages, below `/console/`."""
    again = _Again(entrance)

    def sent(path: str, handler: FormHandler) -> Page:
        return Page(path, POST, EVERYBODY, None, entrance.sent(handler))

    return (
        Page("confirm", GET, EVERYBODY, None, entrance.shown(again.show)),
        sent("confirm", again.with_password),
        sent("confirm/passkey", again.with_passkey),
    )


class _Again:
    def __init__(self, entrance: Entrance) -> None:
        self._entrance = entrance

    async def show(self, visit: Visit) -> Response:
        return self._form(visit, safe_next(visit.asked("next")))

    async def with_password(self, visit: Visit, form: Form) -> Response:
        wanted, gettext = safe_next(form.get("next")), visit.words.gettext
        known = await self._entrance.recognition.confirm_password(
            visit.member, form.get("password", ""), self._entrance.peer(visit)
        )
        if isinstance(known, Blocked):
            return blocked_page(self._entrance, visit, known)
        if isinstance(known, Wrong):
            return self._form(visit, wanted, gettext("This is not your password."))
        return await self._confirmed(visit, wanted)

    async def with_passkey(self, visit: Visit, form: Form) -> Response:
        wanted, gettext = safe_next(form.get("next")), visit.words.gettext
        origins = self._entrance.origins
        domain, origin = origins.domain(visit.request), origins.origin(visit.request)
        known: Known | Wrong = Wrong()
        if domain is not None and origin is not None:
            known = await self._entrance.recognition.passkey(
                form.get("credential", ""), domain, origin, self._entrance.peer(visit)
            )
        if isinstance(known, Wrong) or known.account_id != visit.member.account_id:
            return self._form(visit, wanted, gettext("This passkey is not yours."))
        return await self._confirmed(visit, wanted)

    async def _confirmed(self, visit: Visit, wanted: str) -> Response:
        response = visit.to(wanted or "account")
        await self._entrance.sessions.confirm(response, await self._entrance.session(visit))
        return response

    def _form(self, visit: Visit, wanted: str, wrong: str | None = None) -> Response:
        view = ConfirmView(
            wanted,
            visit.member.email,
            wrong,
            self._entrance.origins.domain(visit.request) is not None,
        )
        title = visit.words.gettext("Is it you?")
        response = page(visit, "account/confirm.html", title, view)
        if wrong is not None:
            response.status_code = 422
        return response
