"""`kursplan db`: the schema of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from kursplan.cli.context import read_settings, with_database
from kursplan.cli.output import say

if TYPE_CHECKING:
    from kursplan.store.engine.database import Database

app = typer.Typer(no_args_is_help=True, help="The database's schema.")


@app.command()
def upgrade() -> None:
    """Bring the database to this version's schema; an empty one gets all of it."""

    async def task(database: Database) -> str:
        from kursplan.store.engine import schema

        await schema.upgrade(database)
        return schema.newest()

    revision = with_database(task, checked=False)
    say(f"The database has schema {revision}.")


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
