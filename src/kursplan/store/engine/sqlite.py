"""SQLite behind its two doors: driven from threads, with a single one for writing."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from kursplan.store.engine.dialect import name_of
from kursplan.store.engine.numbers import take_numbers
from kursplan.store.engine.sqlite_file import DatabaseFile, connection, make
from kursplan.store.engine.trouble import (
    READS_WAITING,
    BadDatabaseUrl,
    DatabaseUnavailable,
    ReadLimit,
    Work,
    told_in_our_words,
)

T = TypeVar("T")

READERS = 4
"""Threads that read."""
MIGRATION_WAIT_SECONDS = 600.0
"""How long a migration waits for another one, which may have to make large tables anew."""

AILMENTS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk can't be read or written",
    sqlite3.SQLITE_READONLY: "it may only be read",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened",
    sqlite3.SQLITE_PERM: "it may not be opened",
}
"""What may pass without our doing, by SQLite's code, in words that follow the name of the file."""


def path_of(url: URL, written: str) -> Path:
    """The file that a URL names, of which `written` is the text."""
    if not url.database or ":memory:" in url.database or url.host or "?" in written:
        raise BadDatabaseUrl(
            "SQLite needs a file and nothing else, without a ? in its name:"
            " sqlite:///path/to/kursplan.db"
        )
    return Path(url.database)


class Sqlite:
    name = "sqlite"
    writers = 1
    mixes_organizations = True

    def __init__(self, path: Path, lock_wait: float, *, serves: bool = False) -> None:
        self._path = path.absolute()
        self._file = DatabaseFile(self._path, lock_wait, serves=serves)
        # While a server lives, it alone brings pages from the `-wal` to their place.
        settings = ["wal_autocheckpoint = 0"] if serves else []
        self._writer = self._engine(
            1, lock_wait, "BEGIN IMMEDIATE", "cache_size = -16384", *settings
        )
        self._reader = self._engine(READERS, lock_wait, "BEGIN", "query_only = ON")
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="sqlite-write")
        self._reading = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-read")
        self._door = ReadLimit(READS_WAITING)

    def _engine(self, connections: int, lock_wait: float, begin: str, *settings: str) -> Engine:
        engine = create_engine(
            "sqlite+pysqlite://",
            creator=partial(connection, self._path, lock_wait, *settings),
            poolclass=QueuePool,
            pool_size=connections,
            max_overflow=0,
            hide_parameters=True,
        )

        @event.listens_for(engine, "begin")
        def _begin(tx: Connection) -> None:
            tx.exec_driver_sql(begin)

        return engine

    async def read(self, work: Work[T]) -> T:
        def transaction() -> T:
            self._file.open()
            self._file.look_now_and_then()
            # Whoever tries to write through this door makes a mistake, and has not found a file that
            # may only be read.
            with self._looked_at_again(AILMENTS.keys() - {sqlite3.SQLITE_READONLY}):
                return _done(self._reader, work)

        with self._door:
            return await self._run(self._reading, transaction)

    async def write(self, work: Work[T]) -> T:
        def transaction() -> T:
            self._file.open()
            self._file.look()
            with self._looked_at_again(AILMENTS.keys()):
                answer = _done(self._writer, work)
            # What was committed to another file, or to none, is promised to nobody.
            self._file.look_after_commit()
            return answer

        return await self._run(self._writing, transaction)

    async def migrate(self, work: Work[T]) -> T:
        def transaction() -> T:
            make(self._path)
            self._file.open(MIGRATION_WAIT_SECONDS)
            engine = self._engine(1, MIGRATION_WAIT_SECONDS, "BEGIN IMMEDIATE")
            try:
                with self._looked_at_again(AILMENTS.keys()):
                    return _done(engine, work)
            finally:
                engine.dispose()

        return await self._run(self._writing, transaction)

    async def in_the_way(self) -> str | None:
        return None  # Nobody is, for longer than a migration waits by itself.

    async def rows_about(self) -> Mapping[str, int]:
        return {}

    async def check_setup(self) -> None:
        """Nothing: a file is looked at whenever it is opened, and migrations make one."""

    async def check_writable(self) -> None:
        # The least that can be written: the last number once more.
        await self.take_ids(0)

    async def take_ids(self, count: int) -> list[int]:
        return await self.write(lambda tx: take_numbers(tx, count))

    async def close(self) -> None:
        for threads, engine in (
            (self._writing, self._writer),
            (self._reading, self._reader),
        ):
            await asyncio.to_thread(threads.shutdown)
            engine.dispose()
        await asyncio.to_thread(self._file.close)

    async def _run(self, threads: ThreadPoolExecutor, transaction: Callable[[], T]) -> T:
        if self._file.wants_tending:
            self._writing.submit(self._file.tend)
        with told_in_our_words():
            return await asyncio.get_running_loop().run_in_executor(threads, transaction)

    @contextmanager
    def _looked_at_again(self, ailments: Collection[int]) -> Iterator[None]:
        """Turns an error that another file, or one of these ailments, has caused into what it means."""
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            self._file.look()
            if (code := _code(error)) in ailments:
                raise DatabaseUnavailable(
                    f"{self._path.name}: {AILMENTS[code]} ({name_of(error)})"
                ) from error
            raise


def _done(engine: Engine, work: Work[T]) -> T:
    """Do the work on a connection of the pool, which it leaves if the file ails."""
    with engine.connect() as connection:
        try:
            with connection.begin():
                return work(connection)
        except (DBAPIError, sqlite3.Error) as error:
            if _code(error) in AILMENTS:
                connection.invalidate()
            raise


def _code(error: DBAPIError | sqlite3.Error) -> int:
    """SQLite's code, without what it says in addition; 0 for errors of the driver itself."""
    original = error.orig if isinstance(error, DBAPIError) else error
    code: int = getattr(original, "sqlite_errorcode", 0)
    return code & 0xFF
