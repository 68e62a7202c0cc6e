"""A customer, as far as the booking rules need them: memberships, idle periods and bookings.

Name, address and birthday are absent: no rule looks at them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from kursplan.domain.bookings import Booking
from kursplan.domain.contingents import Contingent, has_room
from kursplan.domain.values import value


class CustomerStatus(StrEnum):
    MEMBER = "MEMBER"
    PROSPECT = "PROSPECT"
    FORMER_MEMBER = "FORMER_MEMBER"


class Gender(StrEnum):
    MALE = "MALE"
    FEMALE = "FEMALE"
    UNISEX = "UNISEX"


@dataclass(frozen=True, slots=True)
class IdlePeriod:
    """Days on which a membership rests, both ends included; without an end until further notice."""

    first_day: date
    last_day: date | None

    def covers(self, first: date, last: date) -> bool:
        """Whether it covers some of the days from `first` to `last`."""
        return self.first_day <= last and (self.last_day is None or first <= self.last_day)


@value
class Membership:
    """A contract of a customer."""

    id: int
    rate_id: int
    valid_from: date
    valid_until: date | None
    contingents: tuple[Contingent, ...] = ()
    """What it grants; a booking that uses the contingent needs room in each of them."""
    idle_periods: tuple[IdlePeriod, ...] = ()
    used_days: tuple[date, ...] = ()
    """The local day of each seat that counts against the contingents, in any studio (F38)."""

    def is_valid(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)

    def rests(self, first: date, last: date) -> bool:
        return self.rest_during(first, last) is not None

    def rest_during(self, first: date, last: date) -> IdlePeriod | None:
        """The idle period that covers some of the days from `first` to `last`."""
        for each in self.idle_periods:
            if each.covers(first, last):
                return each
        return None

    def has_room(self, day: date) -> bool:
        """Whether one more booking on `day` is granted; without a contingent none is."""
        return bool(self.contingents) and all(
            has_room(contingent, day, self.used_days) for contingent in self.contingents
        )

    def after(self, before: Booking | None, changed: Booking) -> Membership:
        """The membership once `changed`, which was `before` until now, counts or no longer does."""
        released = before is not None and before.counts and before.membership_id == self.id
        taken = changed.counts and changed.membership_id == self.id
        if released == taken and (before is None or before.day == changed.day):
            return self
        days = list(self.used_days)
        # Days that no limit asks for are not among them.
        if released and before is not None and before.day in days:
            days.remove(before.day)
        if taken:
            days.append(changed.day)
        return replace(self, used_days=tuple(days))


@value
class Customer:
    id: int
    home_studio_id: int
    access_refused: bool = False
    memberships: tuple[Membership, ...] = ()
    bookings: tuple[Booking, ...] = ()
    """Active bookings on and around the slots in question, in any studio of the organization; and
    those that were cancelled late, which still count against a contingent."""

    def place_on(self, slot_id: int) -> Booking | None:
        """The booking by which the customer sits or waits on that slot."""
        for each in self.bookings:
            if each.slot_id == slot_id and each.active:
                return each
        return None

    def waits_on(self, slot_id: int) -> Booking | None:
        """The customer's position on the waiting list of that slot."""
        return next(
            (each for each in self.bookings if each.slot_id == slot_id and each.waiting), None
        )

    def paid_for(self, slot_id: int) -> Booking | None:
        """A booking of that slot that was given up late: it took what another one there would take."""
        return next(
            (
                each
                for each in self.bookings
                if each.slot_id == slot_id and each.counts and not each.active
            ),
            None,
        )

    def after(self, before: Booking | None, changed: Booking) -> Customer:
        """The customer once `changed`, which was `before` until now, is what they have."""
        memberships = self.memberships
        if changed.counts or (before is not None and before.counts):
            memberships = tuple([each.after(before, changed) for each in memberships])
        bookings = self.bookings
        if before is not None:
            bookings = tuple([each for each in bookings if each.id != changed.id])
        if changed.active or changed.counts:
            bookings = (*bookings, changed)
        return Customer(self.id, self.home_studio_id, self.access_refused, memberships, bookings)
