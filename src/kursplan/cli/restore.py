"""`kursplan restore`: a backup in the place of the database, or into a copy that is only looked at."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from kursplan.cli.backup_check import is_a_dump, say_whether_it_can_be_restored
from kursplan.cli.context import read_settings, with_database
from kursplan.cli.output import Stop, say

if TYPE_CHECKING:
    from sqlalchemy import URL

    from kursplan.store.engine.database import Database


def restore(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The backup; `-` reads standard input.")
    ],
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Only restore it into a copy, have the doctor look at it, and drop the copy.",
            show_default=False,
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it without asking.", show_default=False)
    ] = False,
) -> None:
    """Put a backup in the place of the database; where it can't be used, nothing is changed.

    SQLite: what was there is kept under another name, and no server may live on it meanwhile.
    PostgreSQL: the database has to be empty.
    """
    from sqlalchemy import make_url

    with _as_a_file(file) as found:
        if check:
            say_whether_it_can_be_restored(found)
            return
        url = make_url(read_settings().database_url)
        if url.get_backend_name() == "sqlite" and url.database is not None:
            revision: str | None = _into_its_place(found, Path(url.database), yes=yes)
        else:
            revision = _into_an_empty_one(found, url, yes=yes)
    from kursplan.store.engine import schema

    if revision is None or revision < schema.newest():
        say(f"It has schema {revision}: run `kursplan db upgrade` before you start the server.")


def _into_its_place(file: Path, database: Path, *, yes: bool) -> str:
    """The revision of what is there by then. Raises `Stop`."""
    from kursplan.store.engine.backup import CannotRestore, ready_to_restore

    try:
        if file.is_file() and is_a_dump(file):
            raise Stop(
                f"{file} is a dump of PostgreSQL: set KURSPLAN_DATABASE_URL to an empty database"
                " of a server"
            )
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
    return backup.revision


def _into_an_empty_one(file: Path, url: URL, *, yes: bool) -> str | None:
    """The revision of what is there by then. Raises `Stop`."""
    from kursplan.store.engine import postgres_dump, schema

    async def revision(database: Database) -> str | None:
        return (await schema.standing(database)).revision

    try:
        if not is_a_dump(file):
            raise Stop(f"{file} is no dump as `kursplan backup` makes it of PostgreSQL")
    except OSError as error:
        raise Stop(f"can't read {file}: {error.strerror}") from error
    if (there := with_database(revision, checked=False)) is not None:
        raise Stop(
            f"the database has tables already (schema {there}), and nothing is written over:"
            " set KURSPLAN_DATABASE_URL to an empty one"
        )
    if not yes:
        _ask(f"Restore {file} into the database {url.database}?")
    try:
        postgres_dump.restore(url, file)
    except postgres_dump.ProgramFailed as reason:
        raise Stop(f"nothing is restored: {reason}") from reason
    say(f"The database {url.database} is what {file} holds.")
    return with_database(revision, checked=False)


@contextmanager
def _as_a_file(file: Path) -> Iterator[Path]:
    """Standard input becomes a file for a while, in a folder that nobody else may look into."""
    if str(file) != "-":
        yield file
        return
    with TemporaryDirectory(prefix="kursplan-restore-") as folder:
        kept = Path(folder) / "standard input"
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            shutil.copyfileobj(sys.stdin.buffer, opened, 1 << 20)
        yield kept


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        raise Stop("nobody can be asked here: give --yes", 2)
    typer.confirm(question, abort=True)
