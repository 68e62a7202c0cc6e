"""Memberships and idle periods, when the operator tells them anew.

A list that is told is whole: what is missing from it ends. What is over stays as history, whether
it is told or not; what has begun ends with yesterday; what has not begun never was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TypeVar

from kursplan.domain.entries import CustomerEntry, IdlePeriodEntry, MembershipEntry
from kursplan.domain.events import EventType

_ONE_DAY = timedelta(days=1)

Keyed = TypeVar("Keyed", MembershipEntry, IdlePeriodEntry)


def as_told(before: CustomerEntry | None, told: CustomerEntry, today: date) -> CustomerEntry:
    """The customer once `told` is recorded, with all memberships, in the order of their keys."""
    known = {} if before is None else by_key(before.memberships)
    if told.memberships is None:
        return replace(told, memberships=_sorted(known.values()))
    after = {
        each.key: _membership_as_told(known.get(each.key), each, today) for each in told.memberships
    }
    for key, missing in known.items():
        if key not in after and (rest := _ended(missing, today)) is not None:
            after[key] = rest
    return replace(told, memberships=_sorted(after.values()))


def _membership_as_told(
    before: MembershipEntry | None, told: MembershipEntry, today: date
) -> MembershipEntry:
    known = {} if before is None else by_key(before.idle_periods)
    after = known if told.idle_periods is None else by_key(told.idle_periods)
    for key, missing in known.items():
        if key not in after and (rest := _rested(missing, today)) is not None:
            after[key] = rest
    return replace(told, idle_periods=_sorted(after.values()))


def _ended(membership: MembershipEntry, today: date) -> MembershipEntry | None:
    """What is left of a membership that is missing from what is told."""
    if _is_over(membership.valid_until, today):
        return membership
    if membership.valid_from >= today:
        return None
    rested = (_rested(each, today) for each in membership.idle_periods or ())
    return replace(
        membership,
        valid_until=today - _ONE_DAY,
        idle_periods=_sorted(each for each in rested if each is not None),
    )


def _rested(idle_period: IdlePeriodEntry, today: date) -> IdlePeriodEntry | None:
    """What is left of an idle period that is missing from what is told."""
    if _is_over(idle_period.last_day, today):
        return idle_period
    if idle_period.first_day >= today:
        return None
    return replace(idle_period, last_day=today - _ONE_DAY)


def _is_over(last_day: date | None, today: date) -> bool:
    return last_day is not None and last_day < today


@dataclass(frozen=True, slots=True)
class ContractChange:
    """One change of a membership, or of an idle period in it, as partners are told."""

    type: EventType
    membership: str
    idle_period: str | None = None


def contract_changes(
    before: CustomerEntry | None, after: CustomerEntry, today: date
) -> Iterator[ContractChange]:
    """What differs, memberships before their idle periods. What is over by it counts as cancelled."""
    known = {} if before is None else by_key(before.memberships)
    wanted = by_key(after.memberships)
    for key in sorted(known.keys() | wanted.keys()):
        was, is_ = known.get(key), wanted.get(key)
        if was is None:
            yield ContractChange(EventType.CONTRACT_CREATED, key)
        elif is_ is None:
            yield ContractChange(EventType.CONTRACT_CANCELLED, key)
        elif replace(was, idle_periods=()) != replace(is_, idle_periods=()):
            ends = _is_over(is_.valid_until, today) and not _is_over(was.valid_until, today)
            yield ContractChange(
                EventType.CONTRACT_CANCELLED if ends else EventType.CONTRACT_UPDATED, key
            )
        yield from _idle_period_changes(key, was, is_, today)


def _idle_period_changes(
    membership: str, before: MembershipEntry | None, after: MembershipEntry | None, today: date
) -> Iterator[ContractChange]:
    known = {} if before is None else by_key(before.idle_periods)
    wanted = {} if after is None else by_key(after.idle_periods)
    for key in sorted(known.keys() | wanted.keys()):
        was, is_ = known.get(key), wanted.get(key)
        if was == is_:
            continue
        if was is None:
            type_ = EventType.CONTRACT_IDLE_PERIOD_CREATED
        elif is_ is None or (_is_over(is_.last_day, today) and not _is_over(was.last_day, today)):
            type_ = EventType.CONTRACT_IDLE_PERIOD_CANCELLED
        else:
            type_ = EventType.CONTRACT_IDLE_PERIOD_UPDATED
        yield ContractChange(type_, membership, key)


def by_key(entries: Iterable[Keyed] | None) -> dict[str, Keyed]:
    return {each.key: each for each in entries or ()}


def _sorted(entries: Iterable[Keyed]) -> tuple[Keyed, ...]:
    return tuple(sorted(entries, key=lambda each: each.key))
