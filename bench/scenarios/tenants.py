"""What a vendor's many gyms cost while nothing happens in them, and when it happens in all at once.

So many organizations, each a studio with a class, ten slots and a partner who listens, lie in one database.
Told is what each look over all of them reads and takes, how much time of a processor the database spends
in a minute in which nobody asks for anything (with one worker and with two), and how much the start of a
server takes. Then how long the first request of an organization takes, and the doctor; how long it takes
until a slot is completed and a series extended in each, with one worker and with two, and until one event in
each of them has reached its partner.

Others may use the machine at the same time, so what is idle is not told by the clock on the wall: blocks are
counted by the database, and time is that which its processes had a processor for, as the system counts it.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from bench.client import connected
from bench.fill import write
from bench.kursplan import doctor_is_content, kursplan_running
from bench.processes import processor_ms
from bench.ratios import median
from bench.receiver import Receiver, receiver_running
from bench.run import Measured, Run, percentile
from bench.tenants import Tenants
from kursplan.desk.extend_series import HORIZON_DAYS
from kursplan.domain.events import EventType
from kursplan.store import retention, tables
from kursplan.store.engine.driver import Fixed
from kursplan.store.outbox import claims, dispatch
from kursplan.store.rules import across, due, history, series, turned_away, versions

FEW, MANY = 100, 10_000
WORKERS = (1, 2)
START_SECONDS, IDLE_SECONDS = 15, 60
COLD = 500
"""How many organizations ask for the first time."""
LOOKED = 9
"""How often each look is measured."""
PATIENCE_SECONDS = 600
DATABASE = "tenants"


async def measure(run: Run) -> Measured:
    measured = Measured()
    async with receiver_running(run.folder) as receiver:
        for _ in run.each_round():
            for count in (FEW, MANY):
                tenants = await Tenants.create(run.postgres, count, receiver.url, DATABASE)
                await _look(measured, tenants)
                for workers in WORKERS:
                    await _idle(run, measured, tenants, workers)
                if count == MANY:
                    await _cold(run, measured, tenants)
                    await _doctor(measured, tenants)
                    await _midnight(run, measured, tenants)
                    await _tell(run, measured, tenants, receiver)
                await tenants.drop()
            one, two = (_idle_figure(MANY, each) for each in WORKERS)
            alone, both = (_midnight_figure(each) for each in WORKERS)
            measured.compare("midnight_workers", both, alone, "seconds")
            for ratio, what, figure in (
                ("midnight", _midnight_figure(1), "seconds"),
                ("doctor", f"{MANY} organizations, doctor", "seconds"),
                ("cold", f"{MANY} organizations, first request", "p50_ms"),
                ("told_everywhere", _tell_figure(WORKERS[0]), "seconds"),
            ):
                measured.ratios[ratio].append(measured.last(what, figure))
            measured.compare("idle_organizations", one, _idle_figure(FEW, 1), "a_minute_ms")
            measured.compare("idle_workers", two, one, "a_minute_ms")
            measured.ratios["idle_core"].append(measured.last(one, "a_minute_ms") / 600)
            measured.ratios["idle_look"].append(
                max(
                    rounds[-1]["ms"] for what, rounds in measured.figures.items() if "look:" in what
                )
            )
    return measured


def _idle_figure(count: int, workers: int) -> str:
    return f"{count} organizations, {workers} worker{'s' * (workers > 1)}"


# --- Each look ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Look:
    statement: Executable | Fixed
    values: Mapping[str, Any]


def _looks(tenants: Tenants, now: datetime) -> Iterator[tuple[str, _Look]]:
    """All that is asked over and over, by what it looks for, as where nothing is to be found."""
    walk = {"after": 0, "limit": across.FEWEST}
    for what, portion in (
        ("events to fan out", dispatch.ACROSS_TO_FAN_OUT),
        ("first attempts", claims.ACROSS_UNATTEMPTED),
        ("repeats", claims.ACROSS_REPEATS),
        ("somebody waits", due.ACROSS_WAITED_FOR),
    ):
        yield what, _Look(portion, walk)
    yield "slots over", _Look(due.ACROSS_OVER, {"now": now})
    yield "seats not confirmed", _Look(due.ACROSS_EXPIRED, {"now": now})
    yield "places given up", _Look(due.ACROSS_GIVEN_UP, {"since": now})
    yield "organizations changed", _Look(versions.ACROSS_RAISED, {"since": now})
    until = now.date() + timedelta(days=HORIZON_DAYS)
    yield "new series", _Look(series.ACROSS_DUE[0], {})
    yield "series behind", _Look(series.ACROSS_DUE[1], {"until": until})
    some = {"before": now, "organization_ids": tenants.organizations[: across.ALONG]}
    for what, look in (
        ("old keys", retention.ACROSS_OLD_KEYS),
        ("old events", retention.ACROSS_OLD_EVENTS),
        ("old history", history.ACROSS_OLD),
        ("turned away long ago", turned_away.ACROSS_OLD),
    ):
        yield what, _Look(look, some)


async def _look(measured: Measured, tenants: Tenants) -> None:
    count = len(tenants.organizations)
    async with tenants.postgres.connected(tenants.database) as connection:
        for what, look in _looks(tenants, datetime.now(UTC)):
            seen = [await _explained(connection, look) for _ in range(LOOKED)]
            measured.note(
                f"{count} organizations, look: {what}",
                blocks=median([blocks for blocks, _ in seen]),
                ms=median([ms for _, ms in seen]),
            )


async def _explained(connection: asyncpg.Connection, look: _Look) -> tuple[float, float]:
    """How many blocks the look read, and how many milliseconds it took."""
    statement = look.statement.statement if isinstance(look.statement, Fixed) else look.statement
    compiled = statement.compile(dialect=PGDialect_asyncpg())  # type: ignore[attr-defined, no-untyped-call]
    values = {**compiled.params, **look.values}
    told = await connection.fetchval(
        f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {compiled}",
        *(values[name] for name in compiled.positiontup or ()),
    )
    [explained] = json.loads(told)
    plan = explained["Plan"]
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], explained["Execution Time"]


# --- While nothing happens ----------------------------------------------------------------------


async def _idle(run: Run, measured: Measured, tenants: Tenants, workers: int) -> None:
    before = _database_ms(run.folder)
    async with kursplan_running(tenants.url, run.folder, workers=workers):
        await asyncio.sleep(START_SECONDS)
        started = _database_ms(run.folder)
        await asyncio.sleep(IDLE_SECONDS)
        idle = _database_ms(run.folder) - started
    measured.note(
        _idle_figure(len(tenants.organizations), workers),
        a_minute_ms=idle * 60 / IDLE_SECONDS,
        start_ms=started - before,
    )


def _database_ms(folder: Path) -> float:
    return processor_ms(int((folder / "postgres" / "postmaster.pid").read_text().split()[0]))


# --- When it happens in all of them -------------------------------------------------------------


async def _tell(run: Run, measured: Measured, tenants: Tenants, receiver: Receiver) -> None:
    """One event in each, stored while the server runs, as others leave them behind."""
    await receiver.forget()
    count = len(tenants.organizations)
    for workers in WORKERS:
        what = _tell_figure(workers)
        async with (
            kursplan_running(
                tenants.url, run.folder, workers=workers, webhooks_insecure=True
            ) as server,
            run.looking_at(server, what),
        ):
            before, server_before = _database_ms(run.folder), processor_ms(server.pid)
            await _store_events(tenants)
            began = time.monotonic()
            while (seen := await receiver.summary())["requests"] < count:
                if time.monotonic() - began > PATIENCE_SECONDS:
                    break
                await asyncio.sleep(0.5)
            measured.note(
                what,
                seconds=seen["last"] - began,
                database_seconds=(_database_ms(run.folder) - before) / 1000,
                server_seconds=(processor_ms(server.pid) - server_before) / 1000,
            )
        measured.checks["events_not_delivered"] += count - seen["distinct"]
        await receiver.forget()


def _tell_figure(workers: int) -> str:
    return f"{MANY} organizations, an event in each, {workers} worker{'s' * (workers > 1)}"


async def _store_events(tenants: Tenants) -> None:
    now = datetime.now(UTC)
    async with tenants.postgres.connected(tenants.database) as connection:
        first = await connection.fetchval("SELECT nextval('kursplan_id')")
        count = len(tenants.organizations)
        await connection.execute(f"SELECT setval('kursplan_id', {first + count})")
    await write(
        tenants.url,
        tables.event,
        (
            {
                "organization_id": organization,
                "id": first + number,
                "uuid": str(uuid.uuid4()),
                "type": EventType.CLASS_BOOKING_CREATED,
                "entity_id": first + number,
                "studio_id": organization + 1,
                "happened_at": now,
                "fanned_out": False,
            }
            for number, organization in enumerate(tenants.organizations)
        ),
    )


async def _midnight(run: Run, measured: Measured, tenants: Tenants) -> None:
    """In each a slot has ended, and a series does not reach to the horizon any more."""
    for workers in WORKERS:
        now = datetime.now(UTC)
        until = now.date() + timedelta(days=HORIZON_DAYS)
        async with tenants.postgres.connected(tenants.database) as connection:
            await connection.execute(
                "UPDATE slot SET status = 'PLANNED', starts_at = $1, ends_at = $2"
                " WHERE id = organization_id + 6",
                now - timedelta(hours=2),
                now - timedelta(hours=1),
            )
            await connection.execute(
                "UPDATE series SET extended_until = $1", until - timedelta(days=1)
            )
            async with kursplan_running(tenants.url, run.folder, workers=workers) as server:
                before, server_before = _database_ms(run.folder), processor_ms(server.pid)
                began = time.monotonic()
                await _until_none(
                    connection, "slot WHERE status = 'PLANNED' AND ends_at <= $1", now
                )
                await _until_none(connection, "series WHERE extended_until < $1", until)
                measured.note(
                    _midnight_figure(workers),
                    seconds=time.monotonic() - began,
                    database_seconds=(_database_ms(run.folder) - before) / 1000,
                    server_seconds=(processor_ms(server.pid) - server_before) / 1000,
                )


def _midnight_figure(workers: int) -> str:
    return f"{MANY} organizations, midnight, {workers} worker{'s' * (workers > 1)}"


async def _until_none(connection: asyncpg.Connection, left: str, by: object) -> None:
    """Wait until there are none left."""
    patience = time.monotonic() + PATIENCE_SECONDS
    while await connection.fetchval(f"SELECT EXISTS (SELECT FROM {left})", by):
        if time.monotonic() > patience:
            raise TimeoutError(f"there is still some {left}")
        await asyncio.sleep(0.5)


# --- Whoever comes first, and the doctor ------------------------------------------------------------


async def _cold(run: Run, measured: Measured, tenants: Tenants) -> None:
    """The first request of each of some organizations, of which the server knows nothing yet, and one that it knows all of."""
    cold, kept = [], []
    async with kursplan_running(tenants.url, run.folder) as server:
        for organization in tenants.organizations[:COLD]:
            path = f"/v1/classes/{tenants.class_of(organization)}/slots?sliceSize=50"
            async with connected(server.url, tenants.key_of(organization)) as [connection]:
                answers = [await connection.get(path) for _ in range(3)]
            measured.checks["cold_requests_refused"] += answers[0].status != 200
            cold.append(answers[0].seconds * 1000)
            kept.append(answers[-1].seconds * 1000)
    # The first of all has the server's own beginnings to pay for.
    for what, times in (("first request", cold[1:]), ("kept answer", kept[1:])):
        measured.note(
            f"{MANY} organizations, {what}",
            p50_ms=percentile(times, 50),
            p99_ms=percentile(times, 99),
        )


async def _doctor(measured: Measured, tenants: Tenants) -> None:
    began = time.monotonic()
    healthy = await asyncio.to_thread(doctor_is_content, tenants.url)
    measured.note(f"{MANY} organizations, doctor", seconds=time.monotonic() - began)
    measured.checks["states_that_the_doctor_objects_to"] += not healthy
