"""PostgreSQL behind its two doors, over the asynchronous driver."""

from __future__ import annotations

from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import await_only, greenlet_spawn

from kursplan.store.dialect import DRIVER_ERRORS, take_numbers
from kursplan.store.trouble import (
    READS_WAITING,
    BadDatabaseUrl,
    ReadLimit,
    Work,
    told_in_our_words,
)

T = TypeVar("T")

STATEMENT_SECONDS = 30.0
"""How long one statement may run before the database gives it up."""
PLAN_SECONDS = 60
"""How long a connection keeps a prepared statement, and the plan that goes with it."""
CONNECTION_WAIT_SECONDS = 2.0


def postgres_url(url: URL) -> URL:
    if unknown := url.query.keys() - {"sslmode", "host", "port"}:
        raise BadDatabaseUrl(
            f"{min(unknown)!r} is not understood in the URL of a PostgreSQL database, only sslmode,"
            " host and port are"
        )
    if sslmode := url.query.get("sslmode"):
        # The driver has another name for what everybody writes so.
        url = url.difference_update_query(["sslmode"]).update_query_dict({"ssl": sslmode})
    return url.set(drivername="postgresql+asyncpg")


class Postgres:
    name = "postgresql"

    def __init__(self, url: URL, connections: int, lock_wait: float) -> None:
        reading = connections // 2
        self.writers = connections - reading
        self._writer = self._engine(url, self.writers, lock_wait)
        # A read is a few statements of READ COMMITTED: without a transaction around them they see
        # the same, and two round trips are saved.
        self._reader = self._engine(url, reading, lock_wait, default_transaction_read_only="on")
        self._door = ReadLimit(READS_WAITING)

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
        with self._door, told_in_our_words():
            return await self._with(self._reader, work)

    async def write(self, work: Work[T]) -> T:
        with told_in_our_words():
            return await self._with(self._writer, partial(_committed, work=work))

    async def migrate(self, work: Work[T]) -> T:
        return await self.write(work)

    async def check_setup(self) -> None:
        await self.read(lambda tx: None)

    async def check_writable(self) -> None:
        await self.take_ids(1)

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
