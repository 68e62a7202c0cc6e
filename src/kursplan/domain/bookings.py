"""A booking: one customer on one slot, and what it takes there."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from kursplan.domain.actors import Origin
from kursplan.domain.refusals import Kind
from kursplan.domain.values import value


class BookingStatus(StrEnum):
    """The contract's spelling, with one L in CANCELED."""

    BOOKED = "BOOKED"
    BOOKED_WITH_CONFIRMATION_REQUIRED = "BOOKED_WITH_CONFIRMATION_REQUIRED"
    WAITING_LIST = "WAITING_LIST"
    CANCELED = "CANCELED"


SEATED = frozenset({BookingStatus.BOOKED, BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED})
"""What holds a seat (F41)."""


class Participation(StrEnum):
    PARTICIPATING = "PARTICIPATING"
    NOT_PARTICIPATING = "NOT_PARTICIPATING"
    UNSET = "UNSET"


class Ending(StrEnum):
    """Why a booking was cancelled."""

    GIVEN_UP = "GIVEN_UP"
    """By the customer, or by the application that speaks for them."""
    STAFF = "STAFF"
    NOT_CONFIRMED = "NOT_CONFIRMED"
    """The term for confirming it was over."""
    NOT_ADMITTED = "NOT_ADMITTED"
    """The customer would be refused by now, and the organization has such bookings cancelled."""
    SLOT_CANCELLED = "SLOT_CANCELLED"
    STUDIO_CLOSED = "STUDIO_CLOSED"
    """A closure had its slot cancelled."""
    SERIES_CHANGED = "SERIES_CHANGED"
    """The series of its slot was ended, or has no place for the slot any more."""
    CUSTOMER_DELETED = "CUSTOMER_DELETED"


@value
class Booking:
    id: int
    slot_id: int
    studio_id: int
    """The studio that holds the slot."""
    customer_id: int
    home_studio_id: int
    """The customer's home studio when they booked; it is told about the booking too."""
    status: BookingStatus
    sequence: int
    """The order of joining on this slot; a number and never a time (F30)."""
    starts_at: datetime
    """Start, end and local day of the slot, kept here too so that one index answers what else the
    customer does at that time; moving the slot rewrites them in the same transaction."""
    ends_at: datetime
    day: date
    booked_at: datetime
    participation: Participation = Participation.UNSET
    membership_id: int | None = None
    """The membership that admits the booking; none for a class that asks for none."""
    counts: bool = False
    """Whether it counts against the contingent of its membership."""
    confirm_until: datetime | None = None
    cancelled_at: datetime | None = None
    late: bool = False
    """Cancelled after the latest cancellation."""
    skipped: Kind | None = None
    """Why the customer was passed over when a seat became free (F8)."""
    conflict: Kind | None = None
    """Why the booking would be refused today, for staff to look at (F20, F34)."""
    settled: tuple[str, ...] = ()
    """The grounds on which it would be refused, too, and staff decided that it stays (`domain/settling.py`)."""
    overruled: tuple[Kind, ...] = ()
    """The rules that staff overruled when they made the booking, or moved it up."""
    held: BookingStatus | None = None
    """What it was when it was cancelled together with its slot."""
    free_until: datetime | None = None
    """Up to when it can be given up in time in any case, because others gave it its seat or its time."""
    booked_via: Origin | None = None
    """Through which door it was made; not known of bookings from before that was kept."""
    booked_by: str | None = None
    """Who made it, as an `Actor` names them: a number or a name."""
    promoted_at: datetime | None = None
    """When the waiting position became a seat."""
    confirmed_at: datetime | None = None
    ended: Ending | None = None
    """Why it was cancelled, as far as that is known."""
    ended_via: Origin | None = None
    ended_by: str | None = None

    @property
    def seated(self) -> bool:
        return self.status in SEATED

    @property
    def waiting(self) -> bool:
        return self.status is BookingStatus.WAITING_LIST

    @property
    def active(self) -> bool:
        return self.status is not BookingStatus.CANCELED

    @property
    def is_contested(self) -> bool:
        """Whether it would be refused today, be that flagged or settled."""
        return self.conflict is not None or bool(self.settled)

    def overlaps(self, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether the times overlap; times that only touch do not."""
        return self.starts_at < ends_at and starts_at < self.ends_at
