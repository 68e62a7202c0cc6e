"""One request and one answer as ASGI carries them: as much of HTTP as the Open API needs.

A framework's objects for this cost more than all the rest of answering from memory, which is why
there are these few lines instead (measured in docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from kursplan.ids import new_trace_id
from kursplan.telemetry import TRACE_ID


class BodyTooLarge(Exception):
    """The body has more bytes than the limit."""


class Disconnected(Exception):
    """The client went away before the whole body had come."""


class Request:
    """A request whose body has not been read yet."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.method: str = scope["method"]
        self.path = path_of(scope)
        self.query_string: bytes = scope["query_string"]
        self._receive = receive
        self._scope = scope
        # Of a header that is there several times, the first counts.
        self._headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))

    def header(self, name: bytes) -> str | None:
        """The header of that name, which is written in small letters."""
        value = self._headers.get(name)
        return None if value is None else value.decode("latin-1")

    def headers(self, name: bytes) -> list[str]:
        """All headers of that name, in the order in which they stand there."""
        return [value.decode("latin-1") for each, value in self._scope["headers"] if each == name]

    @property
    def client(self) -> str:
        """The address at the other end of the connection; empty where there is none."""
        client = self._scope.get("client")
        return client[0] if client else ""

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The parameters; of one that is there several times, the last counts."""
        return _parsed(self.query_string)

    def values(self, names: tuple[str, ...]) -> tuple[str | None, ...]:
        """The values of these parameters."""
        find = _values if len(self.query_string) <= SHORT_QUERY else _values.__wrapped__
        return find(self.query_string, names)

    async def body(self, limit: int) -> bytes:
        """All of the body. Raises `BodyTooLarge` for more bytes than that, and `Disconnected`."""
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            part: bytes = message.get("body", b"")
            size += len(part)
            if size > limit:
                raise BodyTooLarge
            if not message.get("more_body", False):
                return b"".join(parts) + part if parts else part
            parts.append(part)


SHORT_QUERY = 200
"""Up to so many bytes of a query it is remembered what they say."""


def _parsed(query_string: bytes) -> Mapping[str, str]:
    if not query_string:
        return {}
    return dict(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True))


@lru_cache(maxsize=1024)
def _values(query_string: bytes, names: tuple[str, ...]) -> tuple[str | None, ...]:
    return tuple(map(_parsed(query_string).get, names))


Headers = list[tuple[bytes, bytes]]
"""Names in small letters."""


class Answer:
    """A status, headers and a body that is there as a whole."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Headers, body: bytes = b"") -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @classmethod
    def json(cls, status: int, headers: Headers, body: bytes) -> Answer:
        return cls(status, [*headers, *json_headers(body)], body)

    @classmethod
    def empty(cls, status: int, headers: Headers) -> Answer:
        return cls(status, [*headers, (b"content-length", b"0")])

    async def send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


def json_headers(body: bytes) -> Headers:
    """What is to be said of a JSON text."""
    return [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]


NOT_MODIFIED = 304


def trace_id_of(scope: Scope) -> str:
    """By which the request is found in the log; where it is traced, the trace has the same."""
    return scope.get(TRACE_ID) or new_trace_id()


def path_of(scope: Scope) -> str:
    """The path without the prefix under which a proxy may have put all of Kursplan."""
    path: str = scope["path"]
    prefix: str = scope.get("root_path", "")
    return path.removeprefix(prefix) if prefix else path
