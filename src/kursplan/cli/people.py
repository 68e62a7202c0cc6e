"""How people and their bookings are named and shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kursplan.cli.output import NOTHING, Stop, local_time, table, words, zoned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kursplan.cli.office import Office
    from kursplan.store.rows import AnyRow


async def employee_by_key(office: Office, named: str) -> int:
    """The id of an employee, who is named by key or by number."""
    from kursplan.store import instructors, schedule

    found = await office.read(schedule.employee_by_key, named)
    if found is None and named.isascii() and named.isdigit():
        known = await office.read(instructors.known, {int(named)})
        found = int(named) if known else None
    if found is None:
        raise Stop(f"there is no employee {named!r}")
    return found


def name_of(row: AnyRow) -> str:
    return f"{row.first_name} {row.last_name}"


def tell_bookings(bookings: Sequence[AnyRow], *, empty: str) -> None:
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
                remarks(each),
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


def remarks(row: AnyRow) -> str:
    """What staff should know: why it would be refused, why it was passed over, what was overruled."""
    said = []
    if row.conflict:
        said.append(f"conflict: {words(row.conflict)}")
    if row.skipped:
        said.append(f"passed over: {words(row.skipped)}")
    if row.overruled:
        said.append(f"overruled: {', '.join(row.overruled).replace('_', ' ').lower()}")
    return "; ".join(said) or NOTHING


def booking_document(row: AnyRow) -> dict[str, object]:
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
        "confirm_until": zoned(row.confirm_until, row.zone),
        "cancelled_at": zoned(row.cancelled_at, row.zone),
        "late": row.late,
        "skipped": row.skipped,
        "conflict": row.conflict,
        "overruled": list(row.overruled),
    }
