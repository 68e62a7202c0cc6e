"""Faults of a request that are found before the application sees it, or when that fails.

What is then said to the client is the application's own matter: it brings a function for it along,
so that its errors look alike wherever they are found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

Headers = Sequence[tuple[bytes, bytes]]


class HttpFault(Enum):
    """A fault, with the status of its answer."""

    REQUEST_MALFORMED = 400
    REQUEST_TIMEOUT = 408
    REQUEST_HEAD_TOO_LARGE = 431
    INTERNAL_ERROR = 500


class BadRequest(Exception):
    """The client can't be answered but with this fault, and its connection not be used any more."""

    def __init__(self, fault: HttpFault) -> None:
        super().__init__(fault.name)
        self.fault = fault


Explain = Callable[[HttpFault], tuple[Headers, bytes]]
"""Gives headers and body of the answer to a fault; the length is told by the server."""


def explain_plainly(fault: HttpFault) -> tuple[Headers, bytes]:
    """For applications that have no errors of their own form."""
    return [(b"content-type", b"text/plain; charset=utf-8")], fault.name.encode()
