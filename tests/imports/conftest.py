"""Imports into a gym that stands in the present, because the command knows no other time."""

import pytest

from tests.cli.conftest import Kursplan, Ran, clock, gym, kursplan, run, sqlite_database

__all__ = ["clock", "gym", "kursplan", "sqlite_database"]


@pytest.fixture
def on_sqlite(sqlite_database: str) -> Kursplan:
    """The command, for what has nothing to do with the kind of database."""

    async def on_database(*arguments: object, **environment: str) -> Ran:
        return await run(*arguments, KURSPLAN_DATABASE_URL=sqlite_database, **environment)

    return on_database
