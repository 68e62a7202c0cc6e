"""Files that a command reads and writes for a person."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from kursplan.cli.output import Stop


def bytes_of(file: Path, longest: int) -> bytes:
    """What the file holds, and one byte more than `longest` at most: a pipe may never end.

    `-` is standard input. Raises `Stop`.
    """
    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(longest + 1)
        with file.open("rb") as opened:
            return opened.read(longest + 1)
    except OSError as error:
        raise Stop(f"can't read {file}: {error.strerror}") from error


def write_for_the_owner(output: Path, text: str | Iterable[str]) -> None:
    """Write a file that has people in it: whole or not at all, and for nobody else to read.

    There may be more of it than fits into memory; then it comes in parts.

    Raises `Stop`.
    """
    parts = [text] if isinstance(text, str) else text
    try:
        if output.exists() and not output.is_file():
            with output.open("w", encoding="utf-8") as written:
                written.writelines(parts)  # A device or a pipe has nothing to keep.
            return
        output = output.resolve()
        partial = output.with_name(f".{output.name}.partial")
        try:
            opened = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(opened, "w", encoding="utf-8", newline="") as written:
                written.writelines(parts)
            partial.replace(output)
        except OSError:
            with suppress(OSError):
                partial.unlink()
            raise
    except OSError as error:
        raise Stop(f"can't write {output}: {error.strerror}") from error
