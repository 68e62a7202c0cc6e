"""Fresh numbers: ids and lines of the outbox come from one sequence, whatever the database."""

from __future__ import annotations

from sqlalchemy import BigInteger, Connection, bindparam, column, func, select, table, update

from kursplan.store.engine.driver import Fixed

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
    if tx.dialect.name == "sqlite":
        [(last,)] = TAKE_FROM_ROW.rows(tx, {"count": count})
        return list(range(last - count + 1, last + 1))
    return sorted(number for (number,) in TAKE_FROM_SEQUENCE.rows(tx, {"count": count}))
