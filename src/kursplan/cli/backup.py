"""`kursplan backup`: all that is stored, as one file, while the server runs."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from kursplan.cli.backup_check import say_whether_it_can_be_restored
from kursplan.cli.context import read_settings, with_database
from kursplan.cli.output import Stop, say
from kursplan.clock import SystemClock

if TYPE_CHECKING:
    from sqlalchemy import URL

    from kursplan.store.engine.database import Database

STANDARD_OUTPUT = Path("-")
ENDINGS = {"sqlite": "db", "postgresql": "dump"}
OURS = re.compile(rf"kursplan-\d{{8}}T\d{{6}}Z\.({'|'.join(ENDINGS.values())})")
"""How backups in a folder are called; no other file there is ever removed."""


def backup(
    to: Annotated[
        Path,
        typer.Argument(
            metavar="TO",
            help="A file that is not there yet; a folder, in which it is named by the time; "
            "or `-`, standard output.",
        ),
    ],
    keep: Annotated[
        int | None,
        typer.Option(
            "--keep",
            metavar="NUMBER",
            min=1,
            help="Remove the oldest backups in the folder, so that so many are left.",
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Restore it into a copy, and have the doctor look at it.",
            show_default=False,
        ),
    ] = False,
) -> None:
    """Write a backup, also while the server runs: all that was answered before it began is in it.

    Of SQLite it is a database, of PostgreSQL a dump as `pg_dump --format=custom` makes it. It is
    there whole or not at all, for its owner alone to read; it holds personal data.
    """
    from sqlalchemy import make_url

    url = make_url(read_settings().database_url)
    kind = with_database(_kind)
    if to == STANDARD_OUTPUT:
        if keep or check:
            raise Stop("what goes to standard output can't be kept or checked: name a file", 2)
        if sys.stdout.isatty():
            raise Stop("a backup is nothing for a screen: name a file, or pipe it on", 2)
        with TemporaryDirectory(prefix="kursplan-backup-") as folder:
            _write_out(url, kind, Path(folder) / "backup", sys.stdout.buffer)
        return
    if keep and not to.is_dir():
        raise Stop("--keep is for a folder of backups", 2)
    moment = SystemClock().now()
    file = to / f"kursplan-{moment:%Y%m%dT%H%M%SZ}.{ENDINGS[kind]}" if to.is_dir() else to
    if file.exists():
        raise Stop(f"there is a file {file} already, and no backup is ever written over")
    with _whole_or_not_at_all(file) as partial:
        _make(url, kind, partial)
    say(f"{file} is a backup ({file.stat().st_size:,} bytes).")
    if check:
        say_whether_it_can_be_restored(file)
    if keep:
        for old in sorted(each for each in to.iterdir() if OURS.fullmatch(each.name))[:-keep]:
            old.unlink()
            say(f"{old} is removed.")


async def _kind(database: Database) -> str:
    return database.name


def _make(url: URL, kind: str, file: Path) -> None:
    """Raises `Stop`."""
    from kursplan.store.engine.backup import CannotRestore, take_backup
    from kursplan.store.engine.postgres_dump import ProgramFailed, dump

    try:
        if kind == "sqlite":
            take_backup(Path(url.database or ""), file)
            return
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            dump(url, opened)
            os.fsync(opened.fileno())
    except (CannotRestore, ProgramFailed) as reason:
        raise Stop(f"there is no backup: {reason}") from reason


def _write_out(url: URL, kind: str, file: Path, out: BinaryIO) -> None:
    """By a file all the same: a pipe that begins with half a backup can't be taken back."""
    _make(url, kind, file)
    with file.open("rb") as opened:
        shutil.copyfileobj(opened, out, 1 << 20)
    out.flush()


@contextmanager
def _whole_or_not_at_all(file: Path) -> Iterator[Path]:
    """Another name for the file, which it has until it is written."""
    from kursplan.store.engine.backup import write_through

    partial = file.with_name(f".{file.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        yield partial
        partial.rename(file)
        write_through(file.parent)
    except OSError as error:
        raise Stop(f"can't write {file}: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)
