"""A part of a transaction that can be given up by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection


@contextmanager
def savepoint(tx: Connection) -> Iterator[None]:
    """Where what is done within ends with an exception, that alone is undone, its locks included."""
    with tx.begin_nested():
        yield
