"""A house with something to page through, served by a process of its own, and clients made for it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from kursplan.clock import HandClock, SystemClock
from kursplan.store.engine.database import connect
from tests.clients import generators
from tests.gym import BERLIN, Gym
from tests.postgres import create_database, drop_database
from tests.races.servers import KursplanServer

CLASSES = ["Yoga", *(f"Spinning {number}" for number in range(1, 23))]
DAYS_OF_YOGA = range(1, 13)
SAID = "said.txt"
"""In the folder of a client: what its generator said."""


@dataclass(frozen=True)
class House:
    """What is served, and what a partner of it is given."""

    url: str
    api_key: str
    slots_of_yoga: list[str]
    """When they begin, as the wire says it."""


HouseOn = Callable[[str], House]
Made = Callable[[str], Path]


@pytest.fixture(scope="module")
def house_on(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HouseOn]:
    """Gives the house on a kind of database; it opens for whoever asks first, and stays open."""

    @contextmanager
    def database(kind: str) -> Iterator[str]:
        if kind == "sqlite":
            file = tmp_path_factory.mktemp("house") / "kursplan.db"
            shutil.copyfile(request.getfixturevalue("sqlite_template"), file)
            yield f"sqlite:///{file}"
            return
        server: str = request.getfixturevalue("postgres_server")
        template: str = request.getfixturevalue("postgres_template")
        url = asyncio.run(create_database(server, template))
        yield url
        asyncio.run(drop_database(server, url))

    with ExitStack() as open_houses:

        @cache
        def house(kind: str) -> House:
            url = open_houses.enter_context(database(kind))
            api_key, slots_of_yoga = asyncio.run(_furnished(url))
            server = KursplanServer(url)
            open_houses.callback(server.stop)
            return House(server.url, api_key, slots_of_yoga)

        yield house


async def _furnished(database_url: str) -> tuple[str, list[str]]:
    """A key, and the slots of yoga: the first is full, and each client has a customer of its own."""
    database = connect(database_url)
    gym = await Gym(database, HandClock(SystemClock().now())).open()
    today = gym.now.astimezone(BERLIN).date()
    for title in CLASSES:
        await gym.klass(title)
        await gym.slot(title, day=today + timedelta(days=1), additional_participants=20)
    for days in DAYS_OF_YOGA[1:]:
        await gym.slot("Yoga", day=today + timedelta(days=days))
    for name in generators.ALL:
        await gym.customer("Edgar", last_name="Lindner", number=name)
    api_key = await gym.key()
    await database.close()
    begin = (gym.at("18:00", day=today + timedelta(days=days)) for days in DAYS_OF_YOGA)
    local = (each.astimezone(BERLIN).isoformat(timespec="milliseconds") for each in begin)
    return api_key, [f"{each}[Europe/Berlin]" for each in local]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Gives the folder of a client, which whoever asks first makes, also of several test processes."""
    everybody = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        everybody = everybody.parent

    def folder_of(name: str) -> Path:
        folder = everybody / "clients" / name
        folder.parent.mkdir(exist_ok=True)
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / SAID).exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                (folder / SAID).write_text(generators.ALL[name].make(folder))
        return folder

    return folder_of
