"""What the numbers of a studio take, over as many bookings as a large one has in a year.

The page sums up 13 weeks and the 13 weeks before them in two statements; all bookings there are lie in these.
A million of them are in PostgreSQL and a hundred thousand in SQLite. They are made of the slots by the
database itself: of twenty on each one waits, one was cancelled, late on every other slot, and one in twenty was
missing; on each tenth slot three were turned away.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from bench.gym import ZONE, Row
from bench.ratios import median
from bench.run import Measured, Run
from bench.studio import CUSTOMERS, PLACES, SEATS, Studio
from kursplan.domain.numbers import Against, Span, days_before, days_of
from kursplan.domain.slots import SlotStatus
from kursplan.store.engine.database import Database, connect
from kursplan.store.staff import numbers

POSTGRES_SLOTS, SQLITE_SLOTS = 50_000, 5_000
LOOKED = 9
"""How often it is measured in a round."""
DATABASE = "numbers"
SPAN, AGAINST = Span.QUARTER, Against.BEFORE

BOOKINGS = f"""
    INSERT INTO booking (
        organization_id, id, slot_id, studio_id, customer_id, home_studio_id, status, sequence,
        starts_at, ends_at, day, booked_at, participation, counts, late, overruled
    )
    SELECT s.organization_id, {{first_booking}} + (s.id - {{first_slot}}) * {SEATS} + n.place, s.id,
        s.studio_id, {{first_customer}} + (s.id * 7 + n.place) % {CUSTOMERS}, s.studio_id,
        CASE n.place WHEN 20 THEN 'WAITING_LIST' WHEN 19 THEN 'CANCELED' ELSE 'BOOKED' END,
        n.place, s.starts_at, s.ends_at, date(s.local_start), s.starts_at,
        CASE WHEN (s.id + n.place) % 20 = 0 THEN 'NOT_PARTICIPATING' ELSE 'PARTICIPATING' END,
        false, n.place = 19 AND s.id % 2 = 0, '[]'
    FROM slot s CROSS JOIN ({PLACES}) n
"""
TURNED_AWAY = f"""
    INSERT INTO turned_away (organization_id, slot_id, customer_id, happened_at)
    SELECT s.organization_id, s.id, {{first_customer}} + (s.id * 7 + 20 + n.place) % {CUSTOMERS},
        s.starts_at
    FROM slot s CROSS JOIN ({PLACES}) n
    WHERE s.id % 10 = 0 AND n.place <= 3
"""


async def measure(run: Run) -> Measured:
    measured = Measured()
    postgres_url = await run.postgres.create(DATABASE)
    sqlite_url = f"sqlite:///{run.folder / 'numbers.db'}"
    studios = {
        "numbers_pg": await _studio(postgres_url, POSTGRES_SLOTS),
        "numbers_sqlite": await _studio(sqlite_url, SQLITE_SLOTS),
    }
    await run.postgres.settle(DATABASE, "booking", "slot", "turned_away")
    for _ in run.each_round():
        for ratio, studio in studios.items():
            looked = await _looked(studio)
            measured.ratios[ratio].append(median(looked))
            measured.note(
                f"{studio.slots * SEATS} bookings, {ratio.removeprefix('numbers_')}",
                ms=median(looked),
                most_ms=max(looked),
            )
    await run.postgres.drop(DATABASE)
    return measured


async def _studio(url: str, slots: int) -> Studio:
    """One that is open all day, with so many slots in the time that is looked at."""
    now = datetime.now(UTC)
    return await Studio.create(url, now, list(_slots(slots, _today(now))), (BOOKINGS, TURNED_AWAY))


def _slots(count: int, today: date) -> Iterator[Row]:
    """They are spread over both times, from six to ten in the evening."""
    days = days_of(SPAN, today)
    first = days_before(SPAN, days, AGAINST).first
    length = (days.last - first).days + 1
    start = datetime(first.year, first.month, first.day, 6)  # noqa: DTZ001, on the wall
    for n in range(count):
        yield {
            "local_start": start + timedelta(days=n % length, hours=n // length % 16),
            "status": SlotStatus.COMPLETED,
            "seats": SEATS - 2,
            "waiting": 1,
            "last_sequence": SEATS,
        }


async def _looked(studio: Studio) -> list[float]:
    """How many milliseconds it took, each time but the first."""
    days = days_of(SPAN, _today(studio.now))
    query = partial(
        numbers.compared,
        organization_id=studio.organization_id,
        of=numbers.Asked([studio.id]),
        days=days,
        before=days_before(SPAN, days, AGAINST),
        now=studio.now,
    )
    database = connect(studio.url)
    try:
        return [await _timed(database, query) for _ in range(LOOKED + 1)][1:]
    finally:
        await database.close()


def _today(now: datetime) -> date:
    return now.astimezone(ZONE).date()


async def _timed(database: Database, query: partial[Any]) -> float:
    began = time.perf_counter()
    await database.read(query)
    return (time.perf_counter() - began) * 1000
