"""Classes and their slots, as a partner shows them (contract section 2, endpoints 1 to 5)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from kursplan.api import wire
from kursplan.api.call import Call
from kursplan.api.error_codes import ErrorCode
from kursplan.api.errors import ApiError
from kursplan.api.slices import (
    after_id,
    after_position,
    cut,
    id_offset,
    position_offset,
    size_of,
)
from kursplan.api.wire import given, zoned
from kursplan.domain.classes import OnlineBooking
from kursplan.domain.localtime import day_of, start_of_day
from kursplan.store.engine.rows import AnyRow
from kursplan.store.partner import timetable
from kursplan.store.partner.timetable import TICK, ShownSlot, Starts

SHOWN_BEFORE = timedelta(days=1)
SHOWN_AHEAD = timedelta(days=14)
"""How far around now the slots of a class are shown."""
DAYS_AHEAD = 3
MOST_DAYS_AHEAD = 6
"""The contract names 3; clients that ask for more than that are served all the same."""


async def classes(call: Call) -> wire.Slice[wire.Class]:
    size = size_of(call)
    begin = after_id(call)
    now = call.now()
    found, starts = await call.read(
        partial(
            timetable.classes,
            organization_id=call.caller.organization_id,
            studio_id=call.caller.studio_id,
            since=now - SHOWN_BEFORE,
            until=now + SHOWN_AHEAD,
            after=begin.id,
            skip=begin.skip,
            limit=size + 1,
        )
    )
    _note_next_change(call, starts)
    return cut(found, size, call, offset_of=lambda row: id_offset(row.id), show=_class)


async def class_by_id(call: Call) -> wire.Class:
    found = await call.read(
        partial(
            timetable.class_by_id,
            organization_id=call.caller.organization_id,
            studio_id=call.caller.studio_id,
            class_id=call.path_id("classId"),
        )
    )
    if found is None:
        raise ApiError(ErrorCode.CLASS_NOT_FOUND)
    return _class(found)


async def slots(call: Call) -> wire.Slice[wire.ClassSlot]:
    first = call.query_day("slotWindowStartDate")
    if first is None:
        first = day_of(call.now(), call.zone)
        call.changes_at(start_of_day(first + timedelta(days=1), call.zone))
    days = call.query_number("daysAhead", default=DAYS_AHEAD, least=1, most=MOST_DAYS_AHEAD)
    size = size_of(call)
    found = await call.read(
        partial(
            timetable.slots_between,
            organization_id=call.caller.organization_id,
            studio_id=call.caller.studio_id,
            begin=after_position(call, start_of_day(first, call.zone)),
            until=start_of_day(first + timedelta(days=days), call.zone),
            limit=size + 1,
        )
    )
    return cut(found, size, call, offset_of=position_offset, show=_slot)


async def slots_of_class(call: Call) -> wire.Slice[wire.ClassSlot]:
    now = call.now()
    begin = after_position(call, now - SHOWN_BEFORE)
    size = size_of(call)
    found = await call.read(
        partial(
            timetable.slots_of_class,
            organization_id=call.caller.organization_id,
            studio_id=call.caller.studio_id,
            class_id=call.path_id("classId"),
            begin=begin,
            since=now - SHOWN_BEFORE,
            until=now + SHOWN_AHEAD,
            limit=size + 1,
        )
    )
    if found is None:
        raise ApiError(ErrorCode.CLASS_NOT_FOUND)
    _note_next_change(call, found.starts)
    return cut(found.slots, size, call, offset_of=position_offset, show=_slot)


async def slot_by_id(call: Call) -> wire.ClassSlot:
    found = await call.read(
        partial(
            timetable.slot_by_id,
            organization_id=call.caller.organization_id,
            studio_id=call.caller.studio_id,
            class_id=call.path_id("classId"),
            slot_id=call.path_id("classSlotId"),
        )
    )
    if found is None:
        raise ApiError(ErrorCode.CLASS_SLOT_NOT_FOUND)
    return _slot(found)


def _note_next_change(call: Call, starts: Starts) -> None:
    """Slots enter and leave what is shown around now as time passes."""
    call.changes_at(starts.leaving and starts.leaving + SHOWN_BEFORE + TICK)
    call.changes_at(starts.entering and starts.entering - SHOWN_AHEAD)


def _class(row: AnyRow) -> wire.Class:
    return wire.Class(
        id=row.id,
        title=row.title,
        type=row.type,
        duration=row.duration,
        category=given(row.category),
        description=given(row.description),
        img_url=given(row.img_url),
        bookable=row.online_booking is OnlineBooking.AVAILABLE,
        cancel_condition=wire.CancelCondition(
            cancelation_after_latest_possible=row.late_cancellation,
            latest_cancel_term=wire.Term(
                row.latest_cancellation.value, row.latest_cancellation.unit
            ),
        ),
    )


def _slot(shown: ShownSlot) -> wire.ClassSlot:
    slot = shown.slot
    zone = slot.studio.zone
    opens_at = slot.opens_at
    limited = slot.max_participants is not None
    return wire.ClassSlot(
        id=slot.id,
        start_date_time=zoned(slot.starts_at, zone),
        end_date_time=zoned(slot.ends_at, zone),
        class_information=wire.ClassInformation(slot.class_.id, shown.class_title),
        instructors=[
            wire.Instructor(
                id=each.id,
                first_name=each.first_name,
                last_name=each.last_name,
                public_name=given(each.public_name),
            )
            for each in shown.instructors
        ],
        location=given(_location(shown)),
        earliest_booking_date_time=given(None if opens_at is None else zoned(opens_at, zone)),
        latest_booking_date_time=zoned(slot.closes_at, zone),
        max_participants=given(slot.max_participants),
        # Without a limit nobody ever waits.
        max_waiting_list_participants=slot.max_waiting_list if limited else 0,
        booked_participants=slot.seats,
        additional_participants=slot.additional_participants,
        waiting_list_participants=slot.waiting,
    )


def _location(shown: ShownSlot) -> wire.Location | None:
    if shown.slot.location_id is None or shown.location_name is None:
        return None
    return wire.Location(
        id=shown.slot.location_id,
        name=shown.location_name,
        description=given(shown.location_description),
    )
