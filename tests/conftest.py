"""What every test may ask for, and how a test run reports."""

from collections import Counter
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

from kursplan.clock import HandClock
from kursplan.store.engine.database import Database
from tests.gym import MORNING, Gym

# How long to simulate, and how much to walk: little in a test run, more where somebody asks for a soak.
settings.register_profile("soak", print_blob=True)

pytest_plugins = [
    "tests.sent_statements",
    "tests.postgres",
    "tests.redis_server",
    "tests.databases",
    "tests.referee_plugin",
]


@pytest.fixture(autouse=True)
def logging_stays_as_it_was() -> Iterator[None]:
    """A command that a test runs sets logging up for itself."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture
def clock() -> HandClock:
    """A clock that moves only when the test moves it."""
    return HandClock(MORNING)


@pytest.fixture
async def gym(database: Database, clock: HandClock) -> Gym:
    """An organization with one studio and nothing else."""
    return await Gym(database, clock).open()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why tests were skipped: one line for each reason, not for each test."""
    skipped = terminalreporter.stats.get("skipped", [])
    for reason, tests in Counter(report.longrepr[2] for report in skipped).items():
        terminalreporter.write_line(f"{tests} skipped: {reason.removeprefix('Skipped: ')}")
