"""What goes wrong is told in a line on standard error, with exit status 1, and 2 for wrong use."""

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url, text

from kursplan.store.engine.database import Database, connect
from tests.cli.conftest import Kursplan, Ran, listed, run
from tests.gym import Gym


async def test_all_mistakes_in_the_settings_are_told_together() -> None:
    ran = await run("slot", "list", KURSPLAN_PORT="eighty", KURSPLAN_DATABSE_URL="sqlite:///x.db")

    assert (ran.status, ran.out) == (1, "")
    assert ran.err.splitlines() == [
        "kursplan: KURSPLAN_DATABSE_URL is no setting; is KURSPLAN_DATABASE_URL meant?",
        "kursplan: KURSPLAN_PORT: 'eighty' is not a number from 0 to 65535",
    ]


async def test_a_database_that_is_not_there_is_not_made_by_looking_for_it(tmp_path: Path) -> None:
    file = tmp_path / "kursplan.db"

    ran = await run("slot", "list", KURSPLAN_DATABASE_URL=f"sqlite:///{file}")

    assert ran.status == 1
    assert ran.err.startswith(
        f"kursplan: the database can't be used: there is no database at {file}"
    )
    assert not file.exists()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://nobody@127.0.0.1:1/kursplan",
        "postgresql://nobody@host.invalid/kursplan",
        "sqlite:////dev/null/kursplan.db",
    ],
)
async def test_a_database_that_can_not_be_reached_is_told(url: str) -> None:
    ran = await run("db", "upgrade", KURSPLAN_DATABASE_URL=url)

    assert ran.status == 1
    assert ran.err.startswith("kursplan: the database ")
    assert len(ran.err.splitlines()) == 1


def in_a_process(*words: object, url: str, most_bytes: int | None = None, **streams: Any) -> Ran:
    """Run the command in a process of its own, where no file may become longer than so many bytes."""

    def limit() -> None:
        if most_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    ran = subprocess.run(
        [sys.executable, "-m", "kursplan", *map(str, words)],
        env=os.environ | {"KURSPLAN_DATABASE_URL": url},
        check=False,
        text=True,
        preexec_fn=limit,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams,
    )
    return Ran(ran.returncode, ran.stdout or "", ran.stderr)


GYM = """
organization: {key: rooms, name: Rooms}
studios: [{key: north, name: North, zone: Europe/Oslo, language: nb}]
"""


def test_a_load_without_room_ends_with_a_sentence(sqlite_database: str, tmp_path: Path) -> None:
    file = tmp_path / "gym.yaml"
    file.write_text(GYM)

    ran = in_a_process("gym", "load", file, url=sqlite_database, most_bytes=32768)

    assert (ran.status, ran.out) == (1, "")
    [line] = ran.err.splitlines()
    assert line.startswith("kursplan: the database can't ")
    assert "the disk can't be read or written (SQLITE_IOERR_" in line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="There is no full device here.")
def test_where_what_is_told_can_not_be_written_that_is_told(sqlite_database: str) -> None:
    with Path("/dev/full").open("w") as full:
        ran = in_a_process("gym", "schema", url=sqlite_database, stdout=full)

    assert ran.status == 1
    assert ran.err == "kursplan: [Errno 28] No space left on device\n"


def empty_all_but_the_header(file: Path) -> str:
    """It can be opened, and then nothing is found in it."""
    with file.open("r+b") as opened:
        opened.seek(100)
        opened.write(b"\xff" * (file.stat().st_size - 100))
    return "database disk image is malformed"


def write_something_else(file: Path) -> str:
    file.write_bytes(b"no database at all" * 1000)
    return "file is not a database"


@pytest.mark.parametrize("spoil", [empty_all_but_the_header, write_something_else])
async def test_a_file_that_is_no_database_or_a_broken_one_is_told(
    sqlite_database: str, spoil: Callable[[Path], str]
) -> None:
    says = spoil(Path(sqlite_database.removeprefix("sqlite:///")))

    for command in (("slot", "list"), ("doctor",), ("db", "upgrade")):
        ran = await run(*command, KURSPLAN_DATABASE_URL=sqlite_database)
        assert (ran.status, ran.out) == (1, "")
        assert ran.err == f"kursplan: the database can't be used: {says}\n"


async def test_a_file_that_breaks_after_the_first_contact_is_told(
    sqlite_database: str, tmp_path: Path
) -> None:
    """Every contact is translated, not only the first."""
    file = Path(sqlite_database.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(file, isolation_level=None)) as opened:
        opened.execute("DROP TABLE organization_directory")

    ran = await run("slot", "list", KURSPLAN_DATABASE_URL=sqlite_database)

    assert (ran.status, ran.out) == (1, "")
    assert ran.err == (
        "kursplan: the database can't be used: no such table: organization_directory\n"
    )


async def test_a_search_path_without_a_schema_is_told(postgres_database: str) -> None:
    connection = await asyncpg.connect(postgres_database)
    name = make_url(postgres_database).database
    await connection.execute(f'ALTER DATABASE "{name}" SET search_path = nowhere')
    await connection.close()

    for command in (("slot", "list"), ("db", "check"), ("db", "upgrade")):
        ran = await run(*command, KURSPLAN_DATABASE_URL=postgres_database)
        assert (ran.status, ran.out) == (1, ""), command
        assert len(ran.err.splitlines()) == 1, ran.err


async def test_a_missing_postgresql_database_is_told(postgres_server: str) -> None:
    url = postgres_server.replace("/postgres", "/not_there")

    ran = await run("db", "check", KURSPLAN_DATABASE_URL=url)

    assert ran.status == 1
    assert "not_there" in ran.err
    assert len(ran.err.splitlines()) == 1


async def test_a_database_without_the_schema_is_upgraded_only_when_asked(tmp_path: Path) -> None:
    file = tmp_path / "kursplan.db"
    file.touch()
    url = f"sqlite:///{file}"
    empty = connect(url)
    await empty.write(lambda tx: tx.execute(text("CREATE TABLE something (number INTEGER)")))
    await empty.close()

    before = await run("db", "check", KURSPLAN_DATABASE_URL=url)
    upgraded = await run("db", "upgrade", KURSPLAN_DATABASE_URL=url)
    after = await run("db", "check", KURSPLAN_DATABASE_URL=url)

    assert (before.status, upgraded.status, after.status) == (1, 0, 0)
    assert "run `kursplan db upgrade`" in before.err


async def test_a_schema_of_another_version_stops_every_command_but_the_upgrade(
    kursplan: Kursplan, gym: Gym, database: Database
) -> None:
    for newer in (
        "UPDATE alembic_version SET version_num = '9999'",
        "UPDATE schema_runs_from SET revision = '9999'",
    ):
        await database.write(lambda tx, newer=newer: tx.execute(text(newer)))

    ran = await kursplan("slot", "list")

    assert ran.status == 1
    assert ran.err.startswith("kursplan: the database has schema 9999, on which versions from")


async def test_without_an_organization_the_first_step_is_named(
    kursplan: Kursplan, database: Database
) -> None:
    ran = await kursplan("class", "list")
    assert ran.status == 1
    assert "kursplan gym load FILE" in ran.err


async def test_of_several_organizations_one_has_to_be_named(kursplan: Kursplan, gym: Gym) -> None:
    other = await listed(await Gym(gym.database, gym.clock, first_id=1000).open())
    await other.klass("boxing")

    unsaid = await kursplan("class", "list")
    unknown = await kursplan("class", "list", "--organization", "gym-7")
    named = await kursplan("class", "list", "--json", "--organization", "gym-1000")

    assert unsaid.status == 2
    assert "--organization gym-1 or gym-1000" in unsaid.err
    assert unknown.status == 1
    assert [each["key"] for each in named.json] == ["boxing"]


async def test_wrong_use_has_a_status_of_its_own(kursplan: Kursplan, gym: Gym) -> None:
    for wrong in (
        ("slot", "move", 1),
        ("slot", "capacity", 1),
        ("slot", "capacity", 1, "--seats", "many"),
        ("slot", "stand-in", 1, "--by", "ina", "--remove", "--for", "tom"),
        ("slot", "show", "first"),
        ("booking", "list"),
        ("booking", "list", "--slot", 1, "--customer", 1),
        ("booking", "participation", 1, "PERHAPS"),
        ("studio", "close", "berlin"),
        ("serve", "--port", "70000"),
        ("nothing",),
    ):
        ran = await kursplan(*wrong)
        assert (ran.status, ran.out) == (2, ""), wrong
        assert ran.err, wrong


async def test_a_refusal_is_told_with_what_it_is_about(kursplan: Kursplan, gym: Gym) -> None:
    for unknown, says in (
        (("slot", "show", 7), "There is no such slot: 7 (CLASS_SLOT_NOT_FOUND)"),
        (("slot", "cancel", 7), "There is no such slot: 7 (CLASS_SLOT_NOT_FOUND)"),
        (("booking", "cancel", 7), "There is no such booking: 7 (BOOKING_NOT_FOUND)"),
        (("booking", "list", "--customer", 7), "There is no such customer: 7 (CUSTOMER_NOT_FOUND)"),
        (("studio", "open", "berlin", "x"), "berlin has no closure 'x' that is not over"),
        (("slot", "list", "--studio", "paris"), "there is no studio 'paris': it is berlin"),
        (("key", "revoke", 7), "there is no key 7 that works"),
    ):
        ran = await kursplan(*unknown)
        assert (ran.status, ran.out) == (1, ""), unknown
        assert ran.err.startswith(f"kursplan: {says}"), ran.err
