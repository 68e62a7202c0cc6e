"""Follow the series: its slots to come are as it has them, where they are not."""

from __future__ import annotations

from dataclasses import dataclass

from kursplan.desk.edit_series import follows, has_place, placed
from kursplan.desk.engine.turn import Command, Turn
from kursplan.desk.extend_series import midnight
from kursplan.desk.reshape import reshape_all
from kursplan.domain.localtime import day_of
from kursplan.domain.refusals import Refusal, SeriesNotFound
from kursplan.store.rules import series


@dataclass(frozen=True, slots=True)
class FollowSeries(Command[tuple[int, ...] | Refusal]):
    """Have the slots of a series that have not started be what it makes them.

    What is pinned on a slot stays, and slots of days that the series does not have stay as they are.
    The answer is the ids of the slots that changed; done again, nothing more does.
    """

    name = "follow-series"

    organization_id: int
    series_id: int

    def perform(self, turn: Turn) -> tuple[int, ...] | Refusal:
        followed = series.load(turn.tx, self.organization_id, self.series_id)
        if followed is None:
            return SeriesNotFound(self.series_id)
        since = midnight(day_of(turn.now, followed.zone))
        known = series.known_since(turn.tx, self.organization_id, followed.id, since)
        following = [
            each
            for each in turn.need_slots(known)
            if follows(each, turn.now) and has_place(followed.plan, each)
        ]
        wanted = [placed(each, followed, turn.now) for each in following]
        return reshape_all(turn, wanted, followed.shape.instructors)
