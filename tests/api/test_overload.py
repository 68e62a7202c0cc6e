"""Too much to do: 503 with Retry-After, never a hang and never a 500 for being busy (F16)."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest
from sqlalchemy import make_url

from kursplan.store import tables
from tests.api.conftest import Serve
from tests.gym import Gym
from tests.referee import Referee

BOOK = "/v1/classes/booking/book"
VALIDATE = "/v1/classes/booking/validate"


@asynccontextmanager
async def locked(
    database_url: str, table: str = "customer", mode: str = "EXCLUSIVE"
) -> AsyncIterator[None]:
    """Somebody else holds that table (or, on SQLite, the right to write) as long as this lasts."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        assert url.database is not None
        file = sqlite3.connect(url.database, isolation_level=None)
        file.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            file.rollback()
            file.close()
        return
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table} IN {mode} MODE")
            yield
    finally:
        await connection.close()


async def somebody_waits(database_url: str) -> None:
    """For a lock, in the same database."""
    query = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
    """
    connection = await asyncpg.connect(database_url)
    while not await connection.fetchval(query):  # noqa: ASYNC110 - the database tells nobody.
        await asyncio.sleep(0.01)
    await connection.close()


def busy(response: httpx.Response) -> bool:
    error = response.json()
    answer = (response.status_code, error.get("errorCode"), response.headers.get("retry-after"))
    return answer == (503, "SERVER_BUSY", "2")


async def test_a_command_that_finds_the_queue_full_is_turned_away_at_once(
    serve: Serve, gym: Gym, database_url: str
) -> None:
    application = await serve(queue_limit=1, lock_wait_ms=30_000)
    client = Referee.inside(application, await gym.key())
    slot = await gym.slot("spin")
    warm_up, *customers = await gym.customers(4)

    def book(customer: int) -> asyncio.Task[httpx.Response]:
        place = {"customerId": customer, "classSlotId": slot}
        return asyncio.create_task(client.post(BOOK, json=place))

    # Ids are taken in blocks; the first booking sees to it that some are there.
    assert (await book(warm_up)).status_code == 200
    async with locked(database_url):
        asked = [book(customer) for customer in customers]
        # One is in its turn, one may wait for its own, and a third can only be sent away.
        done, waiting = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        assert [busy(await each) for each in done] == [True] * len(done)
        # Those who only read are answered meanwhile.
        place = {"customerId": customers[0], "classSlotId": slot}
        assert (await client.post(VALIDATE, json=place)).status_code == 200
        assert waiting
        assert not [each for each in waiting if each.done()]
    assert {(await each).status_code for each in waiting} == {200}
    assert len(await gym.on_slot(slot)) == 1 + len(waiting)


async def test_a_lock_is_waited_for_only_so_long_and_nothing_is_left_behind(
    serve: Serve, gym: Gym, database_url: str
) -> None:
    application = await serve(lock_wait_ms=50)
    client = Referee.inside(application, await gym.key())
    first, second = await gym.customers(2)
    slot = await gym.slot("spin")
    taken = (await client.post(BOOK, json={"customerId": first, "classSlotId": slot})).json()
    path = f"/v1/classes/booking/{taken['bookingId']}"
    place = {"customerId": second, "classSlotId": slot}
    rows = [await gym.count(table) for table in (tables.booking, tables.event)]

    async with locked(database_url):
        assert busy(await client.post(BOOK, json=place, headers={"Idempotency-Key": "k"}))
        assert busy(await client.delete(path))
    assert [await gym.count(table) for table in (tables.booking, tables.event)] == rows
    assert await gym.count(tables.idempotency_key) == 0
    assert (await client.post(BOOK, json=place)).status_code == 200
    assert (await client.delete(path)).status_code == 200


async def test_a_server_that_shuts_down_takes_no_more_commands(serve: Serve, gym: Gym) -> None:
    application = await serve()
    client = Referee.inside(application, await gym.key())
    place = {"customerId": await gym.customer(), "classSlotId": await gym.slot()}
    await application.desk.close()
    assert busy(await client.post(BOOK, json=place))
    assert (await client.post(VALIDATE, json=place)).status_code == 200


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
async def test_when_no_connection_is_free_the_answer_is_busy(
    serve: Serve, gym: Gym, database_url: str
) -> None:
    """Neither for a look at the version nor for the rest of a request."""
    application = await serve(connections=2, lock_wait_ms=30_000)
    client = Referee.inside(application, await gym.key())
    assert (await client.get("/v1/customers")).status_code == 200
    async with locked(database_url, "customer", "ACCESS EXCLUSIVE"):
        # As many as there are connections wait for the lock, the others for a connection.
        first = [asyncio.create_task(client.get("/v1/customers")) for _ in range(8)]
        await somebody_waits(database_url)
        last = asyncio.create_task(client.get("/v1/customers"))
        checks = asyncio.create_task(client.head("/v1/classes"))
        assert busy(await last)
        # HEAD has no body, not even then.
        head = await checks
        assert (head.status_code, head.headers["retry-after"], head.content) == (503, "2", b"")
    answers = [await each for each in first]
    assert {each.status_code for each in answers} == {200, 503}
    assert all(busy(each) for each in answers if each.status_code == 503)
