"""What every test may ask for, and how a test run reports."""

import os
import sys
from collections import Counter
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

from kursplan.clock import HandClock
from kursplan.store.engine.database import Database
from tests.gym import MORNING, Gym

# Some images have Python keep nothing of what it compiles. Here it is started hundreds of times, and asked for
# all of the tests by every worker; that would cost each of these starts as much again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

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


def pytest_configure(config: pytest.Config) -> None:
    """CI tells which tests were the most expensive, with what they needed set up."""
    if os.environ.get("CI") == "true" and config.option.durations is None:
        config.option.durations = 10


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What may take long begins first, so that no worker is alone with it at the end."""
    items.sort(key=_patience, reverse=True)


def _patience(item: pytest.Item) -> float:
    """How long the test may take by its own mark, in seconds; without one, as long as all others."""
    mark = item.get_closest_marker("timeout")
    return 0.0 if mark is None else float(mark.args[0])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why tests were skipped: one line for each reason, not for each test."""
    skipped = terminalreporter.stats.get("skipped", [])
    for reason, tests in Counter(report.longrepr[2] for report in skipped).items():
        terminalreporter.write_line(f"{tests} skipped: {reason.removeprefix('Skipped: ')}")
