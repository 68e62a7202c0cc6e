"""The console as production builds it, and people with browsers of their own who sign in at it.

Only what a password costs is less than in production.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from kursplan.app import Application
from kursplan.clock import HandClock
from kursplan.desk.accounts import InviteStaff
from kursplan.domain.accounts import Role, StaffEntry
from kursplan.settings import Settings
from kursplan.store import tables
from kursplan.store.engine.database import connect
from kursplan.web.passwords import Hashing, Passwords
from kursplan.web.sessions import Key
from tests.console.desk import Serving
from tests.gym import STAFF, Gym

ORIGIN = "https://plan.example"
PEER = "203.0.113.7"
CHEAP = Hashing(rounds=1, kibibytes=8, lanes=1)
PASSWORD = "correct horse battery"
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Person:
    """Somebody with a browser: it keeps cookies, and says from which page a form comes."""

    client: httpx.AsyncClient
    origin: str = ORIGIN
    """From where their forms come."""
    csrf: str = ""
    """The token of the page that they see."""

    async def open(self, path: str) -> httpx.Response:
        answer = await self.client.get(f"/console/{path}")
        self._see(answer)
        return answer

    async def send(
        self, path: str, fields: dict[str, str] | None = None, **headers: str | None
    ) -> httpx.Response:
        """Send the form of the page that they see; a header that is None is left out."""
        said = {"origin": self.origin, "sec-fetch-site": "same-origin"}
        said |= {name.replace("_", "-"): each for name, each in headers.items()}  # type: ignore[misc]
        answer = await self.client.post(
            f"/console/{path}",
            data={"csrf": self.csrf} | (fields or {}),
            headers={name: each for name, each in said.items() if each is not None},
        )
        self._see(answer)
        return answer

    def _see(self, answer: httpx.Response) -> None:
        if found := _CSRF.search(answer.text):
            self.csrf = found[1]

    async def sign_in(self, email: str, password: str = PASSWORD) -> httpx.Response:
        await self.open("sign-in")
        return await self.send("sign-in", {"email": email, "password": password})

    async def is_in(self) -> bool:
        return (await self.open("account")).status_code == 200

    def carry(self, cookie: str) -> None:
        """Have the browser carry that one instead of its own."""
        jar = self.client.cookies
        if self.cookie is not None:
            jar.delete("__Host-kursplan")
        jar.set("__Host-kursplan", cookie, domain="plan.example")

    @property
    def cookie(self) -> str | None:
        return self.client.cookies.get("__Host-kursplan")


@dataclass
class House:
    """A gym with a console, and accounts at it."""

    gym: Gym
    application: Application
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    @classmethod
    async def open(cls, gym: Gym, url: str, clock: HandClock, **settings: Any) -> House:
        standard = {"database_url": url, "background": False, "public_url": ORIGIN}
        application = Application(Settings(**standard | settings), clock, hashing=CHEAP)
        await application.start()
        return cls(gym, application)

    def person(self, *, peer: str = PEER, origin: str = ORIGIN) -> Person:
        transport = httpx.ASGITransport(app=self.application, client=(peer, 1234))
        client = httpx.AsyncClient(transport=transport, base_url=origin)
        self.clients.append(client)
        return Person(client, origin)

    async def close(self) -> None:
        for each in self.clients:
            await each.aclose()
        await self.application.stop()

    # --- Accounts -------------------------------------------------------------------------------

    async def account(
        self,
        email: str = "olga@gym.example",
        role: Role = Role.OWNER,
        *,
        password: str | None = PASSWORD,
        of: Gym | None = None,
        **values: Any,
    ) -> int:
        """An account that has its password already."""
        gym = of or self.gym
        hashed = None if password is None else await Passwords(CHEAP).hash(password)
        account_id = await gym.insert(
            tables.staff_account,
            email=email,
            name=email.partition("@")[0].title(),
            role=role,
            **{
                "language": "en",
                "recovery": (),
                "created_at": gym.now,
                "password_hash": hashed,
            }
            | values,
        )
        await gym.insert(
            tables.staff_directory, email_folded=email.casefold(), account_id=account_id
        )
        return account_id

    async def invitation(self, email: str = "nora@gym.example") -> tuple[int, str]:
        """An account that has no password yet, and the path of its link."""
        key = Key.fresh(self.gym.organization)
        account_id = await self.do_id()
        entry = StaffEntry(email, "Nora Neu", Role.OWNER)
        await self.do(InviteStaff(self.gym.organization, account_id, entry, key.fingerprint))
        return account_id, f"link/{key.written()}"

    async def do_id(self) -> int:
        return await self.application.desk.ids.next()

    async def do(self, command: Any) -> Any:
        return await self.application.desk.execute(command, by=STAFF)

    async def rows(self, table: Any) -> list[Any]:
        return await self.gym.database.read(lambda tx: list(tx.execute(select(table))))


@asynccontextmanager
async def open_house(
    template: Path, folder: Path, clock: HandClock
) -> AsyncIterator[tuple[House, str]]:
    """On SQLite and a port, and its address: under the name that a browser trusts without TLS."""
    file = folder / "served.db"
    shutil.copyfile(template, file)
    database = connect(f"sqlite:///{file}")
    gym = await Gym(database, clock).open()
    opened = await House.open(gym, f"sqlite:///{file}", clock, public_url="")
    serving = Serving(opened.application)
    await serving.start()
    yield opened, serving.url.replace("127.0.0.1", "localhost")
    for each in opened.clients:
        await each.aclose()
    await serving.stop()
    await gym.desk.close()
    await database.close()
