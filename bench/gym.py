"""The gym that is measured: 10,000 slots over fifty days, 100,000 customers who may book them.

Every class asks for a membership of a named rate, as the strictest gyms do, so that no rule is
skipped. Slots are wide enough, and spread far enough, that nearly every random booking succeeds.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Table

from kursplan.domain.applications import Scope
from kursplan.domain.bookings import BookingStatus, Participation
from kursplan.domain.classes import ClassType, OnlineBooking, Promotion, WhoMayBook
from kursplan.domain.customers import CustomerStatus
from kursplan.domain.events import EventType
from kursplan.domain.names import folded, folded_address
from kursplan.domain.slots import Override, SlotStatus
from kursplan.domain.studios import LostEntitlement
from kursplan.domain.terms import Term, TermUnit
from kursplan.ids import fingerprint
from kursplan.store import tables

ZONE = ZoneInfo("Europe/Berlin")
SLOTS_OF_A_CLASS = 250
DAYS = 50
SLOTS_FROM, SLOTS_UNTIL = 6, 21
"""The hours of a day at which slots start; one slot lasts an hour."""
SEATS = 200
LOCATIONS = 5
INSTRUCTORS = 20
RUSH_SEATS, RUSH_WAITING = 25, 10
RUSH_OPENS = Term(60, TermUnit.MINUTES)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is of one organization."""

    slots: int = 10_000
    customers: int = 100_000
    past_bookings: int = 0
    """Bookings of slots that are over, for measuring what a history costs."""

    @property
    def classes(self) -> int:
        """So many that each has enough slots for reading fifty of the next fortnight."""
        return max(1, self.slots // SLOTS_OF_A_CLASS)


@dataclass(frozen=True, slots=True)
class Gym:
    """One organization, as far as a client has to know it. Ids of one kind follow each other."""

    key: str
    """The API key, with every scope."""
    organization_id: int
    studio_id: int
    application_id: int
    integration_id: int
    rate_id: int
    classes: range
    """The last two are for the hot slot and for the rush."""
    slots: range
    hot_slot: int
    """A slot without a limit."""
    rush_slot: int
    """A slot with few seats, whose booking opens an hour before it starts."""
    past_slots: range
    customers: range
    memberships: range
    locations: range
    instructors: range
    bookings: range
    events: range

    @classmethod
    def of(cls, size: Size, ids: Iterator[int], key: str) -> Gym:
        """A gym of that size, whose ids come from `ids`."""

        def some(count: int) -> range:
            taken = [next(ids) for _ in range(count)]
            return range(taken[0], taken[0] + count) if taken else range(0)

        return cls(
            key=key,
            organization_id=next(ids),
            studio_id=next(ids),
            application_id=next(ids),
            integration_id=next(ids),
            rate_id=next(ids),
            classes=some(size.classes + 2),
            slots=some(size.slots),
            hot_slot=next(ids),
            rush_slot=next(ids),
            past_slots=some(min(size.past_bookings, size.slots)),
            customers=some(size.customers),
            memberships=some(size.customers),
            locations=some(LOCATIONS),
            instructors=some(INSTRUCTORS),
            bookings=some(size.past_bookings),
            events=some(size.past_bookings),
        )

    @staticmethod
    def ids_needed(size: Size) -> int:
        past = 2 * size.past_bookings + min(size.past_bookings, size.slots)
        fixed = 5 + size.classes + 2 + 2 + LOCATIONS + INSTRUCTORS
        return fixed + size.slots + 2 * size.customers + past

    @property
    def usual_classes(self) -> int:
        """How many classes are neither for the hot slot nor for the rush; they come first."""
        return len(self.classes) - 2

    @property
    def read_class(self) -> int:
        """The class whose slots are read."""
        return self.classes[0]


def rows(gym: Gym, now: datetime) -> Iterator[tuple[Table, Iterable[Row]]]:
    """Everything in the gym's tables, parents before children."""
    yield from _company(gym, now)
    yield from _timetable(gym, now)
    yield from _people(gym, now)
    yield from _history(gym, now)


def _company(gym: Gym, now: datetime) -> Iterator[tuple[Table, Iterable[Row]]]:
    here = {"organization_id": gym.organization_id}
    yield (
        tables.organization,
        [
            {
                "id": gym.organization_id,
                "key": gym.key,
                "name": "Bench",
                "lost_entitlement": next(iter(LostEntitlement)),
                "created_at": now,
            }
        ],
    )
    yield tables.organization_directory, [here | {"key": gym.key}]
    yield (
        tables.studio,
        [
            here
            | {
                "id": gym.studio_id,
                "key": "studio",
                "name": "Studio am Park",
                "zone": ZONE.key,
                "language": "de",
                "access_code_enabled": False,
            }
        ],
    )
    yield (
        tables.application,
        [here | {"id": gym.application_id, "key": "client", "name": "Client"}],
    )
    yield (
        tables.integration,
        [
            here
            | {
                "id": gym.integration_id,
                "application_id": gym.application_id,
                "studio_id": gym.studio_id,
                "scopes": list(Scope),
                "active": True,
                "webhook_key": f"webhook-{gym.key}",
            }
        ],
    )
    yield (
        tables.api_key,
        [
            here
            | {
                "key_hash": fingerprint(gym.key),
                "integration_id": gym.integration_id,
                "id": gym.integration_id,
                "hint": gym.key[-4:],
                "created_at": now,
            }
        ],
    )
    yield tables.rate, [here | {"id": gym.rate_id, "key": "flat", "name": "Flat"}]


def _timetable(gym: Gym, now: datetime) -> Iterator[tuple[Table, Iterable[Row]]]:
    here = {"organization_id": gym.organization_id, "studio_id": gym.studio_id}
    yield (
        tables.location,
        [
            here | {"id": each, "key": f"room-{n}", "name": f"Room {n}", "description": "Upstairs"}
            for n, each in enumerate(gym.locations)
        ],
    )
    yield (
        tables.employee,
        [
            {
                "organization_id": gym.organization_id,
                "id": each,
                "key": f"instructor-{n}",
                "first_name": "Katharina",
                "last_name": f"Lehmann {n}",
                "public_name": f"Kathi {n}",
            }
            for n, each in enumerate(gym.instructors)
        ],
    )
    yield (
        tables.employee_studio,
        [here | {"employee_id": each} for each in gym.instructors],
    )
    yield tables.class_, [_class(gym, n, each) for n, each in enumerate(gym.classes)]
    yield (
        tables.class_rate,
        [
            {"organization_id": gym.organization_id, "class_id": each, "rate_id": gym.rate_id}
            for each in gym.classes
        ],
    )
    yield tables.slot, [*_slots(gym, now), *_past_slots(gym, now)]
    yield (
        tables.slot_instructor,
        [
            {
                "organization_id": gym.organization_id,
                "slot_id": each,
                "position": 0,
                "employee_id": gym.instructors[n % INSTRUCTORS],
            }
            for n, each in enumerate(gym.slots)
        ],
    )


def _class(gym: Gym, n: int, class_id: int) -> Row:
    rush = class_id == gym.classes[-1]
    return {
        "organization_id": gym.organization_id,
        "id": class_id,
        "studio_id": gym.studio_id,
        "key": f"class-{n}",
        "title": f"Vinyasa Flow {n}",
        "description": "An hour of yoga for everybody, whether they have done it before or not.",
        "category": "Yoga",
        "type": ClassType.STUDIO,
        "img_url": "https://gym.example/vinyasa.jpg",
        "duration": 60,
        "bookable": True,
        "online_booking": OnlineBooking.AVAILABLE,
        "earliest_booking": RUSH_OPENS if rush else None,
        "latest_booking": Term(0, TermUnit.MINUTES),
        "latest_cancellation": Term(2, TermUnit.HOURS),
        "late_cancellation": False,
        "max_participants": RUSH_SEATS if rush else SEATS,
        "max_waiting_list": RUSH_WAITING,
        "promotion": Promotion.AUTOMATIC,
        "promotion_ends": Term(0, TermUnit.MINUTES),
        "admits_other_studios": False,
        "who_may_book": WhoMayBook.NAMED_RATES,
        "uses_contingent": False,
    }


def _slots(gym: Gym, now: datetime) -> Iterator[Row]:
    tomorrow = now.astimezone(ZONE).date() + timedelta(days=1)
    a_day = -(-len(gym.slots) // DAYS)
    for n, slot_id in enumerate(gym.slots):
        day, place = divmod(n, a_day)
        hour = SLOTS_FROM + place % (SLOTS_UNTIL - SLOTS_FROM)
        start = _at(tomorrow + timedelta(days=day), hour)
        yield _slot(gym, slot_id, gym.classes[n % gym.usual_classes], start, SEATS)
    # Alone at their hours, so that they overlap nothing.
    hot = _at(tomorrow + timedelta(days=20), 4)
    yield _slot(gym, gym.hot_slot, gym.classes[-2], hot, None)
    rush = _at(tomorrow + timedelta(days=20), 2)
    yield _slot(gym, gym.rush_slot, gym.classes[-1], rush, RUSH_SEATS)


def _past_slots(gym: Gym, now: datetime) -> Iterator[Row]:
    for n, slot_id in enumerate(gym.past_slots):
        day, place = divmod(n, 24)
        start = _at(now.astimezone(ZONE).date() - timedelta(days=20 + day), place)
        seats = len(gym.bookings[n :: len(gym.past_slots)])
        yield {
            **_slot(gym, slot_id, gym.classes[n % gym.usual_classes], start, SEATS),
            "status": SlotStatus.COMPLETED,
            "seats": seats,
            "last_sequence": seats,
        }


def _slot(gym: Gym, slot_id: int, class_id: int, start: datetime, seats: int | None) -> Row:
    starts_at = start.replace(tzinfo=ZONE).astimezone(UTC)
    return {
        "organization_id": gym.organization_id,
        "id": slot_id,
        "class_id": class_id,
        "studio_id": gym.studio_id,
        "local_start": start,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=1),
        "status": SlotStatus.PLANNED,
        "location_id": gym.locations[slot_id % LOCATIONS],
        "own": [Override.MAX_PARTICIPANTS] if seats is None else [],
        "max_participants": seats,
        "max_waiting_list": RUSH_WAITING,
        "additional_participants": 0,
        "seats": 0,
        "waiting": 0,
        "last_sequence": 0,
    }


def _at(day: date, hour: int) -> datetime:
    """On the studio's wall clock."""
    return datetime.combine(day, time(hour))


def _people(gym: Gym, now: datetime) -> Iterator[tuple[Table, Iterable[Row]]]:
    here = {"organization_id": gym.organization_id}
    yield (
        tables.customer,
        (
            here
            | {
                "id": each,
                "key": f"customer-{n}",
                "uuid": str(uuid.UUID(int=each)),
                "studio_id": gym.studio_id,
                "number": f"{n:07}",
                "status": CustomerStatus.MEMBER,
                "access_refused": False,
                "first_name": "Marlene",
                "last_name": f"Schröder {n}",
                "email": f"marlene.{n}@example.com",
                "first_name_folded": folded("Marlene"),
                "last_name_folded": folded(f"Schröder {n}"),
                "email_folded": folded_address(f"marlene.{n}@example.com"),
            }
            for n, each in enumerate(gym.customers)
        ),
    )
    yield (
        tables.membership,
        (
            here
            | {
                "id": each,
                "key": f"membership-{n}",
                "customer_id": gym.customers[n],
                "rate_id": gym.rate_id,
                "valid_from": now.date() - timedelta(days=900),
            }
            for n, each in enumerate(gym.memberships)
        ),
    )


def _history(gym: Gym, now: datetime) -> Iterator[tuple[Table, Iterable[Row]]]:
    if gym.bookings:
        slots = list(_past_slots(gym, now))
        yield tables.booking, (_past_booking(gym, slots, n) for n in range(len(gym.bookings)))
        yield tables.event, (_past_event(gym, slots, n) for n in range(len(gym.events)))


def _past_booking(gym: Gym, slots: Sequence[Row], n: int) -> Row:
    sequence, place = divmod(n, len(slots))
    slot = slots[place]
    # Steps that share no divisor with the number of customers: nobody twice on one slot.
    who = (place * 97 + sequence * 1009) % len(gym.customers)
    return {
        "organization_id": gym.organization_id,
        "id": gym.bookings[n],
        "slot_id": slot["id"],
        "studio_id": gym.studio_id,
        "customer_id": gym.customers[who],
        "home_studio_id": gym.studio_id,
        "status": BookingStatus.BOOKED,
        "sequence": sequence + 1,
        "starts_at": slot["starts_at"],
        "ends_at": slot["ends_at"],
        "day": slot["local_start"].date(),
        "booked_at": slot["starts_at"] - timedelta(days=3),
        "participation": Participation.UNSET,
        "membership_id": gym.memberships[who],
        "counts": False,
        "late": False,
        "overruled": [],
    }


def _past_event(gym: Gym, slots: Sequence[Row], n: int) -> Row:
    """That the booking was made was told, as of every other."""
    slot = slots[n % len(slots)]
    return {
        "organization_id": gym.organization_id,
        "id": gym.events[n],
        "uuid": str(uuid.UUID(int=gym.events[n])),
        "type": EventType.CLASS_BOOKING_CREATED,
        "entity_id": gym.bookings[n],
        "studio_id": gym.studio_id,
        "happened_at": slot["starts_at"] - timedelta(days=3),
        "fanned_out": True,
    }
