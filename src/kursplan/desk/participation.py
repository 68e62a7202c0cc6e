"""Participation: staff note who takes part, from shortly before the start and for ever after."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kursplan.desk.book import Booked
from kursplan.desk.engine.turn import Turn
from kursplan.desk.of_booking import OfBooking
from kursplan.domain.bookings import Booking, Participation
from kursplan.domain.events import EventType
from kursplan.domain.refusals import (
    BookingNotActive,
    ParticipationTooEarly,
    Refusal,
)
from kursplan.domain.slots import PARTICIPATION_OPENS


@dataclass(frozen=True, slots=True)
class SetParticipation(OfBooking):
    """Note whether a customer who has a seat takes part; `UNSET` takes the note back.

    That changes nothing else, so a note that is made after the slot was completed does not reopen
    the booking (F43).
    """

    name = "set-participation"

    participation: Participation
    shown: frozenset[Participation] | None = None
    """What whoever notes it took it to be, where that matters: a tick that was kept while the line was cut
    does not undo what somebody else noted later. Then nothing changes, and the answer says what is there."""

    def decide(self, turn: Turn, booking: Booking) -> Booked | Refusal:
        if not booking.seated:
            return BookingNotActive(booking.waiting)
        slot = turn.slot_of(booking)
        possible_from = slot.starts_at - PARTICIPATION_OPENS
        if turn.now < possible_from:
            return ParticipationTooEarly(slot.studio.local(possible_from))
        overtaken = self.shown is not None and booking.participation not in self.shown
        if booking.participation is self.participation or overtaken:
            return Booked.of(booking, slot)
        noted = replace(booking, participation=self.participation)
        turn.change(noted)
        turn.tell_booking(EventType.CLASS_BOOKING_UPDATED, noted)
        return Booked.of(noted, slot)
