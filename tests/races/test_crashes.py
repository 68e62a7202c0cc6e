"""A server is killed in the middle of a burst of bookings, and every client asks again (F17)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import suppress
from datetime import date, timedelta

import asyncpg
import httpx
import pytest

from kursplan.store import tables
from kursplan.store.engine.trouble import DatabaseUnavailable
from tests.audit import audit
from tests.gym import Gym
from tests.races.partner import Partner, at_once
from tests.races.servers import KursplanServer
from tests.races.test_booking_races import SERVERS

CROWD = 150
SEATS = 60
WAITING_LIST = 20
OUTCOMES = {
    "BOOKED": SEATS,
    "WAITING_LIST": WAITING_LIST,
    "BOOKING_LIMIT_REACHED": CROWD - SEATS - WAITING_LIST,
}
LOST = "the connection broke"


@pytest.fixture
def servers(kind: str, database_url: str) -> Iterator[list[KursplanServer]]:
    running: list[KursplanServer] = []
    try:
        for _ in range(SERVERS[kind]):
            running.append(KursplanServer(database_url))  # noqa: PERF401 - those started are stopped
        yield running
    finally:
        for each in running:
            each.stop()


@pytest.fixture
def tomorrow(gym: Gym) -> date:
    return gym.now.date() + timedelta(days=1)


async def burst(
    requests: Sequence[Awaitable[str]], victim: KursplanServer, answers: int
) -> list[str]:
    """Ask all of it at once, and kill a server after so many answers; what each client was told."""
    told = 0

    async def ask(request: Awaitable[str]) -> str:
        nonlocal told
        try:
            answer = await request
        except httpx.TransportError:
            return LOST
        told += 1
        if told == answers:
            victim.kill()
        return answer

    return await at_once(map(ask, requests))


@pytest.mark.parametrize("answers", [1, 60])
async def test_who_asks_again_with_the_same_key_gets_the_answer_that_was_lost(
    gym: Gym, database_url: str, servers: list[KursplanServer], tomorrow: date, answers: int
) -> None:
    slot = await gym.slot("spin", seats=SEATS, waiting_list=WAITING_LIST, day=tomorrow)
    crowd = await gym.customers(CROWD)
    api_key = await gym.key()

    def requests(partner: Partner) -> list[Awaitable[str]]:
        return [partner.book(each, slot, idempotency_key=f"book-{each}") for each in crowd]

    async with Partner(servers, api_key) as partner:
        before = await burst(requests(partner), servers[0], answers)
    assert LOST in before
    await audit(gym.database, gym.organization, gym.now)

    servers[0] = await asyncio.to_thread(KursplanServer, database_url)
    async with Partner(servers, api_key) as partner:
        after = await at_once(requests(partner))
        without_key = await at_once(partner.book(each, slot) for each in crowd)

    assert Counter(after) == OUTCOMES
    assert [b for b in before if b != LOST] == [
        a for a, b in zip(after, before, strict=True) if b != LOST
    ]
    assert Counter(without_key) == {
        "CUSTOMER_ALREADY_BOOKED": SEATS + WAITING_LIST,
        "BOOKING_LIMIT_REACHED": CROWD - SEATS - WAITING_LIST,
    }
    assert await gym.count(tables.booking) == SEATS + WAITING_LIST
    assert await gym.count(tables.idempotency_key) == SEATS + WAITING_LIST
    await audit(gym.database, gym.organization, gym.now)


async def test_who_asks_again_without_a_key_is_never_booked_twice(
    gym: Gym, database_url: str, servers: list[KursplanServer], tomorrow: date
) -> None:
    slot = await gym.slot("spin", seats=SEATS, waiting_list=WAITING_LIST, day=tomorrow)
    crowd = await gym.customers(CROWD)
    api_key = await gym.key()
    async with Partner(servers, api_key) as partner:
        before = await burst([partner.book(each, slot) for each in crowd], servers[0], 40)
    assert LOST in before
    await audit(gym.database, gym.organization, gym.now)

    servers[0] = await asyncio.to_thread(KursplanServer, database_url)
    async with Partner(servers, api_key) as partner:
        after = await at_once(partner.book(each, slot) for each in crowd)

    for told, again in zip(before, after, strict=True):
        if told in ("BOOKED", "WAITING_LIST"):
            assert again == "CUSTOMER_ALREADY_BOOKED"
        else:
            assert again in (*OUTCOMES, "CUSTOMER_ALREADY_BOOKED")
    assert await gym.count(tables.booking) == SEATS + WAITING_LIST
    await audit(gym.database, gym.organization, gym.now)


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_when_the_database_cuts_its_connections_nobody_loses_or_doubles_a_place(
    gym: Gym, database_url: str, servers: list[KursplanServer], tomorrow: date
) -> None:
    """Whether a turn was committed is unknown then: the desk looks before it tries again."""
    slot = await gym.slot("spin", seats=SEATS, waiting_list=WAITING_LIST, day=tomorrow)
    crowd = await gym.customers(CROWD)
    postgres = await asyncpg.connect(database_url)

    async with Partner(servers, await gym.key()) as partner:
        books = asyncio.ensure_future(at_once(partner.book(each, slot) for each in crowd))
        while not books.done():
            await postgres.execute(CUT)
            await asyncio.sleep(0.05)
        before = await books
        after = await at_once(until_not_busy(partner, each, slot) for each in crowd)
    await postgres.close()
    with suppress(DatabaseUnavailable):
        await gym.count(tables.booking)  # The connections of this test were cut, too.

    assert set(before) <= {*OUTCOMES, *BUSY}
    assert not BUSY & set(after)
    for told, again in zip(before, after, strict=True):
        if told in ("BOOKED", "WAITING_LIST"):
            assert again == "CUSTOMER_ALREADY_BOOKED"
    assert await gym.count(tables.booking) == SEATS + WAITING_LIST
    await audit(gym.database, gym.organization, gym.now)


async def until_not_busy(partner: Partner, customer_id: int, slot_id: int) -> str:
    """Book, and come back a few times where the server has yet to find its connections lost."""
    outcome = await partner.book(customer_id, slot_id)
    for _ in range(10):
        if outcome not in BUSY:
            break
        outcome = await partner.book(customer_id, slot_id)
    return outcome


BUSY = {"SERVER_BUSY", "CONCURRENTLY_CHANGED"}
CUT = """
    SELECT pg_terminate_backend(pid)
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
