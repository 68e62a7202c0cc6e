"""An organization as it is stored, in the same entries as a gym file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection, Table

from kursplan.domain.entries import (
    ApplicationEntry,
    ClassEntry,
    ClosureEntry,
    CustomerEntry,
    EmployeeEntry,
    Gym,
    LocationEntry,
    OrganizationEntry,
    RateEntry,
    SeriesEntry,
    StudioEntry,
)
from kursplan.store import tables
from kursplan.store.entries import (
    applications,
    classes,
    employees,
    locations,
    organizations,
    rates,
    studios,
    timetable,
    told,
)
from kursplan.store.entries import customers as customer_entries
from kursplan.store.entries import ids as entry_ids
from kursplan.store.entries.timetable import SingleSlot


class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


E = TypeVar("E", bound=_Keyed)


@dataclass(frozen=True, slots=True)
class Kept(Generic[E]):
    """An entry and the id under which it is stored."""

    id: int
    entry: E


@dataclass(frozen=True, slots=True)
class Stored:
    """An organization, everything by key and in the order of ids."""

    id: int | None
    """None for one that is not there yet, and has nothing."""
    organization: OrganizationEntry
    studios: dict[str, Kept[StudioEntry]]
    locations: dict[str, Kept[LocationEntry]]
    closures: dict[str, ClosureEntry]
    """Past ones included, like series that ended and single slots that took place."""
    employees: dict[str, Kept[EmployeeEntry]]
    rates: dict[str, Kept[RateEntry]]
    classes: dict[str, Kept[ClassEntry]]
    series: dict[str, Kept[SeriesEntry]]
    slots: dict[str, SingleSlot]
    customers: dict[str, Kept[CustomerEntry]]
    applications: dict[str, Kept[ApplicationEntry]]
    told: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    """By section and key: what a gym file said the last time, as far as that was asked for."""


Names = Mapping[str, Collection[str]]
"""Names of customers and of their contracts, by what they are names of (`customer_entries.NAMED`)."""
NOBODY: Names = {}


def names_in(gym: Gym) -> Names:
    """Everybody whom loading the file is about: who is in it, and who has what it gives to somebody."""
    told = gym.customers or ()
    memberships = [each for customer in told for each in customer.memberships or ()]
    return {
        "key": {*(each.key for each in told), *gym.deleted_customers},
        "number": {each.number for each in told if each.number is not None},
        "membership": {each.key for each in memberships},
        "idle period": {each.key for held in memberships for each in held.idle_periods or ()},
    }


def stored(
    tx: Connection,
    key: str,
    *,
    customers: Names | None = None,
    told_in: Collection[str] = (),
) -> Stored:
    """The organization that goes by `key`, with what files said in these sections.

    There may be more customers than fit into memory: where `customers` is given, only those are there
    who go by these names, with what files said of them.
    """
    organization_id = organizations.find(tx, key)
    if organization_id is None:
        return Stored(None, OrganizationEntry(key), {}, {}, {}, {}, {}, {}, {}, {}, {}, {})
    entry = organizations.entry(tx, organization_id)
    if entry is None:
        raise LookupError(f"the organization {key!r} is in the directory and not there")

    def all_of(
        table: Table, load: Callable[[Connection, int, Collection[int]], dict[int, E]]
    ) -> dict[str, Kept[E]]:
        ids = entry_ids.ids(tx, organization_id, table)
        return _by_key(load(tx, organization_id, ids.values()))

    people: Collection[int]
    said = told.load(tx, organization_id, told_in) if told_in else {}
    if customers is None:
        people = entry_ids.ids(tx, organization_id, tables.customer).values()
    else:
        people = customer_entries.named(tx, organization_id, customers)
        said["customers"] = told.of_customers(tx, organization_id, people) if people else {}
    found = customer_entries.load(tx, organization_id, people)
    return Stored(
        id=organization_id,
        organization=entry,
        studios=all_of(tables.studio, studios.load),
        locations=all_of(tables.location, locations.load),
        closures={each.key: each for each in timetable.closures(tx, organization_id)},
        employees=all_of(tables.employee, employees.load),
        rates=all_of(tables.rate, rates.load),
        classes=all_of(tables.class_, classes.load),
        series=_by_key(timetable.series_by_id(tx, organization_id)),
        slots={
            each.entry.key: each for each in _in_order(timetable.single_slots(tx, organization_id))
        },
        customers=_by_key({each: person.entry for each, person in found.items()}),
        applications=all_of(tables.application, applications.load),
        told=said,
    )


def _by_key(entries: dict[int, E]) -> dict[str, Kept[E]]:
    return {entry.key: Kept(row_id, entry) for row_id, entry in sorted(entries.items())}


def _in_order(slots: Iterable[SingleSlot]) -> list[SingleSlot]:
    return sorted(slots, key=lambda each: each.id)
