"""One's own account: sessions, password, second factor, passkeys, language."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final

from starlette.responses import JSONResponse, Response

from kursplan.console.entrance import Entrance, Form, FormHandler
from kursplan.console.frame import EVERYBODY, LANGUAGE_NAMES
from kursplan.console.moments import Moments
from kursplan.console.page import page
from kursplan.console.picture import Picture, picture_of
from kursplan.console.routes import GET, POST, Page
from kursplan.console.sign_in import blocked_page, said_of
from kursplan.console.visit import Handler, Visit
from kursplan.desk.accounts import StaffRefused
from kursplan.desk.credentials import (
    AddPasskey,
    RemovePasskey,
    SetLanguage,
    SetPassword,
    SetSecondFactor,
)
from kursplan.domain.accounts import (
    LANGUAGES,
    LONGEST_PASSWORD,
    SHORTEST_PASSWORD,
    flaw_of,
    session_lasts,
)
from kursplan.ids import fingerprint, new_recovery_code, new_totp_secret
from kursplan.store.entries import accounts
from kursplan.store.staff import accounts as shown
from kursplan.store.staff import sessions
from kursplan.web.devices import device_of
from kursplan.web.recognition import Blocked, NewPasskey, Wrong, address_for_apps, step_of

RECOVERY_CODES: Final = 10
LONGEST_LABEL: Final = 60
_SECRET: Final = re.compile(r"[A-Z2-7]{32}")


@dataclass(frozen=True, slots=True)
class SessionRow:
    id: int
    device: str
    since: str
    seen: str
    here: bool


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    id: int
    name: str = field(repr=False)
    since: str
    used: str | None


@dataclass(frozen=True, slots=True)
class LanguageRow:
    tag: str
    name: str = field(repr=False)
    current: bool


@dataclass(frozen=True, slots=True)
class AccountView:
    name: str = field(repr=False)
    email: str = field(repr=False)
    sessions: tuple[SessionRow, ...]
    passkeys: tuple[PasskeyRow, ...]
    passkeys_possible: bool
    second_factor: bool
    recovery_left: int
    languages: tuple[LanguageRow, ...]
    wrong: str | None
    done: str | None
    shortest: int = SHORTEST_PASSWORD
    longest: int = LONGEST_PASSWORD


@dataclass(frozen=True, slots=True)
class SecondFactorView:
    secret: str = field(repr=False)
    grouped: str = field(repr=False)
    """The secret as people type it."""
    address: str = field(repr=False)
    picture: Picture
    wrong: str | None


@dataclass(frozen=True, slots=True)
class RecoveryView:
    codes: tuple[str, ...] = field(repr=False)


def routes(entrance: Entrance) -> tuple[Page, ...]:
    """Its pages, below `/console/`."""
    own = _OwnAccount(entrance)

    def row(path: str, methods: tuple[str, ...], handler: Handler) -> Page:
        return Page(path, methods, EVERYBODY, None, handler)

    def sent(path: str, handler: FormHandler) -> Page:
        return row(path, POST, entrance.sent(handler))

    def sensitive(path: str, handler: FormHandler) -> Page:
        return replace(sent(path, handler), sensitive=True)

    return (
        row("account", GET, entrance.shown(own.show)),
        sent("account/password", own.set_password),
        sent("account/language", own.set_language),
        sent("account/sessions/end", own.end_session),
        sent("account/sessions/end-others", own.end_others),
        replace(
            row("account/second-factor", GET, entrance.shown(own.show_second_factor)),
            sensitive=True,
        ),
        sensitive("account/second-factor", own.set_second_factor),
        sensitive("account/second-factor/off", own.drop_second_factor),
        sensitive("account/passkeys/challenge", own.challenge),
        sensitive("account/passkeys", own.add_passkey),
        sensitive("account/passkeys/remove", own.remove_passkey),
    )


class _OwnAccount:
    def __init__(self, entrance: Entrance) -> None:
        self._entrance = entrance

    async def show(self, visit: Visit) -> Response:
        return await self._page(visit, done=_DONE.get(visit.asked("done") or ""))

    async def _page(
        self, visit: Visit, *, wrong: str | None = None, done: str | None = None
    ) -> Response:
        member, gettext = visit.member, visit.words.gettext
        here = await self._entrance.session(visit)
        account = await visit.read(accounts.find, member.account_id)
        found = await visit.read(sessions.of_account, member.account_id)
        keys = await visit.read(shown.passkeys, member.account_id)
        moments, now = await Moments.of(visit), self._entrance.now
        view = AccountView(
            name=member.name,
            email=member.email,
            sessions=tuple(
                SessionRow(
                    each.id,
                    each.device or gettext("Some other program"),
                    moments.at(each.created_at),
                    moments.at(each.seen_at),
                    each.id == here.id,
                )
                for each in found
                if session_lasts(each.created_at, each.seen_at, now)
            ),
            passkeys=tuple(
                PasskeyRow(
                    each.id,
                    each.name,
                    moments.at(each.created_at),
                    None if each.used_at is None else moments.at(each.used_at),
                )
                for each in keys
            ),
            passkeys_possible=self._entrance.origins.domain(visit.request) is not None,
            second_factor=account is not None and account.totp_secret is not None,
            recovery_left=0 if account is None else len(account.recovery),
            languages=tuple(
                LanguageRow(tag, LANGUAGE_NAMES[tag], tag == member.language) for tag in LANGUAGES
            ),
            wrong=wrong,
            done=None if done is None else gettext(done),
        )
        response = page(visit, "account/account.html", gettext("My account"), view)
        if wrong is not None:
            response.status_code = 422
        return response

    async def set_password(self, visit: Visit, form: Form) -> Response:
        member, gettext = visit.member, visit.words.gettext
        known = await self._entrance.recognition.confirm_password(
            member, form.get("current", ""), self._entrance.peer(visit)
        )
        if isinstance(known, Blocked):
            return blocked_page(self._entrance, visit, known)
        if isinstance(known, Wrong):
            return await self._page(visit, wrong=gettext("This is not your password until now."))
        password = form.get("password", "")
        if flaw := flaw_of(password, member.email):
            return await self._page(visit, wrong=said_of(visit, flaw))
        if password != form.get("again", ""):
            return await self._page(visit, wrong=gettext("The two are not the same."))
        session = await self._entrance.session(visit)
        password_hash = await self._entrance.passwords.hash(password)
        command = SetPassword(member.organization_id, member.account_id, password_hash, session.id)
        await visit.services.desk.execute(command, by=member.actor)
        return await self._renewed(visit, "password")

    async def set_language(self, visit: Visit, form: Form) -> Response:
        member = visit.member
        command = SetLanguage(member.organization_id, member.account_id, form.get("language", ""))
        try:
            await visit.services.desk.execute(command, by=member.actor)
        except StaffRefused as refused:
            return await self._page(visit, wrong=str(refused))
        return visit.to("account?done=language")

    # --- Sessions -------------------------------------------------------------------------------

    async def end_session(self, visit: Visit, form: Form) -> Response:
        number = form.get("session", "")
        if number.isascii() and number.isdigit() and len(number) < 19:
            of, account_id = visit.member.organization_id, visit.member.account_id
            await visit.services.database.write(
                lambda tx: sessions.end(tx, of, account_id, int(number))
            )
        return visit.to("account?done=session")

    async def end_others(self, visit: Visit, _: Form) -> Response:
        session = await self._entrance.session(visit)
        of, account_id = visit.member.organization_id, visit.member.account_id
        await visit.services.database.write(
            lambda tx: sessions.end_others(tx, of, account_id, session.id)
        )
        return visit.to("account?done=session")

    async def _renewed(self, visit: Visit, done: str) -> Response:
        """What they show who they are with is another: the session goes on under another secret."""
        response = visit.to(f"account?done={done}")
        await self._entrance.sessions.confirm(response, await self._entrance.session(visit))
        return response

    # --- Second factor --------------------------------------------------------------------------

    async def show_second_factor(self, visit: Visit) -> Response:
        return self._second_factor(visit, new_totp_secret())

    def _second_factor(self, visit: Visit, secret: str, wrong: str | None = None) -> Response:
        address = address_for_apps(secret, visit.member.email)
        view = SecondFactorView(
            secret,
            " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
            address,
            picture_of(address),
            wrong,
        )
        title = visit.words.gettext("Second factor")
        response = page(visit, "account/second-factor.html", title, view)
        if wrong is not None:
            response.status_code = 422
        return response

    async def set_second_factor(self, visit: Visit, form: Form) -> Response:
        """The app shows the right code, so it has the secret: from now on codes are asked for."""
        member, secret = visit.member, form.get("secret", "")
        if not _SECRET.fullmatch(secret):
            return await self.show_second_factor(visit)
        step = step_of(secret, "".join(form.get("code", "").split()), self._entrance.now)
        if step is None:
            gettext = visit.words.gettext
            return self._second_factor(
                visit, secret, gettext("This is not the code that is shown now.")
            )
        codes = tuple(new_recovery_code() for _ in range(RECOVERY_CODES))
        session, of, account_id = (
            await self._entrance.session(visit),
            member.organization_id,
            member.account_id,
        )
        command = SetSecondFactor(
            of, account_id, secret, tuple(map(fingerprint, codes)), session.id
        )
        await visit.services.desk.execute(command, by=member.actor)
        # The code that has just been shown does not work a second time.
        await visit.services.database.write(lambda tx: shown.use_step(tx, of, account_id, step))
        title = visit.words.gettext("Codes for an emergency")
        response = page(visit, "account/recovery.html", title, RecoveryView(codes))
        await self._entrance.sessions.confirm(response, session)
        return response

    async def drop_second_factor(self, visit: Visit, _: Form) -> Response:
        member, session = visit.member, await self._entrance.session(visit)
        command = SetSecondFactor(member.organization_id, member.account_id, None, (), session.id)
        await visit.services.desk.execute(command, by=member.actor)
        return await self._renewed(visit, "second-factor")

    # --- Passkeys -------------------------------------------------------------------------------

    async def challenge(self, visit: Visit, _: Form) -> Response:
        domain = self._entrance.origins.domain(visit.request)
        if domain is None:
            return JSONResponse({}, 404)
        options = await self._entrance.recognition.challenge_for_new(visit.member, domain)
        return Response(options, media_type="application/json")

    async def add_passkey(self, visit: Visit, form: Form) -> Response:
        member, gettext = visit.member, visit.words.gettext
        origins = self._entrance.origins
        domain, origin = origins.domain(visit.request), origins.origin(visit.request)
        made: NewPasskey | Wrong = Wrong()
        if domain is not None and origin is not None:
            made = await self._entrance.recognition.new_passkey(
                member, form.get("credential", ""), domain, origin
            )
        if isinstance(made, Wrong):
            return await self._page(visit, wrong=gettext("The browser made no passkey."))
        label = form.get("label", "").strip()[:LONGEST_LABEL]
        device = device_of(visit.request.headers.get("user-agent", ""))
        command = AddPasskey(
            member.organization_id,
            member.account_id,
            await visit.services.desk.ids.next(),
            made.credential_id,
            made.public_key,
            made.sign_count,
            label or device or gettext("Passkey"),
        )
        try:
            await visit.services.desk.execute(command, by=member.actor)
        except StaffRefused:
            return await self._page(
                visit, wrong=gettext("This passkey is known already, or there are too many.")
            )
        return visit.to("account?done=passkey")

    async def remove_passkey(self, visit: Visit, form: Form) -> Response:
        number = form.get("passkey", "")
        if number.isascii() and number.isdigit() and len(number) < 19:
            member = visit.member
            command = RemovePasskey(member.organization_id, member.account_id, int(number))
            await visit.services.desk.execute(command, by=member.actor)
        return visit.to("account?done=passkey")


def _(message: str) -> str:
    """Marks what is translated when it is shown."""
    return message


_DONE: Final = {
    "password": _("The password is changed. You are signed out everywhere else."),
    "language": _("The console speaks another language to you now."),
    "session": _("It is signed out."),
    "second-factor": _("No code is asked for any more."),
    "passkey": _("Your passkeys are changed."),
}
