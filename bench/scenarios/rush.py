"""The rush: 5,000 customers want one of 25 seats and 10 waiting positions, all at one instant.

Booking of the slot opens at that instant. Each customer validates and then books, whatever the first
answer was; so many at a time as there are connections. Everybody has to be answered: 25 get a seat,
10 wait, and all others are told that the limit is reached. How long a booking took, 99 of 100, is
set against the commit of the minimal transaction on the same database when nothing else goes on.

Nobody may be overtaken by one who came later. Two requests that are under way at the same time may be
served in either order; but one that was sent after another was answered came later.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from bench.client import Answer, Connection, connected
from bench.filled import FilledPostgres
from bench.gym import RUSH_OPENS, RUSH_SEATS, RUSH_WAITING, ZONE, Gym
from bench.kursplan import kursplan_running
from bench.limits.minimal import SLOTS, MinimalPostgres
from bench.run import Measured, Run, percentile

CUSTOMERS = 5_000
CONNECTIONS = (64, 128, 256, 512)
USUAL_CONNECTIONS = 64
WARM_UP_CUSTOMERS = 10
"""So many customers book other slots over each connection before it begins."""
OPENS_AFTER = timedelta(seconds=6)
"""The time in which the server starts and everybody connects."""
WARM_UP_BEFORE = timedelta(seconds=3)
"""When the others book: late enough that no connection has been idle for so long that it is closed."""
SEATED, WAITS = "BOOKED", "WAITING_LIST"
LIMIT = "BOOKING_LIMIT_REACHED"


@dataclass(frozen=True, slots=True)
class Visit:
    """What a customer was told."""

    customer_id: int
    validated: Answer
    booked: Answer

    @property
    def told(self) -> str:
        """The status of the booking, or the reason why there is none."""
        body = self.booked.json()
        status: str = body.get("bookingStatus") or body.get("errorCode") or str(body)
        return status


async def measure(run: Run) -> Measured:
    measured = Measured()
    database = await FilledPostgres.create(run.postgres)
    minimal = MinimalPostgres(run.postgres, database.database, run.folder)
    await minimal.create()
    for _ in run.each_round():
        alone = await minimal.book(slots=SLOTS, seconds=run.seconds, clients=1)
        commit = await minimal.commit_ms(seconds=run.seconds)
        measured.note("minimal, one client", commit_ms=commit, transaction_ms=alone.latency_ms)
        for connections in CONNECTIONS:
            what = f"{connections} connections"
            visits, order, seconds = await _rush(run, database, connections)
            measured.note(what, **_figures(visits, seconds))
            measured.checks["rush_wrongly_answered"] += wrongly_answered(visits)
            measured.checks["rush_overtaken"] += overtaken(visits, order)
            p99 = measured.last(what, "booking_p99_ms")
            measured.ratios[_ratio("rush_p99", connections)].append(p99 / commit)
            measured.ratios[_ratio("rush_p99_to_transaction", connections)].append(
                p99 / alone.latency_ms
            )
    return measured


def _ratio(name: str, connections: int) -> str:
    """The harness's usual number of connections is the one that is judged, and needs no name."""
    return name if connections == USUAL_CONNECTIONS else f"{name}_{connections}connections"


async def _rush(
    run: Run, database: FilledPostgres, connections: int
) -> tuple[list[Visit], dict[int, int], float]:
    """The visits, the order of joining by customer, and how many seconds it all took."""
    [gym] = database.gyms
    await database.fresh()
    opens_at = (datetime.now(UTC) + OPENS_AFTER).replace(microsecond=0)
    await _let_it_open(database, opens_at)
    customers = list(gym.customers[:CUSTOMERS])
    visits: list[Visit] = []
    async with (
        kursplan_running(database.url, run.folder) as server,
        run.looking_at(server, f"{connections} connections"),
        connected(server.url, gym.key, connections) as open_ones,
    ):
        await _until(opens_at - WARM_UP_BEFORE)
        await _warm_up(open_ones, gym)
        await _until(opens_at)
        began = monotonic()
        waiting = iter(customers)
        await asyncio.gather(
            *(_visit_all(each, waiting, gym.rush_slot, visits) for each in open_ones)
        )
        took = monotonic() - began
    return visits, await _order_of_joining(database), took


async def _until(instant: datetime) -> None:
    await asyncio.sleep((instant - datetime.now(UTC)).total_seconds())


def _figures(visits: Sequence[Visit], seconds: float) -> dict[str, float]:
    booked = [visit.booked.seconds * 1000 for visit in visits]
    validated = [visit.validated.seconds * 1000 for visit in visits]
    told = Counter(visit.told for visit in visits)
    return {
        "seconds": seconds,
        "requests_per_second": 2 * len(visits) / seconds,
        "booking_p50_ms": percentile(booked, 50),
        "booking_p99_ms": percentile(booked, 99),
        "validate_p50_ms": percentile(validated, 50),
        "validate_p99_ms": percentile(validated, 99),
        **{status.lower(): count for status, count in sorted(told.items())},
    }


async def _let_it_open(database: FilledPostgres, opens_at: datetime) -> None:
    """Move the rush's slot to where its booking opens at that instant."""
    [gym] = database.gyms
    starts_at = opens_at + timedelta(minutes=RUSH_OPENS.value)
    async with database.postgres.connected(database.database) as connection:
        await connection.execute(
            "UPDATE slot SET starts_at = $2, ends_at = $3, local_start = $4 WHERE id = $1",
            gym.rush_slot,
            starts_at,
            starts_at + timedelta(hours=1),
            starts_at.astimezone(ZONE).replace(tzinfo=None),
        )


async def _warm_up(open_ones: Sequence[Connection], gym: Gym) -> None:
    """Other customers book other slots, over all connections: the house has been open for a while."""
    await asyncio.gather(
        *(
            _visit_all(each, iter(gym.customers[first : first + WARM_UP_CUSTOMERS]), slot_id, [])
            for each, slot_id, first in zip(
                open_ones,
                gym.slots[:: len(gym.slots) // len(open_ones)],
                range(CUSTOMERS, len(gym.customers), WARM_UP_CUSTOMERS),
                strict=False,
            )
        )
    )


async def _visit_all(
    connection: Connection, waiting: Any, slot_id: int, visits: list[Visit]
) -> None:
    """Serve one customer after the other on this connection, until nobody is left."""
    for customer_id in waiting:
        try:
            validated = await connection.validate(customer_id, slot_id)
            booked = await connection.book(customer_id, slot_id)
        except ConnectionError:
            return  # Nobody answered this customer; that they are missing is noticed.
        visits.append(Visit(customer_id, validated, booked))


def wrongly_answered(visits: Sequence[Visit]) -> int:
    """How many answers are others than they have to be: 25 seats, 10 who wait, the rest refused."""
    told = Counter(visit.told for visit in visits)
    expected = Counter(
        {SEATED: RUSH_SEATS, WAITS: RUSH_WAITING, LIMIT: CUSTOMERS - RUSH_SEATS - RUSH_WAITING}
    )
    return max((told - expected).total(), (expected - told).total())


async def _order_of_joining(database: FilledPostgres) -> dict[int, int]:
    """The place in the order of joining, by customer."""
    [gym] = database.gyms
    async with database.postgres.connected(database.database) as connection:
        rows = await connection.fetch(
            "SELECT customer_id, sequence FROM booking WHERE slot_id = $1", gym.rush_slot
        )
    return {row["customer_id"]: row["sequence"] for row in rows}


def overtaken(visits: Sequence[Visit], order: dict[int, int]) -> int:
    """How often a request that was sent after another had been answered got the better place.

    Whoever was refused has the worst place of all.
    """
    last = len(order) + 1
    placed = [visit for visit in visits if visit.customer_id in order]
    return sum(
        order[later.customer_id] < order.get(earlier.customer_id, last)
        for later in placed
        for earlier in visits
        if earlier.booked.answered_at < later.booked.sent_at
    )
