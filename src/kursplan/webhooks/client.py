"""The HTTP client of webhooks: one attempt is a POST to an endpoint, and what came of it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpcore

from kursplan.clock import stopwatch
from kursplan.domain.webhooks import LONGEST_EXCHANGE, Failure
from kursplan.webhooks.connections import Connection, ConnectionPool
from kursplan.webhooks.egress import EgressPolicy, RefusedAddress, RefusedTarget

EXCERPT_CHARACTERS = 500
"""How much of an answer is kept for whoever looks why it failed."""
MOST_BODY_BYTES = 16_384
"""How much of an answer is read at all; nothing in it matters."""
SECRET_HEADERS = ("x-api-key", "webhook-signature")
"""What of ours an answer may repeat, and must not be kept for that (F52)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint answered."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """By their names in lower case."""
    body: bytes = field(repr=False)
    """The beginning of it."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an attempt."""

    milliseconds: int
    status_code: int | None = None
    failure: Failure | None = None
    excerpt: str | None = field(default=None, repr=False)
    retry_after: timedelta | None = None

    @property
    def delivered(self) -> bool:
        return self.failure is None

    @property
    def gone(self) -> bool:
        return self.status_code == 410


@cache
def trusted(further: str | None = None) -> ssl.SSLContext:
    """Certificates of the system's authorities are valid, and of those in the file `further`.

    They are read once in a process: there are a hundred and more.
    """
    context = ssl.create_default_context()
    if further is not None:
        context.load_verify_locations(further)
    return context


class WebhookClient:
    """Sends; one object per process, with the connections that it keeps open."""

    def __init__(
        self, egress: EgressPolicy, trust: ssl.SSLContext, longest: timedelta = LONGEST_EXCHANGE
    ) -> None:
        self._egress = egress
        self._connections = ConnectionPool(egress, trust)
        self.longest = longest

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        self._connections.close()

    async def check(self, url: str) -> None:
        """Raises `RefusedTarget` where it may not be called, or leads nowhere today."""
        await self._egress.check(url)

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Result:
        """Attempt once, within the time that the contract gives; redirects are not followed."""
        began = stopwatch()
        answer = await self._attempt(url, body, headers)
        milliseconds = round((stopwatch() - began) * 1000)
        if isinstance(answer, Failure):
            return Result(milliseconds, failure=answer)
        if 200 <= answer.status < 300:
            return Result(milliseconds, answer.status)
        return Result(
            milliseconds,
            answer.status,
            Failure.STATUS,
            _excerpt(answer.body, headers),
            _retry_after(answer.headers),
        )

    async def _attempt(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer | Failure:
        try:
            self._egress.check_url(url)
            async with asyncio.timeout(self.longest.total_seconds()):
                return await self._exchange(url, body, headers)
        except RefusedTarget:
            return Failure.REFUSED_URL
        except RefusedAddress:
            return Failure.REFUSED_ADDRESS
        except (TimeoutError, httpcore.TimeoutException):
            return Failure.TIMEOUT
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol):
            return Failure.PROTOCOL
        except (httpcore.NetworkError, OSError) as failure:
            return _kind(failure)

    async def _exchange(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Over a connection that was kept, or else a new one.

        An endpoint may close a connection that was kept open just when it is used again. That says
        nothing about the endpoint, so it is sent again at once over the next one.
        """
        own = [("host", urlsplit(url).netloc), ("content-length", str(len(body)))]
        request = httpcore.Request("POST", url, headers=[*own, *headers.items()], content=body)
        while (kept := self._connections.take(request.url.origin)) is not None:
            try:
                return await self._ask(kept, request)
            except (httpcore.RemoteProtocolError, httpcore.NetworkError, OSError):
                continue
        return await self._ask(await self._connections.open(request.url.origin), request)

    async def _ask(self, connection: Connection, request: httpcore.Request) -> Answer:
        """Send, and read the beginning of the answer."""
        response = await connection.send(request)
        body = bytearray()
        try:
            async for part in response.aiter_stream():
                body += part
                if len(body) > MOST_BODY_BYTES:
                    break
        finally:
            await response.aclose()
        self._connections.keep(connection)
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in response.headers
        }
        return Answer(response.status, headers, bytes(body))


def _kind(failure: BaseException) -> Failure:
    """Why no connection came about, told by the causes that the library wrapped."""
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Failure.CERTIFICATE
        if isinstance(cause, ssl.SSLEOFError):
            return Failure.CONNECTION
        if isinstance(cause, ssl.SSLError):
            return Failure.PROTOCOL
        if isinstance(cause, socket.gaierror):
            return Failure.NO_ADDRESS
        cause = cause.__cause__ or cause.__context__
    return Failure.CONNECTION


def _retry_after(told: Mapping[str, str]) -> timedelta | None:
    """How long `Retry-After` asks to wait: in seconds, or until a date.

    The date counts from the answer's own, because the clock there may differ from ours.
    """
    value = told.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=int(value[:9]))
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(told.get("date", ""))
    except (ValueError, TypeError):
        return None
    return max(wait, timedelta())


def _excerpt(body: bytes, sent: Mapping[str, str]) -> str:
    """The beginning of what was answered, readable, and without our secrets."""
    text = body.decode("utf-8", "replace")
    for name in SECRET_HEADERS:
        for secret in sent.get(name, "").split():
            text = text.replace(secret, "[not kept]")
    return "".join(
        c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}"
        for c in text[:EXCERPT_CHARACTERS]
    )
