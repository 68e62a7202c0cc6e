"""Looking at bookings again when the ground has shifted under them (F34).

What becomes of a booking that would be refused today is the organization's policy: it is flagged
for staff to look at, or cancelled.
"""

from __future__ import annotations

from dataclasses import replace

from kursplan.desk.cancel import give_up
from kursplan.desk.promote import fill_seats
from kursplan.desk.turn import Turn
from kursplan.domain.admission import conflict_of
from kursplan.domain.bookings import Booking
from kursplan.domain.events import EventType
from kursplan.domain.studios import LostEntitlement
from kursplan.store import organizations


def flag(turn: Turn, booking: Booking) -> Booking:
    """Note on an active booking why it would be refused today, or that it no longer would.

    Tells nobody: what shifted the ground is told by its own event.
    """
    booking = turn.bookings[booking.id]
    if not booking.active:
        return booking
    slot = turn.slot_of(booking)
    conflict = conflict_of(slot, turn.customer_of(booking), booking)
    if conflict is booking.conflict:
        return booking
    flagged = replace(booking, conflict=conflict)
    turn.change(flagged)
    return flagged


def review(turn: Turn, booking: Booking) -> Booking:
    """Flag or cancel an active booking that would be refused today, and tell it.

    A slot that has started is past reviewing. The booking is looked at as it stands now: reviewing
    the one before it may have given it a seat.
    """
    booking = turn.bookings[booking.id]
    slot = turn.slot_of(booking)
    if slot.has_started(turn.now):
        return booking
    reviewed = flag(turn, booking)
    if reviewed is booking:
        return booking
    policy = organizations.lost_entitlement(turn.tx, turn.organization_id)
    if reviewed.conflict is not None and policy is LostEntitlement.CANCEL:
        cancelled = give_up(turn, reviewed)
        fill_seats(turn, turn.slots[slot.id])
        return cancelled
    turn.tell_booking(EventType.CLASS_BOOKING_UPDATED, reviewed)
    return reviewed
