"""Plan a series: from now on a class gets its slots by a weekly plan."""

from __future__ import annotations

from dataclasses import dataclass

from kursplan.desk.clashes import Outlook, look
from kursplan.desk.engine.turn import Command, Turn
from kursplan.domain.clashes import Clash, Clashing
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import day_of
from kursplan.domain.refusals import ClassNotFound, EmployeeNotFound, LocationNotFound, Refusal
from kursplan.domain.series import Series, SeriesPlan
from kursplan.store.rules import instructors, series, slots


@dataclass(frozen=True, slots=True)
class SeriesPlanned:
    """The series is there, and has no slots yet."""

    series: Series
    clashes: tuple[Clash, ...] = ()
    """Where its instructors or its room will be twice at the same time, in the first weeks."""


@dataclass(frozen=True, slots=True)
class PlanSeries(Command[SeriesPlanned | Refusal]):
    """A new series of a class. Its slots are made by `ExtendSeries`."""

    name = "plan-series"

    organization_id: int
    series_id: int
    """A fresh id."""
    class_id: int
    key: str
    """The name by which staff and the gym file know it; nobody else's in the organization."""
    plan: SeriesPlan

    def perform(self, turn: Turn) -> SeriesPlanned | Refusal:
        planned = series.new_in_class(
            turn.tx,
            self.organization_id,
            self.class_id,
            series_id=self.series_id,
            key=self.key,
            plan=self.plan,
        )
        if planned is None:
            return ClassNotFound(self.class_id)
        if (missing := names_unknown(turn, planned.studio_id, self.plan)) is not None:
            return missing
        outlook = Outlook.of(turn, planned, day_of(turn.now, planned.zone))
        clashes = look(turn, [], outlook.ahead(planned), others=outlook.others)
        if isinstance(clashes, Clashing):
            return clashes
        tx = turn.note(EntityKind.SERIES, planned.id, None, planned)
        series.add(tx, self.organization_id, planned)
        return SeriesPlanned(planned, clashes)


def names_unknown(turn: Turn, studio_id: int, plan: SeriesPlan) -> Refusal | None:
    """What the plan names and does not exist: a location of the studio, or an employee."""
    if plan.location_id is not None and not slots.has_location(
        turn.tx, turn.organization_id, studio_id, plan.location_id
    ):
        return LocationNotFound(plan.location_id)
    wanted = set(plan.instructors)
    if missing := wanted - instructors.known(turn.tx, turn.organization_id, wanted):
        return EmployeeNotFound(min(missing))
    return None
