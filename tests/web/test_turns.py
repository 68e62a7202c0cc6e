"""Clients that do not go on: each turn of theirs has an end, and there is room for those who do."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress

import pytest

from kursplan.settings import Settings
from tests.web.client import HONEST, LAST, Served, asking, rest, statuses

DESCRIPTORS = 256
CROWD = 600
MOST_DROPS = 200
"""How many drops of a head or a body are tried; there is time for far fewer."""


@pytest.fixture(scope="module")
def hasty(serve: Callable[..., Served]) -> Served:
    """A server on which no turn lasts longer than a second."""
    return serve(IDLE_SECONDS=1, HEAD_SECONDS=1, BODY_SECONDS=1)


@pytest.fixture(scope="module")
def narrow(serve: Callable[..., Served]) -> Served:
    """A server with few descriptors, and as much patience as ever."""
    return serve(descriptors=DESCRIPTORS)


def half_body(served: Served) -> bytes:
    key = f"X-API-KEY: {served.key}"
    kind = "Content-Type: application/json"
    return asking("POST", "/v1/classes/booking/book", [key, kind, "Content-Length: 999"], b'{"a')


def test_who_says_nothing_is_hung_up_on(hasty: Served) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(hasty.connect()) for _ in range(50)]
        assert [rest(each) for each in clients] == [b""] * 50


def test_who_says_nothing_more_is_hung_up_on(hasty: Served) -> None:
    assert statuses(hasty.told(HONEST)) == [404]
    assert hasty.told(b"\r\n") == b""


@pytest.mark.parametrize("half", [HONEST[:20], HONEST[:-2], None], ids=["line", "head", "body"])
def test_who_stops_in_the_middle_is_told_so(hasty: Served, half: bytes | None) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(hasty.connect()) for _ in range(50)]
        for each in clients:
            each.sendall(half_body(hasty) if half is None else half)
        assert [statuses(rest(each)) for each in clients] == [[408]] * 50


def test_who_was_answered_already_is_hung_up_on(hasty: Served) -> None:
    """There is one answer to a request, also where its body never comes."""
    refused = asking("POST", "/v1/classes/booking/book", ["Content-Length: 999"], b'{"a')
    assert statuses(hasty.told(refused)) == [401]


@pytest.mark.parametrize("what", ["head", "body"])
def test_who_sends_drops_is_told_the_same(hasty: Served, what: str) -> None:
    with hasty.connect() as client:
        client.sendall(HONEST[:20] if what == "head" else half_body(hasty))
        told = b""
        client.settimeout(0.1)
        for _ in range(MOST_DROPS):
            with suppress(TimeoutError):
                told = client.recv(65536)
                break
            client.sendall(b"a")
    assert statuses(told) == [408]


def test_who_does_not_take_an_answer_is_hung_up_on(hasty: Served) -> None:
    # As soon as the server writes no more it reads no more, and then nobody takes this.
    with hasty.connect() as client, suppress(ConnectionError):
        for _ in range(100_000):
            client.sendall(asking("GET", "/openapi.json") * 1000)
        pytest.fail("nobody hung up")


def test_a_proxy_may_keep_a_connection_for_a_minute() -> None:
    assert Settings().idle_seconds == 75


@pytest.mark.parametrize("begun", [b"", HONEST[:20], None], ids=["nothing", "heads", "bodies"])
def test_crowds_that_do_not_go_on_keep_nobody_out(narrow: Served, begun: bytes | None) -> None:
    asked = half_body(narrow) if begun is None else begun
    with ExitStack() as stack:
        for _ in range(CROWD):
            client = stack.enter_context(socket.socket())
            client.connect(("127.0.0.1", narrow.server.port))
            client.sendall(asked)
        for _ in range(3):
            assert narrow.is_alive()
            assert statuses(narrow.told(LAST)) == [404]
