"""What a gym has by now, as far as it takes that to be booked: reads, for whoever sets it up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection, Date, bindparam, or_, select

from kursplan.domain.classes import OnlineBooking, WhoMayBook
from kursplan.domain.entries import ClassEntry, StudioEntry
from kursplan.store import tables
from kursplan.store.entries import classes, ids, locations, organizations, studios
from kursplan.store.partner import keys
from kursplan.store.staff import accounts, timetable
from kursplan.store.staff.accounts import ShownAccount
from kursplan.store.tables import ORGANIZATION, customer, membership, rate, slot

HAS_SLOT: Final = select(slot.c.id).where(slot.c.organization_id == ORGANIZATION).limit(1)
HAS_CUSTOMER: Final = (
    select(customer.c.id).where(customer.c.organization_id == ORGANIZATION).limit(1)
)
HAS_RATES: Final = (
    select(rate.c.key)
    .distinct()
    .select_from(
        membership.join(
            rate,
            (rate.c.organization_id == membership.c.organization_id)
            & (rate.c.id == membership.c.rate_id),
        )
    )
    .where(
        membership.c.organization_id == ORGANIZATION,
        membership.c.valid_from <= bindparam("today", type_=Date),
        or_(
            membership.c.valid_until.is_(None),
            membership.c.valid_until >= bindparam("today", type_=Date),
        ),
    )
)
"""The rates of which somebody has a membership that is valid."""


@dataclass(frozen=True, slots=True)
class PlannedClass:
    """A class, and what decides whether anybody can book it."""

    id: int
    entry: ClassEntry
    next_slot: datetime | None
    is_for_nobody: bool
    """Whether it admits only those with a membership that nobody has."""

    @property
    def is_shown(self) -> bool:
        """Whether partners see it at all."""
        return self.entry.bookable and self.entry.online_booking is not OnlineBooking.NO

    @property
    def can_be_booked(self) -> bool:
        """Whether somebody could book it through a partner."""
        online = self.entry.online_booking is OnlineBooking.AVAILABLE
        return (
            self.entry.bookable and online and self.next_slot is not None and not self.is_for_nobody
        )


@dataclass(frozen=True, slots=True)
class Stock:
    """What there is."""

    organization: str
    """By its name."""
    studios: Mapping[int, StudioEntry]
    rooms: tuple[str, ...]
    employees: tuple[str, ...]
    classes: tuple[PlannedClass, ...]
    has_customers: bool
    accounts: tuple[ShownAccount, ...]
    keys: tuple[str, ...]
    """The applications that have a key which works, each once."""


def has_slots(tx: Connection, organization_id: int) -> bool:
    """Whether anything was ever planned."""
    found = tx.execute(HAS_SLOT, {"organization": organization_id})
    return found.scalar_one_or_none() is not None


def stock(tx: Connection, organization_id: int, now: datetime) -> Stock:
    """What there is at `now`."""
    entry = organizations.entry(tx, organization_id)
    every_studio = ids.ids(tx, organization_id, tables.studio)
    rooms = ids.ids(tx, organization_id, tables.location)
    named = {"organization": organization_id}
    return Stock(
        organization="" if entry is None else entry.name or entry.key,
        studios=studios.load(tx, organization_id, every_studio.values()),
        rooms=tuple(
            each.name for each in locations.load(tx, organization_id, rooms.values()).values()
        ),
        employees=tuple(timetable.employees(tx, organization_id).values()),
        classes=_classes(tx, organization_id, now),
        has_customers=tx.execute(HAS_CUSTOMER, named).scalar_one_or_none() is not None,
        accounts=tuple(
            each for each in accounts.every(tx, organization_id) if each.disabled_at is None
        ),
        keys=tuple(
            dict.fromkeys(
                each.application
                for each in keys.issued(tx, organization_id)
                if each.revoked_at is None
            )
        ),
    )


def _classes(tx: Connection, organization_id: int, now: datetime) -> tuple[PlannedClass, ...]:
    rows = timetable.classes(tx, organization_id, now)
    entries = classes.load(tx, organization_id, [row.id for row in rows])
    restricted = any(each.who_may_book is not WhoMayBook.EVERYONE for each in entries.values())
    held = _rates_held(tx, organization_id, now.date()) if restricted else frozenset()
    return tuple(
        PlannedClass(row.id, entries[row.id], row.next_slot, _is_for_nobody(entries[row.id], held))
        for row in rows
    )


def _is_for_nobody(entry: ClassEntry, held: frozenset[str]) -> bool:
    match entry.who_may_book:
        case WhoMayBook.EVERYONE:
            return False
        case WhoMayBook.MEMBERS:
            return not held
        case WhoMayBook.NAMED_RATES:
            return not held & entry.rates


def _rates_held(tx: Connection, organization_id: int, today: date) -> frozenset[str]:
    named = {"organization": organization_id, "today": today}
    return frozenset(tx.execute(HAS_RATES, named).scalars())
