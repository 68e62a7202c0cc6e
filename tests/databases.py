"""Fresh databases with the schema, of both kinds: a test that asks for one runs on each."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from kursplan.store.database import Database, connect
from kursplan.store.dialect import SEQUENCE
from kursplan.store.schema import upgrade
from kursplan.store.tables import metadata
from tests.postgres import create_database, drop_database

KINDS = ("sqlite", "postgresql")


async def migrate(url: str) -> str:
    """Give the database its schema."""
    database = connect(url)
    await upgrade(database)
    await database.close()
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database in a file, to be copied."""
    file = tmp_path_factory.mktemp("template") / "kursplan.db"
    asyncio.run(migrate(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """A migrated database on the server, to be cloned."""
    url = asyncio.run(create_database(postgres_server))
    asyncio.run(migrate(url))
    yield url
    asyncio.run(drop_database(postgres_server, url))


class EmptiedDatabase:
    """A PostgreSQL database that one test after the other gets, emptied in between.

    Making a new one takes the server longer than most tests do. One that a test has left in a
    state that can't be emptied (a table dropped, another schema, a lock held) is thrown away.
    """

    def __init__(self, server: str, template: str) -> None:
        self._server = server
        self._template = template
        self._url: str | None = None
        self._schema: object = None

    async def get(self) -> str:
        if self._url is None:
            self._url = await create_database(self._server, self._template)
            self._schema = await self._look(self._url, _SCHEMA)
        return self._url

    @staticmethod
    async def _look(url: str, *statements: str) -> object:
        """Run the statements; the value of the last."""
        connection = await asyncpg.connect(url, server_settings={"lock_timeout": "1000"})
        try:
            for each in statements[:-1]:
                await connection.execute(each)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    async def put_back(self) -> None:
        url = await self.get()
        try:
            schema = await self._look(url, _EMPTY, _SCHEMA)
        except (asyncpg.PostgresError, OSError):
            schema = None
        if schema is None or schema != self._schema:
            await self.throw_away()

    async def throw_away(self) -> None:
        if self._url is not None:
            await drop_database(self._server, self._url)
            self._url = None


_EMPTY = "".join(f'DELETE FROM "{each.name}";' for each in reversed(metadata.sorted_tables)) + (
    f"ALTER SEQUENCE {SEQUENCE} RESTART;"
)

# All columns, also those of indexes, all constraints, and the version that the database claims.
_SCHEMA = """
SELECT md5(
    (SELECT string_agg(c.relname || ' ' || a.attname, ',' ORDER BY c.relname, a.attnum)
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = 'public'::regnamespace)
    || (SELECT string_agg(conname, ',' ORDER BY conname) FROM pg_constraint)
    || (SELECT version_num FROM alembic_version)
)
"""


@pytest.fixture(scope="session")
def emptied_database(postgres_server: str, postgres_template: str) -> Iterator[EmptiedDatabase]:
    database = EmptiedDatabase(postgres_server, postgres_template)
    yield database
    asyncio.run(database.throw_away())


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
    emptied: EmptiedDatabase = request.getfixturevalue("emptied_database")
    yield asyncio.run(emptied.get())
    asyncio.run(emptied.put_back())


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = connect(database_url)
    yield opened
    await opened.close()
