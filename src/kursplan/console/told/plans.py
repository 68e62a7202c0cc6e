"""The way back from what was planned: a class, a rate or a series that was changed.

There is one where all that came of it goes back by itself. Whoever moved up keeps the seat, who lost it has
lost it, and a slot that was cancelled stays so: from these there is none, and neither from what is new.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any, Final

from sqlalchemy import Connection

from kursplan.desk.classes import RecordClass
from kursplan.desk.edit_series import AllFuture, EditSeries
from kursplan.desk.engine.turn import Command
from kursplan.desk.rates import RecordRate
from kursplan.domain.accounts import Action
from kursplan.domain.history import EntityKind, restored
from kursplan.domain.series import SeriesPlan
from kursplan.store.entries import classes, rates
from kursplan.store.rules import series
from kursplan.store.staff.history import Subject, Told

NEEDED: Final = {
    EntityKind.CLASS: Action.PLAN,
    EntityKind.SERIES: Action.PLAN,
    EntityKind.RATE: Action.SETTINGS,
}
"""What one has to be allowed to go back from a change of it."""
PLAN: Final = frozenset(each.name for each in fields(SeriesPlan))


def way_back(tx: Connection, organization_id: int, line: Told) -> Command[Any] | None:
    """What takes it back; None where there is no way."""
    first = line.subjects[0]
    if any(map(_is_for_good, line.subjects)):
        return None
    match line.command:
        case "record-class" if first.before is not None:
            return _class(tx, organization_id, first)
        case "record-rate" if first.before is not None:
            return _rate(tx, organization_id, first)
        case "edit-series" | "end-series":
            return _series(tx, organization_id, line)
        case _:
            return None


def _is_for_good(subject: Subject) -> bool:
    """Whether what became of that slot or booking stays, whatever its class or series says then."""
    if subject.kind is EntityKind.SLOT:
        # New, cancelled, or it has lost what was set by hand.
        return subject.before is None or not {"status", "own"}.isdisjoint(subject.after or ())
    return subject.kind is EntityKind.BOOKING and "status" in (subject.after or ())


def _class(tx: Connection, organization_id: int, was: Subject) -> Command[Any] | None:
    entry = classes.load(tx, organization_id, [was.id]).get(was.id)
    if entry is None:
        return None
    return RecordClass(organization_id, was.id, restored(entry, was.before or {}), stood=entry)


def _rate(tx: Connection, organization_id: int, was: Subject) -> Command[Any] | None:
    entry = rates.load(tx, organization_id, [was.id]).get(was.id)
    if entry is None:
        return None
    return RecordRate(organization_id, was.id, restored(entry, was.before or {}), stood=entry)


def _series(tx: Connection, organization_id: int, line: Told) -> Command[Any] | None:
    """The plan from before. A series that was changed from a day on stays in two parts, and the later one takes
    place as the earlier one does."""
    now = series.load(tx, organization_id, line.subjects[0].id)
    was = next(_plans_before(tx, organization_id, line), None)
    if now is None or was is None:
        return None
    if line.subjects[0].before is None:
        was = replace(was, first_day=now.plan.first_day)
    return EditSeries(organization_id, now.id, AllFuture(), was, stood=now.plan)


def _plans_before(tx: Connection, organization_id: int, line: Told) -> Iterator[SeriesPlan]:
    for each in line.subjects:
        if each.kind is EntityKind.SERIES and each.before is not None:
            stands = series.load(tx, organization_id, each.id)
            if stands is not None:
                members = {name: was for name, was in each.before.items() if name in PLAN}
                yield restored(stands.plan, members)
