"""The minimal booking transaction: nothing but the statements without which it would be wrong.

Lock the row of the slot, look for a booking of this customer, insert the booking, raise the counter,
insert the event, commit. No rule, no HTTP. On PostgreSQL it is run by pgbench, which is written in C
and sends prepared statements from 16 clients; on SQLite by one thread of this process. Each has
tables of its own, as narrow as can be.
"""

from __future__ import annotations

import asyncio
import random
import re
import sqlite3
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from bench.postgres import Postgres
from bench.processes import output_of
from bench.run import WARM_UP_SECONDS

CLIENTS = 16
SLOTS = 10_000
WARM_UP_CUSTOMERS = 50_000_000
"""The number of the first customer of a client while warming up: nobody comes again."""

TABLES = """
CREATE SCHEMA minimal;
CREATE TABLE minimal.slot (id bigint PRIMARY KEY, seats integer NOT NULL);
CREATE TABLE minimal.booking (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slot_id bigint NOT NULL,
    customer_id bigint NOT NULL,
    UNIQUE (slot_id, customer_id)
);
CREATE TABLE minimal.event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slot_id bigint NOT NULL,
    customer_id bigint NOT NULL
);
"""
EMPTY = f"""
TRUNCATE minimal.booking, minimal.event, minimal.slot;
INSERT INTO minimal.slot SELECT number, 0 FROM generate_series(1, {SLOTS}) AS number;
"""

STATEMENTS = (
    "SELECT seats FROM minimal.slot WHERE id = $1 FOR UPDATE",
    "SELECT id FROM minimal.booking WHERE slot_id = $1 AND customer_id = $2",
    "INSERT INTO minimal.booking (slot_id, customer_id) VALUES ($1, $2)",
    "UPDATE minimal.slot SET seats = seats + 1 WHERE id = $1",
    "INSERT INTO minimal.event (slot_id, customer_id) VALUES ($1, $2)",
)


def _script(slots: int) -> str:
    """The transaction as pgbench reads it, on a random one of so many slots.

    Every client counts its own customers, so that none meets a booking that is already there.
    """
    body = ";\n".join(each.replace("$1", ":slot").replace("$2", ":customer") for each in STATEMENTS)
    return f"""\\set slot random(1, {slots})
\\set count :count + 1
\\set customer :client_id * 100000000 + :count
BEGIN;
{body};
COMMIT;
"""


@dataclass(frozen=True, slots=True)
class Done:
    """How many minimal bookings were committed a second, and how long one took on average."""

    per_second: float
    latency_ms: float

    @property
    def figures(self) -> dict[str, float]:
        return {"per_second": self.per_second, "latency_ms": self.latency_ms}


class MinimalPostgres:
    """The minimal tables in the schema `minimal` of a database, and pgbench to book there."""

    def __init__(self, postgres: Postgres, database: str, folder: Path) -> None:
        self._postgres = postgres
        self._database = database
        self._folder = folder

    async def create(self) -> None:
        async with self._postgres.connected(self._database) as connection:
            await connection.execute(TABLES)

    async def book(self, *, slots: int, seconds: int, clients: int = CLIENTS) -> Done:
        """Book random slots of so many for so many seconds, beginning with empty tables."""
        async with self._postgres.connected(self._database) as connection:
            await connection.execute(EMPTY)
        await self._postgres.settle(self._database, "minimal.slot")
        script = self._folder / f"minimal-{slots}.sql"
        await asyncio.to_thread(script.write_text, _script(slots))
        await self._pgbench(script, clients, WARM_UP_SECONDS, first_customer=WARM_UP_CUSTOMERS)
        await self._postgres.analyze(self._database)
        return await self._pgbench(script, clients, seconds, first_customer=0)

    async def _pgbench(
        self, script: Path, clients: int, seconds: int, *, first_customer: int
    ) -> Done:
        return parse(
            await output_of(
                *(self._postgres.programs / "pgbench", "-n", "-M", "prepared"),
                *("-c", str(clients), "-j", str(min(2, clients)), "-T", str(seconds)),
                *("-D", f"count={first_customer}", "-f", script),
                self._postgres.url(self._database),
            )
        )

    async def commit_ms(self, *, seconds: float) -> float:
        """How long a commit takes, in the middle, when one client books and nothing else goes on.

        pgbench tells only how long the whole transaction takes, so this is measured from here.
        """
        async with self._postgres.connected(self._database) as connection:
            lock, look, book, raise_counter, tell = [
                await connection.prepare(each) for each in STATEMENTS
            ]
            took = []
            until = time.perf_counter() + seconds
            customer = -1
            while time.perf_counter() < until:
                transaction = connection.transaction()
                await transaction.start()
                await lock.fetch(1)
                await look.fetch(1, customer)
                await book.fetch(1, customer)
                await raise_counter.fetch(1)
                await tell.fetch(1, customer)
                began = time.perf_counter()
                await transaction.commit()
                took.append(time.perf_counter() - began)
                customer -= 1
        return statistics.median(took) * 1000


def parse(written: str) -> Done:
    """What pgbench's report says. Raises RuntimeError if a client gave up or none reported."""
    rate = re.search(r"^tps = ([\d.]+)", written, re.MULTILINE)
    latency = re.search(r"^latency average = ([\d.]+) ms", written, re.MULTILINE)
    if rate is None or latency is None or "aborted" in written:
        raise RuntimeError(f"pgbench did not run to its end. It wrote:\n{written}")
    return Done(float(rate[1]), float(latency[1]))


SQLITE_TABLES = """
CREATE TABLE slot (id INTEGER PRIMARY KEY, seats INTEGER NOT NULL);
CREATE TABLE booking (
    id INTEGER PRIMARY KEY,
    slot_id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    UNIQUE (slot_id, customer_id)
);
CREATE TABLE event (
    id INTEGER PRIMARY KEY, slot_id INTEGER NOT NULL, customer_id INTEGER NOT NULL
);
"""


def book_sqlite(file: Path, *, slots: int, seconds: float) -> Done:
    """The same on SQLite, in write-ahead mode and with every commit on the disk."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.executescript(SQLITE_TABLES)
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO slot VALUES (?, 0)", ((n,) for n in range(1, SLOTS + 1)))
    connection.execute("COMMIT")
    _book_on(connection, slots, WARM_UP_SECONDS, first_customer=WARM_UP_CUSTOMERS)
    done = _book_on(connection, slots, seconds, first_customer=0)
    connection.close()
    return done


def _book_on(
    connection: sqlite3.Connection, slots: int, seconds: float, *, first_customer: int
) -> Done:
    dice = random.Random(first_customer)  # noqa: S311
    done = 0
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        _book_once(connection, dice.randint(1, slots), first_customer + done)
        done += 1
    return Done(done / passed, passed / done * 1000)


def _book_once(connection: sqlite3.Connection, slot: int, customer: int) -> None:
    both = (slot, customer)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("SELECT seats FROM slot WHERE id = ?", (slot,)).fetchone()
    connection.execute(
        "SELECT id FROM booking WHERE slot_id = ? AND customer_id = ?", both
    ).fetchone()
    connection.execute("INSERT INTO booking (slot_id, customer_id) VALUES (?, ?)", both)
    connection.execute("UPDATE slot SET seats = seats + 1 WHERE id = ?", (slot,))
    connection.execute("INSERT INTO event (slot_id, customer_id) VALUES (?, ?)", both)
    connection.execute("COMMIT")
