"""Where a request ends: in every way to leave a body in the stream, it is never the next request."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.web.client import LAST, Served, asking, rest, statuses

SMUGGLED = b"GET /health/live HTTP/1.1\r\nHost: kursplan\r\n\r\n"
ALIVE = b'"alive"'
"""What the smuggled request would be answered."""
BOOK = "/v1/classes/booking/book"
JSON = "Content-Type: application/json"
LENGTH = f"Content-Length: {len(SMUGGLED)}"
CHUNKED = "Transfer-Encoding: chunked"
CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)
KEY = "X-API-KEY: {key}"
UPGRADES = {
    "h2c": ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAA"],
    "websocket": ["Connection: Upgrade", "Upgrade: websocket"],
    "anything": ["Connection: upgrade", "Upgrade: whatever"],
}
RATE_LIMIT = 50
"""Far more than any other test asks of one endpoint."""


@pytest.fixture(scope="module")
def served(serve: Callable[..., Served]) -> Served:
    return serve(RATE_LIMIT=RATE_LIMIT)


def both(served: Served, head: bytes, body: bytes, *after: bytes) -> list[int]:
    """What is answered to it, and that it makes no difference where the packets end."""
    head = head.replace(b"{key}", served.key.encode())
    at_once = served.told(head + body + b"".join(after))
    apart = served.told(head, body, *after)
    cut = served.told(head[:40], head[40:] + body[:9], body[9:-1], body[-1:] + b"".join(after))
    for told in (at_once, apart, cut):
        assert ALIVE not in told
    assert statuses(at_once) == statuses(apart) == statuses(cut)
    return statuses(at_once)


@pytest.mark.parametrize("upgrade", UPGRADES.values(), ids=UPGRADES)
def test_an_offer_to_upgrade_is_ignored_and_the_body_is_read(
    served: Served, upgrade: list[str]
) -> None:
    measured = asking("POST", BOOK, [KEY, JSON, LENGTH, *upgrade])
    chunked = asking("POST", BOOK, [KEY, JSON, CHUNKED, *upgrade])
    unread = asking("POST", BOOK, [JSON, LENGTH, *upgrade])

    assert both(served, measured, SMUGGLED, LAST) == [400, 404]
    assert both(served, chunked, CHUNKS, LAST) == [400, 404]
    assert both(served, unread, SMUGGLED, LAST) == [401, 404]


def test_the_body_of_an_upgrade_offer_is_what_is_answered(served: Served) -> None:
    body = json.dumps({"customerId": 7, "classSlotId": 7}).encode()
    told = served.told(
        asking(
            "POST",
            BOOK,
            [f"X-API-KEY: {served.key}", JSON, f"Content-Length: {len(body)}", *UPGRADES["h2c"]],
        ),
        body,
        LAST,
    )
    assert b'"CUSTOMER_NOT_FOUND"' in told or b'"CLASS_SLOT_NOT_FOUND"' in told
    assert statuses(told) == [404, 404]


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(asking("GET", "/v1/classes", [KEY, LENGTH]), id="GET"),
        pytest.param(asking("HEAD", "/v1/classes", [KEY, LENGTH]), id="HEAD"),
        pytest.param(asking("GET", "/health/ready", [LENGTH]), id="a page"),
    ],
)
def test_a_body_that_nobody_asked_for_is_passed_over(served: Served, head: bytes) -> None:
    assert both(served, head, SMUGGLED, LAST) == [200, 404]


def test_a_body_behind_an_early_refusal_is_passed_over(served: Served) -> None:
    no_key = asking("POST", BOOK, [JSON, LENGTH])
    assert both(served, no_key, SMUGGLED, LAST) == [401, 404]
    # Larger than what is read, but not than what is passed over.
    large = b" " * 70_000 + SMUGGLED
    too_large = asking("POST", BOOK, [KEY, JSON, f"Content-Length: {len(large)}"])
    assert both(served, too_large, large, LAST) == [413, 404]


def test_a_body_behind_a_key_that_asked_too_often_is_passed_over(served: Served) -> None:
    asked = asking("GET", "/v1/employees", [f"X-API-KEY: {served.key}"])
    assert set(statuses(served.told(asked * RATE_LIMIT + LAST))) == {200, 404}
    assert both(served, asking("GET", "/v1/employees", [KEY, LENGTH]), SMUGGLED, LAST) == [429, 404]


def test_behind_a_body_without_a_known_end_the_connection_is_closed(served: Served) -> None:
    endless = asking("POST", BOOK, [JSON, "Content-Length: 9000000"])
    assert both(served, endless, SMUGGLED, LAST) == [401]
    assert both(served, asking("POST", BOOK, [JSON, CHUNKED]), CHUNKS, LAST) in ([401], [401, 404])


def test_who_holds_a_body_back_is_told_to_go_on_or_gets_the_connection_closed(
    served: Served,
) -> None:
    waiting = [JSON, LENGTH, "Expect: 100-continue"]
    with_key = asking("POST", BOOK, [f"X-API-KEY: {served.key}", *waiting])
    with served.connect() as client:
        client.sendall(with_key)
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(SMUGGLED + LAST)
        assert statuses(rest(client)) == [400, 404]
    # The client may send it all the same, or not: nobody could tell the two apart.
    refused = served.told(asking("POST", BOOK, waiting), SMUGGLED, LAST)
    assert statuses(refused) == [401]
    assert ALIVE not in refused


@pytest.mark.parametrize(
    "headers",
    [
        [LENGTH, CHUNKED],
        [CHUNKED, "Content-Length: 0"],
        [LENGTH, LENGTH],
        [LENGTH, "Content-Length: 0"],
        ["Content-Length: 3, 3"],
        ["Content-Length: +3"],
        ["Content-Length: -3"],
        ["Content-Length: 0x3"],
        ["Content-Length: "],
        ["Content-Length : 3"],
        ["Content-Length: 99999999999999999999999"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: identity"],
        ["X-A: b", " Content-Length: 3"],
        ["X-A: b\rContent-Length: 3"],
        ["X-A: b\nContent-Length: 3"],
        ["X-A: b\0"],
        ["Host: another"],
    ],
    ids=repr,
)
def test_a_length_that_can_be_understood_in_two_ways_is_refused(
    served: Served, headers: list[str]
) -> None:
    told = served.told(asking("POST", BOOK, [JSON, *headers]) + SMUGGLED + LAST)
    assert statuses(told) == [400]
    head, _, body = told.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    assert json.loads(body)["errorCode"] == "REQUEST_MALFORMED"
    assert json.loads(body)["traceId"].encode() in head


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /nowhere",
        "GET /nowhere HTTP/1.1 ",
        "PRI * HTTP/2.0",
        "get /nowhere HTTP/1.1",
        "GET /nowhere HTTP/1.2",
        "GET nowhere HTTP/1.1",
        "nonsense",
        "CONNECT kursplan:80 HTTP/1.1",
        "\x16\x03\x01",
    ],
)
def test_what_is_not_http_is_refused(served: Served, request_line: str) -> None:
    told = served.told(f"{request_line}\r\nHost: kursplan\r\n\r\n".encode() + SMUGGLED)
    assert statuses(told) == [400]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_without_a_host_only_the_old_version_is_heard(served: Served, version: str) -> None:
    told = served.told(f"GET /health/live HTTP/{version}\r\n\r\n".encode() + SMUGGLED)
    assert statuses(told) == [200 if version == "1.0" else 400]


def test_chunks_are_refused_in_the_old_version(served: Served) -> None:
    assert statuses(served.told(asking("POST", BOOK, [JSON, CHUNKED], CHUNKS, "1.0"))) == [400]


@pytest.mark.parametrize(
    "chunks",
    [
        b"3\nabc\r\n0\r\n\r\n",
        b"+3\r\nabc\r\n0\r\n\r\n",
        b"0x3\r\nabc\r\n0\r\n\r\n",
        b"3\r\nabcX\r\n0\r\n\r\n",
        b"3\r\nabc\n0\r\n\r\n",
        b"\r\n",
        b" 3\r\nabc\r\n0\r\n\r\n",
        b"3;a=\nb\r\nabc\r\n0\r\n\r\n",
        b"0\r\nX-A: b\nX\r\n\r\n",
        b"1" * 20 + b"\r\n",
        b"3;" + b"x" * 300 + b"\r\nabc\r\n0\r\n\r\n",
        b"0\r\n" + b"X-A: b\r\n" * 2000 + b"\r\n",
        b"3" * 300,
        b"0\r\n" + b"X" * 9000,
    ],
    ids=lambda chunks: repr(chunks[:20]),
)
def test_what_is_no_chunk_is_refused(served: Served, chunks: bytes) -> None:
    head = asking("POST", BOOK, [f"X-API-KEY: {served.key}", JSON, CHUNKED])
    assert statuses(served.told(head + chunks + SMUGGLED + LAST)) == [400]


def test_requests_may_follow_each_other_without_waiting_for_answers(served: Served) -> None:
    asked = [asking("GET", f"/nowhere/{n}") for n in range(20)]
    apart = served.told(b"".join(asked)[:111], b"".join(asked)[111:], b"\r\n" + LAST)
    assert statuses(apart) == [404] * 21


@pytest.mark.parametrize("count", [1, 3])
def test_who_sends_no_more_still_gets_the_answers(served: Served, count: int) -> None:
    for _ in range(20):
        told = served.told(asking("GET", "/v1/classes") * count, half_closes=True)
        assert statuses(told) == [401] * count


def test_a_body_that_breaks_off_is_answered_once(served: Served) -> None:
    head = asking("POST", BOOK, [f"X-API-KEY: {served.key}", JSON, LENGTH])
    assert statuses(served.told(head + SMUGGLED[:-1], half_closes=True)) == [400]
