"""The command, run as a person or a script runs it, on a database of its own.

It knows no other time than the machine's, so the gyms of these tests stand in the present.
"""

import asyncio
import json
import shutil
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from kursplan.cli import app
from kursplan.clock import HandClock, SystemClock
from kursplan.store import tables
from kursplan.store.engine.database import Database
from tests.gym import BERLIN, Gym
from tests.postgres import create_database, drop_database


@dataclass(frozen=True)
class Ran:
    """What became of a command."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Kursplan = Callable[..., Awaitable[Ran]]


@cache
def every_command() -> Any:
    """The command with all that are below it, put together once: it takes longer than most of them do."""
    return typer.main.get_command(app)


async def run(*arguments: object, **environment: str) -> Ran:
    """Run the command, to its end, with these settings."""

    def invoke() -> Ran:
        status = 0
        with CliRunner().isolation(env=environment) as (out, err, _):
            try:
                every_command().main([str(each) for each in arguments], prog_name="kursplan")
            except SystemExit as end:
                status = int(end.code or 0)
            sys.stdout.flush()
            sys.stderr.flush()
            return Ran(status, *(each.getvalue().decode() for each in (out, err)))

    return await asyncio.to_thread(invoke)


@pytest.fixture
def clock() -> HandClock:
    return HandClock(SystemClock().now())


async def listed(gym: Gym) -> Gym:
    """The gym, in the directory by which the command finds it."""
    await gym.insert(tables.organization_directory, key=f"gym-{gym.organization}")
    return gym


@pytest.fixture
async def gym(database: Database, clock: HandClock) -> Gym:
    """An organization with one studio and nothing else, which the command finds."""
    return await listed(await Gym(database, clock).open())


@pytest.fixture
def kursplan(database_url: str) -> Kursplan:
    """The command on this test's database."""

    async def on_database(*arguments: object, **environment: str) -> Ran:
        return await run(*arguments, KURSPLAN_DATABASE_URL=database_url, **environment)

    return on_database


@pytest.fixture
def in_three_days(clock: HandClock) -> date:
    """A day on which slots can be booked and cancelled, as far as their terms go."""
    return clock.now().astimezone(BERLIN).date() + timedelta(days=3)


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh SQLite database with the schema, for what concerns only this kind."""
    file = tmp_path / "only.db"
    shutil.copyfile(sqlite_template, file)
    return f"sqlite:///{file}"


@pytest.fixture
def postgres_database(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """The URL of a fresh PostgreSQL database with the schema."""
    url = asyncio.run(create_database(postgres_server, postgres_template))
    yield url
    asyncio.run(drop_database(postgres_server, url))
