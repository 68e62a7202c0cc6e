"""The application with a clock that the test moves, and a partner's client in front of it."""

from collections.abc import AsyncIterator

import pytest

from kursplan.app import Application
from kursplan.clock import HandClock
from kursplan.settings import Settings
from tests.gym import Gym
from tests.referee import Referee


@pytest.fixture
async def application(database_url: str, clock: HandClock) -> AsyncIterator[Application]:
    """The application as production builds it."""
    built = Application(Settings(database_url=database_url, background=False), clock)
    await built.start()
    yield built
    await built.stop()


@pytest.fixture
async def client(application: Application, gym: Gym) -> AsyncIterator[Referee]:
    """A client with a key of the gym's studio that may do everything."""
    async with Referee.inside(application.asgi, await gym.key()) as referee:
        yield referee
