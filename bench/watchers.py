"""Pages of the console that are open: for each a stream of server-sent events, from one process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import cast
from urllib.parse import urlsplit

PATIENCE_SECONDS = 30


class Watcher(asyncio.Protocol):
    """One stream."""

    def __init__(self, request: bytes) -> None:
        self.begun = asyncio.Event()
        self.told = asyncio.Event()
        """Set when it is told that something has changed; for whoever waits to clear."""
        self.told_at = 0.0
        """When that was last, by the machine's monotonic clock."""
        self._request = request
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        self.begun.set()
        *lines, self._rest = (self._rest + data).split(b"\n")
        if any(line.startswith(b"data: ") for line in lines):
            self.told_at = monotonic()
            self.told.set()


@asynccontextmanager
async def watching(url: str, path: str, cookie: str, count: int) -> AsyncIterator[list[Watcher]]:
    """So many streams of that path, once each has begun. Raises TimeoutError."""
    place = urlsplit(url)
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nCookie: {cookie}\r\n"
        "Accept: text/event-stream\r\n\r\n"
    ).encode()
    loop = asyncio.get_running_loop()
    opened, watchers = [], []
    try:
        for _ in range(count):
            transport, watcher = await loop.create_connection(
                lambda: Watcher(request), place.hostname or "", place.port or 80
            )
            opened.append(transport)
            watchers.append(watcher)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*(each.begun.wait() for each in watchers))
        yield watchers
    finally:
        for transport in opened:
            transport.close()


async def all_told(watchers: list[Watcher]) -> float:
    """When the last of them was told of what has changed since they were cleared. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(*(each.told.wait() for each in watchers))
    return max(each.told_at for each in watchers)
