"""Series: their plans, and the slots that they have.

A slot is known to its series by `occurrence`, the local start that was planned for it first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Date,
    DateTime,
    Integer,
    bindparam,
    delete,
    exists,
    insert,
    or_,
    select,
    text,
    update,
)

from kursplan.domain.recurrence import Occurrence
from kursplan.domain.series import ClassDefaults, Series, SeriesPlan
from kursplan.domain.slots import Override, SlotStatus
from kursplan.domain.studios import zone_of
from kursplan.store.engine.dialect import any_of, insert_unless_there
from kursplan.store.engine.driver import Fixed, update_many
from kursplan.store.engine.rows import AnyRow
from kursplan.store.engine.together import Together
from kursplan.store.rules import instructors
from kursplan.store.rules.across import organizations_with
from kursplan.store.tables import (
    ORGANIZATION,
    TO_EXTEND,
    class_,
    series,
    series_instructor,
    slot,
    studio,
)

DUE_AT_ONCE = 100
"""How many series of one organization are given out at a time, new ones and others."""

_zone = lru_cache(maxsize=512)(zone_of)

_SERIES_ID = bindparam("series_id", type_=BigInteger)
_CLASS_ID = bindparam("class_id", type_=BigInteger)
_UNTIL = bindparam("until", type_=Date)

_STANDARD = (
    class_.c.duration.label("class_duration"),
    class_.c.max_participants.label("class_max_participants"),
    class_.c.max_waiting_list.label("class_max_waiting_list"),
)

_SERIES = (
    select(
        series.c.id,
        series.c.key,
        series.c.class_id,
        series.c.studio_id,
        series.c.weekdays,
        series.c.start_time,
        series.c.duration,
        series.c.first_day,
        series.c.last_day,
        series.c.location_id,
        series.c.own,
        series.c.max_participants,
        series.c.max_waiting_list,
        series.c.extended_until,
        series.c.ended_at,
        studio.c.zone,
        *_STANDARD,
    )
    .select_from(
        series.join(
            class_,
            (class_.c.organization_id == series.c.organization_id)
            & (class_.c.id == series.c.class_id),
        ).join(
            studio,
            (studio.c.organization_id == series.c.organization_id)
            & (studio.c.id == series.c.studio_id),
        )
    )
    .where(series.c.organization_id == ORGANIZATION)
    .order_by(series.c.id)
)

BY_ID = Fixed(_SERIES.where(series.c.id == _SERIES_ID))

EVERY = _SERIES

OF_STUDIO = _SERIES.where(series.c.studio_id == bindparam("studio_id"))

ALIKE = _SERIES.where(
    or_(series.c.extended_until.is_(None), series.c.extended_until < _UNTIL),
    or_(series.c.last_day.is_(None), series.c.last_day >= bindparam("since", type_=Date)),
    or_(
        any_of(series.c.location_id, "rooms"),
        exists(
            select(series_instructor.c.series_id).where(
                series_instructor.c.organization_id == series.c.organization_id,
                series_instructor.c.series_id == series.c.id,
                any_of(series_instructor.c.employee_id, "employee_ids"),
            )
        ),
    ),
)

BY_KEY = select(series.c.id).where(
    series.c.organization_id == ORGANIZATION, series.c.key == bindparam("key")
)

INSTRUCTORS = Fixed(
    select(series_instructor.c.series_id, series_instructor.c.employee_id)
    .where(
        series_instructor.c.organization_id == ORGANIZATION,
        any_of(series_instructor.c.series_id, "series_ids"),
    )
    .order_by(series_instructor.c.series_id, series_instructor.c.position)
)

ADD = insert(series)

CHANGE = (
    update(series)
    .where(series.c.organization_id == ORGANIZATION, series.c.id == _SERIES_ID)
    .values(
        weekdays=bindparam("weekdays"),
        start_time=bindparam("start_time"),
        duration=bindparam("duration"),
        first_day=bindparam("first_day"),
        last_day=bindparam("last_day"),
        location_id=bindparam("location_id"),
        own=bindparam("own"),
        max_participants=bindparam("max_participants"),
        max_waiting_list=bindparam("max_waiting_list"),
        extended_until=bindparam("extended_until"),
        ended_at=bindparam("ended_at"),
    )
)

ADD_INSTRUCTOR = insert(series_instructor)
FORGET_INSTRUCTORS = delete(series_instructor).where(
    series_instructor.c.organization_id == ORGANIZATION,
    series_instructor.c.series_id == _SERIES_ID,
)

STANDARD = (
    select(class_.c.studio_id, studio.c.zone, *_STANDARD)
    .select_from(
        class_.join(
            studio,
            (studio.c.organization_id == class_.c.organization_id)
            & (studio.c.id == class_.c.studio_id),
        )
    )
    .where(class_.c.organization_id == ORGANIZATION, class_.c.id == _CLASS_ID)
)

EXTEND = update_many(series, "extended_until")

KNOWN_SINCE = Fixed(
    select(slot.c.id, slot.c.occurrence)
    .where(
        slot.c.organization_id == ORGANIZATION,
        slot.c.series_id == _SERIES_ID,
        slot.c.occurrence >= bindparam("since", type_=DateTime),
    )
    .order_by(slot.c.occurrence)
)

OCCURRENCE = select(slot.c.occurrence).where(
    slot.c.organization_id == ORGANIZATION, slot.c.id == bindparam("slot_id")
)

TO_COME = (
    select(slot.c.id)
    .where(
        slot.c.organization_id == ORGANIZATION,
        slot.c.series_id == _SERIES_ID,
        slot.c.starts_at > bindparam("now"),
    )
    .order_by(slot.c.id)
)

FUTURE_OF_CLASS = (
    select(slot.c.id, series.c.duration, series.c.own)
    .select_from(
        slot.outerjoin(
            series,
            (series.c.organization_id == slot.c.organization_id)
            & (series.c.id == slot.c.series_id),
        )
    )
    .where(
        slot.c.organization_id == ORGANIZATION,
        slot.c.class_id == _CLASS_ID,
        slot.c.starts_at > bindparam("now"),
    )
    .order_by(slot.c.id)
)

ADD_SLOT = insert_unless_there(slot, "organization_id", "series_id", "occurrence")

THERE = select(slot.c.id).where(
    slot.c.organization_id == ORGANIZATION, any_of(slot.c.id, "slot_ids")
)

KNOW_AS = (
    update(slot)
    .where(slot.c.organization_id == ORGANIZATION, slot.c.id == bindparam("slot_id"))
    .values(
        series_id=bindparam("new_series_id", type_=BigInteger),
        occurrence=bindparam("new_occurrence", type_=DateTime),
    )
)

_TO_EXTEND = text(f"({TO_EXTEND})")
_NEW = series.c.extended_until.is_(None)
_BEHIND = series.c.extended_until < _UNTIL

ACROSS_DUE = tuple(
    organizations_with(series.c.organization_id, series.c.extended_until, _TO_EXTEND, due)
    for due in (_NEW, _BEHIND)
)

DUE_NEW, DUE_BEHIND = (
    Fixed(
        select(series.c.id)
        .where(series.c.organization_id == ORGANIZATION, _TO_EXTEND, due)
        .order_by(series.c.extended_until)
        .limit(bindparam("limit", type_=Integer))
    )
    for due in (_NEW, _BEHIND)
)


@dataclass(frozen=True, slots=True)
class KnowAs:
    """By which series, and under which original local start, a slot is known from now on."""

    slot_id: int
    series_id: int
    occurrence: datetime | None
    """None where the series itself gives the day up and the slot is cancelled: if the series takes
    the day back one day, a new slot is made."""


@dataclass(frozen=True, slots=True)
class Follower:
    """A slot, and what its series keeps from following the class."""

    slot_id: int
    own_duration: bool
    own: frozenset[Override]


def load(tx: Connection, organization_id: int, series_id: int) -> Series | None:
    """The series, if there is one of that id."""
    named = {"organization": organization_id, "series_id": series_id}
    with Together(tx) as at:
        found = at.rows(BY_ID, named)
    series_found = _with_instructors(tx, organization_id, found.rows)
    return series_found[0] if series_found else None


def every(tx: Connection, organization_id: int) -> list[Series]:
    """All series, those that have ended too, in the order in which they were planned."""
    rows = tx.execute(EVERY, {"organization": organization_id}).all()
    return _with_instructors(tx, organization_id, rows)


def of_studio(tx: Connection, organization_id: int, studio_id: int) -> list[Series]:
    """All series of the studio, those that have ended too, in the order in which they were planned."""
    named = {"organization": organization_id, "studio_id": studio_id}
    return _with_instructors(tx, organization_id, tx.execute(OF_STUDIO, named).all())


def alike(
    tx: Connection,
    organization_id: int,
    rooms: Collection[int],
    employee_ids: Collection[int],
    since: date,
    until: date = date.max,
) -> list[Series]:
    """The series in one of these rooms, or given by any of these, that may take place between these days
    and do not have all of their slots up to `until` yet."""
    named = {
        "organization": organization_id,
        "rooms": rooms,
        "employee_ids": employee_ids,
        "since": since,
        "until": until,
    }
    return _with_instructors(tx, organization_id, tx.execute(ALIKE, named).all())


def find(tx: Connection, organization_id: int, key: str) -> int | None:
    """The id of the series that goes by `key`."""
    named = {"organization": organization_id, "key": key}
    return tx.execute(BY_KEY, named).scalar_one_or_none()


def add(tx: Connection, organization_id: int, planned: Series) -> None:
    tx.execute(
        ADD,
        {
            "organization_id": organization_id,
            "id": planned.id,
            "class_id": planned.class_id,
            "studio_id": planned.studio_id,
            "key": planned.key,
            **_changeable(planned),
        },
    )
    _add_instructors(tx, organization_id, planned)


def change(tx: Connection, organization_id: int, changed: Series) -> None:
    """Write down all that can change about the series."""
    named = {"organization": organization_id, "series_id": changed.id}
    tx.execute(CHANGE, named | _changeable(changed))
    tx.execute(FORGET_INSTRUCTORS, named)
    _add_instructors(tx, organization_id, changed)


def extend(tx: Connection, organization_id: int, series_id: int, until: date) -> None:
    """Write down that its slots reach up to that day."""
    with Together(tx) as at:
        at.run(EXTEND, organization_id, [(series_id, until)])


def _add_instructors(tx: Connection, organization_id: int, of: Series) -> None:
    if not of.plan.instructors:
        return
    tx.execute(
        ADD_INSTRUCTOR,
        [
            {
                "organization_id": organization_id,
                "series_id": of.id,
                "position": position,
                "employee_id": employee_id,
            }
            for position, employee_id in enumerate(of.plan.instructors)
        ],
    )


def _changeable(each: Series) -> dict[str, Any]:
    plan = each.plan
    return {
        "weekdays": sorted(plan.weekdays),
        "start_time": plan.start_time,
        "duration": plan.duration,
        "first_day": plan.first_day,
        "last_day": plan.last_day,
        "location_id": plan.location_id,
        "own": sorted(plan.own),
        "max_participants": plan.max_participants,
        "max_waiting_list": plan.max_waiting_list,
        "extended_until": each.extended_until,
        "ended_at": each.ended_at,
    }


def _with_instructors(tx: Connection, organization_id: int, rows: Sequence[AnyRow]) -> list[Series]:
    if not rows:
        return []
    given: defaultdict[int, list[int]] = defaultdict(list)
    named = {"organization": organization_id, "series_ids": [row.id for row in rows]}
    with Together(tx) as at:
        who = at.rows(INSTRUCTORS, named)
    for series_id, employee_id in who.rows:
        given[series_id].append(employee_id)
    return [
        Series(
            id=row.id,
            key=row.key,
            class_id=row.class_id,
            studio_id=row.studio_id,
            zone=_zone(row.zone),
            standard=_standard(row),
            plan=SeriesPlan(
                weekdays=frozenset(row.weekdays),
                start_time=row.start_time,
                first_day=row.first_day,
                last_day=row.last_day,
                duration=row.duration,
                location_id=row.location_id,
                instructors=tuple(given[row.id]),
                own=frozenset(map(Override, row.own)),
                max_participants=row.max_participants,
                max_waiting_list=row.max_waiting_list,
            ),
            extended_until=row.extended_until,
            ended_at=row.ended_at,
        )
        for row in rows
    ]


# What a plan names.


def standard_of(tx: Connection, organization_id: int, class_id: int) -> ClassDefaults | None:
    """What the class gives to its slots; None where there is no such class."""
    row = _class(tx, organization_id, class_id)
    return None if row is None else _standard(row)


def new_in_class(
    tx: Connection,
    organization_id: int,
    class_id: int,
    *,
    series_id: int,
    key: str,
    plan: SeriesPlan,
) -> Series | None:
    """A series of the class that is not stored yet; None where there is no such class."""
    row = _class(tx, organization_id, class_id)
    if row is None:
        return None
    return Series(series_id, key, class_id, row.studio_id, _zone(row.zone), _standard(row), plan)


def _class(tx: Connection, organization_id: int, class_id: int) -> AnyRow | None:
    named = {"organization": organization_id, "class_id": class_id}
    return tx.execute(STANDARD, named).one_or_none()


def _standard(row: AnyRow) -> ClassDefaults:
    return ClassDefaults(row.class_duration, row.class_max_participants, row.class_max_waiting_list)


# The slots of a series.


def known_since(
    tx: Connection, organization_id: int, series_id: int, since: datetime
) -> dict[int, datetime]:
    """Its slots by the local start that was first planned for them, from `since` on.

    Cancelled ones are among them, except those that the series itself gave up.
    """
    named = {"organization": organization_id, "series_id": series_id, "since": since}
    with Together(tx) as at:
        known = at.rows(KNOWN_SINCE, named)
    return {row.id: row.occurrence for row in known.rows}


def occurrence(tx: Connection, organization_id: int, slot_id: int) -> datetime | None:
    """The local start that its series planned for the slot first, unless it gave that up."""
    named = {"organization": organization_id, "slot_id": slot_id}
    return tx.execute(OCCURRENCE, named).scalar_one_or_none()


def to_come(tx: Connection, organization_id: int, series_id: int, now: datetime) -> list[int]:
    """Its slots that start after `now`, whatever became of them."""
    named = {"organization": organization_id, "series_id": series_id, "now": now}
    return list(tx.execute(TO_COME, named).scalars())


def followers(tx: Connection, organization_id: int, class_id: int, now: datetime) -> list[Follower]:
    """The slots of the class that start after `now`, of a series or not."""
    named = {"organization": organization_id, "class_id": class_id, "now": now}
    return [
        Follower(row.id, row.duration is not None, frozenset(map(Override, row.own or ())))
        for row in tx.execute(FUTURE_OF_CLASS, named)
    ]


def add_slots(
    tx: Connection, organization_id: int, of: Series, made: Iterable[tuple[int, Occurrence]]
) -> list[int]:
    """Make slots of the series, each under a fresh id; those that are there already stay (F24).

    The ids of those that are new.
    """
    shape = of.shape
    rows = [
        {
            "organization_id": organization_id,
            "id": slot_id,
            "class_id": of.class_id,
            "studio_id": of.studio_id,
            "series_id": of.id,
            "key": None,
            "occurrence": each.local_start,
            "local_start": each.local_start,
            "starts_at": each.starts_at,
            "ends_at": each.ends_at,
            "status": SlotStatus.PLANNED,
            "location_id": shape.location_id,
            "own": (),
            "max_participants": shape.max_participants,
            "max_waiting_list": shape.max_waiting_list,
            "additional_participants": 0,
            "seats": 0,
            "waiting": 0,
            "last_sequence": 0,
        }
        for slot_id, each in made
    ]
    if not rows:
        return []
    tx.execute(ADD_SLOT, rows)
    named = {"organization": organization_id, "slot_ids": [row["id"] for row in rows]}
    new = list(tx.execute(THERE, named).scalars())
    instructors.put(tx, organization_id, dict.fromkeys(new, shape.instructors))
    return new


def know_as(tx: Connection, organization_id: int, known: Iterable[KnowAs]) -> None:
    """Write down by which series and under which original local start these slots are known."""
    rows = [
        {
            "organization": organization_id,
            "slot_id": each.slot_id,
            "new_series_id": each.series_id,
            "new_occurrence": each.occurrence,
        }
        for each in known
    ]
    if rows:
        tx.execute(KNOW_AS, rows)


# Which series are to be extended.


def organizations_due(tx: Connection, until: date) -> list[int]:
    """The organizations that have a series whose slots do not reach to `until` yet."""
    found = (tx.execute(each, {"until": until}).scalars() for each in ACROSS_DUE)
    return sorted({organization_id for some in found for organization_id in some})


def due(tx: Connection, organization_id: int, until: date) -> list[int]:
    """Some series of the organization whose slots do not reach to `until` yet, new ones first."""
    named = {"organization": organization_id, "until": until, "limit": DUE_AT_ONCE}
    with Together(tx) as at:
        found = [at.rows(DUE_NEW, named), at.rows(DUE_BEHIND, named)]
    return [row.id for answer in found for row in answer.rows]
