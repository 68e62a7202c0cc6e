"""Cancel: a customer gives up a place, and the next one moves up in the same turn."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kursplan.desk.book import Booked
from kursplan.desk.engine.turn import Turn
from kursplan.desk.of_booking import OfBooking
from kursplan.desk.promote import fill_seats
from kursplan.domain.bookings import Booking, BookingStatus, Ending
from kursplan.domain.cancelling import may_cancel
from kursplan.domain.events import EventType
from kursplan.domain.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Cancel(OfBooking):
    """Cancel a booking on a slot of the studio; a cancelled one stays as it is (F6, F40)."""

    name = "cancel"

    def decide(self, turn: Turn, booking: Booking) -> Booked | Refusal:
        slot = turn.slot_of(booking)
        if not booking.active:
            return Booked.of(booking, slot)
        answer = may_cancel(slot, booking, turn.now)
        if isinstance(answer, Refusal):
            return answer
        cancelled = give_up(turn, booking, Ending.GIVEN_UP, late=answer.late)
        fill_seats(turn, turn.slots[slot.id])
        return Booked.of(cancelled, slot)


def give_up(
    turn: Turn, booking: Booking, why: Ending, *, late: bool = False, with_slot: bool = False
) -> Booking:
    """End an active booking and tell it; a late one keeps what it took from the contingent.

    One that ends with its slot remembers what it held, for the case that the slot is restored.
    Who moves up instead is for the caller to say: nobody does on a slot that is cancelled.
    """
    cancelled = replace(
        booking,
        status=BookingStatus.CANCELED,
        counts=booking.counts and late,
        cancelled_at=turn.now,
        confirm_until=None,
        late=late,
        skipped=None,
        conflict=None,
        settled=(),
        held=booking.status if with_slot else None,
        ended=why,
        ended_via=turn.by.origin,
        ended_by=turn.by.who,
    )
    turn.change(cancelled)
    turn.tell_booking(EventType.CLASS_BOOKING_CANCELLED, cancelled)
    return cancelled
