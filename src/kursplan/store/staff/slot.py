"""One slot as its page shows it: who is on it, who gives it and who could, what it clashes with. Reads,
never for deciding.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, text

from kursplan.domain.bookings import BookingStatus
from kursplan.domain.clashes import Held, Overlap, overlaps
from kursplan.domain.slots import Slot, SlotStatus
from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.rules import clashes, instructors, slots
from kursplan.store.rules.instructors import StandIn
from kursplan.store.staff import customers, timetable
from kursplan.store.staff.absence import times_given
from kursplan.store.staff.left import Left, of_those_on
from kursplan.store.tables import (
    ORGANIZATION,
    booking,
    employee,
    employee_studio,
    location,
)

FIRST_TIME_WITHIN = 60
"""Among how many people it is asked who comes for the first time."""

EMPLOYEES = select(
    employee.c.id,
    employee.c.first_name,
    employee.c.last_name,
    employee.c.public_name,
    employee.c.deleted_at,
).where(employee.c.organization_id == ORGANIZATION)

WORK_IN = (
    select(employee_studio.c.employee_id)
    .where(
        employee_studio.c.organization_id == ORGANIZATION,
        employee_studio.c.studio_id == bindparam("studio_id"),
    )
    .order_by(employee_studio.c.employee_id)
)

ROOMS = (
    select(location.c.id, location.c.name, location.c.shared)
    .where(
        location.c.organization_id == ORGANIZATION,
        location.c.studio_id == bindparam("studio_id"),
    )
    .order_by(location.c.name, location.c.id)
)

BEEN_BEFORE = (
    select(booking.c.customer_id)
    .where(
        booking.c.organization_id == ORGANIZATION,
        any_of(booking.c.customer_id, "customer_ids"),
        booking.c.starts_at < bindparam("until", type_=Instant),
        text("booking.status <> 'CANCELED'"),
        booking.c.slot_id != bindparam("slot_id"),
    )
    .distinct()
)


@dataclass(frozen=True, slots=True)
class OnSlot:
    """What the page is made of."""

    row: AnyRow
    slot: Slot
    """As the rules see it, with its windows."""
    bookings: Sequence[AnyRow]
    """Cancelled ones too, in the order of joining."""
    memberships: Mapping[int, str]
    left: Mapping[int, Left]
    """By booking: how many are left of the membership that it uses."""
    been_before: Collection[int]
    """Who of them was in the gym before, by customer."""
    given_by: Sequence[int]
    stand_ins: Sequence[StandIn]
    """Those that hold."""
    employees: Mapping[int, AnyRow]
    work_here: Sequence[int]
    """Who works in the studio."""
    gave: Mapping[int, int]
    """How often each gave the class lately."""
    busy: Mapping[int, Held]
    """Who gives another slot at that time."""
    titles: Mapping[int, AnyRow]
    """The slots that clash with it or keep somebody busy."""
    overlaps: Sequence[Overlap]
    rooms: Sequence[AnyRow]


def on_slot(tx: Connection, organization_id: int, slot_id: int, now: datetime) -> OnSlot | None:
    """Everything about the slot of that id; None where there is none."""
    row = timetable.slot_by_id(tx, organization_id, slot_id)
    if row is None:
        return None
    of = {"organization": organization_id, "studio_id": row.studio_id}
    bookings = timetable.bookings_of_slot(tx, organization_id, slot_id)
    employees = {each.id: each for each in tx.execute(EMPLOYEES, of)}
    rooms = tx.execute(ROOMS, of).all()
    given_by = instructors.of_slots(tx, organization_id, [slot_id])[slot_id]
    work_here = [each for each in tx.execute(WORK_IN, of).scalars() if each in employees]
    around = _around(tx, organization_id, row, rooms, {*given_by, *work_here})
    mine = _held(row, rooms, given_by)
    found = [] if _is_off(row, now) else overlaps([mine, *around], [mine])
    busy = {
        who: each
        for each in around
        if each.starts_at < row.ends_at and each.ends_at > row.starts_at
        for who in each.instructors
    }
    beside = {each.slot_id for each in busy.values() if each.slot_id is not None}
    clashing = (each for overlap in found for each in (overlap.one, overlap.other))
    beside |= {each.slot_id for each in clashing if each.slot_id not in (None, slot_id)}
    return OnSlot(
        row,
        slots.load(tx, organization_id, [slot_id])[slot_id],
        bookings,
        customers.names_of_memberships(
            tx,
            organization_id,
            {each.membership_id for each in bookings if each.membership_id is not None},
        ),
        of_those_on(
            tx,
            organization_id,
            slot_id,
            [each for each in bookings if each.status != BookingStatus.CANCELED],
        ),
        _been_before(tx, organization_id, row, bookings),
        given_by,
        [
            each
            for each in instructors.stand_ins(tx, organization_id, [slot_id])[slot_id]
            if each.stands
        ],
        employees,
        work_here,
        times_given(tx, organization_id, row.class_id, now),
        busy,
        timetable.slots_by_id(tx, organization_id, beside),
        found,
        rooms,
    )


def rooms_of(tx: Connection, organization_id: int, studio_id: int) -> Sequence[AnyRow]:
    """The rooms of the studio, by name."""
    return tx.execute(ROOMS, {"organization": organization_id, "studio_id": studio_id}).all()


def _is_off(row: AnyRow, now: datetime) -> bool:
    return row.status is not SlotStatus.PLANNED or bool(row.ends_at <= now)


def _held(row: AnyRow, rooms: Collection[AnyRow], given_by: Collection[int]) -> Held:
    """A room that is shared is none."""
    alone = {each.id for each in rooms if not each.shared}
    room = row.location_id if row.location_id in alone else None
    return Held(row.id, row.class_id, row.starts_at, row.ends_at, room, frozenset(given_by))


def _around(
    tx: Connection,
    organization_id: int,
    row: AnyRow,
    rooms: Collection[AnyRow],
    employee_ids: Collection[int],
) -> list[Held]:
    """Other slots at about that time in its room, or given by one of these."""
    asked = _held(row, rooms, employee_ids)
    if not (asked.room or asked.instructors):
        return []
    around, _ = clashes.around(tx, organization_id, [asked])
    return [each for each in around if each.slot_id != row.id]


def _been_before(
    tx: Connection, organization_id: int, row: AnyRow, bookings: Collection[AnyRow]
) -> Collection[int]:
    who = {each.customer_id for each in bookings}
    if not who or len(who) > FIRST_TIME_WITHIN:
        return who
    named = {
        "organization": organization_id,
        "customer_ids": who,
        "until": row.starts_at,
        "slot_id": row.id,
    }
    return set(tx.execute(BEEN_BEFORE, named).scalars())
