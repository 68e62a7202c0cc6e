"""PostgreSQL behind its two doors, over the asynchronous driver."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import Pool
from sqlalchemy.util import await_only, greenlet_spawn

from kursplan.clock import stopwatch
from kursplan.store.engine.dialect import NO_ROOM, READ_ONLY, ErrorClass, sqlstate, trouble
from kursplan.store.engine.numbers import take_numbers
from kursplan.store.engine.postgres_pooler import check_pooler
from kursplan.store.engine.postgres_servers import Servers
from kursplan.store.engine.postgres_session import Limits, Session, Sessions
from kursplan.store.engine.trouble import (
    READS_WAITING,
    DatabaseUnavailable,
    ReadLimit,
    Work,
    told_in_our_words,
)

T = TypeVar("T")

CONNECTION_WAIT_SECONDS = 2.0


class Postgres:
    name = "postgresql"

    def __init__(self, url: URL, connections: int, limits: Limits) -> None:
        reading = connections // 2
        self.writers = connections - reading
        self._sessions = Sessions(Servers.of(url), limits)
        self._writer = self._engine(self.writers, writes=True)
        self._reader = self._engine(reading, writes=False)
        self._door = ReadLimit(READS_WAITING)
        self._was_full = False

    def _engine(self, connections: int, *, writes: bool) -> AsyncEngine:
        return create_async_engine(
            "postgresql+asyncpg://",
            async_creator=partial(self._sessions.open, writes=writes),
            pool_size=connections,
            max_overflow=0,
            pool_timeout=CONNECTION_WAIT_SECONDS,
            pool_use_lifo=True,
            # Transactions are begun and ended here, on the driver itself, because some statements go
            # there directly.
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,  # They may be personal data, and errors are logged.
        )

    @property
    def mixes_organizations(self) -> bool:
        return self._sessions.is_spread is False

    # Connecting, the work and letting go share one greenlet: each costs a stack of its own.

    async def read(self, work: Work[T]) -> T:
        try:
            with self._door, told_in_our_words():
                return await self._with(self._reader, work)
        except DatabaseUnavailable as unavailable:
            fault = unavailable.__cause__
            if fault is not None and sqlstate(fault) == READ_ONLY:
                raise fault from None  # It is we who let nothing be changed here.
            raise

    async def write(self, work: Work[T]) -> T:
        with told_in_our_words():
            committed = partial(_committed, work=work, patience=self._sessions.limits.silence)
            try:
                return await self._with(self._writer, committed)
            except Exception as error:
                self._was_full |= sqlstate(error) == NO_ROOM
                raise

    async def migrate(self, work: Work[T]) -> T:
        return await self.write(partial(_unhurried, work=work))

    async def _with(self, engine: AsyncEngine, work: Work[T]) -> T:
        try:
            found: T = await greenlet_spawn(_connected, engine, work)
        except _Cut as cut:
            # Whatever closed this connection has most likely closed those that wait, too; and where
            # another server is the primary by now, none of them leads to it.
            if engine.pool is cut.pool:
                await self._let_go()
            raise cut.error from None
        return found

    async def in_the_way(self) -> str | None:
        return await self.read(_longest_at_it)

    async def rows_about(self) -> Mapping[str, int]:
        return await self.read(_rows_about)

    async def take_ids(self, count: int) -> list[int]:
        return await self.write(lambda tx: take_numbers(tx, count))

    async def check_setup(self) -> None:
        await check_pooler(self._sessions)

    async def check_writable(self) -> None:
        # A number is the least that can be written. It needs no new page in a file, so where there
        # was no room for one the last time, that is tried as well.
        await self.take_ids(1)
        if self._was_full:
            await self.write(_fill_a_page)
            self._was_full = False

    async def close(self) -> None:
        await self._let_go()
        self._sessions.hang_up()

    async def _let_go(self) -> None:
        """Close what waits in the pools; what is at work is closed when it comes back."""
        await self._writer.dispose()
        await self._reader.dispose()


class _Cut(Exception):
    """A connection was closed under the work that used it, or is of no use any more."""

    def __init__(self, error: Exception, pool: Pool) -> None:
        super().__init__(error)
        self.error = error
        self.pool = pool
        """Where it had come from."""


def _connected(engine: AsyncEngine, work: Work[T]) -> T:
    """Do the work on a connection of the pool, which it leaves if it is of no use any more."""
    pool = engine.pool
    with engine.sync_engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.at_work_since = stopwatch()
        try:
            return work(connection)
        except Exception as error:
            if not driver.is_closed() and trouble(error) is not ErrorClass.LOST:
                raise
            driver.terminate()
            raise _Cut(error, pool) from error
        finally:
            driver.at_work_since = None
            # Nobody would ever fetch it from a pool that was let go meanwhile.
            if driver.is_closed() or engine.pool is not pool:
                connection.invalidate()


def _committed(connection: Connection, work: Work[T], patience: float) -> T:
    """Do the work in a transaction, on the driver itself, because some statements go there directly."""
    driver: Any = connection.connection.driver_connection
    transaction = driver.transaction()
    await_only(transaction.start())
    try:
        found = work(connection)
    except BaseException:
        await_only(_taken_back(driver, transaction, patience))
        raise
    await_only(transaction.commit())
    return found


def _unhurried(tx: Connection, work: Work[T]) -> T:
    """Do the work, which nobody takes for stuck however long a statement of it runs."""
    driver: Any = tx.connection.driver_connection
    driver.at_work_since = None
    return work(tx)


_LONGEST_AT_IT = """
SELECT a.pid, a.application_name
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.granted AND l.locktype = 'relation' AND a.datname = current_database()
    AND a.pid <> pg_backend_pid()
    AND l.relation IN (SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace)
ORDER BY a.xact_start NULLS LAST
LIMIT 1
"""


def _longest_at_it(tx: Connection) -> str | None:
    """Whose transaction has had one of our tables for longest; others' are known, what they do is not."""
    driver: Any = tx.connection.driver_connection
    found = await_only(driver.fetchrow(_LONGEST_AT_IT))
    if found is None:
        return None
    name = found["application_name"]
    return f"process {found['pid']} of the database" + (f" ({name})" if name else "")


_ROWS_ABOUT = """
SELECT relname, reltuples::bigint AS rows FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND reltuples >= 0
"""


def _rows_about(tx: Connection) -> Mapping[str, int]:
    """As the server last counted, by itself."""
    driver: Any = tx.connection.driver_connection
    return {each["relname"]: each["rows"] for each in await_only(driver.fetch(_ROWS_ABOUT))}


def _fill_a_page(tx: Connection) -> None:
    """Take a page of the disk, until the end of the transaction."""
    driver: Any = tx.connection.driver_connection
    page = "CREATE TEMPORARY TABLE page ON COMMIT DROP AS SELECT repeat('-', 4096) AS filling"
    # Where the role may make no tables, the next booking finds out.
    with suppress(asyncpg.InsufficientPrivilegeError):
        await_only(driver.execute(page))


async def _taken_back(session: Session, transaction: Any, patience: float) -> None:
    """Roll back, unless the server does it: because the connection is closed, or closed here.

    That it is done has to be heard within so many seconds.
    """
    if session.is_closed():
        return
    try:
        async with asyncio.timeout(patience):
            await transaction.rollback()
    except Exception:
        session.terminate()
    except asyncio.CancelledError:
        session.terminate()
        raise
