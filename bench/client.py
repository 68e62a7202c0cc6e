"""A small HTTP client for loads that have to look at every answer: one request at a time and connection.

Connections are kept alive. Nothing is done that a real client would not do, and nothing more: no
pool, no redirects, no compression.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
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
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes
    sent_at: float
    answered_at: float

    @property
    def seconds(self) -> float:
        return self.answered_at - self.sent_at

    def json(self) -> Any:
        return json.loads(self.body)


class Connection(asyncio.Protocol):
    """One connection to a server."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._waiting: asyncio.Future[Answer] | None = None
        self._sent_at = 0.0
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return await self._ask("GET", path, b"", headers or {})

    async def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        given = {"Content-Type": "application/json"}
        return await self._ask("POST", path, json.dumps(body).encode(), given)

    async def delete(self, path: str) -> Answer:
        return await self._ask("DELETE", path, b"", {})

    async def book(self, customer_id: int, slot_id: int) -> Answer:
        return await self.post(BOOK, {"customerId": customer_id, "classSlotId": slot_id})

    async def validate(self, customer_id: int, slot_id: int) -> Answer:
        return await self.post(VALIDATE, {"customerId": customer_id, "classSlotId": slot_id})

    async def _ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Raises ConnectionError when the connection breaks before the answer is there."""
        if self._transport is None or self._waiting is not None:
            raise ConnectionError("not connected, or the last answer is still to come")
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"X-API-KEY: {self._key}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self._headers, self._body = {}, []
        self._waiting = asyncio.get_running_loop().create_future()
        self._sent_at = monotonic()
        self._transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        try:
            return await self._waiting
        finally:
            self._waiting = None

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
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionError("the server hung up"))

    # What the parser calls.

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(
                Answer(
                    self._parser.get_status_code(),
                    self._headers,
                    b"".join(self._body),
                    self._sent_at,
                    monotonic(),
                )
            )
        self._parser = httptools.HttpResponseParser(self)


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
