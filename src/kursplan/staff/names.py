"""The names that it takes to tell refusals: looked up once there is one, and only those."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import fields, is_dataclass

from sqlalchemy import Connection

from kursplan.domain.refusals import Refusal
from kursplan.domain.seen import Difference
from kursplan.staff.refusals import Names
from kursplan.store.entries import locations, rates
from kursplan.store.staff import customers, timetable


def names_for(tx: Connection, organization_id: int, refusals: Iterable[Refusal]) -> Names:
    """What those are called to which these refusals refer."""
    ids: defaultdict[str, set[int]] = defaultdict(set)
    for refusal in refusals:
        for what, of in _ids(refusal):
            ids[what].add(of)
    return Names(
        memberships=customers.names_of_memberships(tx, organization_id, ids["membership_id"]),
        rates=_rates(tx, organization_id, ids["rate_id"]),
        studios=_studios(tx, organization_id) if ids["home_studio_id"] else {},
        employees=timetable.employees(tx, organization_id) if ids["employee_id"] else {},
        locations=_locations(tx, organization_id, ids["location_id"]),
        slots={
            each.id: each.title
            for each in timetable.slots_by_id(tx, organization_id, ids["slot_id"]).values()
        },
    )


def _ids(facts: object) -> Iterator[tuple[str, int]]:
    """The facts that are ids, with what they are called, also those within others."""
    if isinstance(facts, Difference):
        yield from _ids_of_members(facts)
    elif isinstance(facts, tuple):
        for each in facts:
            yield from _ids(each)
    elif is_dataclass(facts):
        for each in fields(facts):
            value = getattr(facts, each.name)
            if each.name.endswith("_id"):
                yield each.name, value
            else:
                yield from _ids(value)


def _ids_of_members(changed: Difference) -> Iterator[tuple[str, int]]:
    """Who gave a slot and who does, or in which room."""
    for value in (changed.then, changed.now):
        match changed.member, value:
            case "instructors", tuple():
                yield from (("employee_id", each) for each in value)
            case "location_id", int():
                yield "location_id", value


def _rates(tx: Connection, organization_id: int, rate_ids: Collection[int]) -> dict[int, str]:
    if not rate_ids:
        return {}
    return {each: rate.name for each, rate in rates.load(tx, organization_id, rate_ids).items()}


def _locations(
    tx: Connection, organization_id: int, location_ids: Collection[int]
) -> dict[int, str]:
    if not location_ids:
        return {}
    found = locations.load(tx, organization_id, location_ids)
    return {each: location.name for each, location in found.items()}


def _studios(tx: Connection, organization_id: int) -> dict[int, str]:
    return {each.id: each.name for each in timetable.studios(tx, organization_id)}
