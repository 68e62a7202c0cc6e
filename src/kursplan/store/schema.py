"""The database's schema: brought up to date by migrations, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from kursplan.store.database import Database

MIGRATIONS = Path(__file__).with_name("migrations")


class SchemaOutdated(Exception):
    """The database is not as this version needs it."""


async def upgrade(database: Database) -> None:
    """Bring the database to this version's schema; one that is there already is left alone.

    Of several who do it at once one does, and the others wait until it has. Raises `SchemaOutdated` for the database of a newer version.
    """

    def run(tx: Connection) -> None:
        try:
            command.upgrade(_config(tx), "head")
        except CommandError as unknown:
            raise SchemaOutdated(
                "the database has a schema that this version does not know, so a newer version "
                "used it: run that one, or restore a backup from before"
            ) from unknown

    await database.migrate(run)


async def check(database: Database) -> None:
    """Raises `SchemaOutdated` unless the database has exactly this version's schema."""
    found = await database.read(lambda tx: MigrationContext.configure(tx).get_current_revision())
    wanted = newest()
    if found == wanted:
        return
    if found is None:
        raise SchemaOutdated("the database is empty: run `kursplan db upgrade`")
    raise SchemaOutdated(
        f"the database has schema {found}, this version needs {wanted}: run `kursplan db upgrade`"
        " with the newest version that ever used this database"
    )


def newest() -> str:
    """The revision that this version needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError(f"there are no migrations in {MIGRATIONS.name}")
    return head


def revisions() -> frozenset[str]:
    """All that this version knows."""
    return frozenset(
        each.revision for each in ScriptDirectory.from_config(_config()).walk_revisions()
    )


def _config(tx: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = tx
    return config
