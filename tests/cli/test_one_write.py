"""What leaves the server is what uvicorn would have sent, whatever is asked and answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from kursplan.cli.one_write import OneWriteProtocol

DATE = (b"date", b"Sun, 22 Nov 2026 08:00:00 GMT")
BODY = b'{"validationStatus":"AVAILABLE"}'
JSON = (b"content-type", b"application/json")
LENGTH = (b"content-length", b"%d" % len(BODY))
CLOSE = (b"connection", b"close")


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers in the way that the path names."""

    async def start(status: int, *headers: tuple[bytes, bytes]) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})

    async def body(part: bytes = b"", **more: bool) -> None:
        await send({"type": "http.response.body", "body": part, **more})

    match scope["path"]:
        case "/plain":
            await start(200, JSON, LENGTH)
            await body(BODY)
        case "/asked":
            message = await receive()
            told = (b"content-length", b"%d" % len(message["body"]))
            await start(201, (b"content-type", b"text/plain"), told)
            await body(message["body"])
        case "/unknown-length":
            await start(200, JSON)
            await body(BODY)
        case "/in-parts":
            await start(200, JSON, LENGTH)
            await body(BODY[:5], more_body=True)
            await body(BODY[5:])
        case "/not-modified":
            await start(304, (b"etag", b'"1"'))
            await body()
        case "/closing":
            await start(200, LENGTH, CLOSE)
            await body(BODY)
        case "/two-lines-in-one":
            await start(200, LENGTH, (b"x-name", b"a\r\nset-cookie: b"))
            await body(BODY)
        case "/too-short":
            await start(200, LENGTH)
            await body(BODY[1:])
        case "/after-all":
            await start(200, LENGTH)
            await body(BODY)
            await body(BODY)
        case "/nothing":
            pass
        case "/head-only":
            await start(200, LENGTH)
        case "/failing":
            await start(200, LENGTH)
            raise RuntimeError("between head and body")


def asking(path: str, method: str = "GET", version: str = "1.1", *headers: str) -> bytes:
    lines = [f"{method} /{path} HTTP/{version}", "Host: kursplan", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


PLAIN, LAST = asking("plain"), asking("plain", "GET", "1.1", "Connection: close")
POST = asking("asked", "POST", "1.1", "Content-Length: 3")


@asynccontextmanager
async def served(protocol: type[HttpToolsProtocol]) -> AsyncIterator[int]:
    """The port at which that protocol answers."""
    # As `serve` has it; who logs accesses is answered by uvicorn alone.
    config = uvicorn.Config(application, ws="none", log_config=None, access_log=False)
    config.load()
    state = ServerState()
    state.default_headers = [DATE]
    server = await asyncio.get_running_loop().create_server(
        lambda: protocol(config, state, {}), "127.0.0.1", 0
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


async def told(protocol: type[HttpToolsProtocol], *asked: bytes) -> bytes:
    """All that comes back until the connection is closed."""
    async with served(protocol) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for part in asked:
            writer.write(part)
            await asyncio.sleep(0)
        everything = await reader.read()
        writer.close()
        return everything


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param([PLAIN, PLAIN, LAST], id="one after the other"),
        pytest.param([PLAIN * 5 + LAST], id="pipelined"),
        pytest.param([POST + b"abc" + LAST], id="with a body"),
        pytest.param([POST, b"a", b"bc", LAST], id="with a body that comes later"),
        pytest.param([asking("plain", "HEAD") + LAST], id="HEAD"),
        pytest.param([asking("plain", "GET", "1.0")], id="HTTP/1.0"),
        pytest.param(
            [
                asking("asked", "POST", "1.1", "Content-Length: 3", "Expect: 100-continue"),
                b"abc",
                LAST,
            ],
            id="which waits to be told to go on",
        ),
        pytest.param([asking("unknown-length") + LAST], id="chunked"),
        pytest.param([asking("in-parts") + LAST], id="in parts"),
        pytest.param([asking("not-modified") + LAST], id="not modified"),
        pytest.param([asking("closing")], id="the application closes"),
        pytest.param([asking("two-lines-in-one")], id="a header that would split the head"),
        pytest.param([asking("too-short")], id="a body too short"),
        pytest.param([asking("after-all") + LAST], id="a body too many"),
        pytest.param([asking("nothing")], id="no answer"),
        pytest.param([b"nonsense\r\n\r\n"], id="not HTTP"),
        pytest.param([PLAIN + b"nonsense\r\n\r\n"], id="not HTTP any more"),
    ],
)
async def test_what_leaves_is_what_uvicorn_sends(asked: list[bytes]) -> None:
    assert await told(OneWriteProtocol, *asked) == await told(HttpToolsProtocol, *asked)


@pytest.mark.parametrize("path", ["failing", "head-only"])
async def test_a_head_that_no_body_follows_never_leaves(path: str) -> None:
    """There is time to say that the request failed, where uvicorn could only hang up."""
    answer = await told(OneWriteProtocol, asking(path))
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert answer.endswith(b"\r\n\r\nInternal Server Error")
    assert answer.count(b"HTTP/1.1") == 1
