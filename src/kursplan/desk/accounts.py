"""Staff accounts: who is invited, what they are, and whether they may sign in.

Whoever is not any more what they were is signed out everywhere, in the same turn: nobody goes on with
rights that they have lost.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime

from kursplan.desk.engine.turn import Command, Turn
from kursplan.domain.accounts import Purpose, Role, StaffEntry, folded_email, looks_like_email
from kursplan.domain.history import EntityKind
from kursplan.domain.values import SAME, Same
from kursplan.store.entries import accounts
from kursplan.store.entries.accounts import StoredAccount
from kursplan.store.staff import sessions, tickets


class StaffRefused(ValueError):
    """That can't be done with this account; the message says why, and what can."""


class AddressTaken(StaffRefused):
    """Somebody signs in by that address already."""


class LastOwner(StaffRefused):
    """Nobody else owns the organization."""


class NoSuchAccount(LookupError):
    """The organization has no account of that number."""


@dataclass(frozen=True, slots=True)
class InviteStaff(Command[datetime]):
    """A new account, and a link by which a password is set for it, once. The answer is until when.

    Raises `StaffRefused`.
    """

    name = "invite-staff"

    organization_id: int
    account_id: int
    entry: StaffEntry
    token_hash: str = field(repr=False)

    def perform(self, turn: Turn) -> datetime:
        if not looks_like_email(self.entry.email):
            raise StaffRefused("that is no e-mail address: write it like name@example.com")
        if not folded_email(self.entry.name):
            raise StaffRefused("an account needs a name, by which it is greeted and shown")
        _check(turn, self.entry)
        # Of other organizations, too: it is by the address that signing in finds the account.
        if accounts.whose(turn.tx, self.entry.email) is not None:
            raise AddressTaken(
                "there is an account with this address already: change or reset that one"
            )
        tx = turn.note(EntityKind.STAFF_ACCOUNT, self.account_id, None, self.entry)
        accounts.add(tx, self.organization_id, self.account_id, self.entry, turn.now)
        return tickets.issue(
            tx,
            self.organization_id,
            self.account_id,
            Purpose.INVITATION,
            self.token_hash,
            turn.now,
        )


@dataclass(frozen=True, slots=True)
class ChangeStaff(Command[bool]):
    """Another role, other studios, another employee. Whether anything changed; then they sign in anew.

    Raises `NoSuchAccount` and `StaffRefused`.
    """

    name = "change-staff"

    organization_id: int
    account_id: int
    role: Role | Same = SAME
    studio_ids: frozenset[int] | Same = SAME
    employee_id: int | Same | None = SAME

    def perform(self, turn: Turn) -> bool:
        before = find(turn, self.account_id)
        wanted = before.entry
        if not isinstance(self.role, Same):
            wanted = replace(wanted, role=self.role)
        if not isinstance(self.studio_ids, Same):
            wanted = replace(wanted, studio_ids=self.studio_ids)
        if not isinstance(self.employee_id, Same):
            wanted = replace(wanted, employee_id=self.employee_id)
        if wanted == before.entry:
            return False
        _check(turn, wanted)
        if wanted.role is not Role.OWNER:
            _check_owned_without(turn, self.account_id, before)
        tx = turn.note(EntityKind.STAFF_ACCOUNT, self.account_id, before.entry, wanted)
        accounts.set_role(tx, self.organization_id, self.account_id, wanted)
        sessions.end_all(tx, self.organization_id, self.account_id)
        return True


@dataclass(frozen=True, slots=True)
class DisableStaff(Command[bool]):
    """Nobody signs in with the account, from now on. Whether somebody could until now.

    Raises `NoSuchAccount`, and `StaffRefused` for the last owner.
    """

    name = "disable-staff"

    organization_id: int
    account_id: int

    def perform(self, turn: Turn) -> bool:
        before = find(turn, self.account_id)
        if before.disabled_at is not None:
            return False
        _check_owned_without(turn, self.account_id, before)
        tx = turn.note(
            EntityKind.STAFF_ACCOUNT, self.account_id, {"disabled": False}, {"disabled": True}
        )
        accounts.set_disabled(tx, self.organization_id, self.account_id, turn.now)
        _let_nobody_on(turn, self.account_id)
        return True


@dataclass(frozen=True, slots=True)
class EnableStaff(Command[bool]):
    """They may sign in again, with what they had. Whether they could not until now.

    Raises `NoSuchAccount`.
    """

    name = "enable-staff"

    organization_id: int
    account_id: int

    def perform(self, turn: Turn) -> bool:
        if find(turn, self.account_id).disabled_at is None:
            return False
        tx = turn.note(
            EntityKind.STAFF_ACCOUNT, self.account_id, {"disabled": True}, {"disabled": False}
        )
        accounts.set_disabled(tx, self.organization_id, self.account_id, None)
        return True


@dataclass(frozen=True, slots=True)
class ResetStaff(Command[datetime]):
    """Password, second factor and passkeys are gone, and a link sets a password anew; until when.

    For who has lost one of them, or fears that somebody else has it: nothing from before works.
    Raises `NoSuchAccount`, and `StaffRefused` for an account that is disabled.
    """

    name = "reset-staff"

    organization_id: int
    account_id: int
    token_hash: str = field(repr=False)

    def perform(self, turn: Turn) -> datetime:
        before = find(turn, self.account_id)
        if before.disabled_at is not None:
            raise StaffRefused("the account is disabled: enable it first")
        until = turn.now + Purpose.RESET.lasts
        if tickets.find(turn.tx, self.organization_id, self.token_hash, turn.now) is not None:
            return until  # It is given again; nothing is left to be done.
        tx = turn.note(
            EntityKind.STAFF_ACCOUNT,
            self.account_id,
            {},
            {},
            also=("password", "second_factor", "passkeys"),
        )
        accounts.set_password(tx, self.organization_id, self.account_id, None)
        accounts.set_second_factor(tx, self.organization_id, self.account_id, None)
        accounts.remove_passkeys(tx, self.organization_id, self.account_id)
        _let_nobody_on(turn, self.account_id)
        tickets.issue(
            tx, self.organization_id, self.account_id, Purpose.RESET, self.token_hash, turn.now
        )
        return until


@dataclass(frozen=True, slots=True)
class EndSessions(Command[int]):
    """Whoever is signed in with the account is out, and comes in again with what they have. How many were.

    Raises `NoSuchAccount`.
    """

    name = "end-sessions"

    organization_id: int
    account_id: int

    def perform(self, turn: Turn) -> int:
        find(turn, self.account_id)
        ended = sessions.end_all(turn.tx, self.organization_id, self.account_id)
        if ended:
            turn.note(EntityKind.STAFF_ACCOUNT, self.account_id, {}, {}, also=("sessions",))
        return ended


# What changing their credentials needs, too.


def find(turn: Turn, account_id: int) -> StoredAccount:
    """It, behind the lock of the organization. Raises `NoSuchAccount`."""
    found = accounts.find(turn.tx, turn.organization_id, account_id)
    if found is None:
        raise NoSuchAccount(f"there is no account {account_id}")
    return found


def _let_nobody_on(turn: Turn, account_id: int) -> None:
    """Whoever is signed in is out at once, and no link that is under way works."""
    sessions.end_all(turn.tx, turn.organization_id, account_id)
    tickets.drop_all(turn.tx, turn.organization_id, account_id)


def _check(turn: Turn, entry: StaffEntry) -> None:
    """Raises `StaffRefused` where the role needs what is not there."""
    if unknown := accounts.unknown_studios(turn.tx, turn.organization_id, entry.studio_ids):
        raise StaffRefused(f"there is no studio {_listed(unknown)} in this organization")
    if entry.role is Role.OWNER and entry.studio_ids:
        raise StaffRefused("an owner has all studios: name none")
    if entry.role in (Role.MANAGER, Role.FRONT_DESK) and not entry.studio_ids:
        raise StaffRefused("a manager or front desk needs a studio: name one at least")
    if entry.employee_id is None:
        if entry.role is Role.INSTRUCTOR:
            raise StaffRefused(
                "an instructor has to be an employee: name which, it says which slots they give"
            )
    elif not accounts.is_employee(turn.tx, turn.organization_id, entry.employee_id):
        raise StaffRefused(f"there is no employee {entry.employee_id} in this organization")


def _check_owned_without(turn: Turn, account_id: int, before: StoredAccount) -> None:
    is_owner = before.entry.role is Role.OWNER and before.disabled_at is None
    if is_owner and not accounts.has_other_owners(turn.tx, turn.organization_id, account_id):
        raise LastOwner(
            "this is the last owner, and nobody could look after accounts: make another one first"
        )


def _listed(numbers: Collection[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))
