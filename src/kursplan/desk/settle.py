"""Settle: staff decide that a flagged booking stays, and nobody is asked about it any more.

Nobody is told. Partners see the booking as they did, it can be given up until the start as before, and
whoever waits is moved up by the rules as before: what is settled overrules nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kursplan.desk.book import Booked
from kursplan.desk.engine.turn import Turn
from kursplan.desk.of_booking import OfBooking
from kursplan.desk.review import flag
from kursplan.domain.admission import objections
from kursplan.domain.bookings import Booking
from kursplan.domain.events import EventType
from kursplan.domain.refusals import BookingNotActive, Kind, Refusal
from kursplan.domain.seen import Subjects
from kursplan.domain.settling import ground_of, kind_of


@dataclass(frozen=True, slots=True)
class Settle(OfBooking):
    """A flagged booking stays, whatever speaks against it by now.

    What comes to speak against it later flags it again. One that is not flagged stays as it is.
    """

    name = "settle"

    @property
    def about(self) -> Subjects:
        return Subjects(studios=frozenset({self.studio_id}))

    def decide(self, turn: Turn, booking: Booking) -> Booked | Refusal:
        slot = turn.slot_of(booking)
        if not booking.active:
            return BookingNotActive(booking.waiting)
        flagged = booking.conflict
        if flagged is None:
            return Booked.of(booking, slot)
        grounds = _grounds(turn, booking, flagged)
        if not grounds:
            # By now nothing speaks against it: the flag goes, and that is told as ever.
            free = flag(turn, booking)
            turn.tell_booking(EventType.CLASS_BOOKING_UPDATED, free)
            return Booked.of(free, slot)
        settled = replace(booking, conflict=None, settled=grounds)
        turn.change(settled)
        return Booked.of(settled, slot)


@dataclass(frozen=True, slots=True)
class AskAgain(OfBooking):
    """What was settled is not any more: what speaks against the booking by now is flagged again.

    One of which nothing is settled stays as it is.
    """

    name = "ask-again"

    def decide(self, turn: Turn, booking: Booking) -> Booked | Refusal:
        slot = turn.slot_of(booking)
        if not booking.settled:
            return Booked.of(booking, slot)
        conflict = booking.conflict or kind_of(booking.settled[0])
        asked = replace(booking, conflict=conflict, settled=())
        turn.change(asked)
        return Booked.of(flag(turn, asked), slot)


def _grounds(turn: Turn, booking: Booking, flagged: Kind) -> tuple[str, ...]:
    """What speaks against a flagged booking; on a slot that has started no more is known than its flag."""
    slot = turn.slot_of(booking)
    if slot.has_started(turn.now):
        return (*booking.settled, flagged.value)
    against = objections(slot, turn.customer_of(booking), booking, turn.now)
    return tuple(map(ground_of, against))
