"""`kursplan db`: the schema of the database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kursplan.cli.context import read_settings, with_database
from kursplan.cli.output import say
from kursplan.clock import stopwatch

if TYPE_CHECKING:
    from kursplan.store.engine.database import Database

app = typer.Typer(no_args_is_help=True, help="The database's schema.")


@app.command()
def upgrade(
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only say what would be done.", show_default=False),
    ] = False,
) -> None:
    """Bring the database to this version's schema; an empty one gets all of it.

    Says what for, step by step, and how long it took: for so long who writes may have had to wait.
    How long that is, `kursplan restore --check` tells before, in a copy.
    """

    async def task(database: Database) -> str:
        from kursplan.store.engine import schema

        newest = schema.newest()
        found = None if _is_to_be_made() else await schema.revision(database)
        steps = list(schema.migrations_after(found))
        if found is None and dry_run:
            return f"The database is empty; it would have schema {newest}."
        if found is not None and steps:
            say(f"From schema {found} to {newest}:")
            for each in steps:
                say(f"  {each.revision}  {each.about}")
            if dry_run:
                return "Nothing is done."
        if dry_run:
            return f"The database has schema {newest}; there is nothing to do."
        began = stopwatch()
        await schema.upgrade(database)
        if found is not None and steps:
            say(f"That took {stopwatch() - began:.1f} seconds.")
        return f"The database has schema {newest}."

    say(with_database(task, checked=False))


def _is_to_be_made() -> bool:
    """Whether it is a file that is not there: the migration makes it."""
    from sqlalchemy import make_url

    url = make_url(read_settings().database_url)
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").exists()


@app.command()
def check() -> None:
    """Say whether the database has this version's schema; the exit status says it too."""

    async def task(database: Database) -> str:
        from kursplan.store.engine import schema

        return schema.newest()

    revision = with_database(task)
    say(f"The database ({_kind()}) has schema {revision}, as this version needs it.")


def _kind() -> str:
    return read_settings().database_url.partition(":")[0]
