"""What the numbers of a studio take, over as many bookings as a large one has in a year.

The page sums up 13 weeks and the 13 weeks before them in two statements; all bookings there are lie in these.
A million of them are in PostgreSQL and a hundred thousand in SQLite. They are made of the slots by the
database itself: of twenty on each one waits, one was cancelled, late on every other slot, and one in twenty was
missing; on each tenth slot three were turned away.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Final

import asyncpg
from sqlalchemy import Table

from bench.fill import analyze, upgrade, write
from bench.gym import ZONE, Row
from bench.ratios import median
from bench.run import Measured, Run
from kursplan.domain.classes import ClassType, OnlineBooking, Promotion, WhoMayBook
from kursplan.domain.customers import CustomerStatus
from kursplan.domain.numbers import Against, Span, days_before, days_of
from kursplan.domain.slots import SlotStatus
from kursplan.domain.studios import LostEntitlement
from kursplan.domain.terms import Term, TermUnit
from kursplan.store import tables
from kursplan.store.engine.database import Database, connect
from kursplan.store.staff import numbers

ON_EACH: Final = 20
POSTGRES_SLOTS, SQLITE_SLOTS = 50_000, 5_000
CUSTOMERS: Final = 2_000
CLASSES, ROOMS, INSTRUCTORS = 12, 4, 30
LOOKED = 9
"""How often it is measured in a round."""
DATABASE = "numbers"
SPAN, AGAINST = Span.QUARTER, Against.BEFORE

_PLACES = " UNION ALL ".join(f"SELECT {each} AS place" for each in range(1, ON_EACH + 1))
BOOKINGS = f"""
    INSERT INTO booking (
        organization_id, id, slot_id, studio_id, customer_id, home_studio_id, status, sequence,
        starts_at, ends_at, day, booked_at, participation, counts, late, overruled
    )
    SELECT s.organization_id, {{first}} + (s.id - {{first_slot}}) * {ON_EACH} + n.place, s.id,
        s.studio_id, {{first_customer}} + (s.id * 7 + n.place) % {CUSTOMERS}, s.studio_id,
        CASE n.place WHEN 20 THEN 'WAITING_LIST' WHEN 19 THEN 'CANCELED' ELSE 'BOOKED' END,
        n.place, s.starts_at, s.ends_at, date(s.local_start), s.starts_at,
        CASE WHEN (s.id + n.place) % 20 = 0 THEN 'NOT_PARTICIPATING' ELSE 'PARTICIPATING' END,
        false, n.place = 19 AND s.id % 2 = 0, '[]'
    FROM slot s CROSS JOIN ({_PLACES}) n
"""
TURNED_AWAY = f"""
    INSERT INTO turned_away (organization_id, slot_id, customer_id, happened_at)
    SELECT s.organization_id, s.id, {{first_customer}} + (s.id * 7 + 20 + n.place) % {CUSTOMERS},
        s.starts_at
    FROM slot s CROSS JOIN ({_PLACES}) n
    WHERE s.id % 10 = 0 AND n.place <= 3
"""


async def measure(run: Run) -> Measured:
    measured = Measured()
    postgres_url = await run.postgres.create(DATABASE)
    sqlite_url = f"sqlite:///{run.folder / 'numbers.db'}"
    gyms = {
        "numbers_pg": await _Gym.create(postgres_url, POSTGRES_SLOTS),
        "numbers_sqlite": await _Gym.create(sqlite_url, SQLITE_SLOTS),
    }
    await run.postgres.settle(DATABASE, "booking", "slot", "turned_away")
    for _ in run.each_round():
        for ratio, gym in gyms.items():
            looked = await gym.looked()
            measured.ratios[ratio].append(median(looked))
            measured.note(
                f"{gym.slots * ON_EACH} bookings, {ratio.removeprefix('numbers_')}",
                ms=median(looked),
                most_ms=max(looked),
            )
    await run.postgres.drop(DATABASE)
    return measured


@dataclass(frozen=True, slots=True)
class _Gym:
    """A studio that is open all day, with so many slots in the time that is looked at."""

    url: str
    organization_id: int
    slots: int
    now: datetime

    @classmethod
    async def create(cls, url: str, slots: int) -> _Gym:
        upgrade(url)
        database = connect(url)
        [organization_id] = await database.take_ids(1)
        await database.close()
        gym = cls(url, organization_id, slots, datetime.now(UTC))
        for table, rows in gym._rows():
            await write(url, table, rows)
        named = {
            "first": gym._first_booking,
            "first_slot": gym._first_slot,
            "first_customer": gym._first_customer,
        }
        for made_of_slots in (BOOKINGS, TURNED_AWAY):
            await _make(url, made_of_slots.format_map(named))
        await analyze(url)
        return gym

    async def looked(self) -> list[float]:
        """How many milliseconds it took, each time but the first."""
        days = days_of(SPAN, self._today)
        before = days_before(SPAN, days, AGAINST)
        query = partial(
            numbers.compared,
            organization_id=self.organization_id,
            of=numbers.Asked([self._studio]),
            days=days,
            before=before,
            now=self.now,
        )
        database = connect(self.url)
        try:
            return [await _timed(database, query) for _ in range(LOOKED + 1)][1:]
        finally:
            await database.close()

    @property
    def _today(self) -> date:
        return self.now.astimezone(ZONE).date()

    # Ids are those of the sequence on; nobody else takes any.

    @property
    def _studio(self) -> int:
        return self.organization_id + 1

    @property
    def _first_customer(self) -> int:
        return self.organization_id + 1_000

    @property
    def _first_slot(self) -> int:
        return self._first_customer + CUSTOMERS

    @property
    def _first_booking(self) -> int:
        return self._first_slot + self.slots

    def _rows(self) -> Iterator[tuple[Table, Iterable[Row]]]:
        organization = self.organization_id
        here: dict[str, Any] = {"organization_id": organization}
        studio = {**here, "studio_id": self._studio}
        classes = range(organization + 2, organization + 2 + CLASSES)
        rooms = range(classes[-1] + 1, classes[-1] + 1 + ROOMS)
        employees = range(rooms[-1] + 1, rooms[-1] + 1 + INSTRUCTORS)
        yield (
            tables.organization,
            [
                {
                    "id": organization,
                    "key": "numbers",
                    "name": "Numbers",
                    "lost_entitlement": next(iter(LostEntitlement)),
                    "created_at": self.now,
                }
            ],
        )
        yield (
            tables.studio,
            [
                {
                    **here,
                    "id": self._studio,
                    "key": "studio",
                    "name": "Studio am Park",
                    "zone": ZONE.key,
                    "language": "de",
                    "access_code_enabled": False,
                }
            ],
        )
        yield tables.class_, [{**studio, **_class(each)} for each in classes]
        yield (
            tables.location,
            [{**studio, "id": each, "key": f"room-{each}", "name": "Saal"} for each in rooms],
        )
        yield (
            tables.employee,
            [
                {
                    **here,
                    "id": each,
                    "key": f"employee-{each}",
                    "first_name": "Ina",
                    "last_name": f"Trainer {each}",
                }
                for each in employees
            ],
        )
        yield (
            tables.customer,
            [
                {
                    **studio,
                    "id": self._first_customer + n,
                    "key": f"customer-{n}",
                    "uuid": f"00000000-0000-4000-8000-{n:012}",
                    "status": CustomerStatus.MEMBER,
                    "access_refused": False,
                    "first_name": "Erika",
                    "last_name": f"Muster {n}",
                    "first_name_folded": "erika",
                    "last_name_folded": f"muster {n}",
                }
                for n in range(CUSTOMERS)
            ],
        )
        yield tables.slot, (self._slot(n, classes, rooms) for n in range(self.slots))
        yield (
            tables.slot_instructor,
            (
                {
                    **here,
                    "slot_id": self._first_slot + n,
                    "position": 0,
                    "employee_id": employees[n % INSTRUCTORS],
                }
                for n in range(self.slots)
            ),
        )

    def _slot(self, n: int, classes: range, rooms: range) -> Row:
        """They are spread over both times, from six to ten in the evening."""
        days = days_of(SPAN, self._today)
        first = days_before(SPAN, days, AGAINST).first
        count = (days.last - first).days + 1
        start = datetime(first.year, first.month, first.day, 6, tzinfo=ZONE)
        starts_at = start + timedelta(days=n % count, hours=n // count % 16)
        return {
            "organization_id": self.organization_id,
            "id": self._first_slot + n,
            "class_id": classes[n % CLASSES],
            "studio_id": self._studio,
            "local_start": starts_at.replace(tzinfo=None),
            "starts_at": starts_at,
            "ends_at": starts_at.astimezone(UTC) + timedelta(hours=1),
            "status": SlotStatus.COMPLETED,
            "location_id": rooms[n % ROOMS],
            "own": [],
            "max_participants": ON_EACH,
            "max_waiting_list": 5,
            "additional_participants": 0,
            "seats": ON_EACH - 2,
            "waiting": 1,
            "last_sequence": ON_EACH,
        }


def _class(class_id: int) -> dict[str, Any]:
    return {
        "id": class_id,
        "key": f"class-{class_id}",
        "title": f"Class {class_id}",
        "type": ClassType.STUDIO,
        "duration": 60,
        "bookable": True,
        "online_booking": OnlineBooking.AVAILABLE,
        "latest_booking": Term(0, TermUnit.MINUTES),
        "latest_cancellation": Term(2, TermUnit.HOURS),
        "late_cancellation": True,
        "max_participants": ON_EACH,
        "max_waiting_list": 5,
        "promotion": Promotion.AUTOMATIC,
        "promotion_ends": Term(0, TermUnit.MINUTES),
        "admits_other_studios": False,
        "who_may_book": WhoMayBook.EVERYONE,
        "uses_contingent": False,
    }


async def _make(url: str, rows: str) -> None:
    """Have the database make rows of rows, which refer to what is there and need not be checked for it."""
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.execute(rows)
        return
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(rows)
    finally:
        await connection.close()


async def _timed(database: Database, query: partial[Any]) -> float:
    began = time.perf_counter()
    await database.read(query)
    return (time.perf_counter() - began) * 1000
