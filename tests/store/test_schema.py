"""The schema: what migrations make is what `tables.py` says, and begins with the organization."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Connection,
    ForeignKeyConstraint,
    Index,
    Table,
    UniqueConstraint,
    select,
    text,
)
from sqlglot import exp

from kursplan.store import tables
from kursplan.store.engine import schema
from kursplan.store.engine.database import Database, connect
from tests.databases import NextVersion
from tests.gym import Gym
from tests.store.statements import OF_THE_HOUSE, REFERENCE_TABLES, every_statement

NOT_IN_TABLES = ("alembic_version", "schema_runs_from", "kursplan_id")
"""What the migrations keep for themselves, and the sequence where it is a table."""

Shape = dict[str, Any]


@pytest.fixture
def empty_url(kind: str, empty_url: str) -> str:
    """The same; of SQLite with a file in which nothing is, as nobody makes one by connecting."""
    if kind == "sqlite":
        Path(empty_url.removeprefix("sqlite:///")).touch()
    return empty_url


def shape(tx: Connection) -> Shape:
    """All that the database itself says about its schema, by table."""
    return _sqlite_shape(tx) if tx.dialect.name == "sqlite" else _postgresql_shape(tx)


def _sqlite_shape(tx: Connection) -> Shape:
    """The statements that made it; constraints may stand in another order, and a column that was added
    later on the line of the one before it."""
    found: Shape = {}
    for kind, name, sql in tx.execute(text("SELECT type, name, sql FROM sqlite_master")):
        if name in NOT_IN_TABLES or sql is None:
            continue
        lines = [line.strip(" ,\t") for line in sql.splitlines()]
        constraints = sorted(line for line in lines if line.startswith("CONSTRAINT"))
        columns = [line for line in lines if not line.startswith("CONSTRAINT")]
        found[f"{kind} {name}"] = (", ".join(columns), constraints)
    return found


_COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
        pg_get_expr(d.adbin, d.adrelid), co.collname, a.attidentity
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_collation co ON co.oid = a.attcollation
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
        AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.relname, a.attnum
"""
_CONSTRAINTS = """
    SELECT c.relname, o.conname, o.contype::text, pg_get_constraintdef(o.oid), o.condeferrable
    FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid
    WHERE c.relnamespace = 'public'::regnamespace
    ORDER BY c.relname, o.conname
"""
_INDEXES = """
    SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    ORDER BY tablename, indexname
"""


def _postgresql_shape(tx: Connection) -> Shape:
    found: Shape = {}
    for part in (_COLUMNS, _CONSTRAINTS, _INDEXES):
        for table, *rest in tx.execute(text(part)):
            if table not in NOT_IN_TABLES:
                found.setdefault(table, []).append(tuple(rest))
    return found


def make_tables(tx: Connection) -> None:
    """Make them as they stand in `tables.py`; it is the test that asks for it, not the store."""
    tables.metadata.create_all(tx)


async def test_the_migrations_make_what_tables_says(database: Database, empty_url: str) -> None:
    """Columns with their types, keys, references, uniques, checks, and indexes with their WHERE."""
    made = connect(empty_url)
    await made.write(make_tables)
    wanted = await made.read(shape)
    await made.close()

    migrated = await database.read(shape)

    assert len(migrated) >= len(tables.metadata.tables)
    assert migrated.keys() == wanted.keys()
    other = [name for name in wanted if migrated[name] != wanted[name]]
    assert {name: migrated[name] for name in other} == {name: wanted[name] for name in other}


async def test_alembic_finds_nothing_to_migrate(database: Database) -> None:
    def differences(tx: Connection) -> Any:
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "include_name": lambda name, _type, _parents: name not in NOT_IN_TABLES,
        }
        return compare_metadata(MigrationContext.configure(tx, opts=options), tables.metadata)

    assert await database.read(differences) == []


async def test_a_difference_would_be_seen(database: Database) -> None:
    """The comparison above looks where it has to: at a type, a NOT NULL, a check, a WHERE."""
    before = await database.read(shape)

    def damage(tx: Connection) -> None:
        tx.execute(text("DROP INDEX ix_slot_planned"))
        tx.execute(
            text(
                "CREATE INDEX ix_slot_planned ON slot (organization_id, ends_at)"
                " WHERE status = 'CANCELED'"
            )
        )
        tx.execute(text("ALTER TABLE rate ADD COLUMN note TEXT"))

    await database.write(damage)
    after = await database.read(shape)
    other = {name for name in before if before[name] != after[name]}
    if database.name == "sqlite":
        assert other == {"index ix_slot_planned", "table rate"}
    else:
        assert other == {"slot", "rate"}


async def test_upgrading_again_changes_nothing(database: Database) -> None:
    before = await database.read(shape)
    [first] = await database.take_ids(1)

    await schema.upgrade(database)

    assert await database.read(shape) == before
    [second] = await database.take_ids(1)
    assert second > first
    await schema.check(database)


async def test_what_the_next_version_adds_comes_to_what_is_there(
    gym: Gym, database_url: str, next_version: NextVersion
) -> None:
    """A database with rows in it; until it is upgraded, that version does not use it."""
    await gym.booked(await gym.customer(), await gym.slot())
    before = await gym.database.read(all_rows)
    older = schema.newest()

    ran = [
        await asyncio.to_thread(next_version.run, database_url, *words)
        for words in (("slot", "list"), ("db", "upgrade"), ("db", "check"))
    ]

    assert [each.returncode for each in ran] == [1, 0, 0]
    assert f"has schema {older}, this version needs" in ran[0].stderr
    assert await gym.database.read(all_rows) == before
    made_up = text("SELECT count(*) FROM made_up")
    assert await gym.database.read(lambda tx: tx.execute(made_up).scalar()) == 0
    # And the version before it goes on, as that one says.
    standing = await schema.check(gym.database)
    assert (standing.is_ahead, standing.runs_from) == (True, older)
    assert standing.says.endswith(f"on which this one, made for {older}, runs as well")
    await gym.booked(await gym.customer(), await gym.slot(at="20:00"))
    await schema.upgrade(gym.database)
    assert await schema.standing(gym.database) == standing


def all_rows(tx: Connection) -> dict[str, Any]:
    return {
        table.name: sorted(map(tuple, tx.execute(select(table))))
        for table in tables.metadata.sorted_tables
    }


async def test_an_empty_database_is_outdated_until_it_is_upgraded(empty_url: str) -> None:
    database = connect(empty_url)
    with pytest.raises(schema.SchemaOutdated, match="is empty: run `kursplan db upgrade`"):
        await schema.check(database)

    await schema.upgrade(database)

    await schema.check(database)
    await database.close()


UPGRADE_AT_ONCE = """
import asyncio, os, sys
from kursplan.store.engine.database import connect
from kursplan.store.engine.schema import check, upgrade

async def bring_up_to_date():
    database = connect(sys.argv[1], lock_wait=0.001)
    await upgrade(database)
    await database.close()
    database = connect(sys.argv[1])
    await check(database)
    await database.close()

begin, go = os.pipe()
for _ in range(4):
    if os.fork() == 0:
        os.close(go)
        os.read(begin, 1)
        asyncio.run(bring_up_to_date())
        os._exit(0)
os.close(go)
sys.exit(max(os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(4)))
"""


async def test_of_several_who_upgrade_at_once_one_does_and_the_others_find_it_done(
    kind: str, empty_url: str, tmp_path: Path
) -> None:
    # Where there is a file, they also make it.
    url = f"sqlite:///{tmp_path / 'new.db'}" if kind == "sqlite" else empty_url
    upgrades = await asyncio.create_subprocess_exec(
        sys.executable, "-c", UPGRADE_AT_ONCE, url, stderr=asyncio.subprocess.PIPE
    )
    _, trouble = await upgrades.communicate()
    assert (upgrades.returncode, trouble.decode()) == (0, "")


def test_a_file_that_is_made_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Also what SQLite keeps beside it, and also where the umask would allow more."""
    file = tmp_path / "kursplan.db"

    database = connect(f"sqlite:///{file}", serves=True)
    before = os.umask(0)
    try:
        with asyncio.Runner() as runner:
            runner.run(schema.upgrade(database))
            modes = {each.name: each.stat().st_mode & 0o777 for each in tmp_path.iterdir()}
            runner.run(database.close())
    finally:
        os.umask(before)

    assert modes == {file.name + end: 0o600 for end in ("", "-wal", "-shm", "-server")}


@pytest.mark.parametrize(
    ("revision", "runs_from", "complaint"),
    [
        ("0001", "0001", "has schema 0001, this version needs .*: run `kursplan db upgrade`"),
        ("9999", "9998", "has schema 9999, on which versions from schema 9998 on run, and this"),
        ("9999", None, "has schema 9999, and this version is made for .*: run the newer version"),
    ],
)
async def test_a_database_on_which_this_version_does_not_run_is_refused(
    database: Database, revision: str, runs_from: str | None, complaint: str
) -> None:
    await schema.check(database)

    def change(tx: Connection) -> None:
        tx.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})
        if runs_from is None:
            tx.execute(text("DROP TABLE schema_runs_from"))
        else:
            tx.execute(text("UPDATE schema_runs_from SET revision = :it"), {"it": runs_from})

    await database.write(change)
    with pytest.raises(schema.SchemaOutdated, match=complaint):
        await schema.check(database)
    if revision > schema.newest():
        with pytest.raises(schema.SchemaOutdated, match=complaint):
            await schema.upgrade(database)


async def test_who_runs_on_it_is_written_down_where_that_is_missing(database: Database) -> None:
    await database.write(lambda tx: tx.execute(text("DROP TABLE schema_runs_from")))
    assert (await schema.check(database)).runs_from is None

    await schema.upgrade(database)

    assert (await schema.check(database)).runs_from == list(schema.migrations_after(None))[
        -1
    ].runs_from


def test_the_numbers_of_the_files_are_those_of_the_migrations() -> None:
    script = ScriptDirectory(str(schema.MIGRATIONS))
    assert script.get_current_head() == schema.newest()
    assert {each.revision for each in script.walk_revisions()} == schema.revisions()


def test_what_migrates_is_not_imported_by_whoever_only_looks() -> None:
    """It takes as long to import as most commands take."""
    code = "import sys, kursplan.cli.context, kursplan.store.engine.schema; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- What every table keeps ---------------------------------------------------------------------


def of_organizations() -> list[Table]:
    """All tables whose rows belong to an organization and lie with it."""
    apart = {"organization", *REFERENCE_TABLES, *OF_THE_HOUSE}
    return [each for each in tables.metadata.sorted_tables if each.name not in apart]


def test_every_primary_key_begins_with_the_organization() -> None:
    first = {each.name: next(iter(each.primary_key.columns)).name for each in of_organizations()}
    assert set(first.values()) == {"organization_id"}
    assert [each.name for each in tables.organization.primary_key] == ["id"]
    assert {
        name: tables.metadata.tables[name].primary_key.columns.keys() for name in REFERENCE_TABLES
    } == {
        "organization_directory": ["key"],
        "api_key": ["key_hash"],
        "staff_directory": ["email_folded"],
    }


BY_TIME = {
    "booking: ix_booking_expired": "confirm_until",
    "booking: ix_booking_given_up_lately": "cancelled_at",
    "series: ix_series_behind": "extended_until",
    "slot: ix_slot_over": "ends_at",
    "version: ix_version_raised": "raised_at",
}
"""Indexes by which is found, over all organizations, what is due by now."""


def test_every_reference_unique_and_index_begins_with_the_organization() -> None:
    first = {
        f"{table.name}: {part.name}": next(iter(part.columns)).name
        for table in tables.metadata.tables.values()
        for part in (*table.indexes, *table.constraints)
        if isinstance(part, Index | UniqueConstraint | ForeignKeyConstraint)
    }
    others = {name: column for name, column in first.items() if column != "organization_id"}
    assert others == BY_TIME
    unique = (
        each for table in tables.metadata.tables.values() for each in table.indexes if each.unique
    )
    assert not {
        f"{each.table.name}: {each.name}" for each in unique if each.table is not None
    } & set(others)
    assert len(first) > 50


def test_every_reference_stays_within_the_organization_and_avoids_the_directories() -> None:
    wrong = [
        f"{table.name}: {key.name}"
        for table in tables.metadata.tables.values()
        for key in table.foreign_key_constraints
        if key.elements[0].column.name != "organization_id"
        or key.referred_table.name in REFERENCE_TABLES
    ]
    assert wrong == []


def test_what_may_be_deleted_is_found_by_an_index_wherever_it_is_referred_to() -> None:
    """Otherwise each deleted row has the database read all rows that might refer to it.

    By the organization and one column more: few rows have both.
    """
    deleted = {
        write.this.name
        for statement in every_statement()
        for write in statement.tree.find_all(exp.Delete)
    }
    unserved = [
        f"{table.name}: {key.name}"
        for table in tables.metadata.tables.values()
        for key in table.foreign_key_constraints
        if key.referred_table.name in deleted
        and not any(begins[:2] == key.column_keys[:2] for begins in _searchable(table))
    ]
    assert deleted >= {"membership", "closure"}
    assert unserved == []


def _searchable(table: Table) -> Iterator[list[str]]:
    """The columns of each index, constraints included, that holds all rows that refer at all."""
    yield table.primary_key.columns.keys()
    for part in table.constraints:
        if isinstance(part, UniqueConstraint):
            yield part.columns.keys()
    for index in table.indexes:
        where = index.dialect_options["postgresql"]["where"]
        if where is None or str(where).endswith(" IS NOT NULL"):
            yield index.columns.keys()


def test_nothing_is_deferrable_or_done_by_the_database_on_its_own() -> None:
    """No cascades, no triggers, no defaults: what happens is written in the code."""
    for table in tables.metadata.tables.values():
        for key in table.foreign_key_constraints:
            assert (key.deferrable, key.ondelete, key.onupdate) == (None, None, None), key.name
        for column in table.columns:
            assert (column.server_default, column.default, column.onupdate) == (None,) * 3, column


@pytest.mark.parametrize("table", tables.metadata.sorted_tables, ids=lambda each: each.name)
def test_a_busy_table_does_not_refer_to_a_row_that_all_share(table: Table) -> None:
    """Every insert would lock the same row of the studio, or of the organization."""
    busy = {"booking", "event", "idempotency_key"}
    referred = {key.referred_table.name for key in table.foreign_key_constraints}
    assert "organization" not in referred
    assert table.name not in busy or "studio" not in referred
