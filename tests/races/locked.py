"""Somebody else holds a slot, and whether anybody waits for it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@asynccontextmanager
async def locked(database_url: str, slot: int) -> AsyncIterator[None]:
    """The slot is locked by somebody else for as long as the block lasts."""
    if database_url.startswith("sqlite:///"):
        holder = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")
        holder.close()
        return
    connection = await asyncpg.connect(database_url)
    async with connection.transaction():
        await connection.execute("SELECT id FROM slot WHERE id = $1 FOR UPDATE", slot)
        yield
    await connection.close()


async def somebody_waits(database_url: str) -> None:
    """Until a transaction waits for what another holds; SQLite knows of none, and there it is at once."""
    if database_url.startswith("sqlite:///"):
        return
    connection = await asyncpg.connect(database_url)
    while not await connection.fetchval(WAITING):  # noqa: ASYNC110 - the database tells nobody.
        await asyncio.sleep(0.01)
    await connection.close()
