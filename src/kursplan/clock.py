"""The time, as an argument: the only module that asks the machine what time it is.

An instant is a timezone-aware `datetime` in UTC with whole milliseconds, because that is what the
Open API shows: a bound that is told as 08:00:00.000 must also be kept as 08:00:00.000.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

STEADY_FOR = timedelta(minutes=10)
"""How far the machine's clock may step back before it is believed."""


def whole_milliseconds(instant: datetime) -> datetime:
    """`instant` without what is finer than a millisecond."""
    finer = instant.microsecond % 1000
    return instant.replace(microsecond=instant.microsecond - finer) if finer else instant


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant: UTC, whole milliseconds."""
        ...


class SystemClock:
    """The machine's time, which stands still instead of stepping back (F30).

    A step back of up to ten minutes (an operator or a time server corrects the clock) must not
    reopen a booking window that has closed, so the clock waits until the machine has caught up.
    A larger step means that the machine had been wrong before, and is believed.
    """

    def __init__(self, machine: Callable[[], float] = time.time) -> None:
        self._machine = machine
        self._latest = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        told = datetime.fromtimestamp(int(self._machine() * 1000) / 1000, UTC)
        if told >= self._latest or self._latest - told > STEADY_FOR:
            self._latest = told
        return self._latest


class HandClock:
    """A clock that stands still until it is moved; for tests and for trying things out."""

    def __init__(self, instant: datetime) -> None:
        self._now = whole_milliseconds(instant.astimezone(UTC))

    def now(self) -> datetime:
        return self._now

    def set(self, instant: datetime) -> None:
        self._now = whole_milliseconds(instant.astimezone(UTC))

    def advance(self, by: timedelta) -> None:
        self.set(self._now + by)


stopwatch = time.perf_counter
"""Seconds from an arbitrary start, for measuring durations only."""


def machine_now() -> datetime:
    """The instant by the machine's clock, in UTC and as fine as it tells it, for the log."""
    return datetime.now(UTC)


def machine_seconds() -> float:
    """Seconds since the epoch by the machine's clock, for libraries that count by it themselves."""
    return time.time()
