"""The instructors of slots: who gives one, and who stood in for whom and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from kursplan.store.engine.dialect import any_of
from kursplan.store.engine.driver import Fixed
from kursplan.store.engine.numbers import take_numbers
from kursplan.store.tables import ORGANIZATION, employee, slot_instructor, stand_in

OF_SLOTS = Fixed(
    select(slot_instructor.c.slot_id, slot_instructor.c.employee_id)
    .where(
        slot_instructor.c.organization_id == ORGANIZATION,
        any_of(slot_instructor.c.slot_id, "slot_ids"),
    )
    .order_by(slot_instructor.c.slot_id, slot_instructor.c.position)
)

REMOVE_FROM_SLOTS = delete(slot_instructor).where(
    slot_instructor.c.organization_id == ORGANIZATION,
    any_of(slot_instructor.c.slot_id, "slot_ids"),
)

ADD_TO_SLOTS = insert(slot_instructor)

EMPLOYEES = select(employee.c.id).where(
    employee.c.organization_id == ORGANIZATION,
    any_of(employee.c.id, "employee_ids"),
    employee.c.deleted_at.is_(None),
)

STAND_INS = Fixed(
    select(
        stand_in.c.id,
        stand_in.c.slot_id,
        stand_in.c.replaced_id,
        stand_in.c.stand_in_id,
        stand_in.c.reason,
        stand_in.c.removed_at,
    )
    .where(stand_in.c.organization_id == ORGANIZATION, any_of(stand_in.c.slot_id, "slot_ids"))
    .order_by(stand_in.c.slot_id, stand_in.c.id)
)

ADD_STAND_IN = insert(stand_in)

END_STAND_INS = (
    update(stand_in)
    .where(stand_in.c.organization_id == ORGANIZATION, any_of(stand_in.c.id, "stand_in_ids"))
    .values(removed_at=bindparam("at"))
)


@dataclass(frozen=True, slots=True)
class StandIn:
    """One instructor in the place of another on one slot."""

    id: int
    slot_id: int
    replaced_id: int
    stand_in_id: int
    reason: str | None
    removed_at: datetime | None

    @property
    def stands(self) -> bool:
        """Whether it still holds; ended ones are kept for the record."""
        return self.removed_at is None


def of_slots(
    tx: Connection, organization_id: int, slot_ids: Collection[int]
) -> dict[int, tuple[int, ...]]:
    """By slot: the employees who give it, in their order; nobody where it has none."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    if slot_ids:
        named = {"organization": organization_id, "slot_ids": slot_ids}
        for slot_id, employee_id in OF_SLOTS.rows(tx, named):
            found[slot_id].append(employee_id)
    return {slot_id: tuple(found[slot_id]) for slot_id in slot_ids}


def put(tx: Connection, organization_id: int, instructors: Mapping[int, Sequence[int]]) -> None:
    """These employees give these slots from now on, in this order and nobody else."""
    if not instructors:
        return
    named = {"organization": organization_id, "slot_ids": instructors.keys()}
    tx.execute(REMOVE_FROM_SLOTS, named)
    rows = [
        {
            "organization_id": organization_id,
            "slot_id": slot_id,
            "position": position,
            "employee_id": employee_id,
        }
        for slot_id, employee_ids in instructors.items()
        for position, employee_id in enumerate(employee_ids)
    ]
    if rows:
        tx.execute(ADD_TO_SLOTS, rows)


def known(tx: Connection, organization_id: int, employee_ids: Collection[int]) -> set[int]:
    """Those of these ids that are employees of the organization."""
    if not employee_ids:
        return set()
    named = {"organization": organization_id, "employee_ids": employee_ids}
    return set(tx.execute(EMPLOYEES, named).scalars())


def stand_ins(
    tx: Connection, organization_id: int, slot_ids: Collection[int]
) -> dict[int, list[StandIn]]:
    """By slot: all stand-ins there ever were, in the order in which they were put."""
    found: dict[int, list[StandIn]] = {slot_id: [] for slot_id in slot_ids}
    if slot_ids:
        named = {"organization": organization_id, "slot_ids": slot_ids}
        for row in STAND_INS.rows(tx, named):
            found[row.slot_id].append(StandIn(*row))
    return found


def add_stand_in(
    tx: Connection,
    organization_id: int,
    slot_id: int,
    *,
    replaced_id: int,
    stand_in_id: int,
    reason: str | None,
    at: datetime,
) -> None:
    [number] = take_numbers(tx, 1)
    tx.execute(
        ADD_STAND_IN,
        {
            "organization_id": organization_id,
            "id": number,
            "slot_id": slot_id,
            "replaced_id": replaced_id,
            "stand_in_id": stand_in_id,
            "reason": reason,
            "set_at": at,
        },
    )


def end_stand_ins(
    tx: Connection, organization_id: int, stand_in_ids: Collection[int], at: datetime
) -> None:
    """They no longer hold; the record stays."""
    if stand_in_ids:
        named = {"organization": organization_id, "stand_in_ids": stand_in_ids, "at": at}
        tx.execute(END_STAND_INS, named)
