"""A studio with what hangs on it: what is planned, closures, rooms. Reads, never for deciding."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, func, or_, select, text

from kursplan.domain.entries import free_key
from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.rules import closures as noted
from kursplan.store.staff import timetable
from kursplan.store.staff.joins import SERIES, TO_CLASS
from kursplan.store.tables import ORGANIZATION, booking, class_, closure, location, series, slot

PLANNED = (
    select(
        slot.c.id,
        slot.c.class_id,
        slot.c.location_id,
        slot.c.starts_at,
        slot.c.ends_at,
        slot.c.seats,
        slot.c.waiting,
        class_.c.title,
    )
    .select_from(slot.join(class_, TO_CLASS))
    .where(
        slot.c.organization_id == ORGANIZATION,
        slot.c.studio_id == bindparam("studio_id"),
        slot.c.starts_at > bindparam("now", type_=Instant),
        text("slot.status = 'PLANNED'"),
    )
    .order_by(slot.c.starts_at, slot.c.id)
)

CONTESTED = (
    select(
        booking.c.slot_id,
        func.count(booking.c.conflict).label("to_decide"),
        func.sum(case((booking.c.conflict.is_(None), 1), else_=0)).label("settled"),
    )
    .where(
        booking.c.organization_id == ORGANIZATION,
        any_of(booking.c.slot_id, "slot_ids"),
        text("booking.status <> 'CANCELED'"),
        or_(booking.c.conflict.is_not(None), booking.c.settled.is_not(None)),
    )
    .group_by(booking.c.slot_id)
)

_CLOSURE = select(
    closure.c.id,
    closure.c.studio_id,
    closure.c.key,
    closure.c.local_from,
    closure.c.local_to,
    closure.c.reason,
).where(closure.c.organization_id == ORGANIZATION)

CLOSURE = _CLOSURE.where(closure.c.id == bindparam("closure_id"))

CLOSURES = _CLOSURE.where(
    closure.c.studio_id == bindparam("studio_id"), closure.c.local_to > bindparam("local_now")
).order_by(closure.c.local_from, closure.c.id)

STUDIO_OF_ROOM = select(location.c.studio_id).where(
    location.c.organization_id == ORGANIZATION, location.c.id == bindparam("location_id")
)

SERIES_IN_ROOM = SERIES.where(series.c.location_id == bindparam("location_id"))


def planned(
    tx: Connection, organization_id: int, studio_id: int, now: datetime
) -> Sequence[AnyRow]:
    """What takes place in the studio and has not begun, the next first."""
    named = {"organization": organization_id, "studio_id": studio_id, "now": now}
    return tx.execute(PLANNED, named).all()


def contested(
    tx: Connection, organization_id: int, slot_ids: Collection[int]
) -> Mapping[int, AnyRow]:
    """By slot, how many bookings there are flagged (`to_decide`), and of how many it is settled that they stay."""
    named = {"organization": organization_id, "slot_ids": list(slot_ids)}
    return {row.slot_id: row for row in tx.execute(CONTESTED, named)}


def closure_by_id(tx: Connection, organization_id: int, closure_id: int) -> AnyRow | None:
    named = {"organization": organization_id, "closure_id": closure_id}
    return tx.execute(CLOSURE, named).one_or_none()


def closures(
    tx: Connection, organization_id: int, studio_id: int, local_now: datetime
) -> Sequence[AnyRow]:
    """The closures of the studio that are not over at that local time, the next first."""
    named = {"organization": organization_id, "studio_id": studio_id, "local_now": local_now}
    return tx.execute(CLOSURES, named).all()


def free_closure_key(tx: Connection, organization_id: int, wanted: str) -> str:
    """`wanted`, or the same with a number where another closure goes by it."""
    return free_key(wanted, lambda key: noted.find(tx, organization_id, key) is not None)


def studio_of_room(tx: Connection, organization_id: int, location_id: int) -> int | None:
    """The studio in which the room is; None where there is no such room."""
    named = {"organization": organization_id, "location_id": location_id}
    return tx.execute(STUDIO_OF_ROOM, named).scalar_one_or_none()


def series_in_room(tx: Connection, organization_id: int, location_id: int) -> Sequence[AnyRow]:
    """The series that have the room, ended ones too."""
    named = {"organization": organization_id, "location_id": location_id}
    return tx.execute(SERIES_IN_ROOM, named).all()


def free_room_key(tx: Connection, organization_id: int, wanted: str) -> str:
    """`wanted`, or the same with a number where another room goes by it."""
    return free_key(
        wanted, lambda key: timetable.location_by_key(tx, organization_id, key) is not None
    )
