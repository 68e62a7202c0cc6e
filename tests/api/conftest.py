"""The application with a clock that the test moves, and a partner's client in front of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import structlog

from kursplan.app import Application
from kursplan.clock import HandClock
from kursplan.settings import Settings
from tests.gym import Gym
from tests.referee import Referee

Serve = Callable[..., Awaitable[Application]]
Partner = Callable[[str | None], Referee]


@pytest.fixture(autouse=True, scope="session")
def log_plainly() -> None:
    """Without the values of variables, which take seconds to write down for a single failure."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            ),
        ]
    )


@pytest.fixture
async def serve(database_url: str, clock: HandClock) -> AsyncIterator[Serve]:
    """Starts applications as production builds them, with the settings that the test names."""
    async with AsyncExitStack() as running:

        async def start(**settings: Any) -> Application:
            standard = {"database_url": database_url, "background": False}
            built = Application(Settings(**standard | settings), clock)
            await built.start()
            running.push_async_callback(built.stop)
            return built

        yield start


@pytest.fixture
async def application(serve: Serve) -> Application:
    return await serve()


@pytest.fixture
async def partner(application: Application) -> Partner:
    """Gives a client with the key that the test names, or with none."""
    return lambda key: Referee.inside(application, key)


@pytest.fixture
async def client(application: Application, gym: Gym) -> AsyncIterator[Referee]:
    """A client with a key of the gym's studio that may do everything."""
    async with Referee.inside(application, await gym.key()) as referee:
        yield referee
