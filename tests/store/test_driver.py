"""What goes straight to a driver comes back as it was given, in either database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Float,
    LargeBinary,
    Select,
    Text,
    bindparam,
    func,
    literal_column,
    not_,
    select,
)

from kursplan.domain.events import EventType
from kursplan.store.engine.database import Database
from kursplan.store.engine.dialect import Instant
from kursplan.store.engine.driver import MOST_ROWS, Fixed, _parts, insert_many, update_many
from kursplan.store.engine.trouble import DatabaseUnavailable
from kursplan.store.tables import ORGANIZATION, event

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ODD = "\"quoted\", 'quoted', \\back\\, [1,null], \x01\x1f\t\n, ü, 🤸, \u2028"
"""Text that would not survive being put together by hand."""


@dataclass(frozen=True)
class Row:
    """A row of the table that has something of everything and refers to nothing."""

    id: int
    uuid: str = ""
    type: EventType = EventType.CLASS_BOOKING_CREATED
    entity_id: int = 2**53 + 1
    studio_id: int = 2**63 - 1
    home_studio_id: int | None = None
    content: str | None = None
    happened_at: datetime = NOON
    fanned_out: bool = False

    @property
    def values(self) -> dict[str, Any]:
        return {**vars(self), "uuid": self.uuid or f"uuid-{self.id}"}


def rows_to(count: int) -> list[Row]:
    """All different from each other, in what may be absent too."""
    return [
        Row(
            number,
            home_studio_id=None if number % 3 else number,
            content=None if number % 2 else f"{number}: {ODD}",
            happened_at=NOON + timedelta(milliseconds=number),
            fanned_out=number % 5 == 0,
        )
        for number in range(1, count + 1)
    ]


def all_events() -> Select[Any]:
    columns = [each for each in event.c if each.name != "organization_id"]
    return select(*columns).where(event.c.organization_id == ORGANIZATION)


async def stored(database: Database, query: Select[Any] | None = None) -> list[dict[str, Any]]:
    fixed = Fixed(all_events().order_by(event.c.id) if query is None else query)
    found = await database.read(lambda tx: fixed.rows(tx, {"organization": 1}))
    return [each._asdict() for each in found]


async def add(database: Database, rows: list[Row]) -> None:
    adding = insert_many(event)
    given = [tuple(each.values[name] for name in adding.names) for each in rows]
    await database.write(lambda tx: adding.run(tx, 1, given))


COUNTS = (0, 1, 2, 3, MOST_ROWS - 1, MOST_ROWS, MOST_ROWS + 1, 3 * MOST_ROWS + 7)


@pytest.mark.parametrize("count", COUNTS)
async def test_any_count_of_rows_is_added_whole(database: Database, count: int) -> None:
    rows = rows_to(count)
    await add(database, rows)
    assert await stored(database) == [each.values for each in rows]


@pytest.mark.parametrize("count", COUNTS)
async def test_what_is_the_same_for_all_rows_is_given_once(database: Database, count: int) -> None:
    same = {"happened_at": NOON, "content": "at noon", "fanned_out": True}
    rows = [replace(each, **same) for each in rows_to(count)]  # type: ignore[arg-type]
    adding = insert_many(
        event,
        giving=event.c.id,
        happened_at=bindparam("instant", type_=Instant),
        content=literal_column("'at noon'"),
        fanned_out=not_(bindparam("told", type_=Boolean)),
    )
    assert not same.keys() & set(adding.names)
    given = [tuple(each.values[name] for name in adding.names) for each in rows]
    once = {"instant": NOON, "told": False}
    back = await database.write(lambda tx: adding.run(tx, 1, given, once))
    assert [number for (number,) in back] == [each.id for each in rows]
    assert await stored(database) == [each.values for each in rows]


@pytest.mark.parametrize("count", COUNTS)
async def test_any_count_of_rows_is_changed_each_to_its_own(database: Database, count: int) -> None:
    rows = rows_to(count + 1)
    await add(database, rows)
    *some, last = rows
    changed = [
        replace(each, content=f"now {ODD}", home_studio_id=each.id % 2 or None, fanned_out=True)
        for each in reversed(some)
    ]
    names = ("content", "home_studio_id", "fanned_out")
    changing = update_many(event, *names)
    given = [(each.id, *(each.values[name] for name in names)) for each in changed]
    await database.write(lambda tx: changing.run(tx, 1, given))
    assert await stored(database) == [each.values for each in [*reversed(changed), last]]


async def test_only_rows_of_the_organization_that_are_there_are_changed(database: Database) -> None:
    rows = rows_to(2)
    await add(database, rows)
    changing = update_many(event, "content")
    given = [(each, "changed") for each in (1, 2, 3)]
    await database.write(lambda tx: changing.run(tx, 2, given))
    assert await stored(database) == [each.values for each in rows]


async def test_of_many_rows_one_that_is_there_is_a_conflict_and_none_is_added(
    database: Database,
) -> None:
    rows = rows_to(40)
    await add(database, rows[20:21])
    with pytest.raises(DatabaseUnavailable) as told:
        await add(database, rows)
    assert told.value.conflict
    assert await stored(database) == [rows[20].values]


async def test_rows_come_in_the_order_that_was_asked_for_and_no_more_than_that(
    database: Database,
) -> None:
    await add(database, rows_to(300))
    by_time = all_events().order_by(event.c.fanned_out, event.c.happened_at.desc())
    ids = [each["id"] for each in await stored(database, by_time)]
    backwards = range(300, 0, -1)
    expected = [each for each in backwards if each % 5] + [
        each for each in backwards if not each % 5
    ]
    assert ids == expected
    ids = [each["id"] for each in await stored(database, by_time.limit(7).offset(3))]
    assert ids == expected[3:10]


async def test_columns_of_one_name_are_told_apart_by_their_place(database: Database) -> None:
    await add(database, rows_to(1))
    twice = select(event.c.id, event.c.type, event.c.id, func.count()).where(
        event.c.organization_id == ORGANIZATION
    )
    fixed = Fixed(twice.group_by(event.c.id, event.c.type))
    [row] = await database.read(lambda tx: fixed.rows(tx, {"organization": 1}))
    assert tuple(row) == (1, EventType.CLASS_BOOKING_CREATED, 1, 1)


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (Float(53), 0.1 + 0.2),
        (Float(53), 1e300),
        (BigInteger(), -(2**63)),
        (BigInteger(), None),
        (LargeBinary(), b"\x00\xff"),
        (Text(), ODD),
        (Text(), ""),
    ],
)
async def test_sqlite_gives_each_value_as_it_was_though_rows_come_as_json(
    database: Database, type_: Any, value: Any
) -> None:
    fixed = Fixed(select(bindparam("given", type_=type_).cast(type_).label("value")))
    [row] = await database.read(lambda tx: fixed.rows(tx, {"given": value}))
    assert row.value == value


def test_sqlite_is_asked_for_any_count_of_rows_with_few_texts() -> None:
    sizes = {len(part) for count in range(1000) for part in _parts([()] * count)}
    assert sizes == {1, 2, 4, 8, 16, 32, MOST_ROWS}
