"""Backup and restore: the same ids, the same order of waiting, the same events (F57).

With the tools that the operator's page names: SQLite's own copy and ours to restore it, PostgreSQL's
dump and restore.
"""

import asyncio
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from kursplan.clock import HandClock
from kursplan.store import tables
from kursplan.store.engine.backup import ready_to_restore
from kursplan.store.engine.database import Database, connect
from kursplan.store.engine.schema import check, newest
from tests.gym import Gym
from tests.postgres import create_database, drop_database, installed_programs
from tests.webhooks.partner import fanned_out


async def rows_of(database: Database) -> dict[str, list[Any]]:
    """Every row of every table, in the order of the primary keys."""

    def look(tx: Connection) -> dict[str, list[Any]]:
        return {
            table.name: list(tx.execute(select(table).order_by(*table.primary_key)))
            for table in tables.metadata.sorted_tables
        }

    return await database.read(look)


def program(name: str) -> str:
    """One of PostgreSQL's own programs: that of the server, or where the URL alone was given."""
    installed = installed_programs()
    beside = None if installed is None else installed / name
    found = str(beside) if beside is not None and beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: it comes with PostgreSQL's client programs.")
    return found


async def restored(url: str, kind: str, tmp_path: Path, server: str | None) -> str:
    """The URL of another database with what a backup of this one held."""
    if kind == "sqlite":
        copy, elsewhere = tmp_path / "backup.db", tmp_path / "restored.db"
        running = sqlite3.connect(url.removeprefix("sqlite:///"))
        running.execute("VACUUM INTO ?", (str(copy),))
        running.close()
        with ready_to_restore(copy, elsewhere) as backup:
            assert backup.revision == newest()
            assert backup.put_in_place() is None
        return f"sqlite:///{elsewhere}"
    assert server is not None
    empty = await create_database(server)
    dump = tmp_path / "backup.dump"

    def run(*words: str) -> None:
        subprocess.run(words, check=True, capture_output=True, timeout=60)

    await asyncio.to_thread(run, program("pg_dump"), "--format=custom", f"--file={dump}", url)
    await asyncio.to_thread(
        run, program("pg_restore"), "--no-owner", f"--dbname={empty}", str(dump)
    )
    return empty


async def test_a_restored_backup_goes_on_where_the_original_stood(
    gym: Gym,
    database_url: str,
    kind: str,
    clock: HandClock,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    server = request.getfixturevalue("postgres_server") if kind == "postgresql" else None
    slot = await gym.slot(seats=1, waiting_list=3)
    first, second, third = await gym.customers(3)
    seated = await gym.booked(first, slot)
    await gym.booked(second, slot)
    await gym.booked(third, slot)
    await fanned_out(gym)
    before = await rows_of(gym.database)

    url = await restored(database_url, kind, tmp_path, server)
    database = connect(url)
    try:
        await check(database)
        assert await rows_of(database) == before
        # Nothing that was told already is told again, and no id is given out twice.
        assert not await fanned_out(gym, database)
        again = Gym(database, clock)
        again.organization, again.studio_id = gym.organization, gym.studio_id
        given_out = {each.id for name in ("booking", "event", "slot") for each in before[name]}
        assert given_out.isdisjoint(await database.take_ids(10))

        await again.cancel(seated.booking_id)
        assert [each.customer_id for each in await again.on_slot(slot) if each.seated] == [second]
    finally:
        await database.close()
        if server is not None:
            await drop_database(server, url)
