"""A studio, as far as the booking rules need it: where it stands in time, and when it is closed.

Opening hours are absent on purpose: they do not forbid a class that is scheduled, only a closure
does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kursplan.domain.localtime import instant_of, local, start_of_day

AREAS = frozenset(
    [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Etc",
        "Europe",
        "Indian",
        "Pacific",
    ]
)
"""What the names of time zones begin with in the IANA database; the rest of it are old names, and
things that mean another zone on every machine (`localtime`), or count leap seconds (`right/…`)."""

_BEGINNING = datetime(1, 1, 3, tzinfo=UTC)
_END = datetime(9999, 12, 29, tzinfo=UTC)
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Closure:
    """A time in which the studio is closed, from `starts_at` up to but not including `ends_at`."""

    starts_at: datetime
    ends_at: datetime
    reason: str | None = field(default=None, compare=False)
    """As the operator wrote it down. Whether two closures are the same is a matter of their times."""

    @classmethod
    def of_local(
        cls, start: datetime, end: datetime, zone: ZoneInfo, reason: str | None = None
    ) -> Closure:
        """The closure that the operator wrote down in the studio's local time."""
        return cls(instant_of(start, zone), instant_of(end, zone), reason)

    @property
    def is_before_opening(self) -> bool:
        """Whether it is the time before the studio opens for the first time."""
        return self.starts_at == _BEGINNING

    @property
    def is_after_closing(self) -> bool:
        """Whether it is the time after the studio has closed for good."""
        return self.ends_at == _END

    def falls_on(self, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether it overlaps that time; times that only touch do not overlap."""
        return self.starts_at < ends_at and starts_at < self.ends_at


def outside_of_life(
    first_day: date | None, last_day: date | None, zone: ZoneInfo
) -> tuple[Closure, ...]:
    """The time before the day on which a studio opens, and after its last day; it is closed then."""
    closed = []
    if first_day is not None and first_day > _BEGINNING.date():
        closed.append(Closure(_BEGINNING, start_of_day(first_day, zone)))
    if last_day is not None and last_day < _END.date():
        closed.append(Closure(start_of_day(last_day + _ONE_DAY, zone), _END))
    return tuple(closed)


@dataclass(frozen=True, slots=True)
class Studio:
    id: int
    zone: ZoneInfo
    closures: tuple[Closure, ...] = ()
    """When it is closed, as far as it was asked for: what is outside of its life among it."""

    def local(self, instant: datetime) -> datetime:
        """The same instant in the studio's time, to be told and not to be calculated with."""
        return local(instant, self.zone)

    def is_closed(self, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether a closure overlaps the time; times that only touch do not overlap."""
        return self.closure_on(starts_at, ends_at) is not None

    def closure_on(self, starts_at: datetime, ends_at: datetime) -> Closure | None:
        """The closure that overlaps the time; of several, the one that begins first."""
        if not self.closures:
            return None
        falling = [each for each in self.closures if each.falls_on(starts_at, ends_at)]
        return min(falling, key=attrgetter("starts_at"), default=None)


class LostEntitlement(StrEnum):
    """What becomes of a booking that the customer's memberships or the studio no longer allow."""

    FLAG = "FLAG"
    CANCEL = "CANCEL"


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that IANA name.

    Raises `ValueError` where there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise _no_zone(name) from unknown


def region_zone(name: str) -> ZoneInfo:
    """The time zone of that name, for a studio to be in.

    Raises `ValueError` where there is none, and for names that are no place's: `localtime` is
    whatever the server's own zone happens to be.
    """
    if name != "UTC" and name.partition("/")[0] not in AREAS:
        raise _no_zone(name)
    return zone_of(name)


def _no_zone(name: str) -> ValueError:
    return ValueError(
        f"{name!r} is no time zone; write one like 'Europe/Berlin' from the IANA database"
    )
