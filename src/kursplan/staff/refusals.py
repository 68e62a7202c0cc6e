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
from typing import Any, Final, Protocol

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
from kursplan.staff import times


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
    Wrong.NO_DURATION: _("it would not end after its start"),
    Wrong.TOO_LONG: _("it would last more than a day"),
    Wrong.HAS_STARTED: _("what has started stays where it is"),
    Wrong.IN_THE_PAST: _("that is in the past"),
}

_GRANTS: Final = {
    Period.WEEK: _("%(which)s grants %(granted)s a week, of which %(used)s are used"),
    Period.MONTH: _("%(which)s grants %(granted)s a month, of which %(used)s are used"),
    Period.YEAR: _("%(which)s grants %(granted)s a year, of which %(used)s are used"),
    Period.TOTAL: _("%(which)s grants %(granted)s in all, of which %(used)s are used"),
}


class Saying(Protocol):
    """How it is said: in which language, and how that writes times."""

    def gettext(self, message: str, **named: Any) -> str: ...

    def moment(self, local: datetime) -> str: ...

    def span(self, start: datetime, end: datetime) -> str: ...

    def day(self, day: date) -> str: ...


class Plainly:
    """English, with times that sort."""

    def gettext(self, message: str, **named: Any) -> str:
        return message % named if named else message

    def moment(self, local: datetime) -> str:
        return times.moment(local)

    def span(self, start: datetime, end: datetime) -> str:
        return times.span(start, end)

    def day(self, day: date) -> str:
        return day.isoformat()


PLAINLY: Final = Plainly()


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


def in_full(refusal: Refusal, names: Names = NOBODY, saying: Saying = PLAINLY) -> str:
    """Why it is refused, with all that is known of it, to be put into a sentence."""
    why = saying.gettext(CLAUSES[refusal.kind])
    facts = _facts(refusal, names, saying)
    return f"{why}{': ' if facts else ''}{facts}"


def sentence(refusal: Refusal, names: Names = NOBODY, saying: Saying = PLAINLY) -> str:
    """The same to stand by itself, without a full stop."""
    said = in_full(refusal, names, saying)
    return said[0].upper() + said[1:]


def facts_of(refusal: Refusal, names: Names = NOBODY) -> dict[str, object]:
    """The same for scripts, with times in ISO 8601."""
    return {"kind": refusal.kind.value, **_members(refusal, names)}


def _facts(refusal: Refusal, names: Names, saying: Saying) -> str:
    gettext, moment, span = saying.gettext, saying.moment, saying.span
    match refusal:
        case SlotIsCompleted(ends_at) | SlotIsOver(ends_at):
            return gettext("its end is %(at)s", at=moment(ends_at))
        case SlotIsRunning(started_at, ends_at):
            return span(started_at, ends_at)
        case OtherStudioNotAdmitted(studio_id):
            studio = _name(names.studios, "studio", studio_id)
            return gettext("they are at home in %(studio)s", studio=studio)
        case ClassHidden(bookable):
            return gettext("it is not shown online") if bookable else gettext("it is not bookable")
        case StudioClosed(closed_from, closed_until, closed_for):
            return _closed(closed_from, closed_until, closed_for, saying)
        case AlreadyOnSlot(booking_id, waits):
            if waits:
                return gettext("they wait there by booking %(number)s", number=booking_id)
            return gettext("they sit there by booking %(number)s", number=booking_id)
        case BookingNotOpen(opens_at):
            return gettext("it opens on %(at)s", at=moment(opens_at))
        case BookingClosed(until) | CancellationTooLate(until) | ConfirmationExpired(until):
            return gettext("it was possible until %(at)s", at=moment(until))
        case CustomerIdle(lacks) | NoMembership(lacks) | ContingentUsedUp(lacks):
            return _lacks(lacks, names, saying)
        case SitsElsewhere(booking_id, slot_id, starts_at, ends_at):
            return gettext(
                "%(title)s, %(span)s (booking %(number)s)",
                title=_name(names.slots, "slot", slot_id),
                span=span(starts_at, ends_at),
                number=booking_id,
            )
        case Full():
            return _full(refusal, saying)
        case SlotHasStarted(started_at):
            return gettext("it began on %(at)s", at=moment(started_at))
        case OtherStatusThanExpected(waits):
            return gettext("they would have to wait") if waits else gettext("there is a seat")
        case NotFound(id_):
            return str(id_)
        case SlotNotPlanned(cancelled, starts_at, ends_at):
            if cancelled:
                return gettext("it is cancelled")
            return gettext("it takes place %(span)s", span=span(starts_at, ends_at))
        case ParticipationTooEarly(possible_from):
            return gettext("it is possible from %(at)s", at=moment(possible_from))
        case BookingNotActive(waits):
            return gettext("it waits") if waits else gettext("it is cancelled")
        case InstructorNotOnSlot(who, slot_id) | InstructorAlreadyOnSlot(who, slot_id):
            name = _name(names.employees, "employee", who)
            return gettext("%(name)s, slot %(number)s", name=name, number=slot_id)
        case InvalidTimes(wrong, starts_at, ends_at):
            return f"{gettext(_WRONG[wrong])} ({span(starts_at, ends_at)})"
        case _:
            return ""


def _closed(since: datetime | None, until: datetime | None, why: str | None, saying: Saying) -> str:
    gettext = saying.gettext
    if since is None and until is not None:
        return gettext("it opens on %(at)s for the first time", at=saying.moment(until))
    if since is not None and until is None:
        return gettext("it has closed for good on %(at)s", at=saying.moment(since))
    said = saying.span(since, until) if since is not None and until is not None else ""
    return f"{said} ({why})" if why else said


def _full(full: Full, saying: Saying) -> str:
    gettext = saying.gettext
    if full.waiting < full.max_waiting_list and full.seats:
        return gettext(
            "%(taken)s of %(seats)s seats are taken, and nobody moves up from the waiting list any more",
            taken=full.taken,
            seats=full.seats,
        )
    return gettext(
        "%(taken)s of %(seats)s seats are taken, and %(waiting)s of %(most)s wait",
        taken=full.taken,
        seats=full.seats,
        waiting=full.waiting,
        most=full.max_waiting_list,
    )


def _lacks(lacks: Iterable[Lack], names: Names, saying: Saying) -> str:
    said = [_lack(each, names, saying) for each in lacks]
    return "; ".join(said) or saying.gettext("they have none")


def _lack(lack: Lack, names: Names, saying: Saying) -> str:
    gettext, day = saying.gettext, saying.day
    which = _name(names.memberships, "membership", lack.membership_id)
    match lack:
        case Resting(_, first, date() as last):
            return gettext(
                "%(which)s rests from %(first)s to %(last)s",
                which=which,
                first=day(first),
                last=day(last),
            )
        case NotValid(_, first, date() as last):
            return gettext(
                "%(which)s is valid from %(first)s to %(last)s",
                which=which,
                first=day(first),
                last=day(last),
            )
        case Resting(_, first):
            return gettext("%(which)s rests from %(first)s", which=which, first=day(first))
        case NotValid(_, first):
            return gettext("%(which)s is valid from %(first)s", which=which, first=day(first))
        case RateNotAdmitted(_, rate_id):
            return gettext(
                "%(which)s is of a rate that is not admitted (%(rate)s)",
                which=which,
                rate=_name(names.rates, "rate", rate_id),
            )
        case GrantsNothing():
            return gettext("%(which)s grants no bookings", which=which)
        case UsedUp(_, period, granted, used, again_from):
            said = gettext(
                _GRANTS[period],
                which=which,
                granted=granted,
                used=used,
            )
            if again_from is None:
                return said
            return gettext(
                "%(said)s, and grants some again from %(day)s", said=said, day=day(again_from)
            )


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
