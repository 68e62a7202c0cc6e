"""Why the rules say no: a value of its own for each reason, with the facts by which it refuses.

Facts are ids, numbers and times, as the rules have them before them. Times are in the time of the
studio that holds the slot; ids are for whoever tells them to look names up. What partners get (one of the contract's words), and the sentences that people read, are made of a
refusal at the edge and are deliberately absent here.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from kursplan.domain.contingents import Period
from kursplan.domain.values import value


class Kind(StrEnum):
    """What a refusal is about: the stable name by which it is stored, and by which staff know it.

    Never renamed, and never used for a second meaning. Where a rule can refuse for several reasons,
    each has a kind of its own, and the rule has one too: what is set aside, and partners' word, are of
    the rule. The first ones stand in the order in which the rules are asked.
    """

    # May this customer book this slot? The first that applies is the answer.

    NOT_AVAILABLE = "NOT_AVAILABLE"
    """The rule of the next seven; rows that are older than they say no more."""
    SLOT_CANCELLED = "SLOT_CANCELLED"
    SLOT_COMPLETED = "SLOT_COMPLETED"
    SLOT_OVER = "SLOT_OVER"
    ACCESS_REFUSED = "ACCESS_REFUSED"
    SLOT_RUNNING = "SLOT_RUNNING"
    OTHER_STUDIO = "OTHER_STUDIO"
    CLASS_HIDDEN = "CLASS_HIDDEN"

    DISPLAY_ONLY = "DISPLAY_ONLY"
    STUDIO_CLOSED = "STUDIO_CLOSED"
    CUSTOMER_ALREADY_BOOKED = "CUSTOMER_ALREADY_BOOKED"
    DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME = "DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME"
    DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME = "DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME"
    CUSTOMER_IDLE = "CUSTOMER_IDLE"

    NO_CONTINGENT = "NO_CONTINGENT"
    """The rule of the next two; rows that are older than they say no more."""
    NO_MEMBERSHIP = "NO_MEMBERSHIP"
    CONTINGENT_USED_UP = "CONTINGENT_USED_UP"

    CUSTOMER_IN_OTHER_BOOKING = "CUSTOMER_IN_OTHER_BOOKING"
    BOOKING_LIMIT_REACHED = "BOOKING_LIMIT_REACHED"

    # May this booking be cancelled?

    CANCELLATION_TOO_LATE = "CANCELLATION_TOO_LATE"
    SLOT_STARTED = "SLOT_STARTED"

    # Booking with an expectation, and saying the same thing twice.

    EXPECTED_STATUS_NOT_POSSIBLE = "EXPECTED_STATUS_NOT_POSSIBLE"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"

    # What was decided by what was seen.

    CHANGED_MEANWHILE = "CHANGED_MEANWHILE"

    # Things that do not exist, or not where the caller may see them.

    CLASS_NOT_FOUND = "CLASS_NOT_FOUND"
    CLASS_SLOT_NOT_FOUND = "CLASS_SLOT_NOT_FOUND"
    BOOKING_NOT_FOUND = "BOOKING_NOT_FOUND"
    CUSTOMER_NOT_FOUND = "CUSTOMER_NOT_FOUND"
    EMPLOYEE_NOT_FOUND = "EMPLOYEE_NOT_FOUND"
    STUDIO_NOT_FOUND = "STUDIO_NOT_FOUND"
    SERIES_NOT_FOUND = "SERIES_NOT_FOUND"
    LOCATION_NOT_FOUND = "LOCATION_NOT_FOUND"

    # Commands of staff.

    SLOT_NOT_PLANNED = "SLOT_NOT_PLANNED"
    PARTICIPATION_TOO_EARLY = "PARTICIPATION_TOO_EARLY"
    BOOKING_NOT_ACTIVE = "BOOKING_NOT_ACTIVE"
    NO_CONFIRMATION_REQUIRED = "NO_CONFIRMATION_REQUIRED"
    CONFIRMATION_EXPIRED = "CONFIRMATION_EXPIRED"
    INSTRUCTOR_NOT_ON_SLOT = "INSTRUCTOR_NOT_ON_SLOT"
    INSTRUCTOR_ALREADY_ON_SLOT = "INSTRUCTOR_ALREADY_ON_SLOT"
    TWICE_AT_THE_SAME_TIME = "TWICE_AT_THE_SAME_TIME"
    INVALID_TIMES = "INVALID_TIMES"

    @property
    def rule(self) -> Kind:
        """The rule that refuses for this reason, among others; mostly it has the kind to itself."""
        return _RULES.get(self, self)


_RULES = {
    each: rule
    for rule, kinds in {
        Kind.NOT_AVAILABLE: (
            Kind.SLOT_CANCELLED,
            Kind.SLOT_COMPLETED,
            Kind.SLOT_OVER,
            Kind.ACCESS_REFUSED,
            Kind.SLOT_RUNNING,
            Kind.OTHER_STUDIO,
            Kind.CLASS_HIDDEN,
        ),
        Kind.NO_CONTINGENT: (Kind.NO_MEMBERSHIP, Kind.CONTINGENT_USED_UP),
    }.items()
    for each in kinds
}


def refuses_otherwise(before: Kind | None, after: Kind | None) -> bool:
    """Whether another rule refuses than before, or none does any more.

    That is what is told. Another reason of the same rule is no change to anybody outside.
    """
    return (before and before.rule) is not (after and after.rule)


@value
class Refusal:
    """A no, and why; what it knows besides its kind are the facts."""

    kind: ClassVar[Kind]


# May this customer book this slot?


@value
class SlotIsCancelled(Refusal):
    kind = Kind.SLOT_CANCELLED


@value
class SlotIsCompleted(Refusal):
    kind = Kind.SLOT_COMPLETED
    ends_at: datetime
    """When it ended; still to come where it was completed by a clock that was wrong."""


@value
class SlotIsOver(Refusal):
    kind = Kind.SLOT_OVER
    ended_at: datetime


@value
class AccessRefused(Refusal):
    """The customer is not let into any studio of the organization."""

    kind = Kind.ACCESS_REFUSED


@value
class SlotIsRunning(Refusal):
    kind = Kind.SLOT_RUNNING
    started_at: datetime
    ends_at: datetime


@value
class OtherStudioNotAdmitted(Refusal):
    """The class admits customers of its own studio only."""

    kind = Kind.OTHER_STUDIO
    home_studio_id: int
    """Where the customer is at home."""


@value
class ClassHidden(Refusal):
    """The class is not bookable, or not shown online."""

    kind = Kind.CLASS_HIDDEN
    bookable: bool
    """Whether it is only not shown online."""


@value
class DisplayOnly(Refusal):
    """The class is shown online but cannot be booked there."""

    kind = Kind.DISPLAY_ONLY


@value
class StudioClosed(Refusal):
    """A closure of the studio overlaps the slot."""

    kind = Kind.STUDIO_CLOSED
    closed_from: datetime | None
    """None where the studio has not opened for the first time."""
    closed_until: datetime | None
    """None where it has closed for good."""
    closed_for: str | None
    """Why, as the operator wrote it down."""


@value
class AlreadyOnSlot(Refusal):
    """The customer already has an active booking on this slot."""

    kind = Kind.CUSTOMER_ALREADY_BOOKED
    booking_id: int
    waits: bool
    """Whether they wait there, rather than sit."""


@value
class BookingNotOpen(Refusal):
    kind = Kind.DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME
    opens_at: datetime


@value
class BookingClosed(Refusal):
    kind = Kind.DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME
    closed_at: datetime
    """The last instant at which it was open."""


@value
class Resting:
    """A membership with an idle period that covers some time of the slot."""

    membership_id: int
    first_day: date
    last_day: date | None
    """None until further notice."""


@value
class NotValid:
    """A membership that has not begun on the day of the slot, or has ended."""

    membership_id: int
    valid_from: date
    valid_until: date | None


@value
class RateNotAdmitted:
    """A membership by a rate that the class does not name."""

    membership_id: int
    rate_id: int


@value
class GrantsNothing:
    """A membership without any contingent, where the class uses one."""

    membership_id: int


@value
class UsedUp:
    """A membership of which one contingent has no booking left in the period of the slot."""

    membership_id: int
    period: Period
    granted: int
    used: int
    again_from: date | None
    """The first day of the next period, where there is one in which the membership is valid."""


Lack = Resting | NotValid | RateNotAdmitted | GrantsNothing | UsedUp
"""What speaks against one membership."""


@value
class CustomerIdle(Refusal):
    """Every membership that would admit the customer rests."""

    kind = Kind.CUSTOMER_IDLE
    resting: tuple[Resting, ...]


@value
class NoMembership(Refusal):
    """No membership is valid on the day of the slot and of a rate that the class admits."""

    kind = Kind.NO_MEMBERSHIP
    lacks: tuple[Lack, ...]
    """What each of them lacks; none where the customer has no membership at all."""


@value
class ContingentUsedUp(Refusal):
    """Memberships admit the customer, and none has a booking left."""

    kind = Kind.CONTINGENT_USED_UP
    lacks: tuple[Lack, ...]
    """What each membership lacks, those that would not admit the customer anyway included."""


@value
class SitsElsewhere(Refusal):
    """The customer has a seat on another slot that overlaps this one."""

    kind = Kind.CUSTOMER_IN_OTHER_BOOKING
    booking_id: int
    slot_id: int
    starts_at: datetime
    ends_at: datetime


@value
class Full(Refusal):
    """Neither a seat nor a position on the waiting list is free."""

    kind = Kind.BOOKING_LIMIT_REACHED
    seats: int
    """How many there are."""
    taken: int
    """How many of them are taken, by bookings and by additional participants."""
    waiting: int
    max_waiting_list: int
    """Where fewer than these wait, nobody moves up any more, and so nobody may begin to wait."""


# May this booking be cancelled?


@value
class CancellationTooLate(Refusal):
    """The latest cancellation has passed and the class refuses later ones."""

    kind = Kind.CANCELLATION_TOO_LATE
    until: datetime
    """The last instant at which it was possible."""


@value
class SlotHasStarted(Refusal):
    """The slot has started, so its bookings can no longer be cancelled."""

    kind = Kind.SLOT_STARTED
    started_at: datetime


# Booking with an expectation, and saying the same thing twice.


@value
class OtherStatusThanExpected(Refusal):
    """The booking is possible, but not with the status that the caller insists on."""

    kind = Kind.EXPECTED_STATUS_NOT_POSSIBLE
    waits: bool
    """Whether it would wait, where a seat was expected; else the other way round."""


@value
class IdempotencyKeyReused(Refusal):
    """The idempotency key already belongs to a different request."""

    kind = Kind.IDEMPOTENCY_KEY_REUSED


# Things that do not exist, or not where the caller may see them.


@value
class NotFound(Refusal):
    """There is nothing of that id here."""

    id: int


@value
class ClassNotFound(NotFound):
    kind = Kind.CLASS_NOT_FOUND


@value
class SlotNotFound(NotFound):
    kind = Kind.CLASS_SLOT_NOT_FOUND


@value
class BookingNotFound(NotFound):
    kind = Kind.BOOKING_NOT_FOUND


@value
class CustomerNotFound(NotFound):
    kind = Kind.CUSTOMER_NOT_FOUND


@value
class EmployeeNotFound(NotFound):
    kind = Kind.EMPLOYEE_NOT_FOUND


@value
class StudioNotFound(NotFound):
    kind = Kind.STUDIO_NOT_FOUND


@value
class SeriesNotFound(NotFound):
    kind = Kind.SERIES_NOT_FOUND


@value
class LocationNotFound(NotFound):
    kind = Kind.LOCATION_NOT_FOUND


# Commands of staff.


@value
class SlotNotPlanned(Refusal):
    """The slot is cancelled, completed or over, and cannot be changed any more."""

    kind = Kind.SLOT_NOT_PLANNED
    cancelled: bool
    starts_at: datetime
    ends_at: datetime


@value
class ParticipationTooEarly(Refusal):
    """Participation can be set from shortly before the start of the slot, not earlier."""

    kind = Kind.PARTICIPATION_TOO_EARLY
    possible_from: datetime


@value
class BookingNotActive(Refusal):
    """The booking is cancelled or only waits, where one that holds a seat is asked for."""

    kind = Kind.BOOKING_NOT_ACTIVE
    waits: bool


@value
class NoConfirmationRequired(Refusal):
    """The booking does not wait for a confirmation."""

    kind = Kind.NO_CONFIRMATION_REQUIRED


@value
class ConfirmationExpired(Refusal):
    """The term by which the booking had to be confirmed has passed."""

    kind = Kind.CONFIRMATION_EXPIRED
    until: datetime
    """The last instant at which it was possible."""


@value
class InstructorNotOnSlot(Refusal):
    """The employee to be replaced does not give this slot."""

    kind = Kind.INSTRUCTOR_NOT_ON_SLOT
    employee_id: int
    slot_id: int


@value
class InstructorAlreadyOnSlot(Refusal):
    """The employee who would stand in already gives this slot."""

    kind = Kind.INSTRUCTOR_ALREADY_ON_SLOT
    employee_id: int
    slot_id: int


class Wrong(StrEnum):
    """What is wrong with times."""

    NO_DURATION = "NO_DURATION"
    """The end does not lie after the start."""
    TOO_LONG = "TOO_LONG"
    """It lasts more than a day."""
    HAS_STARTED = "HAS_STARTED"
    """What has started stays where it is."""
    IN_THE_PAST = "IN_THE_PAST"


@value
class InvalidTimes(Refusal):
    kind = Kind.INVALID_TIMES
    wrong: Wrong
    starts_at: datetime
    """From when, and until when, it would be."""
    ends_at: datetime
