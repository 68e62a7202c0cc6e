"""What leaves the server, for whatever an application says; and what one may ask of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from kursplan.web.body import ChunkedBody
from kursplan.web.listen import bind, listen, port_of
from kursplan.web.server import Server, Site
from tests.web.client import asking
from tests.web.lifespan import live

BODY = b'{"validationStatus":"AVAILABLE"}'
JSON = (b"content-type", b"application/json")
LENGTH = (b"content-length", b"%d" % len(BODY))
LAST = asking("GET", "/plain", ["Connection: close"])
MUCH = b"x" * 1_000_000


class Told:
    """An application that answers in the way that the path names, and notes what it was told."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.has_left = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await live(receive, send)
            return

        async def start(status: int, *headers: tuple[bytes, bytes]) -> None:
            await send({"type": "http.response.start", "status": status, "headers": headers})

        async def body(part: bytes = b"", **more: bool) -> None:
            await send({"type": "http.response.body", "body": part, **more})

        match scope["path"]:
            case "/plain":
                await start(200, JSON, LENGTH)
                await body(BODY)
            case "/echo":
                whole = b""
                while (message := await receive())["type"] == "http.request":
                    whole += message["body"]
                    if not message["more_body"]:
                        break
                self.bodies.append(whole)
                await start(201)
                await body(whole)
            case "/unknown-length":
                await start(200, JSON)
                await body(BODY[:5], more_body=True)
                await body(BODY[5:])
            case "/in-parts":
                await start(200, JSON, LENGTH)
                await body(BODY[:5], more_body=True)
                await body(BODY[5:])
            case "/not-modified":
                await start(304, (b"etag", b'"1"'))
                await body()
            case "/closing":
                await start(200, LENGTH, (b"connection", b"close"))
                await body(BODY)
            case "/two-lines-in-one":
                await start(200, LENGTH, (b"x-name", b"a\r\nset-cookie: b"))
                await body(BODY)
            case "/too-short":
                await start(200, LENGTH)
                await body(BODY[1:])
            case "/breaks-off":
                await start(200, LENGTH)
                await body(BODY[:5], more_body=True)
                raise RuntimeError("in the middle")
            case "/after-all":
                await start(200, LENGTH)
                await body(BODY)
                await body(BODY)
            case "/head-only":
                await start(200, LENGTH)
            case "/failing":
                await start(200, LENGTH)
                raise RuntimeError("between head and body")
            case "/without-end":
                await start(200)
                while True:
                    await body(MUCH, more_body=True)
            case "/until-you-leave":
                await receive()
                await start(200)
                await body(b"a", more_body=True)
                assert (await receive())["type"] == "http.disconnect"
                self.has_left.set()


@asynccontextmanager
async def served(application: Any) -> AsyncIterator[int]:
    """The port at which it is served."""
    listener = bind("127.0.0.1", 0)
    listen(listener)
    port = port_of(listener)
    server = Server(Site(application), listener)
    await server.start()
    serving = asyncio.create_task(server.serve())
    yield port
    server.stop()
    await serving


async def told(*asked: bytes) -> bytes:
    """All that comes back until the server hangs up, without the time."""
    async with served(Told()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"".join(asked))
        everything = await reader.read()
        writer.close()
    return re.sub(rb"date: [^\r]*\r\n", b"", everything)


def answer(status: str, *lines: str, body: bytes = BODY) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode() + body


PLAIN = answer("200 OK", "content-type: application/json", "content-length: 32")
ENDING = answer(
    "200 OK", "content-type: application/json", "content-length: 32", "connection: close"
)
FAILED = answer(
    "500 Internal Server Error",
    "content-type: text/plain; charset=utf-8",
    "content-length: 14",
    "connection: close",
    body=b"INTERNAL_ERROR",
)


@pytest.mark.parametrize(
    ("path", "leaves"),
    [
        ("plain", PLAIN),
        ("echo", answer("201 Created", "content-length: 0", body=b"")),
        (
            "unknown-length",
            answer(
                "200 OK",
                "content-type: application/json",
                "transfer-encoding: chunked",
                body=b'5\r\n{"val\r\n1b\r\nidationStatus":"AVAILABLE"}\r\n0\r\n\r\n',
            ),
        ),
        ("in-parts", PLAIN),
        ("not-modified", answer("304 Not Modified", 'etag: "1"', body=b"")),
        ("after-all", answer("200 OK", "content-length: 32")),
    ],
)
async def test_an_answer_leaves_as_it_was_said(path: str, leaves: bytes) -> None:
    assert await told(asking("GET", f"/{path}"), LAST) == leaves + ENDING


@pytest.mark.parametrize("path", ["plain", "in-parts"])
async def test_to_head_the_head_alone_is_said(path: str) -> None:
    head = PLAIN.removesuffix(BODY)
    assert await told(asking("HEAD", f"/{path}"), LAST) == head + ENDING


async def test_the_application_may_end_the_connection() -> None:
    leaves = answer("200 OK", "content-length: 32", "connection: close")
    assert await told(asking("GET", "/closing"), LAST) == leaves


async def test_in_the_old_version_the_end_of_the_connection_is_the_end_of_the_body() -> None:
    leaves = answer("200 OK", "content-type: application/json", "connection: close")
    assert await told(asking("GET", "/unknown-length", version="1.0")) == leaves


@pytest.mark.parametrize(
    "path", ["two-lines-in-one", "too-short", "head-only", "failing", "nothing"]
)
async def test_what_is_no_answer_never_leaves(path: str) -> None:
    """There is time to say so, because the head waits for the body."""
    assert await told(asking("GET", f"/{path}"), LAST) == FAILED


async def test_an_answer_that_breaks_off_is_not_ended() -> None:
    leaves = await told(asking("GET", "/breaks-off"), LAST)
    assert leaves == answer("200 OK", "content-length: 32", body=BODY[:5])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 10_000])
async def test_a_body_in_chunks_is_the_same_wherever_packets_end(size: int) -> None:
    whole = bytes(range(256)) * 8
    chunks = b"".join(
        b"%X;a=b\r\n%b\r\n" % (len(part), part)
        for part in (whole[at : at + 100] for at in range(0, len(whole), 100))
    )
    sent = chunks + b"0\r\nX-A: b\r\n\r\n" + LAST
    body = ChunkedBody()
    taken, rest = b"", b""
    for at in range(0, len(sent), size):
        rest += sent[at : at + size]
        part, upto = body.take(rest, 0)
        taken, rest = taken + part, rest[upto:]
    assert body.is_over
    assert taken == whole
    assert rest == LAST


async def test_who_makes_an_answer_without_an_end_waits_for_the_client_and_hears_that_it_left() -> (
    None
):
    async with served(Told()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(asking("GET", "/without-end"))
        assert await reader.readexactly(2_000_000)
        writer.transport.abort()
        other, to_other = await asyncio.open_connection("127.0.0.1", port)
        to_other.write(LAST)
        assert (await other.read()).startswith(b"HTTP/1.1 200 ")
        to_other.close()


async def test_the_application_hears_that_the_client_has_left() -> None:
    application = Told()
    async with served(application) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(asking("GET", "/until-you-leave"))
        await reader.readuntil(b"a\r\n")
        writer.transport.abort()
        await application.has_left.wait()
