"""Release: staff end a booking, at any time, and say whether that was in time."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kursplan.desk.book import Booked
from kursplan.desk.cancel import give_up
from kursplan.desk.engine.turn import Turn
from kursplan.desk.of_booking import OfBooking
from kursplan.desk.promote import fill_seats
from kursplan.domain.bookings import Booking, Ending
from kursplan.domain.cancelling import is_late
from kursplan.domain.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Release(OfBooking):
    """Cancel a booking for staff, also when it is late and after the start.

    A cancelled one stays as it is.
    """

    name = "release"

    late: bool | None = None
    """Whether it counts as late; by the term of its class where it is None."""

    def decide(self, turn: Turn, booking: Booking) -> Booked | Refusal:
        slot = turn.slot_of(booking)
        if not booking.active:
            return Booked.of(booking, slot)
        late = is_late(slot, booking, turn.now) if self.late is None else self.late
        # Who only waits took nothing, and is never late.
        released = give_up(turn, booking, Ending.STAFF, late=late and booking.seated)
        fill_seats(turn, turn.slots[slot.id])
        return Booked.of(released, slot)


@dataclass(frozen=True, slots=True)
class WaiveLateness(OfBooking):
    """A late cancellation counts as one in time: what it took from the contingent is given back.

    One that was in time stays as it is, and so does a booking that is not cancelled. Nobody is told:
    partners never see the lateness.
    """

    name = "waive-lateness"

    def decide(self, turn: Turn, booking: Booking) -> Booked | Refusal:
        if booking.late and not booking.active:
            booking = replace(booking, late=False, counts=False)
            turn.change(booking)
        return Booked.of(booking, turn.slot_of(booking))
