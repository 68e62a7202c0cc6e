"""A studio of which the slots are written down, and the database itself makes their bookings: hundreds of
thousands in seconds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
from sqlalchemy import Table

from bench.fill import analyze, upgrade, write
from bench.gym import ZONE, Row
from kursplan.domain.classes import ClassType, OnlineBooking, Promotion, WhoMayBook
from kursplan.domain.customers import CustomerStatus
from kursplan.domain.studios import LostEntitlement
from kursplan.domain.terms import Term, TermUnit
from kursplan.store import tables
from kursplan.store.engine.database import connect

SEATS: Final = 20
CUSTOMERS: Final = 2_000
CLASSES, ROOMS, INSTRUCTORS = 12, 4, 30
CATEGORIES: Final = ("Yoga", "Kraft", "Ausdauer")
KEY = "studio"
FIXED_IDS: Final = 1_000
"""So many are set aside for what there is little of."""
AT_ONCE: Final = 10_000
"""How many ids are taken together."""

PLACES: Final = " UNION ALL ".join(f"SELECT {each} AS place" for each in range(1, SEATS + 1))
"""The places of a slot as a query; joined with it, there is a row for each."""


@dataclass(frozen=True, slots=True)
class Studio:
    """The only one of its organization. Ids of one kind follow each other."""

    url: str
    organization_id: int
    now: datetime
    slots: int
    """How many there are."""

    @classmethod
    async def create(
        cls, url: str, now: datetime, slots: Sequence[Row], made_of_slots: Iterable[str] = ()
    ) -> Studio:
        """Fill an empty database with it. Of each slot `slots` say when it starts on the wall of the studio, as
        `local_start`, and what is not as usual of it. `made_of_slots` are statements that add rows
        for what is on them; they may name `first_booking`, `first_slot`, `first_customer` and `now` in braces.
        """
        upgrade(url)
        database = connect(url)
        try:
            [organization_id] = await database.take_ids(1)
            taken, wanted = 0, FIXED_IDS + CUSTOMERS + len(slots) * (1 + SEATS)
            while taken < wanted:
                taken += len(await database.take_ids(AT_ONCE))
        finally:
            await database.close()
        made = cls(url, organization_id, now, len(slots))
        for table, rows in made._rows(slots):
            await write(url, table, rows)
        named = {
            "first_booking": made._first_slot + len(slots),
            "first_slot": made._first_slot,
            "first_customer": made.customers[0],
            "now": now.isoformat(timespec="milliseconds"),
        }
        for each in made_of_slots:
            await _make(url, each.format_map(named))
        await analyze(url)
        return made

    async def add(self, table: Table, *rows: Row) -> None:
        """Something else that is the organization's."""
        await write(
            self.url, table, ({"organization_id": self.organization_id, **row} for row in rows)
        )

    @property
    def id(self) -> int:
        return self.organization_id + 1

    @property
    def free_ids(self) -> range:
        """Nothing has these."""
        return range(self.organization_id + 100, self.organization_id + FIXED_IDS)

    @property
    def instructors(self) -> range:
        first = self._rooms[-1] + 1
        return range(first, first + INSTRUCTORS)

    @property
    def customers(self) -> range:
        first = self.organization_id + FIXED_IDS
        return range(first, first + CUSTOMERS)

    @property
    def slot_ids(self) -> range:
        """In the order in which they were given."""
        return range(self._first_slot, self._first_slot + self.slots)

    @property
    def _first_slot(self) -> int:
        return self.customers[-1] + 1

    @property
    def _classes(self) -> range:
        return range(self.id + 1, self.id + 1 + CLASSES)

    @property
    def _rooms(self) -> range:
        first = self._classes[-1] + 1
        return range(first, first + ROOMS)

    def _rows(self, slots: Sequence[Row]) -> Iterator[tuple[Table, Iterable[Row]]]:
        """Everything but what is made of the slots, parents before children."""
        here: dict[str, Any] = {"organization_id": self.organization_id}
        studio = {**here, "studio_id": self.id}
        yield (
            tables.organization,
            [
                {
                    "id": self.organization_id,
                    "key": "bench",
                    "name": "Bench",
                    "lost_entitlement": next(iter(LostEntitlement)),
                    "created_at": self.now,
                }
            ],
        )
        yield tables.organization_directory, [{**here, "key": "bench"}]
        yield (
            tables.studio,
            [
                {
                    **here,
                    "id": self.id,
                    "key": KEY,
                    "name": "Studio am Park",
                    "zone": ZONE.key,
                    "language": "de",
                    "access_code_enabled": False,
                }
            ],
        )
        yield tables.class_, [{**studio, **_class(n, each)} for n, each in enumerate(self._classes)]
        yield (
            tables.location,
            [
                {**studio, "id": each, "key": f"room-{n}", "name": f"Saal {n}"}
                for n, each in enumerate(self._rooms, 1)
            ],
        )
        yield (
            tables.employee,
            [
                {
                    **here,
                    "id": each,
                    "key": f"employee-{n}",
                    "first_name": "Katharina",
                    "last_name": f"Lehmann {n}",
                    "public_name": f"Kathi {n}",
                }
                for n, each in enumerate(self.instructors)
            ],
        )
        yield tables.employee_studio, [{**studio, "employee_id": each} for each in self.instructors]
        yield (
            tables.customer,
            [
                {
                    **studio,
                    "id": each,
                    "key": f"customer-{n}",
                    "uuid": f"00000000-0000-4000-8000-{n:012}",
                    "status": CustomerStatus.MEMBER,
                    "access_refused": False,
                    "first_name": "Erika",
                    "last_name": f"Muster {n}",
                    "first_name_folded": "erika",
                    "last_name_folded": f"muster {n}",
                }
                for n, each in enumerate(self.customers)
            ],
        )
        yield tables.slot, (self._slot(n, each) for n, each in enumerate(slots))
        yield (
            tables.slot_instructor,
            (
                {
                    **here,
                    "slot_id": each,
                    "position": 0,
                    "employee_id": self.instructors[n % INSTRUCTORS],
                }
                for n, each in enumerate(self.slot_ids)
            ),
        )

    def _slot(self, n: int, said: Row) -> Row:
        starts_at = said["local_start"].replace(tzinfo=ZONE).astimezone(UTC)
        return {
            "organization_id": self.organization_id,
            "id": self._first_slot + n,
            "class_id": self._classes[n % CLASSES],
            "studio_id": self.id,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=1),
            "location_id": self._rooms[n % ROOMS],
            "own": [],
            "max_participants": SEATS,
            "max_waiting_list": 5,
            "additional_participants": 0,
            **said,
        }


def _class(n: int, class_id: int) -> dict[str, Any]:
    return {
        "id": class_id,
        "key": f"class-{n}",
        "title": f"Vinyasa Flow {n}",
        "category": CATEGORIES[n % len(CATEGORIES)],
        "type": ClassType.STUDIO,
        "duration": 60,
        "bookable": True,
        "online_booking": OnlineBooking.AVAILABLE,
        "latest_booking": Term(0, TermUnit.MINUTES),
        "latest_cancellation": Term(2, TermUnit.HOURS),
        "late_cancellation": True,
        "max_participants": SEATS,
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
