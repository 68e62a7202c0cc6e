"""Who comes with a key that is not known: many wrong ones cost the house little, and others nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TypeVar

import httpx
import pytest
from sqlalchemy import select

from kursplan.api.strangers import (
    AT_ONCE,
    MOST_WAITING,
    MOST_WAITING_OF_SUSPECTS,
    Strangers,
    TooManyWrongKeys,
)
from kursplan.desk.keys import RevokeKey
from kursplan.domain.applications import Caller
from kursplan.ids import fingerprint, new_api_key
from kursplan.settings import BadSettings, Settings, read_settings
from kursplan.store import tables
from kursplan.store.engine.database import Database
from kursplan.store.engine.trouble import DatabaseUnavailable, Work
from kursplan.web.http import Request
from kursplan.web.peers import Peers
from tests.api.conftest import Serve
from tests.api.test_keys import id_of
from tests.gym import STAFF, Gym
from tests.referee import Referee

T = TypeVar("T")

CLASSES = "/v1/classes"


def told(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["errorCode"]


async def test_beside_many_made_up_keys_everybody_with_a_key_is_answered(
    serve: Serve, gym: Gym
) -> None:
    """Those who were here before and those who come for the first time, from the same address."""
    application = await serve()
    keys = [await gym.key() for _ in range(50)]
    honest = [Referee.inside(application, key) for key in keys]
    nobody = Referee.inside(application)
    for each in honest[:25]:
        assert (await each.get(CLASSES)).status_code == 200

    async def made_up() -> int:
        return (await nobody.get(CLASSES, headers={"X-API-KEY": new_api_key()})).status_code

    async def real(client: Referee) -> int:
        return (await client.get(CLASSES)).status_code

    asked = [made_up() for _ in range(1500)]
    # One in thirty has a key, all along.
    for number, client in enumerate(honest):
        asked.insert(number * 31, real(client))
    answers = Counter(await asyncio.gather(*asked))
    assert answers == {200: 50, 401: 100, 429: 1400}


async def test_from_an_address_with_many_wrong_keys_only_wrong_ones_are_told_to_wait(
    serve: Serve, gym: Gym
) -> None:
    application = await serve(wrong_keys_limit=3)
    known = Referee.inside(application, await gym.key())
    assert (await known.get(CLASSES)).status_code == 200
    wrong = Referee.inside(application, "wrong")
    # HEAD is one of the ways to try keys.
    assert (await wrong.head(CLASSES)).status_code == 401
    for _ in range(2):
        assert told(await wrong.get(CLASSES)) == (401, "API_KEY_INVALID")

    for _ in range(2):
        response = await wrong.get(CLASSES)
        assert told(response) == (429, "RATE_LIMIT_EXCEEDED")
        wait = response.headers["retry-after"]
        assert 1 <= int(wait) <= 60
        message = response.json()["errorMessage"]
        assert message.endswith(f"per minute: 3. Please try again in {wait} s.")
        assert "ratelimit-limit" not in response.headers
    head = await wrong.head(CLASSES)
    assert (head.status_code, head.content) == (429, b"")
    assert "retry-after" in head.headers

    assert told(await Referee.inside(application).get(CLASSES)) == (401, "API_KEY_MISSING")
    assert (await known.get(CLASSES)).status_code == 200
    new = Referee.inside(application, await gym.key())
    assert (await new.get(CLASSES)).status_code == 200
    elsewhere = Referee.inside(application, "wrong", peer="203.0.113.7")
    assert told(await elsewhere.get(CLASSES)) == (401, "API_KEY_INVALID")


async def test_without_a_limit_wrong_keys_are_never_told_to_wait(serve: Serve, gym: Gym) -> None:
    assert Settings().wrong_keys_limit == 100
    wrong = Referee.inside(await serve(wrong_keys_limit=0), "wrong")
    assert [(await wrong.get(CLASSES)).status_code for _ in range(102)] == [401] * 102


async def test_a_key_works_at_once_and_stops_at_once_whoever_tried_it_before(
    serve: Serve, gym: Gym
) -> None:
    """In each of two processes, also where too many wrong ones came before."""
    applications = [await serve(wrong_keys_limit=1) for _ in range(2)]
    key = await gym.key(active=False)
    clients = [Referee.inside(each, key) for each in applications]

    async def statuses() -> list[int]:
        return [(await each.get(CLASSES)).status_code for each in clients]

    assert await statuses() == [401, 401]
    assert await statuses() == [429, 429]
    column = tables.api_key.c
    query = select(column.integration_id).where(column.key_hash == fingerprint(key))
    integration = await gym.database.read(lambda tx: int(tx.execute(query).scalar_one()))
    await gym.set(tables.integration, integration, active=True)
    assert await statuses() == [200, 200]
    await gym.desk.execute(RevokeKey(gym.organization, await id_of(gym, key)), by=STAFF)
    assert set(await statuses()) <= {401, 429}


class Held:
    """A database whose reads wait until they may begin; how many there were, and how many at once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.name, self.writers = database.name, database.writers
        self.write, self.take_ids, self.close = database.write, database.take_ids, database.close
        self.may_begin = asyncio.Event()
        self.reads = self.under_way = self.most_under_way = 0

    async def read(self, work: Work[T]) -> T:
        self.reads += 1
        self.under_way += 1
        self.most_under_way = max(self.under_way, self.most_under_way)
        await self.may_begin.wait()
        try:
            return await self._database.read(work)
        finally:
            self.under_way -= 1


async def ask(strangers: Strangers, count: int, peer: str) -> list[asyncio.Task[Caller | None]]:
    """So many with made-up keys, who wait once the look has begun that is to begin."""
    asked = [
        asyncio.create_task(strangers.identify(fingerprint(new_api_key()), peer))
        for _ in range(count)
    ]
    for _ in range(3):
        await asyncio.sleep(0)
    return asked


async def test_strangers_have_one_look_at_a_time_and_how_many_wait_for_it_has_a_bound(
    gym: Gym,
) -> None:
    held = Held(gym.database)
    strangers = Strangers(held, wrong_keys_limit=2)
    held.may_begin.set()
    for each in await ask(strangers, 2, "suspect"):
        assert await each is None
    held.may_begin.clear()
    before = held.reads

    waiting = await ask(strangers, 1, "suspect")
    waiting += await ask(strangers, MOST_WAITING_OF_SUSPECTS, "suspect")
    [one_more] = await ask(strangers, 1, "suspect")
    with pytest.raises(TooManyWrongKeys):
        await one_more
    others = MOST_WAITING - MOST_WAITING_OF_SUSPECTS
    waiting += await ask(strangers, others, "others")
    [one_more] = await ask(strangers, 1, "others")
    with pytest.raises(DatabaseUnavailable):
        await one_more

    held.may_begin.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert Counter(type(each) for each in found) == {
        type(None): 2,
        TooManyWrongKeys: MOST_WAITING + 1 - 2,
    }
    assert (held.most_under_way, held.reads - before) == (1, 1 + MOST_WAITING // AT_ONCE)


# From where a request comes.


def request(client: str | None, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    scope = {
        "method": "GET",
        "path": CLASSES,
        "query_string": b"",
        "headers": headers,
        "client": None if client is None else (client, 50_000),
    }

    async def nothing() -> dict[str, object]:
        return {}

    return Request(scope, nothing)


@pytest.mark.parametrize(
    ("asked", "peer"),
    [
        (request("203.0.113.7"), "203.0.113.7"),
        (request("203.0.113.7", "198.51.100.1"), "203.0.113.7"),
        (request("10.0.0.1"), "10.0.0.1"),
        (request("10.0.0.1", "198.51.100.1"), "198.51.100.1"),
        (request("10.0.0.1", "1.1.1.1, 198.51.100.1"), "198.51.100.1"),
        (request("10.0.0.1", "1.1.1.1", "198.51.100.1"), "198.51.100.1"),
        (request("10.0.0.1", "198.51.100.1, 10.0.0.2"), "198.51.100.1"),
        (request("10.0.0.1", "10.0.0.3,10.0.0.2"), "10.0.0.3"),
        (request("10.0.0.1", "198.51.100.1, nonsense, 10.0.0.2"), "10.0.0.2"),
        (request("::ffff:10.0.0.1", "::ffff:198.51.100.1"), "198.51.100.1"),
        (request("2001:db8:1:2:3::4"), "2001:db8:1:2::/64"),
        (request("fd00::1", "2001:db8:1:2::9"), "2001:db8:1:2::/64"),
        (request(None, "198.51.100.1"), "unknown"),
    ],
)
def test_the_peer_is_the_last_address_that_no_trusted_proxy_has(asked: Request, peer: str) -> None:
    trusted = read_settings({"KURSPLAN_TRUSTED_PROXIES": "10.0.0.0/8, fd00::1"}).trusted_proxies
    assert Peers(trusted).name(asked) == peer


def test_nobody_is_trusted_who_is_not_named() -> None:
    assert Peers(Settings().trusted_proxies).name(request("127.0.0.1", "1.1.1.1")) == "127.0.0.1"
    with pytest.raises(BadSettings, match=r"KURSPLAN_TRUSTED_PROXIES: .*write 10\.0\.0\.7 or"):
        read_settings({"KURSPLAN_TRUSTED_PROXIES": "proxy.internal"})
