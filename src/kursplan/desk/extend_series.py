"""Extend a series: its slots are made for some time ahead, again and again without duplicates.

New slots are told to nobody: partners read the timetable, and the contract has no event for them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time

from kursplan.desk.engine.turn import Command, Turn
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import day_of
from kursplan.domain.refusals import Refusal, SeriesNotFound
from kursplan.domain.series import Series
from kursplan.store.engine.numbers import take_numbers
from kursplan.store.rules import series

HORIZON_DAYS = 60
"""How many days ahead slots are made, unless a setting says otherwise."""


@dataclass(frozen=True, slots=True)
class ExtendSeries(Command[int | Refusal]):
    """Make the slots of a series that are missing up to the day `until`, which is included.

    The answer is how many were made.
    """

    name = "extend-series"
    is_brief = True

    organization_id: int
    series_id: int
    until: date

    def perform(self, turn: Turn) -> int | Refusal:
        # Whoever else extends it waits here, and then finds nothing missing.
        extended = series.load(turn.tx, self.organization_id, self.series_id)
        if extended is None:
            return SeriesNotFound(self.series_id)
        return extend(turn, extended, self.until)


def extend(turn: Turn, extended: Series, until: date) -> int:
    """Make the missing slots of a series that is locked; how many.

    A slot counts as there under its original local start, wherever it was moved to and also when
    it was cancelled: what staff decided about it is not undone.
    """
    today = day_of(turn.now, extended.zone)
    known = series.known_since(turn.tx, turn.organization_id, extended.id, midnight(today))
    there = set(known.values())
    missing = [
        each
        for each in extended.plan.occurrences(extended.standard, extended.zone, today, until)
        if each.starts_at > turn.now and each.local_start not in there
    ]
    numbers = take_numbers(turn.tx, len(missing)) if missing else []
    if extended.extended_until is None or extended.extended_until < until:
        after = replace(extended, extended_until=until)
        tx = turn.note(EntityKind.SERIES, extended.id, extended, after)
        series.extend(tx, turn.organization_id, extended.id, until)
    made = series.add_slots(
        turn.tx, turn.organization_id, extended, zip(numbers, missing, strict=True)
    )
    turn.register_slots(made)
    return len(made)


def midnight(day: date) -> datetime:
    """The wall time with which a day begins."""
    return datetime.combine(day, time())
