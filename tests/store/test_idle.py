"""However many organizations there are, a look that finds nothing due in any of them reads next to nothing.

There are a thousand here, each with a little of everything and nothing to be done. What a look reads is
counted in blocks (PostgreSQL) and in steps of the machine (SQLite), since time tells of the neighbours too.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import Table

from kursplan.store import tables
from kursplan.store.rules.across import ALONG, FEWEST
from tests.postgres import fresh_database
from tests.store.full_gym import NOW, Rows, fill_postgresql, fill_sqlite
from tests.store.statements import Statement, every_statement

ORGANIZATIONS = range(1, 1_001)
SLOTS = 4
BLOCKS, STEPS = 8, 100
"""What a look reads at most: the way down an index, and a page of the table or two."""
A_PASSED_ONE = 8, 40
"""The same for each of the few organizations that are passed at a time where all are gone round."""

GONE_ROUND = frozenset(
    {
        "retention.ACROSS_OLD_EVENTS",
        "retention.ACROSS_OLD_KEYS",
        "rules.history.ACROSS_OLD",
        "rules.turned_away.ACROSS_OLD",
    }
)
OF_THOSE_FOUND = frozenset(
    {
        "outbox.claims.ACROSS_OLDEST_DELIVERY",
        "outbox.claims.ACROSS_OLDEST_EVENT",
        "outbox.claims.ACROSS_WAITING",
        "rules.versions.ACROSS_VERSIONS",
    }
)
"""They are asked only of organizations that another look has found, or somebody asks about."""


def looks() -> list[Statement]:
    return [
        each for each in every_statement() if each.looks_across and each.name not in OF_THOSE_FOUND
    ]


def test_all_looks_are_known() -> None:
    names = {each.name for each in every_statement() if each.looks_across}
    assert names >= GONE_ROUND | OF_THOSE_FOUND
    assert len(names) > len(GONE_ROUND | OF_THOSE_FOUND) + 5


def idle() -> Iterator[tuple[Table, Rows]]:
    """Nothing is due by now in any of them, and something was or will be in each."""
    yield (
        tables.organization,
        [
            {
                "id": n,
                "key": f"gym-{n}",
                "name": "Gym",
                "lost_entitlement": "FLAG",
                "created_at": NOW,
            }
            for n in ORGANIZATIONS
        ],
    )
    yield (
        tables.series,
        [
            each
            | {
                "key": "series",
                "weekdays": [1],
                "start_time": NOW.time(),
                "first_day": NOW.date(),
                "own": (),
                "extended_until": NOW.date() + timedelta(days=60),
            }
            for each in _of_each()
        ],
    )
    yield (
        tables.slot,
        [
            each
            | {
                "id": n,
                "local_start": _at(n).replace(tzinfo=None),
                "starts_at": _at(n),
                "ends_at": _at(n) + timedelta(hours=1),
                "status": "PLANNED" if n % 2 else "COMPLETED",
                "own": (),
            }
            for each in _of_each()
            for n in range(SLOTS)
        ],
    )
    yield (
        tables.booking,
        [
            each
            | {
                "id": n,
                "slot_id": n,
                "status": status,
                "starts_at": _at(n),
                "ends_at": _at(n) + timedelta(hours=1),
                "day": _at(n).date(),
                "participation": "UNSET",
                "confirm_until": NOW + timedelta(days=1) if "CONFIRMATION" in status else None,
                "cancelled_at": NOW - timedelta(days=1) if status == "CANCELED" else None,
                "overruled": (),
            }
            for each in _of_each()
            for n, status in enumerate(("BOOKED_WITH_CONFIRMATION_REQUIRED", "CANCELED"))
        ],
    )
    yield (
        tables.version,
        [each | {"studio_id": 0, "raised_at": NOW - timedelta(hours=1)} for each in _of_each()],
    )
    yield (
        tables.event,
        [
            each | {"uuid": f"{each['organization_id']:036}", "type": "T", "fanned_out": True}
            for each in _of_each()
        ],
    )
    yield (
        tables.delivery,
        [each | {"status": "DELIVERED", "attempts": 1, "finished_at": NOW} for each in _of_each()],
    )
    yield (
        tables.history,
        [
            each
            | {
                "happened_at": NOW,
                "command": "book",
                "origin": "HOUSE",
                "kind": "BOOKING",
                "changes": "{}",
            }
            for each in _of_each()
        ],
    )
    yield (
        tables.idempotency_key,
        [each | {"key": "key", "request_hash": "0" * 64} for each in _of_each()],
    )


def _of_each() -> Iterator[dict[str, Any]]:
    return ({"organization_id": each} for each in ORGANIZATIONS)


def _at(number: int) -> datetime:
    """Those that are completed were before now."""
    return NOW + timedelta(days=number if number % 2 else -number - 1)


ASKED: dict[str, Any] = {
    "now": NOW,
    "since": NOW,
    "before": NOW - timedelta(days=90),
    "until": (NOW + timedelta(days=60)).date(),
    "after": 0,
    "limit": FEWEST,
    "organization_ids": list(ORGANIZATIONS[:ALONG]),
}


def too_much(read: dict[str, float], unit: int) -> dict[str, float]:
    """The looks that read more than they may, and how much."""
    most = (BLOCKS, STEPS)[unit]
    passed = most + ALONG * A_PASSED_ONE[unit]
    return {
        name: much for name, much in read.items() if much > (passed if name in GONE_ROUND else most)
    }


async def test_postgresql_reads_a_few_blocks_where_nothing_is_due(
    postgres_server: str, postgres_template: str
) -> None:
    async with fresh_database(postgres_server, postgres_template) as url:
        connection = await asyncpg.connect(url)
        await fill_postgresql(connection, idle())
        await connection.execute("VACUUM ANALYZE")
        read = {each.name: await _blocks(connection, each) for each in looks()}
        await connection.close()
    assert too_much(read, 0) == {}


async def _blocks(connection: asyncpg.Connection, look: Statement) -> int:
    told = await connection.fetchval(
        f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {look.postgresql}",
        *({**look.fixed, **ASKED}[name] for name in look.binds),
    )
    plan = json.loads(told)[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def test_sqlite_takes_a_few_steps_where_nothing_is_due(
    sqlite_template: Path, tmp_path: Path
) -> None:
    file = tmp_path / "idle.db"
    shutil.copyfile(sqlite_template, file)
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA synchronous = OFF")
    fill_sqlite(connection, idle())
    read = {each.name: _steps(connection, each) for each in looks()}
    connection.close()
    assert too_much(read, 1) == {}


def _steps(connection: sqlite3.Connection, look: Statement) -> int:
    taken = 0

    def count() -> None:
        nonlocal taken
        taken += 1

    given = [_as_sqlite_has_it(ASKED.get(name, fixed)) for name, fixed in look.sqlite_binds]
    connection.set_progress_handler(count, 1)
    connection.execute(look.sqlite, given).fetchall()
    connection.set_progress_handler(None, 0)
    return taken


def _as_sqlite_has_it(value: Any) -> Any:
    if isinstance(value, list):
        return json.dumps(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
