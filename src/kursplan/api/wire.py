"""The contract's types, and its ways of writing things: they belong to the edge and stay there.

Members are named as Python names them and written as the contract does. What is absent is left
out, never null.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, UnsetType

from kursplan.domain.bookings import BookingStatus, Participation
from kursplan.domain.classes import ClassType
from kursplan.domain.customers import CustomerStatus, Gender
from kursplan.domain.employees import BusinessRole
from kursplan.domain.slots import SlotStatus
from kursplan.domain.terms import TermUnit

T = TypeVar("T")

encode = msgspec.json.Encoder().encode


def given(value: T | None) -> T | UnsetType:
    """The value, or nothing at all where there is none."""
    return UNSET if value is None else value


def zoned(instant: datetime, zone: ZoneInfo) -> str:
    """Local time with milliseconds, offset and zone, as RFC 9557 writes it.

    `2022-06-22T08:00:00.000+02:00[Europe/Berlin]`
    """
    return f"{instant.astimezone(zone).isoformat(timespec='milliseconds')}[{zone.key}]"


def wall_time(local: datetime | time) -> str:
    """A time on the studio's wall clock, to the second and without a zone."""
    return local.isoformat(timespec="seconds")


class Wire(msgspec.Struct, rename="camel", gc=False):
    """A JSON object of the contract."""

    def __repr__(self) -> str:
        """Its name alone: what it says may be about people."""
        return f"{type(self).__name__}(…)"


class Term(Wire):
    value: int
    unit: TermUnit


class CancelCondition(Wire):
    # The contract spells it with one L.
    cancelation_after_latest_possible: bool
    latest_cancel_term: Term


class Class(Wire):
    id: int
    bookable: bool
    title: str | UnsetType = UNSET
    type: ClassType | UnsetType = UNSET
    duration: int | UnsetType = UNSET
    category: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    img_url: str | UnsetType = UNSET
    cancel_condition: CancelCondition | UnsetType = UNSET


class ClassInformation(Wire):
    id: int
    title: str


class Instructor(Wire):
    id: int
    first_name: str
    last_name: str
    public_name: str | UnsetType = UNSET


class Location(Wire):
    id: int
    name: str
    description: str | UnsetType = UNSET


class ClassSlot(Wire):
    id: int
    start_date_time: str
    end_date_time: str
    class_information: ClassInformation
    instructors: list[Instructor]
    latest_booking_date_time: str
    booked_participants: int
    additional_participants: int
    waiting_list_participants: int
    location: Location | UnsetType = UNSET
    earliest_booking_date_time: str | UnsetType = UNSET
    max_participants: int | UnsetType = UNSET
    max_waiting_list_participants: int | UnsetType = UNSET


class Validation(Wire):
    validation_status: str


class Booking(Wire):
    booking_id: int
    booking_status: BookingStatus
    class_slot_id: int
    class_id: int
    customer_id: int
    class_slot_status: SlotStatus
    participant_status: Participation


class Slice(Wire, Generic[T]):
    result: list[T]
    has_next: bool
    offset: str


class OpeningHours(Wire):
    day_of_week_from: str
    day_of_week_to: str
    time_from: str
    time_to: str


class ClosingHours(Wire):
    date_time_from: str
    date_time_to: str
    reason: str | UnsetType = UNSET


class Coordinates(Wire):
    longitude: float
    latitude: float


class AccessCodeConfiguration(Wire):
    enabled: bool


class StudioInformation(Wire):
    studio_id: int
    access_code_configuration: AccessCodeConfiguration
    opening_hours: list[OpeningHours]
    public_opening_hours: list[OpeningHours]
    closing_hours: list[ClosingHours]
    name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    country: str | UnsetType = UNSET
    country_code: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    telephone: str | UnsetType = UNSET
    website: str | UnsetType = UNSET
    logo_url: str | UnsetType = UNSET
    street: str | UnsetType = UNSET
    house_number: str | UnsetType = UNSET
    zip: str | UnsetType = UNSET
    city: str | UnsetType = UNSET
    opening_date: date | UnsetType = UNSET
    closing_date: date | UnsetType = UNSET
    location: Coordinates | UnsetType = UNSET


class IdlePeriodContract(Wire):
    id: int
    rate_name: str


class IdlePeriod(Wire):
    id: int
    start_date: date
    end_date: date
    unlimited: bool
    contract: IdlePeriodContract
    reason: str | UnsetType = UNSET


class Language(Wire):
    language_code: str
    country_code: str | UnsetType = UNSET


class Customer(Wire):
    id: int
    status: CustomerStatus
    access_refusal: bool
    first_name: str
    last_name: str
    studio_id: int
    uuid: str
    idle_periods: list[IdlePeriod]
    customer_number: str | UnsetType = UNSET
    date_of_birth: date | UnsetType = UNSET
    email: str | UnsetType = UNSET
    gender: Gender | UnsetType = UNSET
    phone_private_mobile: str | UnsetType = UNSET
    preferred_language: Language | UnsetType = UNSET


class Employee(Wire):
    id: int
    first_name: str
    last_name: str
    employee_initials: str
    gender: Gender
    public_name: str | UnsetType = UNSET
    business_role: BusinessRole | UnsetType = UNSET
