"""Everything that differs between SQLite and PostgreSQL, and nothing else.

Column types that both read and write alike, array parameters, which errors pass by themselves.
Migrations, and `numbers` beside it, are the only other places that may name a database.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from enum import Enum, StrEnum
from functools import lru_cache
from typing import Any, TypeVar

import asyncpg
import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Dialect,
    Float,
    Select,
    String,
    Table,
    Text,
    bindparam,
    literal_column,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import Insert
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from kursplan.clock import whole_milliseconds

Word = TypeVar("Word", bound=StrEnum)


class Instant(TypeDecorator[datetime]):
    """An instant in UTC with whole milliseconds.

    SQLite has no such type: there it is text of fixed width, whose order is the order of time.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(29))
        return dialect.type_descriptor(DateTime(timezone=True))

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        return _instant_as_text if dialect.name == "sqlite" else _instant

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[str | None], datetime | None] | None:
        return _instant_from_text if dialect.name == "sqlite" else None


def _instant(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(f"{value} is a local time, not an instant: say in which zone")
    return whole_milliseconds(value)


# What happens in one turn happens at one instant, and slots begin at the same times.
@lru_cache(maxsize=4096)
def _instant_as_text(value: datetime | None) -> str | None:
    value = _instant(value)
    return None if value is None else value.astimezone(UTC).isoformat(timespec="milliseconds")


def _instant_from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


class Words(TypeDecorator[Word]):
    """One word out of an enumeration; where there is none, `unsaid` is meant."""

    impl = String(64)
    cache_ok = True

    def __init__(self, words: type[Word], unsaid: Word | None = None) -> None:
        super().__init__()
        self.words = words
        self.unsaid = unsaid

    def bind_processor(self, dialect: Dialect) -> Callable[[Word | None], str | None] | None:
        # A word is text already; SQLite's driver is quicker with what is text and nothing more.
        return _plain if dialect.name == "sqlite" else None

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[str | None], Word | None]:
        words: dict[str | None, Word | None] = {
            None: self.unsaid,
            **{each.value: each for each in self.words},
        }
        return words.__getitem__


def _plain(word: StrEnum | None) -> str | None:
    # Without the look-ups that `word.value` stands for.
    return None if word is None else word._value_


class Listed(TypeDecorator[Any]):
    """A short list that is only ever read and written whole, as JSON text in order."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        plain = [item.value if isinstance(item, Enum) else item for item in value]
        return json.dumps(plain, separators=(",", ":")) if plain else "[]"

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[str | None], tuple[Any, ...] | None]:
        return _listed


class ListedIfAny(Listed):
    """The same for what is mostly empty: an empty list is NULL."""

    cache_ok = True

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> str | None:
        return super().process_bind_param(value or None, dialect)


@lru_cache(maxsize=1024)
def _listed(value: str | None) -> tuple[Any, ...] | None:
    return None if value is None else tuple(json.loads(value))


class _Several(TypeDecorator[Sequence[Any]]):
    """Many values in one: an array, or a JSON array where there are none."""

    impl = Text
    cache_ok = True
    of: type[TypeEngine[Any]]

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(ARRAY(self.of))

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> Any:
        several = list(value or ())
        return json.dumps(several) if dialect.name == "sqlite" else several


class Texts(_Several):
    """Many texts in one value."""

    cache_ok = True
    of = Text


class Numbers(_Several):
    """Many numbers in one value."""

    cache_ok = True
    of = BigInteger

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[str | Sequence[int] | None], Sequence[int] | None] | None:
        return _numbers if dialect.name == "sqlite" else None


_NUMBERS = msgspec.json.Decoder(list[int])


def _numbers(value: str | Sequence[int] | None) -> Sequence[int] | None:
    # Of rows that come as JSON it may have been read with them.
    return _NUMBERS.decode(value) if isinstance(value, str) else value


class _AnyOf(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True


def any_of(one: ColumnElement[Any], parameter: str) -> ColumnElement[bool]:
    """`one` is among the numbers, or texts, in the parameter of that name.

    The text of the statement stays the same for any count, so it is prepared once.
    """
    # Said to be a comparison: the value of any other function is compared with 1 where there are no
    # booleans, and then no index serves it.
    several = Texts() if isinstance(one.type, String) else Numbers()
    return _AnyOf(one, bindparam(parameter, type_=several)).as_comparison(1, 2)


@compiles(_AnyOf, "postgresql")
def _any_of_array(element: _AnyOf, compiler: SQLCompiler, **kw: Any) -> str:
    one, several = element.clauses
    return f"{compiler.process(one, **kw)} = ANY ({compiler.process(several, **kw)})"


@compiles(_AnyOf, "sqlite")
def _any_of_json(element: _AnyOf, compiler: SQLCompiler, **kw: Any) -> str:
    one, several = element.clauses
    listed = compiler.process(several, **kw)
    return f"{compiler.process(one, **kw)} IN (SELECT value FROM json_each({listed}))"


class _NumbersOf(FunctionElement[Sequence[int]]):
    type = Numbers()
    inherit_cache = True


def numbers_of(query: Select[tuple[int]]) -> FunctionElement[Sequence[int]]:
    """The numbers in the one column of a query within a query, in its order.

    So one statement gets a few numbers for each of many rows, and no more than those.
    """
    [number] = query.selected_columns
    return _NumbersOf(query.with_only_columns(number.label("id")).scalar_subquery())


@compiles(_NumbersOf, "postgresql")
def _numbers_as_array(element: _NumbersOf, compiler: SQLCompiler, **kw: Any) -> str:
    [query] = element.clauses
    return f"ARRAY{compiler.process(query, **kw)}"


@compiles(_NumbersOf, "sqlite")
def _numbers_as_json(element: _NumbersOf, compiler: SQLCompiler, **kw: Any) -> str:
    [query] = element.clauses
    return f"(SELECT json_group_array(id) FROM {compiler.process(query, **kw)})"


class MinutesBetween(FunctionElement[float]):
    """How long it is from one instant of a row to another, in minutes."""

    inherit_cache = True
    type = Float()

    def __init__(self, start: ColumnElement[Any], end: ColumnElement[Any]) -> None:
        super().__init__(start, end)


@compiles(MinutesBetween, "postgresql")
def _minutes_of_interval(element: MinutesBetween, compiler: SQLCompiler, **kw: Any) -> str:
    start, end = (compiler.process(each, **kw) for each in element.clauses)
    return f"(EXTRACT(EPOCH FROM {end} - {start}) / 60)"


@compiles(MinutesBetween, "sqlite")
def _minutes_of_texts(element: MinutesBetween, compiler: SQLCompiler, **kw: Any) -> str:
    start, end = (compiler.process(each, **kw) for each in element.clauses)
    return f"((JULIANDAY({end}) - JULIANDAY({start})) * 1440)"


class TableIsThere(FunctionElement[bool]):
    """Whether the database has a table of that name, which is one of ours."""

    inherit_cache = True
    type = Boolean()

    def __init__(self, name: str) -> None:
        super().__init__(literal_column(f"'{name}'"))


@compiles(TableIsThere, "postgresql")
def _is_registered(element: TableIsThere, compiler: SQLCompiler, **kw: Any) -> str:
    return f"to_regclass({compiler.process(element.clauses, **kw)}) IS NOT NULL"


@compiles(TableIsThere, "sqlite")
def _is_in_the_schema(element: TableIsThere, compiler: SQLCompiler, **kw: Any) -> str:
    name = compiler.process(element.clauses, **kw)
    return f"EXISTS (SELECT 1 FROM sqlite_master WHERE name = {name})"


def insert_unless_there(into: Table, *unique: str) -> Insert:
    """Insert rows, and leave those alone that a row with the same `unique` columns has already.

    Both write the clause alike; only SQLAlchemy has it with the statements of one database.
    """
    return postgresql.insert(into).on_conflict_do_nothing(index_elements=list(unique))


DRIVER_ERRORS = (asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What the driver itself complains of, without having asked the database."""


class ErrorClass(StrEnum):
    """What an error of the database means for whoever ran the transaction."""

    BUSY = "BUSY"
    """The database as a whole was not free, or had no room: come back later."""
    LOST = "LOST"
    """The connection is of no use any more, or nobody is let in: come back later, over another."""
    LOCKED = "LOCKED"
    """A row was not to be had in time; who does not want it may well pass at once."""
    CONFLICT = "CONFLICT"
    """Another transaction was in the way: deadlock, serialization, or the same row twice."""
    BROKEN = "BROKEN"
    """A fault; trying again does not help."""


READ_ONLY = "25006"
NO_ROOM = "53100"

MEANINGS = {
    "08": ErrorClass.LOST,  # The connection broke, or what it leads to does not speak as we do.
    "23505": ErrorClass.CONFLICT,  # Under the locks of a turn nobody looks for a row, finds none and
    # then meets it, unless another process wrote it in between: that is a race too.
    READ_ONLY: ErrorClass.LOST,  # Read-only: the server is a standby now, or somebody set it so.
    "25P03": ErrorClass.LOST,  # Closed, because a transaction did nothing for too long,
    "25P04": ErrorClass.LOST,  # or took too long as a whole.
    "26000": ErrorClass.LOST,  # What was prepared is not there, or somebody else's is: behind a pooler
    "42P05": ErrorClass.LOST,  # the session has been exchanged.
    "28": ErrorClass.LOST,  # The role is not let in.
    "3D": ErrorClass.LOST,  # There is no such database.
    "40001": ErrorClass.CONFLICT,  # Serialization, or in the way of what a standby repeats.
    "40003": ErrorClass.LOST,  # Nobody knows whether it was done.
    "40P01": ErrorClass.CONFLICT,  # Deadlock.
    "53": ErrorClass.BUSY,  # No room on the disk, no memory, no connection left.
    "55": ErrorClass.BUSY,  # A database that takes no connections.
    "55P03": ErrorClass.LOCKED,  # No lock in time.
    "57": ErrorClass.LOST,  # The server is going down or coming up, or the database was dropped.
    "57014": ErrorClass.BUSY,  # A statement was given up.
    "58": ErrorClass.LOST,  # The disk or a file of the server fails.
}
"""By SQLSTATE, or the class of it in its first two characters. Everything else is `BROKEN`: a fault of
ours, or of whoever changed the database."""

_SQLITE_CONFLICTS = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}


def trouble(error: BaseException) -> ErrorClass:
    """What went wrong, by SQLSTATE or SQLite's code and never by the message."""
    original = error.orig if isinstance(error, DBAPIError) else error
    cause = getattr(original, "__cause__", None)
    state = sqlstate(error)
    if state is not None:
        return MEANINGS.get(state) or MEANINGS.get(state[:2]) or ErrorClass.BROKEN
    if isinstance(original, sqlite3.Error):
        # The module's own errors, such as of a closed connection, have no code.
        code = getattr(original, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        if code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return ErrorClass.BUSY
        return ErrorClass.CONFLICT if code in _SQLITE_CONFLICTS else ErrorClass.BROKEN
    if isinstance(original, DRIVER_ERRORS) or isinstance(cause, DRIVER_ERRORS):
        # The driver's own: the connection was closed under it, or is just being closed.
        return ErrorClass.LOST
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return ErrorClass.LOST
    # Among them that an answer did not come in time.
    return ErrorClass.LOST if isinstance(original, OSError) else ErrorClass.BROKEN


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's code for the error; None for one of another kind."""
    original = error.orig if isinstance(error, DBAPIError) else error
    # The asynchronous driver's error is wrapped once more; the SQLSTATE is on either.
    cause = getattr(original, "__cause__", None)
    return getattr(original, "sqlstate", None) or getattr(cause, "sqlstate", None)


_IN_WORDS = {
    READ_ONLY: "the database is read-only, or its server a standby by now",
    NO_ROOM: "there is no room left on the disk of the database",
}


def name_of(error: BaseException) -> str:
    """What the database calls the error, which holds nothing of what is in the database.

    The message may: PostgreSQL quotes the values of a row that it refuses.
    """
    if told := _IN_WORDS.get(sqlstate(error) or ""):
        return told
    original = error.orig if isinstance(error, DBAPIError) and error.orig else error
    name: str | None = getattr(original, "sqlite_errorname", None)
    # The asynchronous driver's error is wrapped once more, here too.
    return name or type(original.__cause__ or original).__name__
