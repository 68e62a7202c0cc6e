"""The contract's words for refusals: `validationStatus`, and `errorCode`.

The words are the contract's, to the letter, and programs of partners compare them: none is renamed or
used for a second meaning. Which of them a refusal is, is decided here and nowhere else. What it knows
besides, its facts, is not for partners.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from kursplan.domain.refusals import Kind, Refusal


class ErrorCode(StrEnum):
    """The word for a refusal; those of the first block are what `validate` answers, too."""

    # May this customer book this slot? The first that applies is the answer.

    NOT_AVAILABLE = "NOT_AVAILABLE"
    """The slot is cancelled, completed or started, or does not admit this customer at all."""

    DISPLAY_ONLY = "DISPLAY_ONLY"
    """The class is shown online but cannot be booked there."""

    STUDIO_CLOSED = "STUDIO_CLOSED"
    """A closure of the studio overlaps the slot."""

    CUSTOMER_ALREADY_BOOKED = "CUSTOMER_ALREADY_BOOKED"
    """The customer already has an active booking on this slot, waiting included."""

    DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME = "DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME"
    """Booking has not opened yet."""

    DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME = "DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME"
    """Booking has closed."""

    NO_SHOW_PENALTY_ACTIVE = "NO_SHOW_PENALTY_ACTIVE"
    """A penalty of a no-show rule is running for the customer; no rule refuses for it yet."""

    CUSTOMER_IDLE = "CUSTOMER_IDLE"
    """An idle period of the customer covers some time of the slot."""

    NO_CONTINGENT = "NO_CONTINGENT"
    """No membership admits the customer on that day, or its contingent is used up."""

    CUSTOMER_IN_OTHER_BOOKING = "CUSTOMER_IN_OTHER_BOOKING"
    """The customer has a seat on another slot that overlaps this one."""

    BOOKING_LIMIT_REACHED = "BOOKING_LIMIT_REACHED"
    """Neither a seat nor a position on the waiting list is free."""

    # May this booking be cancelled?

    CANCELLATION_TOO_LATE = "CANCELLATION_TOO_LATE"
    """The latest cancellation has passed and the class refuses later ones."""

    SLOT_STARTED = "SLOT_STARTED"
    """The slot has started, so its bookings can no longer be cancelled."""

    # Booking with an expectation.

    EXPECTED_STATUS_NOT_POSSIBLE = "EXPECTED_STATUS_NOT_POSSIBLE"
    """The booking is possible, but not with the status that the caller insists on."""

    # Saying the same thing twice.

    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    """The idempotency key already belongs to a different request."""

    # Things that do not exist, or not where the caller may see them.

    CLASS_NOT_FOUND = "CLASS_NOT_FOUND"
    """There is no such class here."""

    CLASS_SLOT_NOT_FOUND = "CLASS_SLOT_NOT_FOUND"
    """There is no such slot here."""

    BOOKING_NOT_FOUND = "BOOKING_NOT_FOUND"
    """There is no such booking here."""

    CUSTOMER_NOT_FOUND = "CUSTOMER_NOT_FOUND"
    """There is no such customer here."""

    EMPLOYEE_NOT_FOUND = "EMPLOYEE_NOT_FOUND"
    """There is no such employee here."""

    STUDIO_NOT_FOUND = "STUDIO_NOT_FOUND"
    """There is no such studio here."""

    SERIES_NOT_FOUND = "SERIES_NOT_FOUND"
    """There is no such series here."""

    LOCATION_NOT_FOUND = "LOCATION_NOT_FOUND"
    """There is no such location here."""

    # Commands of staff.

    SLOT_NOT_PLANNED = "SLOT_NOT_PLANNED"
    """The slot is cancelled or completed and cannot be changed any more."""

    PARTICIPATION_TOO_EARLY = "PARTICIPATION_TOO_EARLY"
    """Participation can be set from shortly before the start of the slot, not earlier."""

    BOOKING_NOT_ACTIVE = "BOOKING_NOT_ACTIVE"
    """The booking is cancelled or only waits, where one that holds a seat is asked for."""

    NO_CONFIRMATION_REQUIRED = "NO_CONFIRMATION_REQUIRED"
    """The booking does not wait for a confirmation."""

    CONFIRMATION_EXPIRED = "CONFIRMATION_EXPIRED"
    """The term by which the booking had to be confirmed has passed."""

    INSTRUCTOR_NOT_ON_SLOT = "INSTRUCTOR_NOT_ON_SLOT"
    """The employee to be replaced does not give this slot."""

    INSTRUCTOR_ALREADY_ON_SLOT = "INSTRUCTOR_ALREADY_ON_SLOT"
    """The employee who would stand in already gives this slot."""

    TWICE_AT_THE_SAME_TIME = "TWICE_AT_THE_SAME_TIME"
    """An instructor, or a room that is not shared, would be on two slots, and a studio refuses that."""

    INVALID_TIMES = "INVALID_TIMES"
    """The end does not lie after the start."""

    CHANGED_MEANWHILE = "CHANGED_MEANWHILE"
    """Others changed what the caller had before them when they decided."""


CODES: Final[Mapping[Kind, ErrorCode]] = MappingProxyType(
    {
        Kind.NOT_AVAILABLE: ErrorCode.NOT_AVAILABLE,
        Kind.SLOT_CANCELLED: ErrorCode.NOT_AVAILABLE,
        Kind.SLOT_COMPLETED: ErrorCode.NOT_AVAILABLE,
        Kind.SLOT_OVER: ErrorCode.NOT_AVAILABLE,
        Kind.ACCESS_REFUSED: ErrorCode.NOT_AVAILABLE,
        Kind.SLOT_RUNNING: ErrorCode.NOT_AVAILABLE,
        Kind.OTHER_STUDIO: ErrorCode.NOT_AVAILABLE,
        Kind.CLASS_HIDDEN: ErrorCode.NOT_AVAILABLE,
        Kind.DISPLAY_ONLY: ErrorCode.DISPLAY_ONLY,
        Kind.STUDIO_CLOSED: ErrorCode.STUDIO_CLOSED,
        Kind.CUSTOMER_ALREADY_BOOKED: ErrorCode.CUSTOMER_ALREADY_BOOKED,
        Kind.DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME: ErrorCode.DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME,
        Kind.DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME: ErrorCode.DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME,
        Kind.CUSTOMER_IDLE: ErrorCode.CUSTOMER_IDLE,
        Kind.NO_CONTINGENT: ErrorCode.NO_CONTINGENT,
        Kind.NO_MEMBERSHIP: ErrorCode.NO_CONTINGENT,
        Kind.CONTINGENT_USED_UP: ErrorCode.NO_CONTINGENT,
        Kind.CUSTOMER_IN_OTHER_BOOKING: ErrorCode.CUSTOMER_IN_OTHER_BOOKING,
        Kind.BOOKING_LIMIT_REACHED: ErrorCode.BOOKING_LIMIT_REACHED,
        Kind.CANCELLATION_TOO_LATE: ErrorCode.CANCELLATION_TOO_LATE,
        Kind.SLOT_STARTED: ErrorCode.SLOT_STARTED,
        Kind.EXPECTED_STATUS_NOT_POSSIBLE: ErrorCode.EXPECTED_STATUS_NOT_POSSIBLE,
        Kind.IDEMPOTENCY_KEY_REUSED: ErrorCode.IDEMPOTENCY_KEY_REUSED,
        Kind.CLASS_NOT_FOUND: ErrorCode.CLASS_NOT_FOUND,
        Kind.CLASS_SLOT_NOT_FOUND: ErrorCode.CLASS_SLOT_NOT_FOUND,
        Kind.BOOKING_NOT_FOUND: ErrorCode.BOOKING_NOT_FOUND,
        Kind.CUSTOMER_NOT_FOUND: ErrorCode.CUSTOMER_NOT_FOUND,
        Kind.EMPLOYEE_NOT_FOUND: ErrorCode.EMPLOYEE_NOT_FOUND,
        Kind.STUDIO_NOT_FOUND: ErrorCode.STUDIO_NOT_FOUND,
        Kind.SERIES_NOT_FOUND: ErrorCode.SERIES_NOT_FOUND,
        Kind.LOCATION_NOT_FOUND: ErrorCode.LOCATION_NOT_FOUND,
        Kind.SLOT_NOT_PLANNED: ErrorCode.SLOT_NOT_PLANNED,
        Kind.PARTICIPATION_TOO_EARLY: ErrorCode.PARTICIPATION_TOO_EARLY,
        Kind.BOOKING_NOT_ACTIVE: ErrorCode.BOOKING_NOT_ACTIVE,
        Kind.NO_CONFIRMATION_REQUIRED: ErrorCode.NO_CONFIRMATION_REQUIRED,
        Kind.CONFIRMATION_EXPIRED: ErrorCode.CONFIRMATION_EXPIRED,
        Kind.INSTRUCTOR_NOT_ON_SLOT: ErrorCode.INSTRUCTOR_NOT_ON_SLOT,
        Kind.INSTRUCTOR_ALREADY_ON_SLOT: ErrorCode.INSTRUCTOR_ALREADY_ON_SLOT,
        Kind.TWICE_AT_THE_SAME_TIME: ErrorCode.TWICE_AT_THE_SAME_TIME,
        Kind.INVALID_TIMES: ErrorCode.INVALID_TIMES,
        Kind.CHANGED_MEANWHILE: ErrorCode.CHANGED_MEANWHILE,
    }
)
"""Every kind of refusal, and what partners get for it."""


def code_of(refusal: Refusal) -> ErrorCode:
    """The word that stands for it on the wire."""
    return CODES[refusal.kind]
