"""The database's schema: brought up to date by migrations, the same on SQLite and PostgreSQL.

A version of Kursplan is made for one schema, the newest that it knows, and also runs on those of later
versions that say so (`runs_from` in a migration): so servers go on while the schema is brought up to date.
"""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, String, column, select, table

from kursplan.clock import stopwatch
from kursplan.store.engine.database import Database
from kursplan.store.engine.dialect import TableIsThere
from kursplan.store.engine.trouble import DatabaseUnavailable

if TYPE_CHECKING:
    from alembic.config import Config

# Alembic is imported where something is migrated: it takes as long to import as most commands take.

MIGRATIONS = Path(__file__).parent.with_name("migrations")
PATIENCE_SECONDS = 600.0
"""How long a step is tried again that does not get its locks."""
LONGEST_PAUSE_SECONDS = 5.0

HAS_REVISION = select(TableIsThere("alembic_version"))
FOUND = select(column("version_num", String)).select_from(table("alembic_version"))
HAS_RUNS_FROM = select(TableIsThere("schema_runs_from"))
RUNS_FROM = select(column("revision", String)).select_from(table("schema_runs_from"))


class SchemaOutdated(Exception):
    """The database is not as this version needs it."""


class NoLocks(Exception):
    """Others held what a step needed for as long as it was tried; the message says who."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step from a schema to the next."""

    revision: str
    about: str
    """What it is for, in the words of its file."""
    runs_from: str
    """The oldest schema whose versions run on what it makes."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A schema that a database has, beside the one that this version is made for."""

    revision: str | None
    """None where it never had any."""
    runs_from: str | None
    """The oldest schema whose versions run on it; None where nobody wrote it down."""
    own: str

    @property
    def is_behind(self) -> bool:
        """Whether this version can bring it up to date."""
        return self.revision is None or self.revision < self.own

    @property
    def is_ahead(self) -> bool:
        """Whether it is of a later version, on whose schema this one runs as well."""
        return not self.is_behind and self.revision != self.own and self.complaint is None

    @property
    def complaint(self) -> str | None:
        """Why this version does not run on it."""
        if self.revision is None:
            return "the database is empty: run `kursplan db upgrade`"
        if self.is_behind:
            return (
                f"the database has schema {self.revision}, this version needs {self.own}:"
                " run `kursplan db upgrade`"
            )
        if self.revision == self.own or (self.runs_from is not None and self.runs_from <= self.own):
            return None
        since = (
            ""
            if self.runs_from is None
            else f", on which versions from schema {self.runs_from} on run"
        )
        return (
            f"the database has schema {self.revision}{since}, and this version is made for"
            f" {self.own}: run the newer version that used it, or restore a backup from before"
        )

    @property
    def says(self) -> str:
        """What there is to say of one on which this version runs."""
        if not self.is_ahead:
            return f"schema {self.revision}, as this version needs it"
        return (
            f"schema {self.revision} of a newer version, on which this one, made for {self.own},"
            " runs as well"
        )


async def upgrade(
    database: Database,
    patience: float = PATIENCE_SECONDS,
    told: Callable[[str], None] = lambda _: None,
) -> None:
    """Bring the database to this version's schema; one that has it, or a later one on which this version
    runs, is left alone.

    Each step is a transaction. One that does not get its locks within moments lets everybody pass who came
    behind it, and is tried again, for so many seconds; `told` hears who is in the way. Of several who do it at
    once one does, and the others wait until it has. Raises `SchemaOutdated` for the database of a newer version
    on which this one does not run, and `NoLocks`.
    """
    for each in migrations_after(None):
        step = partial(database.migrate, partial(_step, to=each.revision))
        await _until_it_has_its_locks(step, database, patience, told)


def _step(tx: Connection, to: str) -> None:
    from alembic import command

    found = _standing(tx)
    if not found.is_behind and found.complaint is not None:
        raise SchemaOutdated(found.complaint)
    if found.is_ahead or (found.revision == found.own and found.runs_from is not None):
        return
    command.upgrade(_config(tx), to)


async def _until_it_has_its_locks(
    step: Callable[[], Awaitable[None]],
    database: Database,
    patience: float,
    told: Callable[[str], None],
) -> None:
    began = stopwatch()
    pause = 0.25
    while True:
        try:
            await step()
        except DatabaseUnavailable as unavailable:
            if not (unavailable.locked or unavailable.conflict):
                raise
        else:
            return
        who = await database.in_the_way() or "others"
        if stopwatch() - began > patience:
            raise NoLocks(
                f"nothing more is done, because {who} held tables for longer than {patience:g}"
                " seconds: end what holds them, or try again when there is less to do"
            )
        told(f"{who} is in the way; all others pass, and it is tried again")
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


async def check(database: Database) -> Standing:
    """How the database stands. Raises `SchemaOutdated` unless this version runs on it."""
    found = await standing(database)
    if found.complaint is not None:
        raise SchemaOutdated(found.complaint)
    return found


async def standing(database: Database) -> Standing:
    """How the database stands, whatever that is."""
    return await database.read(_standing)


def newest() -> str:
    """The revision that this version is made for."""
    return max(_files())


def revisions() -> frozenset[str]:
    """All that this version knows: their files begin with their numbers."""
    return frozenset(_files())


def _files() -> dict[str, Path]:
    return {
        each.name.partition("_")[0]: each
        for each in sorted(MIGRATIONS.joinpath("versions").glob("[0-9]*_*.py"))
    }


def migrations_after(found: str | None) -> Iterator[Migration]:
    """What brings a database of that revision to this version's, step by step; None is an empty one."""
    for revision, file in _files().items():
        if found is None or revision > found:
            tree = ast.parse(file.read_text("utf-8"))
            words = ast.get_docstring(tree) or ""
            yield Migration(
                revision,
                words.partition("\n\n")[0].replace("\n", " "),
                _constant(tree, "runs_from"),
            )


def _constant(tree: ast.Module, name: str) -> str:
    """What a migration says of itself in a line of its own. Raises LookupError."""
    for each in tree.body:
        match each:
            case ast.Assign(targets=[ast.Name(id=said)], value=ast.Constant(value=str(value))):
                if said == name:
                    return value
    raise LookupError(f"a migration has to say {name}")


def _standing(tx: Connection) -> Standing:
    revision = tx.execute(FOUND).scalar() if tx.execute(HAS_REVISION).scalar() else None
    runs_from = tx.execute(RUNS_FROM).scalar() if tx.execute(HAS_RUNS_FROM).scalar() else None
    return Standing(revision, runs_from, newest())


def _config(tx: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = tx
    config.attributes["runs_from"] = {
        each.revision: each.runs_from for each in migrations_after(None)
    }
    return config
