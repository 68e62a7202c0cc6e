"""The mark of a server beside its SQLite file: it is known by it, also after a kill, and from copies."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import stat
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from kursplan.store.engine.trouble import DatabaseUnavailable

REMEDY = "stop the server, put a backup in place with `kursplan restore FILE`, and start it again"

Signature = tuple[int, ...]
"""Device and inode of a file; where nobody else may write to it, its size and time as well."""
Note = tuple[int, ...]
"""Two numbers in the file's header by which it is known from its copies, and its signature."""


class ServerMark:
    """What a server notes beside its file, and holds locked as long as it lives."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = beside(database.resolve(), "-server")
        self._wal = beside(database.resolve(), "-wal")
        self._held: int | None = None

    def compare(self) -> None:
        """Look whether the file is that of the server that lives, or of the last one if it was killed.

        Raises `DatabaseUnavailable` where it is another one. Nobody else in this process may have
        opened the file.
        """
        try:
            file = os.open(self._path, os.O_RDWR)
        except FileNotFoundError:
            return
        try:
            if _lock(file):
                if (noted := _noted(file)) and not self._wal_belongs(noted):
                    raise DatabaseUnavailable(
                        f"{self._wal} was left by a server that was killed, and {self._database.name} is not"
                        " the file that it belongs to: put a backup in place with `kursplan restore"
                        f" FILE`, which sets both aside, or move {self._wal.name} away"
                    )
                os.ftruncate(file, 0)
                return
            before: Note | None = None
            while noted := _noted(file):
                if noted[2:] == signature(self._database):
                    return
                # The server takes its note back before it changes the file.
                if noted == before:
                    raise DatabaseUnavailable(
                        f"{self._database} is not the file that its server opened: {REMEDY}"
                    )
                before = noted
        finally:
            os.close(file)

    def _wal_belongs(self, noted: Note) -> bool:
        """Whether the file is as the server knew it, or there is no `-wal` that could spoil it."""
        try:
            if self._wal.stat().st_size == 0:
                return True
        except FileNotFoundError:
            return True
        # Without the `-wal`, which is what `immutable` means.
        with (
            suppress(sqlite3.DatabaseError),
            closing(
                sqlite3.connect(uri(self._database, "mode=ro&immutable=1"), uri=True)
            ) as opened,
        ):
            return versions(opened) == noted[:2]
        return False

    def take(self) -> bool:
        """Hold it, unless somebody else does."""
        if self._held is None:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            if not _lock(file):
                os.close(file)
                return False
            self._held = file
            self._belong_to_owner(file)
        return True

    def _belong_to_owner(self, file: int) -> None:
        """Let those use it who may use the database, as SQLite does with its files."""
        with suppress(FileNotFoundError, PermissionError):
            database = self._database.stat()
            os.fchmod(file, stat.S_IMODE(database.st_mode))
            os.fchown(file, database.st_uid, database.st_gid)

    def note(self, noted: Note | None) -> None:
        """Write it down, for those who open the file; None takes it back."""
        if self._held is not None:
            written = b"" if noted is None else json.dumps(noted).encode()
            os.ftruncate(self._held, 0)
            os.pwrite(self._held, written, 0)

    def leave(self) -> None:
        """Let go of it, with what is noted there."""
        if self._held is not None:
            os.close(self._held)
            self._held = None


def beside(path: Path, suffix: str) -> Path:
    """The file that is kept beside a database under that suffix."""
    return path.with_name(path.name + suffix)


def uri(path: Path, how: str) -> str:
    """What SQLite is told to open the file in a certain way."""
    return f"file:{quote(str(path))}?{how}"


def signature(path: Path) -> Signature:
    """Device, inode, size and time of the file; nothing where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def versions(opened: sqlite3.Connection) -> tuple[int, int]:
    """The number that a server drew, and that of the schema, which a copy by `VACUUM` has not."""
    [mark] = opened.execute("PRAGMA user_version").fetchone()
    [schema] = opened.execute("PRAGMA schema_version").fetchone()
    return mark, schema


def _lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _noted(file: int) -> Note | None:
    with suppress(ValueError):  # It is just being written.
        return tuple(json.loads(os.pread(file, 1000, 0)))
    return None
