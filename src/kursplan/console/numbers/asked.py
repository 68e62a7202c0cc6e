"""What is asked of the numbers: all of it stands in the address, so that it can be kept and sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from kursplan.console.addresses import changed
from kursplan.console.visit import Visit
from kursplan.domain.numbers import Against, Days, Span, days_before, days_of
from kursplan.store.staff.numbers import ANY

PATH: Final = "numbers"
NAMES: Final = ("studio", "span", "against", "class", "room", "instructor")
NARROW: Final = ("class", "room", "instructor")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The address, read."""

    span: Span
    against: Against
    today: date
    class_id: int
    room_id: int
    employee_id: int
    """Of these `ANY` where all are looked at."""
    parameters: Mapping[str, str]

    @property
    def days(self) -> Days:
        return days_of(self.span, self.today)

    @property
    def before(self) -> Days:
        return days_before(self.span, self.days, self.against)

    def having(self, **query: object) -> str:
        return changed(PATH, self.parameters, **query)

    def sheet(self, name: str) -> str:
        """Where the table of that name is to be had for a spreadsheet."""
        return changed(f"{PATH}/{name}.csv", self.parameters)


def wanted(visit: Visit, today: date) -> Wanted:
    """Raises `BadAddress`."""
    return Wanted(
        Span(visit.asked_one_of("span", *Span)),
        Against(visit.asked_one_of("against", *Against)),
        today,
        visit.asked_id("class") or ANY,
        visit.asked_id("room") or ANY,
        visit.asked_id("instructor") or ANY,
        {name: said for name in NAMES if (said := visit.asked(name)) is not None},
    )
