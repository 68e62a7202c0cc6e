"""The console as production builds it, with a door at which tests say who comes."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from typing import Any, Final, cast
from urllib.parse import quote, unquote

import httpx
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from kursplan.app import Application
from kursplan.console.visit import Services
from kursplan.domain.accounts import Role, StaffMember
from kursplan.web.listen import bind, listen, port_of
from kursplan.web.server import Server, Site
from kursplan.webhooks.egress import EgressPolicy
from tests.gym import Gym
from tests.web.lifespan import live

SIGNED_IN_AS = "staff"
HOST = "http://localhost"
FORM_COOKIE = "kursplan-form-on-http"
"""By which forms are known while there is no session, as in these tests."""


class Cookies:
    """Knows those who are signed in by a cookie that says who they are, in full."""

    async def of(self, request: Request) -> StaffMember | None:
        told = request.cookies.get(SIGNED_IN_AS)
        if told is None:
            return None
        facts = json.loads(unquote(told))
        return StaffMember(
            **{
                **facts,
                "role": Role(facts["role"]),
                "studio_ids": frozenset(facts["studio_ids"]),
            }
        )

    async def is_confirmed(self, request: Request) -> bool:
        """They have just shown it, whoever they are."""
        return True


def cookie(member: StaffMember) -> str:
    """What the cookie of that person says."""
    facts = {name: getattr(member, name) for name in StaffMember.__slots__}
    return quote(json.dumps({**facts, "studio_ids": sorted(member.studio_ids)}), safe="")


@dataclass(frozen=True)
class Console:
    """A running application, and how to ask it for pages without a browser."""

    gym: Gym
    application: ASGIApp
    url: str = ""
    """Where a browser finds it, if it is served."""

    def member(
        self,
        role: Role = Role.MANAGER,
        *,
        studios: Iterable[int] | None = None,
        language: str = "en",
        employee_id: int | None = None,
        organization_id: int | None = None,
    ) -> StaffMember:
        """Somebody with that role, in the gym's first studio unless the test says otherwise."""
        return StaffMember(
            account_id=1,
            organization_id=organization_id or self.gym.organization,
            name="Wiebke Lüders",
            email="wiebke@example.org",
            role=role,
            studio_ids=frozenset([self.gym.studio_id] if studios is None else studios),
            employee_id=employee_id,
            language=language,
        )

    def services(self) -> Services:
        """What the application's pages work with, for a site of pages that a test makes up."""
        application = self.application
        assert isinstance(application, Application)
        return Services(
            application.database,
            application.desk,
            self.gym.clock,
            Cookies(),
            application.entrance.guard,
            application.live,
            application.entrance.origins,
            application.webhook_client,
            EgressPolicy(),
            application.settings.horizon_days,
        )

    async def ask(
        self, path: str, member: StaffMember | None = None, method: str = "GET", **headers: str
    ) -> httpx.Response:
        """The answer to that person, or to nobody; paths that do not begin with / are below `/console/`."""
        transport = httpx.ASGITransport(app=self.application, raise_app_exceptions=False)
        said = {} if member is None else {"cookie": f"{SIGNED_IN_AS}={cookie(member)}"}
        below = path if path.startswith("/") else f"/console/{path}"
        async with httpx.AsyncClient(transport=transport, base_url="http://kursplan") as client:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.request(method, below, headers={**said, **sent})

    async def send(
        self,
        path: str,
        member: StaffMember,
        form: Mapping[str, object] = {},
        *,
        file: tuple[str, bytes] | None = None,
        **headers: str,
    ) -> httpx.Response:
        """What comes of a form that a page of ours sent, for that person; with a file, by its name, where one
        was chosen."""
        asked = Request({"type": "http", "headers": [(b"cookie", f"{FORM_COOKIE}=here".encode())]})
        token = cast("Any", self.application).entrance.guard.token(asked)
        said = {"cookie": f"{SIGNED_IN_AS}={cookie(member)}; {FORM_COOKIE}=here", "origin": HOST}
        transport = httpx.ASGITransport(app=self.application, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
            return await client.post(
                f"/console/{path}",
                data={name: str(each) for name, each in form.items()} | {"csrf": token},
                files=None if file is None else {"file": file},
                headers={
                    **said,
                    **{name.replace("_", "-"): each for name, each in headers.items()},
                },
            )


HIDDEN: Final = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


async def agreed(
    console: Console, path: str, form: Mapping[str, object], **member: Any
) -> httpx.Response:
    """Send a form, and agree to what the page shows that it would do."""
    who = console.member(**member)
    shown = await console.send(path, who, form)
    assert shown.status_code == 200, shown.text
    sent_along = {name: unescape(value) for name, value in HIDDEN.findall(shown.text)}
    return await console.send(path, who, {**form, **sent_along})


class InTurn:
    """One application after the other at one address, for a browser that keeps what it has loaded.

    Whoever asks while there is none waits for the next one, as an open page does that is told of changes.
    """

    def __init__(self) -> None:
        self._next: asyncio.Future[ASGIApp] = asyncio.get_running_loop().create_future()

    @asynccontextmanager
    async def running(self, application: Application) -> AsyncIterator[None]:
        await application.start()
        self._next.set_result(application)
        yield
        self._next = asyncio.get_running_loop().create_future()
        await application.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            application = await asyncio.shield(self._next)
            await application(scope, receive, send)
            return
        await live(receive, send)


class Serving:
    """The same on a port, in the loop of the test."""

    def __init__(self, application: ASGIApp) -> None:
        self.application = application
        self._listener = bind("127.0.0.1", 0)
        listen(self._listener)
        self.url = f"http://127.0.0.1:{port_of(self._listener)}"
        self._server = Server(Site(application), self._listener)
        self._task: asyncio.Task[Any] | None = None

    async def start(self) -> None:
        await self._server.start()
        self._task = asyncio.create_task(self._server.serve())

    async def stop(self) -> None:
        self._server.stop()
        if self._task is not None:
            await self._task
