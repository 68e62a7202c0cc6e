"""Move up: staff give a free seat to one who waits, the first or a certain one, out of turn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import attrgetter

from kursplan.desk.engine.turn import Command, Footprint, Turn
from kursplan.desk.promote import Seat, take_seat
from kursplan.domain.admission import STAFF_MAY_OVERRULE, Admission, full
from kursplan.domain.bookings import Booking
from kursplan.domain.events import EventType
from kursplan.domain.refusals import BookingNotFound, Kind, Refusal, SlotNotFound
from kursplan.domain.slots import Slot
from kursplan.domain.waiting import may_move_up


@dataclass(frozen=True, slots=True)
class MoveUp(Command[Booking | Refusal | None]):
    """Seat one who waits on a slot; who that is.

    Staff do so until the start, also after the house has stopped. Without a certain one it is the
    first whom the rules admit, and those before are passed over, with the reason noted.
    """

    name = "move-up"

    organization_id: int
    slot_id: int
    booking_id: int | None = None
    overrule: frozenset[Kind] = frozenset()
    """What staff set aside; without a free seat, that is BOOKING_LIMIT_REACHED."""

    def __post_init__(self) -> None:
        if forbidden := self.overrule - STAFF_MAY_OVERRULE:
            raise ValueError(f"{', '.join(sorted(forbidden))} cannot be overruled")

    @property
    def footprint(self) -> Footprint:
        return Footprint(queues=frozenset({self.slot_id}))

    def perform(self, turn: Turn) -> Booking | Refusal | None:
        """None where nobody waits."""
        slot = turn.slots.get(self.slot_id)
        if slot is None:
            return SlotNotFound(self.slot_id)
        waiting = sorted(turn.queue(slot), key=attrgetter("sequence"))
        if self.booking_id is not None:
            waiting = [each for each in waiting if each.id == self.booking_id]
        if not waiting:
            return None if self.booking_id is None else BookingNotFound(self.booking_id)
        if slot.seats_free < 1 and Kind.BOOKING_LIMIT_REACHED not in self.overrule:
            return full(slot)
        answer: Booking | Refusal | None = None
        passed: list[Booking] = []
        for booking in waiting:
            answer = self._seated(turn, slot, booking)
            if not isinstance(answer, Refusal):
                break
            if booking.skipped is not answer.kind:
                passed.append(replace(booking, skipped=answer.kind))
        for booking in passed:
            turn.change(booking)
        return answer

    def _seated(self, turn: Turn, slot: Slot, booking: Booking) -> Booking | Refusal:
        answer = may_move_up(slot, turn.customer_of(booking), booking, turn.now, self.overrule)
        if not isinstance(answer, Admission):
            return answer
        given = Seat.given(slot, answer.membership_id, turn.now)
        overruled = tuple(sorted({*booking.overruled, *self.overrule}))
        moved = replace(given.given_to(booking), overruled=overruled)
        take_seat(turn, moved)
        turn.tell_booking(EventType.CLASS_BOOKING_UPDATED, moved)
        return moved
