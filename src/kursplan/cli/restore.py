"""`kursplan restore`: a backup in the place of the database (SQLite)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kursplan.cli.context import read_settings
from kursplan.cli.output import Stop, say


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it without asking.", show_default=False)
    ] = False,
) -> None:
    """Put a backup in the place of the SQLite database, and keep what was there under another name.

    No server may live on the database meanwhile. The backup is examined first; where it can't be
    used, nothing is changed.
    """
    from sqlalchemy import make_url

    from kursplan.store.engine import schema
    from kursplan.store.engine.backup import CannotRestore, ready_to_restore

    url = make_url(read_settings().database_url)
    if url.get_backend_name() != "sqlite" or url.database is None:
        raise Stop(
            "PostgreSQL has its own tools for this: `pg_restore` into an empty database,"
            " and KURSPLAN_DATABASE_URL says which one it is"
        )
    database = Path(url.database)
    try:
        with ready_to_restore(file, database) as backup:
            if not yes:
                _ask(f"Replace {database} by {file} (schema {backup.revision})?")
            aside = backup.put_in_place()
    except CannotRestore as reason:
        raise Stop(str(reason)) from reason
    except OSError as error:
        raise Stop(f"can't restore {database}: {error}") from error
    say(f"{database} is what {file} holds.")
    if aside is not None:
        say(f"What was there before is {aside}.")
    if backup.revision != schema.newest():
        say(
            f"It has schema {backup.revision}: run `kursplan db upgrade` before you start the server."
        )


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        raise Stop("nobody can be asked here: give --yes", 2)
    typer.confirm(question, abort=True)
