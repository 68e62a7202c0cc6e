"""Edit a series: its slots to come follow the new plan (F22).

What was changed by hand on a slot is pinned, aspect by aspect: one with a stand-in keeps its
instructors, and moves with the series all the same. Never touched are slots that have started; a
cancelled slot stays cancelled. Editing a single slot is another command, `ChangeSlot`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial

from kursplan.desk.cancel_slot import SlotCancelled, cancel_slot
from kursplan.desk.clashes import Outlook, held, look
from kursplan.desk.engine.overtaken import check
from kursplan.desk.engine.turn import Command, Turn
from kursplan.desk.extend_series import extend, midnight
from kursplan.desk.plan_series import names_unknown
from kursplan.desk.reshape import reshape_all
from kursplan.domain.bookings import Ending
from kursplan.domain.clashes import Clash, Clashing
from kursplan.domain.entries import free_key
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import day_of, instant_of
from kursplan.domain.refusals import Refusal, SeriesNotFound
from kursplan.domain.seen import Subjects
from kursplan.domain.series import Series, SeriesPlan
from kursplan.domain.slots import Override, Slot, SlotStatus
from kursplan.store.rules import instructors, series
from kursplan.store.rules.series import KnowAs

ONE_DAY = timedelta(days=1)
_ONE_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class AllFuture:
    """The whole series changes, as far as its slots have not started."""


@dataclass(frozen=True, slots=True)
class Following:
    """The series changes from a day on: it ends the day before, and another begins.

    A day that is past means today, because what was is not changed. Where the series does not
    begin before that day, nothing is left to split off, and it changes as a whole.
    """

    from_day: date
    series_id: int
    """A fresh id for the series that begins."""


@dataclass(frozen=True, slots=True)
class SeriesEdited:
    """What became of a series and its slots."""

    series: Series
    """The series that has the new plan."""
    changed: tuple[int, ...] = ()
    """The slots that are different from before."""
    cancelled: tuple[SlotCancelled, ...] = ()
    """The slots for which the new plan has no place."""
    made: int = 0
    """How many slots are new."""
    clashes: tuple[Clash, ...] = ()
    """Where its instructors or its room are, or will be, twice at the same time by the new plan."""


@dataclass(frozen=True, slots=True)
class EditSeries(Command[SeriesEdited | Refusal]):
    """Give a series another plan.

    Slots stay on their day and take over its time, duration, location, instructors and capacity,
    with their bookings, but for what is pinned, unless that is taken along. Those on a day that the plan no longer has are
    cancelled, unless their time is pinned, and new days get slots as far as the series was extended
    already. A slot of today whose new time is past keeps its time and takes over the rest.

    A series that has ended goes on when its new plan does.
    """

    name = "edit-series"

    organization_id: int
    series_id: int
    scope: AllFuture | Following
    plan: SeriesPlan
    stood: SeriesPlan | None = None
    """Its plan when this was decided, if that matters."""
    take_along: bool = False
    """Whether what was pinned by hand on its slots follows the plan, too, and is pinned no more. A time stays
    pinned where the plan has no place for the slot."""

    @property
    def about(self) -> Subjects:
        return Subjects(series=frozenset({self.series_id}))

    def perform(self, turn: Turn) -> SeriesEdited | Refusal:
        edited = series.load(turn.tx, self.organization_id, self.series_id)
        if edited is None:
            return SeriesNotFound(self.series_id)
        check(self.stood, edited.plan)
        if (missing := names_unknown(turn, edited.studio_id, self.plan)) is not None:
            return missing
        from_day = day_of(turn.now, edited.zone)
        if isinstance(self.scope, Following):
            from_day = max(from_day, self.scope.from_day)
            if edited.has_ended(from_day):
                return SeriesNotFound(self.series_id)
        after = self._after(turn, edited, from_day)

        known = series.known_since(turn.tx, self.organization_id, edited.id, midnight(from_day))
        following = [each for each in turn.need_slots(known) if follows(each, turn.now)]
        if self.take_along:
            following = [_freed(each, known[each.id], after, turn.now) for each in following]
        staying = [each for each in following if has_place(after.plan, each)]
        given_up = [turn.slots[each.id] for each in following if not has_place(after.plan, each)]
        wanted = [placed(each, after, turn.now) for each in staying]
        change = _Change(edited, after, from_day, known, frozenset(each.id for each in given_up))
        clashes = _clashes(turn, change, staying, wanted)
        if isinstance(clashes, Clashing):
            return clashes
        turn.need_rosters(each.id for each in given_up)
        self._record(turn, edited, after, from_day)
        cancelled = tuple(
            SlotCancelled(
                each.id, changed=True, bookings=cancel_slot(turn, each, Ending.SERIES_CHANGED)
            )
            for each in given_up
        )
        changed = reshape_all(turn, wanted, after.shape.instructors)

        known_as = [KnowAs(slot_id, after.id, start) for slot_id, start in change.known_as.items()]
        for each in known_as:
            turn.note(
                EntityKind.SLOT,
                each.slot_id,
                {"series_id": edited.id, "planned_for": known[each.slot_id]},
                {"series_id": after.id, "planned_for": each.occurrence},
            )
        series.know_as(turn.tx, self.organization_id, known_as)
        until = after.extended_until
        made = 0 if until is None else extend(turn, after, until)
        return SeriesEdited(after, changed, cancelled, made, clashes)

    def _after(self, turn: Turn, edited: Series, from_day: date) -> Series:
        """The series with the new plan: the same one, or one that begins on `from_day`."""
        if isinstance(self.scope, Following) and edited.plan.first_day < from_day:
            return replace(
                edited,
                id=self.scope.series_id,
                key=free_key(f"{edited.key}/{from_day}", partial(_is_taken, turn)),
                plan=replace(self.plan, first_day=max(self.plan.first_day, from_day)),
                ended_at=None,
            )
        goes_on = self.plan.last_day != edited.plan.last_day
        return replace(edited, plan=self.plan, ended_at=None if goes_on else edited.ended_at)

    def _record(self, turn: Turn, edited: Series, after: Series, from_day: date) -> None:
        if after.id == edited.id:
            change(turn, edited, after)
            return
        series.add(turn.note(EntityKind.SERIES, after.id, None, after), self.organization_id, after)
        ended = replace(edited.plan, last_day=from_day - ONE_DAY)
        change(turn, edited, replace(edited, plan=ended))


def change(turn: Turn, before: Series, after: Series) -> None:
    """Write down what becomes of a series; nothing where it stays as it is."""
    if after != before:
        tx = turn.note(EntityKind.SERIES, before.id, before, after)
        series.change(tx, turn.organization_id, after)


@dataclass(frozen=True, slots=True)
class _Change:
    """From one plan to another, on a day and all that follow it."""

    before: Series
    after: Series
    from_day: date
    known: Mapping[int, datetime]
    """The slots by the local start that the old plan knows them by."""
    given_up: frozenset[int]
    """Those for which the new plan has no place."""

    @property
    def known_as(self) -> dict[int, datetime | None]:
        """The slots by the local start that the new plan knows them by; none where it makes a new one."""
        start_on = self.after.plan.start_on
        return {
            slot_id: None if slot_id in self.given_up else start_on(occurrence.date())
            for slot_id, occurrence in self.known.items()
        }


def _clashes(
    turn: Turn, change: _Change, staying: Sequence[Slot], wanted: Sequence[Slot]
) -> tuple[Clash, ...] | Clashing:
    """Of the slots that stay, as they are and as is `wanted`, and of those that are yet to be made."""
    old, new = change.before, change.after
    outlook = Outlook.of(turn, new, change.from_day, but=old.id)
    given = instructors.of_slots(turn.tx, turn.organization_id, [each.id for each in staying])
    before = [held(each, given[each.id]) for each in staying]
    before += outlook.ahead(old, frozenset(change.known.values()))
    after = [
        held(each, given[each.id] if Override.INSTRUCTORS in each.own else new.shape.instructors)
        for each in wanted
    ]
    after += outlook.ahead(new, frozenset(change.known_as.values()))
    return look(turn, before, after, others=outlook.others, without=change.given_up)


def follows(slot: Slot, now: datetime) -> bool:
    """Whether the slot is yet to come, so that what is not pinned follows its series."""
    return slot.status is SlotStatus.PLANNED and not slot.has_started(now)


def has_place(plan: SeriesPlan, slot: Slot) -> bool:
    """Whether the slot goes on by that plan: on one of its days, or at a time of its own."""
    return Override.TIME in slot.own or plan.takes_place_on(planned_day(slot))


def planned_day(slot: Slot) -> date:
    """The day for which it is planned, also where the clocks shift its start past midnight."""
    return slot.local_start.date()


def placed(slot: Slot, of: Series, now: datetime) -> Slot:
    """The slot as its series has it on that day, but for what is pinned."""
    shape = of.shape
    slot = replace(slot, series_id=of.id)
    if Override.TIME not in slot.own:
        slot = _timed(slot, of, planned_day(slot), now)
    if Override.LOCATION not in slot.own:
        slot = replace(slot, location_id=shape.location_id)
    if Override.MAX_PARTICIPANTS not in slot.own:
        slot = replace(slot, max_participants=shape.max_participants)
    if Override.MAX_WAITING_LIST not in slot.own:
        slot = replace(slot, max_waiting_list=shape.max_waiting_list)
    return slot


def _timed(slot: Slot, of: Series, day: date, now: datetime) -> Slot:
    """The slot at the time of its series on that day, unless that is past."""
    local_start = of.plan.start_on(day)
    starts_at = instant_of(local_start, of.zone)
    if starts_at <= now:
        local_start, starts_at = slot.local_start, slot.starts_at
    ends_at = starts_at + of.shape.duration * _ONE_MINUTE
    return replace(slot, local_start=local_start, starts_at=starts_at, ends_at=ends_at)


def _freed(slot: Slot, planned_for: datetime, of: Series, now: datetime) -> Slot:
    """The slot without its pins, on the day for which it was planned first.

    Its time stays pinned where the plan does not have that day, or where that time is past.
    """
    if Override.TIME not in slot.own:
        return replace(slot, own=frozenset())
    day = planned_for.date()
    if of.plan.takes_place_on(day) and instant_of(of.plan.start_on(day), of.zone) > now:
        return replace(slot, own=frozenset(), local_start=planned_for)
    return replace(slot, own=frozenset({Override.TIME}))


def _is_taken(turn: Turn, key: str) -> bool:
    return series.find(turn.tx, turn.organization_id, key) is not None
