"""The time by which the house acts by itself: it does not follow a clock that leaps.

The clock of a machine may be wrong for some seconds, mostly after it was started. Seconds are enough
to complete all slots there are. So a leap of more than a day, in either direction, is doubted until
it has lasted, or until somebody has said that it is right; meanwhile the house goes by the earlier
of both times, by which nothing is due that is not due anyway. The latest time that was believed is
stored, so a leap is noticed over a restart too; a machine that was off for days waits as well.

What others ask for is decided by the machine's clock all the same: a refusal does no harm that lasts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from kursplan.clock import Clock, stopwatch, whole_milliseconds
from kursplan.store.engine.database import Database
from kursplan.store.rules import clock as stored

log = structlog.get_logger(__name__)

LEAP = timedelta(days=1)
"""What is farther than that from the time that is expected is doubted."""
LASTS = timedelta(minutes=10)
"""How long it is doubted, by the stopwatch."""
STORED_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a clock showed, and what the stopwatch did."""

    instant: datetime
    seconds: float

    def at(self, seconds: float) -> datetime:
        """What the clock is expected to show then."""
        return self.instant + timedelta(seconds=seconds - self.seconds)

    def leaps_to(self, later: Reading) -> bool:
        return abs(later.instant - self.at(later.seconds)) > LEAP


class HouseClock:
    """The machine's clock, as far as it is believed; one object per process."""

    def __init__(self, machine: Clock, watch: Callable[[], float] = stopwatch) -> None:
        self.machine = machine
        self._watch = watch
        self._believed: Reading | None = None
        self._doubted: Reading | None = None
        """The first of those that are doubted, as long as the others follow it."""
        self._stored: datetime | None = None

    def now(self) -> datetime:
        """The instant by which something may be due."""
        shown = Reading(self.machine.now(), self._watch())
        believed = self._believed
        if believed is None or not believed.leaps_to(shown) or self._has_lasted(shown, believed):
            self._believed, self._doubted = shown, None
            return shown.instant
        return min(shown.instant, whole_milliseconds(believed.at(shown.seconds)))

    async def keep(self, database: Database) -> None:
        """Compare with what was believed before, also by others, and store what is believed now.

        For every round of work, and before the first. Raises `DatabaseUnavailable`.
        """
        if self._believed is None or self._doubted is not None:
            seen = await database.read(stored.seen)
            if seen is not None:
                self._hear(seen)
        now = self.now()
        if self._doubted is None and (
            self._stored is None or abs(now - self._stored) >= STORED_EVERY
        ):
            await database.write(partial(stored.see, instant=now))
            self._stored = now

    def _has_lasted(self, shown: Reading, believed: Reading) -> bool:
        """Whether what is shown has followed the same leap for long enough."""
        if self._doubted is None or self._doubted.leaps_to(shown):
            self._doubted = shown
            log.warning(
                "the machine's clock leapt: until that has lasted, the house does by itself only what is "
                "due by the earlier time; `kursplan clock confirm` says that the clock is right",
                shows=shown.instant.isoformat(),
                expected=believed.at(shown.seconds).isoformat(timespec="seconds"),
                lasts_minutes=LASTS.total_seconds() / 60,
            )
        return shown.seconds - self._doubted.seconds >= LASTS.total_seconds()

    def _hear(self, seen: datetime) -> None:
        """The time that was believed before this process began, or that somebody says is right."""
        heard = Reading(seen, self._watch())
        if self._believed is None or not heard.leaps_to(Reading(self.machine.now(), heard.seconds)):
            self._believed = heard
