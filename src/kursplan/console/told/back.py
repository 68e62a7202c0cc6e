"""The way back from what was done, where there is one: a command like any other, made of its line of history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from kursplan.desk.add_booking import AddBooking
from kursplan.desk.book import Book
from kursplan.desk.cancel_slot import CancelSlot
from kursplan.desk.change_slot import ChangeSlot
from kursplan.desk.close_studio import CloseStudio, OpenStudio
from kursplan.desk.engine.turn import Command
from kursplan.desk.give_back import GiveBack
from kursplan.desk.participation import SetParticipation
from kursplan.desk.release import Release
from kursplan.desk.restore_slot import RestoreSlot
from kursplan.desk.settle import AskAgain
from kursplan.desk.stand_in import PutStandIn, RemoveStandIn
from kursplan.desk.swap_instructors import SwapInstructors
from kursplan.domain.bookings import BookingStatus, Participation
from kursplan.domain.history import EntityKind
from kursplan.domain.slots import Override
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff.history import Subject, Told

UNDO_FOR: Final = timedelta(minutes=10)
"""How long a way back is offered."""
_PINS: Final = {
    "local_start": Override.TIME,
    "starts_at": Override.TIME,
    "ends_at": Override.TIME,
    "location_id": Override.LOCATION,
    "instructors": Override.INSTRUCTORS,
    "max_participants": Override.MAX_PARTICIPANTS,
    "max_waiting_list": Override.MAX_WAITING_LIST,
}


def way_back(
    organization_id: int, line: Told, about: AnyRow | None, fresh_id: int
) -> Command[Any] | None:
    """What takes it back. `about` is the slot, booking or closure of the line, `fresh_id` for one that is
    made."""
    first = line.subjects[0]
    if about is None:
        return None
    if first.kind is EntityKind.SLOT:
        return _of_slot(organization_id, line, first, about)
    if first.kind is EntityKind.BOOKING:
        return _of_booking(organization_id, line, first, about, fresh_id)
    if first.kind is EntityKind.CLOSURE:
        return _of_closure(organization_id, line, first, about)
    return None


def _of_slot(organization_id: int, line: Told, slot: Subject, row: AnyRow) -> Command[Any] | None:
    leaves, comes = _instructors(slot)
    match line.command:
        case "cancel-slot":
            return RestoreSlot(organization_id, slot.id, with_bookings=True)
        case "restore-slot":
            return CancelSlot(organization_id, slot.id)
        case "put-stand-in" if comes:
            return RemoveStandIn(organization_id, slot.id, comes[0])
        case "remove-stand-in" if leaves and comes:
            return PutStandIn(organization_id, slot.id, comes[0], leaves[0])
        case "swap-instructors":
            return _swapped(organization_id, line)
        case "change-slot":
            return _unchanged(organization_id, slot, row)
        case _:
            return None


def _of_booking(
    organization_id: int, line: Told, first: Subject, booking: AnyRow, fresh_id: int
) -> Command[Any] | None:
    before = first.before or {}
    match line.command:
        case "set-participation":
            was = Participation(before.get("participation", Participation.UNSET))
            return SetParticipation(organization_id, booking.studio_id, booking.id, was)
        case "settle":
            return AskAgain(organization_id, booking.studio_id, booking.id)
        case "add-booking" | "book":
            return Release(organization_id, booking.studio_id, booking.id, late=False)
        case "release" if len(line.subjects) == 1 and before.get("status") != "WAITING_LIST":
            # Their seat is free: nobody moved up into it with the same command.
            book = Book(
                organization_id,
                booking.studio_id,
                booking.customer_id,
                booking.slot_id,
                fresh_id,
                expected=BookingStatus.BOOKED,
            )
            return AddBooking(book)
        case _:
            return None


def _of_closure(
    organization_id: int, line: Told, closure: Subject, row: AnyRow
) -> Command[Any] | None:
    """Slots that were cancelled with it stay so: there is no way back from both at once."""
    if line.command != "close-studio" or any(e.kind is EntityKind.SLOT for e in line.subjects):
        return None
    if closure.before is None:
        return OpenStudio(organization_id, row.studio_id, row.key)
    was = closure.before
    since, until = (
        datetime.fromisoformat(was[name]) if name in was else getattr(row, name)
        for name in ("local_from", "local_to")
    )
    why = was.get("reason", row.reason)
    return CloseStudio(organization_id, row.studio_id, row.key, since, until, why)


def _instructors(slot: Subject) -> tuple[list[int], list[int]]:
    """Who does not give it any more, and who gives it instead."""
    before = (slot.before or {}).get("instructors") or []
    after = (slot.after or {}).get("instructors") or []
    return [e for e in before if e not in after], [e for e in after if e not in before]


def _swapped(organization_id: int, line: Told) -> Command[Any] | None:
    slots = [each for each in line.subjects if each.kind is EntityKind.SLOT]
    given = [_instructors(each) for each in slots]
    if len(slots) != 2 or not all(leaves and comes for leaves, comes in given):
        return None
    (one, other), ((_, here), (_, there)) = slots, given
    return SwapInstructors(organization_id, one.id, here[0], other.id, there[0])


def _unchanged(organization_id: int, slot: Subject, row: AnyRow) -> Command[Any]:
    """What was pinned by it follows the series again; everything else is what it was."""
    before, after = slot.before or {}, slot.after or {}
    pins = {Override(each) for each in after.get("own", ())}
    pins -= {Override(each) for each in before.get("own", ())}
    changed = (before.keys() | after.keys()) - {"own"}
    if row.series_id is not None and pins and {_PINS.get(each) for each in changed} <= pins:
        return GiveBack(organization_id, slot.id, frozenset(pins))
    return ChangeSlot(organization_id, slot.id, **dict(_members(before, after, row)))


def _members(
    before: dict[str, Any], after: dict[str, Any], row: AnyRow
) -> Iterator[tuple[str, Any]]:
    if "local_start" in before:
        yield "local_start", datetime.fromisoformat(before["local_start"])
    if "ends_at" in before or "starts_at" in before:
        starts_at, ends_at = (
            datetime.fromisoformat(before[name]) if name in before else getattr(row, name)
            for name in ("starts_at", "ends_at")
        )
        yield "duration_minutes", int((ends_at - starts_at).total_seconds() // 60)
    for name in ("location_id", "max_participants"):
        if name in before or name in after:
            yield name, before.get(name)
    for name in ("max_waiting_list", "additional_participants"):
        if name in before:
            yield name, before[name]
    if "instructors" in before:
        yield "instructor_ids", tuple(before["instructors"])
