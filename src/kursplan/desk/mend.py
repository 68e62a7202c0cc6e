"""Mend: what is wrong with stored rows, and has one right value, is put right.

Faults of the house make such rows, or a copy of the database that lost some. What to do about
findings that have no one right value (two seats at a time, an event that was never stored) is for
people to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kursplan.desk.cancel import give_up
from kursplan.desk.change_slot import move_bookings
from kursplan.desk.employees import LeavePlan
from kursplan.desk.engine.turn import THE_ORGANIZATION, Command, Footprint, Turn
from kursplan.desk.follow_class import ApplyClassDefaults
from kursplan.desk.follow_series import FollowSeries
from kursplan.desk.promote import fill_seats
from kursplan.desk.reopen import ReopenSlots
from kursplan.desk.review import flag, review
from kursplan.desk.rezone import Rezone
from kursplan.doctor import Finding, Invariant
from kursplan.domain.bookings import Ending
from kursplan.domain.history import EntityKind
from kursplan.domain.slots import Slot, SlotStatus
from kursplan.store.rules import bookings


@dataclass(frozen=True, slots=True)
class MendPlaces(Command[tuple[int, ...]]):
    """Have slots count the bookings that there are, and these be where their slot is.

    Bookings have the times of their slot, and none is active on a cancelled one. Who waits beside a
    seat that becomes free by that moves up. The answer is the ids of the slots that were wrong.
    """

    name = "mend-places"

    organization_id: int
    slot_ids: frozenset[int]

    @property
    def footprint(self) -> Footprint:
        return Footprint(rosters=self.slot_ids)

    def perform(self, turn: Turn) -> tuple[int, ...]:
        last = bookings.last_sequences(turn.tx, self.organization_id, self.slot_ids)
        return tuple(
            slot.id
            for slot in turn.need_rosters(self.slot_ids)
            if _mend(turn, slot, last.get(slot.id, 0))
        )


def _mend(turn: Turn, slot: Slot, last_sequence: int) -> bool:
    """Whether anything about the places of the slot was wrong."""
    roster = [booking for booking, _ in turn.roster(slot)]
    counted = slot.with_places(
        seats=sum(each.seated for each in roster),
        waiting=sum(each.waiting for each in roster),
        last_sequence=max(slot.last_sequence, last_sequence),
    )
    if wrong := counted != slot:
        turn.note(EntityKind.SLOT, slot.id, _places(slot), _places(counted))
        turn.change_slot(counted)
    if slot.status is SlotStatus.CANCELED:
        for booking in roster:
            give_up(turn, booking, Ending.SLOT_CANCELLED)
        return wrong or bool(roster)
    strays = bookings.strays(turn.tx, turn.organization_id, counted)
    if strays:
        turn.note(EntityKind.SLOT, slot.id, {}, {}, also=("times_of_bookings",))
        move_bookings(turn, counted)
        for booking in roster:
            flag(turn, booking)
    return bool(fill_seats(turn, turn.slots[slot.id])) or wrong or strays


def _places(slot: Slot) -> dict[str, int]:
    return {"seats": slot.seats, "waiting": slot.waiting, "last_sequence": slot.last_sequence}


@dataclass(frozen=True, slots=True)
class ReviewBookings(Command[tuple[int, ...]]):
    """Look again at bookings to come: they are flagged, or cancelled, as if that had been done in time.

    The answer is the ids of those that changed.
    """

    name = "review-bookings"

    organization_id: int
    booking_ids: frozenset[int]

    @property
    def footprint(self) -> Footprint:
        return THE_ORGANIZATION | Footprint(bookings=self.booking_ids)

    def perform(self, turn: Turn) -> tuple[int, ...]:
        named = [turn.bookings[each] for each in sorted(self.booking_ids) if each in turn.bookings]
        active = [each for each in named if each.active]
        return tuple(each.id for each in active if review(turn, each) is not None)


def mending(organization_id: int, findings: Iterable[Finding]) -> list[Command[object]]:
    """What to do about those of the findings that have one right value, each once."""
    return list(
        dict.fromkeys(command for each in findings for command in _mending(organization_id, each))
    )


OF_PLACES = frozenset(
    {
        Invariant.COUNTS,
        Invariant.SEATS_ARE_FILLED,
        Invariant.CANCELLED_SLOTS_ARE_EMPTY,
        Invariant.SAME_TIMES,
        Invariant.ORDER_OF_JOINING,
    }
)


def _mending(organization_id: int, finding: Finding) -> Iterator[Command[object]]:
    if finding.invariant in OF_PLACES and finding.slot_id is not None:
        yield MendPlaces(organization_id, frozenset({finding.slot_id}))
    if finding.invariant is Invariant.TIMES_MEAN_THE_SAME and finding.studio_id is not None:
        yield Rezone(organization_id, finding.studio_id)
    if finding.invariant is Invariant.SLOTS_FOLLOW_THEIR_CLASS and finding.class_id is not None:
        yield ApplyClassDefaults(organization_id, finding.class_id)
    if finding.invariant is Invariant.SLOTS_FOLLOW_THEIR_SERIES and finding.series_id is not None:
        yield FollowSeries(organization_id, finding.series_id)
    if finding.invariant is Invariant.WHO_IS_GONE_GIVES_NOTHING and finding.employee_id is not None:
        yield LeavePlan(organization_id, finding.employee_id)
    if finding.invariant is Invariant.WHAT_IS_COMPLETED_IS_OVER and finding.slot_id is not None:
        yield ReopenSlots(organization_id, frozenset({finding.slot_id}))
    if finding.invariant is Invariant.CLOSURES_ARE_FLAGGED:
        yield ReviewBookings(organization_id, frozenset(finding.booking_ids))
