"""One attempt: a POST to an endpoint, and what came of it."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Self

import httpcore

from kursplan.clock import stopwatch
from kursplan.domain.webhooks import LONGEST_EXCHANGE, Failure
from kursplan.webhooks.targets import CheckedConnections, RefusedAddress, RefusedTarget, Targets

MOST_CONNECTIONS = 300
KEPT_CONNECTIONS = 100
KEPT_SECONDS = 30.0
EXCERPT_BYTES = 500
"""How much of an answer is kept for whoever looks why it failed."""
MOST_BODY_BYTES = 16_384
"""How much of an answer is read at all; nothing in it matters."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an attempt."""

    milliseconds: int
    status_code: int | None = None
    failure: Failure | None = None
    excerpt: str | None = None
    retry_after: timedelta | None = None

    @property
    def delivered(self) -> bool:
        return self.failure is None

    @property
    def gone(self) -> bool:
        return self.status_code == 410


def trusted(further: str | None = None) -> ssl.SSLContext:
    """Certificates of the system's authorities are valid, and of those in the file `further`."""
    context = ssl.create_default_context()
    if further is not None:
        context.load_verify_locations(further)
    return context


class Post:
    """Sends; one object per process, with the connections that it keeps open."""

    def __init__(self, targets: Targets, trust: ssl.SSLContext) -> None:
        self._targets = targets
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trust,
            max_connections=MOST_CONNECTIONS,
            max_keepalive_connections=KEPT_CONNECTIONS,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=CheckedConnections(targets),
        )

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
        await self._pool.aclose()

    async def send(self, url: str, body: bytes, headers: dict[str, str]) -> Result:
        """Attempt once, within the time that the contract gives; redirects are not followed."""
        began = stopwatch()

        def result(failure: Failure | None, **facts: object) -> Result:
            milliseconds = round((stopwatch() - began) * 1000)
            return Result(milliseconds, failure=failure, **facts)  # type: ignore[arg-type]

        try:
            self._targets.check_url(url)
            async with asyncio.timeout(LONGEST_EXCHANGE.total_seconds()):
                status, told, excerpt = await self._exchange(url, body, headers)
        except RefusedTarget:
            return result(Failure.REFUSED_URL)
        except RefusedAddress:
            return result(Failure.REFUSED_ADDRESS)
        except (TimeoutError, httpcore.TimeoutException):
            return result(Failure.TIMEOUT)
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol):
            return result(Failure.PROTOCOL)
        except (httpcore.NetworkError, OSError, ssl.SSLError) as failure:
            return result(_kind(failure))
        if 200 <= status < 300:
            return result(None, status_code=status)
        return result(
            Failure.STATUS, status_code=status, excerpt=excerpt, retry_after=_retry_after(told)
        )

    async def _exchange(
        self, url: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, dict[str, str], str]:
        async with self._pool.stream(
            "POST", url, headers=list(headers.items()), content=body
        ) as response:
            read = bytearray()
            async for part in response.aiter_stream():
                read += part
                if len(read) > MOST_BODY_BYTES:
                    break
            told = {
                name.decode("latin-1").lower(): value.decode("latin-1")
                for name, value in response.headers
            }
            return response.status, told, _readable(bytes(read[:EXCERPT_BYTES]))


def _kind(failure: BaseException) -> Failure:
    """Why no connection came about, told by the causes that the library wrapped."""
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Failure.CERTIFICATE
        if isinstance(cause, ssl.SSLError):
            return Failure.PROTOCOL
        if isinstance(cause, OSError) and type(cause).__name__ == "gaierror":
            return Failure.NO_ADDRESS
        cause = cause.__cause__ or cause.__context__
    return Failure.CONNECTION


def _retry_after(told: dict[str, str]) -> timedelta | None:
    """`Retry-After` in seconds; the form with a date is rare, and is not waited for."""
    value = told.get("retry-after", "").strip()
    return timedelta(seconds=int(value[:9])) if value.isascii() and value.isdigit() else None


def _readable(content: bytes) -> str:
    text = content.decode("utf-8", "replace")
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
