"""Errors of the database in our words, for whoever has to come back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import asyncpg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from kursplan.store.engine.dialect import DRIVER_ERRORS, ErrorClass, name_of, trouble

T = TypeVar("T")
Work = Callable[[Connection], T]
"""What is done with an open transaction, to its end."""

READS_WAITING = 1000
"""How many reads may be under way or waiting before the next is turned away."""


class DatabaseUnavailable(Exception):
    """The database could not do it now: no connection, no lock, or too many ask at once.

    `conflict` is true where another transaction was in the way (deadlock, serialization) and the
    same work may well pass when it is run again at once. `locked` is true where a single row was not
    to be had in time: work that does not want it may pass.
    """

    def __init__(self, reason: str, *, conflict: bool = False, locked: bool = False) -> None:
        super().__init__(reason)
        self.conflict = conflict
        self.locked = locked


class BadDatabaseUrl(ValueError):
    """The setting does not name a database that Kursplan can use."""


class ReadLimit:
    """Lets a bounded number through at a time and turns the others away at once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._inside = 0

    def __enter__(self) -> None:
        if self._inside >= self._limit:
            raise DatabaseUnavailable("too many reads at once")
        self._inside += 1

    def __exit__(self, *_: object) -> None:
        self._inside -= 1


@contextmanager
def told_in_our_words() -> Iterator[None]:
    """Turns an error of the driver that may pass by itself into `DatabaseUnavailable`."""
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseUnavailable("no connection was free") from error
    except OSError as error:
        # The way to the database: unlike others, these errors hold nothing of what is in it.
        raise DatabaseUnavailable(str(error) or type(error).__name__) from error
    except (DBAPIError, asyncpg.PostgresError, *DRIVER_ERRORS, sqlite3.Error) as error:
        kind = trouble(error)
        if kind is ErrorClass.BROKEN:
            raise
        raise DatabaseUnavailable(
            name_of(error),
            conflict=kind is ErrorClass.CONFLICT,
            locked=kind is ErrorClass.LOCKED,
        ) from error
