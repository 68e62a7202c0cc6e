"""Kursplan that writes down what it asks SQLite, to see how often it does.

It is started like Kursplan itself (`python -m bench.overheard serve …`), and adds a line for each statement to
the file that the environment names, for as long as that file exists. What is the same but for its values
is the same line. Transactions begin and end without one.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from kursplan.cli import main

OVERHEARD = "BENCH_OVERHEARD"
"""Names the file in the environment."""

_VALUES = re.compile(r"'(?:[^']|'')*'|\b\d+\b")
_AROUND = ("BEGIN", "COMMIT", "ROLLBACK")
_file = os.environ.get(OVERHEARD, "")
_connect = sqlite3.connect


def without_values(statement: str) -> str:
    """The statement in one line, with question marks for texts and numbers."""
    return " ".join(_VALUES.sub("?", statement).split())


def _note(statement: str) -> None:
    if statement.startswith(_AROUND):
        return
    with suppress(FileNotFoundError):
        file = os.open(_file, os.O_WRONLY | os.O_APPEND)
        os.write(file, f"{without_values(statement)}\n".encode())
        os.close(file)


def _overheard(*where: Any, **how: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = _connect(*where, **how)
    connection.set_trace_callback(_note)
    return connection


@contextmanager
def listening(file: Path) -> Iterator[list[str]]:
    """What is asked while the block lasts; the list is filled when it ends."""
    said: list[str] = []
    file.touch()
    yield said
    said += file.read_text().splitlines()
    file.unlink()


if _file:
    sqlite3.connect = _overheard  # type: ignore[assignment]


if __name__ == "__main__":
    main()
