"""SQLite behind its two doors: driven from threads, with a single one for writing."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

from kursplan.store.dialect import take_numbers
from kursplan.store.trouble import (
    READS_WAITING,
    BadDatabaseUrl,
    ReadLimit,
    Work,
    told_in_our_words,
)

T = TypeVar("T")

READERS = 4
"""Threads that read."""


def sqlite_url(url: URL) -> URL:
    if not url.database or ":memory:" in url.database or url.host or url.query:
        raise BadDatabaseUrl("SQLite needs a file and nothing else: sqlite:///path/to/kursplan.db")
    return url.set(drivername="sqlite+pysqlite")


class Sqlite:
    name = "sqlite"
    writers = 1

    def __init__(self, url: URL, lock_wait: float) -> None:
        self._writer = self._engine(url, 1, lock_wait, "BEGIN IMMEDIATE", "cache_size = -16384")
        self._reader = self._engine(url, READERS, lock_wait, "BEGIN", "query_only = ON")
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="sqlite-write")
        self._reading = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-read")
        self._door = ReadLimit(READS_WAITING)

    @staticmethod
    def _engine(url: URL, connections: int, lock_wait: float, begin: str, *settings: str) -> Engine:
        engine = create_engine(
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

        with told_in_our_words():
            return await asyncio.get_running_loop().run_in_executor(threads, transaction)

    async def take_ids(self, count: int) -> list[int]:
        return await self.write(lambda tx: take_numbers(tx, count))

    async def check_setup(self) -> None:
        await self.read(lambda tx: None)

    async def check_writable(self) -> None:
        await self.take_ids(1)

    async def close(self) -> None:
        for threads, engine in (
            (self._writing, self._writer),
            (self._reading, self._reader),
        ):
            await asyncio.to_thread(threads.shutdown)
            engine.dispose()
