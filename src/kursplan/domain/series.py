"""A series: a weekly plan by which a class gets its slots.

Which of its slots exist already, and what was changed by hand on them, is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from kursplan.domain.recurrence import Occurrence, WeeklyPlan, occurrences
from kursplan.domain.slots import Override

A_SERIES_MAY_OWN = frozenset({Override.MAX_PARTICIPANTS, Override.MAX_WAITING_LIST})
"""What needs saying that a series sets it itself, because having no value is a value too.

A location, instructors and times it has from nobody else, and a duration speaks for itself.
"""


@dataclass(frozen=True, slots=True)
class ClassDefaults:
    """What a class gives to each of its slots that says nothing else; the duration in minutes."""

    duration: int
    max_participants: int | None
    max_waiting_list: int


@dataclass(frozen=True, slots=True)
class Shape:
    """What a series makes its slots like, its class's standard included."""

    duration: int
    location_id: int | None
    instructors: tuple[int, ...]
    max_participants: int | None
    max_waiting_list: int


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """What staff decide about a series. Monday is 0; both first and last day belong to it.

    Raises ValueError where it makes no weekly plan (see `WeeklyPlan`), where a limit is negative,
    is given without being named in `own` or the other way round, or where an instructor is named
    twice.
    """

    weekdays: frozenset[int]
    start_time: time
    first_day: date
    last_day: date | None = None
    duration: int | None = None
    """In minutes; None is as long as the class takes."""
    location_id: int | None = None
    instructors: tuple[int, ...] = ()
    own: frozenset[Override] = frozenset()
    """Which of the two limits the series sets itself; the others are those of its class."""
    max_participants: int | None = None
    """The series' own limit; where it owns one, None means no limit (F15)."""
    max_waiting_list: int | None = None

    def __post_init__(self) -> None:
        self._weekly(1 if self.duration is None else self.duration)
        if len(set(self.instructors)) < len(self.instructors):
            raise ValueError("An instructor is named twice: name each once.")
        if strange := self.own - A_SERIES_MAY_OWN:
            raise ValueError(
                f"A series does not own {', '.join(sorted(strange))}: "
                f"give {' or '.join(sorted(A_SERIES_MAY_OWN))}."
            )
        if Override.MAX_PARTICIPANTS not in self.own and self.max_participants is not None:
            raise ValueError(
                "A limit of participants is given that the series does not own: "
                "name MAX_PARTICIPANTS in what it owns, or leave the limit to the class."
            )
        if (Override.MAX_WAITING_LIST in self.own) != (self.max_waiting_list is not None):
            raise ValueError(
                "A series that owns the length of its waiting list says how long it is, and only "
                "then: give max_waiting_list together with MAX_WAITING_LIST, or neither."
            )
        if min(self.max_participants or 0, self.max_waiting_list or 0) < 0:
            raise ValueError("A limit is negative: give 0 or more.")

    def shape(self, standard: ClassDefaults) -> Shape:
        """What its slots are like in a class of that standard."""
        waiting_list = self.max_waiting_list
        return Shape(
            duration=standard.duration if self.duration is None else self.duration,
            location_id=self.location_id,
            instructors=self.instructors,
            max_participants=(
                self.max_participants
                if Override.MAX_PARTICIPANTS in self.own
                else standard.max_participants
            ),
            max_waiting_list=standard.max_waiting_list if waiting_list is None else waiting_list,
        )

    def takes_place_on(self, day: date) -> bool:
        return (
            day.weekday() in self.weekdays
            and self.first_day <= day
            and (self.last_day is None or day <= self.last_day)
        )

    def start_on(self, day: date) -> datetime:
        """The wall time at which a slot of that day is meant to start."""
        return datetime.combine(day, self.start_time)

    def _weekly(self, duration: int) -> WeeklyPlan:
        return WeeklyPlan(self.weekdays, self.start_time, duration, self.first_day, self.last_day)

    def occurrences(
        self, standard: ClassDefaults, zone: ZoneInfo, from_day: date, to_day: date
    ) -> Iterator[Occurrence]:
        """Its occurrences from `from_day` to `to_day`, both included, in order."""
        plan = self._weekly(self.shape(standard).duration)
        return occurrences(plan, zone, from_day, to_day)


@dataclass(frozen=True, slots=True)
class Series:
    id: int
    key: str
    class_id: int
    studio_id: int
    zone: ZoneInfo
    """The studio's: a series is planned in wall time."""
    standard: ClassDefaults
    """What its class gives to its slots."""
    plan: SeriesPlan
    extended_until: date | None = None
    """The last day up to which its slots were made."""
    ended_at: datetime | None = None
    """When staff ended it; its last day is then the day before that from which it is ended."""

    @property
    def shape(self) -> Shape:
        return self.plan.shape(self.standard)

    def has_ended(self, day: date) -> bool:
        """Whether nothing of it takes place on `day` or later."""
        return self.plan.last_day is not None and self.plan.last_day < day
