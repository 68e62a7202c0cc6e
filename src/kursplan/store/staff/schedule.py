"""A stretch of the timetable as a page shows it: everything that is on it in a few statements, however
many slots there are. Reads, never for deciding.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select, text

from kursplan.domain.clashes import Held, Overlap, overlaps
from kursplan.domain.slots import SlotStatus
from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.engine.driver import Fixed
from kursplan.store.engine.rows import AnyRow
from kursplan.store.rules import clashes, instructors
from kursplan.store.rules.instructors import StandIn
from kursplan.store.tables import (
    ORGANIZATION,
    booking,
    class_,
    closure,
    employee,
    location,
    slot,
)

SLOTS = Fixed(
    select(
        slot.c.id,
        slot.c.class_id,
        slot.c.studio_id,
        slot.c.series_id,
        slot.c.location_id,
        slot.c.starts_at,
        slot.c.ends_at,
        slot.c.status,
        slot.c.own,
        slot.c.max_participants,
        slot.c.additional_participants,
        slot.c.seats,
        slot.c.waiting,
    )
    .where(
        slot.c.organization_id == ORGANIZATION,
        any_of(slot.c.studio_id, "studio_ids"),
        slot.c.starts_at >= bindparam("since", type_=Instant),
        slot.c.starts_at < bindparam("until", type_=Instant),
    )
    .order_by(slot.c.starts_at, slot.c.id)
)

FLAGGED = Fixed(
    select(booking.c.slot_id, func.count().label("flagged"))
    .where(
        booking.c.organization_id == ORGANIZATION,
        text("booking.status <> 'CANCELED'"),
        text("booking.conflict IS NOT NULL"),
        booking.c.ends_at > bindparam("since", type_=Instant),
        booking.c.starts_at < bindparam("until", type_=Instant),
    )
    .group_by(booking.c.slot_id)
)
"""Of all studios: there are few, and they are found by being flagged."""

CLASSES = Fixed(
    select(
        class_.c.id,
        class_.c.studio_id,
        class_.c.title,
        class_.c.category,
        class_.c.type,
        class_.c.online_booking,
    ).where(class_.c.organization_id == ORGANIZATION, any_of(class_.c.studio_id, "studio_ids"))
)

ROOMS = Fixed(
    select(location.c.id, location.c.studio_id, location.c.name, location.c.shared)
    .where(location.c.organization_id == ORGANIZATION, any_of(location.c.studio_id, "studio_ids"))
    .order_by(location.c.id)
)

EMPLOYEES = Fixed(
    select(
        employee.c.id, employee.c.first_name, employee.c.last_name, employee.c.public_name
    ).where(employee.c.organization_id == ORGANIZATION)
)

CLOSURES = Fixed(
    select(closure.c.studio_id, closure.c.local_from, closure.c.local_to, closure.c.reason)
    .where(
        closure.c.organization_id == ORGANIZATION,
        any_of(closure.c.studio_id, "studio_ids"),
        closure.c.local_to > bindparam("local_since"),
        closure.c.local_from < bindparam("local_until"),
    )
    .order_by(closure.c.local_from, closure.c.id)
)


@dataclass(frozen=True, slots=True)
class Span:
    """Which part is asked for: slots that start in it, closures that touch it."""

    since: datetime
    until: datetime
    local_since: datetime
    local_until: datetime


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is on the timetable in that time, cancelled slots and hidden classes too."""

    slots: Sequence[AnyRow]
    """In the order in which they start."""
    instructors: Mapping[int, Sequence[int]]
    """By slot: who gives it, stand-ins included."""
    stand_ins: Mapping[int, Sequence[StandIn]]
    """By slot: those that hold."""
    flagged: Mapping[int, int]
    """By slot: how many of its bookings staff have to decide about."""
    clashes: Mapping[int, Sequence[Overlap]]
    """By slot that is not over: what it needs and another one needs at the same time."""
    classes: Mapping[int, AnyRow]
    rooms: Mapping[int, AnyRow]
    """In the order in which they were written down."""
    employees: Mapping[int, AnyRow]
    """All of the organization, those who left too."""
    closures: Sequence[AnyRow]


def rooms(tx: Connection, organization_id: int, studio_ids: Collection[int]) -> Sequence[AnyRow]:
    """The rooms of these studios, in the order in which they were written down."""
    return ROOMS.rows(tx, {"organization": organization_id, "studio_ids": studio_ids})


def of_studios(
    tx: Connection, organization_id: int, studio_ids: Collection[int], span: Span, now: datetime
) -> Schedule:
    """What is on in these studios in that time."""
    organization = {"organization": organization_id}
    of = {**organization, "studio_ids": studio_ids}
    within = {**of, "since": span.since, "until": span.until}
    slots = SLOTS.rows(tx, within)
    slot_ids = [each.id for each in slots]
    given_by = instructors.of_slots(tx, organization_id, slot_ids)
    stand_ins = instructors.stand_ins(tx, organization_id, slot_ids)
    flagged = FLAGGED.rows(tx, {**organization, "since": span.since, "until": span.until})
    rooms = {row.id: row for row in ROOMS.rows(tx, of)}
    local = {"local_since": span.local_since, "local_until": span.local_until}
    return Schedule(
        slots,
        given_by,
        {
            slot_id: tuple(each for each in found if each.stands)
            for slot_id, found in stand_ins.items()
        },
        {row.slot_id: row.flagged for row in flagged},
        _clashes(tx, organization_id, slots, given_by, rooms, now),
        {row.id: row for row in CLASSES.rows(tx, of)},
        rooms,
        {row.id: row for row in EMPLOYEES.rows(tx, organization)},
        CLOSURES.rows(tx, {**of, **local}),
    )


def _clashes(
    tx: Connection,
    organization_id: int,
    slots: Collection[AnyRow],
    given_by: Mapping[int, Sequence[int]],
    rooms: Mapping[int, AnyRow],
    now: datetime,
) -> Mapping[int, Sequence[Overlap]]:
    """Also with slots that are not shown: an instructor may be needed in another studio."""
    placed = [
        Held(
            each.id,
            each.class_id,
            each.starts_at,
            each.ends_at,
            None
            if each.location_id is None or rooms[each.location_id].shared
            else each.location_id,
            frozenset(given_by.get(each.id, ())),
        )
        for each in slots
        if each.status is SlotStatus.PLANNED and each.ends_at > now
    ]
    if not placed:
        return {}
    shown = {each.slot_id for each in placed}
    around, _ = clashes.around(tx, organization_id, placed)
    others = [each for each in around if each.slot_id not in shown]
    found = defaultdict[int, list[Overlap]](list)
    for overlap in overlaps([*placed, *others], placed):
        for each in (overlap.one, overlap.other):
            if each.slot_id in shown and each.slot_id is not None:
                found[each.slot_id].append(overlap)
    return found
