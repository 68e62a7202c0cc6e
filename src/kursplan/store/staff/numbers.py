"""The numbers of some studios: summed up in the database, in one statement for each time that is looked at.

A slot counts its own seats and who waits, so most of it is read of slots. Of bookings only those are read that
came to nothing, which have an index of their own, and of those who were turned away whether they had a place
in the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    FromClause,
    Integer,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    cast,
    exists,
    extract,
    func,
    literal_column,
    or_,
    select,
    text,
    union_all,
)

from kursplan.domain.bookings import BookingStatus, Participation
from kursplan.domain.numbers import Days, Sums
from kursplan.store.engine.dialect import Instant, MinutesBetween, any_of
from kursplan.store.tables import (
    CAME_TO_NOTHING,
    ORGANIZATION,
    booking,
    slot,
    slot_instructor,
    turned_away,
)

FARTHEST: Final = timedelta(hours=26)
"""By how much a local time and UTC never differ: what is left out by it would not have been counted."""
ANY: Final = 0
"""Stands for every class, room and instructor."""


class By(StrEnum):
    """By what is summed up, each with what its numbers are."""

    CLASS = "CLASS"
    """The class."""
    ROOM = "ROOM"
    """The room; 0 where there is none."""
    INSTRUCTOR = "INSTRUCTOR"
    """The employee. Who give a slot together are each told all of it."""
    HOUR = "HOUR"
    """Weekday, 0 for Sunday, and the hour of the start."""
    DAY = "DAY"
    """Year, month and day."""
    START = "START"
    """Class, weekday, and the start in minutes of the day."""


_SINCE, _UNTIL, _NOW = (bindparam(name, type_=Instant) for name in ("since", "until", "now"))
_CLASS, _ROOM, _EMPLOYEE = (
    bindparam(name, type_=BigInteger) for name in ("class_id", "room_id", "employee_id")
)


def _is_or_any(one: ColumnElement[Any], asked: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(asked == ANY, one == asked)


def _part(of: str) -> ColumnElement[int]:
    """A part of the start as the clock on the studio's wall shows it."""
    return cast(extract(of, slot.c.local_start), Integer)


_IS_LIMITED = slot.c.max_participants > 0


def _came_to_nothing(*conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    """How many bookings of the slot did, in that way: few stand in the index that finds them."""
    return (
        select(func.count())
        .where(
            booking.c.organization_id == slot.c.organization_id,
            booking.c.slot_id == slot.c.id,
            text(f"({CAME_TO_NOTHING})"),
            *conditions,
        )
        .scalar_subquery()
    )


_TURNED_AWAY = (
    select(func.count())
    .where(
        turned_away.c.organization_id == slot.c.organization_id,
        turned_away.c.slot_id == slot.c.id,
        ~exists().where(
            booking.c.organization_id == turned_away.c.organization_id,
            booking.c.slot_id == turned_away.c.slot_id,
            booking.c.customer_id == turned_away.c.customer_id,
            text("booking.status <> 'CANCELED'"),
        ),
    )
    .scalar_subquery()
)

_EACH = (
    select(
        slot.c.organization_id,
        slot.c.id,
        slot.c.class_id,
        func.coalesce(slot.c.location_id, 0).label("location_id"),
        _part("dow").label("weekday"),
        _part("hour").label("hour"),
        (_part("hour") * 60 + _part("minute")).label("minute"),
        _part("year").label("year"),
        _part("month").label("month"),
        _part("day").label("day"),
        case((_IS_LIMITED, slot.c.max_participants), else_=0).label("offered"),
        case((_IS_LIMITED, slot.c.seats + slot.c.additional_participants), else_=0).label("taken"),
        slot.c.seats.label("booked"),
        slot.c.waiting.label("waited"),
        MinutesBetween(slot.c.starts_at, slot.c.ends_at).label("minutes"),
        _came_to_nothing(
            booking.c.participation == Participation.NOT_PARTICIPATING,
            booking.c.status != BookingStatus.CANCELED,
        ).label("missing"),
        _came_to_nothing(booking.c.late, booking.c.status == BookingStatus.CANCELED).label("late"),
        _TURNED_AWAY.label("turned_away"),
    )
    .where(
        slot.c.organization_id == ORGANIZATION,
        any_of(slot.c.studio_id, "studio_ids"),
        slot.c.starts_at >= _SINCE,
        slot.c.starts_at < _UNTIL,
        slot.c.local_start >= bindparam("local_since", type_=DateTime),
        slot.c.local_start < bindparam("local_until", type_=DateTime),
        slot.c.ends_at <= _NOW,
        text("slot.status <> 'CANCELED'"),
        _is_or_any(slot.c.class_id, _CLASS),
        _is_or_any(slot.c.location_id, _ROOM),
        or_(
            _EMPLOYEE == ANY,
            exists().where(
                slot_instructor.c.organization_id == slot.c.organization_id,
                slot_instructor.c.slot_id == slot.c.id,
                slot_instructor.c.employee_id == _EMPLOYEE,
            ),
        ),
    )
    .cte("each_slot")
)
"""What comes of a slot is looked up slot by slot: joined as a whole, PostgreSQL compares each slot with each
booking, because it can't know how many of either there are."""

_NONE = literal_column("0", Integer)
_SUMMED_UP = (
    "offered",
    "taken",
    "booked",
    "missing",
    "late",
    "waited",
    "turned_away",
    "minutes",
)


def _summed(by: By, *names: ColumnElement[int], of: FromClause = _EACH) -> Select[Any]:
    """A row for each of what these are, with all that is summed up."""
    filled = [*names, *[_NONE] * (3 - len(names))]
    columns: list[ColumnElement[Any]] = [
        literal_column(f"'{by}'").label("by"),
        *(each.label(name) for each, name in zip(filled, ("a", "b", "c"), strict=True)),
        func.count().label("slots"),
        *(func.sum(_EACH.c[name]).label(name) for name in _SUMMED_UP),
    ]
    return select(*columns).select_from(of).group_by(*names)


_GIVEN = _EACH.join(
    slot_instructor,
    and_(
        slot_instructor.c.organization_id == _EACH.c.organization_id,
        slot_instructor.c.slot_id == _EACH.c.id,
    ),
)

SUMS = union_all(
    _summed(By.CLASS, _EACH.c.class_id),
    _summed(By.ROOM, _EACH.c.location_id),
    _summed(By.HOUR, _EACH.c.weekday, _EACH.c.hour),
    _summed(By.DAY, _EACH.c.year, _EACH.c.month, _EACH.c.day),
    _summed(By.START, _EACH.c.class_id, _EACH.c.weekday, _EACH.c.minute),
    _summed(By.INSTRUCTOR, slot_instructor.c.employee_id, of=_GIVEN).where(
        slot_instructor.c.organization_id == ORGANIZATION
    ),
)

Summed = Mapping[By, Mapping[tuple[int, int, int], Sums]]


@dataclass(frozen=True, slots=True)
class Asked:
    """Of what: these studios; in them one class, room or instructor, or `ANY`."""

    studio_ids: Collection[int]
    class_id: int = ANY
    room_id: int = ANY
    employee_id: int = ANY


def sums(tx: Connection, organization_id: int, of: Asked, days: Days, now: datetime) -> Summed:
    """All slots that took place on these days of their studio and are over."""
    since = datetime.combine(days.first, time())
    until = datetime.combine(days.last + timedelta(days=1), time())
    named = {
        "organization": organization_id,
        "studio_ids": list(of.studio_ids),
        "class_id": of.class_id,
        "room_id": of.room_id,
        "employee_id": of.employee_id,
        "local_since": since,
        "local_until": until,
        "since": since.replace(tzinfo=now.tzinfo) - FARTHEST,
        "until": until.replace(tzinfo=now.tzinfo) + FARTHEST,
        "now": now,
    }
    found: defaultdict[By, dict[tuple[int, int, int], Sums]] = defaultdict(dict)
    for row in tx.execute(SUMS, named):
        found[By(row.by)][row.a, row.b, row.c] = Sums(*map(round, row[4:]))
    return found


def compared(
    tx: Connection, organization_id: int, of: Asked, days: Days, before: Days, now: datetime
) -> tuple[Summed, Summed]:
    """The same of these days and of those before."""
    return (
        sums(tx, organization_id, of, days, now),
        sums(tx, organization_id, of, before, now),
    )
