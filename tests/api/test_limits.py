"""The rate limit: counted per key and endpoint, told in headers, and a minute long (F55)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import redis

from kursplan.settings import Settings
from kursplan.web.rate_limit import RateLimit, RateLimitState, Windows
from tests.api.conftest import Serve
from tests.gym import Gym
from tests.referee import Referee
from tests.throwaway import free_port

VALIDATE = "/v1/classes/booking/validate"
MEMORY = "memory://"


def refusal(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["errorCode"]


async def used_up(client: Referee, path: str, method: str = "GET") -> bool:
    return (await client.request(method, path)).status_code == 429


async def test_the_headers_count_down_and_then_the_answer_is_429(serve: Serve, gym: Gym) -> None:
    application = await serve(rate_limit=3)
    client = Referee.inside(application, await gym.key())
    for remaining in ("2", "1", "0"):
        response = await client.get("/v1/classes")
        assert response.status_code == 200
        assert response.headers["ratelimit-limit"] == "3"
        assert response.headers["ratelimit-remaining"] == remaining
        assert 1 <= int(response.headers["ratelimit-reset"]) <= 60
        assert "retry-after" not in response.headers
    for _ in range(2):
        response = await client.get("/v1/classes")
        wait = response.headers["retry-after"]
        assert refusal(response) == (429, "RATE_LIMIT_EXCEEDED")
        assert response.headers["ratelimit-remaining"] == "0"
        assert response.headers["ratelimit-reset"] == wait
        message = response.json()["errorMessage"]
        assert message.endswith(f"pro Minute: 3. Bitte versuchen Sie es in {wait} s erneut.")


async def test_each_key_and_endpoint_is_counted_for_itself(serve: Serve, gym: Gym) -> None:
    application = await serve(rate_limit=1)
    slot = await gym.slot()
    one, two = [Referee.inside(application, await gym.key()) for _ in range(2)]
    spin = gym.classes["spin"]

    assert not await used_up(one, f"/v1/classes/{spin}")
    # The endpoint is the route with its names, whatever stands in their place.
    assert await used_up(one, "/v1/classes/999")
    for path, method in (
        ("/v1/classes", "GET"),
        (f"/v1/classes/{spin}/slots", "GET"),
        (f"/v1/classes/{spin}/slots/{slot}", "GET"),
        ("/v1/classes/booking/999", "GET"),
        ("/v1/classes/booking/999", "DELETE"),
    ):
        assert not await used_up(one, path, method), (path, method)
    assert not await used_up(two, f"/v1/classes/{spin}")
    assert await used_up(two, f"/v1/classes/{spin}")


async def test_counted_is_what_came_to_an_endpoint_with_a_valid_key(serve: Serve, gym: Gym) -> None:
    application = await serve(rate_limit=2)
    key, powerless = await gym.key(), await gym.key(scopes=[])
    client = Referee.inside(application, key)
    nobody = Referee.inside(application, "wrong")

    for _ in range(4):
        for method, path, status in (
            ("HEAD", "/v1/classes", 200),
            ("PUT", "/v1/classes", 405),
            ("GET", "/v1/clases", 404),
        ):
            response = await client.request(method, path)
            assert (response.status_code, "ratelimit-limit" in response.headers) == (status, False)
        assert (await nobody.get("/v1/classes")).status_code == 401
    assert (await client.get("/v1/classes")).headers["ratelimit-remaining"] == "1"

    # What is refused for another reason is counted too.
    for path, remaining in (("/v1/classes/abc", "1"), ("/v1/classes/999", "0")):
        response = await client.get(path)
        assert response.headers["ratelimit-remaining"] == remaining
    without = Referee.inside(application, powerless)
    answers = [(await without.get("/v1/classes")).status_code for _ in range(3)]
    assert answers == [403, 403, 429]


async def test_a_storm_of_validations_leaves_booking_alone(serve: Serve, gym: Gym) -> None:
    application = await serve(rate_limit=5)
    client = Referee.inside(application, await gym.key())
    place = {"customerId": await gym.customer(), "classSlotId": await gym.slot()}

    storm = await asyncio.gather(*(client.post(VALIDATE, json=place) for _ in range(20)))
    booked = await client.post("/v1/classes/booking/book", json=place)

    assert sorted(each.status_code for each in storm) == [200] * 5 + [429] * 15
    assert booked.status_code == 200


async def test_the_limit_is_a_thousand_a_minute_and_0_turns_it_off(serve: Serve, gym: Gym) -> None:
    assert Settings().rate_limit == 1000
    key = await gym.key()
    limited, free = await serve(), await serve(rate_limit=0)
    response = await Referee.inside(limited, key).get("/v1/classes")
    assert response.headers["ratelimit-limit"] == "1000"
    response = await Referee.inside(free, key).get("/v1/classes")
    assert response.status_code == 200
    assert not [name for name in response.headers if name.startswith("ratelimit")]


# The counting itself.


async def standing(limit: RateLimit) -> RateLimitState:
    found = await limit.count(1, "GET /v1/classes")
    assert found is not None
    return found


async def test_from_going_over_a_whole_minute_is_refused(redis_url: str) -> None:
    limit = RateLimit(2, redis_url, patience_seconds=60)
    assert [(await standing(limit)).refused for _ in range(2)] == [False, False]
    with redis.Redis.from_url(redis_url) as storage:
        [counter] = storage.keys()
        storage.expire(counter, 7)  # Most of this minute is over.

    gone_over = await standing(limit)
    assert (gone_over.refused, gone_over.remaining) == (True, 0)
    assert gone_over.reset_seconds > 7
    # Asking on does not make it longer.
    with redis.Redis.from_url(redis_url) as storage:
        for each in storage.scan_iter():
            storage.expire(each, 7)
    assert [(await standing(limit)).refused for _ in range(5)] == [True] * 5
    assert (await standing(limit)).reset_seconds <= 7


@pytest.mark.parametrize("storage", ["memory", "redis"])
async def test_when_the_window_is_over_the_count_begins_anew(
    storage: str, request: pytest.FixtureRequest
) -> None:
    url = MEMORY if storage == "memory" else request.getfixturevalue("redis_url")
    limit = RateLimit(1, url, window_seconds=1, patience_seconds=60)
    passed = 0
    while passed < 2:
        # Each that passes is followed by one that does not, and then by one that does again.
        if not (await standing(limit)).refused:
            passed += 1
            assert (await standing(limit)).refused
        await asyncio.sleep(0.05)


class Watch:
    """A stopwatch that stands still until the test moves it."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_windows_that_have_ended_are_forgotten_as_others_are_opened() -> None:
    """Two of them for each that is opened: however many there are, none costs more than another."""
    watch = Watch()
    windows = Windows(1, 60, watch=watch)
    for name in range(100):
        windows.count(name)
    for _ in range(2):
        refused = windows.count(0)
    assert refused.refused
    watch.seconds = 59.0
    windows.count("late")
    assert len(windows._windows) == 101, "none has ended"
    windows.count(0)
    watch.seconds = 60.0
    for number in range(1, 51):
        windows.count(f"new {number}")
        assert len(windows._windows) == 101 - number
    assert windows.count("late").refused


def test_a_key_that_went_over_is_refused_from_then_on_although_it_is_among_the_oldest() -> None:
    watch = Watch()
    windows = Windows(1, 60, watch=watch)
    windows.count("eager")
    watch.seconds = 50.0
    assert windows.count("eager").refused
    watch.seconds = 109.0
    for name in range(10):
        windows.count(name)
    assert windows.count("eager").refused
    watch.seconds = 110.0
    assert not windows.count("eager").refused


def test_how_many_windows_are_counted_has_a_bound() -> None:
    watch = Watch()
    windows = Windows(1, 60, most=10, watch=watch)
    windows.count("over")
    windows.count("over")
    for name in range(9):
        windows.count(name)
    assert windows.count("over").refused, "who was refused last is forgotten last"
    for name in range(100):
        windows.count(name)
        assert len(windows._windows) <= 10


async def test_of_many_at_once_exactly_so_many_pass(redis_url: str) -> None:
    for url in (MEMORY, redis_url):
        limit = RateLimit(10, url, patience_seconds=60)
        found = await asyncio.gather(*(standing(limit) for _ in range(30)))
        assert [each.refused for each in found].count(False) == 10, url


async def test_applications_with_one_redis_count_together(
    serve: Serve, gym: Gym, redis_url: str
) -> None:
    key = await gym.key()
    clients = [
        Referee.inside((await serve(rate_limit=3, limits_url=redis_url)), key) for _ in range(2)
    ]
    remaining = [
        (await clients[n % 2].get("/v1/classes")).headers["ratelimit-remaining"] for n in range(3)
    ]
    assert remaining == ["2", "1", "0"]
    for client in clients:
        assert refusal(await client.get("/v1/classes")) == (429, "RATE_LIMIT_EXCEEDED")


async def test_where_the_counting_is_out_of_reach_requests_pass(serve: Serve, gym: Gym) -> None:
    key = await gym.key()
    async with silent_server() as silent:
        for url in (f"redis://127.0.0.1:{free_port()}/0", silent.url):
            application = await serve(rate_limit=1, limits_url=url)
            client = Referee.inside(application, key)
            for _ in range(2):
                response = await client.get("/v1/classes")
                assert response.status_code == 200, url
                assert "ratelimit-limit" not in response.headers


async def test_a_storage_that_did_not_answer_is_left_alone_for_a_while() -> None:
    async with silent_server() as silent:
        limit = RateLimit(1, silent.url, patience_seconds=0.1)
        assert await limit.count(1, "GET /v1/classes") is None
        asked = silent.connections
        assert asked > 0
        for _ in range(5):
            assert await limit.count(1, "GET /v1/classes") is None
        assert silent.connections == asked


class Silent:
    """Something that accepts connections and never says a word."""

    url = ""
    connections = 0

    async def hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await reader.read()
        writer.close()


@asynccontextmanager
async def silent_server() -> AsyncIterator[Silent]:
    """A storage that never answers; its URL says that it is a Redis."""
    silent = Silent()
    server = await asyncio.start_server(silent.hold, "127.0.0.1", 0)
    silent.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    try:
        yield silent
    finally:
        server.close()
