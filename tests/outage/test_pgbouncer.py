"""PgBouncer between us and PostgreSQL: in session mode all holds, in any other we do not begin."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import asyncpg
import httpx
import pytest

from kursplan.store.engine.database import connect
from kursplan.store.engine.trouble import DatabaseUnavailable
from tests.cli.conftest import run
from tests.outage.conftest import PATIENCE_SECONDS, Started, shown
from tests.outage.database import throw_out
from tests.pgbouncer import PgBouncer


@contextmanager
def pooled(url: str, mode: str, **options: str) -> Iterator[str]:
    """The database's URL through a pooler in that mode."""
    pooler = PgBouncer(url, mode, **options)
    try:
        yield pooler.url_of(url)
    finally:
        pooler.stop()


async def test_in_session_mode_limits_hold_and_a_lock_is_given_up(
    started: Started, database_url: str
) -> None:
    with pooled(database_url, "session") as url:
        partner = await started(database_url, over=url, lock_wait_ms=50)
        database = partner.application.database
        held = {
            name: await database.write(partial(shown, setting=name))
            for name in ("lock_timeout", "statement_timeout", "default_transaction_isolation")
        }
        assert held == {
            "lock_timeout": "50ms",
            "statement_timeout": "30s",
            "default_transaction_isolation": "read committed",
        }
        assert await database.read(partial(shown, setting="transaction_read_only")) == "on"
        assert (await partner.book()).status_code == httpx.codes.OK

        rival = await asyncpg.connect(database_url)
        async with asyncio.timeout(PATIENCE_SECONDS), rival.transaction():
            await rival.execute("SELECT FROM slot FOR UPDATE")
            answer = await partner.book()
        await rival.close()
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert (await partner.book()).status_code == httpx.codes.OK
        await partner.application.stop()


async def test_in_session_mode_a_new_connection_behind_the_pooler_has_our_limits_again(
    database_url: str, operator: asyncpg.Connection
) -> None:
    with pooled(database_url, "session", default_pool_size="2") as url:
        database = connect(url, connections=2, lock_wait=0.05)
        for _ in range(2):
            assert await database.write(partial(shown, setting="lock_timeout")) == "50ms"
            await throw_out(operator, database_url)
            with pytest.raises(DatabaseUnavailable):
                await database.write(partial(shown, setting="lock_timeout"))
        # What a client leaves behind is no trouble for the next who gets the same connection.
        await database.close()
        other = connect(url, connections=2, lock_wait=0.1)
        assert await other.write(partial(shown, setting="lock_timeout")) == "100ms"
        await other.close()


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("transaction", {}),
        ("transaction", {"server_round_robin": "1"}),
        ("transaction", {"ignore_startup_parameters": "lock_timeout,statement_timeout"}),
        ("statement", {}),
    ],
)
async def test_in_another_mode_nothing_begins_and_the_mode_that_is_needed_is_said(
    database_url: str, mode: str, options: dict[str, str]
) -> None:
    with pooled(database_url, mode, **options) as url:
        for command in (("db", "check"), ("serve", "--port", "0")):
            ran = await run(*command, KURSPLAN_DATABASE_URL=url)
            assert (ran.status, len(ran.err.splitlines())) == (1, 1)
            assert "set pool_mode = session" in ran.err


async def test_a_pooler_with_too_few_connections_is_said(database_url: str) -> None:
    with pooled(database_url, "session", default_pool_size="1") as url:
        ran = await run("db", "check", KURSPLAN_DATABASE_URL=url, KURSPLAN_SILENCE_MS="300")
        assert (ran.status, len(ran.err.splitlines())) == (1, 1)
        assert "raise its default_pool_size" in ran.err
