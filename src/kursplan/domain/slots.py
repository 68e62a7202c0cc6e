"""A slot: one scheduled occurrence of a class, with its places and its windows.

A slot's own numbers (limits, seats taken, how many wait) are here; whose bookings they are is not.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

from kursplan.domain.classes import Class
from kursplan.domain.localtime import day_of
from kursplan.domain.studios import Studio
from kursplan.domain.terms import after, closes, opens
from kursplan.domain.values import value

PARTICIPATION_OPENS = timedelta(minutes=30)
"""How long before the start of a slot staff can begin to note who takes part."""


class SlotStatus(StrEnum):
    PLANNED = "PLANNED"
    CANCELED = "CANCELED"
    COMPLETED = "COMPLETED"


class Override(StrEnum):
    """What a slot or series can set for itself instead of taking it from above."""

    TIME = "TIME"
    LOCATION = "LOCATION"
    INSTRUCTORS = "INSTRUCTORS"
    MAX_PARTICIPANTS = "MAX_PARTICIPANTS"
    MAX_WAITING_LIST = "MAX_WAITING_LIST"


@value
class Slot:
    id: int
    class_: Class
    studio: Studio
    starts_at: datetime
    ends_at: datetime
    local_start: datetime
    """The wall time at which it is meant to start, as it was planned and without a zone."""
    status: SlotStatus = SlotStatus.PLANNED
    max_participants: int | None = 20
    """How many seats there are; None means no limit, and then nobody ever waits (F15)."""
    max_waiting_list: int = 5
    additional_participants: int = 0
    """Seats taken by people whom the operator added without a booking."""
    seats: int = 0
    """Bookings that hold a seat."""
    waiting: int = 0
    """Bookings that wait."""
    last_sequence: int = 0
    """The highest place in the order of joining that was ever given on this slot."""
    series_id: int | None = None
    location_id: int | None = None
    own: frozenset[Override] = frozenset()
    """What was changed by hand on this slot alone and no longer follows its series or class."""

    def with_places(self, seats: int, waiting: int, last_sequence: int) -> Slot:
        """The same slot when so many sit and wait on it.

        Written out because every booking asks for it: `replace` takes several times as long.
        """
        return Slot(
            self.id,
            self.class_,
            self.studio,
            self.starts_at,
            self.ends_at,
            self.local_start,
            self.status,
            self.max_participants,
            self.max_waiting_list,
            self.additional_participants,
            seats,
            waiting,
            last_sequence,
            self.series_id,
            self.location_id,
            self.own,
        )

    @property
    def seats_free(self) -> float:
        """How many seats can still be taken: never negative, infinite without a limit."""
        if self.max_participants is None:
            return float("inf")
        return max(0, self.max_participants - self.seats - self.additional_participants)

    @property
    def over_capacity(self) -> int:
        """How many more sit here than there are seats, after the limit was lowered (F11)."""
        if self.max_participants is None:
            return 0
        return max(0, self.seats + self.additional_participants - self.max_participants)

    def seat_open(self, now: datetime) -> bool:
        """Whether a newcomer gets a seat: one is free, and nobody who waits would get it (F5)."""
        if self.max_participants is None:
            return True
        return self.seats_free > 0 and (self.waiting == 0 or not self.promotes(now))

    def waiting_open(self, now: datetime) -> bool:
        """Whether a newcomer may wait; for no seat at all nobody does (F15), nor when nobody moves up."""
        return (
            bool(self.max_participants)
            and self.waiting < self.max_waiting_list
            and self.promotes(now)
        )

    def is_first_come(self, now: datetime) -> bool:
        """Whether a seat is free that belongs to whoever takes it first, also to one who waits."""
        return self.seats_free > 0 and not self.promotes(now)

    @property
    def day(self) -> date:
        """The local day on which the slot starts: the day that memberships and contingents ask for."""
        return day_of(self.starts_at, self.studio.zone)

    @property
    def last_day(self) -> date:
        """The last local day on which it lies; one that ends at midnight does not touch the next."""
        last_moment = max(self.starts_at, self.ends_at - timedelta(milliseconds=1))
        return day_of(last_moment, self.studio.zone)

    def has_started(self, now: datetime) -> bool:
        return now >= self.starts_at

    def is_over(self, now: datetime) -> bool:
        return now >= self.ends_at

    @property
    def opens_at(self) -> datetime | None:
        """The first instant at which it can be booked; None when it always can."""
        term = self.class_.earliest_booking
        return None if term is None else opens(term, self.starts_at, self.studio.zone)

    @property
    def closes_at(self) -> datetime:
        """The last instant at which it can be booked, as far as the term goes."""
        return closes(self.class_.latest_booking, self.starts_at, self.studio.zone)

    @property
    def cancellable_until(self) -> datetime:
        """The deadline for cancelling freely: the last instant at which a cancellation is in time."""
        return closes(self.class_.latest_cancellation, self.starts_at, self.studio.zone)

    @property
    def confirm_until(self) -> datetime | None:
        """The last instant at which a booking can be confirmed; None where none is needed.

        Never after the start, also where the term ends with the day: who came is not sent away.
        """
        term = self.class_.confirmation
        if term is None:
            return None
        return min(closes(term, self.starts_at, self.studio.zone), self.starts_at)

    def confirm_until_from(self, now: datetime) -> datetime | None:
        """By when a seat has to be confirmed that somebody learns of only now.

        They moved up, or their slot was moved. None where they need not, or have no time to.
        """
        term_ends = self.confirm_until
        own_ends = after(self.class_.confirm_promotion, now)
        if term_ends is None or own_ends > self.starts_at:
            return None
        return max(term_ends, own_ends)

    def grace_until(self, got_at: datetime) -> datetime:
        """Up to when a seat that was got then can be given back in any case, if the slot has not begun."""
        return after(self.class_.grace, got_at)

    def free_until(self, now: datetime) -> datetime:
        """Up to when a seat can be given back in time that somebody gets now, and not by their own doing.

        That is until the start, where it can't be given back by the term of the class any more.
        """
        return self.starts_at if now > self.cancellable_until else self.grace_until(now)

    @property
    def promotion_ends_at(self) -> datetime:
        """The last instant at which the house moves anybody up."""
        term = self.class_.promotion_ends
        if term is None:
            return self.cancellable_until
        return closes(term, self.starts_at, self.studio.zone)

    def promotes(self, now: datetime) -> bool:
        """Whether waiting customers may still move up (F10)."""
        return (
            self.status is SlotStatus.PLANNED
            and not self.has_started(now)
            and now <= self.promotion_ends_at
            and not self.studio.is_closed(self.starts_at, self.ends_at)
        )
