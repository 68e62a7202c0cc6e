"""Webhooks: how many deliveries a second, and how soon after the commit the first byte arrives.

Every partner listens with a default endpoint of its own, on a receiver that accepts everything; a
thousand endpoints are ten each of a hundred partners. Events are stored while the server is down, and
counted is from the first to the last request that reaches the receiver.

How soon is measured with one endpoint and nothing else to do: one booking, then silence. The commit
itself cannot be seen from outside: it lies between the instant at which the booking was sent and the
one at which its answer was there. Told are both distances; the one from the answer is the smaller,
the one from the request is never too small.

The same is measured beside a thousand endpoints of another organization that hang, each with twenty
events to be told of, and beside none: from the moment at which the server has started, when it has
not asked any of them yet.
"""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime

from bench.client import connected
from bench.fill import write
from bench.filled import FilledPostgres
from bench.gym import Gym, Size
from bench.kursplan import kursplan_running
from bench.receiver import Receiver, receiver_running, silence
from bench.run import Measured, Run, percentile
from kursplan.clock import SystemClock
from kursplan.desk.applications import RecordApplication
from kursplan.desk.engine.desk import Desk
from kursplan.desk.keys import ConfirmActivation
from kursplan.domain.actors import THE_HOUSE
from kursplan.domain.entries import (
    ApplicationEntry,
    EndpointEntry,
    IntegrationEntry,
    WebhooksEntry,
)
from kursplan.domain.events import EventType
from kursplan.domain.webhooks import DEFAULT_ENDPOINT
from kursplan.metrics import Metrics
from kursplan.store import tables
from kursplan.store.engine.database import connect

ENDPOINTS = (1, 100, 1000)
MOST_PARTNERS = 100
DELIVERIES_A_SECOND = 2_500
"""For so many, times the seconds of a measurement, events are stored."""
PATIENCE_SECONDS = 120
SINGLE_EVENTS = 300
SILENCE_SECONDS = 0.03
DATABASE = "webhooks"
SIZE = Size(slots=1_000, customers=1_000)
HANGING = (0, 1000)
EVENTS_OF_THOSE = 20


async def measure(run: Run) -> Measured:
    measured = Measured()
    async with receiver_running(run.folder) as receiver, silence() as silent:
        for _ in run.each_round():
            for endpoints in ENDPOINTS:
                database = await _with_endpoints(run, receiver, endpoints)
                what = f"{endpoints} endpoint{'s' * (endpoints > 1)}"
                await _deliver(run, measured, what, database, receiver, endpoints)
                if endpoints == 1:
                    await _from_commit_to_first_byte(run, measured, database, receiver)
                await database.drop()
            for hanging in HANGING:
                await _beside(run, measured, receiver, silent, hanging)
    return measured


async def _with_endpoints(run: Run, receiver: Receiver, count: int) -> FilledPostgres:
    """A fresh database whose partners have so many endpoints, all confirmed."""
    database = await FilledPostgres.create(run.postgres, [SIZE], DATABASE)
    [gym] = database.gyms
    await _add_endpoints(database, gym, receiver.url, count)
    return database


async def _add_endpoints(database: FilledPostgres, gym: Gym, url: str, count: int) -> None:
    """Partners of the gym with so many endpoints there, all confirmed."""
    store = connect(database.url)
    desk = Desk(store, SystemClock(), Metrics())
    partners = min(count, MOST_PARTNERS)
    for number in range(partners):
        ids = await store.take_ids(1)
        entry = _partner(url, number, count // partners)
        await desk.execute(RecordApplication(gym.organization_id, ids[0], entry), by=THE_HOUSE)
    async with database.postgres.connected(database.database) as connection:
        rows = await connection.fetch(
            "SELECT DISTINCT integration_id FROM webhook_endpoint WHERE organization_id = $1"
            " ORDER BY integration_id",
            gym.organization_id,
        )
    for (integration_id,) in rows:
        await desk.execute(ConfirmActivation(gym.organization_id, integration_id), by=THE_HOUSE)
    await desk.close()
    await store.close()


def _partner(url: str, number: int, endpoints: int) -> ApplicationEntry:
    """A partner with a default endpoint for everything, or with several for bookings."""
    narrow = frozenset({EventType.CLASS_BOOKING_CREATED})
    listed = [
        EndpointEntry(f"endpoint-{each}", f"{url}/{number}/{each}", narrow)
        for each in range(endpoints if endpoints > 1 else 0)
    ]
    listed.append(EndpointEntry(DEFAULT_ENDPOINT, f"{url}/{number}"))
    webhooks = WebhooksEntry(frozenset(listed))
    integration = IntegrationEntry("studio", frozenset(), webhooks=webhooks)
    return ApplicationEntry(f"partner-{number}", f"Partner {number}", frozenset({integration}))


async def _deliver(
    run: Run,
    measured: Measured,
    what: str,
    database: FilledPostgres,
    receiver: Receiver,
    endpoints: int,
) -> None:
    events = max(1, DELIVERIES_A_SECOND * run.seconds // endpoints)
    await _store_events(database, database.gyms[0], events)
    await receiver.forget()
    async with (
        kursplan_running(database.url, run.folder, webhooks_insecure=True) as server,
        run.looking_at(server, what),
    ):
        for _ in range(PATIENCE_SECONDS):
            await asyncio.sleep(1)
            if (await receiver.summary())["requests"] >= events * endpoints:
                break
    seen = await receiver.summary()
    measured.note(
        what,
        deliveries_per_second=seen["requests"] / (seen["last"] - seen["first"] or 1),
        deliveries=seen["requests"],
        events=events,
        twice=seen["requests"] - seen["distinct"],
    )
    measured.checks["events_not_delivered"] += events * endpoints - seen["distinct"]


async def _store_events(database: FilledPostgres, gym: Gym, count: int) -> None:
    """Events as bookings leave them behind, not fanned out yet."""
    store = connect(database.url)
    ids = await store.take_ids(count)
    await store.close()
    now = datetime.now(UTC)
    await write(
        database.url,
        tables.event,
        (
            {
                "organization_id": gym.organization_id,
                "id": each,
                "uuid": str(uuid.UUID(int=each)),
                "type": EventType.CLASS_BOOKING_CREATED,
                "entity_id": each,
                "studio_id": gym.studio_id,
                "happened_at": now,
                "fanned_out": False,
            }
            for each in ids
        ),
    )


async def _from_commit_to_first_byte(
    run: Run, measured: Measured, database: FilledPostgres, receiver: Receiver
) -> None:
    await database.fresh()
    await _book_and_wait(run, measured, "single events", database, receiver)


async def _beside(
    run: Run, measured: Measured, receiver: Receiver, silent: str, hanging: int
) -> None:
    """One endpoint that answers beside so many of another organization that hang."""
    database = await FilledPostgres.create(run.postgres, [SIZE, SIZE], DATABASE)
    living, other = database.gyms
    await _add_endpoints(database, living, receiver.url, 1)
    if hanging:
        await _add_endpoints(database, other, silent, hanging)
        await _store_events(database, other, EVENTS_OF_THOSE)
    await _book_and_wait(run, measured, f"beside {hanging} that hang", database, receiver)
    await database.drop()


async def _book_and_wait(
    run: Run, measured: Measured, what: str, database: FilledPostgres, receiver: Receiver
) -> None:
    """One booking after the other in the first gym, and when each was told."""
    await receiver.forget()
    gym = database.gyms[0]
    async with kursplan_running(database.url, run.folder, webhooks_insecure=True) as server:
        booked = await _book_one_by_one(server.url, gym)
        await asyncio.sleep(1)
    arrived = await receiver.arrivals()
    from_answer = [
        (arrived[each] - answered) * 1000 for each, _, answered in booked if each in arrived
    ]
    from_request = [(arrived[each] - sent) * 1000 for each, sent, _ in booked if each in arrived]
    measured.note(
        what,
        from_answer_p50_ms=percentile(from_answer, 50),
        from_answer_p99_ms=percentile(from_answer, 99),
        from_request_p50_ms=percentile(from_request, 50),
        from_request_p99_ms=percentile(from_request, 99),
    )
    measured.checks["events_not_delivered"] += len(booked) - len(from_answer)


async def _book_one_by_one(url: str, gym: Gym) -> list[tuple[int, float, float]]:
    """The ids of the bookings, with when each was sent and answered."""
    booked = []
    async with connected(url, gym.key) as [connection]:
        for customer_id in gym.customers[:SINGLE_EVENTS]:
            answer = await connection.book(customer_id, gym.hot_slot)
            booked.append((answer.json()["bookingId"], answer.sent_at, answer.answered_at))
            await asyncio.sleep(SILENCE_SECONDS)
    return booked
