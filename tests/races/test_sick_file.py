"""A server of SQLite whose file is exchanged or can't be written to, in the middle of bookings."""

from __future__ import annotations

import asyncio
import resource
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from kursplan.store.engine.server_mark import REMEDY, beside
from tests.cli.conftest import run
from tests.gym import Gym
from tests.races.partner import Partner, at_once
from tests.races.servers import KursplanServer

CROWD = 160
SOME = 40
"""After so many answers the file is exchanged."""

pytestmark = pytest.mark.parametrize("kind", ["sqlite"])


class House:
    """A gym with one slot for everybody, in a file that only a server has open."""

    def __init__(self, file: Path, slot: int, crowd: list[int], api_key: str) -> None:
        self.file = file
        self.slot = slot
        self.crowd = crowd
        self.api_key = api_key
        self.backup = file.with_name("backup.db")
        self.began_with = file.with_name("began-with.db")
        shutil.copyfile(file, self.backup)
        shutil.copyfile(file, self.began_with)

    def partner(self, server: KursplanServer) -> Partner:
        return Partner([server], self.api_key)

    def booked_in_what_the_server_had(self) -> set[int]:
        """Nobody writes to the file itself while a server lives, so all else is in its `-wal`."""
        shutil.copyfile(beside(self.file, "-wal"), beside(self.began_with, "-wal"))
        return booked_in(self.began_with)


def booked_in(file: Path) -> set[int]:
    with closing(sqlite3.connect(file)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return {customer for (customer,) in opened.execute("SELECT customer_id FROM booking")}


@pytest.fixture
async def house(gym: Gym, database_url: str) -> House:
    slot = await gym.slot("spin", seats=None, day=gym.now.date() + timedelta(days=1))
    crowd = await gym.customers(CROWD)
    api_key = await gym.key()
    await gym.database.close()
    return House(Path(database_url.removeprefix("sqlite:///")), slot, crowd, api_key)


def remove(house: House) -> str:
    house.file.unlink()
    return "is gone"


def move_into_place(house: House) -> str:
    shutil.copyfile(house.backup, house.backup.with_name("moved.db"))
    house.backup.with_name("moved.db").replace(house.file)
    return "is another file now"


def copy_over(house: House) -> str:
    shutil.copyfile(house.backup, house.file)
    return "was written over"


def ready(server: KursplanServer) -> tuple[int, str]:
    answer = httpx.get(f"{server.url}/health/ready")
    return answer.status_code, answer.json().get("reason", "")


@pytest.mark.parametrize("exchange", [remove, move_into_place, copy_over])
async def test_every_booking_that_was_answered_is_in_the_file_that_the_server_had(
    house: House, database_url: str, exchange: Callable[[House], str]
) -> None:
    server = await asyncio.to_thread(KursplanServer, database_url)
    booked: set[int] = set()
    told: dict[int, str] = {}
    exchanged: asyncio.Future[str] | None = None

    try:
        async with house.partner(server) as partner:

            async def book(customer: int) -> str:
                nonlocal exchanged
                begins_after = exchanged is not None and exchanged.done()
                told[customer] = await partner.book(customer, house.slot)
                if told[customer] == "BOOKED":
                    assert not begins_after, "a promise that no file holds"
                    booked.add(customer)
                    if len(booked) == SOME:
                        exchanged = asyncio.ensure_future(asyncio.to_thread(exchange, house))
                return told[customer]

            async def one_after_the_other(customers: list[int]) -> list[str]:
                return [await book(each) for each in customers]

            await asyncio.gather(*(one_after_the_other(house.crowd[at::12]) for at in range(12)))
            assert exchanged is not None
            reason = f"kursplan.db {await exchanged}: {REMEDY}"

            assert set(told.values()) == {"BOOKED", "SERVER_BUSY"}
            assert (
                await at_once(partner.book(each, house.slot) for each in house.crowd[:3])
                == ["SERVER_BUSY"] * 3
            )
            shown = await partner.ask("GET", "/v1/classes")
            assert (shown.status_code, shown.headers["Retry-After"]) == (503, "2")
        assert ready(server) == (503, reason)
    finally:
        await asyncio.to_thread(server.stop)

    assert len(booked) >= SOME
    assert booked <= house.booked_in_what_the_server_had()
    if exchange is not remove:
        assert booked_in(house.file.replace(house.file.with_name("left.db"))) == set()


async def test_the_way_back_is_a_restore_and_a_start(house: House, database_url: str) -> None:
    server = await asyncio.to_thread(KursplanServer, database_url)
    try:
        async with house.partner(server) as partner:
            assert await partner.book(house.crowd[0], house.slot) == "BOOKED"
            copy_over(house)
        for command in (("doctor",), ("restore", house.backup, "--yes")):
            ran = await run(*command, KURSPLAN_DATABASE_URL=database_url)
            assert (ran.status, ran.out) == (1, "")
            assert len(ran.err.splitlines()) == 1
    finally:
        await asyncio.to_thread(server.stop)

    ran = await run("restore", house.backup, "--yes", KURSPLAN_DATABASE_URL=database_url)
    assert ran.status == 0
    server = await asyncio.to_thread(KursplanServer, database_url)
    try:
        async with house.partner(server) as partner:
            assert await partner.book(house.crowd[1], house.slot) == "BOOKED"
    finally:
        await asyncio.to_thread(server.stop)
    assert booked_in(house.file) == {house.crowd[1]}


@pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="Only Linux limits a process from outside."
)
async def test_without_room_it_is_busy_says_why_and_comes_back_by_itself(
    house: House, database_url: str
) -> None:
    """The limit is on the size of any file that the server writes: the `-wal` reaches it."""
    server = await asyncio.to_thread(KursplanServer, database_url)
    try:
        async with house.partner(server) as partner:
            assert await partner.book(house.crowd[0], house.slot) == "BOOKED"
            _, most = server.limit_files(beside(house.file, "-wal").stat().st_size)

            some = house.crowd[1:30]
            assert set(await at_once(partner.book(each, house.slot) for each in some)) == {
                "SERVER_BUSY"
            }
            status, reason = ready(server)
            assert status == 503
            assert reason == "kursplan.db: the disk can't be read or written (SQLITE_IOERR_WRITE)"
            assert (await partner.ask("GET", "/v1/classes")).status_code == 200

            server.limit_files(most)
            assert ready(server) == (200, "")
            assert set(await at_once(partner.book(each, house.slot) for each in some)) == {"BOOKED"}
    finally:
        await asyncio.to_thread(server.stop)
    assert booked_in(house.file) == set(house.crowd[:30])
