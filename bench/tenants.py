"""Many small gyms of one vendor: each a studio, a class with a weekly series, ten slots, and a partner who
listens. They are there in seconds, however many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import Table

from bench.fill import analyze, upgrade, write
from bench.gym import ZONE, Row
from bench.postgres import Postgres
from kursplan.desk.extend_series import HORIZON_DAYS
from kursplan.domain.applications import Scope
from kursplan.domain.classes import ClassType, OnlineBooking, Promotion, WhoMayBook
from kursplan.domain.slots import SlotStatus
from kursplan.domain.studios import LostEntitlement
from kursplan.domain.terms import Term, TermUnit
from kursplan.ids import fingerprint
from kursplan.store import tables
from kursplan.store.engine.database import connect

SLOTS = 10
IDS = 6 + SLOTS
"""How many ids one takes: its own, those of what it has one of, and of its slots."""
KEY = "endpoint"


@dataclass(frozen=True, slots=True)
class Tenants:
    """A database with so many of them."""

    postgres: Postgres
    database: str
    ids: list[int]
    """Those of each follow each other: its own comes first."""

    @classmethod
    async def create(cls, postgres: Postgres, count: int, receiver: str, database: str) -> Tenants:
        """Their endpoints are paths of that receiver."""
        url = await postgres.create(database)
        upgrade(url)
        store = connect(url)
        try:
            ids = await store.take_ids(count * IDS)
        finally:
            await store.close()
        made = cls(postgres, database, ids)
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        for table, its_rows in made._rows(now, receiver):
            await write(url, table, its_rows)
        await analyze(url)
        return made

    @property
    def url(self) -> str:
        return self.postgres.url(self.database)

    @property
    def organizations(self) -> list[int]:
        return self.ids[::IDS]

    @staticmethod
    def key_of(organization: int) -> str:
        """The API key of its partner."""
        return f"tenant-{organization}"

    @staticmethod
    def class_of(organization: int) -> int:
        return organization + 4

    async def drop(self) -> None:
        await self.postgres.drop(self.database)

    def _rows(self, now: datetime, receiver: str) -> Iterator[tuple[Table, Iterable[Row]]]:
        """Everything, parents before children."""

        def each(*its: dict[str, Any]) -> Iterator[Row]:
            """Rows of each; what it is called after is an offset of its ids."""
            for organization in self.organizations:
                for values in its:
                    given = {
                        name: organization + value.by if isinstance(value, _Id) else value
                        for name, value in values.items()
                    }
                    yield {"organization_id": organization, **given}

        yield (
            tables.organization,
            (
                {
                    "id": organization,
                    "key": f"tenant-{organization}",
                    "name": "Tenant",
                    "lost_entitlement": next(iter(LostEntitlement)),
                    "created_at": now,
                }
                for organization in self.organizations
            ),
        )
        yield (
            tables.organization_directory,
            (
                {"organization_id": organization, "key": f"tenant-{organization}"}
                for organization in self.organizations
            ),
        )
        studio, application, integration, klass, series = map(_Id, range(1, 6))
        yield (
            tables.studio,
            each(
                {
                    "id": studio,
                    "key": "studio",
                    "name": "Studio am Park",
                    "zone": ZONE.key,
                    "language": "de",
                    "access_code_enabled": False,
                }
            ),
        )
        yield tables.application, each({"id": application, "key": "client", "name": "Client"})
        yield (
            tables.integration,
            each(
                {
                    "id": integration,
                    "application_id": application,
                    "studio_id": studio,
                    "scopes": list(Scope),
                    "active": True,
                    "confirmed_at": now,
                    "webhook_key": "webhook",
                }
            ),
        )
        yield (
            tables.api_key,
            (
                {**row, "key_hash": fingerprint(self.key_of(row["organization_id"]))}
                for row in each(
                    {
                        "id": integration,
                        "integration_id": integration,
                        "hint": "",
                        "created_at": now,
                    }
                )
            ),
        )
        yield (
            tables.webhook_endpoint,
            (
                {**row, "url": f"{receiver}/{row['organization_id']}"}
                for row in each(
                    {
                        "id": integration,
                        "integration_id": integration,
                        "key": KEY,
                        "is_default": True,
                        "types": None,
                        "secret": "whsec_" + "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0",
                        "created_at": now,
                    }
                )
            ),
        )
        yield (
            tables.class_,
            each(
                {
                    "id": klass,
                    "studio_id": studio,
                    "key": "class",
                    "title": "Vinyasa Flow",
                    "type": ClassType.STUDIO,
                    "duration": 60,
                    "bookable": True,
                    "online_booking": OnlineBooking.AVAILABLE,
                    "latest_booking": Term(0, TermUnit.MINUTES),
                    "latest_cancellation": Term(2, TermUnit.HOURS),
                    "late_cancellation": False,
                    "max_participants": 20,
                    "max_waiting_list": 5,
                    "promotion": Promotion.AUTOMATIC,
                    "promotion_ends": Term(0, TermUnit.MINUTES),
                    "admits_other_studios": False,
                    "who_may_book": WhoMayBook.EVERYONE,
                    "uses_contingent": False,
                }
            ),
        )
        yield (
            tables.series,
            each(
                {
                    "id": series,
                    "class_id": klass,
                    "studio_id": studio,
                    "key": "series",
                    "weekdays": [now.weekday()],
                    "start_time": time(18),
                    "first_day": now.date(),
                    "own": [],
                    # It is extended already, and will be for some days.
                    "extended_until": now.date() + timedelta(days=HORIZON_DAYS + 7),
                }
            ),
        )
        yield tables.slot, each(*(self._slot(now, n, klass, studio) for n in range(SLOTS)))

    @staticmethod
    def _slot(now: datetime, n: int, klass: _Id, studio: _Id) -> dict[str, Any]:
        starts_at = now + timedelta(days=3 * n + 1)
        return {
            "id": _Id(6 + n),
            "class_id": klass,
            "studio_id": studio,
            "local_start": starts_at.astimezone(ZONE).replace(tzinfo=None),
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=1),
            "status": SlotStatus.PLANNED,
            "own": [],
            "max_participants": 20,
            "max_waiting_list": 5,
            "additional_participants": 0,
            "seats": 0,
            "waiting": 0,
            "last_sequence": 0,
        }


@dataclass(frozen=True, slots=True)
class _Id:
    """One of the ids of an organization, so many behind its own."""

    by: int
