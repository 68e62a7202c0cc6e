"""An answer leaves in one piece: its head and its body in one write.

The server writes the head as soon as it knows it, and then the body. Each write is a system call and
a packet, and wakes the other side; for small answers that is a good part of what they cost. What
it brings is measured in docs/performance.md.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD = b"HTTP/1.1 "
GO_ON = b"HTTP/1.1 100"


class OneWriteProtocol(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, over a transport that joins head and body."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._joining = _Joining(transport)
        super().connection_made(self._joining)  # type: ignore[arg-type]

    def on_response_complete(self) -> None:
        # The answer to a HEAD is a head and nothing more.
        self._joining.flush()
        super().on_response_complete()


class _Joining:
    """The transport, but a head waits for the first of the body, or for the end of the answer."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        head, self._head = self._head, None
        if head is not None:
            self._transport.write(head + data)
        elif data.startswith(HEAD) and not data.startswith(GO_ON):
            self._head = data
        else:
            self._transport.write(data)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        """Write the head that waits, if one does."""
        head, self._head = self._head, None
        if head is not None:
            self._transport.write(head)
