"""A database that takes no changes: made read-only, without room on the disk, without connections."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import httpx
import pytest
from sqlalchemy import Connection, text

from tests.databases import migrate
from tests.outage.conftest import Started
from tests.outage.database import asked_by, role, set_on_database, throw_out
from tests.postgres import (
    REMEDY,
    PostgresServer,
    create_database,
    installed_programs,
    unprivileged_user,
)
from tests.throwaway import not_installed


async def test_a_database_that_was_made_read_only_is_said_and_written_to_later(
    started: Started, database_url: str, operator: asyncpg.Connection
) -> None:
    partner = await started(database_url)
    assert (await partner.book()).status_code == httpx.codes.OK
    await set_on_database(operator, database_url, "default_transaction_read_only = on")
    await throw_out(operator, database_url)

    await partner.is_turned_away()
    assert "default_transaction_read_only is on" in await partner.is_turned_away()

    await set_on_database(operator, database_url, "default_transaction_read_only = off")
    await partner.is_served_again()


async def test_a_session_that_can_not_write_any_more_is_left_for_another(
    started: Started, database_url: str
) -> None:
    partner = await started(database_url, connections=2)  # One that reads, and one that writes.
    database = partner.application.database

    def make_read_only(tx: Connection) -> None:
        tx.execute(text("SET default_transaction_read_only = on"))

    for ask in (partner.book, partner.ready):
        await database.write(make_read_only)
        assert (await ask()).status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert (await ask()).status_code == httpx.codes.OK


async def test_a_server_that_has_no_connection_left_is_said_and_has_one_later(
    started: Started, database_url: str, operator: asyncpg.Connection
) -> None:
    async with role(operator, database_url) as name:
        partner = await started(database_url, over=asked_by(database_url, name))
        await operator.execute(f"ALTER ROLE {name} CONNECTION LIMIT 0")
        await throw_out(operator, database_url)

        await partner.is_turned_away()
        assert "too many connections" in await partner.is_turned_away()

        await operator.execute(f"ALTER ROLE {name} CONNECTION LIMIT -1")
        await partner.is_served_again()
        await partner.application.stop()


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A directory of the database server, on a disk of its own with hardly any room."""
    user = unprivileged_user()
    if user is None:
        pytest.skip("only root can make a small disk")
    directory = Path(tempfile.mkdtemp(prefix="kursplan-disk-"))
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(directory)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        directory.rmdir()
        pytest.skip("no disk can be mounted here")
    shutil.chown(directory, user)
    yield directory
    subprocess.run(["umount", str(directory)], check=True)
    directory.rmdir()


@pytest.fixture
def on_small_disk(small_disk: Path) -> Iterator[str]:
    """The URL of a database there, on a server of its own: a full disk is trouble for all of it."""
    programs = installed_programs()
    if programs is None:
        not_installed("PostgreSQL", REMEDY)
    server = PostgresServer(programs)

    async def make() -> str:
        operator = await asyncpg.connect(server.url)
        await operator.execute(f"CREATE TABLESPACE small LOCATION '{small_disk}'")
        await operator.close()
        return await migrate(await create_database(server.url, tablespace="small"))

    try:
        yield asyncio.run(make())
    finally:
        server.stop()


async def test_a_full_disk_is_said_and_written_to_once_there_is_room(
    started: Started, small_disk: Path, on_small_disk: str
) -> None:
    partner = await started(on_small_disk)
    assert (await partner.book()).status_code == httpx.codes.OK
    filler = small_disk / "filler"
    fill(filler)
    # There may still be room on pages that are there.
    while (await partner.book()).status_code == httpx.codes.OK:
        pass

    assert await partner.is_turned_away() == "there is no room left on the disk of the database"

    filler.unlink()
    await partner.is_served_again()


def fill(file: Path) -> None:
    """Leave not a byte of the disk."""
    with file.open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(4096))
