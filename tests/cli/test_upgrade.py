"""`kursplan db upgrade` says what it does before and after; `kursplan restore --check` tries it in a copy."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection

from kursplan.store.engine import schema
from kursplan.store.engine.database import connect
from tests.cli.conftest import Ran, run
from tests.postgres import create_database, drop_database

OLD = "0014"
STEPS = [each for each in sorted(schema.revisions()) if each > OLD]


@pytest.fixture
def empty_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database in which nothing is yet."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'kursplan.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    url = asyncio.run(create_database(server))
    yield url
    asyncio.run(drop_database(server, url))


async def upgraded_to(url: str, revision: str) -> None:
    """As an older version left it."""

    def work(tx: Connection) -> None:
        command.upgrade(schema._config(tx), revision)

    database = connect(url)
    await database.migrate(work)
    await database.close()


async def upgrade(url: str, *arguments: object) -> Ran:
    return await run("db", "upgrade", *arguments, KURSPLAN_DATABASE_URL=url)


async def test_it_says_what_it_will_do_and_does_it(empty_url: str) -> None:
    newest = schema.newest()
    empty = await upgrade(empty_url, "--dry-run")
    assert empty.out == f"The database is empty; it would have schema {newest}.\n"
    await upgraded_to(empty_url, OLD)

    told = await upgrade(empty_url, "--dry-run")
    assert (told.status, told.err) == (0, "")
    first, *steps, last = told.out.splitlines()
    assert (first, last) == (f"From schema {OLD} to {newest}:", "Nothing is done.")
    assert [each.split()[0] for each in steps] == STEPS
    assert any(each.startswith("  0015  Which rooms are shared") for each in steps)
    assert (await run("db", "check", KURSPLAN_DATABASE_URL=empty_url)).status == 1

    done = await upgrade(empty_url)
    assert done.out.splitlines()[: len(steps) + 1] == [first, *steps]
    took, now = done.out.splitlines()[-2:]
    assert re.fullmatch(r"That took \d+\.\d seconds\.", took)
    assert now == f"The database has schema {newest}."
    again = await upgrade(empty_url, "--dry-run")
    assert again.out == f"The database has schema {newest}; there is nothing to do.\n"


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_a_backup_of_an_older_version_tells_how_long_its_upgrade_takes(
    empty_url: str, tmp_path: Path
) -> None:
    await upgraded_to(empty_url, OLD)
    backup = tmp_path / "backup.db"
    with closing(sqlite3.connect(empty_url.removeprefix("sqlite:///"))) as opened:
        opened.execute("VACUUM INTO ?", (str(backup),))

    told = await run("restore", backup, "--check")

    assert (told.status, told.err) == (0, "")
    can_be, brings = told.out.splitlines()
    assert can_be == f"{backup} can be restored: it has schema {OLD}."
    assert re.fullmatch(
        rf"`kursplan db upgrade` brings it to {schema.newest()}; in the copy that took \d+\.\d seconds\.",
        brings,
    )


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_the_database_of_a_newer_version_is_left_alone(empty_url: str) -> None:
    await upgrade(empty_url)
    with closing(sqlite3.connect(empty_url.removeprefix("sqlite:///"), isolation_level=None)) as it:
        it.execute("UPDATE alembic_version SET version_num = '9999'")
    for arguments in ((), ("--dry-run",)):
        told = await upgrade(empty_url, *arguments)
        assert (told.status, told.out) == (1, "")
        assert "so a newer version used it" in told.err
