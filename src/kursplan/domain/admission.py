"""May this customer book this slot? The one decision behind validate, book and promotion.

The guards stand in the order in which the contract wants refusals reported (F36): the first that
applies is the answer. Nothing here reads a clock, a database or a setting; callers pass what the
rule needs.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from kursplan.domain.bookings import Booking, BookingStatus
from kursplan.domain.classes import Class, OnlineBooking, WhoMayBook
from kursplan.domain.customers import Customer, Membership
from kursplan.domain.refusals import Refusal
from kursplan.domain.slots import Slot, SlotStatus
from kursplan.domain.values import value

STAFF_MAY_OVERRULE = frozenset(
    {
        Refusal.NOT_AVAILABLE,
        Refusal.DISPLAY_ONLY,
        Refusal.DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME,
        Refusal.DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME,
        Refusal.CUSTOMER_IDLE,
        Refusal.NO_CONTINGENT,
        Refusal.BOOKING_LIMIT_REACHED,
    }
)
"""What staff may set aside, knowingly and on record; never that the customer is on the slot.

Of NOT_AVAILABLE that is a customer of another studio, a hidden class and a slot that has started and
is not over: never a cancelled or completed slot, nor one whose access is refused."""
SETTLED = frozenset(
    {
        Refusal.DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME,
        Refusal.DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME,
    }
)
"""What was settled when a booking was made: not asked again when it is reviewed, or put back."""


@value
class Admission:
    """Yes, and how: with a seat or waiting, and by which membership."""

    waits: bool
    membership_id: int | None


def may_book(
    slot: Slot, customer: Customer, now: datetime, set_aside: frozenset[Refusal] = frozenset()
) -> Admission | Refusal:
    """Decide whether `customer` gets a place on `slot` at the instant `now`.

    `set_aside` names refusals that do not count this time: staff who overrule, or a promotion,
    for which the customer is on the slot already.
    """
    admitting = admitted(slot, customer, now, set_aside)
    if isinstance(admitting, Refusal):
        return admitting
    membership_id = None if admitting is None else admitting.id
    if slot.seat_open(now):
        return Admission(waits=False, membership_id=membership_id)
    if Refusal.BOOKING_LIMIT_REACHED in set_aside:
        return Admission(waits=False, membership_id=membership_id)
    if slot.waiting_open(now):
        return Admission(waits=True, membership_id=membership_id)
    return Refusal.BOOKING_LIMIT_REACHED


def admitted(
    slot: Slot, customer: Customer, now: datetime, set_aside: frozenset[Refusal]
) -> Membership | Refusal | None:
    """Whether `customer` may be on `slot`, whatever places there are: by which membership, or why not.

    These are all guards but the one that counts places. None where no membership is needed, or
    where it was set aside that there is none.
    """
    if slot.status is not SlotStatus.PLANNED or slot.is_over(now) or customer.access_refused:
        return Refusal.NOT_AVAILABLE
    if Refusal.NOT_AVAILABLE not in set_aside and (
        slot.has_started(now)
        or (customer.home_studio_id != slot.studio.id and not slot.class_.admits_other_studios)
        or not slot.class_.visible
    ):
        return Refusal.NOT_AVAILABLE
    if (
        slot.class_.online_booking is OnlineBooking.DISPLAY_ONLY
        and Refusal.DISPLAY_ONLY not in set_aside
    ):
        return Refusal.DISPLAY_ONLY
    if slot.studio.is_closed(slot.starts_at, slot.ends_at):
        return Refusal.STUDIO_CLOSED
    if (
        customer.is_on(slot.id)
        and Refusal.CUSTOMER_ALREADY_BOOKED not in set_aside
        and not (slot.is_first_come(now) and customer.waits_on(slot.id))
    ):
        return Refusal.CUSTOMER_ALREADY_BOOKED
    if (refusal := _outside_window(slot, now)) and refusal not in set_aside:
        return refusal

    if customer.bookings and (paid := customer.paid_for(slot.id)):
        customer = customer.after(paid, replace(paid, counts=False))
    entitlement = entitled(slot, customer)
    if isinstance(entitlement, Refusal):
        if entitlement not in set_aside:
            return entitlement
        entitlement = None
    if sits_elsewhere(slot, customer) and Refusal.CUSTOMER_IN_OTHER_BOOKING not in set_aside:
        return Refusal.CUSTOMER_IN_OTHER_BOOKING
    return entitlement


def _outside_window(slot: Slot, now: datetime) -> Refusal | None:
    """Both bounds are inclusive (F29)."""
    opens_at = slot.opens_at
    if opens_at is not None and now < opens_at:
        return Refusal.DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME
    if now > slot.closes_at:
        return Refusal.DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME
    return None


def entitled(slot: Slot, customer: Customer) -> Membership | Refusal | None:
    """The membership by which `customer` may take part in `slot`; None where none is asked for.

    Of several, the one that expires first and still has contingent is used. The customer is idle
    when every membership that would admit them rests during the slot; for a class that is open to
    every customer, when all of those rest that are valid on its day (F33). One that is over, or has
    not begun, says nothing.
    """
    class_ = slot.class_
    if not class_.needs_membership:
        return Refusal.CUSTOMER_IDLE if _all_rest(slot, customer.memberships) else None
    day = slot.day
    admitting = [m for m in customer.memberships if _admits(class_, m, day)]
    awake = [m for m in admitting if not _rests(m, slot)]
    if admitting and not awake:
        return Refusal.CUSTOMER_IDLE
    if class_.uses_contingent:
        awake = [m for m in awake if m.has_room(day)]
    if not awake:
        return Refusal.NO_CONTINGENT
    return awake[0] if len(awake) == 1 else min(awake, key=_expiry)


def _admits(class_: Class, membership: Membership, day: date) -> bool:
    return membership.is_valid(day) and (
        class_.who_may_book is not WhoMayBook.NAMED_RATES or membership.rate_id in class_.rates
    )


def _rests(membership: Membership, slot: Slot) -> bool:
    # Most have no idle periods, and then nobody has to know the days.
    return bool(membership.idle_periods) and membership.rests(slot.day, slot.last_day)


def _all_rest(slot: Slot, memberships: tuple[Membership, ...]) -> bool:
    """Whether there are memberships valid on the day of the slot, and none of them is awake."""
    # Most customers have no idle periods, and then nobody has to know the day.
    if not any(each.idle_periods for each in memberships):
        return False
    valid = [each for each in memberships if each.is_valid(slot.day)]
    return bool(valid) and all(_rests(each, slot) for each in valid)


def _expiry(membership: Membership) -> tuple[date, int]:
    return membership.valid_until or date.max, membership.id


def sits_elsewhere(slot: Slot, customer: Customer) -> bool:
    """Whether the customer has a seat, not just a waiting position, on an overlapping slot."""
    return bool(customer.bookings) and any(
        booking.seated
        and booking.slot_id != slot.id
        and booking.overlaps(slot.starts_at, slot.ends_at)
        for booking in customer.bookings
    )


MAY_WAIT = SETTLED | {Refusal.CUSTOMER_IN_OTHER_BOOKING}
"""The same for who waits: they may sit elsewhere at that time until they move up."""


def conflict_of(slot: Slot, customer: Customer, booking: Booking, now: datetime) -> Refusal | None:
    """Why an active booking on `slot` would be refused today; None where it still would not.

    For when the ground shifts under it (F20, F34): the slot moves, the studio closes, a membership
    ends or rests, the customer's access is refused, the class no longer admits them. The guards are
    those of a new booking, asked as if this one were gone. What was settled when it was made
    (windows, places, overruling) stays settled.
    """
    without = customer.after(booking, replace(booking, status=BookingStatus.CANCELED, counts=False))
    settled = SETTLED if booking.seated else MAY_WAIT
    answer = admitted(slot, without, now, settled.union(booking.overruled))
    return answer if isinstance(answer, Refusal) else None
