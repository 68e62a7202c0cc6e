"""The tables. Every one begins with the organization, in its key and in every reference.

That keeps tenants apart, and lets the same schema be spread over several machines by organization.
The exceptions are small, rarely written and carry no reference: `organization` itself, the three
directories by which an organization is found, and the clock of the house.

Hot rows are not referenced: a foreign key from `booking` or `event` to the studio or organization
would have every insert lock the same row.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    Time,
    UniqueConstraint,
    bindparam,
    text,
)
from sqlalchemy.types import TypeDecorator

from kursplan.domain.accounts import Purpose, Role
from kursplan.domain.actors import Origin
from kursplan.domain.bookings import BookingStatus, Ending, Participation
from kursplan.domain.clashes import OnClash
from kursplan.domain.classes import Class, ClassType, OnlineBooking, Promotion, WhoMayBook
from kursplan.domain.contingents import Period
from kursplan.domain.customers import CustomerStatus, Gender
from kursplan.domain.employees import BusinessRole
from kursplan.domain.events import EventType
from kursplan.domain.history import EntityKind
from kursplan.domain.refusals import Kind
from kursplan.domain.slots import SlotStatus
from kursplan.domain.studios import LostEntitlement
from kursplan.domain.terms import Term
from kursplan.domain.webhooks import DeliveryStatus, Disabled, Failure
from kursplan.store.engine.dialect import Instant, Listed, ListedIfAny, Words

_HOUSE = Class(0)
"""What a class is like that says nothing."""


class Terms(TypeDecorator[Term]):
    """A term as value and unit, like `7 DAY`; where there is none, `unsaid` is meant."""

    impl = String(16)
    cache_ok = True

    def __init__(self, unsaid: Term | None = None) -> None:
        super().__init__()
        self.unsaid = unsaid

    def process_bind_param(self, value: Term | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[str | None], Term | None]:
        unsaid = self.unsaid
        return _term if unsaid is None else lambda value: _term(value) or unsaid


@lru_cache(maxsize=1024)
def _term(value: str | None) -> Term | None:
    return None if value is None else Term.parse(value)


ORGANIZATION = bindparam("organization", type_=BigInteger)
"""Every statement binds the organization under this name."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


SortedByBytes = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is compared byte by byte, as SQLite always does, so that beginnings are ranges."""


def _id(name: str, *, optional: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=optional, autoincrement=False)


def _word(name: str, words: type[StrEnum], *, optional: bool = False) -> Column[Any]:
    return Column(name, Words(words), nullable=optional)


def _text(name: str, *, optional: bool = True) -> Column[str]:
    return Column(name, Text, nullable=optional)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _when(name: str, *, optional: bool = False) -> Column[Any]:
    return Column(name, Instant, nullable=optional)


def _table(name: str, *parts: Any, key: tuple[str, ...] = ("id",)) -> Table:
    """A table of an organization; `key` is what follows the organization in the primary key."""
    own_id = [_id("id")] if key == ("id",) else []
    return Table(
        name,
        metadata,
        _id("organization_id"),
        *own_id,
        *parts,
        PrimaryKeyConstraint("organization_id", *key),
    )


def _to(parent: str, column: str) -> ForeignKeyConstraint:
    """A reference to `parent` within the organization."""
    return ForeignKeyConstraint(
        ["organization_id", column], [f"{parent}.organization_id", f"{parent}.id"]
    )


def _one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    listed = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _unique_key() -> UniqueConstraint:
    """The name by which the operator's gym file knows the row."""
    return UniqueConstraint("organization_id", "key")


organization = Table(
    "organization",
    metadata,
    _id("id"),
    _text("key", optional=False),
    _text("name", optional=False),
    _word("lost_entitlement", LostEntitlement),
    _when("created_at"),
    PrimaryKeyConstraint("id"),
    _one_of("lost_entitlement", LostEntitlement),
)

organization_directory = Table(
    "organization_directory",
    metadata,
    _text("key", optional=False),
    _id("organization_id"),
    PrimaryKeyConstraint("key"),
)
"""Which organization goes by that key."""

api_key = Table(
    "api_key",
    metadata,
    Column("key_hash", String(64), nullable=False),
    _id("organization_id"),
    _id("integration_id"),
    _id("id"),
    Column("hint", String(8), nullable=False),
    _when("created_at"),
    _when("revoked_at", optional=True),
    PrimaryKeyConstraint("key_hash"),
    Index("ix_api_key_organization_id_integration_id", "organization_id", "integration_id"),
)
"""Which integration a request speaks for; the key itself is not stored, only its fingerprint."""

studio = _table(
    "studio",
    _text("key", optional=False),
    _text("name", optional=False),
    _text("description"),
    Column("zone", String(64), nullable=False),
    Column("language", String(8), nullable=False),
    _text("country"),
    Column("country_code", String(2)),
    _text("email"),
    _text("telephone"),
    _text("website"),
    _text("logo_url"),
    _text("street"),
    _text("house_number"),
    _text("zip"),
    _text("city"),
    Column("opening_date", Date),
    Column("closing_date", Date),
    Column("longitude", Float),
    Column("latitude", Float),
    _flag("access_code_enabled"),
    # Without a check of its words, and NULL where nothing is said: SQLite can add no other column to a
    # table that is there.
    Column("clashes", Words(OnClash, OnClash.WARN)),
    _unique_key(),
)

opening_hours = _table(
    "opening_hours",
    _id("studio_id"),
    _flag("public"),
    Column("position", Integer, nullable=False),
    Column("day_from", Integer, nullable=False),
    Column("day_to", Integer, nullable=False),
    Column("time_from", Time, nullable=False),
    Column("time_to", Time, nullable=False),
    _to("studio", "studio_id"),
    CheckConstraint("day_from BETWEEN 0 AND 6 AND day_to BETWEEN 0 AND 6", name="days"),
    key=("studio_id", "public", "position"),
)
"""Weekdays count from Monday, which is 0. `public` tells the hours for the public from the house's."""

closure = _table(
    "closure",
    _id("studio_id"),
    _text("key", optional=False),
    _text("reason"),
    Column("local_from", DateTime, nullable=False),
    Column("local_to", DateTime, nullable=False),
    _to("studio", "studio_id"),
    _unique_key(),
    Index(
        "ix_closure_organization_id_studio_id_local_to", "organization_id", "studio_id", "local_to"
    ),
    CheckConstraint("local_from < local_to", name="times"),
)
"""In the studio's local time, as the operator means it, so that it follows a change of zone."""

location = _table(
    "location",
    _id("studio_id"),
    _text("key", optional=False),
    _text("name", optional=False),
    _text("description"),
    Column("shared", Boolean),
    _to("studio", "studio_id"),
    _unique_key(),
)
"""Only a room that says so is shared."""

employee = _table(
    "employee",
    _text("key", optional=False),
    _text("first_name", optional=False),
    _text("last_name", optional=False),
    _text("public_name"),
    _word("business_role", BusinessRole, optional=True),
    _when("deleted_at", optional=True),
    # Without a check of its words: SQLite can't add one to a table that is there.
    _word("gender", Gender, optional=True),
    _text("initials"),
    _unique_key(),
    _one_of("business_role", BusinessRole),
)

employee_studio = _table(
    "employee_studio",
    _id("studio_id"),
    _id("employee_id"),
    _to("studio", "studio_id"),
    _to("employee", "employee_id"),
    key=("studio_id", "employee_id"),
)
"""Where an employee works."""

rate = _table(
    "rate",
    _text("key", optional=False),
    _text("name", optional=False),
    _unique_key(),
)

rate_contingent = _table(
    "rate_contingent",
    _id("rate_id"),
    _word("period", Period),
    Column("bookings", Integer),
    _to("rate", "rate_id"),
    _one_of("period", Period),
    key=("rate_id", "period"),
)
"""What a membership of the rate grants; no number means without limit."""

class_ = _table(
    "class",
    _id("studio_id"),
    _text("key", optional=False),
    _text("title", optional=False),
    _text("description"),
    _text("category"),
    _word("type", ClassType),
    _text("img_url"),
    Column("duration", Integer, nullable=False),
    _flag("bookable"),
    _word("online_booking", OnlineBooking),
    Column("earliest_booking", Terms),
    Column("latest_booking", Terms, nullable=False),
    Column("latest_cancellation", Terms, nullable=False),
    _flag("late_cancellation"),
    Column("max_participants", Integer),
    Column("max_waiting_list", Integer, nullable=False),
    _word("promotion", Promotion),
    _flag("admits_other_studios"),
    _word("who_may_book", WhoMayBook),
    _flag("uses_contingent"),
    Column("confirmation", Terms),
    Column("grace", Terms(_HOUSE.grace)),
    Column("confirm_promotion", Terms(_HOUSE.confirm_promotion)),
    Column("promotion_ends", Terms),
    _to("studio", "studio_id"),
    _unique_key(),
    Index("ix_class_organization_id_studio_id_id", "organization_id", "studio_id", "id"),
    CheckConstraint("duration BETWEEN 1 AND 1440", name="duration"),
    CheckConstraint("max_participants >= 0", name="max_participants"),
    CheckConstraint("max_waiting_list >= 0", name="max_waiting_list"),
    _one_of("type", ClassType),
    _one_of("online_booking", OnlineBooking),
    _one_of("promotion", Promotion),
    _one_of("who_may_book", WhoMayBook),
)
"""`duration` in minutes."""

class_rate = _table(
    "class_rate",
    _id("class_id"),
    _id("rate_id"),
    _to("class", "class_id"),
    _to("rate", "rate_id"),
    key=("class_id", "rate_id"),
)

version = _table(
    "version",
    _id("studio_id"),
    Column("shard", Integer, nullable=False, autoincrement=False),
    Column("changes", BigInteger, nullable=False),
    _when("raised_at", optional=True),
    Index(
        "ix_version_raised",
        "raised_at",
        "organization_id",
        postgresql_where=text("raised_at IS NOT NULL"),
        sqlite_where=text("raised_at IS NOT NULL"),
    ),
    key=("studio_id", "shard"),
)
"""How often what a studio shows has changed; the sum over the shards is its version. Each process
counts in a shard of its own, so that they do not wait for each other. Studio 0 stands for all of
the organization, and only there it is said when it was raised last: to say so costs more."""

clock = Table("clock", metadata, _id("id"), _when("seen_at"), PrimaryKeyConstraint("id"))
"""One row: the latest time that was believed, so that a machine's clock that is wrong is noticed."""

duty = Table(
    "duty",
    metadata,
    _id("id"),
    _text("worker"),
    Column("renewals", BigInteger, nullable=False),
    PrimaryKeyConstraint("id"),
)
"""One row: which worker does the looks that are everybody's, and how often it has said so."""

TO_EXTEND = "extended_until IS NULL OR last_day IS NULL OR extended_until < last_day"
"""Whether a series has days ahead that nobody has looked at yet, as its index says it."""

IN_A_LOCATION = "location_id IS NOT NULL"
"""Only these rows are looked up by their location, so only they stand in the index."""

CAME_TO_NOTHING = "participation = 'NOT_PARTICIPATING' OR late"
"""Of which bookings nobody came, or only somebody who cancelled late, as their index says it."""

series = _table(
    "series",
    _id("class_id"),
    _id("studio_id"),
    _text("key", optional=False),
    Column("weekdays", Listed, nullable=False),
    Column("start_time", Time, nullable=False),
    Column("duration", Integer),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date),
    _id("location_id", optional=True),
    Column("own", Listed, nullable=False),
    Column("max_participants", Integer),
    Column("max_waiting_list", Integer),
    Column("extended_until", Date),
    _when("ended_at", optional=True),
    _to("class", "class_id"),
    _to("studio", "studio_id"),
    _to("location", "location_id"),
    _unique_key(),
    CheckConstraint("duration BETWEEN 1 AND 1440", name="duration"),
    CheckConstraint("max_participants >= 0", name="max_participants"),
    Index(
        "ix_series_organization_id_location_id",
        "organization_id",
        "location_id",
        postgresql_where=text(IN_A_LOCATION),
        sqlite_where=text(IN_A_LOCATION),
    ),
    Index(
        "ix_series_to_extend",
        "organization_id",
        "extended_until",
        postgresql_where=text(TO_EXTEND),
        sqlite_where=text(TO_EXTEND),
    ),
    Index(
        "ix_series_behind",
        "extended_until",
        "organization_id",
        postgresql_where=text(TO_EXTEND),
        sqlite_where=text(TO_EXTEND),
    ),
    CheckConstraint("max_waiting_list >= 0", name="max_waiting_list"),
)
"""`own` names what the series sets itself instead of taking it from its class: only so can it say
"no limit" where the class has one. `extended_until` is the last day that has been looked at."""

series_instructor = _table(
    "series_instructor",
    _id("series_id"),
    Column("position", Integer, nullable=False),
    _id("employee_id"),
    _to("series", "series_id"),
    _to("employee", "employee_id"),
    key=("series_id", "position"),
)

slot = _table(
    "slot",
    _id("class_id"),
    _id("studio_id"),
    _id("series_id", optional=True),
    _text("key"),
    Column("occurrence", DateTime),
    Column("local_start", DateTime, nullable=False),
    _when("starts_at"),
    _when("ends_at"),
    _word("status", SlotStatus),
    _id("location_id", optional=True),
    Column("own", Listed, nullable=False),
    Column("max_participants", Integer),
    Column("max_waiting_list", Integer, nullable=False),
    Column("additional_participants", Integer, nullable=False),
    Column("seats", Integer, nullable=False),
    Column("waiting", Integer, nullable=False),
    Column("last_sequence", Integer, nullable=False),
    _to("class", "class_id"),
    _to("studio", "studio_id"),
    _to("series", "series_id"),
    _to("location", "location_id"),
    _unique_key(),
    UniqueConstraint("organization_id", "series_id", "occurrence"),
    Index(
        "ix_slot_organization_id_studio_id_starts_at_id",
        "organization_id",
        "studio_id",
        "starts_at",
        "id",
    ),
    Index(
        "ix_slot_organization_id_class_id_starts_at_id",
        "organization_id",
        "class_id",
        "starts_at",
        "id",
    ),
    Index(
        "ix_slot_organization_id_location_id_starts_at",
        "organization_id",
        "location_id",
        "starts_at",
        postgresql_where=text(IN_A_LOCATION),
        sqlite_where=text(IN_A_LOCATION),
    ),
    Index(
        "ix_slot_waiting",
        "organization_id",
        "starts_at",
        postgresql_where=text("status = 'PLANNED' AND waiting > 0"),
        sqlite_where=text("status = 'PLANNED' AND waiting > 0"),
    ),
    Index(
        "ix_slot_planned",
        "organization_id",
        "ends_at",
        postgresql_where=text("status = 'PLANNED'"),
        sqlite_where=text("status = 'PLANNED'"),
    ),
    Index(
        "ix_slot_over",
        "ends_at",
        "organization_id",
        postgresql_where=text("status = 'PLANNED'"),
        sqlite_where=text("status = 'PLANNED'"),
    ),
    CheckConstraint("starts_at < ends_at", name="times"),
    CheckConstraint("max_participants >= 0", name="max_participants"),
    CheckConstraint("max_waiting_list >= 0", name="max_waiting_list"),
    CheckConstraint("additional_participants >= 0", name="additional_participants"),
    CheckConstraint("seats >= 0", name="seats"),
    CheckConstraint("waiting >= 0", name="waiting"),
    _one_of("status", SlotStatus),
)
"""`occurrence` is the original local start by which its series knows it; `local_start` where it
stands now. `own` names what was changed by hand on this slot alone. `seats` and `waiting` count the
bookings, `last_sequence` is the last place given in the order of joining."""

slot_instructor = _table(
    "slot_instructor",
    _id("slot_id"),
    Column("position", Integer, nullable=False),
    _id("employee_id"),
    _to("slot", "slot_id"),
    _to("employee", "employee_id"),
    key=("slot_id", "position"),
)
"""Who gives the slot: the final set, stand-ins included."""

stand_in = _table(
    "stand_in",
    _id("slot_id"),
    _id("replaced_id"),
    _id("stand_in_id"),
    _text("reason"),
    _when("set_at"),
    _when("removed_at", optional=True),
    _to("slot", "slot_id"),
    Index("ix_stand_in_organization_id_slot_id", "organization_id", "slot_id"),
)
"""Who replaced whom on a slot, and why; kept when it is over."""

customer = _table(
    "customer",
    _text("key", optional=False),
    Column("uuid", String(36), nullable=False),
    _id("studio_id"),
    _text("number"),
    _word("status", CustomerStatus),
    _flag("access_refused"),
    _text("first_name", optional=False),
    _text("last_name", optional=False),
    Column("date_of_birth", Date),
    _text("email"),
    _word("gender", Gender, optional=True),
    _text("phone_private_mobile"),
    Column("preferred_language", String(8)),
    Column("first_name_folded", SortedByBytes, nullable=False),
    Column("last_name_folded", SortedByBytes, nullable=False),
    Column("email_folded", SortedByBytes),
    _when("deleted_at", optional=True),
    _to("studio", "studio_id"),
    _unique_key(),
    UniqueConstraint("organization_id", "number"),
    Index(
        "ix_customer_organization_id_studio_id_status_id",
        "organization_id",
        "studio_id",
        "status",
        "id",
    ),
    Index("ix_customer_last_name", "organization_id", "last_name_folded"),
    Index("ix_customer_email", "organization_id", "email_folded", "id"),
    _one_of("status", CustomerStatus),
    _one_of("gender", Gender),
)
"""The folded columns are what a search looks at: lower case, without accents."""

told = _table(
    "told",
    Column("section", String(32), nullable=False),
    _text("key", optional=False),
    _id("customer_id", optional=True),
    _text("members", optional=False),
    _to("customer", "customer_id"),
    Index("ix_told_organization_id_customer_id", "organization_id", "customer_id"),
    key=("section", "key"),
)
"""What a gym file said of an entry the last time it was loaded, as JSON: only the members that it had.
What is told of customers names them, so that it is erased with them."""

membership = _table(
    "membership",
    _text("key", optional=False),
    _id("customer_id"),
    _id("rate_id"),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),
    _to("customer", "customer_id"),
    _to("rate", "rate_id"),
    _unique_key(),
    Index(
        "uq_membership_organization_id_customer_id_id",
        "organization_id",
        "customer_id",
        "id",
        unique=True,
    ),
    CheckConstraint("valid_until IS NULL OR valid_from <= valid_until", name="days"),
)

membership_contingent = _table(
    "membership_contingent",
    _id("membership_id"),
    _word("period", Period),
    Column("bookings", Integer),
    _to("membership", "membership_id"),
    _one_of("period", Period),
    key=("membership_id", "period"),
)
"""A membership's own contingents, which replace those of its rate."""

idle_period = _table(
    "idle_period",
    _text("key", optional=False),
    _id("membership_id"),
    _id("customer_id"),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date),
    _text("reason"),
    _to("membership", "membership_id"),
    _unique_key(),
    Index("ix_idle_period_organization_id_customer_id", "organization_id", "customer_id"),
    Index("ix_idle_period_organization_id_membership_id", "organization_id", "membership_id"),
    CheckConstraint("last_day IS NULL OR first_day <= last_day", name="days"),
)

application = _table(
    "application",
    _text("key", optional=False),
    _text("name", optional=False),
    _unique_key(),
)

integration = _table(
    "integration",
    _id("application_id"),
    _id("studio_id"),
    Column("scopes", Listed, nullable=False),
    _flag("active"),
    _when("confirmed_at", optional=True),
    _text("webhook_key", optional=False),
    Column("retry_seconds", Listed),
    Column("retry_jitter_percent", Integer),
    _to("application", "application_id"),
    _to("studio", "studio_id"),
    UniqueConstraint("organization_id", "application_id", "studio_id"),
)
"""An application in one studio. The webhook key is what we show to the partner, so it is kept as it
is; the keys that partners show to us are in `api_key`, as fingerprints. It hears of nothing before it
has confirmed its activation."""

booking = _table(
    "booking",
    _id("slot_id"),
    _id("studio_id"),
    _id("customer_id"),
    _id("home_studio_id"),
    _word("status", BookingStatus),
    Column("sequence", Integer, nullable=False),
    _when("starts_at"),
    _when("ends_at"),
    Column("day", Date, nullable=False),
    _when("booked_at"),
    _word("participation", Participation),
    _id("membership_id", optional=True),
    _flag("counts"),
    _when("confirm_until", optional=True),
    _when("cancelled_at", optional=True),
    _flag("late"),
    _word("skipped", Kind, optional=True),
    _word("conflict", Kind, optional=True),
    Column("overruled", Listed, nullable=False),
    _word("held", BookingStatus, optional=True),
    _when("free_until", optional=True),
    _word("booked_via", Origin, optional=True),
    _text("booked_by"),
    _when("promoted_at", optional=True),
    _when("confirmed_at", optional=True),
    _word("ended", Ending, optional=True),
    _word("ended_via", Origin, optional=True),
    _text("ended_by"),
    Column("settled", ListedIfAny),
    _to("slot", "slot_id"),
    _to("customer", "customer_id"),
    # Of this customer and of nobody else; what refers to a membership is found by the customer.
    ForeignKeyConstraint(
        ["organization_id", "customer_id", "membership_id"],
        ["membership.organization_id", "membership.customer_id", "membership.id"],
    ),
    # The database itself refuses a second active booking of a customer on a slot, and a second
    # holder of a place in the order of joining.
    Index(
        "uq_booking_active",
        "organization_id",
        "slot_id",
        "customer_id",
        unique=True,
        postgresql_where=text("status <> 'CANCELED'"),
        sqlite_where=text("status <> 'CANCELED'"),
    ),
    UniqueConstraint("organization_id", "slot_id", "sequence"),
    Index(
        "ix_booking_organization_id_customer_id_starts_at",
        "organization_id",
        "customer_id",
        "starts_at",
    ),
    Index(
        "ix_booking_flagged",
        "organization_id",
        "ends_at",
        postgresql_where=text("conflict IS NOT NULL"),
        sqlite_where=text("conflict IS NOT NULL"),
    ),
    Index(
        "ix_booking_waiting",
        "organization_id",
        "slot_id",
        "sequence",
        postgresql_where=text("status = 'WAITING_LIST'"),
        sqlite_where=text("status = 'WAITING_LIST'"),
    ),
    Index(
        "ix_booking_unconfirmed",
        "organization_id",
        "confirm_until",
        postgresql_where=text("status = 'BOOKED_WITH_CONFIRMATION_REQUIRED'"),
        sqlite_where=text("status = 'BOOKED_WITH_CONFIRMATION_REQUIRED'"),
    ),
    Index(
        "ix_booking_expired",
        "confirm_until",
        "organization_id",
        postgresql_where=text("status = 'BOOKED_WITH_CONFIRMATION_REQUIRED'"),
        sqlite_where=text("status = 'BOOKED_WITH_CONFIRMATION_REQUIRED'"),
    ),
    Index(
        "ix_booking_given_up",
        "organization_id",
        "cancelled_at",
        postgresql_where=text("cancelled_at IS NOT NULL"),
        sqlite_where=text("cancelled_at IS NOT NULL"),
    ),
    Index(
        "ix_booking_given_up_lately",
        "cancelled_at",
        "organization_id",
        postgresql_where=text("cancelled_at IS NOT NULL"),
        sqlite_where=text("cancelled_at IS NOT NULL"),
    ),
    Index(
        "ix_booking_came_to_nothing",
        "organization_id",
        "slot_id",
        postgresql_where=text(CAME_TO_NOTHING),
        sqlite_where=text(CAME_TO_NOTHING),
    ),
    CheckConstraint("starts_at < ends_at", name="times"),
    _one_of("status", BookingStatus),
    _one_of("participation", Participation),
)

turned_away = _table(
    "turned_away",
    _id("slot_id"),
    _id("customer_id"),
    _when("happened_at"),
    Index("ix_turned_away_organization_id_customer_id", "organization_id", "customer_id"),
    Index("ix_turned_away_organization_id_happened_at", "organization_id", "happened_at"),
    key=("slot_id", "customer_id"),
)
"""Who wanted a place on a slot when none was left, and when they wanted it first. It is counted and decides
nothing, so it is written apart from turns and refers to nothing: else it would lock the slot that all want."""

event = _table(
    "event",
    Column("uuid", String(36), nullable=False),
    _word("type", EventType),
    _id("entity_id"),
    _id("studio_id"),
    _id("home_studio_id", optional=True),
    _text("content"),
    _when("happened_at"),
    _flag("fanned_out"),
    UniqueConstraint("organization_id", "uuid"),
    Index(
        "ix_event_to_fan_out",
        "organization_id",
        "id",
        postgresql_where=text("NOT fanned_out"),
        sqlite_where=text("NOT fanned_out"),
    ),
    Index("ix_event_organization_id_entity_id_id", "organization_id", "entity_id", "id"),
)
"""What is to be told to partners. Its id is taken from the sequence while the rows of the change
are locked, so that the events of one entity stand in the order in which they happened."""

history = _table(
    "history",
    _when("happened_at"),
    _id("id"),
    Column("command", String(64), nullable=False),
    _word("origin", Origin),
    _text("who"),
    _text("file"),
    _text("reason"),
    _word("kind", EntityKind),
    _id("subject_id"),
    _text("changes", optional=False),
    Index("ix_history_subject", "organization_id", "subject_id", "happened_at", "id"),
    Index(
        "ix_history_who",
        "organization_id",
        "who",
        "happened_at",
        "id",
        postgresql_where=text("who IS NOT NULL"),
        sqlite_where=text("who IS NOT NULL"),
    ),
    key=("happened_at", "id"),
)
"""A line for each command that changed something: by whom and why, and what became of the thing that it
was about. Most commands change one thing only; what became of others is in `history_subject`. Old lines
are dropped, so a booking says itself who made it and who ended it."""

history_subject = _table(
    "history_subject",
    _when("happened_at"),
    _id("history_id"),
    _id("subject_id"),
    _word("kind", EntityKind),
    _text("changes", optional=False),
    Index(
        "ix_history_subject_subject",
        "organization_id",
        "subject_id",
        "happened_at",
        "history_id",
    ),
    key=("history_id", "subject_id"),
)
"""What else a line of history is about. It is written and dropped with its line, in one function each."""

idempotency_key = _table(
    "idempotency_key",
    _id("integration_id"),
    Column("key", String(255), nullable=False),
    Column("request_hash", String(64), nullable=False),
    _when("stored_at"),
    _id("booking_id"),
    # In part, which is all of it, so that on PostgreSQL it serves only who asks for an age: a key that is
    # looked up is to be found by the primary key alone.
    Index(
        "ix_idempotency_key_stored_at",
        "organization_id",
        "stored_at",
        postgresql_where=text("stored_at IS NOT NULL"),
    ),
    key=("integration_id", "key"),
)
"""The booking that a request made, which a repeated one with the same key finds as it then stands."""

webhook_endpoint = _table(
    "webhook_endpoint",
    _id("integration_id"),
    _text("key", optional=False),
    _text("url", optional=False),
    _flag("is_default"),
    Column("types", Listed),
    _text("secret", optional=False),
    _text("old_secret"),
    _when("old_secret_until", optional=True),
    _when("created_at"),
    _word("disabled", Disabled, optional=True),
    _when("disabled_at", optional=True),
    _when("failing_since", optional=True),
    _when("failed_at", optional=True),
    _when("answered_at", optional=True),
    _to("integration", "integration_id"),
    UniqueConstraint("organization_id", "integration_id", "key"),
    _one_of("disabled", Disabled),
)
"""Where an integration is told. Without `types` it hears of all, which only the default one may. The
secrets sign what we send, so they are kept as they are; after a rotation the old one signs too until
its time is over. While it is failing, `failing_since` is its first failure and `failed_at` its latest;
`answered_at` says, to within an hour, when it last answered well."""

delivery = _table(
    "delivery",
    _id("event_id"),
    _id("endpoint_id"),
    _id("entity_id"),
    _word("status", DeliveryStatus),
    Column("failed_attempts", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    _when("due_at"),
    _when("claimed_until", optional=True),
    _when("created_at"),
    _when("finished_at", optional=True),
    _to("event", "event_id"),
    _to("webhook_endpoint", "endpoint_id"),
    UniqueConstraint("organization_id", "event_id", "endpoint_id"),
    # What is to be sent to an endpoint: first attempts in the order of events, repeats when they are
    # due.
    Index(
        "ix_delivery_unattempted",
        "organization_id",
        "endpoint_id",
        "event_id",
        postgresql_where=text("status = 'PENDING' AND attempts = 0"),
        sqlite_where=text("status = 'PENDING' AND attempts = 0"),
    ),
    Index(
        "ix_delivery_repeats",
        "organization_id",
        "endpoint_id",
        "due_at",
        "event_id",
        postgresql_where=text("status = 'PENDING' AND attempts > 0"),
        sqlite_where=text("status = 'PENDING' AND attempts > 0"),
    ),
    # What people look up, and have sent again.
    Index(
        "ix_delivery_of_endpoint", "organization_id", "endpoint_id", "status", "created_at", "id"
    ),
    Index(
        "ix_delivery_finished",
        "organization_id",
        "endpoint_id",
        "finished_at",
        postgresql_where=text("finished_at IS NOT NULL"),
        sqlite_where=text("finished_at IS NOT NULL"),
    ),
    _one_of("status", DeliveryStatus),
)
"""One event for one endpoint. `attempts` counts all there ever were, `failed_attempts` those since
it was last made due, which decide when it is repeated. A claim lapses by itself."""

attempt = _table(
    "attempt",
    _id("delivery_id"),
    Column("number", Integer, nullable=False),
    _when("attempted_at"),
    Column("milliseconds", Integer, nullable=False),
    Column("status_code", Integer),
    _word("failure", Failure, optional=True),
    _text("excerpt"),
    _to("delivery", "delivery_id"),
    _one_of("failure", Failure),
    key=("delivery_id", "number"),
)
"""What came of one attempt; kept as long as its event."""

staff_directory = Table(
    "staff_directory",
    metadata,
    _text("email_folded", optional=False),
    _id("organization_id"),
    _id("account_id"),
    PrimaryKeyConstraint("email_folded"),
)
"""Whose account goes by that address; an address is that of one account in all of the database."""

staff_account = _table(
    "staff_account",
    _text("email", optional=False),
    _text("name", optional=False),
    _word("role", Role),
    _id("employee_id", optional=True),
    Column("language", String(8), nullable=False),
    _text("password_hash"),
    _text("totp_secret"),
    Column("totp_step", BigInteger),
    Column("recovery", Listed, nullable=False),
    _when("created_at"),
    _when("signed_in_at", optional=True),
    _when("disabled_at", optional=True),
    _to("employee", "employee_id"),
    _one_of("role", Role),
)
"""Who may sign in at the console. The secret of the second factor makes codes, so it is kept as it is; of
its codes the last one used is remembered by its step, because each works once. Of what helps where it is
lost (`recovery`) only fingerprints are kept. Sessions go, so `signed_in_at` says when somebody last came in."""

staff_studio = _table(
    "staff_studio",
    _id("account_id"),
    _id("studio_id"),
    _to("staff_account", "account_id"),
    _to("studio", "studio_id"),
    key=("account_id", "studio_id"),
)
"""Which studios an account has; an owner has all, and none stands here."""

staff_passkey = _table(
    "staff_passkey",
    _id("account_id"),
    _text("credential_id", optional=False),
    _text("public_key", optional=False),
    Column("sign_count", BigInteger, nullable=False),
    _text("name", optional=False),
    _when("created_at"),
    _when("used_at", optional=True),
    _to("staff_account", "account_id"),
    UniqueConstraint("organization_id", "credential_id"),
    Index("ix_staff_passkey_organization_id_account_id", "organization_id", "account_id"),
)
"""Credentials of WebAuthn, with their bytes as URL-safe base64: there is nothing secret about them."""

staff_ticket = _table(
    "staff_ticket",
    Column("token_hash", String(64), nullable=False),
    _word("purpose", Purpose),
    _id("account_id"),
    _when("created_at"),
    _when("expires_at"),
    Index("ix_staff_ticket_organization_id_account_id", "organization_id", "account_id"),
    key=("token_hash",),
)
"""What works once, by its fingerprint: links of invitations and resets, challenges. A challenge to sign in
with a passkey is made before anybody knows for whom: it is of organization 0 and account 0."""

staff_session = _table(
    "staff_session",
    _id("account_id"),
    Column("token_hash", String(64), nullable=False),
    _when("created_at"),
    _when("seen_at"),
    _when("confirmed_at"),
    _text("device", optional=False),
    _to("staff_account", "account_id"),
    UniqueConstraint("organization_id", "token_hash"),
    Index("ix_staff_session_organization_id_account_id", "organization_id", "account_id"),
)
"""Who is signed in where. `confirmed_at` is when they last showed who they are, `device` their browser in a
word or two, by which they tell their sessions apart."""

staff_attempt = _table(
    "staff_attempt",
    Column("subject_hash", String(64), nullable=False),
    Column("failures", Integer, nullable=False),
    _when("last_at"),
    Index("ix_staff_attempt_organization_id_last_at", "organization_id", "last_at"),
    key=("subject_hash",),
)
"""Attempts to sign in that failed lately, by the fingerprint of an address that was typed, or of where they
came from. All are of organization 0: whose account it would be is not to make a difference, nor whether there
is one."""
