"""Statements that are sent together do what they would do one by one."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from kursplan.store.engine.database import Database
from kursplan.store.engine.driver import Fixed, insert_many, update_many
from kursplan.store.engine.together import Together
from kursplan.store.tables import event
from tests.store.test_driver import all_events, rows_to, stored

HERE = {"organization": 1}


class Statements:
    """Made for a test, and gone with it: the store's own are constants."""

    def __init__(self) -> None:
        self.add = insert_many(event)
        self.add_and_tell = insert_many(event, giving=event.c.id)
        self.change = update_many(event, "studio_id")
        self.all = Fixed(all_events().order_by(event.c.id))
        self.last = Fixed(all_events().order_by(event.c.id.desc()).limit(1))

    def values(self, count: int) -> list[tuple[Any, ...]]:
        return [tuple(each.values[name] for name in self.add.names) for each in rows_to(count)]


async def test_each_answer_is_that_of_its_statement(database: Database) -> None:
    these = Statements()

    def work(tx: Connection) -> tuple[list[Any], list[Any], list[Any], list[Any], list[Any]]:
        with Together(tx) as at:
            at.run(these.add, 1, these.values(3))
        with Together(tx) as at:
            last, everything = at.rows(these.last, HERE), at.rows(these.all, HERE)
            nothing = at.rows(these.last, {"organization": 2})
        with Together(tx) as at:
            told = at.run(these.add_and_tell, 2, these.values(2))
            at.run(these.change, 1, [(1, 7), (2, 8)])
            untold = at.run(these.add, 3, [])
        return last.rows, everything.rows, nothing.rows, [*told.rows], untold.rows

    last, everything, nothing, told, untold = await database.write(work)
    assert [each.id for each in last] == [3]
    assert [each._asdict() for each in everything] == [each.values for each in rows_to(3)]
    assert nothing == untold == []
    assert sorted(number for (number,) in told) == [1, 2]
    assert [each["studio_id"] for each in await stored(database)] == [7, 8, 2**63 - 1]


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("spread", "sent"), [(False, 1), (True, 3)])
async def test_where_tables_are_spread_each_is_a_statement_of_its_own(
    database: Database, spread: bool, sent: int
) -> None:
    """A coordinator finds the one machine of a plain statement, and not that of several in one."""
    queries: list[str] = []
    these = Statements()

    def work(tx: Connection) -> list[Any]:
        driver: Any = tx.connection.driver_connection
        was, driver.is_spread = driver.is_spread, spread
        try:
            with (
                driver.query_logger(lambda query: queries.append(query.query)),
                Together(tx) as at,
            ):
                at.run(these.add, 1, these.values(2))
                at.rows(these.last, HERE)
                found = at.rows(these.all, {"organization": 2})
        finally:
            driver.is_spread = was
        return found.rows

    assert await database.write(work) == []
    assert len(queries) == sent
