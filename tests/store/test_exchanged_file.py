"""What becomes of SQLite's file while a server has it open: it is exchanged, or can't be written to."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from structlog.testing import capture_logs

from kursplan.store.engine.database import Database, connect
from kursplan.store.engine.server_mark import REMEDY, beside
from kursplan.store.engine.sqlite_file import LONGEST_WAL, SAVING, DatabaseFile, connection
from kursplan.store.engine.trouble import DatabaseUnavailable


@pytest.fixture
def file(sqlite_template: Path, tmp_path: Path) -> Path:
    """A database with the schema and nothing in it."""
    made = tmp_path / "kursplan.db"
    shutil.copyfile(sqlite_template, made)
    return made


@pytest.fixture
async def server(file: Path) -> AsyncIterator[Database]:
    """The database as a server has it open, with one rate."""
    opened = connect(f"sqlite:///{file}", serves=True)
    await opened.write(add_rate)
    yield opened
    await opened.close()


@pytest.fixture
def backup(server: Database, file: Path) -> Path:
    """What the operator's page says how to make; the server had one rate by then."""
    made = file.with_name("backup.db")
    ask(file, f"VACUUM INTO '{made}'")
    return made


def add_rate(tx: Connection) -> None:
    number = rates(tx) + 1
    tx.execute(
        text("INSERT INTO rate (organization_id, id, key, name) VALUES (1, :id, :key, 'Basic')"),
        {"id": number, "key": f"rate-{number}"},
    )


def rates(tx: Connection) -> int:
    return tx.execute(text("SELECT count(*) FROM rate")).scalar_one()


def ask(file: Path, sql: str) -> list[tuple[int, ...]]:
    """Have another program do it, as SQLite's own does."""
    code = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1], isolation_level=None).execute(sys.argv[2]).fetchall())"
    ran = subprocess.run(
        [sys.executable, "-c", code, str(file), sql], check=True, capture_output=True, text=True
    )
    return eval(ran.stdout)  # noqa: S307 - what the line above has printed


def run(*words: object) -> bytes:
    """Run a program, as an operator does.

    Also because a process that itself opens and closes the file loses what SQLite has locked there.
    """
    return subprocess.run([str(each) for each in words], check=True, capture_output=True).stdout


async def why_unavailable(database: Database, work: Callable[[Connection], object]) -> str:
    with pytest.raises(DatabaseUnavailable) as unavailable:
        await database.write(work)
    return str(unavailable.value)


def remove(file: Path, _: Path) -> str:
    run("rm", file)
    return f"is gone: {REMEDY}"


def move_into_place(file: Path, backup: Path) -> str:
    run("mv", backup, file)
    return f"is another file now: {REMEDY}"


def copy_over(file: Path, backup: Path) -> str:
    run("cp", backup, file)
    return f"was written over: {REMEDY}"


def remove_the_wal(file: Path, _: Path) -> str:
    run("rm", beside(file, "-wal"))
    return f"has lost its kursplan.db-wal: {SAVING}"


def remove_all(file: Path, _: Path) -> str:
    run("rm", *file.parent.glob("kursplan.db*"))
    return f"is gone: {REMEDY}"


EXCHANGES = [remove, move_into_place, copy_over, remove_the_wal, remove_all]


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_on_an_exchanged_file_nothing_is_promised(
    server: Database, file: Path, backup: Path, exchange: Callable[[Path, Path], str]
) -> None:
    await server.write(add_rate)
    reason = exchange(file, backup)

    with capture_logs() as logged:
        for _ in range(2):
            assert await why_unavailable(server, add_rate) == f"kursplan.db {reason}"
            with pytest.raises(DatabaseUnavailable) as unavailable:
                await server.read(rates)
            assert str(unavailable.value) == f"kursplan.db {reason}"

    # The log says it once, with what to do.
    assert [(each["event"], each["file"], each["reason"]) for each in logged] == [
        ("the database file was exchanged", str(file), reason)
    ]


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_what_is_committed_while_the_file_is_exchanged_is_promised_to_nobody(
    server: Database, file: Path, backup: Path, exchange: Callable[[Path, Path], str]
) -> None:
    """The last look is after the commit: whatever came before it was in the file."""

    reasons = []

    def between_two_looks(tx: Connection) -> None:
        add_rate(tx)
        reasons.append(exchange(file, backup))

    told = await why_unavailable(server, between_two_looks)
    assert [told] == [f"kursplan.db {reason}" for reason in reasons]


@pytest.mark.parametrize("exchange", [move_into_place, copy_over])
async def test_a_server_that_stops_leaves_the_file_in_its_place_alone(
    file: Path, exchange: Callable[[Path, Path], str]
) -> None:
    """Whoever closes last would bring the `-wal` into it."""
    server = connect(f"sqlite:///{file}", serves=True)
    await server.write(add_rate)
    backup = file.with_name("backup.db")
    ask(file, f"VACUUM INTO '{backup}'")
    kept = run("cat", backup)
    for _ in range(3):
        await server.write(add_rate)
    exchange(file, backup)

    await server.close()

    assert run("cat", file) == kept


async def test_when_the_file_is_back_the_server_goes_on_by_itself(
    server: Database, file: Path, backup: Path
) -> None:
    away = file.with_name("away.db")
    run("mv", file, away)
    run("cp", backup, file)
    assert "is another file now" in await why_unavailable(server, add_rate)

    run("mv", away, file)

    await server.write(add_rate)
    assert await server.read(rates) == 2
    assert ask(file, "SELECT count(*) FROM rate") == [(2,)]
    assert ask(file, "PRAGMA integrity_check") == [("ok",)]


async def test_what_was_written_to_while_the_file_was_away_is_not_gone_on_with(
    server: Database, file: Path, backup: Path
) -> None:
    """Another program has met another file, and the server's `-wal` beside it."""
    away = file.with_name("away.db")
    run("mv", file, away)
    run("cp", backup, file)
    assert "is another file now" in await why_unavailable(server, add_rate)
    stranger = sqlite3.connect(file)
    stranger.execute("PRAGMA user_version = 5")

    run("mv", away, file)

    told = await why_unavailable(server, add_rate)
    assert told == f"kursplan.db was away, and kursplan.db-wal was written to meanwhile: {REMEDY}"
    stranger.close()


async def test_a_server_that_lost_its_wal_writes_down_what_was_in_it_when_it_stops(
    file: Path,
) -> None:
    server = connect(f"sqlite:///{file}", serves=True)
    for _ in range(3):
        await server.write(add_rate)
    remove_the_wal(file, file)
    assert SAVING in await why_unavailable(server, rates)

    await server.close()

    assert ask(file, "SELECT count(*) FROM rate") == [(3,)]
    assert ask(file, "PRAGMA integrity_check") == [("ok",)]


# --- What others do beside a server --------------------------------------------------------------


async def test_while_a_server_lives_nobody_else_writes_to_its_file(
    server: Database, file: Path
) -> None:
    """Only so a change of the file is a sign. They commit all the same, into the `-wal`."""
    before = run("cat", file)
    ask(file, "INSERT INTO rate (organization_id, id, key, name) VALUES (1, 9, 'nine', 'Nine')")
    ask(file, "PRAGMA wal_checkpoint(PASSIVE)")

    assert run("cat", file) == before
    assert await server.read(rates) == 2
    await server.write(add_rate)


def test_a_long_wal_is_brought_to_its_place(file: Path) -> None:
    server = DatabaseFile(file, 2.0, serves=True)
    server.open()
    writer = connection(file, 2.0, "wal_autocheckpoint = 0")
    writer.execute("CREATE TABLE filling (words TEXT)")
    rows = [("x" * 3000,)] * (LONGEST_WAL + 1)
    for _ in range(2):
        writer.execute("BEGIN")
        writer.executemany("INSERT INTO filling VALUES (?)", rows)
        writer.execute("COMMIT")

        server.tend()

        assert file.stat().st_size > beside(file, "-wal").stat().st_size - 1_000_000
        server.look_after_commit()
    # The second took the place of the first in it.
    assert beside(file, "-wal").stat().st_size < file.stat().st_size * 0.6
    writer.close()
    server.close()


def test_a_long_wal_is_not_brought_into_another_file(file: Path) -> None:
    server = DatabaseFile(file, 2.0, serves=True)
    server.open()
    backup = file.with_name("backup.db")
    ask(file, f"VACUUM INTO '{backup}'")
    writer = connection(file, 2.0, "wal_autocheckpoint = 0")
    writer.execute("CREATE TABLE filling (words TEXT)")
    writer.execute("BEGIN")
    writer.executemany("INSERT INTO filling VALUES (?)", [("x" * 3000,)] * (LONGEST_WAL + 1))
    writer.execute("COMMIT")
    copy_over(file, backup)

    server.tend()

    assert run("cat", file) == run("cat", backup)
    with pytest.raises(DatabaseUnavailable, match="was written over"):
        server.look()
    server.close()
    writer.close()
    assert run("cat", file) == run("cat", backup)


async def test_who_reads_an_old_state_for_long_keeps_the_server_from_nothing(
    file: Path, backup: Path, server: Database
) -> None:
    reader = sqlite3.connect(file, isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM rate").fetchall() == [(1,)]
    later = connect(f"sqlite:///{file}", serves=True)
    for _ in range(3):
        await server.write(add_rate)
        await later.write(add_rate)
    reader.close()
    await later.close()
    assert await server.read(rates) == 7


CHECKPOINTING = """
import fcntl, sys
with open(sys.argv[1] + "-shm", "r+b") as shared:
    fcntl.lockf(shared, fcntl.LOCK_EX, 1, 121)
    print(flush=True)
    input()
"""
"""Holds what SQLite does as long as it brings pages from the `-wal` to their place."""


async def test_while_another_program_brings_pages_to_their_place_the_file_is_not_yet_known(
    file: Path,
) -> None:
    """What the server took for the file by then would be another one a moment later."""
    beside_the_server = connection(file, 1)
    beside_the_server.execute("SELECT count(*) FROM rate").fetchone()
    pipe = subprocess.PIPE
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHECKPOINTING, file, stdin=pipe, stdout=pipe
    )
    assert other.stdout is not None
    await other.stdout.readline()
    server = connect(f"sqlite:///{file}", serves=True)
    await server.write(add_rate)
    await other.communicate(b"\n")

    ask(file, "PRAGMA wal_checkpoint")
    await server.write(add_rate)

    assert await server.read(rates) == 2
    await server.close()
    beside_the_server.close()


async def test_a_command_does_not_take_another_file_for_that_of_the_server(
    server: Database, file: Path, backup: Path
) -> None:
    for exchange in (copy_over, move_into_place):
        again = file.with_name("again.db")
        run("cp", backup, again)
        exchange(file, again)
        command = connect(f"sqlite:///{file}")
        with pytest.raises(DatabaseUnavailable, match="is not the file that its server opened"):
            await command.read(rates)
        await command.close()


KILLED = """
import asyncio, os, sys
from kursplan.store.engine.database import connect
from tests.store.test_exchanged_file import add_rate

async def serve():
    server = connect(sys.argv[1], serves=True)
    for _ in range(3):
        await server.write(add_rate)
    os.kill(os.getpid(), 9)

asyncio.run(serve())
"""


@pytest.fixture
def killed(file: Path) -> Path:
    """The file of a server that was killed after it had added three rates."""
    process = subprocess.run([sys.executable, "-c", KILLED, f"sqlite:///{file}"], check=False)
    assert process.returncode == -9
    assert beside(file, "-wal").stat().st_size > 0
    return file


async def test_a_killed_server_leaves_all_that_it_has_promised(killed: Path) -> None:
    again = connect(f"sqlite:///{killed}", serves=True)
    assert await again.read(rates) == 3
    await again.close()


@pytest.mark.parametrize("serves", [True, False], ids=["server", "command"])
async def test_what_a_killed_server_left_spoils_no_other_file(
    killed: Path, sqlite_template: Path, serves: bool
) -> None:
    """SQLite would bring the old `-wal` into it, and both would be broken."""
    shutil.copyfile(sqlite_template, killed)
    database = connect(f"sqlite:///{killed}", serves=serves)
    with pytest.raises(DatabaseUnavailable, match="was left by a server that was killed"):
        await database.read(rates)
    await database.close()

    beside(killed, "-wal").unlink()
    beside(killed, "-shm").unlink()
    database = connect(f"sqlite:///{killed}", serves=serves)
    assert await database.read(rates) == 0
    await database.close()


async def test_a_folder_may_be_copied_whole(killed: Path, tmp_path: Path) -> None:
    """Other inodes and times, and still the file that the `-wal` belongs to."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for each in killed.parent.glob("kursplan.db*"):
        shutil.copyfile(each, elsewhere / each.name)
    database = connect(f"sqlite:///{elsewhere / killed.name}")
    assert await database.read(rates) == 3
    await database.close()


# --- What the disk does -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pragma", "says"),
    [
        ("max_page_count = 1", "the disk is full (SQLITE_FULL)"),
        ("query_only = ON", "it may only be read (SQLITE_READONLY)"),
    ],
)
async def test_where_nothing_can_be_written_it_is_told_until_it_can_again(
    server: Database, pragma: str, says: str
) -> None:
    """Each is a limit of the one connection that writes, which is dropped for it."""
    await server.check_writable()
    await server.write(lambda tx: tx.exec_driver_sql(f"PRAGMA {pragma}"))

    def fill(tx: Connection) -> None:
        tx.execute(text("CREATE TABLE filling AS SELECT zeroblob(1000000)"))

    assert await why_unavailable(server, fill) == f"kursplan.db: {says}"
    assert await server.read(rates) == 1

    await server.check_writable()
    await server.write(add_rate)
    assert await server.read(rates) == 2
