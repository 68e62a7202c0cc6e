"""A small HTTP client for loads that have to look at every answer: one request at a time and connection.

Connections are kept alive. Nothing is done that a real client would not do, and nothing more: no
pool, no redirects, no compression.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any, cast
from urllib.parse import urlsplit

import httptools


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; instants are seconds of the machine's monotonic clock."""

    status: int
    raw_headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    sent_at: float
    answered_at: float

    @property
    def seconds(self) -> float:
        return self.answered_at - self.sent_at

    @property
    def headers(self) -> Mapping[str, str]:
        """By name in lower case."""
        return {name.decode().lower(): value.decode() for name, value in self.raw_headers}

    def json(self) -> Any:
        return json.loads(self.body)


class Connection(asyncio.Protocol):
    """One connection to a server."""

    def __init__(self, key: str) -> None:
        self._always = f"Host: 127.0.0.1\r\nX-API-KEY: {key}\r\n"
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._waiting: asyncio.Future[Answer] | None = None
        self._sent_at = 0.0
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = b""

    # Each gives a future instead of being a coroutine: what the client takes, the server lacks.

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Awaitable[Answer]:
        given = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        return self._ask(f"GET {path} HTTP/1.1\r\n{self._always}{given}\r\n")

    def post(self, path: str, body: str) -> Awaitable[Answer]:
        """With a body of JSON, in ASCII."""
        given = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return self._ask(f"POST {path} HTTP/1.1\r\n{self._always}{given}\r\n{body}")

    def delete(self, path: str) -> Awaitable[Answer]:
        return self._ask(f"DELETE {path} HTTP/1.1\r\n{self._always}\r\n")

    def book(self, customer_id: int, slot_id: int) -> Awaitable[Answer]:
        return self.post(BOOK, f'{{"customerId":{customer_id},"classSlotId":{slot_id}}}')

    def validate(self, customer_id: int, slot_id: int) -> Awaitable[Answer]:
        return self.post(VALIDATE, f'{{"customerId":{customer_id},"classSlotId":{slot_id}}}')

    def _ask(self, request: str) -> Awaitable[Answer]:
        """Raises ConnectionError, at once or when the connection breaks before the answer is there."""
        if self._transport is None or self._waiting is not None:
            raise ConnectionError("not connected, or the last answer is still to come")
        self._headers, self._body = [], b""
        waiting = self._waiting = self._loop.create_future()
        self._sent_at = monotonic()
        self._transport.write(request.encode())
        return waiting

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(ConnectionError("the server hung up"))

    # What the parser calls.

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            status = self._parser.get_status_code()
            waiting.set_result(
                Answer(status, self._headers, self._body, self._sent_at, monotonic())
            )


BOOK = "/v1/classes/booking/book"
VALIDATE = "/v1/classes/booking/validate"


@asynccontextmanager
async def connected(url: str, key: str, count: int = 1) -> AsyncIterator[list[Connection]]:
    """So many open connections to the server at `url`, which speak with this API key."""
    place = urlsplit(url)
    loop = asyncio.get_running_loop()
    open_ones = []
    try:
        for _ in range(count):
            _, connection = await loop.create_connection(
                lambda: Connection(key), place.hostname or "", place.port or 80
            )
            open_ones.append(connection)
        yield open_ones
    finally:
        for connection in open_ones:
            connection.close()
