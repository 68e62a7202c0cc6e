"""The numbers equal what somebody would count who went through all rows by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, insert

from kursplan.clock import HandClock
from kursplan.domain.bookings import BookingStatus, Participation
from kursplan.domain.classes import Class, ClassType
from kursplan.domain.customers import CustomerStatus
from kursplan.domain.localtime import instant_of
from kursplan.domain.numbers import Days, Sums
from kursplan.domain.slots import SlotStatus
from kursplan.domain.studios import LostEntitlement
from kursplan.store import tables
from kursplan.store.engine.database import Database
from kursplan.store.staff.numbers import ANY, Asked, By, sums

NOW = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)
TODAY = NOW.date()
ZONES = {11: ZoneInfo("Europe/Berlin"), 12: ZoneInfo("America/New_York")}
"""By studio; it is evening in one and midday in the other."""
CLASSES = {21: 11, 22: 11, 23: 12}
ROOMS = {31: 11, 32: 12}
EMPLOYEES = (41, 42)
CUSTOMERS = tuple(range(51, 57))
STANDING = st.sampled_from([each for each in BookingStatus if each is not BookingStatus.CANCELED])
organizations = count(1_000)


@dataclass(frozen=True)
class Booked:
    customer: int
    status: BookingStatus
    participation: Participation
    late: bool


@dataclass(frozen=True)
class Held:
    """A slot, with all that happened to it."""

    of: int
    room: int | None
    local: datetime
    minutes: int
    limit: int | None
    additional: int
    status: SlotStatus
    given_by: frozenset[int]
    active: tuple[Booked, ...]
    cancelled: tuple[Booked, ...]
    turned_away: frozenset[int]

    @property
    def studio(self) -> int:
        return CLASSES[self.of]

    @property
    def starts_at(self) -> datetime:
        return instant_of(self.local, ZONES[self.studio])

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)

    @property
    def seats(self) -> int:
        return sum(each.status is not BookingStatus.WAITING_LIST for each in self.active)

    @property
    def waiting(self) -> int:
        return len(self.active) - self.seats


def booked(status: st.SearchStrategy[BookingStatus]) -> st.SearchStrategy[Booked]:
    return st.builds(
        Booked, st.sampled_from(CUSTOMERS), status, st.sampled_from(Participation), st.booleans()
    )


held = st.builds(
    Held,
    st.sampled_from(sorted(CLASSES)),
    st.sampled_from([None, *ROOMS]),
    st.builds(
        lambda back, hour, minute: datetime.combine(
            TODAY - timedelta(days=back), time(hour, minute)
        ),
        st.integers(-1, 9),
        st.integers(5, 22),
        st.sampled_from([0, 15]),
    ),
    st.sampled_from([45, 60]),
    st.sampled_from([None, 0, 2, 7]),
    st.integers(0, 2),
    st.sampled_from(SlotStatus),
    st.frozensets(st.sampled_from(EMPLOYEES)),
    st.lists(booked(STANDING), max_size=4, unique_by=lambda each: each.customer).map(tuple),
    st.lists(booked(st.just(BookingStatus.CANCELED)), max_size=2).map(tuple),
    st.frozensets(st.sampled_from(CUSTOMERS), max_size=3),
)
asked = st.builds(
    Asked,
    st.sampled_from([(11,), (12,), (11, 12)]),
    st.sampled_from([ANY, ANY, 21]),
    st.sampled_from([ANY, ANY, 31]),
    st.sampled_from([ANY, ANY, 41]),
)
spans = st.builds(
    lambda back, count_: Days(
        TODAY - timedelta(days=back + count_ - 1), TODAY - timedelta(days=back)
    ),
    st.integers(0, 5),
    st.integers(1, 6),
)


def counted_by_hand(slots: list[Held], of: Asked, days: Days) -> dict[By, dict[Any, Sums]]:
    found: defaultdict[By, defaultdict[Any, Sums]] = defaultdict(lambda: defaultdict(Sums))
    for slot in slots:
        if (
            slot.studio not in of.studio_ids
            or not days.first <= slot.local.date() <= days.last
            or slot.ends_at > NOW
            or slot.status is SlotStatus.CANCELED
            or of.class_id not in (ANY, slot.of)
            or of.room_id not in (ANY, slot.room)
            or (of.employee_id != ANY and of.employee_id not in slot.given_by)
        ):
            continue
        has_place = {each.customer for each in slot.active}
        its = Sums(
            slots=1,
            offered=slot.limit or 0,
            taken=slot.seats + slot.additional if slot.limit else 0,
            booked=slot.seats,
            missing=sum(
                each.participation is Participation.NOT_PARTICIPATING for each in slot.active
            ),
            late=sum(each.late for each in slot.cancelled),
            waited=slot.waiting,
            turned_away=len(slot.turned_away - has_place),
            minutes=slot.minutes,
        )
        local, weekday = slot.local, slot.local.isoweekday() % 7
        found[By.CLASS][slot.of, 0, 0] += its
        found[By.ROOM][slot.room or 0, 0, 0] += its
        found[By.HOUR][weekday, local.hour, 0] += its
        found[By.DAY][local.year, local.month, local.day] += its
        found[By.START][slot.of, weekday, local.hour * 60 + local.minute] += its
        for employee in slot.given_by:
            found[By.INSTRUCTOR][employee, 0, 0] += its
    return {by: dict(each) for by, each in found.items()}


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(slots=st.lists(held, max_size=8), of=asked, days=spans)
async def test_they_are_what_is_counted_by_hand(
    database: Database, clock: HandClock, slots: list[Held], of: Asked, days: Days
) -> None:
    organization = next(organizations)
    await database.write(lambda tx: write(tx, organization, slots))

    found = await database.read(lambda tx: sums(tx, organization, of, days, NOW))

    assert {by: dict(each) for by, each in found.items()} == counted_by_hand(slots, of, days)


def test_all_that_is_summed_up_is_counted_above() -> None:
    assert {each.name for each in fields(Sums)} == {
        "slots",
        "offered",
        "taken",
        "booked",
        "missing",
        "late",
        "waited",
        "turned_away",
        "minutes",
    }


# --- Writing it down -------------------------------------------------------------------------------


def write(tx: Connection, organization: int, slots: list[Held]) -> None:
    for table, rows in rows_of(organization, slots):
        if rows:
            tx.execute(insert(table), [{"organization_id": organization, **row} for row in rows])


def rows_of(organization: int, slots: list[Held]) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    itself = {
        "id": organization,
        "key": f"numbers-{organization}",
        "name": "Muster-Gym",
        "lost_entitlement": LostEntitlement.FLAG,
        "created_at": NOW,
    }
    yield tables.organization, [itself]
    yield (
        tables.studio,
        [
            {
                "id": each,
                "key": f"studio-{each}",
                "name": "Studio",
                "zone": zone.key,
                "language": "de",
                "access_code_enabled": False,
            }
            for each, zone in ZONES.items()
        ],
    )
    defaults = {
        name: getattr(Class(0), name)
        for name in Class.__slots__
        if name in tables.class_.c and name != "id"
    }
    yield (
        tables.class_,
        [
            {
                "id": each,
                "key": f"class-{each}",
                "studio_id": studio,
                "title": "Yoga",
                "type": ClassType.STUDIO,
                "duration": 60,
                "max_participants": 20,
                "max_waiting_list": 5,
                **defaults,
            }
            for each, studio in CLASSES.items()
        ],
    )
    yield (
        tables.location,
        [
            {"id": each, "key": f"room-{each}", "studio_id": studio, "name": "Saal"}
            for each, studio in ROOMS.items()
        ],
    )
    yield (
        tables.employee,
        [
            {"id": each, "key": f"employee-{each}", "first_name": "Ina", "last_name": "Trainer"}
            for each in EMPLOYEES
        ],
    )
    yield (
        tables.customer,
        [
            {
                "id": each,
                "key": f"customer-{each}",
                "uuid": f"00000000-0000-4000-8000-{each:012}",
                "studio_id": 11,
                "status": CustomerStatus.MEMBER,
                "access_refused": False,
                "first_name": "Erika",
                "last_name": "Muster",
                "first_name_folded": "erika",
                "last_name_folded": "muster",
            }
            for each in CUSTOMERS
        ],
    )
    numbered = list(enumerate(slots, 100))
    yield (
        tables.slot,
        [
            {
                "id": number,
                "class_id": slot.of,
                "studio_id": slot.studio,
                "local_start": slot.local,
                "starts_at": slot.starts_at,
                "ends_at": slot.ends_at,
                "status": slot.status,
                "location_id": slot.room,
                "own": (),
                "max_participants": slot.limit,
                "max_waiting_list": 5,
                "additional_participants": slot.additional,
                "seats": slot.seats,
                "waiting": slot.waiting,
                "last_sequence": 9,
            }
            for number, slot in numbered
        ],
    )
    yield (
        tables.slot_instructor,
        [
            {"slot_id": number, "position": at, "employee_id": each}
            for number, slot in numbered
            for at, each in enumerate(sorted(slot.given_by))
        ],
    )
    yield (
        tables.booking,
        [
            {
                "id": number * 10 + sequence,
                "slot_id": number,
                "studio_id": slot.studio,
                "customer_id": each.customer,
                "home_studio_id": 11,
                "status": each.status,
                "sequence": sequence,
                "starts_at": slot.starts_at,
                "ends_at": slot.ends_at,
                "day": slot.local.date(),
                "booked_at": NOW,
                "participation": each.participation,
                "counts": False,
                "late": each.late,
                "overruled": (),
            }
            for number, slot in numbered
            for sequence, each in enumerate((*slot.active, *slot.cancelled))
        ],
    )
    yield (
        tables.turned_away,
        [
            {"slot_id": number, "customer_id": each, "happened_at": NOW}
            for number, slot in numbered
            for each in slot.turned_away
        ],
    )
