"""Rooms and instructors around a time: whoever places a slot asks whether they are free.

Only planned slots count: what is cancelled takes nobody's time, and what is completed is over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Connection,
    and_,
    bindparam,
    cast,
    null,
    or_,
    select,
    text,
    union_all,
)

from kursplan.domain.clashes import Clash, ClashingSlot, Held, Needed, OnClash, Overlap
from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.tables import (
    ORGANIZATION,
    class_,
    employee,
    location,
    slot,
    slot_instructor,
    studio,
)

LONGEST = timedelta(days=1)
"""No slot lasts longer: so far from the time that is asked for may one end that falls on it."""

_WHEN = (slot.c.id.label("slot_id"), slot.c.class_id, slot.c.starts_at, slot.c.ends_at)

TO_COME = (
    select(location.c.id.label("room"), slot_instructor.c.employee_id, *_WHEN)
    .select_from(
        slot.outerjoin(
            location,
            and_(
                location.c.organization_id == slot.c.organization_id,
                location.c.id == slot.c.location_id,
                location.c.shared.is_not(True),
            ),
        ).outerjoin(
            slot_instructor,
            (slot_instructor.c.organization_id == slot.c.organization_id)
            & (slot_instructor.c.slot_id == slot.c.id),
        )
    )
    .where(
        slot.c.organization_id == ORGANIZATION,
        text("slot.status = 'PLANNED'"),
        slot.c.ends_at > bindparam("since", type_=Instant),
    )
)

_ROOMS_NOT_SHARED = select(
    location.c.id,
    *(cast(null(), each) for each in (BigInteger, BigInteger, BigInteger, Instant, Instant)),
).where(
    location.c.organization_id == ORGANIZATION,
    any_of(location.c.id, "rooms"),
    location.c.shared.is_not(True),
)

AROUND = union_all(
    TO_COME.where(
        slot.c.ends_at < bindparam("last_end", type_=Instant),
        slot.c.starts_at < bindparam("until", type_=Instant),
        or_(
            any_of(slot.c.location_id, "rooms"),
            any_of(slot_instructor.c.employee_id, "employee_ids"),
        ),
    ),
    _ROOMS_NOT_SHARED,
)
"""What is around that time in these rooms, or given by these employees; and which of the rooms are not
shared, whether anything is there or not."""

CLASSES = (
    select(
        class_.c.id, class_.c.title, studio.c.key.label("studio"), studio.c.zone, studio.c.clashes
    )
    .select_from(
        class_.join(
            studio,
            (studio.c.organization_id == class_.c.organization_id)
            & (studio.c.id == class_.c.studio_id),
        )
    )
    .where(class_.c.organization_id == ORGANIZATION, any_of(class_.c.id, "class_ids"))
)

EMPLOYEES = select(employee.c.id, employee.c.first_name, employee.c.last_name).where(
    employee.c.organization_id == ORGANIZATION, any_of(employee.c.id, "employee_ids")
)

ROOMS = select(location.c.id, location.c.name).where(
    location.c.organization_id == ORGANIZATION, any_of(location.c.id, "rooms")
)


def around(
    tx: Connection, organization_id: int, placed: Collection[Held]
) -> tuple[list[Held], set[int]]:
    """What is planned at about those times with the same rooms or instructors; and which rooms are not shared.

    Of two instructors of a slot it may be told only of the one who is asked about.
    """
    until = max(each.ends_at for each in placed)
    needs = {need for each in placed for need in each.needs}
    named = {
        "organization": organization_id,
        "since": min(each.starts_at for each in placed),
        "until": until,
        "last_end": until + LONGEST,
        "rooms": {which for needed, which in needs if needed is Needed.ROOM},
        "employee_ids": {which for needed, which in needs if needed is Needed.INSTRUCTOR},
    }
    rows = tx.execute(AROUND, named).all()
    alone = {room for room, _, slot_id, *_ in rows if slot_id is None}
    return _held(rows), alone


def to_come(tx: Connection, organization_id: int, now: datetime) -> list[Held]:
    """All slots of the organization that take place and are not over."""
    return _held(tx.execute(TO_COME, {"organization": organization_id, "since": now}))


def _held(rows: Iterable[AnyRow]) -> list[Held]:
    """The slots of these rows, of which there is one for each instructor; those of rooms are left out."""
    found: dict[int, tuple[int, datetime, datetime, int | None]] = {}
    given_by = defaultdict[int, set[int]](set)
    # A week of a large studio is hundreds of rows: they are taken apart at once, not asked for each column.
    for room, employee_id, slot_id, class_id, starts_at, ends_at in rows:
        if slot_id is not None:
            found.setdefault(slot_id, (class_id, starts_at, ends_at, room))
            if employee_id is not None:
                given_by[slot_id].add(employee_id)
    return [Held(slot_id, *held, frozenset(given_by[slot_id])) for slot_id, held in found.items()]


def told(tx: Connection, organization_id: int, found: Collection[Overlap]) -> tuple[Clash, ...]:
    """The same with names, and whether the studio of either slot refuses it."""
    if not found:
        return ()
    named = {"organization": organization_id}
    class_ids = {each.class_id for one in found for each in (one.one, one.other)}
    classes: dict[int, AnyRow] = {
        row.id: row for row in tx.execute(CLASSES, {**named, "class_ids": class_ids})
    }
    names: dict[tuple[Needed, int], str] = {}
    if employees := {each.id for each in found if each.needed is Needed.INSTRUCTOR}:
        for each in tx.execute(EMPLOYEES, {**named, "employee_ids": employees}):
            names[Needed.INSTRUCTOR, each.id] = f"{each.first_name} {each.last_name}"
    if rooms := {each.id for each in found if each.needed is Needed.ROOM}:
        for room in tx.execute(ROOMS, {**named, "rooms": rooms}):
            names[Needed.ROOM, room.id] = room.name
    return tuple(
        Clash(
            each.needed,
            each.id,
            names[each.needed, each.id],
            (_slot(each.one, classes), _slot(each.other, classes)),
            refused=_refuses(classes[held.class_id] for held in (each.one, each.other)),
        )
        for each in found
    )


def _slot(held: Held, classes: dict[int, AnyRow]) -> ClashingSlot:
    of = classes[held.class_id]
    return ClashingSlot(held.slot_id, of.title, of.studio, of.zone, held.starts_at, held.ends_at)


def _refuses(classes: Iterable[AnyRow]) -> bool:
    return any(each.clashes is OnClash.REFUSE for each in classes)
