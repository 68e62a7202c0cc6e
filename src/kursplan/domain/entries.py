"""A gym as its operator writes it down: one entry for each thing, by the operator's own keys.

The same values come out of a gym file, out of the database, and go over the desk, so that what
differs between two of them is found by comparing. Entries refer to each other by key, never by id.
Defaults are the house's. What is called "left alone" is None: nothing is said about it.

Bookings and everything else that customers, partners and the house itself do are absent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time

from kursplan.domain.clashes import OnClash
from kursplan.domain.classes import Class, ClassType, OnlineBooking, Promotion, WhoMayBook
from kursplan.domain.contingents import Contingent
from kursplan.domain.customers import CustomerStatus, Gender
from kursplan.domain.employees import BusinessRole
from kursplan.domain.events import EventType
from kursplan.domain.slots import Override
from kursplan.domain.studios import LostEntitlement
from kursplan.domain.terms import Term
from kursplan.domain.webhooks import CONTRACTS_PLAN, DEFAULT_ENDPOINT, RetryPlan

_HOUSE = Class(0)


def free_key(wanted: str, is_taken: Callable[[str], bool]) -> str:
    """`wanted`, or where something goes by it already, the same with a number."""
    key, number = wanted, 1
    while is_taken(key):
        number += 1
        key = f"{wanted}.{number}"
    return key


@dataclass(frozen=True, slots=True)
class OrganizationEntry:
    key: str
    name: str | None = None
    """Left alone where it is None."""
    lost_entitlement: LostEntitlement | None = None
    """Left alone where it is None; FLAG for a new organization."""

    def over(self, before: OrganizationEntry) -> OrganizationEntry:
        """The organization once this is recorded, which was `before` until now."""
        return OrganizationEntry(
            before.key,
            self.name or before.name,
            self.lost_entitlement or before.lost_entitlement,
        )


@dataclass(frozen=True, slots=True)
class Hours:
    """The same hours on some weekdays in a row; Monday is 0.

    A `time_to` that is not after `time_from` lies on the next day.
    """

    day_from: int
    day_to: int
    time_from: time
    time_to: time


@dataclass(frozen=True, slots=True)
class StudioEntry:
    key: str
    name: str
    zone: str
    language: str = "en"
    description: str | None = None
    country: str | None = None
    country_code: str | None = None
    email: str | None = field(default=None, repr=False)
    telephone: str | None = field(default=None, repr=False)
    website: str | None = None
    logo_url: str | None = None
    street: str | None = None
    house_number: str | None = None
    zip: str | None = None
    city: str | None = None
    opening_date: date | None = None
    closing_date: date | None = None
    longitude: float | None = None
    latitude: float | None = None
    access_code_enabled: bool = False
    clashes: OnClash = OnClash.WARN
    """What it says where an instructor or a room would be twice at the same time."""
    opening_hours: tuple[Hours, ...] | None = None
    """Left alone where it is None, like the hours for the public."""
    public_opening_hours: tuple[Hours, ...] | None = None

    def over(self, before: StudioEntry) -> StudioEntry:
        """The studio once this is recorded, which was `before` until now."""
        hours, public = self.opening_hours, self.public_opening_hours
        return replace(
            self,
            opening_hours=before.opening_hours if hours is None else hours,
            public_opening_hours=before.public_opening_hours if public is None else public,
        )


@dataclass(frozen=True, slots=True)
class LocationEntry:
    key: str
    studio: str
    name: str
    description: str | None = None
    shared: bool = False
    """Whether several slots can be there at the same time."""


@dataclass(frozen=True, slots=True)
class ClosureEntry:
    """From and to in the studio's local time."""

    key: str
    studio: str
    local_from: datetime
    local_to: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class EmployeeEntry:
    key: str
    first_name: str = field(repr=False)
    last_name: str = field(repr=False)
    studios: frozenset[str]
    public_name: str | None = field(default=None, repr=False)
    business_role: BusinessRole | None = None
    gender: Gender | None = None
    initials: str | None = field(default=None, repr=False)
    """Made of the names where there are none."""


@dataclass(frozen=True, slots=True)
class RateEntry:
    key: str
    name: str
    contingents: frozenset[Contingent] = frozenset()


@dataclass(frozen=True, slots=True)
class ClassEntry:
    """`duration` in minutes."""

    key: str
    studio: str
    title: str
    duration: int
    description: str | None = None
    category: str | None = None
    type: ClassType = ClassType.STUDIO
    img_url: str | None = None
    bookable: bool = _HOUSE.bookable
    online_booking: OnlineBooking = _HOUSE.online_booking
    earliest_booking: Term | None = _HOUSE.earliest_booking
    latest_booking: Term = _HOUSE.latest_booking
    latest_cancellation: Term = _HOUSE.latest_cancellation
    late_cancellation: bool = _HOUSE.late_cancellation
    max_participants: int | None = 20
    max_waiting_list: int = 5
    promotion: Promotion = _HOUSE.promotion
    promotion_ends: Term | None = _HOUSE.promotion_ends
    grace: Term = _HOUSE.grace
    admits_other_studios: bool = _HOUSE.admits_other_studios
    who_may_book: WhoMayBook = _HOUSE.who_may_book
    rates: frozenset[str] = frozenset()
    uses_contingent: bool = _HOUSE.uses_contingent
    confirmation: Term | None = _HOUSE.confirmation
    confirm_promotion: Term = _HOUSE.confirm_promotion


@dataclass(frozen=True, slots=True)
class SeriesEntry:
    """A weekly plan; Monday is 0, and both first and last day belong to it."""

    key: str
    class_: str
    weekdays: frozenset[int]
    start: time
    first_day: date
    last_day: date | None = None
    duration: int | None = None
    """In minutes; None is as long as the class takes."""
    location: str | None = None
    instructors: tuple[str, ...] = ()
    own: frozenset[Override] = frozenset()
    """Which of the two limits it sets itself; the others are those of its class."""
    max_participants: int | None = None
    max_waiting_list: int | None = None


@dataclass(frozen=True, slots=True)
class SlotEntry:
    """A single slot, without a series."""

    key: str
    class_: str
    local_start: datetime
    duration: int | None = None
    """In minutes; None is as long as the class takes."""
    location: str | None = None
    instructors: tuple[str, ...] = ()
    own: frozenset[Override] = frozenset()
    """Which of the two limits it sets itself; the others are those of its class."""
    max_participants: int | None = None
    max_waiting_list: int | None = None
    additional_participants: int = 0


@dataclass(frozen=True, slots=True)
class IdlePeriodEntry:
    key: str
    first_day: date
    last_day: date | None = None
    reason: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class MembershipEntry:
    key: str
    rate: str
    valid_from: date
    valid_until: date | None = None
    contingents: frozenset[Contingent] = frozenset()
    """Its own instead of those of its rate."""
    idle_periods: tuple[IdlePeriodEntry, ...] | None = None
    """Left alone where it is None."""


@dataclass(frozen=True, slots=True)
class CustomerEntry:
    key: str
    studio: str
    """The home studio."""
    first_name: str = field(repr=False)
    last_name: str = field(repr=False)
    number: str | None = None
    date_of_birth: date | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    gender: Gender | None = None
    phone: str | None = field(default=None, repr=False)
    preferred_language: str | None = None
    status: CustomerStatus = CustomerStatus.MEMBER
    access_refused: bool = False
    memberships: tuple[MembershipEntry, ...] | None = None
    """Left alone where it is None."""


@dataclass(frozen=True, slots=True)
class EndpointEntry:
    """Where an integration is told. Its secret is absent: it is made here, and shown once."""

    key: str
    url: str = field(repr=False)
    types: frozenset[EventType] | None = None
    """None for all types, which only the default one may."""

    @property
    def is_default(self) -> bool:
        return self.key == DEFAULT_ENDPOINT


@dataclass(frozen=True, slots=True)
class WebhooksEntry:
    """How an integration is told of events."""

    endpoints: frozenset[EndpointEntry] | None = None
    """Left alone where it is None; otherwise all there are to be, the default one among them."""
    retry: RetryPlan | None = None
    """Left alone where it is None."""

    @property
    def by_key(self) -> dict[str, EndpointEntry]:
        return {each.key: each for each in self.endpoints or ()}

    def over(self, before: WebhooksEntry) -> WebhooksEntry:
        """What there is once this is recorded, where there was `before` until now."""
        return WebhooksEntry(
            before.endpoints if self.endpoints is None else self.endpoints,
            before.retry if self.retry is None else self.retry,
        )


NO_WEBHOOKS = WebhooksEntry(frozenset(), CONTRACTS_PLAN)
"""What a new integration has."""


@dataclass(frozen=True, slots=True)
class IntegrationEntry:
    studio: str
    scopes: frozenset[str]
    active: bool = True
    webhooks: WebhooksEntry | None = None
    """Left alone where it is None."""

    def over(self, before: IntegrationEntry | None) -> IntegrationEntry:
        """The integration once this is recorded, which was `before` until now."""
        stands = NO_WEBHOOKS if before is None else before.webhooks or NO_WEBHOOKS
        return replace(self, webhooks=(self.webhooks or WebhooksEntry()).over(stands))


@dataclass(frozen=True, slots=True)
class ApplicationEntry:
    key: str
    name: str
    integrations: frozenset[IntegrationEntry] | None = None
    """Left alone where it is None."""

    @property
    def by_studio(self) -> dict[str, IntegrationEntry]:
        return {each.studio: each for each in self.integrations or ()}

    def over(self, before: ApplicationEntry | None) -> ApplicationEntry:
        """The application once this is recorded, which was `before` until now.

        Where integrations are told, those that are missing are deactivated.
        """
        known = {} if before is None else before.by_studio
        if self.integrations is None:
            return replace(self, integrations=frozenset(known.values()))
        told = (each.over(known.get(each.studio)) for each in self.integrations)
        missing = known.keys() - self.by_studio.keys()
        ended = (replace(known[studio], active=False) for studio in missing)
        return replace(self, integrations=frozenset((*told, *ended)))


@dataclass(frozen=True, slots=True)
class Gym:
    """An organization. A section that is None is left alone; an empty one says that there is none."""

    organization: OrganizationEntry
    studios: tuple[StudioEntry, ...] | None = None
    locations: tuple[LocationEntry, ...] = ()
    closures: tuple[ClosureEntry, ...] = ()
    closures_told_by: frozenset[str] = frozenset()
    """The studios of which `closures` has all; those of the others are left alone."""
    employees: tuple[EmployeeEntry, ...] | None = None
    deleted_employees: frozenset[str] = frozenset()
    rates: tuple[RateEntry, ...] | None = None
    classes: tuple[ClassEntry, ...] | None = None
    series: tuple[SeriesEntry, ...] | None = None
    slots: tuple[SlotEntry, ...] | None = None
    customers: tuple[CustomerEntry, ...] | None = None
    deleted_customers: frozenset[str] = frozenset()
    applications: tuple[ApplicationEntry, ...] | None = None
