"""A real server process, which a partner with a key and strangers without one talk to in raw bytes."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kursplan.clock import HandClock
from kursplan.store.engine.database import connect
from tests.gym import MORNING, Gym
from tests.races.servers import KursplanServer
from tests.web.client import Served


async def _found(url: str) -> str:
    database = connect(url)
    gym = await Gym(database, HandClock(MORNING)).open()
    key = await gym.key()
    await gym.desk.close()
    await database.close()
    return key


@pytest.fixture(scope="module")
def serve(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Served]]:
    """Start a server with these settings; all of them end with the module."""
    running: list[KursplanServer] = []

    def start(*, descriptors: int = 1024, **settings: object) -> Served:
        file = tmp_path_factory.mktemp("served") / "kursplan.db"
        shutil.copyfile(sqlite_template, file)
        key = asyncio.run(_found(f"sqlite:///{file}"))
        server = KursplanServer(f"sqlite:///{file}", descriptors=descriptors, **settings)
        running.append(server)
        return Served(server, key)

    yield start
    for each in running:
        each.stop()
