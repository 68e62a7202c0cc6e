"""The two doors: what is committed, what is seen, and what becomes of trouble."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Connection, bindparam, select, text, type_coerce
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.util import await_only

from kursplan.domain.refusals import Kind
from kursplan.domain.terms import Term
from kursplan.store.engine.database import Database, connect
from kursplan.store.engine.dialect import ErrorClass, Instant, Listed, Words, any_of, trouble
from kursplan.store.engine.trouble import READS_WAITING, BadDatabaseUrl, DatabaseUnavailable
from kursplan.store.rules.slots import SLOTS
from kursplan.store.tables import Terms, rate
from tests.gym import Gym

SHORT = 0.05
"""A wait for locks that a test does not notice."""

only_postgresql = pytest.mark.parametrize("kind", ["postgresql"])
"""SQLite has one writer, in a thread of its own, and no server that could end a connection."""


def add_rate(tx: Connection, rate_id: int, name: str = "Basic") -> None:
    tx.execute(
        text("INSERT INTO rate (organization_id, id, key, name) VALUES (1, :id, :key, :name)"),
        {"id": rate_id, "key": f"rate-{rate_id}", "name": name},
    )


def rate_ids(tx: Connection) -> list[int]:
    return list(tx.execute(text("SELECT id FROM rate ORDER BY id")).scalars())


def touch(tx: Connection, slot_id: int) -> None:
    tx.execute(text("UPDATE slot SET seats = 1 WHERE id = :id"), {"id": slot_id})


class Rival:
    """Another program on the same database, with a driver of its own."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def say(self, sql: str) -> None:
        said = self._connection.execute(sql)
        if asyncio.iscoroutine(said):
            await said


@asynccontextmanager
async def rival_on(url: str) -> AsyncIterator[Rival]:
    if url.startswith("sqlite"):
        file = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        yield Rival(file)
        file.close()
    else:
        server = await asyncpg.connect(url)
        yield Rival(server)
        await server.close()


# --- What is committed, and what is seen --------------------------------------------------------


async def test_a_write_is_there_for_whoever_comes_after(
    database: Database, database_url: str
) -> None:
    await database.write(lambda tx: add_rate(tx, 1))
    assert await database.read(rate_ids) == [1]
    other = connect(database_url)
    assert await other.read(rate_ids) == [1]
    await other.close()


async def test_an_exception_leaves_nothing_behind(database: Database) -> None:
    def half(tx: Connection) -> None:
        add_rate(tx, 1)
        assert rate_ids(tx) == [1]
        raise LookupError("the other half is missing")

    with pytest.raises(LookupError, match="the other half"):
        await database.write(half)

    assert await database.read(rate_ids) == []
    await database.write(lambda tx: add_rate(tx, 2))
    assert await database.read(rate_ids) == [2]


async def test_nothing_can_be_changed_through_the_door_for_reading(database: Database) -> None:
    with pytest.raises(DBAPIError):
        await database.read(lambda tx: add_rate(tx, 1))
    assert await database.read(rate_ids) == []
    await database.write(lambda tx: add_rate(tx, 2))


async def test_a_reader_neither_waits_for_a_writer_nor_sees_its_work_before_it_is_committed(
    database: Database, database_url: str
) -> None:
    await database.write(lambda tx: add_rate(tx, 1))
    async with rival_on(database_url) as rival:
        await rival.say("BEGIN")
        await rival.say("UPDATE rate SET id = 2")
        await rival.say("INSERT INTO rate (organization_id, id, key, name) VALUES (1, 3, 'c', 'C')")
        assert await database.read(rate_ids) == [1]
        await rival.say("COMMIT")
    assert await database.read(rate_ids) == [2, 3]


async def test_readers_see_every_transaction_whole_or_not_at_all(database: Database) -> None:
    """Rates change places with each other all the time, and never is one missing or twice there."""
    pairs = [(1, 2), (3, 4), (5, 6)]
    for first, _ in pairs:
        await database.write(partial(add_rate, rate_id=first))

    def swap(tx: Connection, one: int, other: int) -> None:
        tx.execute(text("UPDATE rate SET id = -id WHERE id IN (:a, :b)"), {"a": one, "b": other})
        tx.execute(text("UPDATE rate SET id = :sum + id WHERE id < 0"), {"sum": one + other})

    async def write() -> None:
        for turn in range(12):
            one, other = pairs[turn % 3]
            await database.write(partial(swap, one=one, other=other))

    async def read() -> list[list[int]]:
        return [await database.read(rate_ids) for _ in range(30)]

    _, some, others = await asyncio.gather(write(), read(), read())

    assert {tuple((each + 1) // 2 for each in ids) for ids in some + others} == {(1, 2, 3)}


async def test_writers_who_count_up_the_same_row_lose_no_count(gym: Gym) -> None:
    slot = await gym.slot()
    count = text("SELECT seats FROM slot WHERE id = :id FOR UPDATE")
    if gym.database.name == "sqlite":
        count = text("SELECT seats FROM slot WHERE id = :id")

    def count_up(tx: Connection) -> None:
        seats = tx.execute(count, {"id": slot}).scalar_one()
        tx.execute(
            text("UPDATE slot SET seats = :seats WHERE id = :id"), {"seats": seats + 1, "id": slot}
        )

    await asyncio.gather(*(gym.database.write(count_up) for _ in range(30)))

    assert (await gym.slot_now(slot)).seats == 30


# --- Trouble ------------------------------------------------------------------------------------


async def test_a_lock_that_another_holds_is_waited_for_and_then_given_up(
    gym: Gym, database_url: str
) -> None:
    slot = await gym.slot()
    database = connect(database_url, lock_wait=SHORT)
    async with rival_on(database_url) as rival:
        await rival.say("BEGIN")
        await rival.say(f"UPDATE slot SET seats = 2 WHERE id = {slot}")
        with pytest.raises(DatabaseUnavailable) as unavailable:
            await database.write(partial(touch, slot_id=slot))
        assert not unavailable.value.conflict
        assert str(unavailable.value) in ("LockNotAvailableError", "SQLITE_BUSY")
        await rival.say("COMMIT")

    assert (await gym.slot_now(slot)).seats == 2
    await database.write(partial(touch, slot_id=slot))
    assert (await gym.slot_now(slot)).seats == 1
    await database.close()


async def test_the_same_row_twice_is_a_conflict(database: Database) -> None:
    await database.write(lambda tx: add_rate(tx, 1))
    with pytest.raises(DatabaseUnavailable) as unavailable:
        await database.write(lambda tx: add_rate(tx, 1))
    assert unavailable.value.conflict
    assert str(unavailable.value) in ("UniqueViolationError", "SQLITE_CONSTRAINT_UNIQUE")


@only_postgresql
async def test_of_two_who_wait_for_each_other_one_is_told_of_a_conflict(gym: Gym) -> None:
    first, second = await gym.slot(), await gym.slot()
    half_way = asyncio.Barrier(2)

    def crosswise(tx: Connection, one: int, other: int) -> None:
        touch(tx, one)
        await_only(half_way.wait())
        touch(tx, other)

    answers = await asyncio.gather(
        gym.database.write(partial(crosswise, one=first, other=second)),
        gym.database.write(partial(crosswise, one=second, other=first)),
        return_exceptions=True,
    )
    [lost] = [each for each in answers if each is not None]
    assert isinstance(lost, DatabaseUnavailable)
    assert lost.conflict


@only_postgresql
async def test_a_statement_is_planned_once_also_for_a_single_id(opened: Database) -> None:
    def ask_often(tx: Connection) -> list[tuple[int, int]]:
        for slot_id in range(10):
            SLOTS.rows(tx, {"organization": 1, "slot_ids": [slot_id]})
        planned = text(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements"
            " WHERE statement LIKE 'SELECT slot.id%'"
        )
        return [(row[0], row[1]) for row in tx.execute(planned)]

    for door in (opened.read, opened.write):
        assert await door(ask_often) == [(10, 0)]


async def test_a_fault_is_told_as_it_is(database: Database) -> None:
    with pytest.raises(DBAPIError):
        await database.write(lambda tx: tx.execute(text("SELECT nothing FROM nowhere")))


async def test_what_is_told_of_a_fault_holds_nothing_of_the_parameters(database: Database) -> None:
    def add_without_key(tx: Connection) -> None:
        tx.execute(
            text("INSERT INTO rate (organization_id, name) VALUES (1, :name)"),
            {"name": "Erika Mustermann"},
        )

    with pytest.raises(DBAPIError) as fault:
        await database.write(add_without_key)
    assert "Erika" not in str(fault.value)


@only_postgresql
async def test_after_a_killed_connection_the_next_transaction_works(
    database: Database,
) -> None:
    suicide = text("SELECT pg_terminate_backend(pg_backend_pid())")
    for door in (database.write, database.read):
        with pytest.raises(DatabaseUnavailable):
            await door(lambda tx: tx.execute(suicide).all())
        assert await door(rate_ids) == []


@only_postgresql
async def test_when_the_server_drops_all_idle_connections_one_transaction_pays_for_it(
    database: Database, database_url: str
) -> None:
    await asyncio.gather(*(database.write(rate_ids) for _ in range(5)))
    async with rival_on(database_url) as rival:
        await rival.say(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await rival.say(
            "DO $$ BEGIN WHILE EXISTS (SELECT FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend') LOOP PERFORM pg_sleep(0.01);"
            " PERFORM pg_stat_clear_snapshot(); END LOOP; END $$"
        )
    with pytest.raises(DatabaseUnavailable):
        await database.write(rate_ids)
    assert await asyncio.gather(*(database.write(rate_ids) for _ in range(5))) == [[]] * 5


async def test_a_caller_who_gives_up_leaves_no_connection_behind(
    database_url: str,
) -> None:
    """More callers than connections give up in the middle, and everybody after them is served."""
    database = connect(database_url, connections=4, lock_wait=SHORT)
    callers = [asyncio.create_task(database.write(rate_ids)) for _ in range(20)]
    callers += [asyncio.create_task(database.read(rate_ids)) for _ in range(20)]
    for rounds in range(5):
        await asyncio.sleep(0)
        for each in callers[rounds::5]:
            each.cancel()
    await asyncio.gather(*callers, return_exceptions=True)

    assert await asyncio.gather(*(database.write(rate_ids) for _ in range(10))) == [[]] * 10
    assert await asyncio.gather(*(database.read(rate_ids) for _ in range(10))) == [[]] * 10
    await database.close()


async def test_a_database_that_is_not_there_is_unavailable() -> None:
    for url in ("postgresql://nobody@127.0.0.1:1/none", "postgresql://nobody@nowhere.invalid/none"):
        database = connect(url)
        with pytest.raises(DatabaseUnavailable):
            await database.read(rate_ids)
        with pytest.raises(DatabaseUnavailable):
            await database.write(rate_ids)
        await database.close()


async def test_too_many_reads_at_once_are_turned_away(database: Database) -> None:
    reads = [database.read(rate_ids) for _ in range(READS_WAITING + 1)]
    answers = await asyncio.gather(*reads, return_exceptions=True)
    refused = [str(each) for each in answers if isinstance(each, DatabaseUnavailable)]
    assert refused.count("too many reads at once") == 1
    assert await database.read(rate_ids) == []


@only_postgresql
async def test_however_many_read_who_writes_does_not_wait_for_them(
    database_url: str,
) -> None:
    """As long as readers hold every connection that reads, somebody can still book."""
    database = connect(database_url, connections=4)
    async with rival_on(database_url) as rival:
        await rival.say("SELECT pg_advisory_lock(1)")
        held = text("SELECT pg_advisory_lock_shared(1)")
        reads = [
            asyncio.create_task(database.read(lambda tx: tx.execute(held).all())) for _ in range(20)
        ]
        for number in range(5):
            await database.write(partial(add_rate, rate_id=number + 1))
        assert not any(each.done() for each in reads)
        for each in reads:
            each.cancel()
        await asyncio.gather(*reads, return_exceptions=True)
    assert await database.read(rate_ids) == [1, 2, 3, 4, 5]
    await database.close()


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (sqlite3.SQLITE_BUSY, ErrorClass.BUSY),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, ErrorClass.BUSY),
        (sqlite3.SQLITE_LOCKED, ErrorClass.BUSY),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, ErrorClass.CONFLICT),
        (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, ErrorClass.CONFLICT),
        (sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, ErrorClass.BROKEN),
        (sqlite3.SQLITE_CONSTRAINT_CHECK, ErrorClass.BROKEN),
        (sqlite3.SQLITE_CORRUPT, ErrorClass.BROKEN),
    ],
)
def test_a_code_of_sqlite_says_whether_it_may_pass_by_itself(
    code: int, meaning: ErrorClass
) -> None:
    error = sqlite3.OperationalError("told in words")
    error.sqlite_errorcode = code
    assert trouble(error) is meaning


# --- Where the database is ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "no database URL; write sqlite:///FILE or postgresql://"),
        ("kursplan.db", "no database URL"),
        ("postgresql//kursplan:secret@host/name", "no database URL"),
        ("postgresql://kursplan:secret@host:port/name", "no database URL"),
        ("mysql://kursplan:secret@host/name", "'mysql' is not supported; write sqlite:///FILE"),
        ("sqlite://", "SQLite needs a file"),
        ("sqlite:///:memory:", "SQLite needs a file"),
        ("sqlite:///file::memory:?uri=true", "SQLite needs a file"),
        ("sqlite:///kursplan.db?mode=ro", "SQLite needs a file and nothing else"),
        ("sqlite:////folder/what?.db", "SQLite needs a file and nothing else, without a ?"),
        ("sqlite:///kursplan.db?", "SQLite needs a file and nothing else"),
        ("sqlite://kursplan.db", "SQLite needs a file"),
        ("postgresql://host/name?charset=utf8", "'charset' is not understood"),
    ],
)
def test_a_bad_url_is_refused_with_words_and_without_its_password(url: str, words: str) -> None:
    with pytest.raises(BadDatabaseUrl) as bad:
        connect(url)
    assert words in str(bad.value)
    assert "secret" not in str(bad.value)


async def test_a_url_may_be_written_as_elsewhere(postgres_server: str) -> None:
    for url in (
        postgres_server.replace("postgresql://", "postgres://"),
        postgres_server.replace("postgresql://", "postgresql+psycopg://"),
        f"{postgres_server}?sslmode=prefer",
    ):
        database = connect(url)
        assert await database.read(lambda tx: tx.execute(text("SELECT 1")).scalar_one()) == 1
        await database.close()


# --- Ids ----------------------------------------------------------------------------------------

TAKE_IDS = """
import asyncio, json, sys
from kursplan.store.engine.database import connect

async def take():
    database = connect(sys.argv[1])
    print(json.dumps([await database.take_ids(7) for _ in range(20)]))
    await database.close()

asyncio.run(take())
"""


async def test_ids_are_unique_over_processes_and_rising_in_each(
    database: Database, database_url: str
) -> None:
    async def in_a_process() -> list[list[int]]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", TAKE_IDS, database_url, stdout=asyncio.subprocess.PIPE
        )
        told, _ = await process.communicate()
        assert process.returncode == 0
        taken: list[list[int]] = json.loads(told)
        return taken

    async def here() -> list[list[int]]:
        return [await database.take_ids(7) for _ in range(20)]

    before = await database.take_ids(3)
    taken = await asyncio.gather(here(), here(), in_a_process(), in_a_process())
    after = await database.take_ids(3)

    for blocks in taken:
        ids = [each for block in blocks for each in block]
        assert ids == sorted(ids)
        assert max(before) < min(ids)
        assert max(ids) < min(after)
    everyone = [each for blocks in taken for block in blocks for each in block]
    assert len(set(everyone)) == 4 * 20 * 7


async def test_the_first_id_leaves_room_for_those_given_by_hand(database: Database) -> None:
    assert await database.take_ids(2) == [1001, 1002]


# --- Types --------------------------------------------------------------------------------------


async def round_trip(database: Database, type_: Any, value: Any) -> Any:
    """What comes back of a value that was stored as that type."""
    query = select(type_coerce(bindparam("value", type_=type_), type_))
    return await database.read(lambda tx: tx.execute(query, {"value": value}).scalar_one())


NOON = datetime(2026, 3, 29, 12, 0, 0, 123000, tzinfo=UTC)
LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)
FAR_AWAY = datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stored", "found"),
    [
        (None, None),
        (NOON, NOON),
        (NOON.astimezone(timezone(timedelta(hours=5, minutes=45))), NOON),
        (NOON + timedelta(microseconds=999), NOON),
        (LONG_AGO, LONG_AGO),
        (FAR_AWAY, FAR_AWAY),
    ],
)
async def test_an_instant_comes_back_in_utc_with_whole_milliseconds(
    database: Database, stored: datetime | None, found: datetime | None
) -> None:
    back = await round_trip(database, Instant(), stored)
    assert back == found
    assert back is None or back.utcoffset() == timedelta(0)


async def test_instants_are_ordered_by_time(database: Database) -> None:
    instants = [
        NOON + timedelta(milliseconds=each) for each in (-86_400_000, -1, 0, 1, 999, 60_000)
    ]
    later = select(bindparam("one", type_=Instant()) < bindparam("other", type_=Instant()))

    def ask(tx: Connection, named: dict[str, datetime]) -> bool:
        return bool(tx.execute(later, named).scalar_one())

    for one in instants:
        for other in instants:
            is_later = await database.read(partial(ask, named={"one": one, "other": other}))
            assert is_later is (one < other)


async def test_a_local_time_is_no_instant(database: Database) -> None:
    with pytest.raises(StatementError, match="is a local time, not an instant"):
        await round_trip(database, Instant(), NOON.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("stored", "found"),
    [
        (None, None),
        ((), ()),
        ((3, 1, 2), (3, 1, 2)),
        ((Kind.NO_CONTINGENT,), ("NO_CONTINGENT",)),
        (["größer", 'mit "Zeichen"', "🧘"], ("größer", 'mit "Zeichen"', "🧘")),
    ],
)
async def test_a_list_comes_back_whole_and_in_order(
    database: Database, stored: Any, found: Any
) -> None:
    assert await round_trip(database, Listed(), stored) == found


async def test_words_and_terms_come_back_as_what_they_mean(database: Database) -> None:
    assert await round_trip(database, Words(Kind), Kind.CUSTOMER_IDLE) is Kind.CUSTOMER_IDLE
    assert await round_trip(database, Terms(), Term.parse("7 DAY")) == Term.parse("7 DAY")
    assert await round_trip(database, Words(Kind), None) is None
    assert await round_trip(database, Terms(), None) is None


LARGEST = 2**63 - 1


@pytest.mark.parametrize(
    "wanted", [[], [5], [5, 5, 1], list(range(1000)), [-7, LARGEST, 2**53 + 1], {2, 5}, {5: "five"}]
)
async def test_a_number_is_found_among_any_count_of_numbers(
    database: Database, wanted: Any
) -> None:
    there = [-7, 1, 5, 999, 2**53, 2**53 + 1, LARGEST]
    for each in there:
        await database.write(partial(add_rate, rate_id=each))
    query = select(rate.c.id).where(any_of(rate.c.id, "wanted"))
    found = await database.read(lambda tx: tx.execute(query, {"wanted": wanted}).scalars().all())
    assert sorted(found) == [each for each in there if each in wanted]
