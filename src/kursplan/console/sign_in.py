"""Signing in and out: with a passkey, or a password and perhaps a code; and the links that work once.

What is wrong is never said more exactly than that it is: not whether there is an account, nor what of it was
not right. Opening a link changes nothing, because programs that look at mail open links, too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.responses import JSONResponse, Response

from kursplan.console.entrance import Entrance, Form, FormHandler, safe_next
from kursplan.console.page import page
from kursplan.console.routes import GET, POST, Page
from kursplan.console.visit import Handler, Visit
from kursplan.desk.accounts import NoSuchAccount
from kursplan.desk.credentials import TakeLink
from kursplan.domain.accounts import (
    LONGEST_PASSWORD,
    SHORTEST_PASSWORD,
    PasswordFlaw,
    Purpose,
    flaw_of,
)
from kursplan.domain.actors import Actor
from kursplan.store.entries import accounts
from kursplan.store.entries.accounts import StoredAccount
from kursplan.store.staff import tickets
from kursplan.web.recognition import Blocked, Known, Wrong
from kursplan.web.sessions import Key


@dataclass(frozen=True, slots=True)
class SignInView:
    csrf: str = field(repr=False)
    next: str
    """Where they wanted to go."""
    email: str = field(repr=False)
    """What they typed before."""
    wrong: str | None
    passkeys: bool
    """Whether a browser could have one for this address."""


@dataclass(frozen=True, slots=True)
class CodeView:
    csrf: str = field(repr=False)
    next: str
    ticket: str = field(repr=False)
    wrong: str | None


@dataclass(frozen=True, slots=True)
class LinkView:
    csrf: str = field(repr=False)
    link: str = field(repr=False)
    email: str = field(repr=False)
    greeting: str
    asks_for_one: bool
    """Whether a password is to be set; otherwise it signs in as it is."""
    wrong: str | None
    shortest: int = SHORTEST_PASSWORD
    longest: int = LONGEST_PASSWORD


@dataclass(frozen=True, slots=True)
class NoteView:
    """A sentence, and where to go on."""

    what: str
    instead: str


def routes(entrance: Entrance) -> tuple[Page, ...]:
    """Its pages, below `/console/`."""
    doing = _SigningIn(entrance)

    def shown(path: str, handler: Handler) -> Page:
        return Page(path, GET, None, None, entrance.shown(handler))

    def sent(path: str, handler: FormHandler) -> Page:
        return Page(path, POST, None, None, entrance.sent(handler))

    return (
        shown("sign-in", doing.show),
        sent("sign-in", doing.with_password),
        sent("sign-in/code", doing.with_code),
        sent("sign-in/challenge", doing.challenge),
        sent("sign-in/passkey", doing.with_passkey),
        shown("link/{link}", doing.show_link),
        sent("link/{link}", doing.take_link),
        shown("sign-out", doing.show_sign_out),
        sent("sign-out", doing.sign_out),
    )


class _SigningIn:
    def __init__(self, entrance: Entrance) -> None:
        self._entrance = entrance

    async def show(self, visit: Visit) -> Response:
        wanted = safe_next(visit.asked("next"))
        if visit.visitor is not None:
            return visit.to(wanted)
        return self._form(visit, wanted)

    async def with_password(self, visit: Visit, form: Form) -> Response:
        wanted, email = safe_next(form.get("next")), form.get("email", "")
        known = await self._entrance.recognition.password(
            email, form.get("password", ""), self._entrance.peer(visit)
        )
        if isinstance(known, Blocked):
            return blocked_page(self._entrance, visit, known)
        if isinstance(known, Wrong):
            return self._form(visit, wanted, email, wrong=True)
        if not known.needs_code:
            return await self._let_in(visit, known, wanted)
        return await self._ask_for_code(visit, known, wanted)

    async def with_code(self, visit: Visit, form: Form) -> Response:
        wanted, written = safe_next(form.get("next")), form.get("ticket", "")
        ticket = Key.read(written)
        if ticket is None:
            return self._too_late(visit)
        known = await self._entrance.recognition.code(
            ticket.organization_id, ticket.token, form.get("code", ""), self._entrance.peer(visit)
        )
        if known is None:
            return self._too_late(visit)
        if isinstance(known, Blocked):
            return blocked_page(self._entrance, visit, known)
        if isinstance(known, Wrong):
            return self._code_form(visit, written, wanted, wrong=True)
        return await self._let_in(visit, known, wanted)

    async def challenge(self, visit: Visit, _: Form) -> Response:
        """What the browser is to sign; asked for by the script that has a passkey do it."""
        domain = self._entrance.origins.domain(visit.request)
        if domain is None:
            return JSONResponse({}, 404)
        options = await self._entrance.recognition.challenge(domain, self._entrance.peer(visit))
        if isinstance(options, Blocked):
            return JSONResponse({}, 429, {"Retry-After": self._retry_after(options)})
        return Response(options, media_type="application/json")

    async def with_passkey(self, visit: Visit, form: Form) -> Response:
        origins, wanted = self._entrance.origins, safe_next(form.get("next"))
        domain, origin = origins.domain(visit.request), origins.origin(visit.request)
        if domain is None or origin is None:
            return self._form(visit, wanted, wrong=True)
        known = await self._entrance.recognition.passkey(
            form.get("credential", ""), domain, origin, self._entrance.peer(visit)
        )
        if isinstance(known, Wrong):
            gettext = visit.words.gettext
            return self._form(
                visit, wanted, said_wrong=gettext("This passkey does not sign in here.")
            )
        return await self._let_in(visit, known, wanted)

    # --- Links ----------------------------------------------------------------------------------

    async def show_link(self, visit: Visit) -> Response:
        found = await self._look(visit)
        if found is None:
            return self._spent(visit)
        return self._link_form(visit, *found)

    async def take_link(self, visit: Visit, form: Form) -> Response:
        found = await self._look(visit)
        if found is None:
            return self._spent(visit)
        key, purpose, account_id, account = found
        if purpose is Purpose.SIGN_IN:
            known = await self._entrance.recognition.link(key.organization_id, key.token)
            if known is None:
                return self._spent(visit)
            if known.needs_code:
                return await self._ask_for_code(visit, known, "")
            return await self._let_in(visit, known, "")
        password = form.get("password", "")
        if flaw := flaw_of(password, account.entry.email):
            return self._link_form(visit, *found, wrong=said_of(visit, flaw))
        if password != form.get("again", ""):
            gettext = visit.words.gettext
            return self._link_form(visit, *found, wrong=gettext("The two are not the same."))
        password_hash = await self._entrance.passwords.hash(password)
        command = TakeLink(key.organization_id, account_id, key.fingerprint, password_hash)
        try:
            taken = await visit.services.desk.execute(command, by=Actor.staff_member(account_id))
        except NoSuchAccount:
            taken = False
        if not taken:
            return self._spent(visit)
        known = Known(
            key.organization_id, account_id, account.totp_secret is not None, password_hash
        )
        if known.needs_code:
            return await self._ask_for_code(visit, known, "")
        return await self._let_in(visit, known, "")

    async def _look(self, visit: Visit) -> tuple[Key, Purpose, int, StoredAccount] | None:
        """What the link is for and whose it is, without taking it."""
        key = Key.read(visit.request.path_params["link"])
        if key is None:
            return None
        of, now = key.organization_id, self._entrance.now
        link = await visit.services.database.read(
            lambda tx: tickets.find(tx, of, key.fingerprint, now)
        )
        if link is None or link.purpose not in _BY_LINK:
            return None
        account = await visit.services.database.read(
            lambda tx: accounts.find(tx, of, link.account_id)
        )
        if account is None or account.disabled_at is not None:
            return None
        return key, link.purpose, link.account_id, account

    # --- Signing out ----------------------------------------------------------------------------

    async def show_sign_out(self, visit: Visit) -> Response:
        if visit.visitor is None:
            return visit.to("sign-in")
        return page(visit, "sign-in/sign-out.html", visit.words.gettext("Sign out"), None)

    async def sign_out(self, visit: Visit, _: Form) -> Response:
        response = visit.to("sign-in")
        await self._entrance.sessions.end(visit.request, response)
        return response

    # --- What is shown --------------------------------------------------------------------------

    async def _let_in(self, visit: Visit, known: Known, wanted: str) -> Response:
        response = visit.to(wanted)
        if await self._entrance.sessions.begin(visit.request, response, known):
            return response
        return self._form(visit, wanted, wrong=True)

    async def _ask_for_code(self, visit: Visit, known: Known, wanted: str) -> Response:
        token = await self._entrance.recognition.second_factor(known)
        if token is None:
            return self._form(visit, wanted, wrong=True)
        return self._code_form(visit, Key(known.organization_id, token).written(), wanted)

    def _form(
        self,
        visit: Visit,
        wanted: str,
        email: str = "",
        *,
        wrong: bool = False,
        said_wrong: str | None = None,
    ) -> Response:
        gettext = visit.words.gettext
        if wrong:
            said_wrong = gettext("E-mail and password do not belong together.")
        view = SignInView(
            self._entrance.csrf(visit),
            wanted,
            email,
            said_wrong,
            self._entrance.origins.domain(visit.request) is not None,
        )
        return _with(page(visit, "sign-in/sign-in.html", gettext("Sign in"), view), said_wrong)

    def _code_form(
        self, visit: Visit, ticket: str, wanted: str, *, wrong: bool = False
    ) -> Response:
        gettext = visit.words.gettext
        said_wrong = gettext("This is not the code that is shown now.") if wrong else None
        view = CodeView(self._entrance.csrf(visit), wanted, ticket, said_wrong)
        return _with(page(visit, "sign-in/code.html", gettext("Second factor"), view), said_wrong)

    def _link_form(
        self,
        visit: Visit,
        key: Key,
        purpose: Purpose,
        _: int,
        account: StoredAccount,
        *,
        wrong: str | None = None,
    ) -> Response:
        gettext = visit.words.gettext
        greeting = {
            Purpose.INVITATION: gettext("Welcome, %(name)s", name=account.entry.name),
            Purpose.RESET: gettext("A new password for %(name)s", name=account.entry.name),
            Purpose.SIGN_IN: gettext("Sign in as %(name)s", name=account.entry.name),
        }[purpose]
        view = LinkView(
            self._entrance.csrf(visit),
            key.written(),
            account.entry.email,
            greeting,
            purpose is not Purpose.SIGN_IN,
            wrong,
        )
        return _with(page(visit, "sign-in/link.html", greeting, view), wrong)

    def _spent(self, visit: Visit) -> Response:
        gettext = visit.words.gettext
        view = NoteView(
            gettext("This link does not work any more"),
            gettext("It works once, and for a time. Whoever invited you can give you another one."),
        )
        response = page(visit, "sign-in/note.html", view.what, view)
        response.status_code = 410
        return response

    def _too_late(self, visit: Visit) -> Response:
        gettext = visit.words.gettext
        view = NoteView(gettext("That took too long"), gettext("Sign in once more, please."))
        response = page(visit, "sign-in/note.html", view.what, view)
        response.status_code = 410
        return response

    def _retry_after(self, blocked: Blocked) -> str:
        return str(60 * self._entrance.minutes_until(blocked))


_BY_LINK = frozenset({Purpose.INVITATION, Purpose.RESET, Purpose.SIGN_IN})


def blocked_page(entrance: Entrance, visit: Visit, blocked: Blocked) -> Response:
    """Too much failed lately; when to try again."""
    minutes = entrance.minutes_until(blocked)
    view = NoteView(
        visit.words.gettext("Too many attempts"),
        visit.words.ngettext(
            "Nothing was tried. Try again in %(n)s minute.",
            "Nothing was tried. Try again in %(n)s minutes.",
            minutes,
        ),
    )
    response = page(visit, "sign-in/note.html", view.what, view)
    response.status_code = 429
    response.headers["Retry-After"] = str(60 * minutes)
    return response


def said_of(visit: Visit, flaw: PasswordFlaw) -> str:
    """Why a password can't be chosen, in words."""
    gettext = visit.words.gettext
    match flaw:
        case PasswordFlaw.TOO_SHORT:
            return gettext("It is too short: it needs %(n)s characters.", n=SHORTEST_PASSWORD)
        case PasswordFlaw.TOO_LONG:
            return gettext("It is too long: it may have %(n)s characters.", n=LONGEST_PASSWORD)
        case PasswordFlaw.IS_THE_EMAIL:
            return gettext("It is your address, which others know.")
        case PasswordFlaw.ALL_THE_SAME:
            return gettext("It is the same again and again, which is soon guessed.")


def _with(response: Response, wrong: str | None) -> Response:
    if wrong is not None:
        response.status_code = 422
    return response
