"""A disk of its own for a node of the database, that can be filled to the last byte."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SIZE_MB = 1024
PART = 16 * 1024 * 1024


class Disk:
    """A folder, and whether it is a disk of its own: only such a one may be filled."""

    def __init__(self, folder: Path, *, own: bool) -> None:
        self.folder = folder
        self.own = own

    def fill(self) -> None:
        """Leave not a byte of it."""
        part = PART
        with (self.folder / "filler").open("wb") as filler:
            at = 0
            while part:
                try:
                    os.posix_fallocate(filler.fileno(), at, part)
                    at += part
                except OSError:
                    part //= 2

    def make_room(self) -> None:
        (self.folder / "filler").unlink(missing_ok=True)


@contextmanager
def disk() -> Iterator[Disk]:
    """One in memory where that may be mounted, which only root may; else an ordinary folder."""
    with tempfile.TemporaryDirectory(prefix="kursplan-disk-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", name]
        own = _succeeds(command)
        try:
            yield Disk(folder, own=own)
        finally:
            if own:
                subprocess.run(["umount", "--lazy", name], check=True)


def _succeeds(command: list[str]) -> bool:
    with suppress(FileNotFoundError):
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    return False
