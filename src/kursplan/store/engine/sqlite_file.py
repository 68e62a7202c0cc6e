"""The file beneath SQLite: made for its owner alone, and watched for being exchanged.

SQLite knows its file by a descriptor, and `-wal` and `-shm` beside it by their names. Where somebody
moves a backup into its place, copies one over it or removes it while a server runs, the server would
go on and promise what no file holds. So whoever has opened a file looks at its place again: before
a read, before a turn, and after the commit, before anybody is told.

That another file has come into the place shows in its inode. That one was copied over it shows in its
size and time, because nobody who keeps to SQLite's rules writes to the file while a server lives: the
server keeps a reader at the state of its last checkpoint (it *stands guard*), so that all that is committed
stays in the `-wal`, and leaves it only for a checkpoint of its own.

What the server knows of its file it notes in a file beside it, `NAME-server`, which is locked as long as the
server lives. Commands compare, and what a server that was killed has left shows whether a `-wal`
belongs to the file that it lies beside.
"""

from __future__ import annotations

import ctypes
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from kursplan.clock import stopwatch
from kursplan.ids import draw
from kursplan.store.engine.server_mark import (
    REMEDY,
    ServerMark,
    Signature,
    beside,
    signature,
    uri,
    versions,
)
from kursplan.store.engine.trouble import DatabaseUnavailable

log = structlog.get_logger(__name__)

LONGEST_WAL = 8000
"""Pages in the `-wal` after which they go to their place: those that change again and again do so once."""
TEND_SECONDS = 0.5
"""How often a server asks how long the `-wal` is, which costs about 0.1 ms."""
LOOK_SECONDS = 0.005
"""How long a read trusts the last look."""
TRIES = 5
"""How often a checkpoint waits a millisecond for those who still read an older state."""
KEEPER_WAITS_MS = 50
"""How long a server that tends the file waits for another program that writes; it comes again soon."""

SAVING = "stop the server, which writes down what was in it, and start it again"
"""Where only the name of the `-wal` is lost."""

_NEVER: Signature = (-1,)
"""No file has it."""


def connection(path: Path, lock_wait: float, *settings: str) -> sqlite3.Connection:
    """A connection to the file, which has to be there, as all of ours are set up."""
    opened = sqlite3.connect(
        uri(path, "mode=rw"),
        uri=True,
        timeout=lock_wait,
        check_same_thread=False,
        # The driver is not to begin transactions by itself: we say which kind.
        isolation_level=None,
    )
    # WAL lets readers and the writer pass each other; FULL makes a commit survive a power cut, which
    # is what a booked seat promises.
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        # What a statement would need to take itself back, which is then never used.
        "temp_store = MEMORY",
        f"wal_autocheckpoint = {LONGEST_WAL}",
        *settings,
    ):
        opened.execute(f"PRAGMA {pragma}")
    return opened


def make(path: Path) -> None:
    """Make an empty file for its owner alone, where there is none. Raises OSError."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


class DatabaseFile:
    """The file as this process has opened it; `serves` where a server does."""

    def __init__(self, path: Path, lock_wait: float, *, serves: bool) -> None:
        self.path = path
        self._lock_wait = lock_wait
        self._serves = serves
        # A link may be turned to another file; where it leads to are the others.
        self._wal = beside(path.resolve(), "-wal")
        self._opening = threading.RLock()
        self._changing = threading.Lock()
        """Held while what is expected changes."""
        self._keeper: sqlite3.Connection | None = None
        """Open as long as we are: as long as one is, nobody takes the `-wal` away."""
        self._guard: sqlite3.Connection | None = None
        self._mark = ServerMark(path)
        self._expected = self._passes = _NEVER
        self._wal_seen = _NEVER
        self._exchanged: str | None = None
        self._looked_at = 0.0
        self._tended_at = 0.0

    # --- Looking ----------------------------------------------------------------------------------

    def look(self) -> None:
        """Raise `DatabaseUnavailable` unless the file in its place is the one that we opened."""
        self._looked_at = stopwatch()
        expected = self._passes
        if signature(self.path)[: len(expected)] != expected:
            self._look_closely()

    def look_now_and_then(self) -> None:
        """The same for a read, which promises nothing, unless somebody looked just now."""
        if self._passes is _NEVER or stopwatch() - self._looked_at > LOOK_SECONDS:
            self.look()

    def look_after_commit(self) -> None:
        """The same, also for the `-wal`: what was committed is there for whoever opens the file now."""
        self.look()
        wal = signature(self._wal)
        if wal[:2] != self._wal_seen[:2]:
            self._look_closely()
        else:
            self._wal_seen = wal

    def _look_closely(self) -> None:
        with self._changing:
            reason = self._difference()
            if reason is None:
                if self._exchanged is not None:
                    log.warning("the database file is back", file=str(self.path))
                self._exchanged, self._passes = None, self._expected
                return
            if self._exchanged is None:
                log.error("the database file was exchanged", file=str(self.path), reason=reason)
            self._exchanged, self._passes = reason, _NEVER
        raise DatabaseUnavailable(f"{self.path.name} {reason}")

    def _difference(self) -> str | None:
        """What is wrong with what is in the place, and what to do, in words that follow its name."""
        if problem := self._not_ours():
            return f"{problem}: {REMEDY}"
        wal = signature(self._wal)
        if wal[:2] != self._wal_seen[:2]:
            return f"has lost its {self._wal.name}: {SAVING}"
        if self._exchanged is not None and wal != self._wal_seen:
            # By somebody who met another file beside it.
            return f"was away, and {self._wal.name} was written to meanwhile: {REMEDY}"
        return None

    def _not_ours(self) -> str | None:
        """What is in the place instead of what was opened; the `-wal` apart."""
        found = signature(self.path)
        if not found:
            return "is gone"
        if found[:2] != self._expected[:2]:
            return "is another file now"
        return None if found[: len(self._expected)] == self._expected else "was written over"

    @property
    def _may_be_closed(self) -> bool:
        """Whether what is in the `-wal` goes where it belongs, also if it has lost its name."""
        return self._difference() is None or (self._not_ours() is None and not signature(self._wal))

    # --- Opening and closing ----------------------------------------------------------------------

    def open(self, lock_wait: float | None = None) -> None:
        """Open it, unless it is open, and wait so long for others who do.

        Raises `DatabaseUnavailable` where it is not what it should be.
        """
        if self._keeper is not None:
            return
        with self._opening:
            if self._keeper is not None:
                return
            if not self.path.exists():
                raise DatabaseUnavailable(
                    f"there is no database at {self.path}: make one with `kursplan db upgrade`,"
                    " or say with KURSPLAN_DATABASE_URL where it is"
                )
            self._mark.compare()
            keeper = connection(self.path, lock_wait or self._lock_wait)
            # Only now are both files beside it there.
            keeper.execute("PRAGMA user_version").fetchone()
            keeper.execute(f"PRAGMA busy_timeout = {KEEPER_WAITS_MS}")
            self._expected = self._passes = signature(self.path)[:2]
            self._wal_seen = signature(self._wal)
            if self._serves:
                self._guard = connection(self.path, self._lock_wait)
            self._keeper = keeper
            self.tend()

    def close(self) -> None:
        """Close it, last of all who have it open."""
        if self._keeper is None:
            return
        if not self._may_be_closed:
            # Whoever closes last copies the `-wal` into the file, which may be another one by now, and
            # removes what has its name. So this one is never closed, not even when Python ends.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._keeper))
            self._mark.leave()
            return
        self._mark.note(None)
        if self._guard is not None:
            self._guard.close()
        self._keeper.close()
        self._keeper = None
        self._mark.leave()

    # --- Standing guard ---------------------------------------------------------------------------

    @property
    def wants_tending(self) -> bool:
        return self._serves and stopwatch() - self._tended_at > TEND_SECONDS

    def tend(self) -> None:
        """Bring the pages of a long `-wal` to their place, and stand guard; not while one writes.

        Without room or leave to write it does not, and whoever writes will tell.
        """
        self._tended_at = stopwatch()
        with self._opening, suppress(sqlite3.Error, OSError):
            if self._keeper is None or self._guard is None or not self._mark.take():
                return
            stands_guard = self._guard.in_transaction
            if not stands_guard or _pages_in_wal(self._keeper) > LONGEST_WAL:
                self._stand_guard(self._keeper, self._guard)

    def _stand_guard(self, keeper: sqlite3.Connection, guard: sqlite3.Connection) -> None:
        with self._changing:
            if self._exchanged is not None or self._difference() is not None:
                return  # Whoever looks next tells it; nothing is written to that file.
            self._mark.note(None)
            self._expected = self._passes = self._expected[:2]
            if guard.in_transaction:
                guard.execute("ROLLBACK")
            if not _is_checkpointed(guard):
                return
            mark = draw(2**31)  # No backup that was made before has this number.
            with _alone(keeper):
                keeper.execute(f"PRAGMA user_version = {mark}")
            with _alone(keeper):
                if not _is_checkpointed(guard):
                    return
                # Nothing was committed since, so this reads the file and not the `-wal`; as long as it
                # does, SQLite lets nobody write to the file.
                guard.execute("BEGIN")
                found = versions(guard)
                # Otherwise another file was copied over it just now.
                is_ours = found[0] == mark
                self._expected = self._passes = signature(self.path) if is_ours else _NEVER
                self._wal_seen = signature(self._wal)
            self._mark.note((*found, *self._expected))


def _pages_in_wal(opened: sqlite3.Connection) -> int:
    """How many pages the `-wal` has; those that nobody needs there any more go to their place."""
    pages: int = _checkpoint(opened)[1]
    return pages


def _is_checkpointed(opened: sqlite3.Connection) -> bool:
    """Bring all that is committed to its place; false where somebody reads an older state for long, or is
    at it just now: then the file is not yet what it will be."""
    for _ in range(TRIES):
        is_anothers, pages, done = _checkpoint(opened)
        if pages == done and not is_anothers:
            return True
        time.sleep(0.001)
    return False


def _checkpoint(opened: sqlite3.Connection) -> tuple[int, int, int]:
    """Whether another program is at it, and otherwise how many pages there are, and are in their place."""
    found: tuple[int, int, int] = opened.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return found


@contextmanager
def _alone(opened: sqlite3.Connection) -> Iterator[None]:
    """Nobody else writes meanwhile."""
    opened.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        opened.execute("COMMIT")
