"""What is asked often is answered from an index, however much there is.

PostgreSQL keeps the plan of a prepared statement. A plan made while the tables were empty is bad
as soon as they are not, because then every index seems as good as any other. It is thrown away
when the tables are analysed, which autovacuum does by itself after the first rows; so here every
statement is prepared on empty tables, and its plan looked at when they are full and analysed: the
one that is kept for all parameters, and the one made for particular ones.

SQLite plans anew in every connection, but nothing analyses its tables unless somebody asks for it;
so its plans are looked at before and after.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Date, DateTime
from sqlalchemy.dialects.postgresql import asyncpg as dialect
from sqlalchemy.types import TypeEngine
from sqlglot import exp

from kursplan.store.engine.dialect import Instant, Numbers, Texts
from kursplan.store.engine.driver import FixedForMany
from kursplan.store.engine.several import PARAMETER
from tests.postgres import fresh_database
from tests.store.full_gym import ENDPOINTS, NOW, fill_postgresql, fill_sqlite
from tests.store.statements import Statement, every_statement

_POSTGRESQL = dialect.dialect()  # type: ignore[no-untyped-call]

HOT = {
    "rules.bookings.ACTIVE_ON_SLOTS": {"booking": "slot_id"},
    "rules.bookings.AROUND": {"booking": "customer_id starts_at"},
    "rules.bookings.BY_ID": {"booking": "id"},
    "rules.bookings.CHANGE": {"booking": "id"},
    "rules.bookings.MOVE_CANCELED": {"booking": "slot_id"},
    "rules.bookings.WAITING_ON_SLOTS": {"booking": "slot_id"},
    "rules.clashes.AROUND": {"slot": "ends_at"},
    "rules.customers.CUSTOMERS": {"customer": "id"},
    "rules.customers.FREE_CUSTOMERS": {"customer": "id"},
    "rules.customers.LOCKED_CUSTOMERS": {"customer": "id"},
    "rules.customers.MEMBERSHIPS": {"membership": "customer_id", "idle_period": "membership_id"},
    "rules.customers.OWN_CONTINGENTS": {"membership_contingent": "membership_id"},
    "rules.customers.USED_DAYS": {"booking": "customer_id starts_at"},
    "outbox.deliveries.BY_IDS": {"delivery": "id", "event": "id"},
    "outbox.deliveries.GIVEN_UP_SINCE": {"delivery": "endpoint_id finished_at"},
    "outbox.deliveries.HELD": {"delivery": "endpoint_id status"},
    "outbox.deliveries.HOLD[0]": {"delivery": "endpoint_id"},
    "outbox.deliveries.HOLD[1]": {"delivery": "endpoint_id"},
    "outbox.deliveries.LAST_DELIVERED": {"delivery": "endpoint_id"},
    "outbox.deliveries.MAKE_DUE": {"delivery": "id"},
    "outbox.deliveries.NEWEST": {"delivery": "endpoint_id status created_at"},
    "outbox.deliveries.NEWEST_OF_ENDPOINT": {"delivery": "endpoint_id status created_at"},
    "outbox.deliveries.STORED": {"delivery": "endpoint_id status created_at"},
    "partner.directory.CUSTOMER_BY_ID": {"customer": "id"},
    "partner.directory.CUSTOMER_BY_NUMBER": {"customer": "number"},
    "partner.directory.SEARCH_BY_EMAIL": {"customer": "email_folded"},
    "partner.directory.SEARCH_BY_EMAIL_ACROSS_STUDIOS": {"customer": "email_folded"},
    "rules.due.ACROSS_EXPIRED": {"booking": "confirm_until"},
    "rules.due.ACROSS_GIVEN_UP": {"booking": "cancelled_at"},
    "rules.due.ACROSS_OVER": {"slot": "ends_at"},
    "rules.due.EXPIRED": {"booking": "confirm_until"},
    "rules.due.GAVE_UP": {"booking": "cancelled_at"},
    "rules.due.OVER": {"slot": "ends_at"},
    "rules.due.PROMOTABLE_AMONG": {"slot": "id"},
    "rules.due.WAITED_FOR": {"booking": "customer_id starts_at"},
    "outbox.endpoints.ITS_DELIVERIES": {"delivery": "endpoint_id status created_at"},
    "outbox.endpoints.REMOVE_ATTEMPTS": {"attempt": "delivery_id"},
    "outbox.endpoints.REMOVE_DELIVERIES": {"delivery": "id"},
    "outbox.dispatch.FANNED_OUT": {"event": "id"},
    "staff.customers.ATTENDED": {"booking": "customer_id starts_at"},
    "staff.customers.BOOKED_AT": {"booking": "customer_id"},
    "staff.customers.BY_NUMBER": {"customer": "number"},
    "staff.customers.HOME": {"customer": "id"},
    "staff.customers.PAST": {"booking": "customer_id"},
    "staff.customers.USED": {"booking": "customer_id"},
    "rules.turned_away.FORGET": {"turned_away": "happened_at"},
    "rules.turned_away.OF_CUSTOMER": {"turned_away": "customer_id"},
    "rules.turned_away.OLD_AT": {"turned_away": "happened_at"},
    "staff.history.ABOUT": {"history_subject": "subject_id happened_at"},
    "staff.history.BOOKINGS_OF_CUSTOMER": {"booking": "customer_id"},
    "rules.history.BOOKINGS_OF_CUSTOMERS": {"booking": "customer_id"},
    "staff.history.BOOKINGS_ON_SLOT": {"booking": "slot_id"},
    "staff.history.BY_WHOM": {"history": "who happened_at"},
    "rules.history.DROP": {"history": "happened_at"},
    "rules.history.DROP_SUBJECTS": {"history_subject": "history_id"},
    "rules.history.FORGET_REASONS": {"history": "subject_id"},
    "rules.history.IS_THERE": {"history": "happened_at id"},
    "staff.history.NEWEST": {"history": "happened_at"},
    "rules.history.OLD_LINES": {"history": "happened_at"},
    "rules.history.OLD_LINE_AT": {"history": "happened_at"},
    "staff.history.SLOTS_OF_CLASS": {"slot": "class_id"},
    "staff.history.SUBJECTS": {"history_subject": "history_id"},
    "staff.partners.EVENT_OF_DELIVERY": {"delivery": "id"},
    "staff.partners.EVENTS_OF": {"event": "entity_id"},
    "staff.partners.TOLD": {"delivery": "event_id"},
    "rules.idempotency.STORED": {"idempotency_key": "integration_id key"},
    "partner.keys.DIRECTORY": {"api_key": "key_hash"},
    "entries.customers.DETACH_BOOKINGS": {"booking": "customer_id"},
    "entries.customers.NAMED[idle period]": {"idle_period": "key"},
    "entries.customers.NAMED[key]": {"customer": "key"},
    "entries.customers.NAMED[membership]": {"membership": "key"},
    "entries.customers.NAMED[number]": {"customer": "number"},
    "retention.ACROSS_OLD_KEYS": {"idempotency_key": "stored_at"},
    "retention.DELIVERIES": {"delivery": "event_id"},
    "retention.DROP_ATTEMPTS": {"delivery": "event_id", "attempt": "delivery_id"},
    "retention.DROP_DELIVERIES": {"delivery": "event_id"},
    "retention.DROP_EVENTS": {"event": "id"},
    "retention.EVENTS": {"event": "id"},
    "retention.FORGET_KEYS": {"idempotency_key": "stored_at"},
    "retention.OLD_KEY_AT": {"idempotency_key": "stored_at"},
    "rules.series.ACROSS_DUE[1]": {"series": "extended_until"},
    "rules.versions.ACROSS_RAISED": {"version": "raised_at"},
    "rules.series.DUE_BEHIND": {"series": "extended_until"},
    "rules.series.DUE_NEW": {"series": "extended_until"},
    "rules.slots.CHANGE": {"slot": "id"},
    "rules.slots.COUNT_PLACES": {"slot": "id"},
    "rules.slots.FREE_SLOTS": {"slot": "id"},
    "rules.slots.LOCKED_SLOTS": {"slot": "id"},
    "rules.slots.SLOTS": {"slot": "id"},
    "partner.timetable.BOOKINGS_OF_CUSTOMER": {"booking": "customer_id starts_at", "slot": "id"},
    "partner.timetable.BOOKING_BY_ID": {"booking": "id", "slot": "id"},
    "partner.timetable.INSTRUCTORS": {"slot_instructor": "slot_id"},
    "partner.timetable.NEXT_STARTS_OF_CLASS": {"slot": "class_id starts_at"},
    "partner.timetable.NEXT_STARTS_OF_STUDIO": {"slot": "studio_id starts_at"},
    "partner.timetable.SLOTS_OF_CLASS": {"slot": "starts_at"},
    "partner.timetable.SLOTS_OF_STUDIO": {"slot": "starts_at"},
    "partner.timetable.SLOT_BY_ID": {"slot": "id"},
    "outbox.claims.ACROSS_WAITING": {"delivery": "endpoint_id"},
    "outbox.claims.ATTEMPTED": {"delivery": "id"},
    "outbox.claims.ATTEMPTED_UNLESS_TAKEN": {"delivery": "id"},
    "outbox.claims.CLAIM": {"delivery": "id"},
    "outbox.claims.FREE": {"delivery": "id"},
    "outbox.claims.DUE": {"delivery": "endpoint_id"},
    "outbox.claims.MARK": {"delivery": "id"},
    "outbox.claims.TOLD": {"event": "id"},
    "outbox.claims.WAITING": {"delivery": "endpoint_id"},
}
"""By statement and table: the columns by which its index has to be searched, after the organization."""

GROWING = frozenset(
    {
        "attempt",
        "booking",
        "customer",
        "delivery",
        "event",
        "history",
        "history_subject",
        "turned_away",
    }
)
"""Tables that are never to be read from end to end, because they only ever grow."""

FEW = frozenset(
    {
        "ix_booking_unconfirmed",
        "ix_delivery_repeats",
        "ix_delivery_unattempted",
        "ix_event_to_fan_out",
        "ix_slot_waiting",
    }
)
"""Partial indexes of what is still to be done: that may be read as a whole, for it is soon done."""

READS_ALL = re.compile(
    r"doctor\."  # Looks for what is wrong anywhere.
    r"|rules\.clashes\.TO_COME"  # The same, for staff and for the doctor.
    r"|entries\.ids\."  # All names of an organization, for loading its gym file.
    r"|entries\.customers\.NEXT"  # All of them too, some at a time.
    r"|partner\.directory\.SEARCH(_ACROSS_STUDIOS)?$"  # Criteria may be absent.
    r"|staff\.customers\.SEARCH"  # Parts of a name: 0.15 s for 50,000 customers.
    r"|retention\.ACROSS_OLD_EVENTS"  # The first of each organization, and nothing more.
    r"|rules\.(history|turned_away)\.ACROSS_OLD"  # The same.
    r"|staff\.history\.SERIES_OF_CLASS"  # Of a gym, and that has some hundreds.
    r"|staff\.setup\.HAS_(SLOT|CUSTOMER)"  # The first one, whichever that is.
    r"|staff\.rates\.(HOLDERS|COUNTED)"  # No index knows memberships by rate: 0.13 s for 50,000 of them.
    r"|staff\.setup\.HAS_RATES"  # Only where a class is for some memberships, by who sets a gym up.
)
"""Except by these statements, which is their purpose."""


@dataclass(frozen=True)
class Look:
    """How a plan gets at one table."""

    table: str
    by: frozenset[str]
    """The columns by which an index is searched; none where the table is read from end to end."""
    index: str | None = None

    @property
    def reads_all(self) -> bool:
        """Where there is one organization only, searching by it finds everything."""
        return self.by <= {"organization_id"} and self.index not in FEW


Plans = Mapping[str, list[Look]]


def searched(plans: Plans, hot: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, set[str]]]:
    """Of the plans of these statements: by which columns else than the organization."""
    return {
        name: {
            each.table: set(each.by) - {"organization_id"}
            for each in plans[name]
            if each.table in tables
        }
        for name, tables in hot.items()
    }


def too_wide(plans: Plans) -> dict[str, dict[str, set[str]]]:
    """Hot statements that do not search by all the columns by which they should, and what they do."""
    hot = {name: tables for name, tables in HOT.items() if name in plans}
    found = searched(plans, hot)
    return {
        name: found[name]
        for name, tables in hot.items()
        if any(
            not set(columns.split()) <= found[name].get(table, set())
            for table, columns in tables.items()
        )
    }


def end_to_end(plans: Plans) -> list[str]:
    """Statements that read a growing table from end to end and are not excused."""
    return [
        f"{name}: {each.table}"
        for name, looks in plans.items()
        for each in looks
        if each.table in GROWING and each.reads_all and not READS_ALL.match(name)
    ]


def planned() -> list[Statement]:
    """All statements but those of `dialect`, each of which is for one database only."""
    return [
        each
        for each in every_statement()
        if not each.name.startswith(("engine.dialect.", "engine.numbers."))
    ]


TELLING = ("outbox.claims.", "outbox.endpoints.HEALTH", "outbox.endpoints.SET_HEALTH")


def shared() -> dict[str, str]:
    """What is sent for several organizations that share a transaction, by the statement for one."""
    return {
        each.name: each.sent.of_several(_POSTGRESQL).sql
        for each in planned()
        if each.name.startswith(("rules.", "outbox.events.", "outbox.dispatch.", *TELLING))
        and each.sent is not None
        and "organization" in each.binds
        and (isinstance(each.sent, FixedForMany) or isinstance(each.tree, exp.Select))
    }


def test_the_statements_named_here_exist() -> None:
    names = {each.name for each in planned()}
    assert HOT.keys() <= names


# --- PostgreSQL ---------------------------------------------------------------------------------

GIVEN = {
    "organization": "1",
    "booking_ids": "{1,5000,90000}",
    "slot_ids": "{5,700,1900}",
    "customer_ids": "{5,70,9000}",
    "membership_ids": "{5,70,9000}",
    "delivery_ids": "{5,70,9000}",
    "organization_ids": "{1}",
    "event_ids": "{5,70,900}",
    "subject_ids": "{5,70,9000}",
    "line_ids": "{5,71,9000}",
    "happened_at": NOW.isoformat(),
    "who": "7",
    "of_endpoint": "1",
    "of_status": "FAILED",
    "email": "erika70@example.org",
    "first_name": "erika",
    "first_name_to": "erikb",
    "last_name": "muster",
    "last_name_to": "mustes",
    "any_date_of_birth": "true",
    "place": "0",
    "after": "0",
    "busy": "{}",
    "endpoint_ids": "{1}",
    "answering": "true",
    "new": "true",
    "failing": "true",
    "lately": NOW.isoformat(),
    "each": "8",
    "before": NOW.isoformat(),
    "number": "000070",
    "key": "key-70",
    "key_hash": "0" * 60 + "0070",
    "now": NOW.isoformat(),
    "since": NOW.isoformat(),
    "until": NOW.replace(day=9).isoformat(),
    "last_end": NOW.replace(day=10).isoformat(),
    "employee_ids": "{1,2}",
    "rooms": "{1,2}",
    "first_day": "2026-03-01",
    "last_day": "2026-03-31",
    "limit": "100",
    "of_kind": "",
    "of_origin": "",
    "any_command": "true",
}
"""Ids are 1, which exists; whatever else is only written, and does not matter here."""
GIVEN_OF = {
    # Lines of history are turned by their number, not by a time.
    "staff.history.ABOUT": {"before": "1"},
    "staff.history.BY_WHOM": {"before": "1"},
    "staff.history.NEWEST": {"before": "1"},
}

ASKED = GIVEN | {
    "status": "MEMBER",
    "date_of_birth": NOW.date().isoformat(),
    # Nothing is due: the next is, in a moment.
    "now": NOW.isoformat(),
    "before": (NOW - timedelta(days=90)).isoformat(),
    "until": (NOW + timedelta(days=60)).date().isoformat(),
    "since": NOW.isoformat(),
    "limit": "3",
}
"""What is asked where it is counted how much is read."""
ASKED_OF = {
    "outbox.deliveries.NEWEST": {"since": "2000-01-01"},
    "outbox.deliveries.NEWEST_OF_ENDPOINT": {"since": "2000-01-01"},
    "outbox.deliveries.STORED": {"since": "2000-01-01"},
    "outbox.endpoints.ITS_DELIVERIES": {"since": "2000-01-01"},
    "partner.timetable.SLOTS_OF_STUDIO": {"until": (NOW + timedelta(days=1)).isoformat()},
    "staff.schedule.SLOTS": {"until": (NOW + timedelta(days=1)).isoformat()},
    "staff.timetable.SLOTS_OF_CLASSES": {"until": (NOW + timedelta(days=1)).isoformat()},
    "rules.due.GAVE_UP": {"since": "2999-01-01"},
    "rules.due.ACROSS_GIVEN_UP": {"since": "2999-01-01"},
    "rules.versions.ACROSS_RAISED": {"since": "2999-01-01"},
}
READ_AT_MOST = 5 * ENDPOINTS
"""How many rows a query reads: a few for each endpoint, however much there is of all else."""
INSTRUCTIONS_A_ROW = 15
"""How many steps of SQLite's machine a row takes at most."""

ASKS_FOR_MUCH = re.compile(
    READS_ALL.pattern
    + r"|entries\.timetable\.|rules\.timezones\."  # Whole plans, for a gym file and for the doctor.
    r"|entries\.employees\.SLOTS_GIVEN|rules\.series\.FUTURE_OF_CLASS"  # Actions of staff about many slots.
    r"|partner\.keys\.ISSUED|rules\.series\.EVERY"  # Lists of all keys, and of all series.
    r"|rules\.series\.ALIKE"  # Which of all weekly plans need the same.
    r"|staff\.employees\.(GIVEN|REPLACED|SERIES|SERIES_OF|THEIRS)|staff\.studio\.SERIES_IN_ROOM|entries\.locations\.SERIES_IN_IT|rules\.series\.OF_STUDIO"  # Of a studio.
    r"|staff\.history\.GIVEN_BY_EMPLOYEE"  # Of a gym, and that has some thousands.
    r"|rules\.clock\.COMPLETED_TOO_EARLY"  # After a clock was wrong, and for the doctor.
)
"""These read as much as there is of what they are asked for."""


@dataclass(frozen=True)
class Planned:
    """What a database does with the statements."""

    plans: Mapping[str, Plans]
    read: Mapping[str, float]
    """How many rows each query that is not excused read when there was little to be found."""

    @property
    def read_much(self) -> dict[str, float]:
        """The queries that read more than a few for each endpoint."""
        return {name: rows for name, rows in self.read.items() if rows > READ_AT_MOST}


@pytest.fixture(scope="module")
def on_postgresql(postgres_server: str, postgres_template: str) -> Planned:
    """For all parameters (`generic`), for particular ones (`custom`), and for several organizations at once."""
    return asyncio.run(_on_postgresql(postgres_server, postgres_template))


async def _on_postgresql(server: str, template: str) -> Planned:
    async with fresh_database(server, template) as url:
        connection = await asyncpg.connect(url)
        statements = planned()
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        for number, each in enumerate(statements):
            await connection.execute(f"PREPARE hot_{number} AS {each.postgresql}")
            await _explain(connection, number, ["NULL"] * len(each.binds))

        of_several = shared()
        for number, sql in enumerate(of_several.values(), len(statements)):
            await connection.execute(f"PREPARE hot_{number} AS {sql}")
            await _explain(connection, number, ["NULL"] * len(set(PARAMETER.findall(sql))))

        await fill_postgresql(connection)
        await connection.execute("ANALYZE")

        several = {}
        for number, (name, sql) in enumerate(of_several.items(), len(statements)):
            nulls = ["NULL"] * len(set(PARAMETER.findall(sql)))
            several[name] = await _explain(connection, number, nulls)
        generic = {}
        custom = {}
        for number, each in enumerate(statements):
            nulls = ["NULL"] * len(each.binds)
            generic[each.name] = await _explain(connection, number, nulls)
        await connection.execute("SET plan_cache_mode = force_custom_plan")
        for number, each in enumerate(statements):
            if each.name in HOT:
                given = [
                    _given(
                        name,
                        GIVEN_OF.get(each.name, {}).get(name, each.fixed.get(name)),
                        listed=name in each.lists,
                        own=name in GIVEN_OF.get(each.name, {}),
                    )
                    for name in each.binds
                ]
                custom[each.name] = await _explain(connection, number, given)
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        read = {}
        for number, each in enumerate(statements):
            if isinstance(each.tree, exp.Select) and not ASKS_FOR_MUCH.match(each.name):
                read[each.name] = await _rows_read(connection, number, each)
        await connection.close()
    return Planned({"generic": generic, "custom": custom, "of several": several}, read)


async def _rows_read(connection: asyncpg.Connection, number: int, asked: Statement) -> int:
    """How many rows, or entries of an index, a query looked at."""
    values = {
        **asked.fixed,
        **ASKED,
        **GIVEN_OF.get(asked.name, {}),
        **ASKED_OF.get(asked.name, {}),
    }
    types = asked.bind_types
    some = {name: values.get(name, _some(name, types[name])) for name in asked.binds}
    given = [
        f"'{{{value}}}'" if name in asked.lists else f"'{value}'" for name, value in some.items()
    ]
    arguments = f"({', '.join(given)})" if given else ""
    told = await connection.fetchval(
        f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE hot_{number}{arguments}"
    )
    return sum(_read_by(json.loads(told)[0]["Plan"]))


def _some(name: str, type_: TypeEngine[Any]) -> str:
    """A value of that type where it does not matter which."""
    if isinstance(type_, Instant | DateTime):
        return NOW.isoformat()
    if isinstance(type_, Date):
        return NOW.date().isoformat()
    return "{1}" if isinstance(type_, Numbers | Texts) else "1"


def _read_by(node: Mapping[str, Any]) -> Iterator[int]:
    if "Relation Name" in node or "Index Name" in node:
        looked_at = node["Actual Rows"] + sum(
            node.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Index Recheck")
        )
        yield int(looked_at * node["Actual Loops"])
    for each in node.get("Plans", ()):
        yield from _read_by(each)


def _given(name: str, fixed: object, *, listed: bool, own: bool) -> str:
    value = fixed if own else GIVEN.get(name, "1" if name.endswith("_id") else fixed)
    if listed:
        return "'{NULL}'" if value is None else f"'{{{value}}}'"
    return "NULL" if value is None else f"'{value}'"


async def _explain(connection: asyncpg.Connection, number: int, given: list[str]) -> list[Look]:
    values = f"({', '.join(given)})" if given else ""
    told = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE hot_{number}{values}")
    return list(_postgresql_looks(json.loads(told)[0]["Plan"]))


def _postgresql_looks(node: Mapping[str, Any], above: str = "") -> Iterator[Look]:
    """Of a node and those below it; a bitmap's index is found one below the table that it is for."""
    table = node.get("Relation Name", above)
    if node["Node Type"] == "Bitmap Heap Scan":
        above = table
    elif table and "Scan" in node["Node Type"]:
        # Like `((organization_id = $1) AND ((key)::text = ($3)::text))`.
        condition = re.sub(r"'[^']*'", "", node.get("Index Cond", ""))
        # Of rows that are compared, only the first column is sure to narrow the search.
        columns = re.findall(r"[(.]([a-z_]+)\)?(?:::\w+)?(?:, \w+\))? (?:[<>=]|IS)", condition)
        yield Look(table, frozenset(columns), node.get("Index Name"))
    for each in node.get("Plans", ()):
        yield from _postgresql_looks(each, above)


@pytest.mark.parametrize("plans", ["generic", "custom", "of several"])
def test_postgresql_finds_what_is_asked_often_by_an_index(
    plans: str, on_postgresql: Planned
) -> None:
    assert too_wide(on_postgresql.plans[plans]) == {}


@pytest.mark.parametrize("plans", ["generic", "of several"])
def test_postgresql_reads_no_growing_table_from_end_to_end(
    plans: str, on_postgresql: Planned
) -> None:
    assert end_to_end(on_postgresql.plans[plans]) == []


def test_what_is_hot_in_a_turn_is_asked_for_several_organizations_too() -> None:
    assert shared().keys() >= {
        "rules.bookings.AROUND",
        "rules.bookings.ADD",
        "rules.customers.FREE_CUSTOMERS",
        "rules.slots.FREE_SLOTS",
        "rules.idempotency.STORED",
        "rules.versions.RAISE",
        "outbox.events.ADD",
        "outbox.dispatch.LISTENERS_UNLESS_TAKEN",
        "outbox.dispatch.FANNED_OUT",
        "outbox.claims.WAITING",
        "outbox.claims.DUE",
        "outbox.claims.FREE",
        "outbox.claims.CLAIM",
        "outbox.claims.ATTEMPTED_UNLESS_TAKEN",
        "outbox.claims.MARK",
        "outbox.endpoints.HEALTH_UNLESS_TAKEN",
        "outbox.endpoints.SET_HEALTH",
    }


def test_postgresql_reads_little_where_little_is_found(on_postgresql: Planned) -> None:
    """Every query: each look while nothing is due, each list with its limit."""
    assert on_postgresql.read_much == {}


# --- SQLite -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def on_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Planned:
    """As they are (`plain`), and once the tables were analysed (`analysed`)."""
    file = tmp_path_factory.mktemp("full") / "kursplan.db"
    shutil.copyfile(sqlite_template, file)
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA synchronous = OFF")
    fill_sqlite(connection)
    plain = _sqlite_plans(connection)
    read = {
        each.name: _instructions(connection, each) / INSTRUCTIONS_A_ROW
        for each in planned()
        if isinstance(each.tree, exp.Select) and not ASKS_FOR_MUCH.match(each.name)
    }
    connection.execute("ANALYZE")
    analysed = _sqlite_plans(connection)
    connection.close()
    return Planned({"plain": plain, "analysed": analysed}, read)


def _instructions(connection: sqlite3.Connection, asked: Statement) -> int:
    """How many steps SQLite takes to answer a query."""
    values = ASKED | ASKED_OF.get(asked.name, {})
    given = [
        values.get(name, _some(name, asked.bind_types[name]) if fixed is None else fixed)
        for name, fixed in asked.sqlite_binds
    ]
    # A list is a text there, too, but of JSON.
    given = [re.sub(r"^{(.*)}$", r"[\1]", each) if type(each) is str else each for each in given]
    taken = 0

    def count() -> None:
        nonlocal taken
        taken += 1

    connection.set_progress_handler(count, 1)
    connection.execute(asked.sqlite, given).fetchall()
    connection.set_progress_handler(None, 0)
    return taken


def _sqlite_plans(connection: sqlite3.Connection) -> Plans:
    return {
        each.name: [
            look
            for *_, detail in connection.execute(
                f"EXPLAIN QUERY PLAN {each.sqlite}", (None,) * each.sqlite.count("?")
            )
            for look in _sqlite_looks(detail)
        ]
        for each in planned()
    }


def _sqlite_looks(detail: str) -> Iterator[Look]:
    """Of a line such as `SEARCH slot USING INDEX pk (organization_id=? AND id=?)`."""
    if found := re.match(r"(?:SEARCH|SCAN) (\w+)(?: USING .*?INDEX (\w+)(?: \((.*)\))?)?", detail):
        table, index, condition = found.groups()
        yield Look(table, frozenset(re.findall(r"(\w+)[<>=]", condition or "")), index)


@pytest.mark.parametrize("plans", ["plain", "analysed"])
def test_sqlite_finds_what_is_asked_often_by_an_index(plans: str, on_sqlite: Planned) -> None:
    assert too_wide(on_sqlite.plans[plans]) == {}


@pytest.mark.parametrize("plans", ["plain", "analysed"])
def test_sqlite_reads_no_growing_table_from_end_to_end(plans: str, on_sqlite: Planned) -> None:
    assert end_to_end(on_sqlite.plans[plans]) == []


def test_sqlite_reads_little_where_little_is_found(on_sqlite: Planned) -> None:
    assert on_sqlite.read_much == {}


# --- The tests above see what they look for -----------------------------------------------------


def test_a_plan_of_postgresql_is_understood() -> None:
    plan = {
        "Node Type": "Nested Loop",
        "Plans": [
            {
                "Node Type": "Bitmap Heap Scan",
                "Relation Name": "slot",
                "Plans": [
                    {
                        "Node Type": "Bitmap Index Scan",
                        "Index Name": "pk_slot",
                        "Index Cond": "((organization_id = $1) AND (id = ANY ('{1,2}'::bigint[])))",
                    }
                ],
            },
            {
                "Node Type": "Index Scan",
                "Relation Name": "idempotency_key",
                "Index Name": "pk_idempotency_key",
                "Index Cond": "((organization_id = $1) AND ((key)::text = ($3)::text))",
            },
            {"Node Type": "Seq Scan", "Relation Name": "booking", "Filter": "(id = 1)"},
        ],
    }
    assert list(_postgresql_looks(plan)) == [
        Look("slot", frozenset({"organization_id", "id"}), "pk_slot"),
        Look("idempotency_key", frozenset({"organization_id", "key"}), "pk_idempotency_key"),
        Look("booking", frozenset()),
    ]


def test_a_plan_of_sqlite_is_understood() -> None:
    lines = [
        "SEARCH booking USING COVERING INDEX ix_day (organization_id=? AND day>? AND day<?)",
        "SEARCH booking USING INDEX ix_day (organization_id=?) LEFT-JOIN",
        "SCAN booking USING INDEX ix_booking_unconfirmed",
        "SCAN booking",
        "SCAN json_each VIRTUAL TABLE INDEX 1:",
        "USE TEMP B-TREE FOR ORDER BY",
    ]
    looks = [look for line in lines for look in _sqlite_looks(line)]
    assert looks == [
        Look("booking", frozenset({"organization_id", "day"}), "ix_day"),
        Look("booking", frozenset({"organization_id"}), "ix_day"),
        Look("booking", frozenset(), "ix_booking_unconfirmed"),
        Look("booking", frozenset()),
        Look("json_each", frozenset()),
    ]
    assert [each.reads_all for each in looks] == [False, True, False, True, True]


def test_a_wide_plan_is_found() -> None:
    """By the organization alone, by one column of two, or not at all."""
    plans = {
        name: [Look(table, frozenset(columns.split())) for table, columns in tables.items()]
        for name, tables in HOT.items()
    }
    assert too_wide(plans) == {}
    plans["rules.bookings.BY_ID"] = [Look("booking", frozenset({"organization_id"}))]
    plans["rules.bookings.AROUND"] = [Look("booking", frozenset({"organization_id", "starts_at"}))]
    plans["rules.slots.SLOTS"] = []
    assert too_wide(plans).keys() == {
        "rules.bookings.BY_ID",
        "rules.bookings.AROUND",
        "rules.slots.SLOTS",
    }
    assert end_to_end(plans) == ["rules.bookings.BY_ID: booking"]
