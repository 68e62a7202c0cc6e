"""A primary that is gone, and a standby that is promoted in its place."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from sqlalchemy import text

from kursplan.store.engine.database import connect
from kursplan.store.engine.trouble import DatabaseUnavailable
from tests.cli.conftest import run
from tests.databases import migrate
from tests.outage.conftest import PATIENCE_SECONDS, Started
from tests.postgres import REMEDY, PostgresServer, create_database, installed_programs
from tests.throwaway import not_installed


class Pair:
    """A primary with a database of ours, and a standby that repeats what is committed there."""

    def __init__(self) -> None:
        programs = installed_programs()
        if programs is None:
            not_installed("PostgreSQL", REMEDY)
        self.primary = PostgresServer(programs)
        try:
            self.url = asyncio.run(create_database(self.primary.url))
            asyncio.run(migrate(self.url))
            self.standby = PostgresServer(programs, standby_of=self.primary)
        except BaseException:
            self.primary.stop()
            raise

    def url_of(self, *servers: PostgresServer) -> str:
        """The database's URL with these servers, in this order."""
        hosts = "&".join(f"host={urlsplit(each.url).netloc.partition('@')[2]}" for each in servers)
        return f"postgresql://kursplan@/{urlsplit(self.url).path[1:]}?{hosts}"

    async def wait_until_synchronous(self) -> None:
        """Have each commit wait for the standby, from now on."""
        operator = await asyncpg.connect(self.primary.url)
        await operator.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        await operator.execute("SELECT pg_reload_conf()")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await operator.fetchval("SELECT sync_state FROM pg_stat_replication") != "sync":
                pass
        await operator.close()

    async def promote(self) -> None:
        """Let the standby be written to; it is when this returns."""
        operator = await asyncpg.connect(self.standby.url)
        assert await operator.fetchval("SELECT pg_promote()")
        await operator.close()

    def stop(self) -> None:
        self.standby.stop()
        self.primary.stop()


@pytest.fixture
def pair() -> Iterator[Pair]:
    both = Pair()
    yield both
    both.stop()


async def test_the_primary_is_found_and_after_a_promotion_the_new_one(
    pair: Pair, started: Started
) -> None:
    await pair.wait_until_synchronous()
    only_standby = pair.url_of(pair.standby)
    both = pair.url_of(pair.standby, pair.primary)

    # A server that would find no primary does not start, and says why.
    ran = await run("serve", "--port", "0", KURSPLAN_DATABASE_URL=only_standby)
    assert (ran.status, len(ran.err.splitlines())) == (1, 1)
    assert "the server is a standby, which nobody can write to: promote it" in ran.err
    waits = connect(only_standby)
    for door in (waits.read, waits.write):
        with pytest.raises(DatabaseUnavailable, match="the server is a standby"):
            await door(lambda tx: tx.execute(text("SELECT 1")))

    # One whose first host is the standby goes on to the next.
    partner = await started(pair.url, over=both)
    for _ in range(3):
        assert (await partner.book()).status_code == httpx.codes.OK

    pair.primary.stop()
    await partner.is_turned_away()
    assert "the server is a standby" in await partner.is_turned_away()

    await pair.promote()
    await partner.is_served_again()
    assert (await waits.read(lambda tx: tx.execute(text("SELECT 1")).scalar_one())) == 1
    await waits.close()
    partner.gym.database = partner.application.database
    seated = [booking.customer_id for booking in await partner.gym.on_slot(partner.slot)]
    assert sorted(seated) == sorted(set(seated))
    assert set(partner.booked) <= set(seated)
