"""What commands about one booking have in common: how they name it, and that it is looked for first."""

from __future__ import annotations

from dataclasses import dataclass

from kursplan.desk.book import Booked
from kursplan.desk.engine.turn import Command, Footprint, Turn
from kursplan.domain.bookings import Booking
from kursplan.domain.refusals import Refusal


@dataclass(frozen=True, slots=True)
class OfBooking(Command[Booked | Refusal]):
    """A command about a booking of a studio, which is refused where there is none."""

    organization_id: int
    studio_id: int
    booking_id: int

    @property
    def footprint(self) -> Footprint:
        return Footprint(bookings=frozenset({self.booking_id}))

    def perform(self, turn: Turn) -> Booked | Refusal:
        booking = turn.booking_in(self.studio_id, self.booking_id)
        return booking if isinstance(booking, Refusal) else self.decide(turn, booking)

    def decide(self, turn: Turn, booking: Booking) -> Booked | Refusal:
        """What becomes of it."""
        raise NotImplementedError
