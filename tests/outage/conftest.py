"""An application over a PostgreSQL database that gets sick, and a partner who goes on asking."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import Connection, text

from kursplan.app import Application
from kursplan.clock import HandClock
from kursplan.settings import Settings
from kursplan.store.engine.database import connect
from tests.gym import MORNING, Gym
from tests.postgres import create_database, drop_database
from tests.referee import Referee

CUSTOMERS = 60
PATIENCE_SECONDS = 60.0
"""How long a test waits for what happens within moments."""


@pytest.fixture
def database_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """The URL of a fresh PostgreSQL database with the schema, for a test that spoils it."""
    url = asyncio.run(create_database(postgres_server, postgres_template))
    yield url
    asyncio.run(drop_database(postgres_server, url))


@pytest.fixture
async def operator(postgres_server: str) -> AsyncIterator[asyncpg.Connection]:
    """Somebody who may do everything to the database server."""
    connection = await asyncpg.connect(postgres_server)
    yield connection
    await connection.close()


class Partner:
    """Books a popular slot for one customer after the other, and asks whether all is well."""

    def __init__(self, application: Application, gym: Gym, key: str) -> None:
        self.application = application
        self.gym = gym
        self._client = Referee.inside(application, key)
        self.slot = 0
        self._customers: list[int] = []
        self.booked: list[int] = []
        """Customers who were told that they have a seat."""

    @classmethod
    async def of(cls, application: Application, gym: Gym) -> Partner:
        partner = cls(application, gym, await gym.key())
        partner.slot = await gym.slot("spin", seats=CUSTOMERS)
        partner._customers = await gym.customers(CUSTOMERS)
        return partner

    async def book(self) -> httpx.Response:
        customer = self._customers.pop()
        place = {"customerId": customer, "classSlotId": self.slot}
        answer = await self._client.post("/v1/classes/booking/book", json=place)
        if answer.status_code == httpx.codes.OK:
            self.booked.append(customer)
        return answer

    async def ready(self) -> httpx.Response:
        return await self._client.get("/health/ready")

    async def is_turned_away(self) -> str:
        """A booking is answered with 503 and when to come back; the reason that `ready` gives."""
        answer = await self.book()
        assert (answer.status_code, answer.json()["errorCode"]) == (503, "SERVER_BUSY")
        assert answer.headers["retry-after"] == "2"
        told = await self.ready()
        assert (told.status_code, told.json()["status"]) == (503, "not ready")
        return str(told.json()["reason"])

    async def is_served_again(self) -> None:
        """By and by `ready` says so, and from then on bookings are taken."""
        await until_ok(self.ready)
        assert (await self.book()).status_code == httpx.codes.OK


async def until_ok(ask: Callable[[], Awaitable[httpx.Response]]) -> None:
    """Ask again and again; what is answered meanwhile is 503."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (answer := await ask()).status_code != httpx.codes.OK:
            assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE


Started = Callable[..., Awaitable[Partner]]


@pytest.fixture
async def started() -> AsyncIterator[Started]:
    """Starts an application on a database, which is reached by another way where `over` says so."""
    async with AsyncExitStack() as running:

        async def start(url: str, *, over: str | None = None, **settings: Any) -> Partner:
            by_hand = connect(url)
            gym = await Gym(by_hand, HandClock(MORNING)).open()
            standard = {"database_url": over or url, "background": False, "rate_limit": 0}
            application = Application(Settings(**standard | settings), gym.clock)
            partner = await Partner.of(application, gym)
            await by_hand.close()
            await application.start()
            running.push_async_callback(application.stop)
            return partner

        yield start


def shown(tx: Connection, setting: str) -> str:
    """What the setting is on this session."""
    return str(tx.execute(text(f"SHOW {setting}")).scalar_one())
