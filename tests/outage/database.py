"""What an operator does to a database, to its roles, and to those who are connected."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg


def name_of(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


async def set_on_database(operator: asyncpg.Connection, url: str, setting: str) -> None:
    await operator.execute(f'ALTER DATABASE "{name_of(url)}" SET {setting}')


async def throw_out(operator: asyncpg.Connection, url: str) -> None:
    """End every connection to the database."""
    await operator.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1",
        name_of(url),
    )


@asynccontextmanager
async def role(operator: asyncpg.Connection, url: str) -> AsyncIterator[str]:
    """A role that may read and write in the database, and is no superuser."""
    name = f"kursplan_test_{secrets.token_hex(4)}"
    await operator.execute(f"CREATE ROLE {name} LOGIN IN ROLE pg_read_all_data, pg_write_all_data")
    owner = await asyncpg.connect(url)
    try:
        await owner.execute(f"GRANT UPDATE ON ALL SEQUENCES IN SCHEMA public TO {name}")
        yield name
    finally:
        await owner.close()
        owner = await asyncpg.connect(url)
        await owner.execute(f"DROP OWNED BY {name}")
        await owner.close()
        await operator.execute(f"DROP ROLE {name}")


def asked_by(url: str, role: str) -> str:
    there = urlsplit(url)
    return there._replace(netloc=f"{role}@{there.hostname}:{there.port}").geturl()
