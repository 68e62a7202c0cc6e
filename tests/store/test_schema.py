"""The schema: what migrations make is what `tables.py` says, and begins with the organization."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Connection,
    ForeignKeyConstraint,
    Index,
    Table,
    UniqueConstraint,
    delete,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlglot import exp

from kursplan.domain.actors import Actor, Origin
from kursplan.domain.bookings import Ending
from kursplan.domain.classes import WhoMayBook
from kursplan.domain.terms import Term
from kursplan.store import tables
from kursplan.store.engine import schema
from kursplan.store.engine.database import Database, connect
from kursplan.store.rules import bookings
from kursplan.store.staff import history
from tests.gym import Gym
from tests.postgres import create_database, drop_database
from tests.store.statements import OF_THE_HOUSE, REFERENCE_TABLES, every_statement

NOT_IN_TABLES = ("alembic_version", "kursplan_id")
"""What the migrations keep for themselves, and the sequence where it is a table."""

Shape = dict[str, Any]


@pytest.fixture
def empty_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with nothing in it."""
    if kind == "sqlite":
        file = tmp_path / "empty.db"
        file.touch()
        yield f"sqlite:///{file}"
        return
    server = request.getfixturevalue("postgres_server")
    url = asyncio.run(create_database(server))
    yield url
    asyncio.run(drop_database(server, url))


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


def all_rows(tx: Connection) -> dict[str, Any]:
    return {
        table.name: sorted(map(tuple, tx.execute(select(table))))
        for table in tables.metadata.sorted_tables
    }


WHO_AND_WHY = (
    "booked_via",
    "booked_by",
    "promoted_at",
    "confirmed_at",
    "ended",
    "ended_via",
    "ended_by",
)
LATER = {
    "booking": ("held", "free_until", *WHO_AND_WHY),
    "class": ("grace", "confirm_promotion", "promotion_ends"),
    "location": ("shared",),
    "studio": ("clashes",),
    "version": ("raised_at",),
}
"""What rows have only since a later schema, and what nobody has said of these."""
EARLIER = {"class": {"promotion_ends": Term.parse("3 HOURS")}}
"""What rows had otherwise before."""


def _told_earlier(table: Table, values: Shape) -> Shape:
    """The row as far as an earlier schema had it."""
    later = LATER.get(table.name, ())
    return {name: each for name, each in values.items() if name not in later}


async def test_bookings_of_an_earlier_schema_are_all_there_after_the_upgrade(
    gym: Gym, empty_url: str
) -> None:
    """And a booking's membership can then be of its customer only."""
    rate = await gym.rate()
    ann, bob = await gym.customers(2)
    yoga = await gym.klass("yoga", who_may_book=WhoMayBook.MEMBERS, promotion_ends="3 HOURS")
    slot_id = await gym.slot(of=yoga, seats=1)
    memberships = [await gym.membership(each, rate) for each in (ann, bob)]
    for each in (ann, bob):
        await gym.booked(each, slot_id)
    await gym.database.write(nobody_knows_who)
    await gym.database.write(nobody_knows_when)
    wanted = await gym.database.read(all_rows)
    assert len(wanted["booking"]) == 2

    def fill(tx: Connection) -> None:
        command.upgrade(schema._config(tx), "0003")
        for table in tables.metadata.sorted_tables:
            names = table.columns.keys()
            for row in wanted[table.name]:
                told = _told_earlier(table, dict(zip(names, row, strict=True)))
                tx.execute(insert(table), told | EARLIER.get(table.name, {}))

    earlier = connect(empty_url)
    await earlier.write(fill)
    with pytest.raises(schema.SchemaOutdated, match="has schema 0003"):
        await schema.check(earlier)

    await schema.upgrade(earlier)

    assert await earlier.read(all_rows) == wanted
    assert await earlier.read(shape) == await gym.database.read(shape)
    of_somebody_else = update(tables.booking).values(membership_id=memberships[1])
    with pytest.raises(IntegrityError):
        await earlier.write(
            lambda tx: tx.execute(of_somebody_else.where(tables.booking.c.customer_id == ann))
        )
    await earlier.close()


def nobody_knows_who(tx: Connection) -> None:
    """As it is of bookings from before there was a history."""
    tx.execute(delete(tables.history))
    tx.execute(update(tables.booking).values(dict.fromkeys(WHO_AND_WHY)))


def nobody_knows_when(tx: Connection) -> None:
    """As it is of changes from before it was said when they were."""
    tx.execute(update(tables.version).values(raised_at=None))


async def test_the_reasons_of_bookings_become_lines_of_history(gym: Gym, empty_url: str) -> None:
    """Who gave them was not kept, but that it was by the command: there was no other door."""
    given_up, slot_id = await gym.slot(at="16:00"), await gym.slot(at="18:00")
    ann, bob = await gym.customers(2)
    rang, with_slot = [
        (await gym.booked(ann, given_up)).booking_id,
        (await gym.booked(bob, slot_id)).booking_id,
    ]
    gym.clock.advance(timedelta(hours=1))
    await gym.cancel(rang)
    await gym.cancel_slot(slot_id)
    rows = await gym.database.read(all_rows)

    def fill(tx: Connection) -> None:
        command.upgrade(schema._config(tx), "0015")
        for table in tables.metadata.sorted_tables:
            if table.name.startswith("history"):
                continue
            for row in rows[table.name]:
                values = dict(zip(table.columns.keys(), row, strict=True))
                later = (*WHO_AND_WHY, *LATER["version"])
                told = {name: each for name, each in values.items() if name not in later}
                tx.execute(insert(table), told)
        tx.execute(text("UPDATE booking SET reason = 'rang' WHERE id = :id"), {"id": rang})

    earlier = connect(empty_url)
    await earlier.write(fill)
    await schema.upgrade(earlier)

    [line] = await earlier.read(lambda tx: history.newest(tx, gym.organization, history.EVERYTHING))
    assert (line.happened_at, line.reason) == (gym.now, "rang")
    assert (line.by, line.subjects[0].id) == (Actor(Origin.COMMAND_LINE), rang)
    known = await earlier.read(
        lambda tx: {
            each.id: each for each in bookings.load(tx, gym.organization, [rang, with_slot])
        }
    )
    assert (known[rang].ended, known[with_slot].ended) == (None, Ending.SLOT_CANCELLED)
    await earlier.close()


async def test_customers_of_an_earlier_schema_are_found_as_people_type_their_names(
    gym: Gym, empty_url: str
) -> None:
    brien = await gym.customer("Anna-Lena", last_name="O'Brien")
    muller = await gym.customer("J\u00f6rg", last_name="M\u00fcller")
    erased = await gym.customer("", last_name="")
    await gym.database.write(nobody_knows_when)
    wanted = await gym.database.read(all_rows)
    before = {
        brien: ("anna-lena", "o'brien"),
        muller: ("jorg", "muller"),
        erased: ("", ""),
    }

    def fill(tx: Connection) -> None:
        command.upgrade(schema._config(tx), "0010")
        for table in tables.metadata.sorted_tables:
            names = table.columns.keys()
            for row in wanted[table.name]:
                tx.execute(insert(table), _told_earlier(table, dict(zip(names, row, strict=True))))
        for customer, (first, last) in before.items():
            folded_before = {"first_name_folded": first, "last_name_folded": last}
            column = tables.customer.c
            tx.execute(update(tables.customer).where(column.id == customer).values(folded_before))

    earlier = connect(empty_url)
    await earlier.write(fill)

    await schema.upgrade(earlier)

    assert await earlier.read(all_rows) == wanted
    await earlier.close()


async def test_bookings_under_a_key_are_still_found_by_it_after_the_upgrade(empty_url: str) -> None:
    """Of an earlier schema, which kept the answers themselves, refusals among them."""

    def fill(tx: Connection) -> None:
        command.upgrade(schema._config(tx), "0004")
        add = text(
            "INSERT INTO idempotency_key"
            " (organization_id, integration_id, key, request_hash, outcome, stored_at)"
            " VALUES (1, 2, :key, 'a', :outcome, '2026-03-02 07:00:00+00:00')"
        )
        tx.execute(add, {"key": "done", "outcome": '{"booking_id": 9007199254740991}'})
        tx.execute(add, {"key": "refused", "outcome": '{"refusal": "DISPLAY_ONLY"}'})

    earlier = connect(empty_url)
    await earlier.write(fill)

    await schema.upgrade(earlier)

    column = tables.idempotency_key.c
    kept = select(column.integration_id, column.key, column.request_hash, column.booking_id)
    assert await earlier.read(lambda tx: list(map(tuple, tx.execute(kept)))) == [
        (2, "done", "a", 9007199254740991)
    ]
    await earlier.close()


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


async def test_a_database_of_another_version_is_refused(database: Database) -> None:
    await schema.check(database)
    await database.write(
        lambda tx: tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    )
    with pytest.raises(schema.SchemaOutdated, match=f"has schema 9999.* needs {schema.newest()}"):
        await schema.check(database)


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
