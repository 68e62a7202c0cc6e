"""A studio, as far as the booking rules need it: where it stands in time, and when it is closed.

Opening hours are absent on purpose: they do not forbid a class that is scheduled, only a closure
does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kursplan.domain.localtime import instant_of


@dataclass(frozen=True, slots=True)
class Closure:
    """A time in which the studio is closed, from `starts_at` up to but not including `ends_at`."""

    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of_local(cls, start: datetime, end: datetime, zone: ZoneInfo) -> Closure:
        """The closure that the operator wrote down in the studio's local time."""
        return cls(instant_of(start, zone), instant_of(end, zone))


@dataclass(frozen=True, slots=True)
class Studio:
    id: int
    zone: ZoneInfo
    closures: tuple[Closure, ...] = ()

    def is_closed(self, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether a closure overlaps the time; times that only touch do not overlap."""
        return bool(self.closures) and any(
            c.starts_at < ends_at and starts_at < c.ends_at for c in self.closures
        )


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
        raise ValueError(
            f"{name!r} is no time zone; write one like 'Europe/Berlin' from the IANA database"
        ) from unknown
