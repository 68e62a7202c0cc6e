"""A list on disk: what an import finds out row by row, however many rows there are.

Short ones stay in memory. A longer one is a file without a name, which nobody else can open and which is gone
when nobody looks at the list any more.
"""

from __future__ import annotations

import pickle
import weakref
from collections.abc import Collection, Iterator
from tempfile import SpooledTemporaryFile
from typing import Generic, TypeVar

T = TypeVar("T")

_IN_MEMORY = 256 * 1024
"""In bytes, of each list."""


class Spool(Collection[T], Generic[T]):
    """Things in the order in which they were added; they are read anew for each who goes through them."""

    def __init__(self, in_memory: int = _IN_MEMORY) -> None:
        self._count = 0
        self._file = SpooledTemporaryFile(in_memory)  # noqa: SIM115 - it is closed below
        weakref.finalize(self, self._file.close)

    def append(self, each: T) -> None:
        self._file.seek(0, 2)
        pickle.dump(each, self._file)
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __contains__(self, wanted: object) -> bool:
        return any(each == wanted for each in self)

    def __iter__(self) -> Iterator[T]:
        place = 0
        for _ in range(self._count):
            # Others may go through it, too.
            self._file.seek(place)
            each: T = pickle.load(self._file)  # noqa: S301 - written above, where nobody else can write
            place = self._file.tell()
            yield each
