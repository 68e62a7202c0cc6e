"""`kursplan db`: the schema of the database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kursplan.cli.context import read_settings, with_database
from kursplan.cli.output import Stop, say
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
    patience: Annotated[
        float,
        typer.Option(
            "--patience",
            metavar="SECONDS",
            min=0,
            max=86_400,
            help="How long to try again where others hold tables.",
        ),
    ] = 600.0,
) -> None:
    """Bring the database to this version's schema; an empty one gets all of it.

    Says before what for, step by step, whom each step keeps waiting, and whether servers may go on
    meanwhile; after it how long it took. A step that does not get its locks at once keeps nobody back: it
    is tried again. `kursplan restore --check` tells how long a copy takes.
    """

    async def task(database: Database) -> str:
        from kursplan.store.engine import schema

        newest = schema.newest()
        if _is_to_be_made():
            found = schema.Standing(None, None, newest)
        else:
            found = await schema.standing(database)
        if found.revision is None and dry_run:
            return f"The database is empty; it would have schema {newest}."
        if found.revision is not None and found.is_behind:
            async for line in _what_is_done(database, found.revision):
                say(line)
            if dry_run:
                return "Nothing is done."
        if found.complaint is not None and not found.is_behind:
            raise schema.SchemaOutdated(found.complaint)
        if found.is_ahead or (dry_run and not found.is_behind):
            return f"There is nothing to do: the database has {found.says}."
        began = stopwatch()
        try:
            await schema.upgrade(database, patience, told=lambda line: say(f"Waiting: {line}."))
        except schema.NoLocks as locked:
            raise Stop(str(locked)) from locked
        if found.revision is not None and found.is_behind:
            say(f"That took {stopwatch() - began:.1f} seconds.")
        return f"The database has schema {newest}."

    say(with_database(task, checked=False))


async def _what_is_done(database: Database, revision: str) -> AsyncIterator[str]:
    """Step by step, with whom it keeps waiting, and what is to become of servers meanwhile."""
    from kursplan.store.engine import schema
    from kursplan.store.engine.schema_holds import holds_of, statements_of

    yield f"From schema {revision} to {schema.newest()}:"
    rows = await database.rows_about()
    runs_from = revision
    for step, sql in statements_of(revision, database.name):
        runs_from = step.runs_from
        yield f"  {step.revision}  {step.about}"
        if database.name == "sqlite":
            continue
        for hold in holds_of(sql):
            many = f" (about {rows[hold.table]} rows)" if hold.table in rows else ""
            if hold.is_by_rows:
                yield f"        {hold.table}{many}: who writes to it waits until that is made"
            else:
                yield f"        {hold.table}: who uses it waits for a moment"
    if database.name == "sqlite":
        yield "Who writes waits as long as a step takes."
    if runs_from <= revision:
        yield "Servers of the version before may go on meanwhile, and be restarted afterwards."
    else:
        yield f"Stop all servers first: only versions from schema {runs_from} on run on it."


def _is_to_be_made() -> bool:
    """Whether it is a file that is not there: the migration makes it."""
    from sqlalchemy import make_url

    url = make_url(read_settings().database_url)
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").exists()


@app.command()
def check() -> None:
    """Say whether this version runs on the database's schema; the exit status says it too."""

    async def task(database: Database) -> str:
        from kursplan.store.engine import schema

        return (await schema.check(database)).says

    says = with_database(task, checked=False)
    say(f"The database ({_kind()}) has {says}.")


def _kind() -> str:
    return read_settings().database_url.partition(":")[0]
