"""A form that somebody sends again which they have just sent: pressed twice, or gone back to.

What they did themselves a moment ago is no change of somebody else's, and no mistake. The history knows
it: the same person, by the same command, to the same thing, and nothing was done to that since. They are told
that it is done; it is not done twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from kursplan.console.visit import Visit
from kursplan.desk.add_booking import AddBooking
from kursplan.desk.engine.rehearse import Rehearsed
from kursplan.desk.engine.turn import Command
from kursplan.desk.move_up import MoveUp
from kursplan.desk.swap_instructors import SwapInstructors
from kursplan.domain.refusals import (
    AlreadyOnSlot,
    BookingNotFound,
    InstructorNotOnSlot,
    Refusal,
)
from kursplan.store.staff import history
from kursplan.store.staff.history import Span, Told

LATELY: Final = timedelta(minutes=10)
"""For so long it is taken for the same."""
LOOKED_AT: Final = 20
"""Among how many of the last things that they did it is looked for."""
_NAMED: Final = ("slot_id", "booking_id", "customer_id")


async def done_before(visit: Visit, command: Command[Any], answer: object) -> Told | None:
    """The line by which they have just done the same; None where they have not.

    `answer` is that of the command where it changes nothing any more, or why it is refused now.
    """
    things = set(_things(command, answer))
    if not things:
        return None
    for line in await _lately(visit, command.name):
        if line.subjects[0].id in things and _is_of(command, line):
            return line if await visit.read(history.is_last_about, line) else None
    return None


async def done_lately(visit: Visit, command: str) -> list[Told]:
    """All that they have just done by the command of that name, the last first."""
    return await _lately(visit, command)


def has_nothing_to_do(rehearsed: Rehearsed[Any]) -> bool:
    """Whether it is as it would be already, or can't be so any more: then it may have been done before."""
    return isinstance(rehearsed.answer, Refusal) or not rehearsed.changes_anything


async def _lately(visit: Visit, command: str) -> list[Told]:
    by = visit.member.actor
    since = visit.services.clock.now() - LATELY
    lines = await visit.read(history.by_whom, [by.who or ""], Span(since, limit=LOOKED_AT))
    return [each for each in lines if each.by == by and each.command == command]


def _things(command: Command[Any], answer: object) -> Iterator[int]:
    """What the command would have been about first, had it not been done already."""
    match command, answer:
        case AddBooking(), AlreadyOnSlot(booking_id=booking_id):
            yield booking_id
        case MoveUp(booking_id=int(booking_id)), BookingNotFound():
            yield booking_id
        case SwapInstructors(slot_id=here, other_slot_id=there), InstructorNotOnSlot():
            yield from (here, there)
        case _, Refusal():
            return
        case _:
            named = (getattr(command, each, None) for each in _NAMED)
            yield from (each for each in named if each is not None)
            yield from getattr(command, "entries", ())


def _is_of(command: Command[Any], line: Told) -> bool:
    """Whether the line is of the same two who changed places; of all others their thing says it."""
    if not isinstance(command, SwapInstructors):
        return True
    given = {each.id: (each.after or {}).get("instructors") or () for each in line.subjects}
    return command.other_instructor_id in given.get(
        command.slot_id, ()
    ) and command.instructor_id in given.get(command.other_slot_id, ())
