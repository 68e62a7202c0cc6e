"""Who could give the slots of somebody who is away: reads, never for deciding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select, text

from kursplan.domain.clashes import Held
from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.rules import clashes
from kursplan.store.staff import timetable
from kursplan.store.tables import ORGANIZATION, employee, employee_studio, slot, slot_instructor

GIVEN_WITHIN = timedelta(days=365)
"""For so long it counts that somebody has given a class before."""

WORK_IN = (
    select(
        employee_studio.c.studio_id,
        employee.c.id,
        employee.c.first_name,
        employee.c.last_name,
        employee.c.public_name,
        employee.c.business_role,
    )
    .select_from(
        employee_studio.join(
            employee,
            (employee.c.organization_id == employee_studio.c.organization_id)
            & (employee.c.id == employee_studio.c.employee_id),
        )
    )
    .where(
        employee_studio.c.organization_id == ORGANIZATION,
        any_of(employee_studio.c.studio_id, "studio_ids"),
        employee.c.deleted_at.is_(None),
    )
    .order_by(employee.c.first_name, employee.c.last_name, employee.c.id)
)

GAVE = (
    select(slot_instructor.c.employee_id, func.count().label("times"))
    .select_from(
        slot.join(
            slot_instructor,
            (slot_instructor.c.organization_id == slot.c.organization_id)
            & (slot_instructor.c.slot_id == slot.c.id),
        )
    )
    .where(
        slot.c.organization_id == ORGANIZATION,
        slot.c.class_id == bindparam("class_id"),
        slot.c.starts_at >= bindparam("since", type_=Instant),
        slot.c.starts_at < bindparam("until", type_=Instant),
        text("slot.status <> 'CANCELED'"),
    )
    .group_by(slot_instructor.c.employee_id)
)
"""How often each gave the class lately: class by class, of which somebody gives few."""


def times_given(
    tx: Connection, organization_id: int, class_id: int, now: datetime
) -> dict[int, int]:
    """How often each employee gave the class in the year before `now`."""
    named = {
        "organization": organization_id,
        "class_id": class_id,
        "since": now - GIVEN_WITHIN,
        "until": now,
    }
    return {row.employee_id: row.times for row in tx.execute(GAVE, named)}


@dataclass(frozen=True, slots=True)
class Substitutes:
    """Those who could give some slots instead."""

    work_in: Mapping[int, Sequence[AnyRow]]
    """By studio: who works there, by name."""
    gave: Mapping[tuple[int, int], int]
    """How often lately, by class and employee."""
    around: Sequence[Held]
    """What else they give at about that time, in whichever studio."""
    titles: Mapping[int, AnyRow]
    """Those slots by their ids."""


def employees(
    tx: Connection, organization_id: int, studio_ids: Collection[int]
) -> dict[int, list[AnyRow]]:
    """Who works in each of these studios, by name."""
    found = defaultdict[int, list[AnyRow]](list)
    named = {"organization": organization_id, "studio_ids": studio_ids}
    for row in tx.execute(WORK_IN, named):
        found[row.studio_id].append(row)
    return found


def substitutes(
    tx: Connection,
    organization_id: int,
    studio_ids: Collection[int],
    slots: Collection[AnyRow],
    now: datetime,
) -> Substitutes:
    """Those who work in these studios, and what they do while these slots are on."""
    work_in = employees(tx, organization_id, studio_ids)
    ids = frozenset(each.id for rows in work_in.values() for each in rows)
    if not slots:
        return Substitutes(work_in, {}, (), {})
    asked = [
        Held(each.id, each.class_id, each.starts_at, each.ends_at, None, ids) for each in slots
    ]
    around, _ = clashes.around(tx, organization_id, asked)
    gave = {
        (class_id, employee_id): times
        for class_id in {each.class_id for each in slots}
        for employee_id, times in times_given(tx, organization_id, class_id, now).items()
    }
    return Substitutes(
        work_in,
        gave,
        around,
        timetable.slots_by_id(
            tx, organization_id, {each.slot_id for each in around if each.slot_id is not None}
        ),
    )
