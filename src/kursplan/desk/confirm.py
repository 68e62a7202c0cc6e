"""Confirm: a customer says that they will come, where the class asks for that."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kursplan.desk.book import Booked
from kursplan.desk.engine.turn import Command, Footprint, Turn
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.events import EventType
from kursplan.domain.refusals import (
    BookingNotActive,
    ConfirmationExpired,
    NoConfirmationRequired,
    Refusal,
)


@dataclass(frozen=True, slots=True)
class Confirm(Command[Booked | Refusal]):
    """Confirm a booking on a slot of the studio within its term, the last instant included.

    A booking keeps its term when it is confirmed. So whoever asks again is told that it is booked,
    and is not mistaken for somebody who never had anything to confirm.
    """

    name = "confirm"

    organization_id: int
    studio_id: int
    booking_id: int

    @property
    def footprint(self) -> Footprint:
        return Footprint(bookings=frozenset({self.booking_id}))

    def perform(self, turn: Turn) -> Booked | Refusal:
        booking = turn.booking_in(self.studio_id, self.booking_id)
        if isinstance(booking, Refusal):
            return booking
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
