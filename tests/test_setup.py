"""The ground the other tests stand on: the servers answer, and what is thrown away is gone."""

import os
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio

from tests.postgres import create_database, drop_database, fresh_database
from tests.throwaway import ThrowawayServer


async def test_a_new_postgresql_database_is_empty_and_takes_what_it_is_given(
    postgres_server: str,
) -> None:
    async with fresh_database(postgres_server) as url:
        connection = await asyncpg.connect(url)
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert await connection.fetchval(tables) == 0
        await connection.execute("CREATE TABLE place (seat integer)")
        assert await connection.fetchval(tables) == 1
        await connection.close()


async def test_a_database_can_be_copied_and_the_copy_goes_its_own_way(postgres_server: str) -> None:
    async with fresh_database(postgres_server) as original:
        connection = await asyncpg.connect(original)
        await connection.execute("CREATE TABLE place AS SELECT 1 AS seat")
        await connection.close()

        async with fresh_database(postgres_server, template=original) as copy:
            connection = await asyncpg.connect(copy)
            await connection.execute("UPDATE place SET seat = 2")
            assert await connection.fetchval("SELECT seat FROM place") == 2
            await connection.close()

        connection = await asyncpg.connect(original)
        assert await connection.fetchval("SELECT seat FROM place") == 1
        await connection.close()


async def test_a_database_is_dropped_even_while_somebody_is_connected(postgres_server: str) -> None:
    url = await create_database(postgres_server)
    await asyncpg.connect(url)

    await drop_database(postgres_server, url)

    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(url)


async def test_postgresql_waits_for_commits_as_in_production(postgres_server: str) -> None:
    connection = await asyncpg.connect(postgres_server)
    assert await connection.fetchval("SHOW synchronous_commit") == "on"
    assert await connection.fetchval("SHOW default_transaction_isolation") == "read committed"
    await connection.close()


@pytest.mark.parametrize("attempt", ["first", "second"])
async def test_redis_answers_and_is_empty_for_every_test(redis_url: str, attempt: str) -> None:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        assert await client.dbsize() == 0
        await client.set(attempt, "was here")
        assert await client.get(attempt) == b"was here"


def test_a_server_and_its_directory_are_gone_when_the_tests_that_started_it_are_killed(
    tmp_path: Path,
) -> None:
    directory = tmp_path / "server"
    directory.mkdir()
    tests = subprocess.Popen(
        [sys.executable, "-c", TESTS_THAT_NEVER_END, str(directory)],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert tests.stdout is not None
    server = int(tests.stdout.readline())
    assert directory.exists()

    tests.kill()
    tests.communicate()

    while directory.exists():
        time.sleep(0.01)
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)


TESTS_THAT_NEVER_END = """
import sys, time
from pathlib import Path
from tests.throwaway import ThrowawayServer

directory = Path(sys.argv[1])
pid = directory / "pid"
command = ["sh", "-c", "echo $$ > starting; mv starting pid; exec sleep 600"]
server = ThrowawayServer(command, directory, is_ready=pid.exists)
print(pid.read_text(), flush=True)
time.sleep(600)
"""


def test_a_server_that_does_not_start_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "server"
    directory.mkdir()

    with pytest.raises(RuntimeError, match="no such option"):
        ThrowawayServer(
            ["sh", "-c", "echo no such option; exit 1"], directory, is_ready=lambda: False
        )

    assert not directory.exists()
