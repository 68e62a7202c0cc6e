"""Expire: seats that were not confirmed in time go to the next (F41)."""

from __future__ import annotations

from dataclasses import dataclass

from kursplan.desk.cancel import give_up
from kursplan.desk.engine.turn import Command, Footprint, Turn
from kursplan.desk.promote import fill_seats
from kursplan.domain.bookings import Booking, BookingStatus, Ending


@dataclass(frozen=True, slots=True)
class ExpireConfirmations(Command[tuple[Booking, ...]]):
    """Cancel those of the bookings whose term has passed unconfirmed; which those were.

    One that was confirmed or cancelled in the meantime is left alone, so it does not matter how
    often, or by how many at once, this is done.
    """

    name = "expire-confirmations"

    organization_id: int
    booking_ids: frozenset[int]

    @property
    def footprint(self) -> Footprint:
        return Footprint(bookings=self.booking_ids)

    def perform(self, turn: Turn) -> tuple[Booking, ...]:
        named = (turn.bookings.get(each) for each in sorted(self.booking_ids))
        expired = [each for each in named if each is not None and _has_expired(each, turn)]
        given_up = tuple(give_up(turn, booking, Ending.NOT_CONFIRMED) for booking in expired)
        for slot_id in sorted({booking.slot_id for booking in expired}):
            fill_seats(turn, turn.slots[slot_id])
        return given_up


def _has_expired(booking: Booking, turn: Turn) -> bool:
    return (
        booking.status is BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED
        and booking.confirm_until is not None
        and turn.now > booking.confirm_until
    )
