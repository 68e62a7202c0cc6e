"""Twice at the same time: an instructor, or a room, that two overlapping slots need.

Slots that only touch do not overlap. A room that is marked as shared takes any number of slots, and is
none here. Which slots count (those that take place and are not over) is for the caller to say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kursplan.domain.refusals import Kind, Refusal
from kursplan.domain.values import value


class OnClash(StrEnum):
    """What a studio says where an instructor or a room would be twice at the same time."""

    WARN = "WARN"
    REFUSE = "REFUSE"


class Needed(StrEnum):
    """What a slot needs for itself alone."""

    INSTRUCTOR = "INSTRUCTOR"
    ROOM = "ROOM"


@value
class Held:
    """What one slot needs, and when; from its start up to but not including its end."""

    slot_id: int | None
    """None for one that a series is yet to get."""
    class_id: int
    starts_at: datetime
    ends_at: datetime
    room: int | None = None
    """None also where the room is shared."""
    instructors: frozenset[int] = frozenset()
    """The final set: whoever stands in, and not who is replaced."""

    @property
    def needs(self) -> Iterator[tuple[Needed, int]]:
        if self.room is not None:
            yield Needed.ROOM, self.room
        for each in self.instructors:
            yield Needed.INSTRUCTOR, each

    @property
    def identity(self) -> object:
        """By what it is the same slot before and after a change."""
        return (self.class_id, self.starts_at) if self.slot_id is None else self.slot_id


@value
class Overlap:
    """Two slots that need the same; `one` does not start after `other`."""

    needed: Needed
    id: int
    """Of the employee or the location."""
    one: Held
    other: Held

    @property
    def identity(self) -> object:
        """By what it is the same clash before and after a change of one of its slots."""
        return self.needed, self.id, frozenset({self.one.identity, self.other.identity})


def overlaps(held: Iterable[Held], of: Collection[Held] | None = None) -> list[Overlap]:
    """All that is needed twice at the same time, in the order of starts; only where `of` are part of it.

    A pair that needs two of the same things is told for each of them.
    """
    users = defaultdict[tuple[Needed, int], list[Held]](list)
    for each in held:
        for need in each.needs:
            users[need].append(each)
    among = None if of is None else frozenset(of)
    found = [
        Overlap(needed, which, one, other)
        for (needed, which), using in users.items()
        for one, other in _overlapping(using)
        if among is None or one in among or other in among
    ]
    return sorted(found, key=_order)


def _overlapping(held: Iterable[Held]) -> Iterator[tuple[Held, Held]]:
    """The pairs that overlap: each meets those that began before it and still last."""
    lasting: list[Held] = []
    for each in sorted(held, key=_start):
        lasting = [earlier for earlier in lasting if earlier.ends_at > each.starts_at]
        for earlier in lasting:
            yield earlier, each
        lasting.append(each)


def _start(held: Held) -> tuple[datetime, int]:
    return held.starts_at, held.slot_id or 0


def _order(overlap: Overlap) -> tuple[object, ...]:
    return (*_start(overlap.other), *_start(overlap.one), overlap.needed, overlap.id)


# As people are told.


@dataclass(frozen=True, slots=True)
class ClashingSlot:
    """One of the two slots of a clash."""

    slot_id: int | None
    """None for one that a series is yet to get."""
    title: str
    studio: str
    """By its key."""
    zone: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Clash:
    """Somebody or something that is twice at the same time, by name and with both slots."""

    needed: Needed
    id: int
    name: str
    slots: tuple[ClashingSlot, ClashingSlot]
    refused: bool
    """Whether the studio of either slot refuses it."""

    def is_of(self, slot_id: int) -> bool:
        return any(each.slot_id == slot_id for each in self.slots)


@value
class Clashing(Refusal):
    """Refused, because of these; nothing was changed."""

    kind = Kind.TWICE_AT_THE_SAME_TIME
    clashes: tuple[Clash, ...]
