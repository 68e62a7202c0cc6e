"""Close a studio for a time, and open it again.

A closure does not move or cancel a slot by itself: nobody can book it any more, and staff say
whether it is cancelled. The bookings of slots that stay are reviewed by the organization's policy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kursplan.desk.cancel_slot import cancel_slot
from kursplan.desk.engine.overtaken import check
from kursplan.desk.engine.turn import Command, Turn
from kursplan.desk.review import planned_within, review_slots
from kursplan.domain.bookings import Booking, Ending
from kursplan.domain.events import EventType
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import local
from kursplan.domain.refusals import InvalidTimes, Refusal, StudioNotFound, Wrong
from kursplan.domain.seen import Subjects
from kursplan.domain.slots import Slot
from kursplan.domain.studios import Closure
from kursplan.store.engine.numbers import take_numbers
from kursplan.store.rules import closures


class ClosureKeyTaken(ValueError):
    """Another studio of the organization has a closure by that key."""


@dataclass(frozen=True, slots=True)
class StudioHours:
    """What became of a studio's closure, and of the slots on which it falls."""

    studio_id: int
    changed: bool
    """Whether the studio is closed at other times than before, or for another reason."""
    cancelled_slots: tuple[int, ...] = ()
    reviewed: tuple[Booking, ...] = ()
    """The bookings that were flagged, are no longer flagged, or were cancelled by policy."""


@dataclass(frozen=True, slots=True)
class CloseStudio(Command[StudioHours | Refusal]):
    """Close a studio from one local time up to but not including another.

    A closure of that key is changed; one that is as it should be already stays. Raises
    `ClosureKeyTaken`.
    """

    name = "close-studio"

    organization_id: int
    studio_id: int
    key: str
    local_from: datetime
    local_to: datetime
    reason: str | None = None
    cancel_slots: bool = False
    """Whether planned slots at that time are cancelled; one that has begun takes place."""
    stood: tuple[datetime, datetime, str | None] | None = None
    """From when to when it was and why when this was decided, if that matters."""

    def __post_init__(self) -> None:
        if self.local_from.tzinfo is not None or self.local_to.tzinfo is not None:
            raise ValueError("A closure is in plain local time: the zone is that of the studio.")

    @property
    def about(self) -> Subjects:
        return Subjects(studios=frozenset({self.studio_id}))

    def perform(self, turn: Turn) -> StudioHours | Refusal:
        zone = closures.zone(turn.tx, turn.organization_id, self.studio_id)
        if zone is None:
            return StudioNotFound(self.studio_id)
        closed = Closure.of_local(self.local_from, self.local_to, zone)
        if self.local_from >= self.local_to or closed.starts_at >= closed.ends_at:
            return InvalidTimes(
                Wrong.NO_DURATION, local(closed.starts_at, zone), local(closed.ends_at, zone)
            )
        before = closures.find(turn.tx, turn.organization_id, self.key)
        if before is not None and before.studio_id != self.studio_id:
            raise ClosureKeyTaken(
                f"{self.key!r} is the key of a closure of another studio: give this one its own."
            )
        stands = before and (before.local_from, before.local_to, before.reason)
        check(self.stood, stands)
        touched = _slots_within(turn, self.studio_id, before, closed, zone)

        changed = self._write(turn, before)
        if changed:
            _tell(turn, self.studio_id, zone)
        cancelled = []
        if self.cancel_slots:
            for slot in touched:
                if slot.has_started(turn.now) or not closed.falls_on(slot.starts_at, slot.ends_at):
                    continue
                cancel_slot(turn, turn.slots[slot.id], Ending.STUDIO_CLOSED)
                cancelled.append(slot.id)
        staying = [slot for slot in touched if slot.id not in cancelled]
        return StudioHours(self.studio_id, changed, tuple(cancelled), review_slots(turn, staying))

    def _write(self, turn: Turn, before: closures.Known | None) -> bool:
        """Whether the closure is new or different."""
        if before is None:
            [number] = take_numbers(turn.tx, 1)
            added = closures.Known(
                number, self.studio_id, self.local_from, self.local_to, self.reason
            )
            tx = turn.note(EntityKind.CLOSURE, number, None, added)
            closures.add(tx, turn.organization_id, self.key, added)
            return True
        after = replace(
            before, local_from=self.local_from, local_to=self.local_to, reason=self.reason
        )
        if after == before:
            return False
        closures.change(
            turn.note(EntityKind.CLOSURE, before.id, before, after), turn.organization_id, after
        )
        return True


@dataclass(frozen=True, slots=True)
class OpenStudio(Command[StudioHours | Refusal]):
    """End the closure of that key: one that has not begun is taken back, one that is over stays.

    Where there is none, nothing changes.
    """

    name = "open-studio"

    organization_id: int
    studio_id: int
    key: str

    @property
    def about(self) -> Subjects:
        return Subjects(studios=frozenset({self.studio_id}))

    def perform(self, turn: Turn) -> StudioHours | Refusal:
        zone = closures.zone(turn.tx, turn.organization_id, self.studio_id)
        if zone is None:
            return StudioNotFound(self.studio_id)
        before = closures.find(turn.tx, turn.organization_id, self.key)
        local_now = local(turn.now, zone).replace(tzinfo=None)
        if before is None or before.studio_id != self.studio_id or before.local_to <= local_now:
            return StudioHours(self.studio_id, changed=False)
        touched = _slots_within(turn, self.studio_id, before, None, zone)
        if before.local_from < local_now:
            after = replace(before, local_to=local_now)
            tx = turn.note(EntityKind.CLOSURE, before.id, before, after)
            closures.change(tx, turn.organization_id, after)
        else:
            tx = turn.note(EntityKind.CLOSURE, before.id, before, None)
            closures.remove(tx, turn.organization_id, before.id)
        _tell(turn, self.studio_id, zone)
        return StudioHours(self.studio_id, changed=True, reviewed=review_slots(turn, touched))


def _slots_within(
    turn: Turn,
    studio_id: int,
    before: closures.Known | None,
    after: Closure | None,
    zone: ZoneInfo,
) -> list[Slot]:
    """The planned slots on which the closure fell or falls, with all who sit or wait there."""
    times = set() if after is None else {after}
    if before is not None:
        times.add(Closure.of_local(before.local_from, before.local_to, zone))
    return planned_within(turn, studio_id, times)


def _tell(turn: Turn, studio_id: int, zone: ZoneInfo) -> None:
    """Tell the change, and let whatever else is decided in this turn see it."""
    since = local(turn.now, zone).replace(tzinfo=None) - timedelta(days=2)
    turn.change_closures(
        studio_id, closures.of_studio(turn.tx, turn.organization_id, studio_id, zone, since)
    )
    turn.tell(EventType.STUDIO_OPENING_HOURS_UPDATED, studio_id, studio_id)
