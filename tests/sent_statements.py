"""Watches in every test that Kursplan sends no statement but the constants of its store.

What those look like is shown by `tests/store/test_statements.py`; this makes sure that there are
no others. Statements that tests, drivers and migrations send for themselves don't count: what
counts is who called, just outside of SQLAlchemy.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.store.statements import every_statement

STRANGERS: list[str] = []
"""What was sent since the last test and is no constant of the store, as `module: text`."""

MIGRATIONS = "kursplan.store.migrations."

OF_THE_DOORS = frozenset({"BEGIN", "BEGIN IMMEDIATE"})
"""What `kursplan.store.engine.sqlite` tells it around a transaction."""

OF_SAVEPOINTS = ("SAVEPOINT ", "ROLLBACK TO SAVEPOINT ", "RELEASE SAVEPOINT ")
"""What SQLAlchemy has sent around a part of one, for `kursplan.store.engine.savepoint`."""


@event.listens_for(Engine, "before_cursor_execute")
def watch(
    _connection: Any, _cursor: Any, sent: str, _parameters: Any, context: Any, _many: bool
) -> None:
    sender = _sender()
    if sender.partition(".")[0] != "kursplan" or sender.startswith(MIGRATIONS):
        return
    if context is not None and id(context.invoked_statement) in _constants():
        return
    if sender == "kursplan.store.engine.sqlite" and sent in OF_THE_DOORS:
        return
    if sender == "kursplan.store.engine.savepoint" and sent.startswith(OF_SAVEPOINTS):
        return
    STRANGERS.append(f"{sender}: {' '.join(sent.split())[:300]}")


@cache
def _constants() -> frozenset[int]:
    return frozenset(id(each.executable) for each in every_statement())


def _sender() -> str:
    """The module that had something executed."""
    frame = sys._getframe(2)
    while frame.f_back is not None and _is_sqlalchemy(frame.f_globals):
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", ""))


def _is_sqlalchemy(names: dict[str, Any]) -> bool:
    return str(names.get("__name__", "")).startswith("sqlalchemy.")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """After each test, with what its fixtures did: fails it for what should not have been sent."""
    yield
    strangers = STRANGERS.copy()
    STRANGERS.clear()
    if strangers:
        pytest.fail(
            "Sent, but no constant of a module in kursplan.store:\n  "
            + "\n  ".join(dict.fromkeys(strangers)),
            pytrace=False,
        )
