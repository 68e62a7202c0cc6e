"""The version before runs on the schema of every migration, or the migration says that it does not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, event

from kursplan.store.engine import schema
from kursplan.store.engine.database import connect
from kursplan.store.engine.schema_holds import Hold, holds_of
from tests.store.additive import against


@contextmanager
def listening() -> Iterator[list[str]]:
    """All that is sent to any database meanwhile."""
    sent: list[str] = []

    def hear(_c: Any, _cursor: Any, statement: str, _p: Any, _context: Any, _many: bool) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


def revisions_in(migrations: Path) -> list[str]:
    return sorted(each.name[:4] for each in migrations.glob("versions/0*.py"))


async def sent_by(migrations: Path, url: str) -> dict[str, list[str]]:
    """What each of the migrations in that folder sends to the database, by revision."""
    runs_from = dict.fromkeys(revisions_in(migrations), "0001")
    sent: dict[str, list[str]] = {}
    database = connect(url)
    for revision in runs_from:

        def migrate(tx: Connection, to: str = revision) -> None:
            config = Config()
            config.set_main_option("script_location", str(migrations))
            config.attributes.update(connection=tx, runs_from=runs_from)
            command.upgrade(config, to)

        with listening() as heard:
            await database.migrate(migrate)
        sent[revision] = heard
    await database.close()
    return sent


async def test_every_migration_adds_or_says_that_the_version_before_can_not_stay(
    empty_url: str,
) -> None:
    by_revision = await sent_by(schema.MIGRATIONS, empty_url)
    steps = list(schema.migrations_after(None))
    assert by_revision.keys() == {each.revision for each in steps}
    assert all(by_revision.values())
    for before, step in pairwise(steps):
        assert before.runs_from <= step.runs_from <= step.revision
        if step.runs_from <= before.runs_from:
            assert list(against(by_revision[step.revision])) == []


MIGRATION = """'''Made up.'''
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = {revision!r}, {before!r}, None, None
runs_from = {before!r}


def upgrade() -> None:
    {does}
"""


@pytest.mark.parametrize(
    ("does", "why"),
    [
        ('op.create_table("more", sa.Column("id", sa.BigInteger(), primary_key=True))', None),
        ('op.add_column("rate", sa.Column("more", sa.Text()))', None),
        (
            'op.add_column("rate", sa.Column("more", sa.Text(), nullable=False, server_default="a"))',
            None,
        ),
        (
            'op.add_column("rate", sa.Column("more", sa.Boolean(), nullable=False, server_default=sa.false()))',
            None,
        ),
        ('op.create_index("ix_more", "rate", ["organization_id", "name"])', None),
        (
            'op.create_index("ix_more", "rate", ["organization_id", "name"], unique=True)',
            "it refuses rows that the version before may write",
        ),
        ('op.drop_index("ix_slot_planned", "slot")', "it is nothing that only adds"),
        ('op.drop_table("duty")', "it is nothing that only adds"),
        ('op.rename_table("duty", "on_duty")', "it changes what is there"),
        ('op.alter_column("rate", "name", new_column_name="title")', "it changes what is there"),
        ('op.drop_column("customer", "phone_private_mobile")', "it changes what is there"),
        ('op.execute("UPDATE rate SET name = key")', "it changes rows while others wait for them"),
        (
            'op.execute("ALTER TABLE rate ADD COLUMN more TEXT CHECK (more > key)")',
            "it refuses rows that the version before may write",
        ),
    ],
)
async def test_what_does_more_than_add_is_refused(
    tmp_path: Path, database_url: str, kind: str, does: str, why: str | None
) -> None:
    if kind == "sqlite" and "new_column_name" in does:
        does = 'op.execute("ALTER TABLE rate RENAME COLUMN name TO title")'
    assert await complaints(tmp_path, database_url, does) == ([] if why is None else [why])


@pytest.mark.parametrize("kind", ["postgresql"])
@pytest.mark.parametrize(
    ("does", "why"),
    [
        (
            'op.add_column("rate", sa.Column("more", sa.Text(), nullable=False))',
            "the version before does not fill it",
        ),
        (
            'op.add_column("rate", sa.Column("more", sa.Text(), nullable=False, server_default=sa.func.random()))',
            "the version before does not fill it",
        ),
        ('op.alter_column("rate", "name", type_=sa.String(9))', "it changes what is there"),
        ('op.alter_column("customer", "email", nullable=False)', "it changes what is there"),
        ('op.create_check_constraint("more", "rate", "name > key")', "it changes what is there"),
    ],
)
async def test_what_only_one_database_can_do_to_a_table_is_refused_there(
    tmp_path: Path, database_url: str, does: str, why: str
) -> None:
    assert await complaints(tmp_path, database_url, does) == [why]


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_a_table_that_is_made_anew_is_refused(tmp_path: Path, database_url: str) -> None:
    does = (
        'with op.batch_alter_table("rate") as rate:\n'
        '        rate.alter_column("name", type_=sa.String(9))'
    )
    assert await complaints(tmp_path, database_url, does) == ["it is nothing that only adds"]


async def complaints(folder: Path, url: str, does: str) -> list[str]:
    """What stands against a migration that does that, without the statements."""
    migrations = folder / "migrations"
    shutil.copytree(schema.MIGRATIONS, migrations)
    before = schema.newest()
    revision = f"{int(before) + 1:04}"
    (migrations / "versions" / f"{revision}_more.py").write_text(
        MIGRATION.format(revision=revision, before=before, does=does)
    )
    sent = await sent_by(migrations, url)
    assert sent[revision]
    return [each.partition(":")[0] for each in against(sent[revision])]


def test_whom_a_step_keeps_waiting_is_read_off_its_statements() -> None:
    sql = """
    CREATE TABLE more (
        id BIGINT NOT NULL,
        CONSTRAINT fk FOREIGN KEY(rate_id) REFERENCES rate (id)
    );
    CREATE INDEX ix_more ON more (id);
    CREATE INDEX ix_slot_more ON slot (id);
    ALTER TABLE slot ADD COLUMN more TEXT;
    ALTER TABLE booking ADD COLUMN more TEXT;
    UPDATE alembic_version SET version_num='0003' WHERE alembic_version.version_num = '0002';
    """
    assert holds_of(sql) == [Hold("slot", True), Hold("rate", False), Hold("booking", False)]
