"""What staff members show who they are with: password, second factor, passkeys. And their language.

Passwords come hashed, codes as fingerprints: a command is printed, queued and logged, and holds no secret
but that of the second factor, which it does not show. The history says what was changed, and to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kursplan.desk.accounts import StaffRefused, find
from kursplan.desk.engine.turn import Command, Turn
from kursplan.domain.accounts import LANGUAGES, SETS_A_PASSWORD
from kursplan.domain.history import EntityKind
from kursplan.store.entries import accounts
from kursplan.store.staff import accounts as shown
from kursplan.store.staff import sessions, tickets

MOST_PASSKEYS = 20


@dataclass(frozen=True, slots=True)
class TakeLink(Command[bool]):
    """Set the password by the link of an invitation or reset. Whether it still worked: it does so once."""

    name = "take-link"

    organization_id: int
    account_id: int
    token_hash: str = field(repr=False)
    password_hash: str = field(repr=False)

    def perform(self, turn: Turn) -> bool:
        link = tickets.find(turn.tx, self.organization_id, self.token_hash, turn.now)
        if link is None or link.account_id != self.account_id:
            return False
        if link.purpose not in SETS_A_PASSWORD:
            return False
        if find(turn, self.account_id).disabled_at is not None:
            return False
        tx = turn.note(EntityKind.STAFF_ACCOUNT, self.account_id, {}, {}, also=("password",))
        accounts.set_password(tx, self.organization_id, self.account_id, self.password_hash)
        tickets.drop_all(tx, self.organization_id, self.account_id)
        sessions.end_all(tx, self.organization_id, self.account_id)
        return True


@dataclass(frozen=True, slots=True)
class SetPassword(Command[bool]):
    """Another password; whoever is signed in elsewhere is out. Whether it is another hash.

    Raises `NoSuchAccount`.
    """

    name = "set-password"

    organization_id: int
    account_id: int
    password_hash: str = field(repr=False)
    session_id: int
    """The session in which it is done, and which goes on."""

    def perform(self, turn: Turn) -> bool:
        if find(turn, self.account_id).password_hash == self.password_hash:
            return False
        tx = turn.note(EntityKind.STAFF_ACCOUNT, self.account_id, {}, {}, also=("password",))
        accounts.set_password(tx, self.organization_id, self.account_id, self.password_hash)
        _only_here(turn, self.account_id, self.session_id)
        return True


@dataclass(frozen=True, slots=True)
class SetSecondFactor(Command[bool]):
    """Ask for codes from now on, or for none. Whether anything changed; then others are out.

    Raises `NoSuchAccount`.
    """

    name = "set-second-factor"

    organization_id: int
    account_id: int
    totp_secret: str | None = field(repr=False)
    recovery: tuple[str, ...] = field(repr=False)
    """The fingerprints of codes that stand in for it."""
    session_id: int

    def perform(self, turn: Turn) -> bool:
        before = find(turn, self.account_id)
        if self.totp_secret is None and before.totp_secret is None:
            return False
        tx = turn.note(
            EntityKind.STAFF_ACCOUNT,
            self.account_id,
            {"second_factor": before.totp_secret is not None},
            {"second_factor": self.totp_secret is not None},
            also=("recovery",),
        )
        accounts.set_second_factor(
            tx, self.organization_id, self.account_id, self.totp_secret, self.recovery
        )
        _only_here(turn, self.account_id, self.session_id)
        return True


@dataclass(frozen=True, slots=True)
class AddPasskey(Command[None]):
    """A passkey that signs in, too. Raises `NoSuchAccount` and `StaffRefused`."""

    name = "add-passkey"

    organization_id: int
    account_id: int
    passkey_id: int
    credential_id: str = field(repr=False)
    public_key: str = field(repr=False)
    sign_count: int
    label: str = field(repr=False)
    """How they tell it from their others."""

    def perform(self, turn: Turn) -> None:
        find(turn, self.account_id)
        tx, of, account_id = turn.tx, self.organization_id, self.account_id
        if shown.passkey(tx, of, self.credential_id) is not None:
            raise StaffRefused("this passkey is known already")
        if len(shown.passkeys(tx, of, account_id)) >= MOST_PASSKEYS:
            raise StaffRefused(f"there are {MOST_PASSKEYS} passkeys already: remove one first")
        turn.note(EntityKind.STAFF_ACCOUNT, account_id, {}, {}, also=("passkeys",))
        accounts.add_passkey(
            tx,
            of,
            account_id,
            passkey_id=self.passkey_id,
            credential_id=self.credential_id,
            public_key=self.public_key,
            sign_count=self.sign_count,
            name=self.label,
            at=turn.now,
        )


@dataclass(frozen=True, slots=True)
class RemovePasskey(Command[bool]):
    """A passkey that signs in no more. Whether there was one of that number."""

    name = "remove-passkey"

    organization_id: int
    account_id: int
    passkey_id: int

    def perform(self, turn: Turn) -> bool:
        if not accounts.remove_passkey(
            turn.tx, self.organization_id, self.account_id, self.passkey_id
        ):
            return False
        turn.note(EntityKind.STAFF_ACCOUNT, self.account_id, {}, {}, also=("passkeys",))
        return True


@dataclass(frozen=True, slots=True)
class SetLanguage(Command[bool]):
    """Speak to them in another language. Whether it is another one.

    Raises `NoSuchAccount` and `StaffRefused`.
    """

    name = "set-language"

    organization_id: int
    account_id: int
    language: str

    def perform(self, turn: Turn) -> bool:
        if self.language not in LANGUAGES:
            raise StaffRefused(f"the console speaks {' and '.join(LANGUAGES)}")
        before = find(turn, self.account_id).entry.language
        if before == self.language:
            return False
        tx = turn.note(
            EntityKind.STAFF_ACCOUNT,
            self.account_id,
            {"language": before},
            {"language": self.language},
        )
        accounts.set_language(tx, self.organization_id, self.account_id, self.language)
        return True


def _only_here(turn: Turn, account_id: int, session_id: int) -> None:
    """Whoever is signed in elsewhere is out, and no link that is under way works."""
    sessions.end_others(turn.tx, turn.organization_id, account_id, session_id)
    tickets.drop_all(turn.tx, turn.organization_id, account_id)
