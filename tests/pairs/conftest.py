"""The small gym on a PostgreSQL database of its own, for all pairs that a worker walks."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import settings

from kursplan.clock import HandClock
from kursplan.desk.engine.turn import Command
from kursplan.store.engine.database import connect
from tests.gym import MORNING, Gym
from tests.pairs.scene import Scene, build, commands
from tests.pairs.walk import Walk
from tests.postgres import fresh_database


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def scene_url(
    postgres_server: str, postgres_template: str
) -> AsyncIterator[tuple[str, Scene]]:
    async with fresh_database(postgres_server, postgres_template) as url:
        database = connect(url)
        scene = await build(await Gym(database, HandClock(MORNING)).open())
        await database.close()
        yield url, scene


@pytest.fixture(scope="session")
def given(scene_url: tuple[str, Scene], every_variant: bool) -> dict[str, Command[Any]]:
    """The commands that meet each other, by name: one of each kind, or all variants."""
    everything = dict(commands(scene_url[1]))
    if every_variant:
        return everything
    first = {type(command): name for name, command in reversed(everything.items())}
    return {name: everything[name] for name in sorted(first.values())}


@pytest.fixture(scope="session")
def every_variant() -> bool:
    """Whether somebody asks for a soak."""
    return settings.get_current_profile_name() == "soak"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def walk(scene_url: tuple[str, Scene]) -> AsyncIterator[Walk]:
    async with Walk(scene_url[0], scene_url[1].organization) as walk:
        yield walk
