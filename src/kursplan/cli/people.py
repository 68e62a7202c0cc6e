"""People and their bookings, as the command names and shows them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from kursplan.cli.output import NOTHING, Stop, local_time, table, words, zoned
from kursplan.domain.localtime import start_of_day

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from kursplan.cli.context import CommandContext
    from kursplan.domain.actors import Origin
    from kursplan.staff.flags import Flags
    from kursplan.store.engine.rows import AnyRow


async def employee_by_key(context: CommandContext, named: str) -> int:
    """The id of an employee, who is named by key or by number."""
    from kursplan.store.rules import instructors
    from kursplan.store.staff import timetable as staff_timetable

    found = await context.read(staff_timetable.employee_by_key, named)
    if found is None and named.isascii() and named.isdigit():
        known = await context.read(instructors.known, {int(named)})
        found = int(named) if known else None
    if found is None:
        raise Stop(f"there is no employee {named!r}")
    return found


async def room_by_key(context: CommandContext, key: str) -> int:
    from kursplan.store.staff import timetable as staff_timetable

    room = await context.read(staff_timetable.location_by_key, key)
    if room is None:
        raise Stop(f"there is no room {key!r}")
    return room


async def slots_held(
    context: CommandContext, instructor: str | None, room: str | None, slot_ids: Collection[int]
) -> set[int]:
    """Those of the slots that this instructor gives and that are in this room, where one is named."""
    from kursplan.store.rules import instructors
    from kursplan.store.staff import timetable as staff_timetable

    held = set(slot_ids)
    if room is not None:
        location = await room_by_key(context, room)
        rows = await context.read(staff_timetable.slots_by_id, held)
        held = {each for each, row in rows.items() if row.location_id == location}
    if instructor is not None:
        employee = await employee_by_key(context, instructor)
        given = await context.read(instructors.of_slots, sorted(held))
        held = {each for each in held if employee in given[each]}
    return held


async def slots_of_day(context: CommandContext, day: date) -> list[AnyRow]:
    """The slots of that day, in the time of each studio."""
    from kursplan.store.staff import timetable as staff_timetable

    found: list[AnyRow] = []
    for each in await context.read(staff_timetable.studios):
        zone = ZoneInfo(each.zone)
        since, until = start_of_day(day, zone), start_of_day(day + timedelta(days=1), zone)
        found += await context.read(staff_timetable.slots_of_studio, each.id, since, until)
    return found


def name_of(row: AnyRow) -> str:
    return f"{row.first_name} {row.last_name}"


def tell_bookings(bookings: Sequence[AnyRow], flags: Flags, *, empty: str) -> None:
    """Bookings of one slot, in the order of joining."""
    table(
        ("Booking", "Customer", "Name", "Status", "Participation", "Look at"),
        (
            (
                each.id,
                each.customer_id,
                name_of(each),
                status_of(each),
                words(each.participation),
                remarks(each, flags),
            )
            for each in bookings
        ),
        empty=empty,
    )


def status_of(row: AnyRow) -> str:
    late = " late" if row.late else ""
    if row.confirm_until and row.status == "BOOKED_WITH_CONFIRMATION_REQUIRED":
        return f"to be confirmed until {local_time(row.confirm_until, row.zone)}"
    return words(row.status) + late


def remarks(row: AnyRow, flags: Flags) -> str:
    """What staff should know: why it would be refused, why it was passed over, what was overruled."""
    said = list(contested(row, flags))
    if row.skipped:
        said.append(f"passed over: {flags.skipped(row)}")
    if row.overruled:
        said.append(f"overruled: {', '.join(row.overruled).replace('_', ' ').lower()}")
    if row.ended:
        said.append(f"ended: {words(row.ended)}")
    if row.reason:
        said.append(f"reason: {row.reason}")
    return "; ".join(said) or NOTHING


def contested(row: AnyRow, flags: Flags) -> Iterator[str]:
    """Why it would be refused today, as far as that is to be decided, and as far as it is settled."""
    if row.conflict:
        yield f"conflict: {flags.conflict(row)}"
    if row.settled:
        yield f"settled, although {'; '.join(flags.settled(row))}"


def booking_document(row: AnyRow, flags: Flags) -> dict[str, object]:
    return {
        "booking_id": row.id,
        "status": row.status,
        "participation": row.participation,
        "customer_id": row.customer_id,
        "customer_name": name_of(row),
        "customer_number": row.number,
        "slot_id": row.slot_id,
        "title": row.title,
        "studio": row.studio,
        "starts_at": zoned(row.starts_at, row.zone),
        "ends_at": zoned(row.ends_at, row.zone),
        "booked_at": zoned(row.booked_at, row.zone),
        "booked_by": _actor(row.booked_via, row.booked_by),
        "promoted_at": zoned(row.promoted_at, row.zone),
        "confirmed_at": zoned(row.confirmed_at, row.zone),
        "confirm_until": zoned(row.confirm_until, row.zone),
        "cancelled_at": zoned(row.cancelled_at, row.zone),
        "ended": row.ended,
        "ended_by": _actor(row.ended_via, row.ended_by),
        "late": row.late,
        **flags.members(row),
        "overruled": list(row.overruled),
        "reason": row.reason,
    }


def _actor(via: Origin | None, who: str | None) -> dict[str, str | None] | None:
    """Not known of bookings from before that was kept."""
    return None if via is None else {"via": via, "who": who}
