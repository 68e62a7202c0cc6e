"""Fresh numbers: ids and lines of the outbox come from one sequence, whatever the database."""

from __future__ import annotations

from sqlalchemy import BigInteger, Connection, bindparam, column, func, select, table, update

from kursplan.store.engine.driver import Fixed
from kursplan.store.engine.together import Asked, Together, at_once

SEQUENCE = "kursplan_id"
"""The one sequence. SQLite has none, so there it is a table of that name with one row."""

TAKE_FROM_SEQUENCE = Fixed(
    select(func.nextval(SEQUENCE, type_=BigInteger)).select_from(
        func.generate_series(1, bindparam("count", type_=BigInteger))
    )
)
_sequence_row = table(SEQUENCE, column("value", BigInteger))
TAKE_FROM_ROW = Fixed(
    update(_sequence_row)
    .values(value=_sequence_row.c.value + bindparam("count", type_=BigInteger))
    .returning(_sequence_row.c.value)
)


def take_numbers(tx: Connection, count: int) -> list[int]:
    """`count` fresh numbers of the one sequence, rising, and after all that were taken before.

    On SQLite they are given back when the transaction is rolled back.
    """
    return at_once(tx, lambda at: ask_numbers(at, count))


def ask_numbers(at: Together, count: int) -> Asked[list[int]]:
    if at.tx.dialect.name == "sqlite":
        row = at.rows(TAKE_FROM_ROW, {"count": count})
        return lambda: list(range(row.rows[0].value - count + 1, row.rows[0].value + 1))
    numbers = at.rows(TAKE_FROM_SEQUENCE, {"count": count})
    return lambda: sorted(number for (number,) in numbers.rows)
