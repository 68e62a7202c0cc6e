"""Entries as the members of a document, all of them or only those that a file has, and back.

Values are as a document has them, each in one way of writing, so that equal ones are equal text.
The key is no member, nor is the studio of what can't leave it. `webhooks` is taken apart
(`webhooks.url`, `webhooks.further`, …), because each part of it is said or left alone by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any

from kursplan.domain.entries import (
    NO_WEBHOOKS,
    ApplicationEntry,
    ClassEntry,
    ClosureEntry,
    CustomerEntry,
    EmployeeEntry,
    EndpointEntry,
    IdlePeriodEntry,
    IntegrationEntry,
    LocationEntry,
    MembershipEntry,
    RateEntry,
    SeriesEntry,
    SlotEntry,
    StudioEntry,
    WebhooksEntry,
)
from kursplan.domain.events import EventType
from kursplan.domain.slots import Override
from kursplan.domain.studios import LostEntitlement
from kursplan.domain.webhooks import CONTRACTS_PLAN, DEFAULT_ENDPOINT, RetryPlan
from kursplan.gymfile.dump import as_written
from kursplan.gymfile.mistakes import Path
from kursplan.gymfile.read import GymFile
from kursplan.gymfile.three_way import Kind, Members
from kursplan.gymfile.values import AS_CLASS, WEEKDAYS, entry

_NO_MEMBERS = {"key", "own"}
_NAMES: dict[type, dict[str, str]] = {
    SeriesEntry: {"class_": "class"},
    SlotEntry: {"class_": "class", "local_start": "start"},
    ClosureEntry: {"local_from": "from", "local_to": "to"},
    MembershipEntry: {"valid_from": "from", "valid_until": "until"},
    IdlePeriodEntry: {"first_day": "from", "last_day": "until"},
}
"""The fields of entries that have another name in the document."""
_STAYING = {LocationEntry: {"studio"}, ClosureEntry: {"studio"}, IntegrationEntry: {"studio"}}
"""The fields that say where an entry stands, and are no members of it."""
_OWN = {
    "max_participants": Override.MAX_PARTICIPANTS,
    "max_waiting_list": Override.MAX_WAITING_LIST,
}


# What an entry is, whoever says it.


def members_of(of: Any) -> Members:
    """All members of an entry."""
    match of:
        case IntegrationEntry():
            return _integration(of)
        case SeriesEntry():
            own = {name: AS_CLASS for name, each in _OWN.items() if each not in of.own}
            return {**_plain(of), "weekdays": _weekdays(of.weekdays), **own}
        case _:
            return _plain(of)


def _plain(of: Any) -> Members:
    names, passed = _NAMES.get(type(of), {}), _NO_MEMBERS | _STAYING.get(type(of), set())
    return {
        names.get(each.name, each.name): _value(each.name, getattr(of, each.name))
        for each in fields(of)
        if each.name not in passed
    }


def _value(name: str, value: Any) -> Any:
    if name in ("memberships", "idle_periods"):
        return {each.key: members_of(each) for each in value or ()}
    if name == "integrations":
        return {each.studio: members_of(each) for each in value or ()}
    return as_written(value)


def _weekdays(days: Iterable[int]) -> list[str]:
    return [WEEKDAYS[day] for day in sorted(days)]


def _integration(of: IntegrationEntry) -> Members:
    webhooks = NO_WEBHOOKS if of.webhooks is None else of.webhooks
    endpoints = webhooks.by_key
    first = endpoints.pop(DEFAULT_ENDPOINT, None)
    retry = webhooks.retry or CONTRACTS_PLAN
    return {
        "scopes": as_written(of.scopes),
        "active": of.active,
        "webhooks.url": None if first is None else first.url,
        "webhooks.types": None if first is None else as_written(first.types),
        "webhooks.further": {
            key: {"url": each.url, "types": as_written(each.types)}
            for key, each in endpoints.items()
        },
        "webhooks.retry.seconds": list(retry.seconds),
        "webhooks.retry.jitter_percent": retry.jitter_percent,
    }


# Back to entries.


def entry_of(section: str, key: str, members: Members, studio: str | None = None) -> Any:
    """The entry with these members, which are all of it."""
    document = {"key": key, **members}
    if studio is not None:
        document["studio"] = studio
    for name in ("memberships", "idle_periods"):
        if name in document:
            document[name] = _contracts(document[name])
    if section == "applications":
        activated = (_activated(each, inner) for each, inner in members["integrations"].items())
        return ApplicationEntry(key, members["name"], frozenset(activated))
    return entry(section, document)


def _contracts(by_key: Mapping[str, Members]) -> list[Members]:
    return [
        {
            "key": key,
            **each,
            **(
                {"idle_periods": _contracts(each["idle_periods"])} if "idle_periods" in each else {}
            ),
        }
        for key, each in by_key.items()
    ]


def _activated(studio: str, flat: Members) -> IntegrationEntry:
    endpoints = {
        key: (each["url"], each["types"]) for key, each in flat["webhooks.further"].items()
    }
    if flat["webhooks.url"] is not None:
        endpoints[DEFAULT_ENDPOINT] = flat["webhooks.url"], flat["webhooks.types"]
    told_at = frozenset(
        EndpointEntry(key, url, None if types is None else frozenset(map(EventType, types)))
        for key, (url, types) in endpoints.items()
    )
    retry = RetryPlan(tuple(flat["webhooks.retry.seconds"]), flat["webhooks.retry.jitter_percent"])
    return IntegrationEntry(
        studio, frozenset(flat["scopes"]), flat["active"], WebhooksEntry(told_at, retry)
    )


# What a file says of it.


@dataclass(frozen=True, slots=True)
class Said:
    """What a file says of an entry, and where; `whole` is the same with all defaults."""

    key: str
    members: Members
    path: Path
    whole: Any


def said_by(gym_file: GymFile) -> dict[str, dict[str, Said]]:
    """By section and key: what the file says. A section that it does not have is not there either."""
    gym, document = gym_file.gym, gym_file.document.plain()
    found: dict[str, dict[str, Said]] = {}
    sections: tuple[tuple[str, Sequence[Any] | None], ...] = (
        ("studios", gym.studios),
        ("employees", gym.employees),
        ("rates", gym.rates),
        ("classes", gym.classes),
        ("series", gym.series),
        ("slots", gym.slots),
        ("customers", gym.customers),
        ("applications", gym.applications),
    )
    for section, entries in sections:
        if entries is not None:
            listed = list(_each(document[section], (section,)))
            found[section] = dict(_told(entries, listed))
    inner = {
        name: [
            each
            for _, path in _each(document.get("studios", ()), ("studios",))
            for each in _inner(document, path, name)
        ]
        for name in ("locations", "closures")
    }
    found["locations"] = dict(_told(gym.locations, inner["locations"]))
    found["closures"] = dict(_told(gym.closures, inner["closures"]))
    return found


_Raw = tuple[Members, Path]
"""A mapping of the document, and the way to it."""


def _each(listed: Iterable[Members], path: Path) -> Iterator[_Raw]:
    for index, each in enumerate(listed):
        if each.get("deleted") is not True:
            yield each, (*path, index)


def _inner(document: Any, path: Path, name: str) -> Iterator[_Raw]:
    parent = document
    for step in path:
        parent = parent[step]
    yield from _each(parent.get(name, ()), (*path, name))


def _told(entries: Sequence[Any], listed: Sequence[_Raw]) -> Iterator[tuple[str, Said]]:
    for whole, (raw, path) in zip(entries, listed, strict=True):
        yield whole.key, Said(whole.key, present(members_of(whole), raw), path, whole)


def present(whole: Members, raw: Members) -> Members:
    """Those of the members that the document has."""
    names = _names(raw)
    return {
        name: _present_in(value, raw[name]) if name in _LISTS else value
        for name, value in whole.items()
        if name in names
    } | _further(whole, raw)


_LISTS = {"memberships", "idle_periods", "integrations"}


def _present_in(by_key: Mapping[str, Members], listed: Iterable[Members]) -> Members:
    raws = {each.get("key", each.get("studio")): each for each in listed}
    return {key: present(members, raws[key]) for key, members in by_key.items()}


def _names(raw: Members) -> set[str]:
    """What the document says of an entry, with `webhooks` taken apart."""
    webhooks = raw.get("webhooks")
    if webhooks is None:
        return set(raw)
    retry = webhooks.get("retry", {})
    names = {f"webhooks.{each}" for each in webhooks.keys() - {"retry", "further"}}
    names |= {f"webhooks.retry.{each}" for each in retry}
    if "plan" in retry:
        names |= {"webhooks.retry.seconds", "webhooks.retry.jitter_percent"}
    return set(raw) | names


def _further(whole: Members, raw: Members) -> Members:
    listed = raw.get("webhooks", {}).get("further")
    if listed is None:
        return {}
    return {"webhooks.further": _present_in(whole["webhooks.further"], listed)}


# What there is to know of each kind to merge it.


def _standard(of: type, **others: Any) -> Members:
    """What members have of which nobody says anything, as far as it is not None."""
    defaults = {
        _NAMES.get(of, {}).get(each.name, each.name): as_written(each.default)
        for each in fields(of)
        if each.default is not MISSING
    }
    return defaults | others


_ENDPOINT = Kind("endpoints")
_INTEGRATION = Kind(
    "integrations",
    {"webhooks.further": _ENDPOINT},
    {
        "active": True,
        "webhooks.retry.seconds": list(CONTRACTS_PLAN.seconds),
        "webhooks.retry.jitter_percent": CONTRACTS_PLAN.jitter_percent,
    },
    ended_by="active",
    going_on=True,
)
_IDLE_PERIOD = Kind("idle periods", ended_by="until")
_MEMBERSHIP = Kind(
    "memberships",
    {"idle_periods": _IDLE_PERIOD},
    _standard(MembershipEntry),
    ended_by="until",
)

ORGANIZATION = Kind(
    "organization", standard={"lost_entitlement": str(LostEntitlement.FLAG)}, is_removed=False
)
KINDS = {
    "studios": Kind(
        "studios",
        standard=_standard(StudioEntry, opening_hours=[], public_opening_hours=[]),
        is_removed=False,
    ),
    "locations": Kind("locations", standard=_standard(LocationEntry), is_removed=False),
    "closures": Kind("closures", ended_by="to"),
    "employees": Kind("employees", standard=_standard(EmployeeEntry), is_removed=False),
    "rates": Kind("rates", standard=_standard(RateEntry), is_removed=False),
    "classes": Kind("classes", standard=_standard(ClassEntry), is_removed=False),
    "series": Kind(
        "series",
        standard=_standard(SeriesEntry, **dict.fromkeys(_OWN, AS_CLASS)),
        ended_by="last_day",
    ),
    "slots": Kind("slots", standard=_standard(SlotEntry)),
    "customers": Kind(
        "customers",
        {"memberships": _MEMBERSHIP},
        _standard(CustomerEntry),
        is_removed=False,
    ),
    "applications": Kind("applications", {"integrations": _INTEGRATION}),
}
"""By section."""
