"""The waiting list: the rule that decides who moves up when seats become free.

First come, first served by the sequence of joining. One who is no longer eligible is passed over,
keeps the position, and why is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from kursplan.domain.admission import Admission, may_book
from kursplan.domain.bookings import Booking
from kursplan.domain.customers import Customer
from kursplan.domain.refusals import Kind, Refusal
from kursplan.domain.slots import Slot

NOT_ASKED_AGAIN = frozenset(
    {
        Kind.CUSTOMER_ALREADY_BOOKED,
        Kind.DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME,
        Kind.DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME,
        Kind.BOOKING_LIMIT_REACHED,
    }
)
"""What was settled when the customer joined the list, or is settled by the seat being free."""


@dataclass(frozen=True, slots=True)
class MovesUp:
    booking: Booking
    membership_id: int | None


@dataclass(frozen=True, slots=True)
class PassedOver:
    booking: Booking
    refusal: Refusal


def may_move_up(
    slot: Slot,
    customer: Customer,
    booking: Booking,
    now: datetime,
    set_aside: frozenset[Kind] = frozenset(),
) -> Admission | Refusal:
    """Decide whether one who waits may have a seat that is free; `set_aside` as for `may_book`."""
    settled = NOT_ASKED_AGAIN.union(booking.overruled, set_aside)
    return may_book(slot, customer, now, settled)


def promotions(
    slot: Slot,
    waiting: Iterable[Booking],
    customer_of: Callable[[Booking], Customer],
    now: datetime,
) -> Iterator[MovesUp | PassedOver]:
    """As many customers as there are seats free, in the order in which they joined (F7, F8).

    The caller asks before whether the slot promotes at all (`Slot.promotes`), and whether by itself or by
    staff. Customers are only asked for as long as there is a seat left.
    """
    free = slot.seats_free
    for booking in sorted(waiting, key=attrgetter("sequence")):
        if free < 1:
            return
        answer = may_move_up(slot, customer_of(booking), booking, now)
        if isinstance(answer, Admission):
            free -= 1
            yield MovesUp(booking, answer.membership_id)
        else:
            yield PassedOver(booking, answer)
