"""Backups of SQLite's file: made while it is in use, and put in its place; examined, whole or not at all.

What was in the place is set aside, with its `-wal`, in which there may be what was committed last.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from kursplan.store.engine import schema
from kursplan.store.engine.server_mark import ServerMark, beside, uri

APPLICATION_ID = int.from_bytes(b"Kurs", "big")
"""What a file of ours has in its header."""

_SHARES = (510, 0x40000002)
"""Length and begin of what SQLite locks of a file: whoever has it open in WAL mode holds a share."""


class CannotRestore(Exception):
    """The backup can't be used, or not now; nothing was changed."""


def take_backup(database: Path, to: Path) -> None:
    """Copy into a new file, for its owner alone, all that is committed; who writes meanwhile is not kept.

    It is one file, which can be read where nothing may be written. Raises `CannotRestore` where what
    came of it could not be restored, and OSError.
    """
    copied(database, to)
    with closing(sqlite3.connect(to, isolation_level=None)) as opened:
        opened.execute("PRAGMA journal_mode = DELETE")
    write_through(to.parent)


def copied(file: Path, copy: Path) -> str:
    """Make a new file of all that is committed in a backup that is sound and ours; its revision.

    Raises `CannotRestore`, and OSError.
    """
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        _copy(file, copy)
        return _examined(file, copy)
    except BaseException:
        _remove(copy)
        raise


@dataclass(frozen=True, slots=True)
class Backup:
    """A checked copy of a backup, which lies ready beside the database."""

    revision: str
    """Of its schema."""
    _copy: Path
    _database: Path

    def put_in_place(self) -> Path | None:
        """Make it the database; gives where the one before is now. Raises OSError."""
        aside = self._set_aside()
        for suffix in ("-wal", "-shm"):
            # Without its database only a rest: one that was moved aside is gone from here.
            beside(self._database, suffix).unlink(missing_ok=True)
        self._copy.replace(self._database)
        write_through(self._database.parent)
        return aside

    def _set_aside(self) -> Path | None:
        if not self._database.exists():
            return None
        aside = next(
            name
            for number in count(1)
            if not (name := beside(self._database, f".replaced-{number}")).exists()
        )
        self._database.rename(aside)
        wal = beside(self._database, "-wal")
        if wal.exists():
            wal.rename(beside(aside, "-wal"))
        return aside


@contextmanager
def ready_to_restore(file: Path, database: Path) -> Iterator[Backup]:
    """A backup of `file` that can become `database`, which nobody may use as long as the block lasts.

    Raises `CannotRestore`, and OSError.
    """
    database = database.resolve()
    if not file.is_file():
        raise CannotRestore(f"there is no file {file}")
    if database.exists() and file.samefile(database):
        raise CannotRestore(f"{file} is the database itself")
    with ExitStack() as held:
        mark = ServerMark(database)
        held.callback(mark.leave)
        if not mark.take():
            raise CannotRestore(f"a server lives on {database}: stop it first")
        if database.exists():
            held.enter_context(_closed_to_all(database))
        copy = beside(database, "-restoring")
        held.callback(_remove, copy)
        _remove(copy)
        revision = copied(file, copy)
        _let_use(copy, like=database)
        yield Backup(revision, copy, database)
        mark.note(None)


@contextmanager
def _closed_to_all(database: Path) -> Iterator[None]:
    with database.open("r+b") as opened:
        try:
            fcntl.lockf(opened, fcntl.LOCK_EX | fcntl.LOCK_NB, *_SHARES)
        except (BlockingIOError, PermissionError) as held:
            raise CannotRestore(f"another program has {database} open: end it first") from held
        yield


def _let_use(copy: Path, *, like: Path) -> None:
    """Let those use the copy who may use `like`; where that is not there, its owner alone."""
    if like.exists():
        before = like.stat()
        copy.chmod(before.st_mode & 0o777)
        os.chown(copy, before.st_uid, before.st_gid)


def _copy(file: Path, copy: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(uri(file.absolute(), "mode=ro"), uri=True)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
    except sqlite3.Error as error:
        raise CannotRestore(f"{file} can't be read as a database: {error}") from error


def _examined(file: Path, copy: Path) -> str:
    """The revision of the schema of a backup that is sound and ours."""
    with closing(sqlite3.connect(copy, isolation_level=None)) as opened:
        try:
            [first] = opened.execute("PRAGMA integrity_check(1)").fetchone()
            if first != "ok" or opened.execute("PRAGMA foreign_key_check").fetchone():
                raise CannotRestore(f"{file} is damaged: take another backup")
            [whose] = opened.execute("PRAGMA application_id").fetchone()
            [revision] = opened.execute("SELECT version_num FROM alembic_version").fetchone() or [
                None
            ]
            runs_from = None
            if opened.execute(
                "SELECT 1 FROM sqlite_master WHERE name = 'schema_runs_from'"
            ).fetchone():
                [runs_from] = opened.execute("SELECT revision FROM schema_runs_from").fetchone()
            opened.execute("PRAGMA journal_mode = WAL")
        except sqlite3.Error as error:
            raise CannotRestore(f"{file} is no backup of Kursplan's: {error}") from error
    if whose != APPLICATION_ID:
        raise CannotRestore(f"{file} is no backup of Kursplan's, but another program's database")
    found = schema.Standing(revision, runs_from, schema.newest())
    if revision is None or not (found.is_behind or found.complaint is None):
        raise CannotRestore(
            f"{file} has schema {revision}, on which this version does not run: restore it with the"
            " version that made it"
        )
    write_through(copy)
    return str(revision)


def write_through(path: Path) -> None:
    """Wait until the file, or what a folder has in it, is on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _remove(copy: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        beside(copy, suffix).unlink(missing_ok=True)
