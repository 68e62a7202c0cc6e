"""Cancel a slot: it does not take place, and nobody has a place on it any more (F18)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kursplan.desk.cancel import give_up
from kursplan.desk.change_slot import not_planned
from kursplan.desk.engine.turn import Command, Footprint, Turn
from kursplan.domain.bookings import Booking, Ending
from kursplan.domain.events import EventType
from kursplan.domain.refusals import Refusal, SlotNotFound
from kursplan.domain.slots import Slot, SlotStatus
from kursplan.store.rules import bookings


@dataclass(frozen=True, slots=True)
class SlotCancelled:
    """The slot is cancelled."""

    slot_id: int
    changed: bool
    """Whether it was planned until now."""
    bookings: tuple[Booking, ...] = ()
    """Those who sat and waited, in the order in which they had joined."""


@dataclass(frozen=True, slots=True)
class CancelSlot(Command[SlotCancelled | Refusal]):
    """Cancel a slot that is not over; a cancelled one stays as it is."""

    name = "cancel-slot"

    organization_id: int
    slot_id: int

    @property
    def footprint(self) -> Footprint:
        return Footprint(rosters=frozenset({self.slot_id}))

    def perform(self, turn: Turn) -> SlotCancelled | Refusal:
        slot = turn.slots.get(self.slot_id)
        if slot is None:
            return SlotNotFound(self.slot_id)
        if slot.status is SlotStatus.CANCELED:
            return SlotCancelled(slot.id, changed=False)
        if slot.status is SlotStatus.COMPLETED or slot.is_over(turn.now):
            return not_planned(slot)
        return SlotCancelled(slot.id, changed=True, bookings=cancel_slot(turn, slot))


def cancel_slot(turn: Turn, slot: Slot, why: Ending = Ending.SLOT_CANCELLED) -> tuple[Booking, ...]:
    """Cancel a planned slot and every active booking on it; who sat and waited there.

    Everybody gets back what the booking took from the contingent, who gave it up late too, and nobody
    moves up.
    """
    roster = turn.roster(slot)
    late = sorted(bookings.late_on(turn.tx, turn.organization_id, slot.id))
    given_back = [replace(turn.booking(each), counts=False) for each in late]
    cancelled = replace(slot, status=SlotStatus.CANCELED)
    turn.change_slot(cancelled)
    for booking in given_back:
        turn.change(booking)
    turn.tell_slot(EventType.CLASS_SLOT_CANCELLED, cancelled)
    return tuple(give_up(turn, booking, why, with_slot=True) for booking, _ in roster)
