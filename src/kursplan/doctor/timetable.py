"""The plan: whether slots are what studio, class and series make them, and given by who is there.

Only slots to come are looked at. What was changed by hand on a slot, or has begun, stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import bindparam, or_, select, text

from kursplan.doctor.findings import Finding, Invariant, Patient
from kursplan.domain.localtime import day_of
from kursplan.domain.refusals import Kind
from kursplan.domain.series import Shape
from kursplan.domain.settling import kind_of
from kursplan.domain.slots import Override
from kursplan.domain.studios import Closure, outside_of_life, zone_of
from kursplan.store.engine.dialect import Instant
from kursplan.store.engine.rows import AnyRow
from kursplan.store.rules import clock, instructors, series, timezones
from kursplan.store.tables import (
    ORGANIZATION,
    booking,
    class_,
    closure,
    employee,
    location,
    series_instructor,
    slot,
    slot_instructor,
    studio,
)
from kursplan.store.tables import series as series_table

_NOW = bindparam("now", type_=Instant)
_ONE_MINUTE = timedelta(minutes=1)

FLAGS_WHEN_CLOSED = frozenset({Kind.NOT_AVAILABLE, Kind.DISPLAY_ONLY, Kind.STUDIO_CLOSED})
"""With which a booking may be flagged while the studio is closed: the first guard is told."""
_PLANNED_TO_COME = (slot.c.starts_at > _NOW, text("slot.status = 'PLANNED'"))
_CLASS_OF_SLOT = (class_.c.organization_id == slot.c.organization_id) & (
    class_.c.id == slot.c.class_id
)
_SERIES_OF_SLOT = (series_table.c.organization_id == slot.c.organization_id) & (
    series_table.c.id == slot.c.series_id
)
_SLOT_OF_BOOKING = (slot.c.organization_id == booking.c.organization_id) & (
    slot.c.id == booking.c.slot_id
)
_STUDIO_OF_SLOT = (studio.c.organization_id == slot.c.organization_id) & (
    studio.c.id == slot.c.studio_id
)

FOLLOWING_CLASS = (
    select(
        slot.c.id,
        slot.c.class_id,
        slot.c.starts_at,
        slot.c.ends_at,
        slot.c.own,
        slot.c.max_participants,
        slot.c.max_waiting_list,
        series_table.c.own.label("series_own"),
        series_table.c.duration.label("series_duration"),
        class_.c.duration,
        class_.c.max_participants.label("class_max_participants"),
        class_.c.max_waiting_list.label("class_max_waiting_list"),
    )
    .select_from(slot.join(class_, _CLASS_OF_SLOT).outerjoin(series_table, _SERIES_OF_SLOT))
    .where(slot.c.organization_id == ORGANIZATION, *_PLANNED_TO_COME)
    .order_by(slot.c.id)
)

FOLLOWING_SERIES = (
    select(
        slot.c.id,
        slot.c.series_id,
        slot.c.local_start,
        slot.c.starts_at,
        slot.c.ends_at,
        slot.c.location_id,
        slot.c.max_participants,
        slot.c.max_waiting_list,
        slot.c.own,
        studio.c.zone,
    )
    .select_from(slot.join(studio, _STUDIO_OF_SLOT))
    .where(
        slot.c.organization_id == ORGANIZATION,
        *_PLANNED_TO_COME,
        slot.c.series_id.is_not(None),
    )
    .order_by(slot.c.series_id, slot.c.id)
)

GIVEN_BY_WHO_IS_GONE = (
    select(slot.c.id, slot_instructor.c.employee_id)
    .select_from(
        slot_instructor.join(
            slot,
            (slot.c.organization_id == slot_instructor.c.organization_id)
            & (slot.c.id == slot_instructor.c.slot_id),
        ).join(
            employee,
            (employee.c.organization_id == slot_instructor.c.organization_id)
            & (employee.c.id == slot_instructor.c.employee_id),
        )
    )
    .where(
        slot_instructor.c.organization_id == ORGANIZATION,
        employee.c.deleted_at.is_not(None),
        *_PLANNED_TO_COME,
    )
    .order_by(slot.c.id, slot_instructor.c.employee_id)
)

SERIES_OF_WHO_IS_GONE = (
    select(
        series_table.c.id, series_table.c.last_day, series_instructor.c.employee_id, studio.c.zone
    )
    .select_from(
        series_instructor.join(
            series_table,
            (series_table.c.organization_id == series_instructor.c.organization_id)
            & (series_table.c.id == series_instructor.c.series_id),
        )
        .join(
            employee,
            (employee.c.organization_id == series_instructor.c.organization_id)
            & (employee.c.id == series_instructor.c.employee_id),
        )
        .join(
            studio,
            (studio.c.organization_id == series_table.c.organization_id)
            & (studio.c.id == series_table.c.studio_id),
        )
    )
    .where(series_instructor.c.organization_id == ORGANIZATION, employee.c.deleted_at.is_not(None))
    .order_by(series_table.c.id, series_instructor.c.employee_id)
)

BOOKED_TO_COME = (
    select(
        booking.c.id,
        booking.c.slot_id,
        booking.c.conflict,
        booking.c.settled,
        slot.c.starts_at,
        slot.c.ends_at,
        slot.c.studio_id,
    )
    .select_from(booking.join(slot, _SLOT_OF_BOOKING))
    .where(
        booking.c.organization_id == ORGANIZATION,
        text("booking.status <> 'CANCELED'"),
        *_PLANNED_TO_COME,
    )
    .order_by(booking.c.slot_id, booking.c.id)
)

LIVES = (
    select(studio.c.id, studio.c.zone, studio.c.opening_date, studio.c.closing_date)
    .where(studio.c.organization_id == ORGANIZATION)
    .order_by(studio.c.id)
)

CLOSED = (
    select(closure.c.studio_id, closure.c.local_from, closure.c.local_to, studio.c.zone)
    .select_from(
        closure.join(
            studio,
            (studio.c.organization_id == closure.c.organization_id)
            & (studio.c.id == closure.c.studio_id),
        )
    )
    .where(closure.c.organization_id == ORGANIZATION)
)

IN_SEVERAL_STUDIOS = (
    select(slot.c.id)
    .select_from(
        slot.join(class_, _CLASS_OF_SLOT)
        .outerjoin(series_table, _SERIES_OF_SLOT)
        .outerjoin(
            location,
            (location.c.organization_id == slot.c.organization_id)
            & (location.c.id == slot.c.location_id),
        )
    )
    .where(
        slot.c.organization_id == ORGANIZATION,
        or_(
            class_.c.studio_id != slot.c.studio_id,
            series_table.c.studio_id != slot.c.studio_id,
            series_table.c.class_id != slot.c.class_id,
            location.c.studio_id != slot.c.studio_id,
        ),
    )
    .order_by(slot.c.id)
)

BOOKED_IN_ANOTHER_STUDIO = (
    select(booking.c.id, booking.c.slot_id)
    .select_from(booking.join(slot, _SLOT_OF_BOOKING))
    .where(booking.c.organization_id == ORGANIZATION, booking.c.studio_id != slot.c.studio_id)
    .order_by(booking.c.id)
)


def _times_mean_the_same(patient: Patient) -> Iterator[Finding]:
    for each in timezones.retimed_slots(patient.tx, patient.organization_id, patient.now):
        yield patient.finding(
            f"slot {each.slot_id} was booked for {each.times.stored_starts_at.isoformat()}, "
            f"but {each.times.local_start.isoformat(' ', 'minutes')} in {each.zone} now means "
            f"{each.times.starts_at.isoformat()}",
            slot_id=each.slot_id,
            studio_id=each.studio_id,
        )


def _slots_follow_their_class(patient: Patient) -> Iterator[Finding]:
    for row in patient.rows(FOLLOWING_CLASS, now=patient.now):
        own = {*row.own, *(row.series_own or ())}
        wanted = {
            "takes": (
                (row.ends_at - row.starts_at) // _ONE_MINUTE,
                row.duration,
                Override.TIME in row.own or row.series_duration is not None,
            ),
            "has seats": (
                row.max_participants,
                row.class_max_participants,
                Override.MAX_PARTICIPANTS in own,
            ),
            "has places to wait": (
                row.max_waiting_list,
                row.class_max_waiting_list,
                Override.MAX_WAITING_LIST in own,
            ),
        }
        differing = [
            f"{what} {_number(has)} instead of {_number(classes)}"
            for what, (has, classes, is_own) in wanted.items()
            if has != classes and not is_own
        ]
        if differing:
            yield patient.finding(
                f"slot {row.id} {', '.join(differing)}, which is what its class {row.class_id} gives",
                slot_id=row.id,
                class_id=row.class_id,
            )


def _slots_follow_their_series(patient: Patient) -> Iterator[Finding]:
    tx, organization_id = patient.tx, patient.organization_id
    rows = list(patient.rows(FOLLOWING_SERIES, now=patient.now))
    given = instructors.of_slots(tx, organization_id, [row.id for row in rows])
    series_of = cache(lambda series_id: series.load(tx, organization_id, series_id))
    for row in rows:
        of = series_of(row.series_id)
        day = row.local_start.date()
        # A slot of today keeps its time where the new one was past already.
        if of is None or day <= day_of(patient.now, zone_of(row.zone)):
            continue
        if Override.TIME not in row.own and not of.plan.takes_place_on(day):
            yield patient.finding(
                f"slot {row.id} is on {day}, a day that its series {of.id} does not have",
                slot_id=row.id,
            )
        elif differing := _unlike(row, given[row.id], of.plan.start_on(day), of.shape):
            yield patient.finding(
                f"slot {row.id} has another {' and another '.join(differing)} than its series {of.id}",
                slot_id=row.id,
                series_id=of.id,
            )


def _unlike(
    row: AnyRow, given_by: tuple[int, ...], local_start: datetime, shape: Shape
) -> list[str]:
    """In what the slot is not as its series has it on that day, but for what is pinned."""
    found = {
        "time": (Override.TIME, row.local_start != local_start),
        "duration": (Override.TIME, row.ends_at - row.starts_at != shape.duration * _ONE_MINUTE),
        "room": (Override.LOCATION, row.location_id != shape.location_id),
        "instructor": (Override.INSTRUCTORS, given_by != shape.instructors),
        "number of seats": (
            Override.MAX_PARTICIPANTS,
            row.max_participants != shape.max_participants,
        ),
        "waiting list": (Override.MAX_WAITING_LIST, row.max_waiting_list != shape.max_waiting_list),
    }
    return [what for what, (own, differs) in found.items() if differs and own not in row.own]


def _who_is_gone_gives_nothing(patient: Patient) -> Iterator[Finding]:
    for row in patient.rows(GIVEN_BY_WHO_IS_GONE, now=patient.now):
        yield patient.finding(
            f"employee {row.employee_id} is deleted, and gives slot {row.id}",
            slot_id=row.id,
            employee_id=row.employee_id,
        )
    for row in patient.rows(SERIES_OF_WHO_IS_GONE):
        if row.last_day is None or row.last_day >= day_of(patient.now, zone_of(row.zone)):
            yield patient.finding(
                f"employee {row.employee_id} is deleted, and gives series {row.id}",
                employee_id=row.employee_id,
            )


def _closures_are_flagged(patient: Patient) -> Iterator[Finding]:
    closed: dict[int, list[Closure]] = {}
    for row in patient.rows(CLOSED):
        times = Closure.of_local(row.local_from, row.local_to, zone_of(row.zone))
        closed.setdefault(row.studio_id, []).append(times)
    for row in patient.rows(LIVES):
        outside = outside_of_life(row.opening_date, row.closing_date, zone_of(row.zone))
        closed.setdefault(row.id, []).extend(outside)
    for row in patient.rows(BOOKED_TO_COME, now=patient.now):
        is_closed = any(
            each.falls_on(row.starts_at, row.ends_at) for each in closed.get(row.studio_id, ())
        )
        rule = row.conflict and row.conflict.rule
        settled = Kind.STUDIO_CLOSED in map(kind_of, row.settled or ())
        if is_closed and (settled or rule in FLAGS_WHEN_CLOSED):
            continue
        if not is_closed and not settled and rule is not Kind.STUDIO_CLOSED:
            continue
        yield patient.finding(
            f"booking {row.id} is on slot {row.slot_id}, "
            + (
                "when the studio is closed, and not flagged for it"
                if is_closed
                else "and flagged for a closure that there is not"
            ),
            slot_id=row.slot_id,
            bookings=[row.id],
        )


def _one_studio(patient: Patient) -> Iterator[Finding]:
    for row in patient.rows(IN_SEVERAL_STUDIOS):
        yield patient.finding(
            f"slot {row.id} is in another studio, or of another class, than its class, its series "
            "or its room",
            slot_id=row.id,
        )
    for row in patient.rows(BOOKED_IN_ANOTHER_STUDIO):
        yield patient.finding(
            f"booking {row.id} is in another studio than its slot {row.slot_id}",
            slot_id=row.slot_id,
            bookings=[row.id],
        )


def _what_is_completed_is_over(patient: Patient) -> Iterator[Finding]:
    for slot_id in clock.completed_too_early(patient.tx, patient.organization_id, patient.now):
        yield patient.finding(
            f"slot {slot_id} is completed, and has not ended yet", slot_id=slot_id
        )


def _number(limit: int | None) -> str:
    return "no limit" if limit is None else str(limit)


LOOKS = (
    (Invariant.TIMES_MEAN_THE_SAME, _times_mean_the_same),
    (Invariant.SLOTS_FOLLOW_THEIR_CLASS, _slots_follow_their_class),
    (Invariant.SLOTS_FOLLOW_THEIR_SERIES, _slots_follow_their_series),
    (Invariant.WHO_IS_GONE_GIVES_NOTHING, _who_is_gone_gives_nothing),
    (Invariant.CLOSURES_ARE_FLAGGED, _closures_are_flagged),
    (Invariant.ONE_STUDIO, _one_studio),
    (Invariant.WHAT_IS_COMPLETED_IS_OVER, _what_is_completed_is_over),
)
