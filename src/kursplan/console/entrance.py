"""What signing in and one's own account work with."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from math import ceil
from typing import Final

from starlette.responses import Response

from kursplan.clock import Clock
from kursplan.console.visit import Handler, Visit
from kursplan.store.engine.database import Database
from kursplan.web.cookies import Cookies
from kursplan.web.csrf import FormGuard
from kursplan.web.http import Request as Head
from kursplan.web.origins import Origins
from kursplan.web.passwords import Passwords
from kursplan.web.peers import Peers
from kursplan.web.recognition import Blocked, Recognition
from kursplan.web.sessions import Session, Sessions

Form = Mapping[str, str]
FormHandler = Callable[[Visit, Form], Awaitable[Response]]

_NEXT: Final = re.compile(r"[a-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9_-]+)*(\?[^\s\\#]*)?")


class Entrance:
    """Who comes in, and how it is known that they are still there."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        passwords: Passwords,
        origins: Origins,
        peers: Peers,
    ) -> None:
        self.origins = origins
        self.passwords = passwords
        self.cookies = Cookies(secure=origins.secure)
        self.sessions = Sessions(database, clock, self.cookies)
        self.recognition = Recognition(database, clock, passwords)
        self.guard = FormGuard(origins, self.cookies)
        self._peers = peers
        self._clock = clock

    def peer(self, visit: Visit) -> str:
        """Where the request comes from."""
        return self._peers.name(Head(visit.request.scope, visit.request.receive))

    def csrf(self, visit: Visit) -> str:
        """The token for forms of a page that is open to everybody; others have it in their frame."""
        return self.guard.token(visit.request)

    async def session(self, visit: Visit) -> Session:
        """The session of whoever is signed in, which they are on all pages but the open ones."""
        found = await self.sessions.session(visit.request)
        if found is None:
            raise LookupError("nobody has to be signed in for this page")
        return found

    def shown(self, handler: Handler) -> Handler:
        """A page with forms: the browser gets the cookie by which they are known again."""

        async def answer(visit: Visit) -> Response:
            response = await handler(visit)
            self.cookies.keep_form(visit.request, response)
            return response

        return answer

    def sent(self, handler: FormHandler) -> Handler:
        """What a form is sent to: done only where a page of ours sent it."""

        async def answer(visit: Visit) -> Response:
            return await handler(visit, await visit.form())

        return self.shown(answer)

    def minutes_until(self, blocked: Blocked) -> int:
        """How long nothing is tried, told in whole minutes."""
        return max(1, ceil((blocked.until - self._clock.now()).total_seconds() / 60))

    @property
    def now(self) -> datetime:
        return self._clock.now()


def safe_next(wanted: str | None) -> str:
    """Where to go afterwards: a page of the console, relative to it; empty for its first one."""
    return wanted if wanted and _NEXT.fullmatch(wanted) else ""
