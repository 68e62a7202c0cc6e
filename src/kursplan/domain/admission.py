"""May this customer book this slot? The one decision behind validate, book and promotion.

The guards stand in the order in which the contract wants refusals reported (F36): the first that
applies is the answer. Nothing here reads a clock, a database or a setting; callers pass what the
rule needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime

from kursplan.domain.bookings import Booking, BookingStatus
from kursplan.domain.classes import Class, OnlineBooking, WhoMayBook
from kursplan.domain.contingents import next_period, used_with
from kursplan.domain.customers import Customer, Membership
from kursplan.domain.refusals import (
    AccessRefused,
    AlreadyOnSlot,
    BookingClosed,
    BookingNotOpen,
    ClassHidden,
    ContingentUsedUp,
    CustomerIdle,
    DisplayOnly,
    Full,
    GrantsNothing,
    Kind,
    Lack,
    NoMembership,
    NotValid,
    OtherStudioNotAdmitted,
    RateNotAdmitted,
    Refusal,
    Resting,
    SitsElsewhere,
    SlotIsCancelled,
    SlotIsCompleted,
    SlotIsOver,
    SlotIsRunning,
    StudioClosed,
    UsedUp,
)
from kursplan.domain.slots import Slot, SlotStatus
from kursplan.domain.studios import Closure, Studio
from kursplan.domain.values import value

STAFF_MAY_OVERRULE = frozenset(
    {
        Kind.NOT_AVAILABLE,
        Kind.DISPLAY_ONLY,
        Kind.DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME,
        Kind.DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME,
        Kind.CUSTOMER_IDLE,
        Kind.NO_CONTINGENT,
        Kind.BOOKING_LIMIT_REACHED,
    }
)
"""The rules that staff may set aside, knowingly and on record; never that the customer is on the slot.

Of NOT_AVAILABLE that is a customer of another studio, a hidden class and a slot that has started and
is not over: never a cancelled or completed slot, nor one whose access is refused."""
SETTLED = frozenset(
    {
        Kind.DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME,
        Kind.DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME,
    }
)
"""What was settled when a booking was made: not asked again when it is reviewed, or put back."""


@value
class Admission:
    """Yes, and how: with a seat or waiting, and by which membership."""

    waits: bool
    membership_id: int | None


def may_book(
    slot: Slot, customer: Customer, now: datetime, set_aside: frozenset[Kind] = frozenset()
) -> Admission | Refusal:
    """Decide whether `customer` gets a place on `slot` at the instant `now`.

    `set_aside` names rules that do not count this time: staff who overrule, or a promotion, for
    which the customer is on the slot already.
    """
    admitting = admitted(slot, customer, now, set_aside)
    if isinstance(admitting, Refusal):
        return admitting
    membership_id = None if admitting is None else admitting.id
    if slot.seat_open(now):
        return Admission(waits=False, membership_id=membership_id)
    if Kind.BOOKING_LIMIT_REACHED in set_aside:
        return Admission(waits=False, membership_id=membership_id)
    if slot.waiting_open(now):
        return Admission(waits=True, membership_id=membership_id)
    return full(slot)


def admitted(
    slot: Slot, customer: Customer, now: datetime, set_aside: frozenset[Kind]
) -> Membership | Refusal | None:
    """Whether `customer` may be on `slot`, whatever places there are: by which membership, or why not.

    These are all guards but the one that counts places. None where no membership is needed, or
    where it was set aside that there is none.
    """
    if refusal := _out_of_the_question(slot, customer, now):
        return refusal
    if Kind.NOT_AVAILABLE not in set_aside and (refusal := _not_offered(slot, customer, now)):
        return refusal
    if (
        slot.class_.online_booking is OnlineBooking.DISPLAY_ONLY
        and Kind.DISPLAY_ONLY not in set_aside
    ):
        return DisplayOnly()
    if closure := slot.studio.closure_on(slot.starts_at, slot.ends_at):
        return _closed(slot, closure)
    if (
        (place := customer.place_on(slot.id))
        and Kind.CUSTOMER_ALREADY_BOOKED not in set_aside
        and not (place.waiting and slot.is_first_come(now))
    ):
        return AlreadyOnSlot(place.id, place.waiting)
    if (refusal := _outside_window(slot, now)) and refusal.kind not in set_aside:
        return refusal

    if customer.bookings and (paid := customer.paid_for(slot.id)):
        customer = customer.after(paid, replace(paid, counts=False))
    entitlement = entitled(slot, customer)
    if isinstance(entitlement, Refusal):
        if entitlement.kind.rule not in set_aside:
            return entitlement
        entitlement = None
    if (seat := sits_elsewhere(slot, customer)) and Kind.CUSTOMER_IN_OTHER_BOOKING not in set_aside:
        return _elsewhere(slot, seat)
    return entitlement


def _out_of_the_question(slot: Slot, customer: Customer, now: datetime) -> Refusal | None:
    """What nobody sets aside."""
    if slot.status is not SlotStatus.PLANNED:
        if slot.status is SlotStatus.CANCELED:
            return SlotIsCancelled()
        return SlotIsCompleted(slot.studio.local(slot.ends_at))
    if slot.is_over(now):
        return SlotIsOver(slot.studio.local(slot.ends_at))
    if customer.access_refused:
        return AccessRefused()
    return None


def _not_offered(slot: Slot, customer: Customer, now: datetime) -> Refusal | None:
    """Why the slot is not for this customer, or not any more; staff may put them on it all the same."""
    class_ = slot.class_
    if slot.has_started(now):
        return SlotIsRunning(slot.studio.local(slot.starts_at), slot.studio.local(slot.ends_at))
    if customer.home_studio_id != slot.studio.id and not class_.admits_other_studios:
        return OtherStudioNotAdmitted(customer.home_studio_id)
    if not class_.visible:
        return ClassHidden(class_.bookable)
    return None


def _outside_window(slot: Slot, now: datetime) -> Refusal | None:
    """Both bounds are inclusive (F29)."""
    opens_at = slot.opens_at
    if opens_at is not None and now < opens_at:
        return BookingNotOpen(slot.studio.local(opens_at))
    closes_at = slot.closes_at
    if now > closes_at:
        return BookingClosed(slot.studio.local(closes_at))
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
        return _idle(slot, customer.memberships)
    day = slot.day
    admitting = [m for m in customer.memberships if _admits(class_, m, day)]
    awake = [m for m in admitting if not _rests(m, slot)]
    if admitting and not awake:
        return CustomerIdle(_resting(admitting, slot))
    if class_.uses_contingent:
        with_room = [m for m in awake if m.has_room(day)]
        if awake and not with_room:
            return ContingentUsedUp(_lacks(slot, customer.memberships))
        awake = with_room
    if not awake:
        return NoMembership(_lacks(slot, customer.memberships))
    return awake[0] if len(awake) == 1 else min(awake, key=_expiry)


def _admits(class_: Class, membership: Membership, day: date) -> bool:
    return membership.is_valid(day) and (
        class_.who_may_book is not WhoMayBook.NAMED_RATES or membership.rate_id in class_.rates
    )


def _rests(membership: Membership, slot: Slot) -> bool:
    # Most have no idle periods, and then nobody has to know the days.
    return bool(membership.idle_periods) and membership.rests(slot.day, slot.last_day)


def _idle(slot: Slot, memberships: tuple[Membership, ...]) -> CustomerIdle | None:
    """That there are memberships valid on the day of the slot, and none of them is awake."""
    # Most customers have no idle periods, and then nobody has to know the day.
    if not any(each.idle_periods for each in memberships):
        return None
    valid = [each for each in memberships if each.is_valid(slot.day)]
    if not valid or not all(_rests(each, slot) for each in valid):
        return None
    return CustomerIdle(_resting(valid, slot))


def _expiry(membership: Membership) -> tuple[date, int]:
    return membership.valid_until or date.max, membership.id


def sits_elsewhere(slot: Slot, customer: Customer) -> Booking | None:
    """The seat, not just a waiting position, that the customer has on an overlapping slot."""
    for each in customer.bookings:
        if each.seated and each.slot_id != slot.id and each.overlaps(slot.starts_at, slot.ends_at):
            return each
    return None


# The facts, once it is clear that it is a no.


def _closed(slot: Slot, closure: Closure) -> StudioClosed:
    local = slot.studio.local
    return StudioClosed(
        closed_from=None if closure.is_before_opening else local(closure.starts_at),
        closed_until=None if closure.is_after_closing else local(closure.ends_at),
        closed_for=closure.reason,
    )


def _elsewhere(slot: Slot, seat: Booking) -> SitsElsewhere:
    local = slot.studio.local
    return SitsElsewhere(seat.id, seat.slot_id, local(seat.starts_at), local(seat.ends_at))


def _lacks(slot: Slot, memberships: tuple[Membership, ...]) -> tuple[Lack, ...]:
    """What each membership lacks: the first thing that speaks against it."""
    return tuple(lack for each in memberships for lack in _lacking(slot, each))


def _lacking(slot: Slot, membership: Membership) -> tuple[Lack, ...]:
    class_, day = slot.class_, slot.day
    if not membership.is_valid(day):
        return (NotValid(membership.id, membership.valid_from, membership.valid_until),)
    if not _admits(class_, membership, day):
        return (RateNotAdmitted(membership.id, membership.rate_id),)
    if resting := _resting((membership,), slot):
        return resting
    if not membership.contingents:
        return (GrantsNothing(membership.id),)
    return tuple(_used_up(membership, day))


def _used_up(membership: Membership, day: date) -> Iterator[UsedUp]:
    for each in membership.contingents:
        if each.bookings is None:
            continue
        used = used_with(each.period, day, membership.used_days)
        if used < each.bookings:
            continue
        again_from = next_period(each.period, day)
        if each.bookings == 0 or again_from is None or not membership.is_valid(again_from):
            again_from = None
        yield UsedUp(membership.id, each.period, each.bookings, used, again_from)


def _resting(memberships: Iterable[Membership], slot: Slot) -> tuple[Resting, ...]:
    """Those of the memberships that rest, each with the idle period that falls on the slot."""
    return tuple(
        Resting(each.id, rest.first_day, rest.last_day)
        for each in memberships
        if (rest := each.rest_during(slot.day, slot.last_day))
    )


def full(slot: Slot) -> Full:
    """The no of a slot on which no place is left."""
    # Without a limit a seat is always free.
    seats = slot.max_participants or 0
    taken = slot.seats + slot.additional_participants
    return Full(seats, taken, slot.waiting, slot.max_waiting_list)


MAY_WAIT = SETTLED | {Kind.CUSTOMER_IN_OTHER_BOOKING}
"""The same for who waits: they may sit elsewhere at that time until they move up."""


def objections(
    slot: Slot, customer: Customer, booking: Booking, now: datetime
) -> Iterator[Refusal]:
    """All that speaks against an active booking on `slot` by now, in the order of the guards.

    For when the ground shifts under it (F20, F34): the slot moves, the studio closes, a membership
    ends or rests, the customer's access is refused, the class no longer admits them. The guards are
    those of a new booking, asked as if this one were gone, and for each further objection as if those
    before it were not. What was settled when it was made (windows, places, overruling) stays settled.
    """
    customer = customer.after(
        booking, replace(booking, status=BookingStatus.CANCELED, counts=False)
    )
    set_aside = (SETTLED if booking.seated else MAY_WAIT).union(booking.overruled)
    while isinstance(refusal := admitted(slot, customer, now, set_aside), Refusal):
        yield refusal
        match refusal:
            case AccessRefused():
                customer = replace(customer, access_refused=False)
            case OtherStudioNotAdmitted():
                customer = replace(customer, home_studio_id=slot.studio.id)
            case ClassHidden():
                slot = replace(slot, class_=_shown(slot.class_))
            case StudioClosed():
                slot = replace(slot, studio=_otherwise_closed(slot))
            case SitsElsewhere():
                seats = tuple(each for each in customer.bookings if each.id != refusal.booking_id)
                customer = replace(customer, bookings=seats)
            case DisplayOnly() | CustomerIdle() | NoMembership() | ContingentUsedUp():
                set_aside |= {refusal.kind.rule}
            case _:
                # Of a slot that is cancelled, running or over there is nothing else to say.
                return


def _shown(class_: Class) -> Class:
    is_hidden = class_.online_booking is OnlineBooking.NO
    online = OnlineBooking.AVAILABLE if is_hidden else class_.online_booking
    return replace(class_, bookable=True, online_booking=online)


def _otherwise_closed(slot: Slot) -> Studio:
    """The studio of the slot without the closure that is told of it."""
    told = slot.studio.closure_on(slot.starts_at, slot.ends_at)
    return replace(
        slot.studio, closures=tuple(each for each in slot.studio.closures if each != told)
    )
