"""`kursplan restore`: a backup comes into the place of the database whole, or not at all."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from kursplan.store.engine import schema
from kursplan.store.engine.database import connect
from kursplan.store.engine.server_mark import beside
from tests.cli.conftest import Ran, run
from tests.databases import NextVersion


@pytest.fixture
def database(sqlite_database: str) -> Path:
    """A database in which nothing has happened."""
    return Path(sqlite_database.removeprefix("sqlite:///"))


@pytest.fixture
def backup(database: Path) -> Path:
    """One in which there is a rate."""
    made = database.with_name("backup.db")
    with closing(sqlite3.connect(database, isolation_level=None)) as opened:
        opened.execute("INSERT INTO rate (organization_id, id, key, name) VALUES (1, 1, 'a', 'A')")
        opened.execute("VACUUM INTO ?", (str(made),))
        opened.execute("DELETE FROM rate")
    return made


def rates(file: Path) -> int:
    with closing(sqlite3.connect(file)) as opened:
        [count] = opened.execute("SELECT count(*) FROM rate").fetchone()
    return int(count)


def restore(database: Path, *arguments: object) -> Ran:
    return on(database, "restore", *arguments)


def on(database: Path, *arguments: object) -> Ran:
    return asyncio.run(run(*arguments, KURSPLAN_DATABASE_URL=f"sqlite:///{database}"))


def test_a_backup_takes_the_place_and_what_was_there_is_kept(database: Path, backup: Path) -> None:
    database.chmod(0o640)
    for number in (1, 2):
        ran = restore(database, backup, "--yes")

        aside = beside(database, f".replaced-{number}")
        assert (ran.status, ran.err) == (0, "")
        assert ran.out.splitlines() == [
            f"{database} is what {backup} holds.",
            f"What was there before is {aside}.",
        ]
        assert rates(aside) == number - 1
        assert rates(database) == 1
    assert database.stat().st_mode & 0o777 == 0o640
    assert not beside(database, "-restoring").exists()
    assert on(database, "db", "check").status == 0


def test_where_nothing_was_a_database_is_made_for_its_owner_alone(
    database: Path, backup: Path
) -> None:
    database.unlink()
    beside(database, "-wal").write_bytes(b"of a database that was removed")

    ran = restore(database, backup, "--yes")

    assert ran.out == f"{database} is what {backup} holds.\n"
    assert database.stat().st_mode & 0o777 == 0o600
    assert rates(database) == 1


def test_what_a_killed_program_left_is_kept_with_the_file_that_it_belongs_to(
    database: Path, backup: Path
) -> None:
    code = (
        "import os, sqlite3, sys; opened = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "opened.execute('PRAGMA journal_mode = WAL');"
        "opened.executemany('INSERT INTO rate (organization_id, id, key, name) VALUES (1, ?, ?, 1)',"
        " [(1, 'a'), (2, 'b'), (3, 'c')]); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(database)], check=False)
    assert beside(database, "-wal").stat().st_size > 0

    ran = restore(database, backup, "--yes")

    assert ran.status == 0
    assert rates(database) == 1
    assert rates(beside(database, ".replaced-1")) == 3


def test_while_a_server_lives_or_somebody_has_the_file_open_nothing_is_restored(
    database: Path, backup: Path
) -> None:
    with asyncio.Runner() as server_at_work:
        server = connect(f"sqlite:///{database}", serves=True)
        server_at_work.run(schema.check(server))
        ran = restore(database, backup, "--yes")
        assert (ran.status, ran.out) == (1, "")
        assert ran.err == f"kursplan: a server lives on {database}: stop it first\n"
        server_at_work.run(server.close())

    code = (
        "import sqlite3, sys; opened = sqlite3.connect(sys.argv[1]);"
        "opened.execute('SELECT count(*) FROM rate').fetchone(); print(1, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        ran = restore(database, backup, "--yes")
        other.communicate(b"\n")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == f"kursplan: another program has {database} open: end it first\n"

    assert rates(database) == 0
    assert (restore(database, backup, "--yes")).status == 0


def damage(backup: Path) -> str:
    with backup.open("r+b") as opened:
        opened.seek(3 * 4096)
        opened.write(b"\xff" * 4096)
    return "is damaged: take another backup"


def take_another_program_s(backup: Path) -> str:
    with closing(sqlite3.connect(backup)) as opened:
        opened.execute("PRAGMA application_id = 7")
    return "is no backup of Kursplan's, but another program's database"


def take_an_empty_one(backup: Path) -> str:
    backup.write_bytes(b"")
    return "is no backup of Kursplan's: no such table: alembic_version"


def take_what_is_no_database(backup: Path) -> str:
    backup.write_bytes(b"-- a dump of a database\n" * 1000)
    return "can't be read as a database: file is not a database"


def take_one_of_a_newer_version(backup: Path) -> str:
    with closing(sqlite3.connect(backup, isolation_level=None)) as opened:
        opened.execute("UPDATE alembic_version SET version_num = '9999'")
        opened.execute("UPDATE schema_runs_from SET revision = '9998'")
    return "has schema 9999, on which this version does not run: restore it with the version that made it"


@pytest.mark.parametrize(
    "spoil",
    [
        damage,
        take_another_program_s,
        take_an_empty_one,
        take_what_is_no_database,
        take_one_of_a_newer_version,
    ],
)
def test_what_is_no_sound_backup_changes_nothing(
    database: Path, backup: Path, spoil: Callable[[Path], str]
) -> None:
    before = sorted(each.name for each in database.parent.iterdir())
    reason = spoil(backup)

    ran = restore(database, backup, "--yes")

    assert (ran.status, ran.out, ran.err) == (1, "", f"kursplan: {backup} {reason}\n")
    assert rates(database) == 0
    left = {each.name for each in database.parent.iterdir()} - {f"{database.name}-server"}
    assert sorted(left) == before


def test_an_older_backup_says_that_an_upgrade_comes_next(
    database: Path, backup: Path, next_version: NextVersion
) -> None:
    ran = next_version.run(f"sqlite:///{database}", "restore", backup, "--yes")

    assert ran.stdout.splitlines()[-1] == (
        f"It has schema {schema.newest()}: run `kursplan db upgrade` before you start the server."
    )


def test_it_is_asked_for_and_says_what_else_can_not_be_done(database: Path, backup: Path) -> None:
    for arguments, status, says in (
        ((backup,), 2, "nobody can be asked here: give --yes"),
        ((database, "--yes"), 1, f"{database} is the database itself"),
        ((database.parent / "none", "--yes"), 1, f"there is no file {database.parent / 'none'}"),
    ):
        ran = restore(database, *arguments)
        assert (ran.status, ran.out, ran.err) == (status, "", f"kursplan: {says}\n")
    assert rates(database) == 0

    url = "postgresql://nobody@127.0.0.1:1/none"
    elsewhere = asyncio.run(run("restore", backup, "--yes", KURSPLAN_DATABASE_URL=url))
    assert elsewhere.status == 1
    assert elsewhere.err == (
        f"kursplan: {backup} is no dump as `kursplan backup` makes it of PostgreSQL\n"
    )
