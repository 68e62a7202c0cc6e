"""Recurrence: the occurrences of a weekly plan, which become slots.

A plan is made in wall time: a class at 18:00 stays at 18:00 over both changes of the clocks, and
the stored instant moves instead (F25). An occurrence is known by its planned local start, which
never changes, so that making slots again finds those that exist (F24).

Which occurrences already have a slot, and which of those were changed by hand, is not known here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kursplan.domain.localtime import day_exists, instant_of

LONGEST_DURATION_MINUTES = 24 * 60

_WEEKDAYS = frozenset(range(7))
_ONE_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class WeeklyPlan:
    """On which weekdays, and when, a series takes place. Monday is 0, Sunday is 6.

    Both `first_day` and `last_day` belong to the plan; without a last day it goes on. A series that
    was ended before it began has a last day before its first, and no occurrence.

    Raises ValueError where no weekday is given or one is not 0 to 6, where the start is not a
    plain local time in whole minutes, and where the duration is not 1 to 1440 minutes.
    """

    weekdays: frozenset[int]
    start_time: time
    duration_minutes: int
    first_day: date
    last_day: date | None = None

    def __post_init__(self) -> None:
        if not self.weekdays:
            raise ValueError("A series needs at least one weekday: give 0 (Monday) to 6 (Sunday).")
        if not self.weekdays <= _WEEKDAYS:
            unknown = ", ".join(str(day) for day in sorted(self.weekdays - _WEEKDAYS))
            raise ValueError(f"{unknown} is no weekday: give 0 (Monday) to 6 (Sunday).")
        if self.start_time.tzinfo is not None:
            raise ValueError(
                f"The start time {self.start_time} carries a zone: give plain local time, "
                f"the zone is that of the studio."
            )
        if self.start_time.second or self.start_time.microsecond:
            raise ValueError(f"The start time {self.start_time} is not in whole minutes.")
        if not 1 <= self.duration_minutes <= LONGEST_DURATION_MINUTES:
            raise ValueError(
                f"A duration of {self.duration_minutes} minutes is out of range: "
                f"give 1 to {LONGEST_DURATION_MINUTES}."
            )


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One date of a plan.

    `local_start` is the naive wall time as planned, also where the clocks skip it: it tells the
    occurrences of one series apart. `starts_at` and `ends_at` are the instants in UTC.
    """

    local_start: datetime
    starts_at: datetime
    ends_at: datetime


def occurrences(
    plan: WeeklyPlan, zone: ZoneInfo, from_day: date, to_day: date
) -> Iterator[Occurrence]:
    """Yield the plan's occurrences planned for `from_day` to `to_day`, both included, in order.

    A start that the clocks skip is shifted forward by the gap, one that occurs twice means the
    first, and either way there is one occurrence (F26). Its duration is elapsed time (F28).

    A day that the zone leaves out altogether (30 December 2011 in Pacific/Apia) has no occurrence:
    shifting it by the gap of a whole day would hold tomorrow's class twice at the same time.
    """
    first = max(from_day, plan.first_day)
    last = to_day if plan.last_day is None else min(to_day, plan.last_day)
    duration = plan.duration_minutes * _ONE_MINUTE
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(ordinal)
        if day.weekday() in plan.weekdays and day_exists(day, zone):
            local_start = datetime.combine(day, plan.start_time)
            starts_at = instant_of(local_start, zone)
            yield Occurrence(local_start, starts_at, starts_at + duration)


@dataclass(frozen=True, slots=True)
class Retimed:
    """An occurrence whose stored instants are not those that its local start means today.

    The `stored_` instants are the ones that customers booked; `starts_at` and `ends_at` are what
    the present time zone data would make of the same wall time. All are in UTC.
    """

    local_start: datetime
    stored_starts_at: datetime
    stored_ends_at: datetime
    starts_at: datetime
    ends_at: datetime


def retimed(stored: Iterable[tuple[datetime, int, datetime]], zone: ZoneInfo) -> Iterator[Retimed]:
    """Yield those of `stored` whose start has another instant by the present time zone data (F31).

    `stored` gives the local start, the duration in minutes and the stored instant of the start.
    Nothing is moved: legislators change the clocks, but only the gym knows when its class is held.
    """
    for local_start, duration_minutes, stored_starts_at in stored:
        starts_at = instant_of(local_start, zone)
        if starts_at != stored_starts_at:
            duration = duration_minutes * _ONE_MINUTE
            yield Retimed(
                local_start,
                stored_starts_at,
                stored_starts_at + duration,
                starts_at,
                starts_at + duration,
            )
