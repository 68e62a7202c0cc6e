"""How somebody shows who they are: password, the code of a second factor, passkey.

Whoever has no account gets the same answer as who has one and does not know the password, after the same
work. What fails is counted before it is tried, by what was typed and by where it comes from; after too many
nothing is tried for a while (`Blocked`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import structlog
from pyotp import TOTP
from sqlalchemy import Connection
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from kursplan.clock import Clock
from kursplan.domain.accounts import (
    PER_ACCOUNT,
    PER_PEER,
    Purpose,
    StaffMember,
    Throttle,
    folded_email,
)
from kursplan.ids import fingerprint, new_token
from kursplan.store.engine.database import Database
from kursplan.store.entries import accounts
from kursplan.store.staff import accounts as shown
from kursplan.store.staff import attempts, tickets
from kursplan.store.staff.tickets import NOBODYS
from kursplan.web.passwords import Passwords

log = structlog.get_logger(__name__)

STEP_SECONDS: Final = 30
"""How long a code is shown; the one before and the next one are taken, too, for clocks that differ."""
NAME: Final = "Kursplan"
"""As apps for codes and browsers show whose it is."""


@dataclass(frozen=True, slots=True)
class Known:
    """Whose account it is. What they have shown so far is right."""

    organization_id: int
    account_id: int
    needs_code: bool = False
    """What is missing is the code of the second factor."""
    password_hash: str | None = field(default=None, repr=False)
    """That of the password that was right; None for who came with a passkey."""
    credential_id: str | None = field(default=None, repr=False)
    """The passkey that they came with."""

    def still_lets_in(self, tx: Connection) -> bool:
        """Whether it does now, and nobody changes that until the transaction ends."""
        account = shown.hold(tx, self.organization_id, self.account_id)
        if account is None or account.disabled_at is not None:
            return False
        if self.credential_id is not None:
            return shown.passkey(tx, self.organization_id, self.credential_id) is not None
        return bool(account.password_hash == self.password_hash)


@dataclass(frozen=True, slots=True)
class Blocked:
    """Too much has failed lately: nothing is tried before that time."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Wrong:
    """Whatever it was: it is not said what."""


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A passkey that a browser has made, and that is to be stored."""

    credential_id: str = field(repr=False)
    public_key: str = field(repr=False)
    sign_count: int


Subject = tuple[str, Throttle]


class Recognition:
    """Looks at what somebody shows."""

    def __init__(self, database: Database, clock: Clock, passwords: Passwords) -> None:
        self._database = database
        self._clock = clock
        self._passwords = passwords

    # --- Passwords ------------------------------------------------------------------------------

    async def password(self, email: str, password: str, peer: str) -> Known | Blocked | Wrong:
        subjects = (_typed(email), _from(peer))
        if blocked := await self._count(subjects):
            return blocked

        def look(tx: Connection) -> tuple[int, int, accounts.StoredAccount | None]:
            # Of who has no account the one that nobody has is looked for: as much work.
            of, account_id = accounts.whose(tx, email) or (NOBODYS, NOBODYS)
            return of, account_id, accounts.find(tx, of, account_id)

        of, account_id, account = await self._database.read(look)
        lets_in = account is not None and account.disabled_at is None
        fits = await self._passwords.fits(account.password_hash if account else None, password)
        if account is None or not lets_in or not fits:
            return Wrong()
        await self._succeeded(subjects)
        needs_code = account.totp_secret is not None
        return Known(of, account_id, needs_code, account.password_hash)

    async def confirm_password(
        self, member: StaffMember, password: str, peer: str
    ) -> Known | Blocked | Wrong:
        """The same of somebody who is signed in already: it has to be theirs."""
        known = await self.password(member.email, password, peer)
        if isinstance(known, Known) and known.account_id != member.account_id:
            return Wrong()
        return known

    async def link(self, organization_id: int, token: str) -> Known | None:
        """A link that signs in. None where it does not work any more; it does so once."""
        now, of, mark = self._clock.now(), organization_id, fingerprint(token)

        def take(tx: Connection) -> Known | None:
            link = tickets.find(tx, of, mark, now)
            if link is None or link.purpose is not Purpose.SIGN_IN:
                return None
            account = shown.hold(tx, of, link.account_id)
            if account is None or account.disabled_at is not None:
                return None
            if tickets.take(tx, of, mark, now) is None:
                return None
            needs_code = account.totp_secret is not None
            return Known(of, link.account_id, needs_code, account.password_hash)

        return await self._database.write(take)

    # --- Codes ----------------------------------------------------------------------------------

    async def second_factor(self, known: Known) -> str | None:
        """The password was right: a ticket with which the code has to come; None if it is no more."""
        token, now = new_token(), self._clock.now()

        def issue(tx: Connection) -> bool:
            if not known.still_lets_in(tx):
                return False
            of, account_id = known.organization_id, known.account_id
            tickets.issue(tx, of, account_id, Purpose.SECOND_FACTOR, fingerprint(token), now)
            return True

        return token if await self._database.write(issue) else None

    async def code(
        self, organization_id: int, ticket: str, code: str, peer: str
    ) -> Known | Blocked | Wrong | None:
        """A code, or one for recovery, which works once. None where the ticket's time is over."""
        now, of = self._clock.now(), organization_id
        waiting = await self._database.read(
            lambda tx: tickets.find(tx, of, fingerprint(ticket), now)
        )
        if waiting is None or waiting.purpose is not Purpose.SECOND_FACTOR:
            return None
        account_id = waiting.account_id
        subjects = (_code_of(account_id), _from(peer))
        if blocked := await self._count(subjects):
            return blocked
        account = await self._database.read(lambda tx: accounts.find(tx, of, account_id))
        if account is None or not await self._takes(of, account_id, account, code):
            return Wrong()
        # Of two who come with the same one gets in.
        taken = await self._database.write(
            lambda tx: tickets.take(tx, of, fingerprint(ticket), now)
        )
        if taken is None:
            return None
        await self._succeeded(subjects)
        return Known(of, account_id, password_hash=account.password_hash)

    async def _takes(
        self, of: int, account_id: int, account: accounts.StoredAccount, code: str
    ) -> bool:
        if account.disabled_at is not None or account.totp_secret is None:
            return False
        typed = "".join(code.split()).lower()
        step = step_of(account.totp_secret, typed, self._clock.now())
        if step is not None:
            return await self._database.write(lambda tx: shown.use_step(tx, of, account_id, step))
        mark = fingerprint(typed)
        left = tuple(each for each in account.recovery if each != mark)
        if len(left) == len(account.recovery):
            return False
        return await self._database.write(
            lambda tx: shown.use_recovery(tx, of, account_id, account.recovery, left)
        )

    # --- Passkeys -------------------------------------------------------------------------------

    async def challenge(self, domain: str, peer: str) -> str | Blocked:
        """What a browser is to sign with a passkey of its own choice, as JSON."""
        if blocked := await self._count((_from(peer),)):
            return blocked
        challenge = await self._ticket(NOBODYS, NOBODYS, Purpose.PASSKEY)
        return options_to_json(
            generate_authentication_options(
                rp_id=domain,
                challenge=base64url_to_bytes(challenge),
                user_verification=UserVerificationRequirement.REQUIRED,
            )
        )

    async def passkey(self, answer: str, domain: str, origin: str, peer: str) -> Known | Wrong:
        """What it has signed. It shows at once who they are and that they have it, so no code is asked."""
        try:
            credential = parse_authentication_credential_json(answer)
            challenge = _challenge_in(credential.response.client_data_json)
            of, account_id = _handle(credential.response.user_handle)
        except (WebAuthnException, ValueError, KeyError, TypeError):
            return Wrong()
        now, known_as = self._clock.now(), bytes_to_base64url(credential.raw_id)
        ticket = await self._database.write(
            lambda tx: tickets.take(tx, NOBODYS, fingerprint(challenge), now)
        )
        if ticket is None or ticket.purpose is not Purpose.PASSKEY:
            return Wrong()
        found = await self._database.read(lambda tx: shown.passkey(tx, of, known_as))
        account = await self._database.read(lambda tx: accounts.find(tx, of, account_id))
        if found is None or found.account_id != account_id:
            return Wrong()
        if account is None or account.disabled_at is not None:
            return Wrong()
        try:
            signed = verify_authentication_response(
                credential=credential,
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=domain,
                expected_origin=origin,
                credential_public_key=base64url_to_bytes(found.public_key),
                credential_current_sign_count=found.sign_count,
                require_user_verification=True,
            )
        except WebAuthnException as wrong:
            log.info("passkey refused", account_id=account_id, reason=type(wrong).__name__)
            return Wrong()
        count = signed.new_sign_count
        await self._database.write(lambda tx: shown.used_passkey(tx, of, found.id, count, now))
        await self._succeeded((_from(peer),))
        return Known(of, account_id, credential_id=known_as)

    async def challenge_for_new(self, member: StaffMember, domain: str) -> str:
        """What a browser is to make a passkey of, as JSON."""
        of, account_id = member.organization_id, member.account_id
        challenge = await self._ticket(of, account_id, Purpose.NEW_PASSKEY)
        there = await self._database.read(lambda tx: shown.passkeys(tx, of, account_id))
        return options_to_json(
            generate_registration_options(
                rp_id=domain,
                rp_name=NAME,
                user_id=f"{of}.{account_id}".encode(),
                user_name=member.email,
                user_display_name=member.name,
                challenge=base64url_to_bytes(challenge),
                authenticator_selection=AuthenticatorSelectionCriteria(
                    resident_key=ResidentKeyRequirement.REQUIRED,
                    user_verification=UserVerificationRequirement.REQUIRED,
                ),
                exclude_credentials=_described(each.credential_id for each in there),
            )
        )

    async def new_passkey(
        self, member: StaffMember, answer: str, domain: str, origin: str
    ) -> NewPasskey | Wrong:
        """What it has made."""
        try:
            credential = parse_registration_credential_json(answer)
            challenge = _challenge_in(credential.response.client_data_json)
        except (WebAuthnException, ValueError, KeyError, TypeError):
            return Wrong()
        now, of = self._clock.now(), member.organization_id
        ticket = await self._database.write(
            lambda tx: tickets.take(tx, of, fingerprint(challenge), now)
        )
        if ticket is None or ticket.purpose is not Purpose.NEW_PASSKEY:
            return Wrong()
        if ticket.account_id != member.account_id:
            return Wrong()
        try:
            made = verify_registration_response(
                credential=credential,
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=domain,
                expected_origin=origin,
                require_user_verification=True,
            )
        except WebAuthnException as wrong:
            log.info(
                "new passkey refused",
                account_id=member.account_id,
                reason=type(wrong).__name__,
            )
            return Wrong()
        return NewPasskey(
            bytes_to_base64url(made.credential_id),
            bytes_to_base64url(made.credential_public_key),
            made.sign_count,
        )

    # --- Tickets and attempts -------------------------------------------------------------------

    async def _ticket(self, of: int, account_id: int, purpose: Purpose) -> str:
        token, now = new_token(), self._clock.now()
        await self._database.write(
            lambda tx: tickets.issue(tx, of, account_id, purpose, fingerprint(token), now)
        )
        return token

    async def _count(self, subjects: Sequence[Subject]) -> Blocked | None:
        """Count an attempt of each; until when nothing is tried, if so."""
        now = self._clock.now()

        def count(tx: Connection) -> list[datetime | None]:
            attempts.drop_lapsed(tx, max(each.lapses_before(now) for _, each in subjects))
            return [attempts.count(tx, subject, each, now) for subject, each in subjects]

        ends = [each for each in await self._database.write(count) if each is not None]
        return Blocked(max(ends)) if ends else None

    async def _succeeded(self, subjects: Sequence[Subject]) -> None:
        """Who shows who they are has a clean slate; where they come from only that attempt taken back."""

        def clear(tx: Connection) -> None:
            for subject, throttle in subjects:
                undo = attempts.take_back if throttle is PER_PEER else attempts.forget
                undo(tx, subject)

        await self._database.write(clear)


def step_of(totp_secret: str, code: str, now: datetime) -> int | None:
    """The step of which that is the code, among those that are taken now."""
    codes, here = TOTP(totp_secret, interval=STEP_SECONDS), int(now.timestamp()) // STEP_SECONDS
    for step in (here, here - 1, here + 1):
        if codes.generate_otp(step) == code:
            return step
    return None


def address_for_apps(totp_secret: str, email: str) -> str:
    """What an app for codes opens, or reads from a picture."""
    return TOTP(totp_secret).provisioning_uri(name=email, issuer_name=NAME)


def _typed(email: str) -> Subject:
    return fingerprint(f"account {folded_email(email)}"), PER_ACCOUNT


def _code_of(account_id: int) -> Subject:
    return fingerprint(f"code {account_id}"), PER_ACCOUNT


def _from(peer: str) -> Subject:
    return fingerprint(f"peer {peer}"), PER_PEER


def _challenge_in(client_data: bytes) -> str:
    """The challenge as we gave it out; what signs it is verified afterwards."""
    return bytes_to_base64url(parse_client_data_json(client_data).challenge)


def _handle(user_handle: bytes | None) -> tuple[int, int]:
    """The organization and the account for which a passkey was made. Raises ValueError."""
    of, _, account_id = (user_handle or b"").decode("ascii").partition(".")
    return int(of), int(account_id)


def _described(credential_ids: Any) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(each)) for each in credential_ids]
