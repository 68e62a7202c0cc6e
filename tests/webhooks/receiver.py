"""A partner's endpoint: a real HTTPS server on the loopback address, as badly behaved as wanted.

It writes down every request as it came. What it does with one is a behaviour, a function of the
exchange; each path may have its own, and a path that was told nothing is answered 204. Nothing here
sleeps: what is slow waits until the receiver is told to go on or the other side hangs up.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from trustme import CA

HOST = "localhost"


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes
    connection: int
    """Which connection it came over; they are counted from 1."""

    @property
    def told(self) -> Any:
        return json.loads(self.body)

    @property
    def uuid(self) -> str:
        return str(self.told["uuid"])

    @property
    def event(self) -> tuple[str, int]:
        """Its type, and whom or what it is about."""
        return self.told["payload"][0]["type"], self.told["entityId"]


@dataclass(slots=True)
class Exchange:
    """A request that waits for its answer."""

    request: Received
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    go_on: asyncio.Event

    async def write(self, content: bytes) -> None:
        """Raises `HangUp` if the other side has gone, which the writer alone only logs."""
        if self.writer.is_closing():
            raise HangUp
        self.writer.write(content)
        await self.writer.drain()
        # That waits only while too much is buffered; who writes without end has to hear of a hang-up.
        await asyncio.sleep(0)

    async def wait(self) -> None:
        """Until the receiver is told to go on. Raises `HangUp` if the other side does before."""
        told = asyncio.create_task(self.go_on.wait())
        left = asyncio.create_task(self.reader.read(1))
        try:
            await asyncio.wait({told, left}, return_when=asyncio.FIRST_COMPLETED)
            if not told.done():
                raise HangUp
        finally:
            told.cancel()
            left.cancel()
            await asyncio.gather(told, left, return_exceptions=True)

    async def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Whatever", f"content-length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.write("\r\n".join([*lines, "", ""]).encode() + body)


Behaviour = Callable[[Exchange], Awaitable[None]]


class HangUp(Exception):
    """Raised by a behaviour: the connection is closed as it is."""


def answers(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    """Answers with that status, headers (`retry_after="5"`) and body."""
    return lambda exchange: exchange.answer(status, body, **headers)


def says(content: bytes) -> Behaviour:
    """Says just this, and closes."""

    async def say(exchange: Exchange) -> None:
        await exchange.write(content)
        raise HangUp

    return say


hangs_up = says(b"")
breaks_off = says(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this much")


async def waits(exchange: Exchange) -> None:
    """Answers 204 when the receiver is told to go on."""
    await exchange.wait()
    await exchange.answer(204)


async def never_ends(exchange: Exchange) -> None:
    """Answers 200 with a body that has no end."""
    await exchange.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        await exchange.write(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")


async def never_ends_its_headers(exchange: Exchange) -> None:
    await exchange.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        await exchange.write(b"x-more: " + b"x" * 0x1000 + b"\r\n")


async def trickles(exchange: Exchange) -> None:
    """Answers 200 at once, and keeps back the end of the body."""
    await exchange.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nx")
    await exchange.wait()
    await exchange.write(b"x")


@dataclass
class Receiver:
    """The server while it runs."""

    port: int = 0
    secure: bool = True
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    open_connections: int = 0
    is_left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while nobody is connected any more."""
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    greets_with: bytes | None = None
    """What every connection is told before anything is read; then it is closed."""
    _behaviours: dict[str, list[Behaviour]] = field(default_factory=dict)
    _waiting: defaultdict[str, list[asyncio.Future[None]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def url(self, path: str = "/hook", host: str = HOST) -> str:
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}{path}"

    def does(self, path: str, *behaviours: Behaviour) -> None:
        """Behave so there, one request after the other; the last one goes on for good."""
        self._behaviours[path] = list(behaviours)

    def on(self, path: str) -> list[Received]:
        return [each for each in self.received if each.path == path]

    def events(self, path: str = "/hook") -> list[tuple[str, int]]:
        """What was told there, in the order in which it came."""
        return [each.event for each in self.on(path)]

    async def comes(self, path: str, count: int = 1) -> None:
        """Wait until so many requests have come there."""
        while len(self.on(path)) < count:
            come = asyncio.get_running_loop().create_future()
            self._waiting[path].append(come)
            await come

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open_connections += 1
        self.is_left.clear()
        number = self.connections
        try:
            if self.greets_with is not None:
                writer.write(self.greets_with)
                return
            while True:
                request = await _read(reader, number)
                await self._behave(Exchange(request, reader, writer, self.go_on))
        except (HangUp, asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self.open_connections -= 1
            if not self.open_connections:
                self.is_left.set()
            writer.close()

    async def _behave(self, exchange: Exchange) -> None:
        path = exchange.request.path
        self.received.append(exchange.request)
        for come in self._waiting.pop(path, []):
            come.set_result(None)
        left = self._behaviours.get(path) or [answers(204)]
        await (left.pop(0) if len(left) > 1 else left[0])(exchange)


async def _read(reader: asyncio.StreamReader, connection: int) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    method, path, _ = first.split(" ")
    assert method == "POST", first
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    assert len(headers) == len(lines), "a header came twice"
    body = await reader.readexactly(int(headers["content-length"]))
    return Received(path, headers, body, connection)


def certified(authority: CA, *names: str, **terms: Any) -> ssl.SSLContext:
    """What a server shows that has a certificate of the authority for these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or (HOST, "127.0.0.1")), **terms).configure_cert(context)
    return context


@asynccontextmanager
async def receiving(
    shows: ssl.SSLContext | None, host: str = "127.0.0.1"
) -> AsyncIterator[Receiver]:
    """A receiver that runs as long as the block; without a context it speaks plain HTTP."""
    receiver = Receiver(secure=shows is not None)
    exchanges: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        exchanges.add(task)
        try:
            await receiver.serve(reader, writer)
        except asyncio.CancelledError:
            return  # The receiver is closed.
        finally:
            exchanges.discard(task)

    server = await asyncio.start_server(serve, host, 0, ssl=shows)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for each in exchanges:
            each.cancel()
        await asyncio.gather(*exchanges, return_exceptions=True)
