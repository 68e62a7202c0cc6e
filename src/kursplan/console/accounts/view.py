"""Staff accounts as they are shown."""

from __future__ import annotations

from dataclasses import dataclass, field

from kursplan.console.history.lines import LineView
from kursplan.console.timetable.view import Sign


@dataclass(frozen=True, slots=True)
class AccountRow:
    href: str
    name: str = field(repr=False)
    email: str = field(repr=False)
    is_own: bool
    role: str
    studios: str
    employee: str = field(repr=False)
    """Empty where it is connected with none."""
    last: str
    """When they last signed in."""
    shows: str
    """With what they show who they are."""
    sign: Sign | None


@dataclass(frozen=True, slots=True)
class AccountsView:
    rows: tuple[AccountRow, ...]
    done: str


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SessionRow:
    device: str
    since: str
    seen: str


@dataclass(frozen=True, slots=True)
class AccountView:
    here: str
    name: str = field(repr=False)
    sign: Sign | None
    is_own: bool
    is_disabled: bool
    is_invited: bool
    """No password is set: they have a link, or had one."""
    facts: tuple[Fact, ...]
    sessions: tuple[SessionRow, ...]
    history: tuple[LineView, ...]
    done: str
