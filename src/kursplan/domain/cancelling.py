"""May this booking be cancelled, and does that count as late?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kursplan.domain.bookings import Booking
from kursplan.domain.refusals import CancellationTooLate, Refusal, SlotHasStarted
from kursplan.domain.slots import Slot


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Yes; a late one keeps what it took from the contingent."""

    late: bool


def may_cancel(slot: Slot, booking: Booking, now: datetime) -> Cancellation | Refusal:
    """Decide about an active booking; a waiting position can be given up until the start."""
    if slot.has_started(now):
        return SlotHasStarted(slot.studio.local(slot.starts_at))
    if not is_late(slot, booking, now):
        return Cancellation(late=False)
    if slot.class_.late_cancellation:
        return Cancellation(late=True)
    return CancellationTooLate(slot.studio.local(in_time_until(slot, booking)))


def is_late(slot: Slot, booking: Booking, now: datetime) -> bool:
    """Whether giving it up now comes too late to count as in time.

    A waiting position is never late. Nobody is trapped by what others did: one whom the house or staff
    gave the seat or its time after the term, or whose booking would be refused today, settled or not, can
    give it up until the start. And whoever has just got a seat has a while to think about it.
    """
    if booking.waiting or now <= slot.cancellable_until:
        return False
    if slot.has_started(now):
        return True
    if booking.is_contested:
        return False
    return now > in_time_until(slot, booking)


def in_time_until(slot: Slot, booking: Booking) -> datetime:
    """The last instant at which giving up a seat is in time, as far as that lies before the start."""
    given = booking.free_until
    if given is None:
        given = slot.grace_until(booking.booked_at)
    return max(slot.cancellable_until, given)
