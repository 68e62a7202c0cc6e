"""Why the rules say no, in the words of staff, and for their scripts.

A kind by itself, as it is stored on a booking, has a clause; a refusal has its facts besides. Staff
get all of them. Partners get the contract's words instead (`kursplan.api.error_codes`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from kursplan.domain.contingents import Period
from kursplan.domain.refusals import (
    AlreadyOnSlot,
    BookingClosed,
    BookingNotActive,
    BookingNotOpen,
    CancellationTooLate,
    ClassHidden,
    ConfirmationExpired,
    ContingentUsedUp,
    CustomerIdle,
    Full,
    GrantsNothing,
    InstructorAlreadyOnSlot,
    InstructorNotOnSlot,
    InvalidTimes,
    Kind,
    Lack,
    NoMembership,
    NotFound,
    NotValid,
    OtherStatusThanExpected,
    OtherStudioNotAdmitted,
    ParticipationTooEarly,
    RateNotAdmitted,
    Refusal,
    Resting,
    SitsElsewhere,
    SlotHasStarted,
    SlotIsCompleted,
    SlotIsOver,
    SlotIsRunning,
    SlotNotPlanned,
    StudioClosed,
    UsedUp,
    Wrong,
)
from kursplan.staff.times import moment, span


def _(message: str) -> str:
    """Marks what the console says in other languages too; see `kursplan.console.catalogues`."""
    return message


CLAUSES: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        Kind.NOT_AVAILABLE: _("the slot is not for this customer, or not any more"),
        Kind.SLOT_CANCELLED: _("the slot is cancelled"),
        Kind.SLOT_COMPLETED: _("the slot is completed"),
        Kind.SLOT_OVER: _("the slot is over"),
        Kind.ACCESS_REFUSED: _("the customer's access is refused"),
        Kind.SLOT_RUNNING: _("the slot has started"),
        Kind.OTHER_STUDIO: _("the class does not admit customers of other studios"),
        Kind.CLASS_HIDDEN: _("the class is hidden"),
        Kind.DISPLAY_ONLY: _("the class is for display only"),
        Kind.STUDIO_CLOSED: _("the studio is closed at that time"),
        Kind.CUSTOMER_ALREADY_BOOKED: _("the customer is on the slot already"),
        Kind.DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME: _("booking has not opened yet"),
        Kind.DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME: _("booking has closed"),
        Kind.CUSTOMER_IDLE: _("the customer's membership rests at that time"),
        Kind.NO_CONTINGENT: _("no membership admits the customer, or its contingent is used up"),
        Kind.NO_MEMBERSHIP: _("no membership admits the customer"),
        Kind.CONTINGENT_USED_UP: _("the contingent is used up"),
        Kind.CUSTOMER_IN_OTHER_BOOKING: _("the customer sits on another slot at that time"),
        Kind.BOOKING_LIMIT_REACHED: _("the slot and its waiting list are full"),
        Kind.CANCELLATION_TOO_LATE: _("it is too late to cancel"),
        Kind.SLOT_STARTED: _("the slot has started, so its bookings can't be cancelled any more"),
        Kind.EXPECTED_STATUS_NOT_POSSIBLE: _("the booking is not possible as it is expected"),
        Kind.IDEMPOTENCY_KEY_REUSED: _("the idempotency key was used for another request"),
        Kind.CLASS_NOT_FOUND: _("there is no such class"),
        Kind.CLASS_SLOT_NOT_FOUND: _("there is no such slot"),
        Kind.BOOKING_NOT_FOUND: _("there is no such booking"),
        Kind.CUSTOMER_NOT_FOUND: _("there is no such customer"),
        Kind.EMPLOYEE_NOT_FOUND: _("there is no such employee"),
        Kind.STUDIO_NOT_FOUND: _("there is no such studio"),
        Kind.SERIES_NOT_FOUND: _("there is no such series"),
        Kind.LOCATION_NOT_FOUND: _("there is no such room"),
        Kind.SLOT_NOT_PLANNED: _("the slot can't be changed any more"),
        Kind.PARTICIPATION_TOO_EARLY: _("it is too early to note who takes part"),
        Kind.BOOKING_NOT_ACTIVE: _("the booking holds no seat"),
        Kind.NO_CONFIRMATION_REQUIRED: _("the booking does not have to be confirmed"),
        Kind.CONFIRMATION_EXPIRED: _("the time to confirm the booking has passed"),
        Kind.INSTRUCTOR_NOT_ON_SLOT: _("the employee does not give the slot"),
        Kind.INSTRUCTOR_ALREADY_ON_SLOT: _("the employee gives the slot already"),
        Kind.TWICE_AT_THE_SAME_TIME: _(
            "an instructor or a room would be needed twice at the same time"
        ),
        Kind.INVALID_TIMES: _("the times are not possible"),
    }
)
"""What each kind of refusal says, to be put into a sentence."""

_WRONG: Final = {
    Wrong.NO_DURATION: "it would not end after its start",
    Wrong.TOO_LONG: "it would last more than a day",
    Wrong.HAS_STARTED: "what has started stays where it is",
    Wrong.IN_THE_PAST: "that is in the past",
}

_PERIODS: Final = {
    Period.WEEK: "a week",
    Period.MONTH: "a month",
    Period.YEAR: "a year",
    Period.TOTAL: "in all",
}


@dataclass(frozen=True, slots=True)
class Names:
    """What those are called to which refusals refer by their ids; one that is missing stays an id."""

    memberships: Mapping[int, str] = field(default_factory=dict)
    """The rate and, in brackets, the key by which staff say which membership they mean."""
    rates: Mapping[int, str] = field(default_factory=dict)
    studios: Mapping[int, str] = field(default_factory=dict)
    employees: Mapping[int, str] = field(default_factory=dict)
    slots: Mapping[int, str] = field(default_factory=dict)
    """The titles of their classes."""


NOBODY: Final = Names()


def clause(kind: Kind | None) -> str:
    """What a kind says, to be put into a sentence; nothing where there is none."""
    return "" if kind is None else CLAUSES[kind]


def rule_of(kind: Kind | None) -> str | None:
    """The word by which scripts know why a booking is flagged: that of the rule, whatever the reason."""
    return None if kind is None else kind.rule.value


def in_full(refusal: Refusal, names: Names = NOBODY) -> str:
    """Why it is refused, with all that is known of it, to be put into a sentence."""
    facts = _facts(refusal, names)
    return f"{CLAUSES[refusal.kind]}{': ' if facts else ''}{facts}"


def sentence(refusal: Refusal, names: Names = NOBODY) -> str:
    """The same to stand by itself, without a full stop."""
    said = in_full(refusal, names)
    return said[0].upper() + said[1:]


def facts_of(refusal: Refusal, names: Names = NOBODY) -> dict[str, object]:
    """The same for scripts, with times in ISO 8601."""
    return {"kind": refusal.kind.value, **_members(refusal, names)}


def _facts(refusal: Refusal, names: Names) -> str:
    match refusal:
        case SlotIsCompleted(ends_at) | SlotIsOver(ends_at):
            return f"its end is {moment(ends_at)}"
        case SlotIsRunning(started_at, ends_at):
            return span(started_at, ends_at)
        case OtherStudioNotAdmitted(studio_id):
            return f"they are at home in {_name(names.studios, 'studio', studio_id)}"
        case ClassHidden(bookable):
            return "it is not shown online" if bookable else "it is not bookable"
        case StudioClosed(closed_from, closed_until, closed_for):
            return _closed(closed_from, closed_until, closed_for)
        case AlreadyOnSlot(booking_id, waits):
            return f"they {'wait' if waits else 'sit'} there by booking {booking_id}"
        case BookingNotOpen(opens_at):
            return f"it opens on {moment(opens_at)}"
        case BookingClosed(until) | CancellationTooLate(until) | ConfirmationExpired(until):
            return f"it was possible until {moment(until)}"
        case CustomerIdle(lacks) | NoMembership(lacks) | ContingentUsedUp(lacks):
            return _lacks(lacks, names)
        case SitsElsewhere(booking_id, slot_id, starts_at, ends_at):
            what = _name(names.slots, "slot", slot_id)
            return f"{what}, {span(starts_at, ends_at)} (booking {booking_id})"
        case Full():
            return _full(refusal)
        case SlotHasStarted(started_at):
            return f"it began on {moment(started_at)}"
        case OtherStatusThanExpected(waits):
            return "they would have to wait" if waits else "there is a seat"
        case NotFound(id_):
            return str(id_)
        case SlotNotPlanned(cancelled, starts_at, ends_at):
            return "it is cancelled" if cancelled else f"it takes place {span(starts_at, ends_at)}"
        case ParticipationTooEarly(possible_from):
            return f"it is possible from {moment(possible_from)}"
        case BookingNotActive(waits):
            return "it waits" if waits else "it is cancelled"
        case InstructorNotOnSlot(who, slot_id) | InstructorAlreadyOnSlot(who, slot_id):
            return f"{_name(names.employees, 'employee', who)}, slot {slot_id}"
        case InvalidTimes(wrong, starts_at, ends_at):
            return f"{_WRONG[wrong]} ({span(starts_at, ends_at)})"
        case _:
            return ""


def _closed(since: datetime | None, until: datetime | None, why: str | None) -> str:
    if since is None and until is not None:
        return f"it opens on {moment(until)} for the first time"
    if since is not None and until is None:
        return f"it has closed for good on {moment(since)}"
    said = span(since, until) if since is not None and until is not None else ""
    return f"{said} ({why})" if why else said


def _full(full: Full) -> str:
    taken = f"{full.taken} of {full.seats} seats are taken"
    if full.waiting < full.max_waiting_list and full.seats:
        return f"{taken}, and nobody moves up from the waiting list any more"
    return f"{taken}, and {full.waiting} of {full.max_waiting_list} wait"


def _lacks(lacks: Iterable[Lack], names: Names) -> str:
    said = [_lack(each, names) for each in lacks]
    return "; ".join(said) or "they have none"


def _lack(lack: Lack, names: Names) -> str:
    which = _name(names.memberships, "membership", lack.membership_id)
    match lack:
        case Resting(_, first, last):
            return f"{which} rests from {first}{f' to {last}' if last else ''}"
        case NotValid(_, first, last):
            return f"{which} is valid from {first}{f' to {last}' if last else ''}"
        case RateNotAdmitted(_, rate_id):
            return (
                f"{which} is of a rate that is not admitted ({_name(names.rates, 'rate', rate_id)})"
            )
        case GrantsNothing():
            return f"{which} grants no bookings"
        case UsedUp(_, period, granted, used, again_from):
            again = f", and grants some again from {again_from}" if again_from else ""
            return f"{which} grants {granted} {_PERIODS[period]}, of which {used} are used{again}"


def _name(known: Mapping[int, str], what: str, of: int) -> str:
    return known.get(of) or f"{what} {of}"


_NAMED: Final = {
    "membership_id": ("membership", "memberships"),
    "rate_id": ("rate", "rates"),
    "home_studio_id": ("home_studio", "studios"),
    "employee_id": ("employee", "employees"),
    "slot_id": ("title", "slots"),
}
"""By the name of a fact that is an id: how the name is called, and where it is found."""


def _members(facts: Any, names: Names) -> dict[str, object]:
    members: dict[str, object] = {}
    for each in fields(facts):
        value = getattr(facts, each.name)
        members[each.name] = _plain(value, names)
        if each.name in _NAMED:
            called, where = _NAMED[each.name]
            if (name := getattr(names, where).get(value)) is not None:
                members[called] = name
    return members


def _plain(value: object, names: Names) -> object:
    match value:
        case datetime() | date():
            return value.isoformat()
        case StrEnum():
            return value.value
        case tuple():
            return [_plain(each, names) for each in value]
        case _ if is_dataclass(value):
            lack = _LACKS.get(type(value))
            return ({} if lack is None else {"lack": lack}) | _members(value, names)
        case _:
            return value


_LACKS: Final[Mapping[type, str]] = {
    Resting: "RESTING",
    NotValid: "NOT_VALID",
    RateNotAdmitted: "RATE_NOT_ADMITTED",
    GrantsNothing: "GRANTS_NOTHING",
    UsedUp: "USED_UP",
}
