"""Staff accounts: who signs in at the console, and what they may do there. Owners look after them.

Nobody changes their own here: an owner who wants to be less asks another one, and so nobody locks
themselves out. What they show who they are with they look after on their own page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from kursplan.console.accounts.view import AccountRow, AccountsView, AccountView, Fact, SessionRow
from kursplan.console.frame import ROLES, Link
from kursplan.console.history.lines import lines
from kursplan.console.moments import Moments
from kursplan.console.page import page
from kursplan.console.timetable.view import Sign
from kursplan.console.visit import NotTheirs, NotThere, Visit, number_of
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.domain.accounts import Role, session_lasts
from kursplan.domain.history import EntityKind
from kursplan.store.staff import accounts, sessions, timetable
from kursplan.store.staff.accounts import ShownAccount

PATH: Final = "accounts"
LINES: Final = 12
"""So many lines of history stand beside an account."""


@dataclass(frozen=True, slots=True)
class Around:
    """What an account is told by: the names of studios and employees, and the clock."""

    words: Words
    studios: dict[int, str]
    by_key: dict[str, int]
    employees: dict[int, str]
    moments: Moments

    @classmethod
    async def of(cls, visit: Visit) -> Around:
        studios = await visit.read(timetable.studios)
        return cls(
            visit.words,
            {each.id: each.name for each in studios},
            {each.key: each.id for each in studios},
            await visit.read(accounts.employees),
            await Moments.of(visit),
        )


async def handler(visit: Visit) -> Response:
    """All of them: those who may come in first, owners before the others."""
    around = await Around.of(visit)
    found = await visit.read(accounts.every)
    order = list(ROLES)
    found.sort(key=lambda a: (a.disabled_at is not None, order.index(a.role), a.name.casefold()))
    rows = tuple(_row(around, each, visit.member.account_id) for each in found)
    view = AccountsView(
        rows, done=visit.words.gettext(DONE[done]) if (done := _done(visit)) else ""
    )
    return page(visit, "accounts/accounts.html", visit.words.gettext("Staff accounts"), view)


async def show(visit: Visit) -> Response:
    """One of them."""
    account = await wanted(visit)
    around = await Around.of(visit)
    now = visit.services.clock.now()
    found = await visit.read(sessions.of_account, account.id)
    here = path_of(account)
    gettext = visit.words.gettext
    view = AccountView(
        here=here,
        name=account.name,
        sign=sign_of(visit.words, account),
        is_own=account.id == visit.member.account_id,
        is_disabled=account.disabled_at is not None,
        is_invited=not account.password_is_set,
        facts=tuple(_facts(around, account)),
        sessions=tuple(
            SessionRow(
                each.device or gettext("Some other program"),
                around.moments.at(each.created_at),
                around.moments.at(each.seen_at),
            )
            for each in found
            if session_lasts(each.created_at, each.seen_at, now)
        ),
        history=await lines(
            visit, EntityKind.STAFF_ACCOUNT, account.id, around.moments.zone, LINES
        ),
        done=gettext(DONE[done]) if (done := _done(visit)) else "",
    )
    return page(visit, "accounts/account.html", account.name, view)


# --- What the other pages of an account do too ----------------------------------------------------


async def wanted(visit: Visit) -> ShownAccount:
    """The account in the path. Raises `NotThere`."""
    account_id = number_of("account_id", visit.request.path_params["account_id"])
    found = await visit.read(accounts.every)
    account = next((each for each in found if each.id == account_id), None)
    if account is None:
        raise NotThere(str(account_id))
    return account


def not_own(visit: Visit, account: ShownAccount) -> ShownAccount:
    """Another one's. Raises `NotTheirs` for their own: so nobody locks themselves out."""
    if account.id == visit.member.account_id:
        raise NotTheirs("their own account")
    return account


def path_of(account: ShownAccount) -> str:
    return f"{PATH}/{account.id}"


def crumbs(words: Words, account: ShownAccount | None = None) -> tuple[Link, ...]:
    around = Link(words.gettext("Staff accounts"), PATH)
    return (around,) if account is None else (around, Link(account.name, path_of(account)))


# --- How it is shown ------------------------------------------------------------------------------

DONE: Final = {
    "changed": _("It is changed. They come in anew, with what they may do now."),
    "same": _("It was like that already."),
    "disabled": _("Nobody comes in with this account any more."),
    "enabled": _("They may come in again, with what they had."),
    "out": _("They are signed out everywhere."),
}
"""What was just done, by the word for it in the address."""


def _done(visit: Visit) -> str | None:
    said = visit.asked("done")
    return said if said in DONE else None


def _row(around: Around, account: ShownAccount, own: int) -> AccountRow:
    return AccountRow(
        href=path_of(account),
        name=account.name,
        email=account.email,
        is_own=account.id == own,
        role=around.words.gettext(ROLES[account.role]),
        studios=_studios(around, account),
        employee=around.employees.get(account.employee_id or 0, ""),
        last=_last(around, account),
        shows=_shows(around.words, account),
        sign=sign_of(around.words, account),
    )


def sign_of(words: Words, account: ShownAccount) -> Sign | None:
    if account.disabled_at is not None:
        return Sign("stop", "closed", words.gettext("Disabled"))
    if not account.password_is_set and account.signed_in_at is None:
        return Sign("wait", "wait", words.gettext("Invited"))
    if not account.password_is_set and not account.passkey_is_set:
        return Sign("wait", "wait", words.gettext("Has to set a password"))
    return None


def _facts(around: Around, account: ShownAccount) -> list[Fact]:
    gettext = around.words.gettext
    facts = [
        Fact(gettext("E-mail"), account.email),
        Fact(gettext("Role"), gettext(ROLES[account.role])),
        Fact(gettext("Studios"), _studios(around, account)),
    ]
    if account.employee_id is not None:
        facts.append(
            Fact(
                gettext("Employee"), around.employees.get(account.employee_id, gettext("has left"))
            )
        )
    return [
        *facts,
        Fact(gettext("Language"), around.words.language_name(account.language)),
        Fact(gettext("Signs in with"), _shows(around.words, account)),
        Fact(gettext("Last sign-in"), _last(around, account)),
        Fact(gettext("Made"), around.moments.at(account.created_at)),
    ]


def _studios(around: Around, account: ShownAccount) -> str:
    if account.role is Role.OWNER:
        return around.words.gettext("all")
    return around.words.listed([around.studios[around.by_key[each]] for each in account.studios])


def _last(around: Around, account: ShownAccount) -> str:
    if account.signed_in_at is None:
        return around.words.gettext("never")
    return around.moments.at(account.signed_in_at)


def _shows(words: Words, account: ShownAccount) -> str:
    """With what they show who they are: the best that they have."""
    gettext = words.gettext
    if account.passkey_is_set and not account.second_factor_is_set:
        return gettext("passkey")
    if account.passkey_is_set:
        return gettext("passkey, or password and code")
    if account.second_factor_is_set:
        return gettext("password and code")
    return gettext("password only") if account.password_is_set else gettext("nothing yet")
