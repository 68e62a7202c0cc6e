"""Everything that the page of a customer shows, read in one go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from kursplan.domain.bookings import Booking, Participation
from kursplan.domain.contingents import Contingent
from kursplan.domain.entries import MembershipEntry
from kursplan.domain.slots import Slot
from kursplan.store.engine.rows import AnyRow
from kursplan.store.entries import contingents
from kursplan.store.entries import customers as entries
from kursplan.store.entries.customers import Person
from kursplan.store.rules import bookings, slots
from kursplan.store.staff import customers, timetable


@dataclass(frozen=True, slots=True)
class Held:
    """A membership with what it grants, and what was taken of that."""

    id: int
    entry: MembershipEntry
    rate: str
    """By its name."""
    grants: Collection[Contingent]
    used: Sequence[tuple[date, datetime]]
    """For each booking that counts: its day, and when it begins."""

    @property
    def used_days(self) -> list[date]:
        return [day for day, _ in self.used]


@dataclass(frozen=True, slots=True)
class Facts:
    id: int
    person: Person
    studios: Mapping[str, AnyRow]
    """By key, all of the organization."""
    held: Sequence[Held]
    """The one that ends first comes first."""
    to_come: Sequence[AnyRow]
    past: Sequence[AnyRow]
    attended: Mapping[Participation, int]
    """Of this year."""
    slots: Mapping[int, Slot]
    """Those of the bookings to come, as the rules see them."""
    bookings: Mapping[int, Booking]
    """Those to come, likewise."""


def facts(
    tx: Connection,
    organization_id: int,
    customer_id: int,
    now: datetime,
    since: datetime,
    past_limit: int,
) -> Facts | None:
    """All about the customer; None where nobody is it. `since` is the beginning of their year."""
    person = entries.load(tx, organization_id, [customer_id]).get(customer_id)
    if person is None:
        return None
    to_come = customers.to_come(tx, organization_id, customer_id, now)
    return Facts(
        customer_id,
        person,
        {row.key: row for row in timetable.studios(tx, organization_id)},
        _held(tx, organization_id, customer_id, person),
        to_come,
        customers.past(tx, organization_id, customer_id, now, past_limit),
        customers.attended(tx, organization_id, customer_id, since, now),
        slots.load(tx, organization_id, {row.slot_id for row in to_come}),
        {each.id: each for each in bookings.load(tx, organization_id, [row.id for row in to_come])},
    )


def _held(tx: Connection, organization_id: int, customer_id: int, person: Person) -> list[Held]:
    if not person.memberships:
        return []
    rates = {row.key: row for row in customers.rates(tx, organization_id)}
    entries_held = person.entry.memberships or ()
    rate_ids = {rates[each.rate].id for each in entries_held}
    of_rates = contingents.of_rates(tx, organization_id, rate_ids)
    used: defaultdict[int, list[tuple[date, datetime]]] = defaultdict(list)
    for row in customers.used(tx, organization_id, customer_id):
        used[row.membership_id].append((row.day, row.starts_at))
    found = []
    for each in entries_held:
        membership_id = person.memberships[each.key]
        rate = rates[each.rate]
        grants = each.contingents or of_rates[rate.id]
        found.append(Held(membership_id, each, rate.name, grants, used[membership_id]))
    return sorted(found, key=lambda each: (each.entry.valid_until or date.max, each.id))
