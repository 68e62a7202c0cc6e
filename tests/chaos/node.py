"""A PostgreSQL server that outlives its processes: killed and started again on the same data."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from bench.processes import processes_below
from tests.postgres import SETTINGS, copy_of, initdb, is_ready, unprivileged_user
from tests.throwaway import PATIENCE_SECONDS, ThrowawayServer, free_port

FURTHER = {
    # So that a standby is back a moment after its primary is, and little room is needed.
    "wal_retrieve_retry_interval": "100ms",
    "max_wal_size": "64MB",
    "min_wal_size": "32MB",
}


class Node:
    """One of the machines on which the database may be."""

    def __init__(self, programs: Path, folder: Path) -> None:
        """In a folder of its own, which whoever gives it removes."""
        self._programs = programs
        self._folder = folder
        self._user = unprivileged_user()
        self._data = folder / "data"
        self._server: ThrowawayServer | None = None
        if self._user is not None:
            shutil.chown(folder, self._user)
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"postgresql://kursplan@{self.address}/postgres"
        self.pid = 0

    def create(self) -> None:
        initdb(self._programs, self._data, self._user, "kursplan")
        self.start()

    def follow(self, primary: Node) -> None:
        """Begin anew, as a standby of the other."""
        shutil.rmtree(self._data, ignore_errors=True)
        copy_of(self._programs, primary.url, self._data, self._user)
        self.start()

    def start(self) -> None:
        """Raises RuntimeError where it does not come up."""
        # Of those that were killed nobody is left, which `kill` has seen to: the file is of nobody.
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        settings = [f"--{name}={value}" for name, value in (SETTINGS | FURTHER).items()]
        self._server = ThrowawayServer(
            [
                *(str(self._programs / "postgres"), "-D", str(self._data)),
                *(f"--port={self.port}", *settings),
            ],
            _folder_of(self._user),
            lambda: is_ready(self._data),
            self._user,
        )
        self.pid = int((self._data / "postmaster.pid").read_text().split()[0])

    def processes(self) -> list[int]:
        """The server's own process, and after it those that it started."""
        with suppress(FileNotFoundError, ProcessLookupError):
            return [self.pid, *processes_below(self.pid)]
        return []

    def kill(self) -> None:
        """All of it at once; what the operating system has taken from it stays."""
        _signal(self.pid, signal.SIGSTOP)  # It starts no other meanwhile.
        processes = self.processes()
        for pid in processes:
            _signal(pid, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while any(_lives(pid) for pid in processes):
            if time.monotonic() > deadline:
                raise RuntimeError("PostgreSQL's processes do not end")
            time.sleep(0.01)
        self.stop()

    def kill_one(self, choice: float) -> None:
        """One process; PostgreSQL then ends all others, and recovers."""
        below = self.processes()[1:]
        if below:
            _signal(below[int(choice * len(below))], signal.SIGKILL)

    def stand_still(self) -> None:
        for pid in self.processes():
            _signal(pid, signal.SIGSTOP)

    def go_on(self) -> None:
        for pid in reversed(self.processes()):
            _signal(pid, signal.SIGCONT)

    def has_ended(self) -> bool:
        return not _lives(self.pid)

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None


def _folder_of(user: str | None) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="kursplan-chaos-"))
    if user is not None:
        shutil.chown(folder, user)
    return folder


def _signal(pid: int, what: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, what)


def _lives(pid: int) -> bool:
    """Whether it is there, and no corpse that only waits for being counted."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
