"""A gym that has been open for long: enough rows that a scan would show, made in a few seconds.

They are not consistent in every way that the rules ask for; they are there to be looked up.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
from sqlalchemy import BigInteger, Boolean, Integer, Table
from sqlalchemy.dialects.postgresql import asyncpg as sqlalchemy_asyncpg
from sqlalchemy.dialects.sqlite import pysqlite

from kursplan.store import tables
from kursplan.store.engine.dialect import Instant

ORGANIZATION = 1
STUDIOS = 3
CLASSES = 20
SERIES = 2_000
SLOTS = 2_000
CUSTOMERS = 10_000
BOOKINGS = 100_000
ENDPOINTS = 200
EVENTS = 5_000
DELIVERIES = 50_000
LINES = 50_000

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
TODAY = NOW.date()
FIRST_START = NOW - timedelta(days=60)

Rows = list[dict[str, Any]]


def _studio_of(number: int) -> int:
    return number % STUDIOS + 1


def _starts_at(slot: int) -> datetime:
    """The slots are spread over two months before now and two after."""
    return FIRST_START + timedelta(minutes=86 * slot)


def full_gym() -> Iterator[tuple[Table, Rows]]:
    """All rows, parents first; columns that are left out are NULL."""
    yield (
        tables.organization,
        [{"id": 1, "key": "gym", "name": "Gym", "lost_entitlement": "FLAG", "created_at": NOW}],
    )
    yield tables.organization_directory, [{"key": "gym"}]
    yield (
        tables.studio,
        [
            {
                "id": n,
                "key": f"studio-{n}",
                "name": f"Studio {n}",
                "zone": "Europe/Berlin",
                "language": "de",
                "access_code_enabled": False,
            }
            for n in range(1, STUDIOS + 1)
        ],
    )
    yield (
        tables.location,
        [
            {"id": n, "key": f"location-{n}", "studio_id": _studio_of(n), "name": f"Saal {n}"}
            for n in range(1, 11)
        ],
    )
    yield (
        tables.employee,
        [
            {"id": n, "key": f"employee-{n}", "first_name": "Ina", "last_name": f"Trainer {n}"}
            for n in range(1, 51)
        ],
    )
    yield (
        tables.employee_studio,
        [{"studio_id": _studio_of(n), "employee_id": n} for n in range(1, 51)],
    )
    yield tables.rate, [{"id": n, "key": f"rate-{n}", "name": f"Tarif {n}"} for n in range(1, 6)]
    yield (
        tables.rate_contingent,
        [{"rate_id": n, "period": "MONTH", "bookings": 8} for n in range(1, 6)],
    )
    yield (
        tables.class_,
        [
            {
                "id": n,
                "key": f"class-{n}",
                "studio_id": _studio_of(n),
                "title": f"Kurs {n}",
                "type": "STUDIO",
                "duration": 60,
                "bookable": True,
                "online_booking": "AVAILABLE",
                "earliest_booking": "7 DAY",
                "latest_booking": "0 MINUTE",
                "latest_cancellation": "2 HOUR",
                "late_cancellation": False,
                "max_participants": 60,
                "max_waiting_list": 5,
                "promotion": "AUTOMATIC",
                "promotion_ends": "0 MINUTE",
                "admits_other_studios": False,
                "who_may_book": "EVERYONE",
                "uses_contingent": True,
            }
            for n in range(1, CLASSES + 1)
        ],
    )
    yield (
        tables.class_rate,
        [{"class_id": n, "rate_id": rate} for n in range(1, CLASSES + 1) for rate in (1, 2, 3)],
    )
    yield (
        tables.version,
        [
            {
                "studio_id": studio,
                "shard": shard,
                "changes": 1,
                "raised_at": NOW - timedelta(hours=shard) if studio == 0 else None,
            }
            for studio in range(500)
            for shard in range(20)
        ],
    )
    yield (
        tables.closure,
        [
            {
                "id": n,
                "key": f"closure-{n}",
                "studio_id": _studio_of(n),
                "local_from": datetime(2025, 1, 1) + timedelta(days=3 * n),  # noqa: DTZ001
                "local_to": datetime(2025, 1, 2) + timedelta(days=3 * n),  # noqa: DTZ001
            }
            for n in range(1, 201)
        ],
    )
    yield (
        tables.series,
        [
            {
                "id": n,
                "key": f"series-{n}",
                "class_id": n % CLASSES + 1,
                "studio_id": _studio_of(n % CLASSES + 1),
                "weekdays": [n % 7],
                "start_time": NOW.time(),
                "first_day": date(2025, 1, 1),
                "own": (),
                "extended_until": TODAY + timedelta(days=60),
            }
            for n in range(1, SERIES + 1)
        ],
    )
    yield (
        tables.series_instructor,
        [{"series_id": n, "position": 0, "employee_id": n % 50 + 1} for n in range(1, 101)],
    )
    yield (
        tables.slot,
        [
            {
                "id": n,
                "class_id": n % CLASSES + 1,
                "studio_id": _studio_of(n % CLASSES + 1),
                "series_id": n % 100 + 1,
                "occurrence": _starts_at(n).replace(tzinfo=None),
                "local_start": _starts_at(n).replace(tzinfo=None),
                "starts_at": _starts_at(n),
                "ends_at": _starts_at(n) + timedelta(hours=1),
                "status": "PLANNED" if _starts_at(n) > NOW else "COMPLETED",
                "location_id": n % 10 + 1,
                "own": (),
                "max_participants": 60,
                "max_waiting_list": 5,
                "additional_participants": 0,
                "seats": 43,
                "waiting": 2 if n % 20 == 0 else 0,
                "last_sequence": 50,
            }
            for n in range(1, SLOTS + 1)
        ],
    )
    yield (
        tables.slot_instructor,
        [{"slot_id": n, "position": 0, "employee_id": n % 50 + 1} for n in range(1, SLOTS + 1)],
    )
    yield (
        tables.stand_in,
        [
            {"id": n, "slot_id": n, "replaced_id": 1, "stand_in_id": 2, "set_at": NOW}
            for n in range(1, 201)
        ],
    )
    yield (
        tables.customer,
        [
            {
                "id": n,
                "key": f"customer-{n}",
                "uuid": f"00000000-0000-4000-8000-{n:012}",
                "studio_id": _studio_of(n),
                "number": f"{n:06}",
                "status": "MEMBER",
                "access_refused": False,
                "first_name": f"Erika {n % 300}",
                "last_name": f"Muster {n % 3000}",
                "first_name_folded": f"erika {n % 300}",
                "last_name_folded": f"muster {n % 3000}",
                "email_folded": f"erika{n}@example.org",
            }
            for n in range(1, CUSTOMERS + 1)
        ],
    )
    yield (
        tables.membership,
        [
            {
                "id": n,
                "key": f"membership-{n}",
                "customer_id": n,
                "rate_id": n % 5 + 1,
                "valid_from": date(2025, 1, 1),
            }
            for n in range(1, CUSTOMERS + 1)
        ],
    )
    yield (
        tables.membership_contingent,
        [{"membership_id": n, "period": "WEEK", "bookings": 2} for n in range(1, CUSTOMERS + 1, 2)],
    )
    yield (
        tables.idle_period,
        [
            {
                "id": n,
                "key": f"idle-{n}",
                "membership_id": n,
                "customer_id": n,
                "first_day": TODAY,
                "last_day": TODAY + timedelta(days=30),
            }
            for n in range(1, CUSTOMERS + 1, 2)
        ],
    )
    yield tables.application, [{"id": 1, "key": "app", "name": "App"}]
    yield (
        tables.integration,
        [
            {
                "id": n,
                "application_id": 1,
                "studio_id": n,
                "scopes": (),
                "active": True,
                "webhook_key": "w",
            }
            for n in range(1, STUDIOS + 1)
        ],
    )
    yield (
        tables.api_key,
        [
            {
                "id": n,
                "key_hash": f"{n:064}",
                "integration_id": _studio_of(n),
                "hint": "abcd",
                "created_at": NOW,
            }
            for n in range(1, 1_001)
        ],
    )
    yield tables.booking, list(_bookings())
    yield (
        tables.turned_away,
        [
            {"slot_id": n % SLOTS + 1, "customer_id": n, "happened_at": NOW - timedelta(minutes=n)}
            for n in range(1, CUSTOMERS + 1)
        ],
    )
    yield (
        tables.event,
        [
            {
                "id": n,
                "uuid": f"00000000-0000-4000-8000-{n:012}",
                "type": "CLASS_BOOKING_CREATED",
                "entity_id": n,
                "studio_id": 1,
                "happened_at": NOW,
                "fanned_out": n < EVENTS - 10,
            }
            for n in range(1, EVENTS + 1)
        ],
    )
    yield (
        tables.webhook_endpoint,
        [
            {
                "id": n,
                "integration_id": _studio_of(n),
                "key": f"endpoint-{n}",
                "url": "https://partner.example/",
                "is_default": False,
                "types": (),
                "secret": "s",
                "created_at": NOW,
            }
            for n in range(1, ENDPOINTS + 1)
        ],
    )
    yield tables.delivery, list(_deliveries())
    yield (
        tables.attempt,
        [
            {
                "delivery_id": n,
                "number": 1,
                "attempted_at": NOW - timedelta(minutes=n % 43_200),
                "milliseconds": 50,
            }
            for n in range(1, DELIVERIES + 1)
        ],
    )
    yield tables.history, list(_lines())
    yield (
        tables.history_subject,
        [
            {
                "happened_at": _happened_at(n),
                "history_id": n + 1,
                "subject_id": (n * 11) % BOOKINGS + 1,
                "kind": "BOOKING",
                "changes": "{}",
            }
            for n in range(0, LINES, 4)
        ],
    )
    yield (
        tables.idempotency_key,
        [
            {
                "integration_id": 1,
                "key": f"key-{n}",
                "request_hash": "0" * 64,
                "stored_at": NOW - timedelta(seconds=n),
                "booking_id": n,
            }
            for n in range(1, 5_001)
        ],
    )


def _bookings() -> Iterator[dict[str, Any]]:
    """50 on each slot, ten of each customer; some wait, some are cancelled, a few to be confirmed."""
    on_each = BOOKINGS // SLOTS
    for n in range(BOOKINGS):
        slot, sequence = n // on_each + 1, n % on_each + 1
        customer = n % CUSTOMERS + 1
        starts_at = _starts_at(slot)
        status = "BOOKED"
        if sequence > 48:
            status = "WAITING_LIST"
        elif sequence > 43:
            status = "CANCELED"
        elif n % 1000 == 0:
            status = "BOOKED_WITH_CONFIRMATION_REQUIRED"
        yield {
            "id": n + 1,
            "slot_id": slot,
            "studio_id": _studio_of(slot % CLASSES + 1),
            "customer_id": customer,
            "home_studio_id": _studio_of(customer),
            "status": status,
            "sequence": sequence,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=1),
            "day": starts_at.date(),
            "booked_at": NOW,
            "participation": "UNSET",
            "membership_id": customer,
            "counts": status in ("BOOKED", "BOOKED_WITH_CONFIRMATION_REQUIRED"),
            "confirm_until": NOW if status == "BOOKED_WITH_CONFIRMATION_REQUIRED" else None,
            "cancelled_at": starts_at - timedelta(days=3) if status == "CANCELED" else None,
            "late": False,
            "overruled": (),
        }


def _happened_at(line: int) -> datetime:
    return NOW - timedelta(minutes=30 * line)


def _lines() -> Iterator[dict[str, Any]]:
    """Most are bookings that an application made, others what the house and staff did."""
    for n in range(LINES):
        origin, who = "OPEN_API", f"{n % 40 + 1}"
        if n % 5 == 0:
            origin, who = "HOUSE", None
        elif n % 7 == 0:
            origin, who = "COMMAND_LINE", "ina"
        yield {
            "happened_at": _happened_at(n),
            "id": n + 1,
            "command": "book",
            "origin": origin,
            "who": who,
            "reason": "rang" if n % 7 == 0 else None,
            "kind": "BOOKING",
            "subject_id": n % BOOKINGS + 1,
            "changes": "{}",
        }


def _deliveries() -> Iterator[dict[str, Any]]:
    """Ten endpoints are told of each event; a few are still to be, and some failed or are held."""
    for n in range(DELIVERIES):
        status, attempts = "DELIVERED", 1
        if n % 100 == 0:
            status, attempts = "PENDING", n // 100 % 2
        elif n % 100 == 1:
            status = "FAILED"
        elif n % 100 == 2:
            status, attempts = "HELD", 0
        event_id = n // 10 + 1
        created_at = NOW - timedelta(minutes=n % 43_200)
        yield {
            "id": n + 1,
            "event_id": event_id,
            "endpoint_id": (n * 7 + event_id) % ENDPOINTS + 1,
            "entity_id": event_id,
            "status": status,
            "attempts": attempts,
            "due_at": NOW,
            "created_at": created_at,
            "finished_at": None if status in ("PENDING", "HELD") else created_at,
        }


def _as_stored(table: Table, rows: Rows, dialect: Any) -> tuple[list[str], Iterable[list[Any]]]:
    """The columns, and the rows as the driver takes them; words stand there as they are stored."""
    columns = [each for each in table.c if each.name in rows[0] or not each.nullable]
    standard = {each.name: _PLAIN.get(type(each.type), "") for each in columns}
    standard["organization_id"] = ORGANIZATION  # Unless a row names another.
    turn = [each.type.dialect_impl(dialect).bind_processor(dialect) for each in columns]
    names = [each.name for each in columns]
    records = (
        [
            value if process is None or isinstance(value, str) else process(value)
            for process, value in zip(turn, map((standard | row).get, names), strict=True)
        ]
        for row in rows
    )
    return names, records


_PLAIN = {Boolean: False, Integer: 0, BigInteger: 0, Instant: NOW}
"""What stands in a column that must not be empty and is of no concern here."""


_REFERENCES = """
    SELECT conrelid::regclass::text AS of_table, conname, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace
"""


async def fill_postgresql(
    connection: asyncpg.Connection, filling: Iterable[tuple[Table, Rows]] | None = None
) -> None:
    """All rows; references are checked for all of them at once, which is many times faster.

    Another `filling` need not have what its rows refer to: then there are no references any more.
    """
    dialect = sqlalchemy_asyncpg.dialect()  # type: ignore[no-untyped-call]
    references = await connection.fetch(_REFERENCES)
    for of_table, name, _ in references:
        await connection.execute(f'ALTER TABLE {of_table} DROP CONSTRAINT "{name}"')
    for table, rows in filling or full_gym():
        names, records = _as_stored(table, rows, dialect)
        await connection.copy_records_to_table(table.name, columns=names, records=records)
    for of_table, name, definition in references if filling is None else ():
        await connection.execute(f'ALTER TABLE {of_table} ADD CONSTRAINT "{name}" {definition}')


def fill_sqlite(
    connection: sqlite3.Connection, filling: Iterable[tuple[Table, Rows]] | None = None
) -> None:
    """All rows, through a connection that checks no references."""
    dialect = pysqlite.dialect()
    for table, rows in filling or full_gym():
        names, records = _as_stored(table, rows, dialect)
        columns = ", ".join(f'"{name}"' for name in names)
        marks = ", ".join("?" * len(names))
        connection.executemany(f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks})', records)
    connection.commit()
