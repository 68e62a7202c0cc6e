"""History: what a command changed, as it is kept for years.

Kept are the members that differ, before and after. Values of personal data are never among them: of a
person only which members were changed, and the same of whatever is confidential about other things,
which their classes say by leaving it out of what is printed of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime, time
from enum import StrEnum
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

from kursplan.domain.bookings import Booking
from kursplan.domain.series import Series
from kursplan.domain.slots import Slot
from kursplan.domain.values import value

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

Members = Mapping[str, Any]


class EntityKind(StrEnum):
    """What kind of thing was changed."""

    ORGANIZATION = "ORGANIZATION"
    STUDIO = "STUDIO"
    CLOSURE = "CLOSURE"
    LOCATION = "LOCATION"
    EMPLOYEE = "EMPLOYEE"
    RATE = "RATE"
    CLASS = "CLASS"
    SERIES = "SERIES"
    SLOT = "SLOT"
    CUSTOMER = "CUSTOMER"
    BOOKING = "BOOKING"
    APPLICATION = "APPLICATION"
    INTEGRATION = "INTEGRATION"
    API_KEY = "API_KEY"
    ENDPOINT = "ENDPOINT"
    DELIVERY = "DELIVERY"
    STAFF_ACCOUNT = "STAFF_ACCOUNT"


PERSONS = frozenset({EntityKind.CUSTOMER, EntityKind.EMPLOYEE})
"""Whatever is known of these is personal data."""


@value
class Change:
    """What became of one thing."""

    kind: EntityKind
    id: int
    before: Members | None
    """Those of its members that differ, as plain values; None where it is new."""
    after: Members | None
    """None where it is gone."""
    withheld: tuple[str, ...] = ()
    """The members that differ too, and of which no values are kept."""


def change_of(
    kind: EntityKind,
    id_: int,
    before: object | None,
    after: object | None,
    also: Collection[str] = (),
) -> Change | None:
    """What became of the thing; None where nothing did.

    Before and after are the thing itself or its members by name. `also` names members that were changed
    besides, and of which nothing is to be kept.
    """
    was, now = _members(before), _members(after)
    names = [each for each in {**was, **now} if was.get(each) != now.get(each)]
    if not names and not also and (before is None) == (after is None):
        return None
    secret = _confidential(after if before is None else before)
    shown_before, shown_after, withheld = {}, {}, list(also)
    for name in names:
        here, there = plain(was.get(name)), plain(now.get(name))
        if kind in PERSONS or name in secret or here == there:
            withheld.append(name)
            continue
        shown_before[name], shown_after[name] = here, there
    if before is None or after is None:
        # Of what is new or gone it says nothing that it lacks this and that.
        shown_before, shown_after = _given(shown_before), _given(shown_after)
        withheld = [each for each in withheld if was.get(each) or now.get(each)]
    return Change(
        kind,
        id_,
        None if before is None else shown_before,
        None if after is None else shown_after,
        tuple(withheld),
    )


def plain(value: object) -> Any:
    """The value as JSON can hold it, without what is confidential in it."""
    match value:
        case None | bool() | int() | float():
            return value
        case StrEnum():
            return value.value
        case str():
            return value
        case datetime() | date() | time():
            return value.isoformat()
        case Mapping():
            return {str(name): plain(each) for name, each in value.items()}
        case frozenset() | set():
            return sorted(map(plain, value), key=str)
        case tuple() | list():
            return [plain(each) for each in value]
    if type(value).__str__ is not object.__str__ or not is_dataclass(value):
        return str(value)
    return {each.name: plain(getattr(value, each.name)) for each in fields(value) if each.repr}


def restored(thing: T, members: Members) -> T:
    """The thing with these of its members as they were kept: what `plain` has written is read again."""
    types = get_type_hints(type(thing))
    return replace(thing, **{name: _read(each, types[name]) for name, each in members.items()})


def _read(kept: Any, of: Any) -> Any:
    if kept is None:
        return None
    if isinstance(of, UnionType):
        [of] = [each for each in get_args(of) if each is not NoneType]
    made_of = get_origin(of)
    if made_of in (frozenset, tuple):
        return made_of(_read(each, get_args(of)[0]) for each in kept)
    if issubclass(of, StrEnum):
        return of(kept)
    if issubclass(of, (date, time)):
        return of.fromisoformat(kept)
    if not is_dataclass(of):
        return kept
    whole: Any = of
    if isinstance(kept, str):
        return whole.parse(kept)
    types = get_type_hints(whole)
    return whole(**{name: _read(each, types[name]) for name, each in kept.items()})


def _members(thing: object | None) -> Members:
    if thing is None:
        return {}
    if isinstance(thing, Mapping):
        return thing
    if isinstance(thing, Series):
        return _of_series(thing)
    names = _OF_SLOT if isinstance(thing, Slot) else [each.name for each in fields(thing)]  # type: ignore[arg-type]
    return {name: getattr(thing, name) for name in names}


def _confidential(thing: object | None) -> frozenset[str]:
    if thing is None or isinstance(thing, Mapping):
        return frozenset()
    return frozenset(each.name for each in fields(thing) if not each.repr)  # type: ignore[arg-type]


def _given(members: Members) -> dict[str, Any]:
    return {
        name: each for name, each in members.items() if each or (each == 0 and each is not False)
    }


# What is derived from other members, or copied from elsewhere, is left out.

_OF_SLOT = (
    "status",
    "local_start",
    "starts_at",
    "ends_at",
    "location_id",
    "max_participants",
    "max_waiting_list",
    "additional_participants",
    "own",
    "series_id",
)
_OF_SERIES = ("key", "class_id", "extended_until", "ended_at")


def _of_series(series: Series) -> dict[str, Any]:
    plan = {each.name: getattr(series.plan, each.name) for each in fields(series.plan)}
    return plan | {name: getattr(series, name) for name in _OF_SERIES}


_OF_BOOKING = (
    "status",
    "membership_id",
    "counts",
    "confirm_until",
    "overruled",
    "starts_at",
    "participation",
    "late",
    "skipped",
    "conflict",
    "settled",
    "ended",
)


def change_of_booking(before: Booking | None, after: Booking) -> Change | None:
    """The same for a booking, of which there are more than of anything else."""
    if before is None:
        # Written out, because it is asked of each booking: a word is text to JSON, too.
        members: dict[str, Any] = {"status": after.status}
        if after.membership_id is not None:
            members["membership_id"] = after.membership_id
        if after.counts:
            members["counts"] = True
        if after.confirm_until is not None:
            members["confirm_until"] = plain(after.confirm_until)
        if after.overruled:
            members["overruled"] = plain(after.overruled)
        return Change(EntityKind.BOOKING, after.id, None, members)
    if before == after:
        return None
    was, now = {}, {}
    for name in _OF_BOOKING:
        here, there = getattr(before, name), getattr(after, name)
        if here != there:
            was[name], now[name] = plain(here), plain(there)
    return Change(EntityKind.BOOKING, after.id, was, now)
