"""The door to the console: who comes, whether they may, what they get; and what is said where they may not.

Every answer leaves with the headers that keep others out of it: nothing is loaded from elsewhere, no script
or style stands in a page, nobody frames it, nothing of a page is kept by a browser or on the way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final
from urllib.parse import quote

import structlog
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kursplan.console import assets, faults
from kursplan.console.addresses import came_from, here, way_up
from kursplan.console.routes import HOME, ROUTES, SET_UP, Page
from kursplan.console.setup import A_STUDIO, NEEDS
from kursplan.console.visit import NothingYet, NotTheirs, Services, Unanswered, Visit, admits
from kursplan.console.words import Words, words
from kursplan.desk.engine.desk import ChangedConcurrently, DeskBusy, OutcomeUnknown
from kursplan.desk.engine.overtaken import Overtaken
from kursplan.domain.accounts import Role, StaffMember
from kursplan.store.engine.trouble import DatabaseUnavailable
from kursplan.store.staff import setup
from kursplan.web.languages import negotiate

log = structlog.get_logger(__name__)

SIGN_IN: Final = "sign-in"
CONFIRM: Final = "confirm"
LANGUAGE: Final = "en"
"""Where nobody is signed in, and the browser does not say which one it wants."""

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # With the origin to ourselves, because that is how a form of ours is told from another's.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def site(services: Services, pages: Sequence[Page] = ROUTES) -> ASGIApp:
    """The application at `/console`."""
    door = _Door(services)
    found = Starlette(
        routes=[
            Route("/", door.home),
            assets.ROUTE,
            *(Route(f"/{each.path}", door.to(each), methods=each.methods) for each in pages),
        ],
        middleware=[Middleware(_KeepOthersOut)],
        exception_handlers={
            HTTPException: door.no_page,
            Unanswered: door.unanswered,
            DatabaseUnavailable: door.unavailable,
            DeskBusy: door.busy,
            ChangedConcurrently: door.busy,
            Overtaken: door.busy,
            Exception: door.failed,
        },
    )
    found.router.redirect_slashes = False
    return found


class _Door:
    def __init__(self, services: Services) -> None:
        self._services = services

    def to(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        """What answers for the page, for whoever comes."""

        async def answer(request: Request) -> Response:
            member = await self._services.visitors.of(request)
            request.state.member = member
            if page.roles is not None:
                if member is None:
                    return _sign_in(request)
                if member.role not in page.roles:
                    raise NotTheirs(page.path)
                await self._check(page, request, member)
                if page.sensitive and not await self._services.visitors.is_confirmed(request):
                    return _show_again(request)
            return await page.handler(
                Visit(request, self._services, _words(request, member), member)
            )

        return answer

    async def home(self, request: Request) -> Response:
        """To the page with which a day begins; an owner whose gym has no slot yet, to what is missing."""
        member = await self._known(request)
        page = HOME
        if member is not None and member.role is Role.OWNER:
            organization_id = member.organization_id
            if not await self._services.database.read(
                lambda tx: setup.has_slots(tx, organization_id)
            ):
                page = SET_UP
        return RedirectResponse(way_up(request) + page, status_code=303)

    async def _check(self, page: Page, request: Request, member: StaffMember) -> None:
        """Raises `NotThere` and `NotTheirs`."""
        about = page.about
        if about is not None:
            subject = await self._services.database.read(lambda tx: about(tx, request, member))
            if not admits(member, subject):
                raise NotTheirs(page.path)

    # --- Where there is no page -----------------------------------------------------------------

    async def no_page(self, request: Request, failure: Exception) -> Response:
        """A path that leads nowhere, or a method that the page does not take."""
        assert isinstance(failure, HTTPException)  # noqa: S101, it is what this is registered for
        member = await self._known(request)
        answer = faults.of_status(request, _words(request, member), member, failure.status_code)
        answer.headers.update(failure.headers or {})
        return answer

    async def unanswered(self, request: Request, reason: Exception) -> Response:
        assert isinstance(reason, Unanswered)  # noqa: S101
        if isinstance(reason, NothingYet) and request.method in ("GET", "HEAD"):
            return RedirectResponse(
                f"{way_up(request)}{SET_UP}?{NEEDS}={A_STUDIO}", status_code=303
            )
        member = await self._known(request)
        return faults.unanswered(request, _words(request, member), member, reason)

    async def unavailable(self, request: Request, reason: Exception) -> Response:
        log.warning("console: the database is not available", reason=str(reason))
        member = getattr(request.state, "member", None)
        answer = faults.of_status(request, _words(request, member), member, 503)
        answer.headers["Retry-After"] = "5"
        return answer

    async def busy(self, request: Request, reason: Exception) -> Response:
        """A command could not be done now. Whether it was is known, unless the answer was lost."""
        log.warning("console: the desk is busy", reason=str(reason))
        member = getattr(request.state, "member", None)
        status = 500 if isinstance(reason, OutcomeUnknown) else 503
        answer = faults.of_status(request, _words(request, member), member, status)
        answer.headers["Retry-After"] = "5"
        return answer

    async def failed(self, request: Request, _: Exception) -> Response:
        """Something of ours is wrong. The server logs it: the exception goes on after the answer."""
        member = getattr(request.state, "member", None)
        return faults.of_status(request, _words(request, member), member, 500)

    async def _known(self, request: Request) -> StaffMember | None:
        """Who is signed in, also where no page has asked; nobody where that can't be found out."""
        if not hasattr(request.state, "member"):
            request.state.member = None
            with suppress(DatabaseUnavailable):
                request.state.member = await self._services.visitors.of(request)
        member: StaffMember | None = request.state.member
        return member


def _sign_in(request: Request) -> Response:
    """To the page to sign in at, which sends them on to what they wanted to look at."""
    wanted = f"?next={quote(here(request), safe='')}" if request.method in ("GET", "HEAD") else ""
    return RedirectResponse(f"{way_up(request)}{SIGN_IN}{wanted}", status_code=303)


def _show_again(request: Request) -> Response:
    """To the page where they show once more who they are, and from there back: a form is filled in anew."""
    looks = request.method in ("GET", "HEAD")
    wanted = quote(here(request) if looks else came_from(request), safe="")
    return RedirectResponse(f"{way_up(request)}{CONFIRM}?next={wanted}", status_code=303)


def _words(request: Request, member: StaffMember | None) -> Words:
    asked = request.headers.get("accept-language")
    return words(member.language if member is not None else negotiate(asked, LANGUAGE))


class _KeepOthersOut:
    """Puts the headers on every answer; what says itself how long it may be kept keeps that."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._application(scope, receive, with_headers)
