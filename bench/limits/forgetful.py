"""Kursplan that can be told to keep no history, to see what keeping it costs.

It is started like Kursplan itself (`python -m bench.limits.forgetful serve …`), and keeps no line of what
is done for as long as the file exists that the environment names. Both ways run in the same processes,
so what is compared differs in nothing else.
"""

from __future__ import annotations

import os
from typing import Any, Final

from kursplan.cli import main
from kursplan.desk.engine.notes import Notes
from kursplan.domain.history import Change, EntityKind
from kursplan.store.rules import history

FORGETS = "BENCH_FORGETS"
"""Names the file in the environment."""

_SOMETHING: Final = [Change(EntityKind.BOOKING, 0, None, None)]
_file = os.environ.get(FORGETS, "")
_changes, _add = Notes.changes, history.add


def _forgets() -> bool:
    # `os.path.exists` would raise and catch where there is no file, and that would count as history.
    return os.access(_file, os.F_OK)


def _changes_or_not(notes: Notes) -> list[Change]:
    return _SOMETHING if _forgets() else _changes(notes)


def _add_or_not(*told: Any) -> None:
    if not _forgets():
        _add(*told)


# Each worker is a process of its own, and comes by here when it starts. Who only reads the name does not.
if _file:
    Notes.changes = _changes_or_not  # type: ignore[method-assign, assignment]
    history.add = _add_or_not  # type: ignore[assignment]


if __name__ == "__main__":
    main()
