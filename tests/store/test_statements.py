"""What the store sends keeps the rules that let it run distributed, and nothing else is sent."""

from __future__ import annotations

import sqlite3
from typing import Any

import asyncpg
import pytest
from sqlalchemy import create_engine, text

from kursplan.store.engine.database import Database
from kursplan.store.engine.driver import Fixed
from kursplan.store.engine.trouble import Work
from kursplan.store.entries import organizations
from tests import sent_statements
from tests.store import statements
from tests.store.statements import RULES, Rule, Statement, every_statement, undeclared


def complaints(rule: Rule) -> list[str]:
    """All that the rule finds wrong, like `bookings.BY_ID: it locks`."""
    return [f"{each.name}: {words}" for each in every_statement() for words in rule(each)]


def test_the_store_has_statements() -> None:
    names = {each.name for each in every_statement()}
    assert names > {
        "rules.bookings.AROUND",
        "rules.slots.LOCKED_SLOTS",
        "outbox.events.ADD",
        "rules.series.ACROSS_DUE[0]",
    }


def test_what_goes_straight_to_a_driver_is_a_constant_too() -> None:
    assert undeclared() == []
    made_up = Fixed(text("SELECT 1"))
    assert undeclared() == [str(made_up.statement)]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_every_statement_can_be_said_to_either_database(kind: str) -> None:
    for each in every_statement():
        assert getattr(each, kind), each.name


def test_every_statement_knows_its_tables() -> None:
    assert complaints(statements.knows_its_tables) == []


def test_every_statement_binds_the_organization_as_a_value() -> None:
    assert complaints(statements.names_its_organization) == []


def test_every_statement_is_about_one_organization() -> None:
    assert complaints(statements.names_one_organization) == []


def test_every_joined_or_looked_up_table_is_matched_by_organization() -> None:
    assert complaints(statements.matches_every_table) == []


def test_every_inserted_row_carries_its_organization() -> None:
    assert complaints(statements.inserts_carry_the_organization) == []


def test_no_update_or_delete_reaches_over_organizations() -> None:
    assert complaints(statements.changes_one_organization) == []


def test_no_row_moves_to_another_organization() -> None:
    assert complaints(statements.keeps_rows_where_they_are) == []


def test_what_looks_across_organizations_neither_locks_nor_writes() -> None:
    assert complaints(statements.looks_across_only_to_find_organizations) == []


def test_locks_are_taken_in_the_order_of_ids_and_within_one_organization() -> None:
    assert complaints(statements.locks_in_order) == []


def test_times_ids_and_random_values_are_parameters() -> None:
    assert complaints(statements.is_given_time_and_ids) == []


def test_nothing_is_used_that_does_not_work_everywhere() -> None:
    assert complaints(statements.has_no_forbidden_words) == []


def test_no_sub_select_hides_in_do_update() -> None:
    assert complaints(statements.updates_on_conflict_without_looking_up) == []


def test_an_insert_from_a_select_tells_duplicates_apart() -> None:
    assert complaints(statements.inserts_from_a_select_tell_duplicates) == []


def test_every_rule_is_one_of_the_tests_above() -> None:
    tested = {name for test in globals().values() for name in _names_in(test)}
    assert {rule.__name__ for rule in RULES} - tested == set()


def _names_in(test: object) -> tuple[str, ...]:
    return test.__code__.co_names if callable(test) and hasattr(test, "__code__") else ()


# --- Both databases agree -----------------------------------------------------------------------


async def test_either_database_understands_every_statement(kind: str, database_url: str) -> None:
    """Tables, columns and types are right; those of `dialect` are for one database only."""
    said = [
        each
        for each in every_statement()
        if not each.name.startswith(("engine.dialect.", "engine.numbers."))
    ]
    refused = {}
    if kind == "sqlite":
        connection = sqlite3.connect(database_url.removeprefix("sqlite:///"))
        for each in said:
            try:
                connection.execute(f"EXPLAIN {each.sqlite}", (None,) * each.sqlite.count("?"))
            except sqlite3.Error as error:
                refused[each.name] = str(error)
        connection.close()
    else:
        server = await asyncpg.connect(database_url)
        for each in said:
            try:
                await server.prepare(each.postgresql)
            except asyncpg.PostgresError as error:
                refused[each.name] = str(error)
        await server.close()
    assert refused == {}


# --- The rules bite -----------------------------------------------------------------------------

WRONG: dict[Rule, tuple[str, ...]] = {
    statements.knows_its_tables: (
        "SELECT id FROM elsewhere WHERE organization_id = :organization",
    ),
    statements.names_its_organization: (
        "SELECT id FROM booking WHERE id = :id",
        "SELECT id FROM booking WHERE organization_id = :whose",
        "SELECT id FROM booking WHERE organization_id = :organization OR id = :id",
        "SELECT id FROM booking WHERE NOT (organization_id = :organization)",
        """
        SELECT id FROM booking WHERE organization_id IN
        (SELECT organization_id FROM api_key WHERE key_hash = :hash)
        """,
        """
        SELECT id FROM booking WHERE organization_id =
        (SELECT organization_id FROM organization_directory WHERE key = :key)
        """,
        "SELECT name FROM organization",
        """
        SELECT b.id FROM api_key k
        JOIN booking b ON b.organization_id = k.organization_id WHERE k.key_hash = :hash
        """,
        "UPDATE api_key SET revoked_at = :now",
    ),
    statements.names_one_organization: (
        """
        SELECT id FROM booking WHERE organization_id = :organization UNION ALL SELECT id
        FROM slot WHERE organization_id = :organization_id
        """,
    ),
    statements.matches_every_table: (
        """
        SELECT b.id FROM booking b JOIN slot s ON s.id = b.slot_id
        WHERE b.organization_id = :organization
        """,
        "SELECT b.id FROM booking b, slot s WHERE b.organization_id = :organization",
        """
        SELECT id FROM booking WHERE organization_id = :organization AND EXISTS (SELECT 1
        FROM slot WHERE slot.id = booking.slot_id)
        """,
        """
        SELECT id FROM booking WHERE organization_id = :organization AND slot_id IN
        (SELECT id FROM slot WHERE status = :status)
        """,
        # It is settled inside of the sub-select only.
        """
        SELECT id FROM booking WHERE EXISTS (SELECT 1 FROM slot
        WHERE slot.organization_id = booking.organization_id AND slot.organization_id = :organization)
        """,
        # Two tables are matched with each other, but with no value.
        """
        SELECT id FROM booking WHERE organization_id = :organization AND EXISTS
        (SELECT 1 FROM slot s JOIN class c ON c.organization_id = s.organization_id)
        """,
        """
        SELECT b.id FROM booking b LEFT JOIN LATERAL (SELECT id FROM slot
        WHERE id = b.slot_id) s ON true WHERE b.organization_id = :organization
        """,
        """
        WITH full_slot AS (SELECT organization_id, id FROM slot)
        SELECT b.id FROM booking b
        JOIN full_slot f ON f.organization_id = b.organization_id
        WHERE b.organization_id = :organization
        """,
        """
        UPDATE booking SET counts = :counts FROM slot
        WHERE booking.organization_id = :organization AND slot.id = booking.slot_id
        """,
        """
        INSERT INTO event (organization_id, id)
        SELECT b.organization_id, b.id FROM booking b RETURNING id
        """,
        """
        ACROSS_DUE: SELECT DISTINCT b.organization_id FROM booking b
        JOIN slot s ON s.id = b.slot_id
        """,
    ),
    statements.inserts_carry_the_organization: (
        "INSERT INTO event (id, uuid) VALUES (:id, :uuid)",
        "INSERT INTO event (organization_id, id) VALUES (1, :id)",
        """
        INSERT INTO event (organization_id, id) SELECT b.id, b.id FROM booking b
        WHERE b.organization_id = :organization RETURNING id
        """,
        """
        INSERT INTO event (organization_id, id)
        SELECT * FROM unnest(:organizations ::bigint[], :ids ::bigint[]) RETURNING id
        """,
    ),
    statements.changes_one_organization: (
        "DELETE FROM booking WHERE id = :id",
        "UPDATE api_key SET revoked_at = :now WHERE key_hash = :hash",
        """
        UPDATE booking SET counts = :counts FROM slot
        WHERE slot.organization_id = :organization AND booking.organization_id = slot.organization_id
        """,
        "DELETE FROM booking WHERE organization_id = ANY(:organization)",
    ),
    statements.keeps_rows_where_they_are: (
        "UPDATE booking SET organization_id = :other WHERE organization_id = :organization",
    ),
    statements.looks_across_only_to_find_organizations: (
        "ACROSS_DUE: SELECT organization_id FROM slot FOR UPDATE SKIP LOCKED",
        "ACROSS_DUE: SELECT organization_id, id FROM slot",
        "ACROSS_DUE: SELECT count(*) FROM slot",
        "ACROSS_DUE: UPDATE slot SET status = :status RETURNING organization_id",
        """
        ACROSS_DUE: WITH gone AS (DELETE FROM event RETURNING organization_id)
        SELECT organization_id FROM gone
        """,
    ),
    statements.locks_in_order: (
        "SELECT id FROM booking WHERE organization_id = :organization FOR UPDATE",
        """
        SELECT id FROM booking
        WHERE organization_id = :organization ORDER BY starts_at FOR UPDATE
        """,
        """
        SELECT id FROM booking
        WHERE organization_id = :organization ORDER BY id DESC FOR SHARE
        """,
        "SELECT id FROM booking ORDER BY id FOR UPDATE",
        "SELECT id FROM booking LIMIT :n FOR UPDATE SKIP LOCKED",
        """
        SELECT b.id FROM booking b JOIN slot s ON s.organization_id = b.organization_id
        WHERE b.organization_id = :organization ORDER BY b.id FOR UPDATE
        """,
        """
        SELECT b.id FROM booking b JOIN slot s ON s.organization_id = b.organization_id
        WHERE b.organization_id = :organization ORDER BY b.id FOR UPDATE OF s
        """,
    ),
    statements.is_given_time_and_ids: (
        "SELECT id FROM booking WHERE organization_id = :organization AND starts_at > now()",
        """
        SELECT id FROM booking
        WHERE organization_id = :organization AND starts_at > CURRENT_TIMESTAMP
        """,
        "SELECT id FROM booking WHERE organization_id = :organization AND day = current_date",
        "SELECT id FROM booking WHERE organization_id = :organization ORDER BY random()",
        """
        INSERT INTO event (organization_id, id)
        VALUES (:organization, nextval('kursplan_id'))
        """,
        "SELECT gen_random_uuid()",
    ),
    statements.has_no_forbidden_words: (
        "MERGE INTO booking USING slot ON slot.id = booking.slot_id WHEN MATCHED THEN DELETE",
        "UPDATE booking SET counts = :counts WHERE CURRENT OF found",
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
        """
        SELECT id FROM booking
        WHERE organization_id = :organization AND status = current_setting('kursplan.status')
        """,
        "SET LOCAL lock_timeout = 1000",
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SET CONSTRAINTS ALL DEFERRED",
        """
        INSERT INTO event (organization_id, id) VALUES (:organization, :id)
        ON CONFLICT ON CONSTRAINT pk_event DO NOTHING
        """,
    ),
    statements.updates_on_conflict_without_looking_up: (
        """
        INSERT INTO rate (organization_id, id, name) VALUES (:organization, :id, :name)
        ON CONFLICT (organization_id, id) DO UPDATE SET name = (SELECT name FROM rate
        WHERE organization_id = :organization AND id = :other)
        """,
    ),
    statements.inserts_from_a_select_tell_duplicates: (
        """
        INSERT INTO event (organization_id, id)
        SELECT :organization ::bigint, id FROM unnest(:ids ::bigint[]) AS given (id)
        """,
    ),
}
"""What each rule has to refuse. A name before the statement is that of its constant."""


def written(sql: str) -> Statement:
    """The statement of that text, as if it were a constant of the store."""
    name, colon, rest = sql.strip().partition(": ")
    known = colon and name.isidentifier()
    return Statement(f"bookings.{name if known else 'MADE_UP'}", text(rest if known else sql))


@pytest.mark.parametrize(("rule", "wrong"), [(rule, sql) for rule in WRONG for sql in WRONG[rule]])
def test_a_wrong_statement_is_refused(rule: Rule, wrong: str) -> None:
    assert list(rule(written(wrong))) != []


def test_every_rule_refuses_something() -> None:
    assert WRONG.keys() == set(RULES)


RIGHT = (
    "SELECT 1",
    "SELECT id FROM booking WHERE organization_id = :organization",
    """
    SELECT b.id FROM booking b
    JOIN slot s ON s.organization_id = b.organization_id AND s.id = b.slot_id
    WHERE b.organization_id = :organization
    """,
    """
    SELECT b.id FROM booking b
    LEFT JOIN slot s ON s.organization_id = :organization AND s.id = b.slot_id
    WHERE b.organization_id = :organization
    """,
    """
    SELECT id FROM booking WHERE organization_id = :organization AND NOT EXISTS (
        SELECT 1 FROM slot
        WHERE slot.organization_id = booking.organization_id AND slot.id = booking.slot_id
    )
    """,
    """
    SELECT b.id FROM booking b LEFT JOIN LATERAL (
        SELECT id FROM slot WHERE slot.organization_id = b.organization_id AND id = b.slot_id
    ) s ON true
    WHERE b.organization_id = :organization
    """,
    """
    WITH full_slot AS (
        SELECT organization_id, id FROM slot WHERE organization_id = :organization
    )
    SELECT b.id FROM booking b
    JOIN full_slot f ON f.organization_id = b.organization_id AND f.id = b.slot_id
    """,
    "SELECT organization_id FROM api_key WHERE key_hash = :hash",
    "SELECT name FROM organization WHERE id = :organization",
    # What is due is claimed without waiting for who claims the same.
    """
    UPDATE event e SET content = :content FROM (
        SELECT id FROM event WHERE organization_id = :organization
        ORDER BY happened_at LIMIT :n FOR UPDATE SKIP LOCKED
    ) q
    WHERE e.organization_id = :organization AND e.id = q.id RETURNING e.id
    """,
    "INSERT INTO event (organization_id, id) VALUES (:organization_id, :id)",
    "INSERT INTO organization (id, name) VALUES (:id, :name)",
    """
    INSERT INTO event (organization_id, id)
    SELECT :organization ::bigint, id FROM unnest(:ids ::bigint[]) AS given (id) RETURNING id
    """,
    """
    INSERT INTO event (organization_id, id)
    SELECT b.organization_id, b.id FROM booking b WHERE b.organization_id = :organization
    ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO rate (organization_id, id, name) VALUES (:organization, :id, :name)
    ON CONFLICT (organization_id, id) DO UPDATE SET name = excluded.name
    """,
    "UPDATE api_key SET revoked_at = :now WHERE organization_id = :organization",
    """
    SELECT id FROM booking WHERE organization_id = :organization AND note = 'now() is MERGE'
    ORDER BY id FOR NO KEY UPDATE
    """,
    "SELECT id FROM booking WHERE organization_id = :organization AND id = :id FOR UPDATE",
    "SELECT name FROM organization WHERE id = :organization FOR UPDATE",
    """
    ACROSS_DUE: SELECT s.organization_id, min(s.ends_at) FROM slot s
    JOIN class c ON c.organization_id = s.organization_id AND c.id = s.class_id
    GROUP BY s.organization_id
    """,
)


@pytest.mark.parametrize("right", RIGHT)
def test_a_right_statement_passes_every_rule(right: str) -> None:
    assert [words for rule in RULES for words in rule(written(right))] == []


# --- And nothing else is sent -------------------------------------------------------------------


def run_as(module: str, code: str, **names: Any) -> dict[str, Any]:
    """Run code as if it stood in that module, and give the names that it has then."""
    names |= {"__name__": module, "text": text}
    exec(code, names)  # noqa: S102
    return names


def noticed() -> list[str]:
    """What was noticed, which shall not count against the test that provoked it."""
    strangers = sent_statements.STRANGERS.copy()
    sent_statements.STRANGERS.clear()
    return strangers


def test_a_statement_that_is_no_constant_of_the_store_is_noticed() -> None:
    with create_engine("sqlite://").connect() as connection:
        run_as("kursplan.api.classes", "tx.execute(text('SELECT 41 + 1'))", tx=connection)
        run_as("kursplan.desk.engine.turn", "tx.exec_driver_sql('SELECT 42')", tx=connection)
    assert noticed() == [
        "kursplan.api.classes: SELECT 41 + 1",
        "kursplan.desk.engine.turn: SELECT 42",
    ]


async def test_a_constant_of_the_store_is_not_noticed_whoever_sends_it(
    database: Database,
) -> None:
    code = "def ask(tx): return tx.execute(BY_KEY, {'key': 'nobody'}).all()"
    ask: Work[Any] = run_as("kursplan.api.classes", code, BY_KEY=organizations.BY_KEY)["ask"]
    assert await database.read(ask) == []
    assert noticed() == []


def test_what_the_tests_themselves_send_is_their_business() -> None:
    with create_engine("sqlite://").connect() as connection:
        connection.execute(text("SELECT 41 + 1"))
        run_as("tests.gym", "tx.execute(text('SELECT 43'))", tx=connection)
    assert noticed() == []


async def test_it_is_noticed_at_either_door_of_either_database(database: Database) -> None:
    names = run_as("kursplan.work.made_up", "def ask(tx): return tx.scalar(text('SELECT 44'))")
    ask: Work[int] = names["ask"]
    assert [await database.read(ask), await database.write(ask)] == [44, 44]
    assert noticed() == ["kursplan.work.made_up: SELECT 44"] * 2
