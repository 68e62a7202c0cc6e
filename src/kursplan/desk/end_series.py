"""End a series: its slots from a day on are cancelled, each with its bookings (F23)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from kursplan.desk.cancel_slot import SlotCancelled, cancel_slot
from kursplan.desk.edit_series import ONE_DAY, change
from kursplan.desk.engine.turn import Command, Turn
from kursplan.domain.bookings import Ending
from kursplan.domain.localtime import day_of
from kursplan.domain.refusals import Refusal, SeriesNotFound
from kursplan.domain.seen import Subjects
from kursplan.domain.slots import SlotStatus
from kursplan.store.rules import series
from kursplan.store.rules.series import KnowAs


@dataclass(frozen=True, slots=True)
class EndSeries(Command[tuple[SlotCancelled, ...] | Refusal]):
    """No slot of the series takes place on `from_day` or later, also none that was changed by hand.

    Slots that have started stay as they are. The answer names the slots that were cancelled, with
    those who had a place there.
    """

    name = "end-series"

    organization_id: int
    series_id: int
    from_day: date

    @property
    def about(self) -> Subjects:
        return Subjects(series=frozenset({self.series_id}))

    def perform(self, turn: Turn) -> tuple[SlotCancelled, ...] | Refusal:
        ended = series.load(turn.tx, self.organization_id, self.series_id)
        if ended is None:
            return SeriesNotFound(self.series_id)
        from_day = max(self.from_day, day_of(turn.now, ended.zone))
        to_come = series.to_come(turn.tx, self.organization_id, ended.id, turn.now)
        doomed = [
            slot
            for slot in turn.need_slots(to_come)
            if slot.status is SlotStatus.PLANNED and from_day <= slot.local_start.date()
        ]
        turn.need_rosters(slot.id for slot in doomed)
        if not ended.has_ended(from_day):
            plan = replace(ended.plan, last_day=from_day - ONE_DAY)
            change(turn, ended, replace(ended, plan=plan, ended_at=turn.now))
        cancelled = tuple(
            SlotCancelled(
                slot.id, changed=True, bookings=cancel_slot(turn, slot, Ending.SERIES_CHANGED)
            )
            for slot in doomed
        )
        # They are noted as cancelled; that their day is free again goes with it.
        series.know_as(
            turn.tx, self.organization_id, [KnowAs(slot.id, ended.id, None) for slot in doomed]
        )
        return cancelled
