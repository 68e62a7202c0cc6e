"""Writes whole gyms into Kursplan's tables, past its desk, because a measurement is not to wait."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any

import asyncpg
from sqlalchemy import Dialect, Table, create_engine, insert
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from bench.gym import Gym, Row, Size, rows
from bench.processes import environment
from kursplan.store.engine.database import connect

AT_ONCE = 10_000
"""How many rows SQLite is given together."""


async def fill(url: str, sizes: Sequence[Size], key: str = "bench") -> list[Gym]:
    """Create Kursplan's tables at `url` and put one organization of each size into them."""
    upgrade(url)
    database = connect(url)
    try:
        ids = iter(await database.take_ids(sum(map(Gym.ids_needed, sizes))))
    finally:
        await database.close()
    now = datetime.now(UTC)
    gyms = [Gym.of(size, ids, f"{key}-{number:04}") for number, size in enumerate(sizes)]
    for gym in gyms:
        for table, its_rows in rows(gym, now):
            await write(url, table, its_rows)
    await analyze(url)
    return gyms


async def write(url: str, table: Table, its_rows: Iterable[Row]) -> None:
    """Put these rows into the table; columns that no row names stay empty."""
    if url.startswith("sqlite"):
        _write_sqlite(url, table, iter(its_rows))
    else:
        await _copy(url, table, iter(its_rows))


def _write_sqlite(url: str, table: Table, its_rows: Iterator[Row]) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        while some := list(islice(its_rows, AT_ONCE)):
            connection.execute(insert(table), some)
    engine.dispose()


async def _copy(url: str, table: Table, its_rows: Iterator[Row]) -> None:
    dialect: Dialect = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
    first = next(its_rows, None)
    if first is None:
        return
    columns = [column for column in table.columns if column.name in first]
    # Each type translates its own values into what the driver takes, as for any other statement.
    stored = [
        column.type.dialect_impl(dialect).bind_processor(dialect) or _as_it_is for column in columns
    ]
    named = list(zip([column.name for column in columns], stored, strict=True))
    connection = await asyncpg.connect(url)
    try:
        await connection.copy_records_to_table(
            table.name,
            columns=[name for name, _ in named],
            records=(
                [store(row[name]) for name, store in named] for row in chain([first], its_rows)
            ),
        )
    finally:
        await connection.close()


def _as_it_is(value: Any) -> Any:
    return value


def upgrade(url: str) -> None:
    """As an operator would: `kursplan db upgrade`. Raises RuntimeError with what it wrote."""
    done = subprocess.run(
        [sys.executable, "-m", "kursplan", "db", "upgrade"],
        check=False,
        capture_output=True,
        text=True,
        env=environment(KURSPLAN_DATABASE_URL=url),
    )
    if done.returncode != 0:
        raise RuntimeError(f"kursplan db upgrade failed. It wrote:\n{done.stderr}")


async def analyze(url: str) -> None:
    if url.startswith("sqlite"):
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
        engine.dispose()
        return
    connection = await asyncpg.connect(url)
    try:
        filled = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = "
            "'public'::regnamespace AND pg_relation_size(oid) > 0"
        )
        for (table,) in filled:
            await connection.execute(f'VACUUM ANALYZE "{table}"')
    finally:
        await connection.close()
