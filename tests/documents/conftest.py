"""A database that a document creates itself."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.postgres import create_database, drop_database


@pytest.fixture
def empty_postgres_database(postgres_server: str) -> Iterator[str]:
    """The URL of a fresh PostgreSQL database with nothing in it."""
    url = asyncio.run(create_database(postgres_server))
    yield url
    asyncio.run(drop_database(postgres_server, url))
