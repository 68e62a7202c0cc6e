"""The head of a request: its line and its headers, as llhttp reads them, within bounds.

llhttp is strict about what a head is. It is given one whole head and nothing else, and forgotten
afterwards: where the body ends is decided in one place (`body.py`), by what stands here. So an
offer to upgrade is just a header, while llhttp by itself would stop reading HTTP behind it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import httptools

from kursplan.web.faults import BadRequest, HttpFault

HEAD_BYTES = 32 * 1024
"""The longest head, all in all."""
LINE_BYTES = 16 * 1024
"""The longest target, and the longest name and value of a header."""
END_OF_HEAD = b"\r\n\r\n"
HEADERS = 128
"""The most headers."""
ASGI = {"version": "3.0", "spec_version": "2.4"}
Headers = list[tuple[bytes, bytes]]
"""Names in small letters."""
Address = tuple[str, int] | None
"""Host and port, where there are any."""
_READ_HERE = frozenset({b"connection", b"content-length", b"expect", b"host", b"transfer-encoding"})
"""The headers that say where a request ends, and what follows it."""


class Head:
    """A request of which the body is still to be read."""

    __slots__ = (
        "expects_continue",
        "headers",
        "keeps_alive",
        "length",
        "method",
        "target",
        "version",
    )

    def __init__(self, method: str, target: bytes, version: str, headers: Headers) -> None:
        """Raises `BadRequest` where the end of the body can be understood in two ways."""
        self.method = method
        self.target = target
        self.version = version
        """`1.0` or `1.1`."""
        self.headers = headers
        # Who speaks 1.0 is answered once: that is what proxies which do so expect.
        self.keeps_alive = version == "1.1"
        """Whether the client may ask more on this connection."""
        self.length: int | None = 0
        """How many bytes the body has; None where it comes in chunks."""
        self.expects_continue = False
        """Whether the client holds the body back until it is told to go on."""
        self._read(headers)

    def _read(self, headers: Headers) -> None:
        """Take from the headers what is of the connection's concern. Raises `BadRequest`."""
        found: dict[bytes, bytes] = {}
        for name, value in headers:
            if name in _READ_HERE:
                if name in found and name != b"connection":
                    raise BadRequest(HttpFault.REQUEST_MALFORMED)
                found[name] = found[name] + b"," + value if name in found else value
        if b"host" not in found and self.version == "1.1":
            raise BadRequest(HttpFault.REQUEST_MALFORMED)
        if len(found) == 1 and b"host" in found:
            return  # As of nearly all that have no body.
        if (length := found.get(b"content-length")) is not None:
            if not length.isdigit() or b"transfer-encoding" in found:
                raise BadRequest(HttpFault.REQUEST_MALFORMED)
            self.length = int(length)
        elif (coding := found.get(b"transfer-encoding")) is not None:
            if coding.lower() != b"chunked" or self.version != "1.1":
                raise BadRequest(HttpFault.REQUEST_MALFORMED)
            self.length = None
        if (connection := found.get(b"connection")) is not None:
            wishes = connection.lower().replace(b" ", b"").split(b",")
            self.keeps_alive = self.keeps_alive and b"close" not in wishes
        if (expected := found.get(b"expect")) is not None:
            self.expects_continue = self.version == "1.1" and expected.lower() == b"100-continue"

    def scope(self, client: Address, server: Address) -> dict[str, Any]:
        """What ASGI says of the request. Raises `BadRequest` for a target that is no path."""
        path, query = _path_and_query(self.target)
        text = path.decode("ascii")
        return {
            "type": "http",
            "asgi": ASGI,
            "http_version": self.version,
            "method": self.method,
            "scheme": "http",
            "path": unquote(text) if "%" in text else text,
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": self.headers,
            "client": client,
            "server": server,
        }


def read_head(written: bytes) -> Head:
    """Read a head, which ends with its empty line. Raises `BadRequest`."""
    heard = _Heard()
    parser = httptools.HttpRequestParser(heard)
    try:
        parser.feed_data(written)
    except httptools.HttpParserUpgrade:
        pass  # Only an offer, and the head is over.
    except httptools.HttpParserError as mistake:
        raise BadRequest(HttpFault.REQUEST_MALFORMED) from mistake
    if len(heard.headers) > HEADERS or (len(written) > LINE_BYTES and heard.longest > LINE_BYTES):
        raise BadRequest(HttpFault.REQUEST_HEAD_TOO_LARGE)
    version = parser.get_http_version()
    if not heard.is_complete or version not in ("1.0", "1.1"):
        raise BadRequest(HttpFault.REQUEST_MALFORMED)
    return Head(parser.get_method().decode("ascii"), heard.target, version, heard.headers)


class _Heard:
    """What llhttp reports of a head."""

    __slots__ = ("headers", "is_complete", "target")

    def __init__(self) -> None:
        self.target = b""
        self.headers: Headers = []
        self.is_complete = False

    def on_url(self, part: bytes) -> None:
        self.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.is_complete = True

    @property
    def longest(self) -> int:
        """How long the target is, or the longest header, if that is longer."""
        return max([len(self.target), *(len(name) + len(value) for name, value in self.headers)])


def _path_and_query(target: bytes) -> tuple[bytes, bytes]:
    try:
        url = httptools.parse_url(target)
    except httptools.HttpParserInvalidURLError as mistake:
        raise BadRequest(HttpFault.REQUEST_MALFORMED) from mistake
    return url.path or b"/", url.query or b""
