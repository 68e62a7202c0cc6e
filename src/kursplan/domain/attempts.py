"""Bulkheads for attempts: endpoints that hang keep no other waiting.

Places are for endpoints that answer. Those of which that is not known, and those that fail, have
rooms of their own and one place each: a try, until they have answered. Whoever takes long to answer
makes room for the others too, whatever was known before.

In each room an organization holds no more places than it leaves free, and a host a third as many.
So whoever has much to send gets half of a room, the next one half of the other half, and there is
always something left for those to come; and a host that is dead leaves something to others of the
same organization. Many may share a host of which only some hang: the first place of an organization
there is given as long as half of the room is free.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from itertools import zip_longest
from typing import TypeVar

T = TypeVar("T")

LATELY = timedelta(days=1)
"""For how long an answer of an endpoint says that it answers."""


class Standing(StrEnum):
    """What is known of an endpoint; each has a room of its own."""

    ANSWERING = "ANSWERING"
    """It answered well lately, and nothing failed since."""
    NEW = "NEW"
    """Nobody knows: it never answered, or not lately."""
    FAILING = "FAILING"
    """Its latest attempt failed."""
    SLOW = "SLOW"
    """It has been asked for a while, and has not answered yet."""


EACH_AT_ONCE = 8
"""How many attempts at one endpoint that answers may be under way. At any other it is one."""

LEFT_BY_A_HOST = 3
"""How many places have to be left free in a room for each that a host holds there."""


@dataclass(frozen=True, slots=True)
class Rooms:
    """How many places each room has, in one process."""

    answering: int = 192
    new: int = 128
    failing: int = 64
    slow: int = 128

    @property
    def sizes(self) -> Mapping[Standing, int]:
        return {each: getattr(self, each.lower()) for each in Standing}


USUAL_ROOMS = Rooms()


@dataclass(frozen=True, slots=True)
class Place:
    """What an attempt takes while it is under way."""

    organization_id: int
    endpoint_id: int
    host: str
    """With its port."""
    room: Standing
    is_over: bool = False
    """Whether the exchange is, and only what came of it is still to be marked: until then the endpoint is
    not known anew, but nobody else waits for the place."""


class Places:
    """Those that are taken, in all rooms."""

    def __init__(self, rooms: Rooms, held: Mapping[_Holding, int] | None = None) -> None:
        self._rooms = rooms
        self._sizes = rooms.sizes
        self._held = Counter[_Holding](held)

    def copy(self) -> Places:
        """For trying out what could be taken."""
        return Places(self._rooms, self._held)

    def take(self, place: Place) -> bool:
        """Take the place if there is one for that endpoint; whether there was."""
        if not self._admits(place):
            return False
        self._held.update(_holdings(place))
        return True

    def leave(self, place: Place) -> None:
        """Give it back."""
        for each in _holdings(place):
            self._held[each] -= 1
            if not self._held[each]:
                del self._held[each]

    def turn_slow(self, place: Place) -> Place:
        """Have an attempt that is slow make room for others; gives the place that it has now.

        One that fails was expected to be slow, and stays; so does one where too many are slow.
        """
        slow = replace(place, room=Standing.SLOW)
        if place.room is Standing.FAILING or not self._leaves_enough(slow):
            return place
        self.leave(place)
        self._held.update(_holdings(slow))
        return slow

    def is_over(self, place: Place) -> Place:
        """The exchange is: others may have the place, but not at that endpoint. Gives what is left of it."""
        left = replace(place, is_over=True)
        self.leave(place)
        self._held.update(_holdings(left))
        return left

    @property
    def open(self) -> frozenset[Standing]:
        """The rooms that have a place left."""
        return frozenset(
            room for room, size in self._sizes.items() if self._held[room, "places", 0] < size
        )

    @property
    def busy(self) -> dict[int, set[int]]:
        """The endpoints at which no further attempt may begin, whatever is free; by organization."""
        found: defaultdict[int, set[int]] = defaultdict(set)
        for (room, kind, which), count in self._held.items():
            if kind != "endpoint" or not isinstance(which, tuple):
                continue
            organization_id, endpoint_id = which
            if isinstance(endpoint_id, int) and (
                room is not Standing.ANSWERING or count >= EACH_AT_ONCE
            ):
                found[organization_id].add(endpoint_id)
        return dict(found)

    def at_endpoint(self, place: Place) -> int:
        """How many attempts at the endpoint of that place are under way."""
        there = (place.organization_id, place.endpoint_id)
        return sum(self._held[room, "endpoint", there] for room in Standing)

    def _admits(self, place: Place) -> bool:
        answers = (
            place.room is Standing.ANSWERING
            and not self._held[
                Standing.SLOW, "endpoint", (place.organization_id, place.endpoint_id)
            ]
        )
        allowed = EACH_AT_ONCE if answers else 1
        return self._leaves_enough(place) and self.at_endpoint(place) < allowed

    def _leaves_enough(self, place: Place) -> bool:
        """Whether its organization and its host leave enough of the room to others."""
        room = place.room
        left = self._sizes[room] - self._held[room, "places", 0]
        of_organization = self._held[room, "organization", place.organization_id]
        of_host = self._held[room, "host", place.host]
        there = self._held[room, "organization at host", (place.organization_id, place.host)]
        return left > of_organization and left > of_host * (LEFT_BY_A_HOST if there else 1)


_Holding = tuple[Standing, str, int | str | tuple[int, int | str]]
"""In a room, somebody who holds places: what they are, and which one."""


def _holdings(place: Place) -> tuple[_Holding, ...]:
    room = place.room
    at_endpoint = (room, "endpoint", (place.organization_id, place.endpoint_id))
    if place.is_over:
        return (at_endpoint,)
    return (
        (room, "places", 0),
        (room, "organization", place.organization_id),
        (room, "host", place.host),
        (room, "organization at host", (place.organization_id, place.host)),
        at_endpoint,
    )


class Turns:
    """When everybody had their last turn: a count, since nothing else matters of it."""

    def __init__(self) -> None:
        self._count = 0
        self._last: dict[int, int] = {}

    def had(self, number: int) -> None:
        """It was that one's turn."""
        self._count += 1
        self._last[number] = self._count

    def last(self, number: int) -> int:
        """The less, the longer ago; 0 for who had none yet."""
        return self._last.get(number, 0)


def by_turns(queues: Iterable[Sequence[T]]) -> list[T]:
    """The first of each queue, then the second of each."""
    turns = zip_longest(*queues)
    return [each for turn in turns for each in turn if each is not None]
