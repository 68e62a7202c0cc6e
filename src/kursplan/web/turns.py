"""Timeouts of clients: to send a first byte, a head, a body, or to take an answer.

Every turn has an end, and whoever has had it longest is the first to go when there is no room. So
connections on which nothing goes on take nothing away from those that have something to say.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from kursplan.clock import stopwatch

C = TypeVar("C")
YOUNG_SECONDS = 0.2
"""How long nobody is sent away: what they have sent may not have been read yet."""


class Turns(Generic[C]):
    """The connections that wait for their clients, those that have waited longest first."""

    def __init__(self, seconds: Callable[[], float] = stopwatch) -> None:
        self._seconds = seconds
        self._held: dict[C, tuple[float, float]] = {}
        """When the turn began, and when it ends."""
        self._most = math.inf
        """How long a turn lasts at most."""

    def begin(self, connection: C, seconds: float) -> None:
        """From now on, and for so long, the client is to go on; if it was before, it still is."""
        now = self._seconds()
        held = self._held.get(connection)
        ends = now + min(seconds, self._most)
        self._held[connection] = (now if held is None else held[0], ends)

    def end(self, connection: C) -> None:
        """The client has done its part."""
        self._held.pop(connection, None)

    def hurry(self, seconds: float) -> None:
        """No turn lasts longer than that from now on."""
        self._most = seconds
        latest = self._seconds() + seconds
        self._held = {each: (began, min(ends, latest)) for each, (began, ends) in self}

    def over(self) -> list[C]:
        """Whose turn has lasted too long."""
        now = self._seconds()
        return [each for each, (_, ends) in self if ends <= now]

    def longest(self) -> C | None:
        """Who has waited longest; None where all of them have just begun."""
        for each, (began, _) in self:
            return each if began <= self._seconds() - YOUNG_SECONDS else None
        return None

    def __contains__(self, connection: C) -> bool:
        return connection in self._held

    def __iter__(self) -> Iterator[tuple[C, tuple[float, float]]]:
        return iter(self._held.items())
