"""The peer's own database, filled with as much as Kursplan's and brought back to that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import create_async_engine

from bench import gym as kursplan
from bench.asgi import application_running
from bench.fill import write
from bench.gym import Gym, Row, Size
from bench.peers.models import Base
from bench.postgres import Postgres

DATABASE = "peer"
VARIABLE = "PEER_DATABASE_URL"
"""Where the peer's process finds its database."""
TAKEN_FROM = {
    "class": "class",
    "class_rate": "class_rate",
    "location": "location",
    "employee": "instructor",
    "slot": "slot",
    "slot_instructor": "slot_instructor",
    "customer": "customer",
    "membership": "membership",
}
"""Which table of Kursplan's gym fills which one of the peer's."""


@dataclass(slots=True)
class PeerDatabase:
    """One organization's gym in the tables of `bench.peers.orm`."""

    postgres: Postgres
    gyms: Sequence[Gym]

    @classmethod
    async def create(cls, postgres: Postgres) -> PeerDatabase:
        url = await postgres.create(DATABASE)
        engine = create_async_engine(_of_driver(url))
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        await engine.dispose()
        size = Size()
        gym = Gym.of(size, iter(range(1, 1 + Gym.ids_needed(size))), "peer")
        for table, rows in kursplan.rows(gym, datetime.now(UTC)):
            if table.name in TAKEN_FROM:
                filled = Base.metadata.tables[TAKEN_FROM[table.name]]
                await write(url, filled, _as_the_peer_has_them(filled, rows))
        async with postgres.connected(DATABASE) as connection:
            for name in TAKEN_FROM.values():
                await connection.execute(f'VACUUM ANALYZE "{name}"')
        return cls(postgres, [gym])

    @asynccontextmanager
    async def served(self, folder: Path, *, workers: int = 1) -> AsyncIterator[str]:
        """The URL of the peer's server."""
        settings = {VARIABLE: _of_driver(self.postgres.url(DATABASE))}
        async with application_running(
            "bench.peers.orm", folder, settings, workers=workers
        ) as served:
            yield served

    async def fresh(self) -> None:
        """Take back whatever was booked. Nobody may be connected."""
        async with self.postgres.connected(DATABASE) as connection:
            await connection.execute("TRUNCATE booking, event")
            await connection.execute("UPDATE slot SET seats = 0 WHERE seats > 0")
        await self.postgres.settle(DATABASE, "slot")

    async def analyze(self) -> None:
        """Let the database count its rows, as it does by itself once a minute."""
        await self.postgres.analyze(DATABASE)

    async def bookings(self) -> int:
        """How many bookings are committed."""
        async with self.postgres.connected(DATABASE) as connection:
            count: int = await connection.fetchval("SELECT count(*) FROM booking")
            return count


def _of_driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+asyncpg://")


def _as_the_peer_has_them(table: Table, rows: Iterable[Row]) -> Iterable[Row]:
    """The same rows with the columns that the peer has; employees are called instructors there."""
    for row in rows:
        renamed = {**row, "instructor_id": row.get("employee_id")}
        yield {name: renamed[name] for name in table.columns.keys() & renamed.keys()}
