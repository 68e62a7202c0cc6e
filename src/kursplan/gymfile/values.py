"""Entries, made of a document without mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from typing import Any, TypeVar

from kursplan.domain.clashes import OnClash
from kursplan.domain.classes import ClassType, OnlineBooking, Promotion, WhoMayBook
from kursplan.domain.contingents import Contingent, Period
from kursplan.domain.customers import CustomerStatus, Gender
from kursplan.domain.employees import BusinessRole
from kursplan.domain.entries import (
    ApplicationEntry,
    ClassEntry,
    ClosureEntry,
    CustomerEntry,
    EmployeeEntry,
    EndpointEntry,
    Gym,
    Hours,
    IdlePeriodEntry,
    IntegrationEntry,
    LocationEntry,
    MembershipEntry,
    OrganizationEntry,
    RateEntry,
    SeriesEntry,
    SlotEntry,
    StudioEntry,
    WebhooksEntry,
)
from kursplan.domain.events import EventType
from kursplan.domain.slots import Override
from kursplan.domain.studios import LostEntitlement
from kursplan.domain.terms import Term
from kursplan.domain.webhooks import DEFAULT_ENDPOINT, NamedPlan, RetryPlan

T = TypeVar("T")
Members = Mapping[str, Any]
"""A mapping of the document."""

_LIMITS = {
    Override.MAX_PARTICIPANTS: "max_participants",
    Override.MAX_WAITING_LIST: "max_waiting_list",
}
AS_CLASS = "CLASS"
"""What a series says of a limit that is to be that of its class."""
WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")

# How members become values, by name, wherever they stand; all others are taken as they are.
_READ: dict[str, Callable[[Any], Any]] = {
    "lost_entitlement": LostEntitlement,
    "clashes": OnClash,
    "opening_date": date.fromisoformat,
    "closing_date": date.fromisoformat,
    "longitude": float,
    "latitude": float,
    "business_role": BusinessRole,
    "type": ClassType,
    "online_booking": OnlineBooking,
    "promotion": Promotion,
    "who_may_book": WhoMayBook,
    "earliest_booking": Term.parse,
    "latest_booking": Term.parse,
    "latest_cancellation": Term.parse,
    "promotion_ends": Term.parse,
    "grace": Term.parse,
    "confirmation": Term.parse,
    "confirm_promotion": Term.parse,
    "first_day": date.fromisoformat,
    "last_day": date.fromisoformat,
    "date_of_birth": date.fromisoformat,
    "gender": Gender,
    "status": CustomerStatus,
    "weekdays": lambda days: frozenset(map(WEEKDAYS.index, days)),
    "studios": frozenset,
    "scopes": frozenset,
    "rates": frozenset,
    "instructors": tuple,
    "contingents": lambda listed: frozenset(map(_contingent, listed)),
    "opening_hours": lambda listed: tuple(map(_hours, listed)),
    "public_opening_hours": lambda listed: tuple(map(_hours, listed)),
}


def gym(document: Members) -> Gym:
    """The document, which has no mistakes, as entries."""
    studios = document.get("studios")
    return Gym(
        OrganizationEntry(**_read(document["organization"])),
        studios=_each(studios, _studio),
        locations=tuple(
            LocationEntry(studio=studio["key"], **_read(each))
            for studio in studios or ()
            for each in studio.get("locations", ())
        ),
        closures=tuple(
            _closure(studio["key"], each)
            for studio in studios or ()
            for each in studio.get("closures", ())
        ),
        closures_told_by=frozenset(each["key"] for each in studios or () if "closures" in each),
        employees=_each(_staying(document.get("employees")), _employee),
        deleted_employees=_deleted(document.get("employees")),
        rates=_each(document.get("rates"), lambda each: RateEntry(**_read(each))),
        classes=_each(document.get("classes"), lambda each: ClassEntry(**_read(each))),
        series=_each(document.get("series"), _series),
        slots=_each(document.get("slots"), _slot),
        customers=_each(_staying(document.get("customers")), _customer),
        deleted_customers=_deleted(document.get("customers")),
        applications=_each(document.get("applications"), _application),
    )


def _each(listed: Iterable[Members] | None, entry: Callable[[Members], T]) -> tuple[T, ...] | None:
    return None if listed is None else tuple(map(entry, listed))


def _staying(listed: Iterable[Members] | None) -> list[Members] | None:
    return None if listed is None else [each for each in listed if not each.get("deleted")]


def _deleted(listed: Iterable[Members] | None) -> frozenset[str]:
    return frozenset(each["key"] for each in listed or () if each.get("deleted"))


def _read(members: Members, *but: str) -> dict[str, Any]:
    """The members as values, except for those named in `but`."""
    return {
        name: value if value is None else _READ.get(name, _as_it_is)(value)
        for name, value in members.items()
        if name not in but
    }


def _as_it_is(value: Any) -> Any:
    return value


def _studio(members: Members) -> StudioEntry:
    return StudioEntry(**_read(members, "locations", "closures"))


def _hours(members: Members) -> Hours:
    return Hours(
        WEEKDAYS.index(members["day_from"]),
        WEEKDAYS.index(members.get("day_to", members["day_from"])),
        time.fromisoformat(members["time_from"]),
        time.fromisoformat(members["time_to"]),
    )


def _closure(studio: str, members: Members) -> ClosureEntry:
    return ClosureEntry(
        members["key"],
        studio,
        datetime.fromisoformat(members["from"]),
        datetime.fromisoformat(members["to"]),
        members.get("reason"),
    )


def _contingent(members: Members) -> Contingent:
    return Contingent(members["bookings"], Period(members["period"]))


def _employee(members: Members) -> EmployeeEntry:
    return EmployeeEntry(**_read(members, "deleted"))


def _series(members: Members) -> SeriesEntry:
    as_class = {name for name in _LIMITS.values() if members.get(name) == AS_CLASS}
    members = {name: value for name, value in members.items() if name not in as_class}
    return SeriesEntry(
        class_=members["class"],
        start=time.fromisoformat(members["start"]),
        own=_own(members),
        **_read(members, "class", "start"),
    )


def _slot(members: Members) -> SlotEntry:
    return SlotEntry(
        class_=members["class"],
        local_start=datetime.fromisoformat(members["start"]),
        own=_own(members),
        **_read(members, "class", "start"),
    )


def _own(members: Members) -> frozenset[Override]:
    """A limit that is written down is its own, also where it is null."""
    return frozenset(own for own, name in _LIMITS.items() if name in members)


def _customer(members: Members) -> CustomerEntry:
    return CustomerEntry(
        memberships=_each(members.get("memberships"), _membership),
        **_read(members, "memberships", "deleted"),
    )


def _membership(members: Members) -> MembershipEntry:
    return MembershipEntry(
        key=members["key"],
        rate=members["rate"],
        valid_from=date.fromisoformat(members["from"]),
        valid_until=_day(members.get("until")),
        contingents=frozenset(map(_contingent, members.get("contingents", ()))),
        idle_periods=_each(members.get("idle_periods"), _idle_period),
    )


def _idle_period(members: Members) -> IdlePeriodEntry:
    return IdlePeriodEntry(
        members["key"],
        date.fromisoformat(members["from"]),
        _day(members.get("until")),
        members.get("reason"),
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _application(members: Members) -> ApplicationEntry:
    activated = _each(members.get("integrations"), _integration)
    return ApplicationEntry(
        members["key"], members["name"], None if activated is None else frozenset(activated)
    )


def _integration(members: Members) -> IntegrationEntry:
    webhooks = _webhooks(members["webhooks"]) if "webhooks" in members else None
    return IntegrationEntry(webhooks=webhooks, **_read(members, "webhooks"))


def _webhooks(members: Members) -> WebhooksEntry:
    retry = _retry(members["retry"]) if "retry" in members else None
    if "url" not in members:
        return WebhooksEntry(None, retry)
    if members["url"] is None:
        return WebhooksEntry(frozenset(), retry)
    first = {**members, "key": DEFAULT_ENDPOINT}
    return WebhooksEntry(frozenset(map(_endpoint, (first, *members.get("further", ())))), retry)


def _endpoint(members: Members) -> EndpointEntry:
    listed = members.get("types")
    types = None if listed is None else frozenset(map(EventType, listed))
    return EndpointEntry(members["key"], members["url"], types)


def _retry(members: Members) -> RetryPlan:
    if "plan" in members:
        return NamedPlan(members["plan"]).plan
    return RetryPlan(tuple(members["seconds"]), members.get("jitter_percent", 0))


_ENTRIES: dict[str, Callable[[Members], Any]] = {
    "studios": _studio,
    "locations": lambda members: LocationEntry(**_read(members)),
    "closures": lambda members: _closure(members["studio"], members),
    "employees": _employee,
    "rates": lambda members: RateEntry(**_read(members)),
    "classes": lambda members: ClassEntry(**_read(members)),
    "series": _series,
    "slots": _slot,
    "customers": _customer,
}


def entry(section: str, members: Members) -> Any:
    """One entry by all of its members, those that are null included."""
    return _ENTRIES[section](members)
