"""An answer, from the messages of an ASGI application to the bytes on the connection.

A plain answer (the whole body in one message) leaves in a single write, its head with its body: each
write is a system call and a packet, and wakes the other side; for small answers that is a good part
of what they cost (docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from kursplan.web.faults import Headers, HttpFault

STATUS_LINES = {
    each.value: b"HTTP/1.1 %d %b\r\n" % (each.value, each.phrase.encode()) for each in HTTPStatus
}
WITHOUT_BODY = frozenset({204, 304})


class AnswerBroken(RuntimeError):
    """The application did not keep to what an answer is; what it began can't be ended."""


class Answer:
    """The answer to one request, which the application sends in two messages or more."""

    def __init__(
        self,
        write: Callable[[bytes], None],
        taken: Callable[[], Awaitable[None]],
        method: str,
        version: str,
        date: bytes,
        keeps_alive: Callable[[], bool],
    ) -> None:
        self._write = write
        self._taken = taken
        self._shows_body = method != "HEAD"
        self._knows_chunks = version == "1.1"
        self._date = date
        self._keeps_alive = keeps_alive
        self._start: Any = None
        """The first message, until the second tells whether the answer is plain."""
        self._left: int | None = None
        """How many bytes of the body are still to be sent; None where that was not told."""
        self._in_chunks = False
        self._is_dropped = False
        self.has_begun = False
        self.is_complete = False
        self.keeps_alive = False
        """Whether the client was told that the connection stays open."""

    async def send(self, message: Any) -> None:
        """As an ASGI application calls it. Raises `AnswerBroken` and `Gone`."""
        if self._is_dropped:
            return
        if message["type"] == "http.response.start":
            if self._start is not None:
                raise AnswerBroken("an answer begins twice")
            self._start = message
            return
        if self._start is None or self.is_complete:
            raise AnswerBroken("a body comes before the head or after the end")
        body = message.get("body", b"")
        is_last = not message.get("more_body", False)
        if self.has_begun:
            await self._taken()
            written = self._part(body, is_last)
        else:
            head = self._begin(body if is_last else None)
            written = head + self._part(body, is_last)
            self.has_begun = True
        self.is_complete = is_last
        if written:
            self._write(written)

    def drop(self) -> None:
        """Nothing more of it is sent."""
        self._is_dropped = True

    def _begin(self, whole: bytes | None) -> bytes:
        """The head; `whole` is the body where all of it is there."""
        status = self._start["status"]
        headers: Headers = self._start.get("headers", ())
        named = dict(headers)
        lines = [self._date, *[b"%b: %b" % header for header in headers]]
        self.keeps_alive = named.get(b"connection") != b"close" and self._keeps_alive()
        if status in WITHOUT_BODY:
            self._shows_body = False
        elif (length := named.get(b"content-length")) is not None:
            self._left = int(length)
        elif whole is not None:
            self._left = len(whole)
            lines.append(b"content-length: %d" % self._left)
        elif self._knows_chunks:
            self._in_chunks = self._shows_body
            lines.append(b"transfer-encoding: chunked")
        else:
            self.keeps_alive = False
        if not self.keeps_alive and b"connection" not in named:
            lines.append(b"connection: close")
        head = b"\r\n".join(lines)
        if head.count(b"\n") != len(lines) - 1:
            raise AnswerBroken("a header would begin a line of its own")
        return b"%b%b\r\n\r\n" % (STATUS_LINES[status], head)

    def _part(self, body: bytes, is_last: bool) -> bytes:
        """A part of the body, as it is written."""
        if not self._shows_body:
            return b""
        if self._left is not None:
            self._left -= len(body)
            if self._left < 0 or (is_last and self._left):
                raise AnswerBroken("the body has not the length that was told")
            return body
        if not self._in_chunks:
            return body
        chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        return chunk + (b"0\r\n\r\n" if is_last else b"")


def refusal(fault: HttpFault, headers: Headers, body: bytes, date: bytes) -> bytes:
    """The answer to a fault, behind which the connection is closed."""
    lines = [
        date,
        *[b"%b: %b" % header for header in headers],
        b"content-length: %d" % len(body),
        b"connection: close",
    ]
    return b"%b%b\r\n\r\n%b" % (STATUS_LINES[fault.value], b"\r\n".join(lines), body)
