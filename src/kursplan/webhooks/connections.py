"""Connections to endpoints: opened to addresses that were checked, and kept for the next exchange.

The library that speaks HTTP has a pool of its own. That one looks at all connections whenever one of
them changes, which with some hundred of them takes longer than sending does; and it opens them by
the name of the host. So it is only given what is open already.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from contextlib import suppress
from typing import Any

import httpcore

from kursplan.webhooks.egress import EgressPolicy

KEPT_CONNECTIONS = 256
KEPT_SECONDS = 30.0


class _Stream(httpcore.AsyncNetworkStream):
    """What the library asks of a network. Nothing has a timeout: the whole exchange has one.

    What it writes piece by piece goes out at once, when it waits for the answer.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._unsent = bytearray()

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        self._unsent += buffer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        if self._unsent:
            unsent, self._unsent = self._unsent, bytearray()
            # Where the other side has hung up, reading shows it, and what it said before.
            with suppress(ConnectionError):
                self._writer.write(unsent)
                await self._writer.drain()
        return await self._reader.read(max_bytes)

    async def aclose(self) -> None:
        self.close()

    def close(self) -> None:
        """At once: nobody waits for a server that is silent."""
        self._writer.transport.abort()

    def get_extra_info(self, info: str) -> Any:
        return self._reader.at_eof() if info == "is_readable" else None


class Connection:
    """A connection to a host, for one exchange after the other."""

    def __init__(self, origin: httpcore.Origin, stream: _Stream) -> None:
        self.host = str(origin)
        """With scheme and port."""
        self._stream = stream
        self._http = httpcore.AsyncHTTP11Connection(origin, stream)

    @property
    def is_ready(self) -> bool:
        """Whether the next exchange can begin: the one before has ended, and nobody hung up."""
        return self._http.is_idle() and not self._http.has_expired()

    async def send(self, request: httpcore.Request) -> httpcore.Response:
        return await self._http.handle_async_request(request)

    def close(self) -> None:
        self._stream.close()


class ConnectionPool:
    """Those of one process."""

    def __init__(self, egress: EgressPolicy, trust: ssl.SSLContext) -> None:
        self._egress = egress
        self._trust = trust
        self._kept: defaultdict[str, dict[Connection, asyncio.TimerHandle]] = defaultdict(dict)
        """By host; each with when it is closed. The one that was used last stands last."""
        self._count = 0

    async def open(self, origin: httpcore.Origin) -> Connection:
        """A new one. Raises `RefusedAddress`, and OSError where there is no connection."""
        trust = self._trust if origin.scheme == b"https" else None
        streams = await self._egress.connect(origin.host.decode(), origin.port, trust)
        return Connection(origin, _Stream(*streams))

    def take(self, origin: httpcore.Origin) -> Connection | None:
        """One that was kept, if there is any that is ready."""
        while kept := self._kept.get(str(origin)):
            connection = next(reversed(kept))
            self._remove(connection)
            if connection.is_ready:
                return connection
            connection.close()
        return None

    def keep(self, connection: Connection) -> None:
        """Keep it for a while for the next exchange, if it is ready for that and there is room."""
        if not connection.is_ready or self._count >= KEPT_CONNECTIONS:
            connection.close()
            return
        leave = asyncio.get_running_loop().call_later(KEPT_SECONDS, self._leave, connection)
        self._kept[connection.host][connection] = leave
        self._count += 1

    def close(self) -> None:
        """All that are kept."""
        for kept in list(self._kept.values()):
            for connection in list(kept):
                self._leave(connection)

    def _leave(self, connection: Connection) -> None:
        self._remove(connection)
        connection.close()

    def _remove(self, connection: Connection) -> None:
        kept = self._kept[connection.host]
        kept.pop(connection).cancel()
        self._count -= 1
        if not kept:
            del self._kept[connection.host]
