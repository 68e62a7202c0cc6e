"""Fresh databases with the schema, of both kinds: a test that asks for one runs on each."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from kursplan.store.database import Database, connect
from kursplan.store.schema import upgrade
from tests.postgres import create_database, drop_database

KINDS = ("sqlite", "postgresql")


async def _migrate(url: str) -> str:
    database = connect(url)
    await upgrade(database)
    await database.close()
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database in a file, to be copied."""
    file = tmp_path_factory.mktemp("template") / "kursplan.db"
    asyncio.run(_migrate(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """A migrated database on the server, to be cloned."""
    url = asyncio.run(create_database(postgres_server))
    asyncio.run(_migrate(url))
    yield url
    asyncio.run(drop_database(postgres_server, url))


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which database: every test that needs one runs on each."""
    return str(request.param)


@pytest.fixture
def database_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh database with the schema and nothing in it."""
    if kind == "sqlite":
        file = tmp_path / "kursplan.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), file)
        yield f"sqlite:///{file}"
        return
    server = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue("postgres_template")
    url = asyncio.run(create_database(server, template))
    yield url
    asyncio.run(drop_database(server, url))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = connect(database_url)
    yield opened
    await opened.close()
