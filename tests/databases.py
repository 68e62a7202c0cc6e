"""Fresh databases with the schema, of both kinds: a test that asks for one runs on each."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import select

import kursplan
from kursplan.store.engine import schema
from kursplan.store.engine.database import Database, connect
from kursplan.store.engine.numbers import SEQUENCE
from kursplan.store.tables import metadata
from tests.postgres import create_database, drop_database

KINDS = ("sqlite", "postgresql")


async def migrate(url: str) -> str:
    """Give the database its schema."""
    database = connect(url)
    await schema.upgrade(database)
    await database.close()
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database in a file, to be copied."""
    file = tmp_path_factory.mktemp("template") / "kursplan.db"
    asyncio.run(migrate(f"sqlite:///{file}"))
    return file


_MADE_UP = """'''Made up.'''
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = {revision!r}, {before!r}, None, None
runs_from = {before!r}


def upgrade() -> None:
    op.create_table("made_up", sa.Column("id", sa.BigInteger(), primary_key=True))
    op.add_column("booking", sa.Column("made_up", sa.Text(), nullable=True))
    of_old = sa.Column("made_up", sa.Text(), nullable=False, server_default="of old")
    op.add_column("customer", of_old)
    op.create_index("ix_slot_made_up", "slot", ["organization_id", "studio_id", "ends_at"])
"""
_MADE_UP_COLUMNS = """
customer.append_column(Column("made_up", Text, nullable=False, server_default="of old"))
"""


class NextVersion:
    """The command of a version that is yet to come, of which the schema has a table more, an index, and
    a column that it reads."""

    def __init__(self, source: Path) -> None:
        self._source = source

    @property
    def environment(self) -> dict[str, str]:
        """With which Python takes it for the one that is installed."""
        return {"PYTHONPATH": str(self._source)}

    def run(self, database_url: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        settings = {"KURSPLAN_DATABASE_URL": database_url, **self.environment}
        return subprocess.run(
            [sys.executable, "-m", "kursplan", *map(str, arguments)],
            cwd=self._source,
            env=os.environ | settings,
            check=False,
            capture_output=True,
            text=True,
        )


@pytest.fixture(scope="session")
def next_version(tmp_path_factory: pytest.TempPathFactory) -> NextVersion:
    source = tmp_path_factory.mktemp("next")
    shutil.copytree(Path(kursplan.__file__).parent, source / "kursplan")
    before = schema.newest()
    revision = f"{int(before) + 1:04}"
    versions = source / "kursplan" / "store" / "migrations" / "versions"
    (versions / f"{revision}_made_up.py").write_text(
        _MADE_UP.format(revision=revision, before=before)
    )
    with (source / "kursplan" / "store" / "tables.py").open("a") as tables:
        tables.write(_MADE_UP_COLUMNS)
    return NextVersion(source)


@pytest_asyncio.fixture(scope="session")
async def postgres_template(postgres_server: str) -> AsyncIterator[str]:
    """A migrated database on the server, to be cloned."""
    url = await create_database(postgres_server)
    await migrate(url)
    yield url
    await drop_database(postgres_server, url)


class EmptiedDatabase:
    """A PostgreSQL database that one test after the other gets, emptied in between.

    Making a new one takes the server longer than most tests do, and so does connecting: whoever needs
    no connections of their own gets those that were there before. One that a test has left in a state
    that can't be emptied (a table dropped, another schema, a lock held) is thrown away.
    """

    def __init__(self, server: str, template: str) -> None:
        self._server = server
        self._template = template
        self._url: str | None = None
        self._schema: object = None
        self._control: asyncpg.Connection | None = None
        self._opened: Database | None = None

    async def get(self) -> str:
        if self._url is None:
            self._url = await create_database(self._server, self._template)
            self._schema = await (await self._connected()).fetchval(_SCHEMA)
        return self._url

    async def opened(self) -> Database:
        """The database at that URL, with connections that live as long as it does."""
        if self._opened is None:
            self._opened = connect(await self.get())
        return self._opened

    async def put_back(self) -> None:
        try:
            control = await self._connected()
            filled = [name for (name,) in await control.fetch(_FILLED)]
            await control.execute("".join(f'DELETE FROM "{each}";' for each in filled) + _RESTART)
            schema = await control.fetchval(_SCHEMA)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            schema = None
        if schema is None or schema != self._schema:
            await self.throw_away()
        elif self._opened is not None and not await _answers(self._opened):
            await self._let_go()

    async def throw_away(self) -> None:
        await self._let_go()
        if self._control is not None:
            self._control.terminate()
            self._control = None
        if self._url is not None:
            await drop_database(self._server, self._url)
            self._url = None

    async def _connected(self) -> asyncpg.Connection:
        if self._control is None or self._control.is_closed():
            limits = {"lock_timeout": "1000"}
            self._control = await asyncpg.connect(self._url, server_settings=limits)
        return self._control

    async def _let_go(self) -> None:
        if self._opened is not None:
            await self._opened.close()
            self._opened = None


async def _answers(database: Database) -> bool:
    """Whether a test left it so that the next one can go on with it."""
    try:
        await database.read(lambda tx: tx.execute(select(1)))
        await database.write(lambda tx: tx.execute(select(1)))
    except Exception:
        return False
    return True


_FILLED = " UNION ALL ".join(
    f"(SELECT '{each.name}' FROM \"{each.name}\" LIMIT 1)"
    for each in reversed(metadata.sorted_tables)
)
"""The tables in which something is, those that refer to others first."""
_RESTART = f"ALTER SEQUENCE {SEQUENCE} RESTART"

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


@pytest_asyncio.fixture(scope="session")
async def emptied_database(
    postgres_server: str, postgres_template: str
) -> AsyncIterator[EmptiedDatabase]:
    database = EmptiedDatabase(postgres_server, postgres_template)
    yield database
    await database.throw_away()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which database: every test that needs one runs on each."""
    return str(request.param)


@pytest.fixture
async def emptied_url(emptied_database: EmptiedDatabase) -> AsyncIterator[str]:
    yield await emptied_database.get()
    await emptied_database.put_back()


@pytest.fixture
def empty_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database in which nothing is yet; of SQLite there isn't even a file."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    url = asyncio.run(create_database(server))
    yield url
    asyncio.run(drop_database(server, url))


@pytest.fixture
def database_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh database with the schema and nothing in it."""
    if kind == "postgresql":
        return str(request.getfixturevalue("emptied_url"))
    file = tmp_path / "kursplan.db"
    shutil.copyfile(request.getfixturevalue("sqlite_template"), file)
    return f"sqlite:///{file}"


@pytest.fixture
async def emptied_and_open(emptied_database: EmptiedDatabase, emptied_url: str) -> Database:
    return await emptied_database.opened()


@pytest.fixture
async def opened(database_url: str) -> AsyncIterator[Database]:
    database = connect(database_url)
    yield database
    await database.close()


@pytest.fixture
def database(kind: str, request: pytest.FixtureRequest) -> Database:
    """The fresh database behind its two doors."""
    found: Database = request.getfixturevalue(
        "emptied_and_open" if kind == "postgresql" else "opened"
    )
    return found
