"""One browser for all tests of the console, and the console in front of it.

Where there is no Chromium, tests that look at pages are skipped with a line that says so.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from kursplan.app import Application
from kursplan.clock import HandClock
from kursplan.domain.accounts import StaffMember
from kursplan.settings import Settings
from kursplan.store.engine.database import connect
from tests import chromium
from tests.console.browser import Tab
from tests.console.desk import Console, Cookies, Serving, cookie
from tests.gym import Gym

OpenTab = Callable[..., Awaitable[Tab]]


@pytest.fixture
async def console(database_url: str, gym: Gym, clock: HandClock) -> AsyncIterator[Console]:
    """On either database, asked without a browser."""
    application = Application(
        Settings(database_url=database_url, background=False), clock, visitors=Cookies()
    )
    await application.start()
    yield Console(gym, application)
    await application.stop()


@pytest.fixture
async def served(sqlite_template: Path, tmp_path: Path, clock: HandClock) -> AsyncIterator[Console]:
    """On SQLite and a port, for a browser: what pages look like is the same on either."""
    file = tmp_path / "served.db"
    shutil.copyfile(sqlite_template, file)
    database = connect(f"sqlite:///{file}")
    gym = await Gym(database, clock).open()
    application = Application(
        Settings(database_url=f"sqlite:///{file}", background=False), clock, visitors=Cookies()
    )
    serving = Serving(application)
    await serving.start()
    yield Console(gym, application, serving.url)
    await serving.stop()
    await gym.desk.close()
    await database.close()


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    how = chromium.installed()
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(**how)
        yield running
        await running.close()


@pytest.fixture
async def open_tab(browser: Browser, served: Console) -> AsyncIterator[OpenTab]:
    """Opens tabs, each for a person (or nobody) in a browser of their own; none may complain."""
    opened: list[Tab] = []

    async def open_one(member: StaffMember | None, **options: Any) -> Tab:
        said = None if member is None else cookie(member)
        tab = await Tab.open(browser, served.url, said, **options)
        opened.append(tab)
        return tab

    yield open_one
    complaints = [each for tab in opened for each in tab.complaints]
    for tab in opened:
        await tab.context.close()
    assert complaints == []
