"""One request as a page sees it: who is there, what they ask, and what the house offers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from kursplan.clock import Clock
from kursplan.console.addresses import way_up
from kursplan.console.words import Words
from kursplan.desk.engine.desk import Desk
from kursplan.domain.accounts import Role, StaffMember
from kursplan.ids import LARGEST_ID
from kursplan.store.engine.database import Database
from kursplan.web import forms
from kursplan.web.csrf import FormGuard
from kursplan.web.origins import Origins
from kursplan.webhooks.client import WebhookClient
from kursplan.webhooks.egress import EgressPolicy

if TYPE_CHECKING:
    from kursplan.console.live import Live

T = TypeVar("T")

FIRST_DAY, LAST_DAY = date(1970, 1, 10), date(8999, 12, 31)
"""Days for which there is a page: what calendar arithmetic does not lead out of the calendar."""


SUGGESTED_AT_ONCE: Final = 2
"""For so many people who type it is looked at the same time; a process has others to answer, too."""


class Visitors(Protocol):
    """Knows who is signed in."""

    async def of(self, request: Request) -> StaffMember | None:
        """Whose session the request carries; None where it carries none that is good."""
        ...

    async def is_confirmed(self, request: Request) -> bool:
        """Whether they have shown lately enough who they are for what is sensitive."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """What every page works with."""

    database: Database
    desk: Desk
    clock: Clock
    visitors: Visitors
    guard: FormGuard
    live: Live
    origins: Origins
    webhooks: WebhookClient
    egress: EgressPolicy
    """Which addresses a gym file may have events sent to."""
    horizon_days: int
    """So many days ahead a series has its slots."""
    suggesting: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(SUGGESTED_AT_ONCE)
    )
    """Lets in those for whom it is looked what could be meant, while they type."""


class Unanswered(Exception):
    """There is no page for what is asked; the subclass says why, and the door shows it."""

    status: int


class NotThere(Unanswered):
    """Nothing of their organization is at this address."""

    status = 404


class NotTheirs(Unanswered):
    """It is there, but not for their role, or in a studio that they do not have."""

    status = 403


class Forged(Unanswered):
    """A form that no page of ours sent, or that is too old."""

    status = 403


class UnknownAddress(Forged):
    """The page that sent the form was opened under an address that is not the console's."""

    def __init__(self, opened: str, public: str | None) -> None:
        """`public` is the one that is, where the operator has said it."""
        super().__init__(opened)
        self.opened, self.public = opened, public


class NothingYet(NotTheirs):
    """There is nothing that a page could show: the gym is yet to be set up, and they are who may."""


class NotAForm(Unanswered):
    """What was sent is no form of ours."""

    status = 400


class TooLarge(Unanswered):
    """The file that was sent has more bytes than a page takes."""

    status = 413


class BadAddress(Unanswered):
    """What the address asks for can't be read."""

    status = 400

    def __init__(self, name: str, value: str, allowed: str) -> None:
        """`allowed` says what it could be instead, like `2026-03-02`."""
        super().__init__(f"{name}={value}")
        self.name, self.value, self.allowed = name, value, allowed


@dataclass(frozen=True, slots=True)
class Visit:
    """A request for one page, after the door has let it in."""

    request: Request
    services: Services
    words: Words
    visitor: StaffMember | None
    """Who is signed in; nobody needs to be for a page that is open."""

    @property
    def member(self) -> StaffMember:
        """Who is signed in, for all pages but the open ones."""
        if self.visitor is None:
            raise LookupError("nobody has to be signed in for this page")
        return self.visitor

    async def read(self, query: Callable[..., T], *named: object) -> T:
        """The answer to one of the store's queries, asked for the visitor's organization."""
        organization_id = self.member.organization_id
        return await self.services.database.read(lambda tx: query(tx, organization_id, *named))

    async def form(self) -> Mapping[str, str]:
        """What the form says that was sent here. Raises `Forged` unless a page of ours sent it, for this
        person, and `NotAForm`."""
        try:
            form = await forms.read_form(self.request)
        except forms.NotAForm as unread:
            raise NotAForm(str(unread)) from unread
        self._check(form)
        return form

    async def form_with_files(
        self, most_bytes: int
    ) -> tuple[Mapping[str, str], Mapping[str, forms.Sent]]:
        """The same with the files that were sent along, by the fields in which they were chosen. Raises
        `TooLarge`, too."""
        try:
            form, files = await forms.read_form_with_files(self.request, most_bytes)
        except forms.TooLarge as unread:
            raise TooLarge(str(unread)) from unread
        except forms.NotAForm as unread:
            raise NotAForm(str(unread)) from unread
        self._check(form)
        return form, files

    def _check(self, form: Mapping[str, str]) -> None:
        if not self.services.guard.passes(self.request, form):
            origins = self.services.origins
            opened = origins.unknown(self.request)
            raise Forged("csrf") if opened is None else UnknownAddress(opened, origins.public)

    def asked(self, name: str) -> str | None:
        """A parameter of the address; an empty one, as forms send it, is none. Raises `BadAddress`."""
        value = self.request.query_params.get(name) or None
        if value is not None and "\0" in value:
            raise BadAddress(name, value.replace("\0", "\N{SYMBOL FOR NULL}"), "…")
        return value

    def asked_day(self, name: str) -> date | None:
        """A day of the address, like `2026-03-02`. Raises `BadAddress`."""
        value = self.asked(name)
        return None if value is None else day_of_text(name, value)

    def asked_id(self, name: str) -> int | None:
        """The number of something in the address. Raises `BadAddress`."""
        value = self.asked(name)
        return None if value is None else number_of(name, value)

    def asked_one_of(self, name: str, *choices: str) -> str:
        """One of these words, the first of which is meant where the address says none."""
        value = self.asked(name) or choices[0]
        if value not in choices:
            raise BadAddress(name, value, ", ".join(choices))
        return value

    def to(self, address: str) -> Response:
        """Send the browser to another page, whose address is relative to `/console/`."""
        return RedirectResponse(way_up(self.request) + address, status_code=303)


def day_of_text(name: str, value: str) -> date:
    """A day of the address or of a form. Raises `BadAddress`."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        day = date.min
    if not FIRST_DAY <= day <= LAST_DAY:
        raise BadAddress(name, value, "2026-03-02")
    return day


def number_of(name: str, value: str) -> int:
    """An id of the address. Raises `BadAddress`."""
    if not (value.isascii() and value.isdigit() and 0 < int(value[:20]) <= LARGEST_ID):
        raise BadAddress(name, value, f"1 … {LARGEST_ID}")
    return int(value)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a request is about, as far as it says who may open it."""

    studio_id: int
    given_by: frozenset[int] | None = None
    """The employees who give the slot; None where it is no slot."""


About = Callable[[Connection, Request, StaffMember], Subject | None]
"""Looks up what a request is about. Nothing, where the page itself shows only what is theirs.

Raises `NotThere` where their organization has no such thing.
"""
Handler = Callable[[Visit], Awaitable[Response]]


def admits(member: StaffMember, subject: Subject | None) -> bool:
    """Whether what the request is about is theirs: a studio that they have, and of an instructor a
    slot that they give."""
    if subject is None:
        return True
    if not member.has(subject.studio_id):
        return False
    is_instructor = member.role is Role.INSTRUCTOR and subject.given_by is not None
    return not is_instructor or member.employee_id in (subject.given_by or ())
