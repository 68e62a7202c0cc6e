"""The database's schema: brought up to date by migrations, the same on SQLite and PostgreSQL."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, String, column, select, table

from kursplan.store.engine.database import Database
from kursplan.store.engine.dialect import TableIsThere

if TYPE_CHECKING:
    from alembic.config import Config

# Alembic is imported where something is migrated: it takes as long to import as most commands take.

MIGRATIONS = Path(__file__).parent.with_name("migrations")
HAS_REVISION = select(TableIsThere("alembic_version"))
_OF_A_NEWER_ONE = (
    "the database has a schema that this version does not know, so a newer version used it:"
    " run that one, or restore a backup from before"
)
FOUND = select(column("version_num", String)).select_from(table("alembic_version"))


class SchemaOutdated(Exception):
    """The database is not as this version needs it."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step from a schema to the next."""

    revision: str
    about: str
    """What it is for, in the words of its file."""


async def upgrade(database: Database) -> None:
    """Bring the database to this version's schema; one that is there already is left alone.

    Of several who do it at once one does, and the others wait until it has. Raises `SchemaOutdated` for the database of a newer version.
    """

    from alembic import command
    from alembic.util import CommandError

    def run(tx: Connection) -> None:
        try:
            command.upgrade(_config(tx), "head")
        except CommandError as unknown:
            raise SchemaOutdated(_OF_A_NEWER_ONE) from unknown

    await database.migrate(run)


async def check(database: Database) -> None:
    """Raises `SchemaOutdated` unless the database has exactly this version's schema."""
    found = await revision(database)
    wanted = newest()
    if found == wanted:
        return
    if found is None:
        raise SchemaOutdated("the database is empty: run `kursplan db upgrade`")
    raise SchemaOutdated(
        f"the database has schema {found}, this version needs {wanted}: run `kursplan db upgrade`"
        " with the newest version that ever used this database"
    )


async def revision(database: Database) -> str | None:
    """The revision of the database; None where it never had any."""
    return await database.read(_found)


def newest() -> str:
    """The revision that this version needs."""
    return max(revisions())


def revisions() -> frozenset[str]:
    """All that this version knows: their files begin with their numbers."""
    return frozenset(_files())


def _files() -> dict[str, Path]:
    return {
        each.name.partition("_")[0]: each
        for each in sorted(MIGRATIONS.joinpath("versions").glob("[0-9]*_*.py"))
    }


def migrations_after(found: str | None) -> Iterator[Migration]:
    """What brings a database of that revision to this version's, step by step; None is an empty one.

    Raises `SchemaOutdated` for a revision that this version does not know.
    """
    files = _files()
    if found is not None and found not in files:
        raise SchemaOutdated(_OF_A_NEWER_ONE)
    for number, file in files.items():
        if found is None or number > found:
            words = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
            yield Migration(number, words.partition("\n\n")[0].replace("\n", " "))


def _found(tx: Connection) -> str | None:
    if not tx.execute(HAS_REVISION).scalar():
        return None
    return tx.execute(FOUND).scalar()


def _config(tx: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = tx
    return config
