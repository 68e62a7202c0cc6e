"""Two doors to the database, named for what they promise: `read()` and `write()`.

Work that goes through a door is a plain function of an open transaction; it runs to its end and
commits, or leaves nothing behind. On PostgreSQL it runs over the asynchronous driver; SQLite is
driven from threads, with a single one for writing, so that nobody finds the database locked.

Each door has connections of its own: however many read, who writes does not wait for them.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol, TypeVar

import asyncpg
from sqlalchemy import Connection, Engine, event, make_url
from sqlalchemy import create_engine as create_sync_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import await_only, greenlet_spawn

from kursplan.store.dialect import DRIVER_ERRORS, Trouble, name_of, take_numbers, trouble

T = TypeVar("T")
Work = Callable[[Connection], T]

LOCK_WAIT_SECONDS = 2.0
"""How long a transaction waits for a lock that another holds (F16)."""
STATEMENT_SECONDS = 30.0
"""How long one statement may run before the database gives it up."""
PLAN_SECONDS = 60
"""How long a connection keeps a prepared statement, and the plan that goes with it."""
CONNECTIONS = 10
CONNECTION_WAIT_SECONDS = 2.0
READERS = 4
"""Threads that read SQLite."""
READS_WAITING = 1000
"""How many reads may be under way or waiting before the next is turned away."""


class DatabaseUnavailable(Exception):
    """The database could not do it now: no connection, no lock, or too many ask at once.

    `conflict` is true where another transaction was in the way (deadlock, serialization) and the
    same work may well pass when it is run again at once.
    """

    def __init__(self, reason: str, *, conflict: bool = False) -> None:
        super().__init__(reason)
        self.conflict = conflict


class BadDatabaseUrl(ValueError):
    """The setting does not name a database that Kursplan can use."""


class Database(Protocol):
    """A database behind its two doors."""

    name: str
    """`sqlite` or `postgresql`."""
    writers: int
    """How many transactions can write at the same time; more than that wait for each other."""

    async def read(self, work: Work[T]) -> T:
        """Run `work` on what is committed; the database refuses to change anything.

        A statement sees one state of it; on PostgreSQL, the next statement may see a later one.
        Raises `DatabaseUnavailable` when it is overloaded or out of reach.
        """
        ...

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction and commit it.

        Raises `DatabaseUnavailable` when it could not be done now. When that happens while
        committing, whether it was done is unknown: look, then try again.
        """
        ...

    async def take_ids(self, count: int) -> list[int]:
        """`count` ids that nobody else has or will have."""
        ...

    async def close(self) -> None: ...


def connect(
    url: str, *, connections: int = CONNECTIONS, lock_wait: float = LOCK_WAIT_SECONDS
) -> Database:
    """The database behind `url`, like `sqlite:///kursplan.db` or `postgresql://host/name`.

    At most so many connections are held (PostgreSQL), and a lock is waited for so many seconds.
    Nothing is opened before the first transaction. Raises `BadDatabaseUrl`, without the URL, because
    there may be a password in it.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError) as error:
        raise BadDatabaseUrl(f"that is no database URL; {_WRITE}") from error
    if backend == "sqlite":
        return _Sqlite(_sqlite_url(parsed), lock_wait)
    if backend in ("postgresql", "postgres"):
        return _Postgres(_postgres_url(parsed), connections, lock_wait)
    raise BadDatabaseUrl(f"{backend!r} is not supported; {_WRITE}")


_WRITE = "write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"


def _sqlite_url(url: URL) -> URL:
    if not url.database or ":memory:" in url.database or url.host or url.query:
        raise BadDatabaseUrl("SQLite needs a file and nothing else: sqlite:///path/to/kursplan.db")
    return url.set(drivername="sqlite+pysqlite")


def _postgres_url(url: URL) -> URL:
    if unknown := url.query.keys() - {"sslmode", "host", "port"}:
        raise BadDatabaseUrl(
            f"{min(unknown)!r} is not understood in the URL of a PostgreSQL database, only sslmode,"
            " host and port are"
        )
    if sslmode := url.query.get("sslmode"):
        # The driver has another name for what everybody writes so.
        url = url.difference_update_query(["sslmode"]).update_query_dict({"ssl": sslmode})
    return url.set(drivername="postgresql+asyncpg")


class _Door:
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
def _told_in_our_words() -> Iterator[None]:
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
        if kind is Trouble.BROKEN:
            raise
        raise DatabaseUnavailable(name_of(error), conflict=kind is Trouble.CONFLICT) from error


class _Postgres:
    name = "postgresql"

    def __init__(self, url: URL, connections: int, lock_wait: float) -> None:
        reading = connections // 2
        self.writers = connections - reading
        self._writer = self._engine(url, self.writers, lock_wait)
        # A read is a few statements of READ COMMITTED: without a transaction around them they see
        # the same, and two round trips are saved.
        self._reader = self._engine(url, reading, lock_wait, default_transaction_read_only="on")
        self._door = _Door(READS_WAITING)

    @staticmethod
    def _engine(url: URL, connections: int, lock_wait: float, **settings: str) -> AsyncEngine:
        return create_async_engine(
            url,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=CONNECTION_WAIT_SECONDS,
            pool_use_lifo=True,
            # Transactions are begun and ended here, on the driver itself, because some statements go
            # there directly.
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,  # They may be personal data, and errors are logged.
            connect_args={
                "timeout": 5,
                # A plan that was made when a table was empty does not live longer than this.
                "max_cached_statement_lifetime": PLAN_SECONDS,
                # Limits belong to the connection, not into statements.
                "server_settings": {
                    "application_name": "kursplan",
                    "timezone": "UTC",
                    "lock_timeout": _milliseconds(lock_wait),
                    "statement_timeout": _milliseconds(STATEMENT_SECONDS),
                    "idle_in_transaction_session_timeout": _milliseconds(STATEMENT_SECONDS),
                    # A statement is planned once for all numbers of ids. Left to itself, the server
                    # plans those for a few ids again each time, which takes longer than running them.
                    "plan_cache_mode": "force_generic_plan",
                    **settings,
                },
            },
        )

    # Connecting, the work and letting go share one greenlet: each costs a stack of its own.

    async def read(self, work: Work[T]) -> T:
        with self._door, _told_in_our_words():
            return await self._with(self._reader, work)

    async def write(self, work: Work[T]) -> T:
        with _told_in_our_words():
            return await self._with(self._writer, partial(_committed, work=work))

    async def _with(self, engine: AsyncEngine, work: Work[T]) -> T:
        try:
            found: T = await greenlet_spawn(_connected, engine, work)
        except _Cut as cut:
            # Whatever closed this connection has most likely closed those that wait, too.
            await engine.dispose()
            raise cut.error from None
        return found

    async def take_ids(self, count: int) -> list[int]:
        return await self.write(lambda tx: take_numbers(tx, count))

    async def close(self) -> None:
        await self._writer.dispose()
        await self._reader.dispose()


class _Cut(Exception):
    """A connection was closed under the work that used it."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def _connected(engine: AsyncEngine, work: Work[T]) -> T:
    """Do the work on a connection of the pool, which it leaves if it was closed meanwhile."""
    with engine.sync_engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        try:
            return work(connection)
        except Exception as error:
            if not driver.is_closed() and not isinstance(error, DRIVER_ERRORS):
                raise
            connection.invalidate()
            raise _Cut(error) from error


def _committed(connection: Connection, work: Work[T]) -> T:
    """Do the work in a transaction, on the driver itself, because some statements go there directly."""
    driver: Any = connection.connection.driver_connection
    transaction = driver.transaction()
    await_only(transaction.start())
    try:
        found = work(connection)
    except BaseException:
        if not driver.is_closed():
            await_only(transaction.rollback())
        raise
    await_only(transaction.commit())
    return found


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))


class _Sqlite:
    name = "sqlite"
    writers = 1

    def __init__(self, url: URL, lock_wait: float) -> None:
        self._writer = self._engine(url, 1, lock_wait, "BEGIN IMMEDIATE", "cache_size = -16384")
        self._reader = self._engine(url, READERS, lock_wait, "BEGIN", "query_only = ON")
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="sqlite-write")
        self._reading = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-read")
        self._door = _Door(READS_WAITING)

    @staticmethod
    def _engine(url: URL, connections: int, lock_wait: float, begin: str, *settings: str) -> Engine:
        engine = create_sync_engine(
            url,
            pool_size=connections,
            max_overflow=0,
            hide_parameters=True,
            connect_args={
                "timeout": lock_wait,
                "check_same_thread": False,
                # The driver is not to begin transactions by itself: we say which kind.
                "isolation_level": None,
            },
        )

        @event.listens_for(engine, "connect")
        def _set_up(connection: Any, _record: Any) -> None:
            # WAL lets readers and the writer pass each other; FULL makes a commit survive a
            # power cut, which is what a booked seat promises.
            for pragma in (
                "journal_mode = WAL",
                "synchronous = FULL",
                "foreign_keys = ON",
                # What a statement would need to take itself back, which is then never used.
                "temp_store = MEMORY",
                # Pages that change again and again (32 MB of them) go to their place once.
                "wal_autocheckpoint = 8000",
                *settings,
            ):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        return engine

    async def read(self, work: Work[T]) -> T:
        with self._door:
            return await self._run(self._reading, self._reader, work)

    async def write(self, work: Work[T]) -> T:
        return await self._run(self._writing, self._writer, work)

    async def _run(self, threads: ThreadPoolExecutor, engine: Engine, work: Work[T]) -> T:
        def transaction() -> T:
            with engine.begin() as connection:
                return work(connection)

        with _told_in_our_words():
            return await asyncio.get_running_loop().run_in_executor(threads, transaction)

    async def take_ids(self, count: int) -> list[int]:
        return await self.write(lambda tx: take_numbers(tx, count))

    async def close(self) -> None:
        for threads, engine in (
            (self._writing, self._writer),
            (self._reading, self._reader),
        ):
            await asyncio.to_thread(threads.shutdown)
            engine.dispose()
