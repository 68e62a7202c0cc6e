"""Write an organization as a gym file: what loading it elsewhere makes again.

What is over is left out: series that ended, single slots that started, closures that are past.
What has its default is left out too, so that the file says what is particular about the gym.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import MISSING, fields
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

import yaml

from kursplan.clock import Clock
from kursplan.domain.contingents import Contingent
from kursplan.domain.entries import (
    ApplicationEntry,
    ClassEntry,
    ClosureEntry,
    CustomerEntry,
    Hours,
    IdlePeriodEntry,
    IntegrationEntry,
    MembershipEntry,
    SeriesEntry,
    StudioEntry,
    WebhooksEntry,
)
from kursplan.domain.localtime import local
from kursplan.domain.slots import Override, SlotStatus
from kursplan.domain.studios import zone_of
from kursplan.domain.terms import Term
from kursplan.domain.webhooks import CONTRACTS_PLAN, DEFAULT_ENDPOINT, NamedPlan, RetryPlan
from kursplan.gymfile.document import resolved
from kursplan.gymfile.schema import SCHEMA
from kursplan.gymfile.stored import NOBODY, Stored, stored
from kursplan.gymfile.values import WEEKDAYS
from kursplan.store.engine.database import Database
from kursplan.store.entries.timetable import SingleSlot

Members = dict[str, Any]

_HEAD = """\
# A gym file of Kursplan. What its members mean is told by its schema, which
# `kursplan gym schema > gym-file.schema.json` writes; editors look for it here:
# yaml-language-server: $schema=gym-file.schema.json
"""

_PART = """\
# Left out: {}. Loading leaves them alone; what refers to them
# loads where they are stored under the same keys.
"""

SECTIONS = tuple(name for name in SCHEMA["properties"] if name not in ("$schema", "organization"))
"""What a gym file has besides the organization itself, which is in each."""


_UNBROKEN = 1_000_000
"""No text is broken into lines that it does not have: a file that is cut off between two lines says
nothing else than the whole, only less of it."""


class NoSuchOrganization(LookupError):
    """No organization goes by that key."""


async def dump(
    database: Database,
    clock: Clock,
    organization_key: str,
    sections: Collection[str] = SECTIONS,
) -> str:
    """The organization as YAML, with those of the `SECTIONS`, and always itself.

    Raises `NoSuchOrganization`.
    """
    customers = None if "customers" in sections else NOBODY
    found = await database.read(lambda tx: stored(tx, organization_key, customers=customers))
    if found.id is None:
        raise NoSuchOrganization(f"there is no organization {organization_key!r}")
    document = _Dump(found, clock.now()).document()
    left_out = [name for name in SECTIONS if name not in sections]
    head = _HEAD + (_PART.format(", ".join(left_out)) if left_out else "")
    written = {
        name: section for name, section in document.items() if name in ("organization", *sections)
    }
    return "\n".join([head, *(yaml_of({name: section}) for name, section in written.items())])


def yaml_of(section: Members) -> str:
    """The members as YAML."""
    written: str = yaml.dump(
        section, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_UNBROKEN
    )
    return written


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes text so that it is read as text again."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


# Days, times and numbers that are text: to some tools they are something else without quotes.
_NUMERIC = re.compile(r"[-+0-9:., T]+")


def _text(dumper: _Dumper, text: str) -> Any:
    style = None
    if _NUMERIC.fullmatch(text) or not isinstance(resolved(text), str):
        style = "'"
    elif "\n" in text:
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


class _Dump:
    def __init__(self, found: Stored, now: datetime) -> None:
        self._found = found
        self._now = now

    def document(self) -> Members:
        found = self._found
        return {
            "organization": _members(found.organization),
            "studios": [self._studio(kept.entry) for kept in found.studios.values()],
            "employees": [_members(kept.entry) for kept in found.employees.values()],
            "rates": [_members(kept.entry) for kept in found.rates.values()],
            "classes": [_members(kept.entry) for kept in found.classes.values()],
            "series": [
                _series(kept.entry)
                for kept in found.series.values()
                if not self._has_ended(kept.entry)
            ],
            "slots": [
                self._slot(each)
                for each in found.slots.values()
                if each.status is SlotStatus.PLANNED and each.starts_at > self._now
            ],
            "customers": [_customer(kept.entry) for kept in found.customers.values()],
            "applications": [_application(kept.entry) for kept in found.applications.values()],
        }

    def _local_now(self, studio: str) -> datetime:
        zone = zone_of(self._found.studios[studio].entry.zone)
        return local(self._now, zone).replace(tzinfo=None)

    def _studio(self, studio: StudioEntry) -> Members:
        now = self._local_now(studio.key)
        locations = [
            _members(kept.entry, "studio")
            for kept in self._found.locations.values()
            if kept.entry.studio == studio.key
        ]
        closures = [
            each
            for each in self._found.closures.values()
            if each.studio == studio.key and each.local_to > now
        ]
        closures.sort(key=lambda each: (each.local_from, each.key))
        return {
            **_members(studio),
            "locations": locations,
            "closures": [_closure(each) for each in closures],
        }

    def _has_ended(self, series: SeriesEntry) -> bool:
        today = self._local_now(self._class(series.class_).studio).date()
        return series.last_day is not None and series.last_day < today

    def _slot(self, slot: SingleSlot) -> Members:
        entry, class_ = slot.entry, self._class(slot.entry.class_)
        members = {
            "key": entry.key,
            "class": entry.class_,
            "start": as_written(entry.local_start),
            **_members(entry, "key", "class_", "local_start", "own", "duration", *_LIMITS.values()),
        }
        if entry.duration != class_.duration:
            members["duration"] = entry.duration
        for own, name in _LIMITS.items():
            if own in entry.own or getattr(entry, name) != getattr(class_, name):
                members[name] = getattr(entry, name)
        return members

    def _class(self, key: str) -> ClassEntry:
        return self._found.classes[key].entry


_LIMITS = {
    Override.MAX_PARTICIPANTS: "max_participants",
    Override.MAX_WAITING_LIST: "max_waiting_list",
}


def _members(entry: Any, *but: str) -> Members:
    """The entry's members in their order, without those in `but`, defaults and empty lists."""
    members = {}
    for each in fields(entry):
        value = getattr(entry, each.name)
        is_default = each.default is not MISSING and value == each.default
        if each.name not in but and not is_default and value not in ((), frozenset()):
            members[each.name] = as_written(value)
    return members


def as_written(value: Any) -> Any:
    """A value as it stands in a document."""
    match value:
        case StrEnum() | Term():
            return str(value)
        case datetime() | time():
            return value.isoformat(timespec="minutes")
        case date():
            return value.isoformat()
        case Contingent():
            return {"bookings": value.bookings, "period": str(value.period)}
        case Hours():
            return _hours(value)
        case frozenset():
            return sorted(map(as_written, value), key=str)
        case tuple():
            return [as_written(each) for each in value]
        case _:
            return value


def _hours(hours: Hours) -> Members:
    members = {"day_from": WEEKDAYS[hours.day_from]}
    if hours.day_to != hours.day_from:
        members["day_to"] = WEEKDAYS[hours.day_to]
    return members | {
        "time_from": as_written(hours.time_from),
        "time_to": as_written(hours.time_to),
    }


def _closure(entry: ClosureEntry) -> Members:
    return {
        "key": entry.key,
        "from": as_written(entry.local_from),
        "to": as_written(entry.local_to),
        **_members(entry, "key", "studio", "local_from", "local_to"),
    }


def _series(entry: SeriesEntry) -> Members:
    members = {
        "key": entry.key,
        "class": entry.class_,
        "weekdays": [WEEKDAYS[day] for day in sorted(entry.weekdays)],
        **_members(entry, "key", "class_", "weekdays", "own", *_LIMITS.values()),
    }
    for own, name in _LIMITS.items():
        if own in entry.own:
            members[name] = getattr(entry, name)
    return members


def _customer(entry: CustomerEntry) -> Members:
    members = _members(entry, "memberships")
    if entry.memberships:
        members["memberships"] = [
            _membership(each)
            for each in sorted(entry.memberships, key=lambda each: (each.valid_from, each.key))
        ]
    return members


def _membership(entry: MembershipEntry) -> Members:
    members = {
        "key": entry.key,
        "rate": entry.rate,
        **_span(entry.valid_from, entry.valid_until),
        **_members(entry, "key", "rate", "valid_from", "valid_until", "idle_periods"),
    }
    if entry.idle_periods:
        members["idle_periods"] = [
            _idle_period(each)
            for each in sorted(entry.idle_periods, key=lambda each: (each.first_day, each.key))
        ]
    return members


def _idle_period(entry: IdlePeriodEntry) -> Members:
    span = _span(entry.first_day, entry.last_day)
    return {"key": entry.key, **span, **_members(entry, "key", "first_day", "last_day")}


def _span(first: date, last: date | None) -> Members:
    members = {"from": as_written(first)}
    return members if last is None else {**members, "until": as_written(last)}


def _application(entry: ApplicationEntry) -> Members:
    return {
        **_members(entry, "integrations"),
        "integrations": [_integration(each) for _, each in sorted(entry.by_studio.items())],
    }


def _integration(entry: IntegrationEntry) -> Members:
    webhooks = {} if entry.webhooks is None else _webhooks(entry.webhooks)
    return _members(entry, "webhooks") | ({"webhooks": webhooks} if webhooks else {})


def _webhooks(entry: WebhooksEntry) -> Members:
    """Nothing where there is no endpoint, and the plan is the contract's."""
    members: Members = {}
    by_key = entry.by_key
    if DEFAULT_ENDPOINT in by_key:
        members |= _members(by_key.pop(DEFAULT_ENDPOINT), "key")
    if by_key:
        members["further"] = [_members(each) for _, each in sorted(by_key.items())]
    if entry.retry is not None and entry.retry != CONTRACTS_PLAN:
        members["retry"] = _retry(entry.retry)
    return members


def _retry(plan: RetryPlan) -> Members:
    if (name := NamedPlan.of(plan)) is not None:
        return {"plan": str(name)}
    members: Members = {"seconds": list(plan.seconds)}
    return members | ({"jitter_percent": plan.jitter_percent} if plan.jitter_percent else {})
