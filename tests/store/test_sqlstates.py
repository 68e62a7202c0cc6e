"""What each error of PostgreSQL means: not now, not beside others, or wrong."""

from __future__ import annotations

import sqlite3

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from kursplan.store.engine.dialect import ErrorClass, trouble

NOT_NOW = {
    # The connection stays.
    "53000 53100 53200 53300 53400": ErrorClass.BUSY,
    "55000 55006 55P02 55P04": ErrorClass.BUSY,
    "55P03": ErrorClass.LOCKED,
    "57014": ErrorClass.BUSY,
    # It goes, and with it those that wait beside it.
    "08000 08001 08003 08004 08006 08007 08P01": ErrorClass.LOST,
    "25006 25P03 25P04": ErrorClass.LOST,
    "26000 42P05": ErrorClass.LOST,
    "28000 28P01": ErrorClass.LOST,
    "3D000": ErrorClass.LOST,
    "40003": ErrorClass.LOST,
    "57000 57P01 57P02 57P03 57P04 57P05": ErrorClass.LOST,
    "58000 58030 58P01 58P02 58P03": ErrorClass.LOST,
    # Another was in the way: at once again.
    "40001 40P01 23505": ErrorClass.CONFLICT,
}
"""Everything else is wrong, and stays so however often it is tried."""


def every_error() -> list[type[asyncpg.PostgresError]]:
    """All that the driver knows, one for each SQLSTATE."""
    classes = [each for each in vars(asyncpg.exceptions).values() if isinstance(each, type)]
    known = {
        state: each
        for each in reversed(classes)
        if issubclass(each, asyncpg.PostgresError) and (state := each.sqlstate)
    }
    return list(known.values())


MEANT = {state: meaning for states, meaning in NOT_NOW.items() for state in states.split()}


@pytest.mark.parametrize("error", every_error(), ids=lambda each: str(each.sqlstate))
def test_a_sqlstate_says_whether_it_may_pass_by_itself(
    error: type[asyncpg.PostgresError],
) -> None:
    meaning = MEANT.get(str(error.sqlstate), ErrorClass.BROKEN)
    assert trouble(error("told in words")) is meaning
    # As it comes from a connection that SQLAlchemy is just setting up.
    around = RuntimeError("the driver's")
    around.__cause__ = error("told in words")
    assert trouble(DBAPIError("SELECT 1", None, around)) is meaning


def test_there_is_one_of_each_that_is_said_to_pass() -> None:
    assert {str(each.sqlstate) for each in every_error()} >= set(MEANT)


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (asyncpg.InterfaceError, ErrorClass.LOST),
        (asyncpg.InternalClientError, ErrorClass.LOST),
        (ConnectionResetError, ErrorClass.LOST),
        (TimeoutError, ErrorClass.LOST),
        (sqlite3.ProgrammingError, ErrorClass.BROKEN),
        (ValueError, ErrorClass.BROKEN),
    ],
)
def test_what_the_driver_says_by_itself_is_about_the_connection(
    error: type[Exception], meaning: ErrorClass
) -> None:
    assert trouble(error("told in words")) is meaning
