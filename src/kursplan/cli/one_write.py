"""An answer leaves in one piece: its head and its body in one write.

The server writes the head as soon as it knows it, and then the body. Each write is a system call and
a packet, and wakes the other side; for small answers that is a good part of what they cost. Looking
through every header by itself is another. What it brings is measured in docs/performance.md.

Only plain answers are written here: the whole body, of the length that was told, on a connection
that stays open. Everything else is left to uvicorn, which gets the same messages as ever.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)


class OneWriteProtocol(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, with plain answers in one write."""

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        # Uvicorn chooses the class of what answers by itself; nothing has been answered by now.
        self.cycle.__class__ = _Cycle


class _Cycle(RequestResponseCycle):
    """A request and its answer, whose head waits for the first of the body."""

    _head: Any = None

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start" and not self.response_started:
            self._head = message
            return
        head, self._head = self._head, None
        if head is None:
            await super().send(message)
        elif (plain := self._plain(head, message)) is None:
            await super().send(head)
            await super().send(message)
        else:
            self.response_started = self.response_complete = True
            self.transport.write(plain)
            self.message_event.set()
            self.on_response()

    def _plain(self, head: Any, message: Any) -> bytes | None:
        """The answer as it is written; None if it is not plain."""
        if (
            self.disconnected
            or self.flow.write_paused
            or not self.keep_alive
            or self.access_log
            or self.scope["method"] == "HEAD"
            or message.get("more_body", False)
        ):
            return None
        headers = [*self.default_headers, *head.get("headers", ())]
        named = dict(headers)
        body = message.get("body", b"")
        if (
            named.get(b"content-length") != b"%d" % len(body)
            or b"connection" in named
            or b"transfer-encoding" in named
        ):
            return None
        lines = b"\r\n".join([b"%b: %b" % header for header in headers])
        if lines.count(b"\n") != len(headers) - 1:
            return None  # A value would begin a line of its own; uvicorn refuses it.
        return b"%b%b\r\n\r\n%b" % (STATUS_LINE[head["status"]], lines, body)
