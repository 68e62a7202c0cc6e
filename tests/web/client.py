"""Clients that say whatever a test wants, byte by byte, and look at what comes back."""

from __future__ import annotations

import re
import socket
import urllib.request
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.races.servers import KursplanServer

PATIENCE_SECONDS = 20
HONEST = b"GET /nowhere HTTP/1.1\r\nHost: kursplan\r\n\r\n"
LAST = b"GET /nowhere HTTP/1.1\r\nHost: kursplan\r\nConnection: close\r\n\r\n"
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@dataclass(frozen=True, slots=True)
class Served:
    """A running server and a partner's key."""

    server: KursplanServer
    key: str

    def connect(self) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.server.port), PATIENCE_SECONDS)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def is_alive(self) -> bool:
        """Whether an honest client is answered; and the server has seen what was sent before."""
        at = f"{self.server.url}/health/live"
        with urllib.request.urlopen(at, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
            return bool(answer.status == 200)

    def told(self, *parts: bytes, half_closes: bool = False) -> bytes:
        """All that comes back until the server hangs up, each part sent by itself."""
        with self.connect() as client:
            for part in parts:
                with suppress(ConnectionError):
                    client.sendall(part)
                self.is_alive()
            if half_closes:
                client.shutdown(socket.SHUT_WR)
            return rest(client)

    @property
    def memory_bytes(self) -> int:
        """How much memory it holds."""
        status = Path(f"/proc/{self.server.pid}/status").read_text()
        found = re.search(r"^VmRSS:\s*(\d+) kB", status, re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024


def rest(client: socket.socket) -> bytes:
    """All that comes until the server hangs up."""
    parts = []
    with suppress(ConnectionResetError):
        while part := client.recv(65536):
            parts.append(part)
    return b"".join(parts)


def statuses(told: bytes) -> list[int]:
    return [int(status) for status in _STATUS.findall(told)]


def asking(
    method: str, path: str, headers: Iterable[str] = (), body: bytes = b"", version: str = "1.1"
) -> bytes:
    """A request; its length is told only by its headers."""
    lines = [f"{method} {path} HTTP/{version}", "Host: kursplan", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body
