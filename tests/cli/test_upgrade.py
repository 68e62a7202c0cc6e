"""`kursplan db upgrade` says what it does before and after; `kursplan restore --check` tries it in a copy."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import asyncpg
import pytest

from kursplan.store.engine import schema
from tests.cli.conftest import Ran, run
from tests.databases import NextVersion
from tests.gym import Gym


async def upgrade(url: str, *arguments: object) -> Ran:
    return await run("db", "upgrade", *arguments, KURSPLAN_DATABASE_URL=url)


async def test_it_says_what_it_will_do_and_does_it(
    kind: str, empty_url: str, next_version: NextVersion
) -> None:
    old, newest = schema.newest(), f"{int(schema.newest()) + 1:04}"

    async def of_the_next(*arguments: object) -> list[str]:
        ran = await asyncio.to_thread(next_version.run, empty_url, "db", *arguments)
        assert (ran.returncode, ran.stderr) == (0, "")
        return ran.stdout.splitlines()

    empty = await of_the_next("upgrade", "--dry-run")
    assert empty == [f"The database is empty; it would have schema {newest}."]
    await upgrade(empty_url)

    *steps, last = await of_the_next("upgrade", "--dry-run")
    waits = {
        "sqlite": ["Who writes waits as long as a step takes."],
        "postgresql": [
            "        slot: who writes to it waits until that is made",
            "        booking: who uses it waits for a moment",
            "        customer: who uses it waits for a moment",
        ],
    }
    assert steps == [
        f"From schema {old} to {newest}:",
        f"  {newest}  Made up.",
        *waits[kind],
        "Servers of the version before may go on meanwhile, and be restarted afterwards.",
    ]
    assert last == "Nothing is done."
    assert (await run("db", "check", KURSPLAN_DATABASE_URL=empty_url)).status == 0

    done = await of_the_next("upgrade")
    assert done[: len(steps)] == steps
    took, now = done[-2:]
    assert re.fullmatch(r"That took \d+\.\d seconds\.", took)
    assert now == f"The database has schema {newest}."
    again = await of_the_next("upgrade", "--dry-run")
    there = f"the database has schema {newest}, as this version needs it"
    assert again == [f"There is nothing to do: {there}."]

    # The version before has nothing to do, and says why.
    for words in (("upgrade",), ("upgrade", "--dry-run"), ("check",)):
        of_the_older = await run("db", *words, KURSPLAN_DATABASE_URL=empty_url)
        assert of_the_older.status == 0
        assert f"on which this one, made for {old}, runs as well" in of_the_older.out


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_a_backup_of_an_older_version_tells_how_long_its_upgrade_takes(
    empty_url: str, tmp_path: Path, next_version: NextVersion
) -> None:
    await upgrade(empty_url)
    backup = tmp_path / "backup.db"
    with closing(sqlite3.connect(empty_url.removeprefix("sqlite:///"))) as opened:
        opened.execute("VACUUM INTO ?", (str(backup),))

    told = await asyncio.to_thread(next_version.run, empty_url, "restore", backup, "--check")

    assert (told.returncode, told.stderr) == (0, "")
    can_be, brings = told.stdout.splitlines()
    assert can_be == f"{backup} can be restored: it has schema {schema.newest()}."
    assert re.fullmatch(
        r"`kursplan db upgrade` brings it to \d{4}; in the copy that took \d+\.\d seconds\.", brings
    )


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_the_database_of_a_newer_version_is_left_alone(empty_url: str) -> None:
    await upgrade(empty_url)
    with closing(sqlite3.connect(empty_url.removeprefix("sqlite:///"), isolation_level=None)) as it:
        it.execute("UPDATE alembic_version SET version_num = '9999'")
        it.execute("UPDATE schema_runs_from SET revision = '9998'")
    for arguments in ((), ("--dry-run",)):
        told = await upgrade(empty_url, *arguments)
        assert (told.status, told.out) == (1, "")
        assert "on which versions from schema 9998 on run" in told.err


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_who_holds_a_table_keeps_the_upgrade_back_and_nobody_else(
    gym: Gym, database_url: str, in_three_days: date, next_version: NextVersion
) -> None:
    slot = await gym.slot("spin", day=in_three_days, seats=None)

    async def upgrade_it(*arguments: object) -> tuple[int, str, str]:
        ran = await asyncio.to_thread(next_version.run, database_url, "db", "upgrade", *arguments)
        return ran.returncode, ran.stdout, ran.stderr

    holder = await asyncpg.connect(database_url, server_settings={"application_name": "report"})
    holds = holder.transaction()
    await holds.start()
    await holder.fetch("SELECT count(*) FROM booking")
    trying = asyncio.create_task(upgrade_it("--patience", 2))
    while not trying.done():
        await gym.booked(await gym.customer(), slot)
        await asyncio.sleep(0.1)
    status, told, trouble = await trying
    assert status == 1
    who = f"process {holder.get_server_pid()} of the database (report)"
    assert f"Waiting: {who} is in the way; all others pass, and it is tried again." in told
    assert f"{who} held tables for longer than 2 seconds" in trouble
    assert (await schema.standing(gym.database)).revision == schema.newest()

    patient = asyncio.create_task(upgrade_it())
    await asyncio.sleep(2)
    await holds.rollback()
    await holder.close()
    status, _, trouble = await patient
    assert (status, trouble) == (0, "")
    assert (await schema.standing(gym.database)).is_ahead
