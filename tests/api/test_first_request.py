"""The first request of an organization of which the server knows nothing yet: few ways to the database, and as
careful with keys as any other."""

from __future__ import annotations

import asyncio
from typing import TypeVar

import asyncpg
import pytest
from asyncpg.connection import LoggedQuery
from sqlalchemy import Connection

from kursplan.app import Application
from kursplan.ids import fingerprint
from kursplan.store.engine.postgres_session import Session
from kursplan.store.engine.trouble import Work
from tests.api.conftest import Partner
from tests.gym import Gym
from tests.races.locked import somebody_waits

T = TypeVar("T")

pytestmark = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)


async def test_it_takes_four_ways_to_the_database(
    gym: Gym, application: Application, partner: Partner
) -> None:
    """Whose key it is, what is theirs, the class with its slots, and who gives them."""
    await gym.slot("spin", at="18:00")
    path, key = f"/v1/classes/{gym.classes['spin']}/slots", await gym.key()
    stranger = await Gym(gym.database, gym.clock, first_id=10_000).open()
    await partner(await stranger.key()).get("/v1/classes")  # What a server asks once, is asked.
    sent: list[str] = []
    read = application.database.read

    def note(query: LoggedQuery) -> None:
        sent.append(query.query)

    async def noted(work: Work[T]) -> T:
        def listened_to(tx: Connection) -> T:
            driver = tx.connection.driver_connection
            assert isinstance(driver, Session)
            with driver.query_logger(note):
                return work(tx)

        return await read(listened_to)

    application.database.read = noted  # type: ignore[method-assign]
    answer = await partner(key).get(path)
    assert (answer.status_code, len(answer.json()["result"])) == (200, 1)
    assert len(sent) == 4, sent
    sent.clear()
    assert (await partner(key).get(path)).json() == answer.json()
    assert len(sent) == 1, "once it is known, only whether it is still the same"


async def test_a_key_that_is_revoked_while_it_is_looked_up_does_not_work(
    gym: Gym, partner: Partner, database_url: str
) -> None:
    """Kept beside the version that its revocation has raised, it would work for as long as nothing else changes."""
    key = await gym.key()
    other = await asyncpg.connect(database_url)
    try:
        async with other.transaction():
            await other.execute("LOCK TABLE version IN ACCESS EXCLUSIVE MODE")
            asked = asyncio.ensure_future(partner(key).get("/v1/classes"))
            await somebody_waits(database_url)
            await other.execute(
                "UPDATE api_key SET revoked_at = now() WHERE key_hash = $1", fingerprint(key)
            )
            await other.execute(
                "INSERT INTO version (organization_id, studio_id, shard, changes) VALUES ($1, 0, 63, 1)",
                gym.organization,
            )
        statuses = [(await asked).status_code, (await partner(key).get("/v1/classes")).status_code]
    finally:
        await other.close()
    assert statuses == [401, 401]
