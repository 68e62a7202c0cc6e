"""What is asked of the timetable: all of it stands in the address, so that it can be kept and sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from kursplan.console.addresses import changed
from kursplan.console.visit import Visit
from kursplan.domain.accounts import Role

PATH: Final = "timetable"
ONE_DAY: Final = timedelta(days=1)
WEEK: Final = 7
NOBODY: Final = 0
"""Gives no slot."""
NAMES: Final = ("show", "day", "studio", "room", "instructor", "category", "class", "q")


class Shown(StrEnum):
    """By what the columns are."""

    WEEK = "week"
    DAY = "day"
    ROOMS = "rooms"
    INSTRUCTORS = "instructors"


@dataclass(frozen=True, slots=True)
class Asked:
    """The address, read."""

    shown: Shown
    day: date
    first: date
    days: int
    room: int | None
    instructor: int | None
    given_by: int | None
    """The employee whose slots alone are shown, because they are signed in."""
    category: str | None
    class_id: int | None
    text: str | None
    """Words that each slot has to have somewhere."""
    parameters: Mapping[str, str]

    @property
    def last(self) -> date:
        return self.first + (self.days - 1) * ONE_DAY

    @property
    def step(self) -> timedelta:
        return self.days * ONE_DAY

    @property
    def narrows(self) -> bool:
        """Whether some slots are left out on purpose."""
        return any((self.room, self.instructor, self.category, self.class_id, self.text))

    def without(self, *names: str) -> str:
        return changed(PATH, self.parameters, **dict.fromkeys(names))

    def having(self, **query: object) -> str:
        return changed(PATH, self.parameters, **query)


def asked(visit: Visit, today: date) -> Asked:
    """Raises `BadAddress`."""
    shown = Shown(visit.asked_one_of("show", *Shown))
    day = visit.asked_day("day") or today
    back = (day.weekday() - visit.words.first_weekday) % WEEK if shown is Shown.WEEK else 0
    member = visit.member
    own = member.role is Role.INSTRUCTOR
    return Asked(
        shown,
        day,
        day - back * ONE_DAY,
        WEEK if shown is Shown.WEEK else 1,
        visit.asked_id("room"),
        visit.asked_id("instructor"),
        member.employee_id or NOBODY if own else None,
        visit.asked("category"),
        visit.asked_id("class"),
        visit.asked("q"),
        {name: said for name in NAMES if (said := visit.asked(name)) is not None},
    )
