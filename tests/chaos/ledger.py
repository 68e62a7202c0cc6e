"""What clients were told, and whether the database says the same when all is quiet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kursplan.domain.bookings import BookingStatus, Ending


@dataclass(slots=True)
class Told:
    """A booking that was answered with 200."""

    booking_id: int
    customer_id: int
    slot_id: int
    cancelled: bool = False
    """Whether it was answered, too, that it is cancelled."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The same, as the database has it."""

    booking_id: int
    customer_id: int
    slot_id: int
    status: BookingStatus
    ended: Ending | None
    """Why it is cancelled, if it is."""


@dataclass
class Ledger:
    """All clients write here what they were told, at the moment at which they were."""

    bookings: dict[int, Told] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    """How many answers there were of each kind, repeated ones too."""
    faults: list[str] = field(default_factory=list)
    """What no client may ever be told."""

    def booked(self, booking_id: int, customer_id: int, slot_id: int) -> None:
        told = self.bookings.setdefault(booking_id, Told(booking_id, customer_id, slot_id))
        if (told.customer_id, told.slot_id) != (customer_id, slot_id):
            self.faults.append(f"booking {booking_id} was given to two")

    def cancelled(self, booking_id: int) -> None:
        self.bookings[booking_id].cancelled = True

    def findings(self, stored: Iterable[Stored]) -> Iterator[str]:
        """What was answered and is not so, and what is there that nobody was answered.

        Every client has asked until it was answered, so both must be the same.
        """
        yield from self.faults
        rows = {each.booking_id: each for each in stored}
        for told in self.bookings.values():
            row = rows.get(told.booking_id)
            if row is None:
                yield f"booking {told.booking_id} was answered, and is lost"
                continue
            if (row.customer_id, row.slot_id) != (told.customer_id, told.slot_id):
                yield f"booking {told.booking_id} is another's than was answered"
            ended = row.status is BookingStatus.CANCELED
            if told.cancelled and not ended:
                yield f"booking {told.booking_id} was answered to be cancelled, and is not"
            if row.ended is Ending.GIVEN_UP and not told.cancelled:
                yield f"booking {told.booking_id} is cancelled, and nobody did it"
        for booking_id in rows.keys() - self.bookings.keys():
            yield f"booking {booking_id} is there, and whoever asked for it was not told so"
        active = [each for each in rows.values() if each.status is not BookingStatus.CANCELED]
        for place, count in Counter((each.customer_id, each.slot_id) for each in active).items():
            if count > 1:
                yield f"customer {place[0]} is on slot {place[1]} {count} times"
