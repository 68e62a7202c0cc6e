"""What a request is about, looked up in the organization of whoever asks."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection
from starlette.requests import Request

from kursplan.console.visit import About, NotThere, Subject, number_of
from kursplan.domain.accounts import StaffMember
from kursplan.store.rules import instructors
from kursplan.store.staff import (
    accounts,
    classes,
    customers,
    employees,
    partners,
    rates,
    studio,
    timetable,
)

ALL_STUDIOS: Final = "all"
"""Stands in an address for all studios that they have."""
NOWHERE: Final = 0
"""The studio of what is in none: only owners have it."""


def studio_asked_for(tx: Connection, request: Request, member: StaffMember) -> Subject | None:
    """The studio that the parameter names by its key; where it names none, they see their own."""
    key = request.query_params.get("studio") or ALL_STUDIOS
    if key == ALL_STUDIOS:
        return None
    found = (each.id for each in timetable.studios(tx, member.organization_id) if each.key == key)
    studio_id = next(found, None)
    if studio_id is None:
        raise NotThere(key)
    return Subject(studio_id)


def slot_in_path(tx: Connection, request: Request, member: StaffMember) -> Subject:
    """The slot whose number is `{slot_id}` in the path."""
    return slot(tx, member.organization_id, number_of("slot_id", request.path_params["slot_id"]))


def booking_in_path(tx: Connection, request: Request, member: StaffMember) -> Subject:
    """The booking whose number is `{booking_id}` in the path; it belongs to whoever gives its slot."""
    booking_id = number_of("booking_id", request.path_params["booking_id"])
    found = timetable.booking_by_id(tx, member.organization_id, booking_id)
    if found is None:
        raise NotThere(str(booking_id))
    return slot(tx, member.organization_id, found.slot_id)


def slot(tx: Connection, organization_id: int, slot_id: int) -> Subject:
    """That slot, of that studio. Raises `NotThere`."""
    found = timetable.slot_by_id(tx, organization_id, slot_id)
    if found is None:
        raise NotThere(str(slot_id))
    given_by = instructors.of_slots(tx, organization_id, [slot_id])[slot_id]
    return Subject(found.studio_id, frozenset(given_by))


def account_in_path(tx: Connection, request: Request, member: StaffMember) -> None:
    """The staff account whose number is `{account_id}` in the path: it is of no studio."""
    account_id = number_of("account_id", request.path_params["account_id"])
    if not accounts.is_there(tx, member.organization_id, account_id):
        raise NotThere(str(account_id))


def _of_partners(parameter: str, kind: str) -> About:
    """Something of partners, by the name of its table, whose number is that parameter of the path: they
    are looked after for the whole organization."""

    def look(tx: Connection, request: Request, member: StaffMember) -> None:
        thing_id = number_of(parameter, request.path_params[parameter])
        if not partners.is_there(tx, member.organization_id, kind, thing_id):
            raise NotThere(str(thing_id))

    return look


application: Final = _of_partners("application_id", "application")
integration: Final = _of_partners("integration_id", "integration")
key: Final = _of_partners("key_id", "api_key")
endpoint: Final = _of_partners("endpoint_id", "webhook_endpoint")
delivery: Final = _of_partners("delivery_id", "delivery")


def customer_in_path(tx: Connection, request: Request, member: StaffMember) -> Subject:
    """The customer whose number is `{customer_id}` in the path.

    They are of their home studio, and of every studio in which they have ever booked: who sees somebody on
    a slot can also open their page.
    """
    customer_id = number_of("customer_id", request.path_params["customer_id"])
    found = customers.studios_of(tx, member.organization_id, customer_id)
    if found is None:
        raise NotThere(str(customer_id))
    return Subject(next(filter(member.has, found), found[0]))


def closure_in_path(tx: Connection, request: Request, member: StaffMember) -> Subject:
    """The studio of the closure whose number is `{closure_id}` in the path."""
    closure_id = number_of("closure_id", request.path_params["closure_id"])
    found = studio.closure_by_id(tx, member.organization_id, closure_id)
    if found is None:
        raise NotThere(str(closure_id))
    return Subject(found.studio_id)


def room_in_path(tx: Connection, request: Request, member: StaffMember) -> Subject:
    """The studio of the room whose number is `{room_id}` in the path."""
    room_id = number_of("room_id", request.path_params["room_id"])
    studio_id = studio.studio_of_room(tx, member.organization_id, room_id)
    if studio_id is None:
        raise NotThere(str(room_id))
    return Subject(studio_id)


def employee_in_path(tx: Connection, request: Request, member: StaffMember) -> Subject:
    """The employee whose number is `{employee_id}` in the path: of any studio in which they work."""
    employee_id = number_of("employee_id", request.path_params["employee_id"])
    found = employees.works_in(tx, member.organization_id, employee_id)
    if found is None:
        raise NotThere(str(employee_id))
    return Subject(next(filter(member.has, found), found[0] if found else NOWHERE))


def class_in_path(tx: Connection, request: Request, member: StaffMember) -> Subject:
    """The studio that offers the class whose number is `{class_id}` in the path."""
    class_id = number_of("class_id", request.path_params["class_id"])
    return _of_studio(class_id, classes.studio_of(tx, member.organization_id, class_id))


def series_in_path(tx: Connection, request: Request, member: StaffMember) -> Subject:
    """The studio of the series whose number is `{series_id}` in the path."""
    series_id = number_of("series_id", request.path_params["series_id"])
    return _of_studio(series_id, classes.studio_of_series(tx, member.organization_id, series_id))


def rate_in_path(tx: Connection, request: Request, member: StaffMember) -> None:
    """The rate whose number is `{rate_id}` in the path: it is sold in every studio.

    Raises `NotThere`.
    """
    rate_id = number_of("rate_id", request.path_params["rate_id"])
    if not rates.is_there(tx, member.organization_id, rate_id):
        raise NotThere(str(rate_id))


def _of_studio(subject_id: int, studio_id: int | None) -> Subject:
    if studio_id is None:
        raise NotThere(str(subject_id))
    return Subject(studio_id)
