"""Add a booking: staff put a customer on a slot, knowing what they set aside and why."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kursplan.desk.book import Book, Booked
from kursplan.desk.engine.turn import Command, Footprint, Turn
from kursplan.domain.refusals import Refusal
from kursplan.store.rules.turned_away import Wish


@dataclass(frozen=True, slots=True)
class AddBooking(Command[Booked | Refusal]):
    """The same decision as for everybody, with what `book` overrules."""

    name = "add-booking"

    book: Book

    @property
    def organization_id(self) -> int:
        return self.book.organization_id

    @property
    def footprint(self) -> Footprint:
        return self.book.footprint

    @property
    def wish(self) -> Wish:
        return self.book.wish

    def perform(self, turn: Turn) -> Booked | Refusal:
        booked = replace(self.book, hidden_too=True).perform(turn)
        if isinstance(booked, Booked):
            booking = turn.bookings[booked.booking_id]
            slot = turn.slot_of(booking)
            if booking.seated and turn.now > slot.cancellable_until:
                turn.change(replace(booking, free_until=slot.free_until(turn.now)))
        return booked
