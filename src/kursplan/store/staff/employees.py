"""Employees as their pages show them: where they work, what they give and gave, who stood in for them.
Reads, never for deciding."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, Integer, bindparam, exists, select, text

from kursplan.domain import entries
from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff import timetable
from kursplan.store.staff.joins import SERIES, TO_CLASS, TO_STUDIO
from kursplan.store.tables import (
    ORGANIZATION,
    class_,
    employee,
    employee_studio,
    series,
    series_instructor,
    slot,
    slot_instructor,
    stand_in,
    studio,
)

_GIVEN = slot.join(
    slot_instructor,
    (slot_instructor.c.organization_id == slot.c.organization_id)
    & (slot_instructor.c.slot_id == slot.c.id),
)

WORKS_IN = (
    select(employee_studio.c.studio_id)
    .where(
        employee_studio.c.organization_id == ORGANIZATION,
        employee_studio.c.employee_id == bindparam("employee_id"),
    )
    .order_by(employee_studio.c.studio_id)
)

IS_THERE = select(employee.c.id).where(
    employee.c.organization_id == ORGANIZATION,
    employee.c.id == bindparam("employee_id"),
    employee.c.deleted_at.is_(None),
)

GIVEN = (
    select(slot_instructor.c.employee_id, slot.c.starts_at, slot.c.ends_at)
    .select_from(_GIVEN)
    .where(
        slot.c.organization_id == ORGANIZATION,
        any_of(slot.c.studio_id, "studio_ids"),
        slot.c.starts_at >= bindparam("since", type_=Instant),
        slot.c.starts_at < bindparam("until", type_=Instant),
        text("slot.status <> 'CANCELED'"),
    )
)
"""By studio and time, of which there is an index."""

THEIRS = (
    select(
        slot.c.id,
        slot.c.class_id,
        slot.c.studio_id,
        slot.c.starts_at,
        slot.c.ends_at,
        slot.c.seats,
        slot.c.waiting,
        slot.c.max_participants,
        slot.c.additional_participants,
        class_.c.title,
        studio.c.zone,
    )
    .select_from(_GIVEN.join(class_, TO_CLASS).join(studio, TO_STUDIO))
    .where(
        slot.c.organization_id == ORGANIZATION,
        slot_instructor.c.employee_id == bindparam("employee_id"),
        any_of(slot.c.studio_id, "studio_ids"),
        slot.c.starts_at >= bindparam("since", type_=Instant),
        slot.c.starts_at < bindparam("until", type_=Instant),
        text("slot.status <> 'CANCELED'"),
    )
    .order_by(slot.c.starts_at, slot.c.id)
)

REPLACED = (
    select(
        stand_in.c.stand_in_id,
        stand_in.c.reason,
        slot.c.id,
        slot.c.starts_at,
        class_.c.title,
        studio.c.zone,
    )
    .select_from(
        stand_in.join(
            slot,
            (slot.c.organization_id == stand_in.c.organization_id)
            & (slot.c.id == stand_in.c.slot_id),
        )
        .join(class_, TO_CLASS)
        .join(studio, TO_STUDIO)
    )
    .where(
        stand_in.c.organization_id == ORGANIZATION,
        stand_in.c.replaced_id == bindparam("employee_id"),
        stand_in.c.removed_at.is_(None),
        any_of(slot.c.studio_id, "studio_ids"),
        slot.c.starts_at >= bindparam("since", type_=Instant),
    )
    .order_by(slot.c.starts_at.desc(), stand_in.c.id)
    .limit(bindparam("limit", type_=Integer))
)


SERIES_OF = SERIES.where(
    exists(
        select(series_instructor.c.series_id).where(
            series_instructor.c.organization_id == series.c.organization_id,
            series_instructor.c.series_id == series.c.id,
            series_instructor.c.employee_id == bindparam("employee_id"),
        )
    )
)


def works_in(tx: Connection, organization_id: int, employee_id: int) -> tuple[int, ...] | None:
    """The studios in which they work; None where there is no such employee."""
    named = {"organization": organization_id, "employee_id": employee_id}
    if tx.execute(IS_THERE, named).first() is None:
        return None
    return tuple(tx.execute(WORKS_IN, named).scalars())


def given(
    tx: Connection,
    organization_id: int,
    studio_ids: Collection[int],
    since: datetime,
    until: datetime,
) -> Sequence[AnyRow]:
    """Who gives what starts in that time in these studios, and from when to when."""
    named = {
        "organization": organization_id,
        "studio_ids": studio_ids,
        "since": since,
        "until": until,
    }
    return tx.execute(GIVEN, named).all()


def slots_of(
    tx: Connection,
    organization_id: int,
    employee_id: int,
    studio_ids: Collection[int],
    since: datetime,
    until: datetime,
) -> Sequence[AnyRow]:
    """What one of them gives or gave in these studios in that time, the earliest first."""
    named = {
        "organization": organization_id,
        "employee_id": employee_id,
        "studio_ids": studio_ids,
        "since": since,
        "until": until,
    }
    return tx.execute(THEIRS, named).all()


def replaced(
    tx: Connection,
    organization_id: int,
    employee_id: int,
    studio_ids: Collection[int],
    since: datetime,
    limit: int,
) -> Sequence[AnyRow]:
    """For what in these studios somebody else stands in for them, the latest first."""
    named = {
        "organization": organization_id,
        "employee_id": employee_id,
        "studio_ids": studio_ids,
        "since": since,
        "limit": limit,
    }
    return tx.execute(REPLACED, named).all()


def series_of(tx: Connection, organization_id: int, employee_id: int) -> Sequence[AnyRow]:
    """The series that they give, ended ones too."""
    named = {"organization": organization_id, "employee_id": employee_id}
    return tx.execute(SERIES_OF, named).all()


def free_key(tx: Connection, organization_id: int, wanted: str) -> str:
    """`wanted`, or the same with a number where another employee goes by it."""
    return entries.free_key(
        wanted, lambda key: timetable.employee_by_key(tx, organization_id, key) is not None
    )
