"""May this booking be cancelled, and does that count as late?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kursplan.domain.bookings import Booking
from kursplan.domain.refusals import Refusal
from kursplan.domain.slots import Slot


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Yes; a late one keeps what it took from the contingent."""

    late: bool


def may_cancel(slot: Slot, booking: Booking, now: datetime) -> Cancellation | Refusal:
    """Decide about an active booking; a waiting position can be given up until the start."""
    if slot.has_started(now):
        return Refusal.SLOT_STARTED
    if not is_late(slot, booking, now):
        return Cancellation(late=False)
    if slot.class_.late_cancellation:
        return Cancellation(late=True)
    return Refusal.CANCELLATION_TOO_LATE


def is_late(slot: Slot, booking: Booking, now: datetime) -> bool:
    """Whether giving it up now comes after the term; a waiting position is never late."""
    return not booking.waiting and now > slot.cancellable_until
