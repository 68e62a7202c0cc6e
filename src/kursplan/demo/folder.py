"""The folder in which a demo lives: its database, and beside it `demo.json` for scripts and `demo.env`
for a shell.

All of them hold keys, so nobody else may read them. Only files of these names are ever removed.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATABASE = "kursplan.db"
UNFINISHED = "kursplan.db.new"
"""What a database is called until the company is founded in it: a start that broke off leaves
nothing that the next one could take for a company."""
BESIDE = ("", "-wal", "-shm", "-server")
"""SQLite and the server keep further files beside a database while it is open."""
FOR_SCRIPTS = "demo.json"
FOR_SHELLS = "demo.env"


@dataclass(frozen=True, slots=True)
class Folder:
    path: Path

    @property
    def database(self) -> Path:
        return self.path / DATABASE

    @property
    def unfinished(self) -> Path:
        return self.path / UNFINISHED

    @property
    def for_scripts(self) -> Path:
        return self.path / FOR_SCRIPTS

    @property
    def for_shells(self) -> Path:
        return self.path / FOR_SHELLS

    def make(self) -> None:
        """Make it, if it is not there, for our eyes only. Raises OSError."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove(self.unfinished)

    def clear(self) -> None:
        """Remove the database, `demo.json` and `demo.env`, and nothing else."""
        _remove(self.database)
        self.for_scripts.unlink(missing_ok=True)
        self.for_shells.unlink(missing_ok=True)

    def finish(self) -> None:
        """The company is founded: the database gets its name."""
        for suffix in reversed(BESIDE):
            file = _beside(self.unfinished, suffix)
            if file.exists():
                file.replace(_beside(self.database, suffix))

    def read(self) -> Mapping[str, Any]:
        """What an earlier start wrote for scripts; nothing, where that can't be made out."""
        try:
            written = json.loads(self.for_scripts.read_bytes())
        except (OSError, ValueError):
            return {}
        return written if isinstance(written, dict) else {}

    def write(self, document: Mapping[str, Any], exported: Mapping[str, str]) -> None:
        """Write `demo.env` and `demo.json`: whoever looks finds the old ones or all of the new."""
        lines = (f"export {name}={shlex.quote(value)}\n" for name, value in exported.items())
        _write(self.for_shells, "".join(lines))
        # Last, so that scripts may go ahead as soon as they find it.
        _write(self.for_scripts, json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def _write(path: Path, text: str) -> None:
    half = path.with_name(f"{path.name}.new")
    half.unlink(missing_ok=True)
    with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    half.replace(path)


def _remove(database: Path) -> None:
    for suffix in BESIDE:
        _beside(database, suffix).unlink(missing_ok=True)


def _beside(database: Path, suffix: str) -> Path:
    return database.with_name(database.name + suffix)
