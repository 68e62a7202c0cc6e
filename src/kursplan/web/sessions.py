"""Sessions: whose request it is, by a cookie that says nothing and of which only a fingerprint is stored.

They are written apart from the desk's turns: that somebody is signed in changes nothing of what is planned,
booked or allowed, and is not to wait for those who change it. What an account *is* the desk decides, and it
ends sessions in the same turn; so each request looks at both, and nothing is kept in memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from kursplan.clock import Clock
from kursplan.domain.accounts import SEEN_EVERY, StaffMember, is_confirmed, session_lasts
from kursplan.ids import LARGEST_ID, fingerprint, new_token
from kursplan.store.engine.database import Database
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff import sessions
from kursplan.web.cookies import Cookies
from kursplan.web.devices import device_of
from kursplan.web.recognition import Known

WATCHING = "kursplan-watching"
"""The header of a page that asks for itself again because something may have changed."""


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in, and where."""

    id: int
    member: StaffMember
    created_at: datetime
    confirmed_at: datetime
    """When they last showed who they are."""


@dataclass(frozen=True, slots=True)
class Key:
    """What the cookie holds: the organization in which to look, and the secret."""

    organization_id: int
    token: str = field(repr=False)

    @classmethod
    def read(cls, text: str | None) -> Key | None:
        """None where it is none of ours."""
        number, _, token = (text or "").partition(".")
        if not (number.isascii() and number.isdigit() and token and len(number) < 20):
            return None
        return cls(int(number), token) if int(number) <= LARGEST_ID else None

    @classmethod
    def fresh(cls, organization_id: int) -> Key:
        return cls(organization_id, new_token())

    def written(self) -> str:
        return f"{self.organization_id}.{self.token}"

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.token)


class Sessions:
    """Finds, begins, renews and ends them."""

    def __init__(self, database: Database, clock: Clock, cookies: Cookies) -> None:
        self._database = database
        self._clock = clock
        self._cookies = cookies

    async def of(self, request: Request) -> StaffMember | None:
        """Who is signed in; None where nobody is any more."""
        found = await self.session(request)
        return None if found is None else found.member

    async def session(self, request: Request) -> Session | None:
        """The same, with what is known of the session. It is looked at once for a request."""
        if not hasattr(request.state, "session"):
            request.state.session = await self._look(request)
        found: Session | None = request.state.session
        return found

    async def is_confirmed(self, request: Request) -> bool:
        """Whether they have shown lately who they are, as is asked before what is sensitive."""
        found = await self.session(request)
        return found is not None and is_confirmed(found.confirmed_at, self._clock.now())

    async def begin(self, request: Request, response: Response, known: Known) -> bool:
        """They have shown who they are: a new session, whatever the browser carried before.

        So nobody can have given it to them; one that it carries is ended. Whether there is one: not where
        what they have shown was changed meanwhile.
        """
        before = await self.session(request)
        key = Key.fresh(known.organization_id)
        [session_id] = await self._database.take_ids(1)
        device = device_of(request.headers.get("user-agent", ""))
        now = self._clock.now()

        def begin(tx: Connection) -> bool:
            if not known.still_lets_in(tx):
                return False
            sessions.add(
                tx,
                known.organization_id,
                known.account_id,
                session_id=session_id,
                token_hash=key.fingerprint,
                device=device,
                at=now,
            )
            return True

        if before is not None:
            await self._end(before)
        if not await self._database.write(begin):
            return False
        self._cookies.set_session(response, key.written())
        return True

    async def confirm(self, response: Response, session: Session) -> None:
        """They have shown again who they are: the session goes on under another secret."""
        of, now = session.member.organization_id, self._clock.now()
        key = Key.fresh(of)
        await self._database.write(
            lambda tx: sessions.confirmed(tx, of, session.id, key.fingerprint, now)
        )
        self._cookies.set_session(response, key.written())

    async def end(self, request: Request, response: Response) -> None:
        """Nobody is signed in any more with that browser."""
        found = await self.session(request)
        if found is not None:
            await self._end(found)
        self._cookies.clear_session(response)

    async def _end(self, session: Session) -> None:
        member = session.member
        await self._database.write(
            lambda tx: sessions.end(tx, member.organization_id, member.account_id, session.id)
        )

    async def _look(self, request: Request) -> Session | None:
        key = Key.read(self._cookies.session(request))
        if key is None:
            return None
        of = key.organization_id
        found = await self._database.read(lambda tx: sessions.find(tx, of, key.fingerprint))
        now = self._clock.now()
        if found is None or not session_lasts(found.created_at, found.seen_at, now):
            return None
        studio_ids = await self._database.read(
            lambda tx: sessions.studios(tx, of, found.account_id)
        )
        if now - found.seen_at >= SEEN_EVERY and not _only_watches(request):
            await self._database.write(lambda tx: sessions.seen(tx, of, found.id, now))
        return Session(
            found.id, _member(of, found, studio_ids), found.created_at, found.confirmed_at
        )


def _only_watches(request: Request) -> bool:
    """Whether a page asks that nobody need be looking at: it keeps no session awake."""
    headers = request.headers
    return WATCHING in headers or headers.get("accept") == "text/event-stream"


def _member(organization_id: int, found: AnyRow, studio_ids: frozenset[int]) -> StaffMember:
    return StaffMember(
        account_id=found.account_id,
        organization_id=organization_id,
        name=found.name,
        email=found.email,
        role=found.role,
        studio_ids=studio_ids,
        employee_id=found.employee_id,
        language=found.language,
    )
