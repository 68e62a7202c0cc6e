"""Partners in plain words: what they may do, what they are told, how that goes."""

from __future__ import annotations

from typing import Any, Final

from kursplan.console.moments import Moments
from kursplan.console.timetable.view import Sign
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.domain.applications import Scope
from kursplan.domain.events import EventType
from kursplan.domain.webhooks import DeliveryStatus, Disabled, Failure
from kursplan.store.engine.rows import AnyRow

MAY: Final = {
    Scope.CLASSES_READ: _("See classes, slots and bookings"),
    Scope.CLASSES_WRITE: _("Book and cancel"),
    Scope.CUSTOMER_READ: _("See customers, with names and addresses"),
    Scope.STUDIO_READ: _("See the studio and its hours"),
    Scope.EMPLOYEE_READ: _("See employees"),
}
"""What a key allows."""

HAPPENED: Final = {
    EventType.CLASS_BOOKING_CREATED: _("Booking made"),
    EventType.CLASS_BOOKING_UPDATED: _("Booking changed"),
    EventType.CLASS_BOOKING_CANCELLED: _("Booking cancelled"),
    EventType.CLASS_SLOT_UPDATED: _("Slot changed"),
    EventType.CLASS_SLOT_CANCELLED: _("Slot cancelled"),
    EventType.CUSTOMER_CREATED: _("Customer new"),
    EventType.CUSTOMER_UPDATED: _("Customer changed"),
    EventType.CUSTOMER_DELETED: _("Customer erased"),
    EventType.CUSTOMER_HOME_STUDIO_UPDATED: _("Customer moved to another studio"),
    EventType.CONTRACT_CREATED: _("Membership new"),
    EventType.CONTRACT_UPDATED: _("Membership changed"),
    EventType.CONTRACT_CANCELLED: _("Membership ends"),
    EventType.CONTRACT_IDLE_PERIOD_CREATED: _("Idle period new"),
    EventType.CONTRACT_IDLE_PERIOD_UPDATED: _("Idle period changed"),
    EventType.CONTRACT_IDLE_PERIOD_CANCELLED: _("Idle period taken back"),
    EventType.EMPLOYEE_CREATED: _("Employee new"),
    EventType.EMPLOYEE_UPDATED: _("Employee changed"),
    EventType.EMPLOYEE_DELETED: _("Employee left"),
    EventType.STUDIO_OPENING_HOURS_UPDATED: _("Opening hours changed"),
}
"""What partners are told of."""

STATUSES: Final = {
    DeliveryStatus.PENDING: _("To be sent"),
    DeliveryStatus.DELIVERED: _("Delivered"),
    DeliveryStatus.FAILED: _("Given up"),
    DeliveryStatus.HELD: _("Held back"),
}

FAILED: Final = {
    Failure.TIMEOUT: _("it took too long"),
    Failure.NO_ADDRESS: _("its name has no address"),
    Failure.REFUSED_ADDRESS: _("it leads to an address that must not be called"),
    Failure.REFUSED_URL: _("this URL must not be called"),
    Failure.CERTIFICATE: _("its certificate is not valid"),
    Failure.CONNECTION: _("it could not be reached, or hung up"),
    Failure.PROTOCOL: _("what it answered is no HTTP"),
}
"""Why there was no answer."""

NOT_SENT: Final = {
    Disabled.BY_OPERATOR: _("somebody switched it off"),
    Disabled.GONE: _("it answered that it is gone for good (410)"),
    Disabled.FAILING: _("it failed for five days"),
}
"""Why nothing is sent to an endpoint."""


def type_of(words: Words, type_: EventType) -> str:
    return words.gettext(HAPPENED[type_])


def types_of(words: Words, types: Any) -> str:
    """Of an endpoint: what it is told of."""
    if types is None:
        return words.gettext("everything")
    return words.listed([type_of(words, EventType(each)) for each in sorted(types)])


def sign_of_endpoint(words: Words, row: AnyRow) -> Sign:
    """How it is doing, in a word."""
    if row.disabled is not None:
        return Sign("stop", "closed", words.gettext("Switched off"))
    if not row.active:
        return Sign("", "closed", words.gettext("Not active"))
    if row.confirmed_at is None:
        return Sign("wait", "wait", words.gettext("Has not said that it is ready"))
    if row.failing_since is not None:
        return Sign("flag", "warning", words.gettext("Failing"))
    return Sign("good", "check", words.gettext("Works"))


def state_of_endpoint(words: Words, moments: Moments, row: AnyRow) -> str:
    """The same in a sentence, with what follows of it."""
    gettext = words.gettext
    if row.disabled is not None:
        return gettext(
            "Nothing is sent since %(at)s: %(why)s. What happens meanwhile is held back for it.",
            at=moments.at(row.disabled_at),
            why=gettext(NOT_SENT[row.disabled]),
        )
    if not row.active:
        return gettext("Its application is not active in this studio, so nothing is sent.")
    if row.confirmed_at is None:
        return gettext(
            "Nothing is sent before the application calls POST /v1/studios/confirmActivation with its key."
        )
    if row.failing_since is not None:
        return gettext(
            "What was sent since %(at)s failed, and is repeated. After five days it is switched off.",
            at=moments.at(row.failing_since),
        )
    return gettext("What is sent arrives.")


def sign_of_delivery(words: Words, row: AnyRow) -> Sign:
    """What became of it. One that failed and is repeated is told from one that was not sent yet."""
    said = words.gettext(STATUSES[row.status])
    match row.status:
        case DeliveryStatus.DELIVERED:
            return Sign("good", "check", said)
        case DeliveryStatus.FAILED:
            return Sign("stop", "cross", said)
        case DeliveryStatus.HELD:
            return Sign("flag", "closed", said)
    return Sign("wait", "wait", words.gettext("Being repeated") if row.attempts else said)


def outcome(words: Words, status_code: int | None, failure: Failure | None) -> str:
    """Of an attempt: what it answered, or why there was no answer."""
    if status_code is not None:
        return words.gettext("answered %(code)s", code=status_code)
    if failure is None:
        return words.gettext("delivered")
    return words.gettext(FAILED[failure])
