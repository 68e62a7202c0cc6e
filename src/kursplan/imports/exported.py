"""What was exported, as bytes: read from its beginning as often as somebody asks, and never held as a whole.

What comes through a pipe can be read once only, so that is held; it is as long as a file may be at most.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from kursplan.domain.sentences import Sentence
from kursplan.imports.table import Unreadable

_AT_ONCE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Exported:
    size: int
    """In bytes."""
    open: Callable[[], BinaryIO]
    """At its beginning. Raises `Unreadable` where the file is another one by now."""

    @classmethod
    def of(cls, data: bytes) -> Exported:
        """What is in memory already."""
        return cls(len(data), lambda: BytesIO(data))

    @classmethod
    def in_file(cls, path: Path) -> Exported:
        """A file that stays as it is until it was read for the last time. Raises `OSError`."""
        with path.open("rb") as file:  # Somebody may not be allowed to.
            seen = os.fstat(file.fileno())

        def opened() -> BinaryIO:
            file = path.open("rb")
            if _which(os.fstat(file.fileno())) != _which(seen):
                file.close()
                says = Sentence("the file was changed while it was read: import it again")
                raise Unreadable(says)
            return file

        return cls(seen.st_size, opened)

    def begins(self, length: int) -> bytes:
        with self.open() as file:
            return file.read(length)

    def pieces(self) -> Iterator[bytes]:
        with self.open() as file:
            while piece := file.read(_AT_ONCE):
                yield piece

    def whole(self) -> bytes:
        """For what can't be read but as a whole."""
        with self.open() as file:
            return file.read()


def _which(stat: os.stat_result) -> tuple[int, ...]:
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns
