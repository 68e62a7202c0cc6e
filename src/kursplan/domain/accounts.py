"""Staff accounts: who signs in at the console, and what their role lets them do.

Also how long a session lasts, how often a password may be guessed, and which may be chosen. Times are
given by whoever asks.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from kursplan.domain.actors import Actor


class Role(StrEnum):
    """What a staff member does at work; it says what they may do in the console."""

    OWNER = "OWNER"
    """Everything in the organization, accounts and integrations too."""
    MANAGER = "MANAGER"
    """Everything in the studios that they have."""
    FRONT_DESK = "FRONT_DESK"
    """Slots, bookings, participation and customers of the studios that they have; no settings."""
    INSTRUCTOR = "INSTRUCTOR"
    """The slots that they give: who comes, participation."""


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Who is signed in."""

    account_id: int
    organization_id: int
    name: str = field(repr=False)
    email: str = field(repr=False)
    role: Role
    studio_ids: frozenset[int]
    """The studios that they have; an owner has all of them, whatever this says."""
    employee_id: int | None
    """The employee that they are, which an instructor needs: it says which slots they give."""
    language: str
    """In which the console speaks to them, like "en" or "de"."""

    @property
    def actor(self) -> Actor:
        return Actor.staff_member(self.account_id)

    def has(self, studio_id: int) -> bool:
        """Whether that studio of their organization is theirs."""
        return self.role is Role.OWNER or studio_id in self.studio_ids


# What a role lets one do.


class Action(StrEnum):
    """What somebody may do in the console, as far as a role decides about it."""

    SEE_SLOTS = "SEE_SLOTS"
    """Slots, and who is on them."""
    MARK_PARTICIPATION = "MARK_PARTICIPATION"
    ASK_FOR_STAND_IN = "ASK_FOR_STAND_IN"
    CHANGE_SLOTS = "CHANGE_SLOTS"
    BOOK = "BOOK"
    """Book, cancel, move up, confirm, overrule."""
    SEE_CUSTOMERS = "SEE_CUSTOMERS"
    CHANGE_CUSTOMERS = "CHANGE_CUSTOMERS"
    PLAN = "PLAN"
    """Classes and series."""
    SETTINGS = "SETTINGS"
    """Studio, opening hours, closures, rooms, employees, rates."""
    NUMBERS = "NUMBERS"
    HISTORY = "HISTORY"
    EXPORT = "EXPORT"
    ERASE = "ERASE"
    INTEGRATIONS = "INTEGRATIONS"
    """Applications, keys, webhooks: of the organization, so of no studio alone."""
    ACCOUNTS = "ACCOUNTS"


_INSTRUCTOR = frozenset({Action.SEE_SLOTS, Action.MARK_PARTICIPATION, Action.ASK_FOR_STAND_IN})
_FRONT_DESK = _INSTRUCTOR | {
    Action.CHANGE_SLOTS,
    Action.BOOK,
    Action.SEE_CUSTOMERS,
    Action.CHANGE_CUSTOMERS,
}
_MANAGER = frozenset(Action) - {Action.INTEGRATIONS, Action.ACCOUNTS}

ACTIONS: Mapping[Role, frozenset[Action]] = MappingProxyType(
    {
        Role.OWNER: frozenset(Action),
        Role.MANAGER: _MANAGER,
        Role.FRONT_DESK: _FRONT_DESK,
        Role.INSTRUCTOR: _INSTRUCTOR,
    }
)
SENSITIVE = frozenset({Action.INTEGRATIONS, Action.ACCOUNTS, Action.EXPORT, Action.ERASE})
"""Before these the password, or the passkey, is asked for again."""


def may(member: StaffMember, action: Action, studio_id: int | None = None) -> bool:
    """Whether they may do that, in that studio of their organization.

    Of slots an instructor has only those that they give, wherever: `gives_only` says whether that is to
    be looked at, too.
    """
    if action not in ACTIONS[member.role]:
        return False
    return studio_id is None or gives_only(member) or member.has(studio_id)


def gives_only(member: StaffMember) -> bool:
    """Whether they have only the slots that they give."""
    return member.role is Role.INSTRUCTOR


# What is written down of an account.

LANGUAGES = ("en", "de")
"""In which the console can speak."""


@dataclass(frozen=True, slots=True)
class StaffEntry:
    """A staff member as whoever invites them writes them down."""

    email: str = field(repr=False)
    name: str = field(repr=False)
    role: Role
    studio_ids: frozenset[int] = frozenset()
    employee_id: int | None = None
    language: str = "en"


def folded_email(email: str) -> str:
    """The address as it is compared: no two accounts have one that is the same but for capitals."""
    return unicodedata.normalize("NFKC", email.strip()).casefold()


def looks_like_email(email: str) -> bool:
    """Whether a letter could be sent there, as far as that can be seen."""
    local, _, host = email.strip().rpartition("@")
    whole = not any(each.isspace() or not each.isprintable() for each in email.strip())
    return whole and bool(local) and len(email) <= 254 and "." in host.strip(".")


# Passwords.

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
"""More would only be work for the one who hashes it."""


class PasswordFlaw(StrEnum):
    """Why a password can't be chosen."""

    TOO_SHORT = "TOO_SHORT"
    TOO_LONG = "TOO_LONG"
    IS_THE_EMAIL = "IS_THE_EMAIL"
    """It is the address, or the part of it before the sign."""
    ALL_THE_SAME = "ALL_THE_SAME"
    """One or two characters, again and again."""


def plain_password(typed: str) -> str:
    """The password as it is hashed: the same whichever keyboard composed its letters."""
    return unicodedata.normalize("NFKC", typed)


def flaw_of(password: str, email: str) -> PasswordFlaw | None:
    """What speaks against that password for the account with that address.

    Which kinds of characters it has does not matter: such rules make people write "Summer2026!".
    """
    plain = plain_password(password)
    if len(plain) < SHORTEST_PASSWORD:
        return PasswordFlaw.TOO_SHORT
    if len(plain) > LONGEST_PASSWORD:
        return PasswordFlaw.TOO_LONG
    address = folded_email(email)
    if plain.casefold() in (address, address.rpartition("@")[0]):
        return PasswordFlaw.IS_THE_EMAIL
    return PasswordFlaw.ALL_THE_SAME if len(set(plain)) < 3 else None


# Attempts.


@dataclass(frozen=True, slots=True)
class Throttle:
    """So many attempts may fail before there is a pause; what failed before one is forgotten after it."""

    attempts: int
    pause: timedelta

    def blocked_until(self, failures: int, last_at: datetime) -> datetime | None:
        """Until when the latest attempt, counted among the failures already, is not even looked at.

        The pause begins with the last attempt that was allowed; more of them do not make it longer.
        """
        return last_at + self.pause if failures > self.attempts else None

    def lapses_before(self, now: datetime) -> datetime:
        """What failed last at that time, or earlier, does not count any more."""
        return now - self.pause


PER_ACCOUNT = Throttle(5, timedelta(minutes=10))
"""For each address that somebody typed, whether there is an account of it or not; and for the second
factor of each account."""
PER_PEER = Throttle(40, timedelta(minutes=10))
"""A front desk with many people may sit behind one address."""


# Sessions, and what else lasts for a time only.

IDLE_LIMIT = timedelta(hours=12)
"""A session that nobody used for so long has ended: over night at a front desk."""
ABSOLUTE_LIMIT = timedelta(days=14)
SEEN_EVERY = timedelta(minutes=1)
"""To within which it is kept when a session was last used."""
CONFIRMED_FOR = timedelta(minutes=15)
"""How long the password, once given, is not asked for again."""


def session_lasts(created_at: datetime, seen_at: datetime, now: datetime) -> bool:
    """Whether a session may still be used."""
    return now - created_at < ABSOLUTE_LIMIT and now - seen_at < IDLE_LIMIT


def is_confirmed(confirmed_at: datetime, now: datetime) -> bool:
    """Whether who they are was shown lately enough for what is sensitive."""
    return now - confirmed_at < CONFIRMED_FOR


class Purpose(StrEnum):
    """What a ticket is for: it works once, until its time is over."""

    INVITATION = "INVITATION"
    RESET = "RESET"
    SIGN_IN = "SIGN_IN"
    """A link that signs in, for trying things out."""
    SECOND_FACTOR = "SECOND_FACTOR"
    """The password was right; what is missing is the code."""
    PASSKEY = "PASSKEY"
    """A challenge that a passkey is to sign, to sign in."""
    NEW_PASSKEY = "NEW_PASSKEY"
    """The same, to become one of the account."""

    @property
    def lasts(self) -> timedelta:
        return _LASTS[self]


_LASTS = {
    Purpose.INVITATION: timedelta(days=7),
    Purpose.RESET: timedelta(hours=24),
    Purpose.SIGN_IN: timedelta(minutes=30),
    Purpose.SECOND_FACTOR: timedelta(minutes=5),
    Purpose.PASSKEY: timedelta(minutes=5),
    Purpose.NEW_PASSKEY: timedelta(minutes=5),
}
SETS_A_PASSWORD = frozenset({Purpose.INVITATION, Purpose.RESET})
