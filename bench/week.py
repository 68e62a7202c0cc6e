"""A studio of 400 slots a week with a year of bookings behind it, on SQLite or PostgreSQL.

Ten are booked on each slot, of which on each tenth two wait; each twentieth has a stand-in, each fortieth is
cancelled. It goes on until the end of the week that comes, which is the one to look at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from http import HTTPStatus
from typing import Final

from bench.client import Answer, Connection
from bench.gym import ZONE, Row
from bench.studio import CUSTOMERS, KEY, PLACES, SEATS, Studio
from kursplan.domain.accounts import Role
from kursplan.domain.applications import Scope
from kursplan.domain.slots import Override, SlotStatus
from kursplan.ids import fingerprint
from kursplan.store import tables

SLOTS, WEEKS_BEHIND = 400, 52
ON_EACH, FEW_SEATS = 10, 8
GUESTS: Final = 100
"""The last of the customers, who have no booking."""
PARTNER: Final = "bench-partner"
"""The key of a partner with every scope."""
_TOKEN: Final = "bench-session"  # noqa: S105, it opens nothing but what is measured

BOOKED = f"""
    INSERT INTO booking (
        organization_id, id, slot_id, studio_id, customer_id, home_studio_id, status, sequence,
        starts_at, ends_at, day, booked_at, participation, counts, late, overruled
    )
    SELECT s.organization_id, {{first_booking}} + (s.id - {{first_slot}}) * {ON_EACH} + n.place, s.id,
        s.studio_id, {{first_customer}} + (s.id * 11 + n.place) % {CUSTOMERS - GUESTS}, s.studio_id,
        CASE WHEN n.place > s.seats THEN 'WAITING_LIST' ELSE 'BOOKED' END,
        n.place, s.starts_at, s.ends_at, date(s.local_start),
        CASE WHEN s.starts_at < '{{now}}' THEN s.starts_at ELSE '{{now}}' END,
        'UNSET', false, false, '[]'
    FROM slot s CROSS JOIN ({PLACES}) n
    WHERE n.place <= {ON_EACH} AND s.status <> 'CANCELED'
"""
TOLD = """
    INSERT INTO event (
        organization_id, id, uuid, type, entity_id, studio_id, happened_at, fanned_out
    )
    SELECT organization_id, id,
        '00000000-0000-4000-8000-' || substr(CAST(1000000000000 + id AS TEXT), 2),
        type, id, studio_id, at, true
    FROM (
        SELECT organization_id, id, studio_id, booked_at AS at, 'CLASS_BOOKING_CREATED' AS type
        FROM booking
        UNION ALL
        SELECT organization_id, id, studio_id, starts_at, 'CLASS_SLOT_CANCELLED'
        FROM slot
        WHERE status = 'CANCELED'
    ) done
"""


@dataclass(frozen=True, slots=True)
class Week:
    """The studio, and how one is let in."""

    studio: Studio
    slots: int
    """So many a week."""
    monday: datetime
    """The first moment of the week that is looked at, on the wall."""

    @classmethod
    async def create(cls, url: str, slots: int = SLOTS, weeks_behind: int = WEEKS_BEHIND) -> Week:
        now = datetime.now(UTC)
        today = now.astimezone(ZONE).date()
        monday = datetime.combine(today + timedelta(days=7 - today.weekday()), time())
        first = monday - timedelta(weeks=weeks_behind + 1)
        rows = list(_slots(slots, first, weeks_behind + 2, now))
        made = cls(await Studio.create(url, now, rows, [BOOKED, TOLD]), slots, monday)
        await made._let_in()
        await made._put_stand_ins(rows)
        return made

    @property
    def path(self) -> str:
        """Of the page of that week."""
        return f"/console/timetable?studio={KEY}&day={self.monday.date()}"

    @property
    def cookie(self) -> str:
        """Of the manager who is signed in."""
        return f"kursplan-on-http={self.studio.organization_id}.{_TOKEN}"

    @property
    def roomy(self) -> list[int]:
        """The slots of the week that is looked at on which seats are free."""
        slot_ids = self.studio.slot_ids
        first = len(slot_ids) - self.slots
        return [
            slot_ids[n]
            for n in range(first, len(slot_ids))
            if not _is_small(n) and not _is_cancelled(n)
        ]

    async def ask(self, connection: Connection) -> Answer:
        """The page, for the manager. Raises RuntimeError where it is not what is wanted."""
        answer = await connection.get(self.path, {"Cookie": self.cookie})
        if answer.status != HTTPStatus.OK or 'class="slot ' not in answer.body.decode():
            raise RuntimeError(f"{self.path}: {answer.status} {answer.body[:500]!r}")
        return answer

    async def _let_in(self) -> None:
        """A manager who is signed in, and a partner with a key."""
        studio, (account, application, *_) = self.studio, self.studio.free_ids
        await studio.add(
            tables.staff_account,
            {
                "id": account,
                "email": "manager@gym.example",
                "name": "Wiebke Lüders",
                "role": Role.MANAGER,
                "language": "de",
                "recovery": [],
                "created_at": studio.now,
            },
        )
        await studio.add(tables.staff_studio, {"account_id": account, "studio_id": studio.id})
        await studio.add(
            tables.staff_session,
            {
                "id": account,
                "account_id": account,
                "token_hash": fingerprint(_TOKEN),
                "created_at": studio.now,
                "seen_at": studio.now,
                "confirmed_at": studio.now,
                "device": "Bench",
            },
        )
        await studio.add(tables.application, {"id": application, "key": "client", "name": "Client"})
        await studio.add(
            tables.integration,
            {
                "id": application,
                "application_id": application,
                "studio_id": studio.id,
                "scopes": list(Scope),
                "active": True,
                "webhook_key": f"webhook-{PARTNER}",
            },
        )
        await studio.add(
            tables.api_key,
            {
                "key_hash": fingerprint(PARTNER),
                "integration_id": application,
                "id": application,
                "hint": PARTNER[-4:],
                "created_at": studio.now,
            },
        )

    async def _put_stand_ins(self, rows: Sequence[Row]) -> None:
        studio = self.studio
        people = studio.instructors
        stand_ins = [n for n in range(len(rows)) if n % 20 == 3]
        ids = range(studio.slot_ids[0], studio.slot_ids[0] + len(stand_ins))
        await studio.add(
            tables.stand_in,
            *(
                {
                    "id": number,
                    "slot_id": studio.slot_ids[n],
                    "replaced_id": people[(n + 1) % len(people)],
                    "stand_in_id": people[n % len(people)],
                    "set_at": studio.now,
                }
                for number, n in zip(ids, stand_ins, strict=True)
            ),
        )


def _slots(a_week: int, first: datetime, weeks: int, now: datetime) -> Iterator[Row]:
    """From six in the morning on four begin each hour of each day, one in each room, until there are enough."""
    until_now = now.astimezone(ZONE).replace(tzinfo=None)
    for n in range(weeks * a_week):
        week, place = divmod(n, a_week)
        day, at = place % 7, place // 7
        hour, room = 6 + at // 4, at % 4
        start = first + timedelta(weeks=week, days=day, hours=hour, minutes=15 * room)
        is_cancelled, is_small = _is_cancelled(n), _is_small(n)
        sit = 0 if is_cancelled else FEW_SEATS if is_small else ON_EACH
        over = start + timedelta(hours=1) <= until_now
        planned = SlotStatus.COMPLETED if over else SlotStatus.PLANNED
        yield {
            "local_start": start,
            "own": [Override.MAX_PARTICIPANTS] if is_small else [],
            "status": SlotStatus.CANCELED if is_cancelled else planned,
            "max_participants": FEW_SEATS if is_small else SEATS,
            "seats": sit,
            "waiting": 0 if is_cancelled else ON_EACH - sit,
            "last_sequence": 0 if is_cancelled else ON_EACH,
        }


def _is_cancelled(n: int) -> bool:
    return n % 40 == 7


def _is_small(n: int) -> bool:
    return n % 10 == 0
