"""Classes, slots and bookings, as the Open API shows them: reads for partners, never for deciding.

Visible are only classes that can be booked online or are shown there, and that have slots.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, and_, bindparam, exists, func, or_, select

from kursplan.domain.classes import OnlineBooking
from kursplan.domain.slots import Slot, SlotStatus
from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.engine.driver import Fixed
from kursplan.store.engine.rows import AnyRow
from kursplan.store.engine.together import Together
from kursplan.store.rules import slots
from kursplan.store.tables import (
    ORGANIZATION,
    booking,
    class_,
    employee,
    location,
    slot,
    slot_instructor,
)

TICK = timedelta(milliseconds=1)
"""The smallest step of time."""

_STUDIO = bindparam("studio_id", type_=BigInteger)
_SINCE = bindparam("since", type_=Instant)
_UNTIL = bindparam("until", type_=Instant)
_AFTER = bindparam("after", type_=BigInteger)
_LIMIT = bindparam("limit", type_=Integer)
_SKIP = bindparam("skip", type_=BigInteger)

_IS_VISIBLE = and_(class_.c.bookable, class_.c.online_booking != OnlineBooking.NO)

_CLASS = (
    class_.c.id,
    class_.c.title,
    class_.c.type,
    class_.c.duration,
    class_.c.category,
    class_.c.description,
    class_.c.img_url,
    class_.c.online_booking,
    class_.c.late_cancellation,
    class_.c.latest_cancellation,
)


def _has_slots(*conditions: Any) -> Any:
    return exists(
        select(slot.c.id).where(
            slot.c.organization_id == class_.c.organization_id,
            slot.c.class_id == class_.c.id,
            *conditions,
        )
    )


_OF_STUDIO = (class_.c.organization_id == ORGANIZATION, class_.c.studio_id == _STUDIO, _IS_VISIBLE)

CLASSES = Fixed(
    select(*_CLASS)
    .where(
        *_OF_STUDIO,
        class_.c.id > _AFTER,
        _has_slots(slot.c.starts_at.between(_SINCE, _UNTIL), slot.c.status != SlotStatus.CANCELED),
    )
    .order_by(class_.c.id)
    .limit(_LIMIT)
    .offset(_SKIP)
)

CLASS_BY_ID = Fixed(
    select(*_CLASS).where(*_OF_STUDIO, class_.c.id == bindparam("class_id"), _has_slots())
)

_SLOTS = (
    select(
        *slots.SHOWN_COLUMNS,
        class_.c.title,
        location.c.name.label("location_name"),
        location.c.description.label("location_description"),
    )
    .select_from(
        slots.SHOWN_FROM.outerjoin(
            location,
            (location.c.organization_id == slot.c.organization_id)
            & (location.c.id == slot.c.location_id),
        )
    )
    .where(slot.c.organization_id == ORGANIZATION, slot.c.studio_id == _STUDIO, _IS_VISIBLE)
)

# A slice begins after the last slot of the one before it: the next by start and then by id.
_SLICE = (
    slot.c.status != SlotStatus.CANCELED,
    slot.c.starts_at >= _SINCE,
    slot.c.starts_at < _UNTIL,
    or_(slot.c.starts_at > _SINCE, slot.c.id > _AFTER),
)

SLOTS_OF_STUDIO = Fixed(
    _SLOTS.where(*_SLICE).order_by(slot.c.starts_at, slot.c.id).limit(_LIMIT).offset(_SKIP)
)

SLOTS_OF_CLASS = Fixed(
    _SLOTS.where(slot.c.class_id == bindparam("class_id"), *_SLICE)
    .order_by(slot.c.starts_at, slot.c.id)
    .limit(_LIMIT)
    .offset(_SKIP)
)

SLOT_BY_ID = Fixed(
    _SLOTS.where(slot.c.class_id == bindparam("class_id"), slot.c.id == bindparam("slot_id"))
)


def _next_starts(*conditions: Any) -> Fixed:
    starts = select(func.min(slot.c.starts_at)).where(
        slot.c.organization_id == ORGANIZATION, *conditions
    )
    return Fixed(
        select(
            starts.where(slot.c.starts_at >= _SINCE).scalar_subquery().label("leaving"),
            starts.where(slot.c.starts_at > _UNTIL).scalar_subquery().label("entering"),
        )
    )


NEXT_STARTS_OF_STUDIO = _next_starts(slot.c.studio_id == _STUDIO)
NEXT_STARTS_OF_CLASS = _next_starts(slot.c.class_id == bindparam("class_id"))

INSTRUCTORS = Fixed(
    select(
        slot_instructor.c.slot_id,
        employee.c.id,
        employee.c.first_name,
        employee.c.last_name,
        employee.c.public_name,
    )
    .select_from(
        slot_instructor.join(
            employee,
            (employee.c.organization_id == slot_instructor.c.organization_id)
            & (employee.c.id == slot_instructor.c.employee_id),
        )
    )
    .where(
        slot_instructor.c.organization_id == ORGANIZATION,
        any_of(slot_instructor.c.slot_id, "slot_ids"),
    )
    .order_by(slot_instructor.c.slot_id, slot_instructor.c.position)
)

_BOOKINGS = (
    select(
        booking.c.id.label("booking_id"),
        booking.c.status,
        booking.c.slot_id,
        slot.c.class_id,
        booking.c.customer_id,
        slot.c.status.label("slot_status"),
        booking.c.participation,
    )
    .select_from(
        booking.join(
            slot,
            (slot.c.organization_id == booking.c.organization_id)
            & (slot.c.id == booking.c.slot_id),
        )
    )
    .where(booking.c.organization_id == ORGANIZATION, booking.c.studio_id == _STUDIO)
)

BOOKING_BY_ID = Fixed(_BOOKINGS.where(booking.c.id == bindparam("booking_id")))

BOOKINGS_OF_CUSTOMER = Fixed(
    _BOOKINGS.where(
        booking.c.customer_id == bindparam("customer_id"),
        booking.c.starts_at >= _SINCE,
        booking.c.starts_at <= _UNTIL,
        booking.c.ends_at <= _UNTIL,
    ).order_by(booking.c.starts_at, booking.c.id)
)


@dataclass(frozen=True, slots=True)
class ShownSlot:
    """A slot with the words that are shown with it."""

    slot: Slot
    class_title: str
    location_name: str | None
    location_description: str | None
    instructors: tuple[AnyRow, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a slice of slots begins: after the slot with this id at this start, and so many more."""

    starts_at: datetime
    slot_id: int = 0
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Starts:
    """When slots leave and enter a time around now, as time passes."""

    leaving: datetime | None
    """The first start of a slot since its beginning."""
    entering: datetime | None
    """The first one after its end."""


@dataclass(frozen=True, slots=True)
class ShownClass:
    """A class with some of its slots."""

    slots: list[ShownSlot]
    starts: Starts


def classes(
    tx: Connection,
    organization_id: int,
    studio_id: int,
    *,
    since: datetime,
    until: datetime,
    after: int,
    skip: int,
    limit: int,
) -> tuple[list[AnyRow], Starts]:
    """Visible classes with a slot in the time, by id, from the one after `after` on but for `skip`."""
    around = {
        "organization": organization_id,
        "studio_id": studio_id,
        "since": since,
        "until": until,
    }
    with Together(tx) as at:
        found = at.rows(CLASSES, around | {"after": after, "skip": skip, "limit": limit})
        starts = at.rows(NEXT_STARTS_OF_STUDIO, around)
    return found.rows, Starts(*starts.rows[0])


def class_by_id(
    tx: Connection, organization_id: int, studio_id: int, class_id: int
) -> AnyRow | None:
    """The class, if the studio has it and it is visible."""
    named = {"organization": organization_id, "studio_id": studio_id, "class_id": class_id}
    return next(iter(CLASS_BY_ID.rows(tx, named)), None)


def slots_between(
    tx: Connection,
    organization_id: int,
    studio_id: int,
    *,
    begin: Position,
    until: datetime,
    limit: int,
) -> list[ShownSlot]:
    """Slots of visible classes that are not cancelled, from `begin` to before `until`, in order."""
    named = {"organization": organization_id, "studio_id": studio_id, "limit": limit}
    rows = SLOTS_OF_STUDIO.rows(tx, named | _between(begin, until))
    return _shown(tx, organization_id, rows)


def slots_of_class(
    tx: Connection,
    organization_id: int,
    studio_id: int,
    class_id: int,
    *,
    begin: Position,
    since: datetime,
    until: datetime,
    limit: int,
) -> ShownClass | None:
    """The same of one class, up to and including `until`, if the studio has it and it is visible; and when
    slots leave and enter the time from `since` to `until`."""
    of_class = {"organization": organization_id, "class_id": class_id}
    here = of_class | {"studio_id": studio_id}
    with Together(tx) as at:
        itself = at.rows(CLASS_BY_ID, here)
        found = at.rows(SLOTS_OF_CLASS, here | _between(begin, until + TICK) | {"limit": limit})
        starts = at.rows(NEXT_STARTS_OF_CLASS, of_class | {"since": since, "until": until})
    if not itself.rows:
        return None
    return ShownClass(_shown(tx, organization_id, found.rows), Starts(*starts.rows[0]))


def _between(begin: Position, until: datetime) -> dict[str, Any]:
    return {
        "since": begin.starts_at,
        "after": begin.slot_id,
        "skip": begin.skip,
        "until": until,
    }


def slot_by_id(
    tx: Connection, organization_id: int, studio_id: int, class_id: int, slot_id: int
) -> ShownSlot | None:
    """The slot, also when it is cancelled, if its class is visible."""
    named = {
        "organization": organization_id,
        "studio_id": studio_id,
        "class_id": class_id,
        "slot_id": slot_id,
    }
    found = _shown(tx, organization_id, SLOT_BY_ID.rows(tx, named))
    return found[0] if found else None


def _shown(tx: Connection, organization_id: int, rows: Collection[AnyRow]) -> list[ShownSlot]:
    if not rows:
        return []
    instructors: defaultdict[int, list[AnyRow]] = defaultdict(list)
    named = {"organization": organization_id, "slot_ids": [row.id for row in rows]}
    for each in INSTRUCTORS.rows(tx, named):
        instructors[each.slot_id].append(each)
    return [
        ShownSlot(
            held,
            row.title,
            row.location_name,
            row.location_description,
            tuple(instructors[row.id]),
        )
        for row, held in zip(rows, slots.shown(rows), strict=True)
    ]


def booking_by_id(
    tx: Connection, organization_id: int, studio_id: int, booking_id: int
) -> AnyRow | None:
    """The booking, if its slot is held in the studio."""
    named = {"organization": organization_id, "studio_id": studio_id, "booking_id": booking_id}
    return next(iter(BOOKING_BY_ID.rows(tx, named)), None)


def bookings_of_customer(
    tx: Connection,
    organization_id: int,
    studio_id: int,
    customer_id: int,
    *,
    since: datetime,
    until: datetime,
) -> list[AnyRow]:
    """The customer's bookings in the studio whose slots lie wholly in the time."""
    named = {
        "organization": organization_id,
        "studio_id": studio_id,
        "customer_id": customer_id,
        "since": since,
        "until": until,
    }
    return BOOKINGS_OF_CUSTOMER.rows(tx, named)
