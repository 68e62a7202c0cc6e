"""The body of a request: it ends after so many bytes, or after the last of its chunks.

Both take from what has arrived only what is theirs, so that what follows is the next request and
nothing else ever is.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Protocol

from kursplan.web.faults import BadRequest, HttpFault

_LINE_END = b"\r\n"
SIZE_LINE_BYTES = 256
"""The longest line with the size of a chunk, extensions and all."""
TRAILER_BYTES = 8 * 1024
"""The most that may stand behind the last chunk."""
_STRAY = re.compile(rb"[\r\n]")
"""What others may take for the end of a line."""
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")


class Body(Protocol):
    """A body that is still arriving."""

    @property
    def is_over(self) -> bool: ...

    @property
    def left(self) -> int | None:
        """How many bytes are still to come; None where nobody knows."""
        ...

    def take(self, data: bytes, at: int) -> tuple[bytes, int]:
        """What of the body stands in the data, from there on; and where it is taken up to.

        Raises `BadRequest` for what is no body.
        """
        ...


class MeasuredBody:
    """A body whose length was told."""

    def __init__(self, length: int) -> None:
        self.left = length

    @property
    def is_over(self) -> bool:
        return not self.left

    def take(self, data: bytes, at: int) -> tuple[bytes, int]:
        part = data[at : at + self.left]
        self.left -= len(part)
        return part, at + len(part)


class _Next(Enum):
    """What of a body in chunks comes next."""

    SIZE = auto()
    CONTENT = auto()
    END_OF_CHUNK = auto()
    TRAILER = auto()
    NOTHING = auto()


class ChunkedBody:
    """A body in chunks, each behind a line with its size. Extensions and trailers are passed over."""

    left = None

    def __init__(self) -> None:
        self._next = _Next.SIZE
        self._size = 0
        """How much of the chunk is still to come."""
        self._trailers = 0
        """How many bytes they have by now."""

    @property
    def is_over(self) -> bool:
        return self._next is _Next.NOTHING

    def take(self, data: bytes, at: int) -> tuple[bytes, int]:
        parts: list[bytes] = []
        while self._next is not _Next.NOTHING:
            if self._next is _Next.CONTENT:
                part = data[at : at + self._size]
                at += len(part)
                self._size -= len(part)
                parts.append(part)
                if self._size:
                    break
                self._next = _Next.END_OF_CHUNK
                continue
            end = data.find(_LINE_END, at)
            if end < 0:
                self._check_length(len(data) - at)
                break
            self._check_length(end - at)
            self._take_line(data[at:end])
            at = end + len(_LINE_END)
        return b"".join(parts), at

    def _take_line(self, line: bytes) -> None:
        if self._next is _Next.SIZE:
            found = _SIZE.fullmatch(line)
            if found is None:
                raise BadRequest(HttpFault.REQUEST_MALFORMED)
            self._size = int(found[1], 16)
            self._next = _Next.CONTENT if self._size else _Next.TRAILER
        elif self._next is _Next.END_OF_CHUNK and not line:
            self._next = _Next.SIZE
        elif self._next is _Next.TRAILER and not line:
            self._next = _Next.NOTHING
        elif self._next is _Next.TRAILER and not _STRAY.search(line):
            self._trailers += len(line) + len(_LINE_END)
        else:
            raise BadRequest(HttpFault.REQUEST_MALFORMED)

    def _check_length(self, length: int) -> None:
        """Whether a line may be that long, be it whole or not. Raises `BadRequest`."""
        most = {
            _Next.SIZE: SIZE_LINE_BYTES,
            _Next.END_OF_CHUNK: 1,  # The first half of the line's end.
            _Next.TRAILER: TRAILER_BYTES - self._trailers,
        }[self._next]
        if length > most:
            raise BadRequest(HttpFault.REQUEST_MALFORMED)


def body_of(length: int | None) -> Body:
    """The body of a request that told this length, or None for chunks."""
    return ChunkedBody() if length is None else MeasuredBody(length)
