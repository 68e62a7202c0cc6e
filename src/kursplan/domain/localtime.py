"""Between the wall clock of a studio and instants in UTC.

One house rule for the two days of the year on which they disagree (F26): a local time that the
zone skips is shifted forward by the gap, and one that occurs twice means the first.

How a time is written on the wire is not decided here but at the edge.
"""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_MIDNIGHT = time()
_ONE_DAY = timedelta(days=1)
_ONE_SECOND = timedelta(seconds=1)


def instant_of(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant in UTC that the naive wall time `local` means in `zone`.

    02:30 on a day that jumps from 02:00 to 03:00 means 03:30; 02:30 on a day that falls back from
    03:00 to 02:00 means the earlier of the two.
    """
    # With fold=0, Python reads a skipped time with the offset from before the gap, and a repeated
    # one with the offset from before the overlap. That is the house rule, both times.
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def local(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return `instant` as an aware datetime in `zone`, to be shown and not to be calculated with.

    Python adds and subtracts on the wall clock where both sides carry the same zone, which is
    wrong by the size of the change across a change of offset (F28).
    """
    return instant.astimezone(zone)


# Slots begin at few different times, and each is asked for more than once.
@lru_cache(maxsize=4096)
def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """Return the day that the calendar on the wall shows in `zone` at `instant`."""
    return instant.astimezone(zone).date()


# A day's slots share their few days, so that nearly every booking finds its answer here.
@lru_cache(maxsize=4096)
def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant, in UTC, at which the wall calendar in `zone` shows `day`.

    That is midnight, the first one where midnight occurs twice. Where the clocks jump over
    midnight it is the end of the jump; so a day that is skipped altogether (30 December 2011 in
    Pacific/Apia) starts together with the day after it and has no length.
    """
    midnight = datetime.combine(day, _MIDNIGHT)
    shifted = instant_of(midnight, zone)
    as_if_after = midnight.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if as_if_after >= shifted:
        return shifted
    # Midnight is inside a gap. Shifting it forward would overshoot the end of a gap that began
    # before midnight (23:30 to 00:30), so we look for the second at which the day appears.
    seconds = range((shifted - as_if_after) // _ONE_SECOND)
    gap = bisect_left(
        seconds,
        day,
        key=lambda second: day_of(as_if_after + second * _ONE_SECOND, zone),
    )
    return as_if_after + gap * _ONE_SECOND


def day_exists(day: date, zone: ZoneInfo) -> bool:
    """Say whether `day` occurs in `zone`: a zone that moves over the date line skips one."""
    return start_of_day(day, zone) < start_of_day(day + _ONE_DAY, zone)
