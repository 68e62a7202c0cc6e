"""What a stranger may make the server hold: heads, requests and answers have a bound in bytes."""

from __future__ import annotations

import json
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.web.client import HONEST, LAST, Served, asking, rest, statuses

MUCH = 64 * 1024 * 1024
"""More than anybody is listened to."""
GROWTH_BYTES = 50 * 1024 * 1024
BODY = ["Content-Type: application/json", "Transfer-Encoding: chunked"]


@pytest.fixture(scope="module")
def served(serve: Callable[..., Served]) -> Served:
    return serve()


@pytest.fixture
def grows_little(served: Served) -> Iterator[None]:
    assert served.is_alive()
    before = served.memory_bytes
    yield
    assert served.memory_bytes - before < GROWTH_BYTES


def pushed(client: socket.socket, part: bytes, most: int) -> int:
    """Send the part again and again, until nobody takes it; how many bytes were taken."""
    client.setblocking(False)
    taken = 0
    while taken < most:
        try:
            taken += client.send(part)
        except BlockingIOError:
            if not select.select([], [client], [], 0.05)[1]:
                break
        except ConnectionError:
            break
    return taken


@pytest.mark.usefixtures("grows_little")
@pytest.mark.parametrize(
    ("begin", "again"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nX-A: ", b"b" * 65536, id="a header"),
        pytest.param(b"GET / HTTP/1.1\r\nX-A", b"b" * 65536, id="the name of a header"),
        pytest.param(b"GET / HTTP/1.1\r\n", b"X-A: b\r\n" * 8192, id="headers"),
        pytest.param(b"GET /", b"b" * 65536, id="a target"),
        pytest.param(b"G", b"E" * 65536, id="a method"),
    ],
)
def test_a_head_without_an_end_is_refused_while_it_arrives(
    served: Served, begin: bytes, again: bytes
) -> None:
    with served.connect() as client:
        client.sendall(begin)
        assert pushed(client, again, MUCH) < MUCH
        assert served.is_alive()
        client.setblocking(True)
        told = rest(client)
    # Who goes on sending may find the connection reset before the answer is seen.
    assert statuses(told) in ([431], [])


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(asking("GET", "/nowhere", [f"X-A: {'b' * 17_000}"]), id="a header"),
        pytest.param(asking("GET", "/" + "b" * 17_000), id="the target"),
        pytest.param(asking("GET", "/nowhere", ["X-A: b"] * 128), id="how many headers"),
        pytest.param(asking("GET", "/nowhere", [f"X-A: {'b' * 999}"] * 40), id="all of them"),
    ],
)
def test_each_part_of_a_head_has_a_bound(served: Served, head: bytes) -> None:
    told = served.told(head + LAST)
    assert statuses(told) == [431]
    error = json.loads(told.partition(b"\r\n\r\n")[2])
    assert error["errorCode"] == "REQUEST_HEAD_TOO_LARGE"
    assert error["errorMessage"].endswith(
        "Allowed: 128 headers, 16384 bytes each, 32768 bytes in total."
    )


def test_a_long_head_within_the_bounds_is_heard(served: Served) -> None:
    fields = [f"X-{n}: {'b' * 200}" for n in range(120)]
    assert statuses(served.told(asking("GET", "/nowhere", fields) + LAST)) == [404, 404]


@pytest.mark.usefixtures("grows_little")
@pytest.mark.parametrize(
    ("asked", "then"),
    [
        pytest.param(HONEST * 1000, HONEST * 1000, id="requests"),
        pytest.param(
            b"GET / HTTP/1.1\r\n\r\n" * 3640, b"GET / HTTP/1.1\r\n\r\n" * 3640, id="faults"
        ),
        pytest.param(asking("GET", "/openapi.json") * 100, HONEST * 1000, id="long answers"),
        pytest.param(
            asking("POST", "/v1/classes/booking/book", BODY), b"1\r\n \r\n" * 9000, id="body"
        ),
    ],
)
def test_who_takes_no_answers_is_not_listened_to(served: Served, asked: bytes, then: bytes) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(served.connect()) for _ in range(20)]
        for client in clients:
            client.sendall(asked[:100_000] if len(asked) > 100_000 else asked)
        for _ in range(3):
            for client in clients:
                pushed(client, then, 4 * 1024 * 1024)
            assert served.is_alive()


@pytest.mark.usefixtures("grows_little")
def test_bodies_that_nobody_reads_are_not_held(served: Served) -> None:
    key = f"X-API-KEY: {served.key}"
    head = asking("POST", "/v1/classes/booking/book", [key, *BODY])
    with ExitStack() as stack:
        clients = [stack.enter_context(served.connect()) for _ in range(20)]
        for client in clients:
            client.sendall(head)
            pushed(client, b"1000\r\n" + b" " * 4096 + b"\r\n", 4 * 1024 * 1024)
        assert served.is_alive()
        for client in clients:
            client.setblocking(True)
            assert statuses(rest(client)) in ([413], [])
