"""A partner's endpoint: takes every event, and remembers when its first byte came.

It runs in a process of its own, `python -m bench.receiver PORT`, and is asked over HTTP what it has
seen: GET tells, DELETE makes it forget. Instants are seconds of the machine's monotonic clock, which
all processes share.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any, cast

import httptools
import uvloop

from bench.client import connected
from bench.processes import answers, environment, free_port, running

ROOT = Path(__file__).parents[1]
ACCEPTED = b"HTTP/1.1 204 No Content\r\n\r\n"


class Seen:
    """The requests that came, in order."""

    def __init__(self) -> None:
        self.requests: list[tuple[float, str, bytes]] = []

    def summary(self) -> dict[str, Any]:
        """How many requests came, how many of them were the first of their event and endpoint."""
        uuids = {(path, json.loads(body)["uuid"]) for _, path, body in self.requests}
        instants = [at for at, _, _ in self.requests]
        return {
            "requests": len(self.requests),
            "distinct": len(uuids),
            "first": min(instants, default=0),
            "last": max(instants, default=0),
        }

    def arrivals(self) -> dict[str, float]:
        """When the first request about each entity came."""
        found: dict[str, float] = {}
        for at, _, body in self.requests:
            found.setdefault(str(json.loads(body)["entityId"]), at)
        return found


class Receiving(asyncio.Protocol):
    """One connection of whoever sends."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._began: float | None = None
        self._path = ""
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._began is None:
            self._began = monotonic()
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._path = url.decode()

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        assert self._transport is not None
        method = self._parser.get_method()
        if method == b"POST":
            request = (self._began or monotonic(), self._path, b"".join(self._body))
            self._seen.requests.append(request)
            self._transport.write(ACCEPTED)
        elif method == b"DELETE":
            self._seen.requests.clear()
            self._transport.write(ACCEPTED)
        else:
            told = self._seen.arrivals() if self._path == "/arrivals" else self._seen.summary()
            body = json.dumps(told).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
            self._transport.write(head.encode() + body)
        self._began, self._body = None, []


class Receiver:
    """The receiver, as the harness talks to it."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def summary(self) -> dict[str, Any]:
        """`requests`, how many of them are `distinct`, and the `first` and `last` instant."""
        return await self._get("/summary")

    async def arrivals(self) -> dict[int, float]:
        """When the first request about each entity came, by its id."""
        return {int(entity): at for entity, at in (await self._get("/arrivals")).items()}

    async def forget(self) -> None:
        async with connected(self.url, "") as [connection]:
            await connection.delete("/")

    async def _get(self, path: str) -> dict[str, Any]:
        async with connected(self.url, "") as [connection]:
            found: dict[str, Any] = (await connection.get(path)).json()
            return found


@asynccontextmanager
async def receiver_running(folder: Path) -> AsyncIterator[Receiver]:
    """A receiver in a process of its own, for as long as the block lasts."""
    port = free_port()
    command = [sys.executable, "-m", "bench.receiver", str(port)]
    told = environment()
    log = folder / "receiver.log"
    async with running(command, log, lambda: answers(port), settings=told, folder=ROOT):
        yield Receiver(f"http://127.0.0.1:{port}")


@asynccontextmanager
async def silence() -> AsyncIterator[str]:
    """The URL of one who takes every connection and never answers, for as long as the block lasts."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while await reader.read(4096):
                pass
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0, backlog=2048)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def _serve(port: int) -> None:
    seen = Seen()
    server = await asyncio.get_running_loop().create_server(
        lambda: Receiving(seen), "127.0.0.1", port, backlog=2048
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
