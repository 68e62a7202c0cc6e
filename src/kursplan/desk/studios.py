"""Studios: what is known about one, when it is open, and in which time zone it lies.

Closures are commands of their own, in `close_studio`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from kursplan.desk.engine.overtaken import check
from kursplan.desk.engine.turn import Command, Turn
from kursplan.desk.review import planned_within, review_slots
from kursplan.desk.rezone import Rezone
from kursplan.domain.clashes import OnClash
from kursplan.domain.entries import StudioEntry
from kursplan.domain.events import EventType
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import local
from kursplan.domain.refusals import Refusal, StudioNotFound
from kursplan.domain.studios import Closure, outside_of_life, region_zone, zone_of
from kursplan.store.entries import studios
from kursplan.store.rules import closures


@dataclass(frozen=True, slots=True)
class RecordStudio(Command[bool]):
    """Have the studio be what the entry says; one that is not there is new.

    With another zone its slots to come keep their local times (F32). The days on which it opens
    and closes for good bound its life; bookings on slots that are outside of it now, or no longer,
    are reviewed. The answer is whether anything changed. Raises ValueError for a zone that there
    is not.
    """

    name = "record-studio"

    organization_id: int
    studio_id: int
    """A fresh id for a new one."""
    entry: StudioEntry
    stood: StudioEntry | None = None
    """What it was when this was decided, if that matters."""

    def __post_init__(self) -> None:
        region_zone(self.entry.zone)

    def perform(self, turn: Turn) -> bool:
        before = studios.load(turn.tx, self.organization_id, [self.studio_id]).get(self.studio_id)
        check(self.stood, before)
        if before is None:
            tx = turn.note(EntityKind.STUDIO, self.studio_id, None, self.entry)
            studios.add(tx, self.organization_id, self.studio_id, self.entry)
            before = replace(self.entry, opening_hours=(), public_opening_hours=())
            self._put_hours(turn, before)
            return True
        after = self.entry.over(before)
        turn.note(EntityKind.STUDIO, self.studio_id, before, after)
        if _without_hours(after) != _without_hours(before):
            studios.change(turn.tx, self.organization_id, self.studio_id, after)
        if self._put_hours(turn, before):
            turn.tell(EventType.STUDIO_OPENING_HOURS_UPDATED, self.studio_id, self.studio_id)
        if after.zone != before.zone:
            self._rezone(turn)
        if _life(after) != _life(before):
            self._review(turn, before, after)
        return after != before

    def _put_hours(self, turn: Turn, before: StudioEntry) -> bool:
        """Whether the hours are others than before."""
        changed = False
        for public, wanted, stored in (
            (False, self.entry.opening_hours, before.opening_hours),
            (True, self.entry.public_opening_hours, before.public_opening_hours),
        ):
            if wanted is not None and wanted != stored:
                studios.put_hours(
                    turn.tx, self.organization_id, self.studio_id, wanted, public=public
                )
                changed = True
        return changed

    def _rezone(self, turn: Turn) -> None:
        """The slots of the turn were loaded in the old zone."""
        zone = zone_of(self.entry.zone)
        for slot in turn.slots.values():
            if slot.studio.id == self.studio_id:
                turn.slots[slot.id] = replace(slot, studio=replace(slot.studio, zone=zone))
        self._close_anew(turn, zone)
        Rezone(self.organization_id, self.studio_id).perform(turn)

    def _review(self, turn: Turn, before: StudioEntry, after: StudioEntry) -> None:
        """Who has booked for when the studio is not open yet, or no longer, and who had."""
        zone = zone_of(self.entry.zone)
        times = {*_outside(before, zone), *_outside(after, zone)}
        touched = planned_within(turn, self.studio_id, times)
        self._close_anew(turn, zone)
        review_slots(turn, touched)

    def _close_anew(self, turn: Turn, zone: ZoneInfo) -> None:
        """The slots of the turn were loaded with what was closed before."""
        since = local(turn.now, zone).replace(tzinfo=None) - timedelta(days=2)
        turn.change_closures(
            self.studio_id,
            closures.of_studio(turn.tx, self.organization_id, self.studio_id, zone, since),
        )


@dataclass(frozen=True, slots=True)
class SetOnClash(Command[bool | Refusal]):
    """Have the studio warn, or refuse, where an instructor or a room would be twice at the same time.

    What is so already stays, and is told by `kursplan slot clashes`. The answer is whether anything
    changed.
    """

    name = "set-on-clash"

    organization_id: int
    studio_id: int
    on_clash: OnClash

    def perform(self, turn: Turn) -> bool | Refusal:
        before = studios.load(turn.tx, self.organization_id, [self.studio_id]).get(self.studio_id)
        if before is None:
            return StudioNotFound(self.studio_id)
        after = replace(before, clashes=self.on_clash)
        if after != before:
            tx = turn.note(EntityKind.STUDIO, self.studio_id, before, after)
            studios.change(tx, self.organization_id, self.studio_id, after)
        return after != before


def _without_hours(entry: StudioEntry) -> StudioEntry:
    return replace(entry, opening_hours=None, public_opening_hours=None)


def _life(entry: StudioEntry) -> tuple[date | None, date | None]:
    """The first and the last day of the studio, as far as it has them."""
    return entry.opening_date, entry.closing_date


def _outside(entry: StudioEntry, zone: ZoneInfo) -> tuple[Closure, ...]:
    return outside_of_life(*_life(entry), zone)
