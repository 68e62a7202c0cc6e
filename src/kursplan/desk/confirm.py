"""Confirm: a customer says that they will come, where the class asks for that."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kursplan.desk.book import Booked
from kursplan.desk.engine.turn import Turn
from kursplan.desk.of_booking import OfBooking
from kursplan.domain.bookings import Booking, BookingStatus
from kursplan.domain.events import EventType
from kursplan.domain.refusals import (
    BookingNotActive,
    ConfirmationExpired,
    NoConfirmationRequired,
    Refusal,
)


@dataclass(frozen=True, slots=True)
class Confirm(OfBooking):
    """Confirm a booking on a slot of the studio within its term, the last instant included.

    A booking keeps its term when it is confirmed. So whoever asks again is told that it is booked,
    and is not mistaken for somebody who never had anything to confirm.
    """

    name = "confirm"

    def decide(self, turn: Turn, booking: Booking) -> Booked | Refusal:
        if not booking.seated:
            return BookingNotActive(booking.waiting)
        if booking.confirm_until is None:
            return NoConfirmationRequired()
        slot = turn.slot_of(booking)
        if booking.status is BookingStatus.BOOKED:
            return Booked.of(booking, slot)
        if turn.now > booking.confirm_until:
            return ConfirmationExpired(slot.studio.local(booking.confirm_until))
        confirmed = replace(booking, status=BookingStatus.BOOKED, confirmed_at=turn.now)
        turn.change(confirmed)
        turn.tell_booking(EventType.CLASS_BOOKING_UPDATED, confirmed)
        return Booked.of(confirmed, slot)
