"""Backups: made while people book, restored to what was promised, and checked before they are needed (F57)."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import asyncpg
import httpx
import pytest
from sqlalchemy import make_url, select, text

from kursplan.store import tables
from kursplan.store.engine.database import connect
from kursplan.store.engine.schema import newest
from tests.cli.conftest import Kursplan, Ran, run
from tests.gym import Gym
from tests.postgres import create_database, drop_database
from tests.races.servers import KursplanServer
from tests.throwaway import not_installed

KURSPLAN = [sys.executable, "-m", "kursplan"]
BOOK = "/v1/classes/booking/book"
AHEAD = 10
"""Bookings that are answered before a backup begins."""


@pytest.fixture(autouse=True)
def programs(kind: str) -> None:
    """PostgreSQL's own, which are not always where they are looked for."""
    if kind == "postgresql" and shutil.which("pg_dump") is None:
        not_installed("pg_dump", "install it (Debian, Ubuntu: apt-get install postgresql-client).")


@asynccontextmanager
async def elsewhere(kind: str, tmp_path: Path, server: str | None) -> AsyncIterator[str]:
    """The URL of a place in which there is nothing yet."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'elsewhere.db'}"
        return
    assert server is not None
    url = await create_database(server)
    yield url
    await drop_database(server, url)


@pytest.fixture
def server(kind: str, request: pytest.FixtureRequest) -> str | None:
    return str(request.getfixturevalue("postgres_server")) if kind == "postgresql" else None


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    """A folder for them."""
    made = tmp_path / "backups"
    made.mkdir()
    return made


def files_in(folder: Path) -> set[Path]:
    return set(folder.iterdir())


def the_one_in(folder: Path) -> Path:
    [file] = folder.iterdir()
    return file


async def bookings_in(url: str) -> set[int]:
    database = connect(url)
    try:
        return set(
            await database.read(lambda tx: tx.execute(select(tables.booking.c.id)).scalars())
        )
    finally:
        await database.close()


class Crowd:
    """People who book, one after the other, until they are told to stop."""

    def __init__(self, url: str, api_key: str, slot: int, customers: list[int]) -> None:
        self._client = httpx.AsyncClient(base_url=url, headers={"X-API-KEY": api_key}, timeout=60)
        self._slot, self._customers = slot, customers
        self.promised: list[int] = []
        self._is_enough = False
        self.went_on = asyncio.Event()

    async def book(self) -> None:
        while self._customers and not self._is_enough:
            await asyncio.sleep(0.02)
            place = {"customerId": self._customers.pop(), "classSlotId": self._slot}
            answer = await self._client.post(BOOK, json=place)
            assert answer.status_code == httpx.codes.OK, answer.text
            self.promised.append(answer.json()["bookingId"])
            if len(self.promised) >= AHEAD:
                self.went_on.set()

    def stop(self) -> None:
        self._is_enough = True

    async def __aenter__(self) -> Crowd:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()


async def test_what_was_answered_before_a_backup_began_is_in_it(
    gym: Gym,
    database_url: str,
    kind: str,
    backups: Path,
    tmp_path: Path,
    server: str | None,
    in_three_days: date,
) -> None:
    slot = await gym.slot("spin", day=in_three_days, seats=None)
    customers = await gym.customers(400)
    api_key = await gym.key()
    serving = await asyncio.to_thread(KursplanServer, database_url)
    try:
        async with Crowd(serving.url, api_key, slot, customers) as crowd:
            booking = [asyncio.create_task(crowd.book()) for _ in range(2)]
            await crowd.went_on.wait()
            before = set(crowd.promised)
            made = await run("backup", backups, KURSPLAN_DATABASE_URL=database_url)
            meanwhile = set(crowd.promised)
            crowd.stop()
            await asyncio.gather(*booking)
    finally:
        await asyncio.to_thread(serving.stop)
    assert (made.status, made.err) == (0, "")
    assert len(meanwhile) > len(before), "nobody booked meanwhile"
    file = the_one_in(backups)
    assert file.stat().st_mode & 0o777 == 0o600

    async with elsewhere(kind, tmp_path, server) as url:
        restored = await run("restore", file, "--yes", KURSPLAN_DATABASE_URL=url)
        assert (restored.status, restored.err) == (0, "")
        assert before <= await bookings_in(url)
        doctor = await run("doctor", "--patience", 0, KURSPLAN_DATABASE_URL=url)
        assert (doctor.status, doctor.out) == (0, f"gym-{gym.organization}: all is well.\n")
        # And not a second time over what is there by now.
        again = await run("restore", file, "--yes", KURSPLAN_DATABASE_URL=url)
        assert again.status == (1 if kind == "postgresql" else 0)


async def test_a_backup_is_checked_in_a_copy_and_what_is_wrong_with_it_is_told(
    gym: Gym, kursplan: Kursplan, backups: Path, kind: str, in_three_days: date, server: str | None
) -> None:
    slot = await gym.slot("spin", day=in_three_days, seats=1, waiting_list=1)
    first, second = await gym.customers(2)
    await gym.booked(first, slot)
    waiting = await gym.booked(second, slot)
    # Somebody may move up by now: the house would see to it within seconds.
    await gym.database.write(
        lambda tx: tx.execute(
            text("UPDATE slot SET max_participants = 2 WHERE id = :slot"), {"slot": slot}
        )
    )
    told = await kursplan("backup", backups, "--check")
    file = the_one_in(backups)
    assert (told.status, told.err) == (0, "")
    assert told.out.splitlines() == [
        f"{file} is a backup ({file.stat().st_size:,} bytes).",
        f"gym-{gym.organization}: all is well.",
        f"{file} can be restored: it has schema {newest()}.",
    ]
    assert (await gym.booking_now(waiting.booking_id)).status == "WAITING_LIST", (
        "the original moved"
    )

    await gym.database.write(
        lambda tx: tx.execute(text("UPDATE slot SET seats = 7 WHERE id = :slot"), {"slot": slot})
    )
    spoilt = backups / "spoilt"
    await kursplan("backup", spoilt)
    told = await kursplan("restore", spoilt, "--check")
    assert told.status == 1
    assert "COUNTS" in told.out
    assert f"slot {slot}" in told.out
    if server is not None:
        operator = await asyncpg.connect(server)
        assert (
            await operator.fetch("SELECT 1 FROM pg_database WHERE datname ~ '^kursplan_check'")
            == []
        )
        await operator.close()


async def test_half_a_backup_is_none(kursplan: Kursplan, gym: Gym, backups: Path) -> None:
    whole, half = backups / "whole", backups / "half"
    await kursplan("backup", whole)
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])

    for arguments in (("--check",), ("--yes",)):
        told = await kursplan("restore", half, *arguments)
        assert (told.status, told.out) == (1, "")
        assert told.err.startswith("kursplan: ")


async def test_a_folder_keeps_the_newest_and_everything_that_is_no_backup(
    kursplan: Kursplan, gym: Gym, backups: Path, kind: str
) -> None:
    ending = {"sqlite": "db", "postgresql": "dump"}[kind]
    olds = [backups / f"kursplan-2020010{day}T030000Z.{ending}" for day in range(1, 5)]
    others = [backups / "kursplan.db", backups / f"kursplan-20200101T030000Z.{ending}.age"]
    for each in (*olds, *others):
        each.write_text("old")

    told = await kursplan("backup", backups, "--keep", 3)

    assert [line for line in told.out.splitlines() if "removed" in line] == [
        f"{each} is removed." for each in olds[:2]
    ]
    left = files_in(backups)
    assert left > {*olds[2:], *others}
    assert len(left) == 5
    taken = await kursplan("backup", olds[2])
    assert (taken.status, olds[2].read_text()) == (1, "old")
    assert "no backup is ever written over" in taken.err
    alone = await kursplan("backup", backups / "one", "--keep", 3)
    assert (alone.status, (backups / "one").exists()) == (2, False)


def shell(command: str, database_url: str, **environment: str) -> Ran:
    ran = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command.replace("kursplan ", f"{shlex.join(KURSPLAN)} ")],
        env=os.environ | {"KURSPLAN_DATABASE_URL": database_url} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_it_is_encrypted_by_piping_it_on(gym: Gym, database_url: str, tmp_path: Path) -> None:
    if shutil.which("age") is None:
        not_installed("age", "install it (Debian, Ubuntu: apt-get install age).")
    key, sealed = tmp_path / "key.txt", tmp_path / "sealed.age"
    made = subprocess.run(["age-keygen", "-o", key], check=True, capture_output=True, text=True)
    recipient = made.stderr.split()[-1]

    written = shell(f"kursplan backup - | age -r {recipient} > {sealed}", database_url)
    assert (written.status, written.err) == (0, "")
    assert sealed.read_bytes().startswith(b"age-encryption.org/")
    checked = shell(f"age -d -i {key} {sealed} | kursplan restore --check -", database_url)

    assert (checked.status, checked.err) == (0, "")
    assert f"gym-{gym.organization}: all is well." in checked.out
    refused = shell("kursplan backup - --check | cat", database_url)
    assert (refused.status, refused.out) == (2, "")


# Of PostgreSQL alone.

POSTGRESQL = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)


@pytest.fixture
def watched_programs(tmp_path: Path) -> tuple[str, Path]:
    """A PATH on which the programs write down with what words they are called, and are themselves."""
    folder, noted = tmp_path / "programs", tmp_path / "noted"
    folder.mkdir()
    for name in ("pg_dump", "pg_restore", "createdb", "dropdb"):
        script = folder / name
        script.write_text(
            f'#!/bin/sh\necho {name} "$@" >> {noted}\nexec {shutil.which(name)} "$@"\n'
        )
        script.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}", noted


@POSTGRESQL
async def test_no_command_line_says_the_password_or_where_the_server_is(
    gym: Gym, database_url: str, backups: Path, watched_programs: tuple[str, Path]
) -> None:
    path, noted = watched_programs
    with_password = make_url(database_url).set(password="pa55 w0rd/?")
    url = with_password.render_as_string(hide_password=False)

    piped = f"kursplan backup - > {backups}/one && kursplan restore --check - < {backups}/one"
    made = shell(piped, url, PATH=path)

    assert (made.status, made.err) == (0, "")
    assert "standard input can be restored" in made.out
    words = noted.read_text()
    assert [line.split()[0] for line in words.splitlines()] == [
        "pg_dump",
        "createdb",
        "pg_restore",
        "dropdb",
    ]
    assert "pa55" not in words
    assert "127.0.0.1" not in words


@POSTGRESQL
async def test_what_is_missing_for_it_is_told(
    gym: Gym, database_url: str, backups: Path, server: str, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "bash").symlink_to("/bin/bash")
    told = shell(f"kursplan backup {backups}", database_url, PATH=str(bare))
    assert told.status == 1
    assert told.err == (
        "kursplan: there is no backup: pg_dump is not installed: it comes with PostgreSQL's client"
        " programs (Debian, Ubuntu: the package postgresql-client)\n"
    )
    assert files_in(backups) == set()

    made = await run("backup", backups / "one", KURSPLAN_DATABASE_URL=database_url)
    assert made.status == 0
    operator = await asyncpg.connect(server)
    await operator.execute("CREATE ROLE plain LOGIN")
    try:
        url = make_url(database_url).set(username="plain").render_as_string(hide_password=False)
        told = await run("restore", backups / "one", "--check", KURSPLAN_DATABASE_URL=url)
    finally:
        await operator.execute("DROP ROLE plain")
        await operator.close()
    assert told.status == 1
    assert "permission denied to create database" in told.err
    assert "CREATEDB" in told.err
