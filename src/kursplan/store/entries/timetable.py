"""The plan of the timetable as the operator writes it down: series, single slots and closures.

The slots of a series are absent, with what was changed by hand on them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, text

from kursplan.domain.entries import ClosureEntry, SeriesEntry, SlotEntry
from kursplan.domain.series import ClassDefaults
from kursplan.domain.slots import Override, Slot, SlotStatus
from kursplan.domain.studios import Studio, zone_of
from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.rules import instructors
from kursplan.store.tables import (
    ORGANIZATION,
    class_,
    closure,
    employee,
    location,
    series,
    series_instructor,
    slot,
    slot_instructor,
    studio,
)

LIMITS = frozenset({Override.MAX_PARTICIPANTS, Override.MAX_WAITING_LIST})
"""What a slot may own that is also told by its class."""

_ONE_MINUTE = timedelta(minutes=1)

CLOSURES = (
    select(
        closure.c.key,
        studio.c.key.label("studio"),
        closure.c.local_from,
        closure.c.local_to,
        closure.c.reason,
    )
    .select_from(
        closure.join(
            studio,
            (studio.c.organization_id == closure.c.organization_id)
            & (studio.c.id == closure.c.studio_id),
        )
    )
    .where(closure.c.organization_id == ORGANIZATION)
)


def _with_class_and_location(planned: Any) -> Any:
    return planned.join(
        class_,
        (class_.c.organization_id == planned.c.organization_id)
        & (class_.c.id == planned.c.class_id),
    ).outerjoin(
        location,
        (location.c.organization_id == planned.c.organization_id)
        & (location.c.id == planned.c.location_id),
    )


SERIES = (
    select(
        series.c.id,
        series.c.key,
        class_.c.key.label("class_key"),
        series.c.weekdays,
        series.c.start_time,
        series.c.duration,
        series.c.first_day,
        series.c.last_day,
        location.c.key.label("location"),
        series.c.own,
        series.c.max_participants,
        series.c.max_waiting_list,
    )
    .select_from(_with_class_and_location(series))
    .where(series.c.organization_id == ORGANIZATION)
)

SERIES_INSTRUCTORS = (
    select(series_instructor.c.series_id, employee.c.key)
    .select_from(
        series_instructor.join(
            employee,
            (employee.c.organization_id == series_instructor.c.organization_id)
            & (employee.c.id == series_instructor.c.employee_id),
        )
    )
    .where(series_instructor.c.organization_id == ORGANIZATION)
    .order_by(series_instructor.c.series_id, series_instructor.c.position)
)

SINGLE_SLOTS = (
    select(
        slot.c.id,
        slot.c.key,
        class_.c.key.label("class_key"),
        slot.c.local_start,
        slot.c.starts_at,
        slot.c.ends_at,
        slot.c.status,
        location.c.key.label("location"),
        slot.c.own,
        slot.c.max_participants,
        slot.c.max_waiting_list,
        slot.c.additional_participants,
    )
    .select_from(_with_class_and_location(slot))
    .where(slot.c.organization_id == ORGANIZATION, slot.c.key.is_not(None))
)

SINGLE_SLOT_INSTRUCTORS = (
    select(slot_instructor.c.slot_id, employee.c.key)
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

HOST = (
    select(
        class_.c.studio_id,
        studio.c.zone,
        class_.c.duration,
        class_.c.max_participants,
        class_.c.max_waiting_list,
    )
    .select_from(
        class_.join(
            studio,
            (studio.c.organization_id == class_.c.organization_id)
            & (studio.c.id == class_.c.studio_id),
        )
    )
    .where(class_.c.organization_id == ORGANIZATION, class_.c.id == bindparam("class_id"))
)

BOOKINGS_TO_COME = select(
    func.coalesce(func.sum(slot.c.seats), 0) + func.coalesce(func.sum(slot.c.waiting), 0)
).where(
    slot.c.organization_id == ORGANIZATION,
    text("slot.status = 'PLANNED'"),
    slot.c.ends_at > bindparam("now", type_=Instant),
)
"""By what the slots count, of which there are fewer."""

OF_DAYS = (
    select(
        slot.c.id,
        slot.c.class_id,
        slot.c.local_start,
        slot.c.starts_at,
        slot.c.ends_at,
        slot.c.status,
        slot.c.location_id,
        slot.c.max_participants,
        slot.c.max_waiting_list,
    )
    .where(
        slot.c.organization_id == ORGANIZATION,
        slot.c.studio_id == bindparam("studio_id"),
        slot.c.starts_at >= bindparam("since", type_=Instant),
        slot.c.starts_at < bindparam("until", type_=Instant),
    )
    .order_by(slot.c.starts_at, slot.c.id)
)

ADD_SLOT = insert(slot)


@dataclass(frozen=True, slots=True)
class SingleSlot:
    """A slot without a series as it stands now."""

    id: int
    entry: SlotEntry
    """Duration and limits are always told here, also where they are those of the class."""
    starts_at: datetime
    status: SlotStatus


@dataclass(frozen=True, slots=True)
class Host:
    """Where the slots of a class take place, and what the class gives to them."""

    studio: Studio
    """Without its closures."""
    standard: ClassDefaults


def host(tx: Connection, organization_id: int, class_id: int) -> Host | None:
    """None where there is no such class."""
    named = {"organization": organization_id, "class_id": class_id}
    row = tx.execute(HOST, named).one_or_none()
    if row is None:
        return None
    standard = ClassDefaults(row.duration, row.max_participants, row.max_waiting_list)
    return Host(Studio(row.studio_id, zone_of(row.zone)), standard)


def closures(tx: Connection, organization_id: int) -> list[ClosureEntry]:
    """All closures, past ones included."""
    rows = tx.execute(CLOSURES, {"organization": organization_id})
    return [ClosureEntry(*row) for row in rows]


def series_by_id(tx: Connection, organization_id: int) -> dict[int, SeriesEntry]:
    """All series, ended ones included."""
    named = {"organization": organization_id}
    given: defaultdict[int, list[str]] = defaultdict(list)
    for series_id, key in tx.execute(SERIES_INSTRUCTORS, named):
        given[series_id].append(key)
    return {
        row.id: SeriesEntry(
            key=row.key,
            class_=row.class_key,
            weekdays=frozenset(row.weekdays),
            start=row.start_time,
            first_day=row.first_day,
            last_day=row.last_day,
            duration=row.duration,
            location=row.location,
            instructors=tuple(given[row.id]),
            own=frozenset(map(Override, row.own)),
            max_participants=row.max_participants,
            max_waiting_list=row.max_waiting_list,
        )
        for row in tx.execute(SERIES, named)
    }


def single_slots(tx: Connection, organization_id: int) -> list[SingleSlot]:
    """All single slots, past and cancelled ones included."""
    named = {"organization": organization_id}
    rows = tx.execute(SINGLE_SLOTS, named).all()
    given: defaultdict[int, list[str]] = defaultdict(list)
    ids = [row.id for row in rows]
    for slot_id, key in tx.execute(SINGLE_SLOT_INSTRUCTORS, {**named, "slot_ids": ids}):
        given[slot_id].append(key)
    return [
        SingleSlot(
            row.id,
            SlotEntry(
                key=row.key,
                class_=row.class_key,
                local_start=row.local_start,
                duration=(row.ends_at - row.starts_at) // _ONE_MINUTE,
                location=row.location,
                instructors=tuple(given[row.id]),
                own=frozenset(map(Override, row.own)) & LIMITS,
                max_participants=row.max_participants,
                max_waiting_list=row.max_waiting_list,
                additional_participants=row.additional_participants,
            ),
            row.starts_at,
            row.status,
        )
        for row in rows
    ]


def of_days(
    tx: Connection, organization_id: int, studio_id: int, since: datetime, until: datetime
) -> Sequence[AnyRow]:
    """The slots of the studio that start in that time, of a series or not, whatever became of them."""
    named = {
        "organization": organization_id,
        "studio_id": studio_id,
        "since": since,
        "until": until,
    }
    return tx.execute(OF_DAYS, named).all()


def add_slot(
    tx: Connection, organization_id: int, key: str, planned: Slot, given_by: Sequence[int]
) -> None:
    """Store a new single slot, given by these employees."""
    tx.execute(
        ADD_SLOT,
        {
            "organization_id": organization_id,
            "id": planned.id,
            "class_id": planned.class_.id,
            "studio_id": planned.studio.id,
            "series_id": None,
            "key": key,
            "occurrence": None,
            "local_start": planned.local_start,
            "starts_at": planned.starts_at,
            "ends_at": planned.ends_at,
            "status": planned.status,
            "location_id": planned.location_id,
            "own": sorted(planned.own),
            "max_participants": planned.max_participants,
            "max_waiting_list": planned.max_waiting_list,
            "additional_participants": planned.additional_participants,
            "seats": 0,
            "waiting": 0,
            "last_sequence": 0,
        },
    )
    instructors.put(tx, organization_id, {planned.id: given_by})


def count_bookings_to_come(tx: Connection, organization_id: int, now: datetime) -> int:
    """How many active bookings there are on slots that are not over."""
    named = {"organization": organization_id, "now": now}
    return int(tx.execute(BOOKINGS_TO_COME, named).scalar_one())
