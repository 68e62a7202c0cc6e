"""Kursplan's databases, filled once and brought back to that state before every measurement."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.fill import fill
from bench.gym import Gym, Size
from bench.postgres import Postgres

BOOKED = (
    "attempt",
    "delivery",
    "event",
    "history_subject",
    "history",
    "booking",
    "idempotency_key",
)
"""What bookings leave behind, apart from the numbers in `slot`."""


class Filled(Protocol):
    """A database with gyms in it."""

    @property
    def url(self) -> str: ...

    @property
    def gyms(self) -> Sequence[Gym]: ...

    async def fresh(self) -> None:
        """Take back whatever was booked since it was filled. Nobody may be connected."""
        ...

    async def analyze(self) -> None:
        """Let the database count its rows, as it does by itself once a minute.

        Until then it keeps plans that were made when there were no bookings yet.
        """
        ...

    async def bookings(self) -> int:
        """How many bookings are committed."""
        ...


@dataclass(slots=True)
class FilledPostgres:
    """A database on the harness's PostgreSQL."""

    postgres: Postgres
    database: str
    gyms: Sequence[Gym]

    @classmethod
    async def create(
        cls, postgres: Postgres, sizes: Sequence[Size] = (Size(),), database: str = "kursplan"
    ) -> FilledPostgres:
        gyms = await fill(await postgres.create(database), sizes)
        return cls(postgres, database, gyms)

    @property
    def url(self) -> str:
        return self.postgres.url(self.database)

    @property
    def _last_kept(self) -> int:
        """The highest id of the history that the gyms were filled with; 0 if they have none."""
        return max((gym.events[-1] for gym in self.gyms if gym.events), default=0)

    async def fresh(self) -> None:
        async with self.postgres.connected(self.database) as connection:
            if self._last_kept:
                for table in ("event", "booking"):
                    await connection.execute(f"DELETE FROM {table} WHERE id > {self._last_kept}")
            else:
                await connection.execute(f"TRUNCATE {', '.join(BOOKED)}")
            await connection.execute(
                "UPDATE slot SET seats = 0, waiting = 0, last_sequence = 0 "
                "WHERE last_sequence > 0 AND status = 'PLANNED'"
            )
        await self.postgres.settle(
            self.database, "slot", *(("booking", "event") if self._last_kept else ())
        )

    async def analyze(self) -> None:
        await self.postgres.analyze(self.database)

    async def bookings(self) -> int:
        async with self.postgres.connected(self.database) as connection:
            count: int = await connection.fetchval("SELECT count(*) FROM booking")
            return count

    async def drop(self) -> None:
        await self.postgres.drop(self.database)


@dataclass(slots=True)
class FilledSqlite:
    """A file in the temporary folder, beside the one that was filled."""

    filled: Path
    gyms: Sequence[Gym]

    @classmethod
    async def create(cls, folder: Path, sizes: Sequence[Size] = (Size(),)) -> FilledSqlite:
        filled = folder / "filled.db"
        gyms = await fill(f"sqlite:///{filled}", sizes)
        with sqlite3.connect(filled) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
        return cls(filled, gyms)

    @property
    def _file(self) -> Path:
        return self.filled.with_name("kursplan.db")

    @property
    def url(self) -> str:
        return f"sqlite:///{self._file}"

    async def fresh(self) -> None:
        for each in (self._file, *(Path(f"{self._file}{end}") for end in ("-wal", "-shm"))):
            each.unlink(missing_ok=True)
        shutil.copyfile(self.filled, self._file)

    async def analyze(self) -> None:
        """SQLite plans without counting."""

    async def bookings(self) -> int:
        with sqlite3.connect(self._file) as connection:
            count: int = connection.execute("SELECT count(*) FROM booking").fetchone()[0]
            return count
