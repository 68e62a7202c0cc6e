"""Seen: what somebody had before them when they decided, and what is different from it by now.

Whoever looks, thinks and then acts, acts on what they saw. Others may have changed it meanwhile: then
nothing is done, and they are told what is different. Kept are the members that staff decide by, with
ids for people and rooms: what was seen travels through pages, and holds no name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from kursplan.domain.bookings import Booking, BookingStatus, Participation
from kursplan.domain.history import EntityKind
from kursplan.domain.refusals import Kind, Refusal
from kursplan.domain.series import SeriesPlan
from kursplan.domain.slots import Slot, SlotStatus
from kursplan.domain.values import value

_NONE: frozenset[int] = frozenset()


@value
class Subjects:
    """The ids of what is looked at."""

    slots: frozenset[int] = _NONE
    bookings: frozenset[int] = _NONE
    series: frozenset[int] = _NONE
    studios: frozenset[int] = _NONE


@value
class SlotSeen:
    id: int
    status: SlotStatus
    starts_at: datetime
    ends_at: datetime
    location_id: int | None
    instructors: tuple[int, ...]
    """Who gives it, in their order."""
    max_participants: int | None
    max_waiting_list: int
    additional_participants: int
    seats: int
    """How many sit there. With who left among the bookings that were seen, nobody comes unnoticed."""
    waiting: int

    @classmethod
    def of(cls, slot: Slot, instructors: tuple[int, ...]) -> SlotSeen:
        return cls(
            slot.id,
            slot.status,
            slot.starts_at,
            slot.ends_at,
            slot.location_id,
            instructors,
            slot.max_participants,
            slot.max_waiting_list,
            slot.additional_participants,
            slot.seats,
            slot.waiting,
        )


@value
class BookingSeen:
    id: int
    slot_id: int
    status: BookingStatus
    starts_at: datetime
    ends_at: datetime
    participation: Participation
    late: bool
    conflict: Kind | None

    @classmethod
    def of(cls, booking: Booking) -> BookingSeen:
        return cls(**{each.name: getattr(booking, each.name) for each in fields(cls)})


@value
class SeriesSeen:
    id: int
    plan: SeriesPlan


@value
class ClosureSeen:
    """In the studio's local time."""

    local_from: datetime
    local_to: datetime
    reason: str | None


@value
class StudioSeen:
    id: int
    since: datetime
    """The local time from which on its closures were looked at: those that are over by now count too."""
    closures: tuple[ClosureSeen, ...]


@value
class Seen:
    """What was seen of each thing; what is not in it may be different without harm."""

    slots: tuple[SlotSeen, ...] = ()
    bookings: tuple[BookingSeen, ...] = ()
    series: tuple[SeriesSeen, ...] = ()
    studios: tuple[StudioSeen, ...] = ()

    @property
    def subjects(self) -> Subjects:
        return Subjects(*(_ids(getattr(self, each.name)) for each in fields(self)))

    def only(self, of: Subjects) -> Seen:
        """What was seen of these."""
        return Seen(
            *(
                tuple(
                    each for each in getattr(self, kind.name) if each.id in getattr(of, kind.name)
                )
                for kind in fields(self)
            )
        )


@value
class Difference:
    """One member of one thing that is not as it was seen; both are None of a thing that is not there."""

    entity: EntityKind
    id: int
    member: str
    then: Any
    now: Any
    """Times are in the time of the studio; of closures, those that are new or gone."""


@value
class ChangedMeanwhile(Refusal):
    """Others changed what this was decided by; nothing was done."""

    kind = Kind.CHANGED_MEANWHILE
    differences: tuple[Difference, ...]
    """At least one."""


def differences(
    then: Seen, now: Seen, local: Callable[[int, datetime], datetime]
) -> tuple[Difference, ...]:
    """In what the same things are different by `now`; `local` is a time of the slot of that id."""
    stands = {kind.name: _by_id(getattr(now, kind.name)) for kind in fields(now)}
    found: list[Difference] = []
    for slot in then.slots:
        found.extend(_of_slot(slot, stands["slots"].get(slot.id), slot.id, local))
    for booking in then.bookings:
        found.extend(_of_slot(booking, stands["bookings"].get(booking.id), booking.slot_id, local))
    for series in then.series:
        after = stands["series"].get(series.id)
        plan = None if after is None else after.plan
        found.extend(_members(EntityKind.SERIES, series.id, series.plan, plan))
    for studio in then.studios:
        after = stands["studios"].get(studio.id)
        closures = () if after is None else after.closures
        if closures != studio.closures:
            gone = tuple(each for each in studio.closures if each not in closures)
            new = tuple(each for each in closures if each not in studio.closures)
            found.append(Difference(EntityKind.STUDIO, studio.id, "closures", gone, new))
    return tuple(found)


def _of_slot(
    then: SlotSeen | BookingSeen,
    now: SlotSeen | BookingSeen | None,
    slot_id: int,
    local: Callable[[int, datetime], datetime],
) -> Iterator[Difference]:
    kind = EntityKind.SLOT if isinstance(then, SlotSeen) else EntityKind.BOOKING
    for each in _members(kind, then.id, then, now):
        was, stands = (
            local(slot_id, at) if isinstance(at, datetime) else at for at in (each.then, each.now)
        )
        yield Difference(kind, then.id, each.member, was, stands)


def _members(kind: EntityKind, id_: int, then: Any, now: Any | None) -> Iterator[Difference]:
    for each in fields(then):
        was, stands = getattr(then, each.name), None if now is None else getattr(now, each.name)
        if was != stands:
            yield Difference(kind, id_, each.name, was, stands)


T = TypeVar("T")


def _by_id(things: Iterable[T]) -> Mapping[int, T]:
    return {each.id: each for each in things}  # type: ignore[attr-defined]


def _ids(things: Iterable[Any]) -> frozenset[int]:
    return frozenset(each.id for each in things)
