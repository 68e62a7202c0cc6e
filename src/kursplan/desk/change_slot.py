"""Change a slot: time, place, instructors and capacity of one occurrence, by hand.

What is changed here is the slot's own from now on and no longer follows its series or class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from kursplan.desk.clashes import held, look
from kursplan.desk.engine.turn import THE_ORGANIZATION, Command, Footprint, Turn
from kursplan.desk.promote import fill_seats
from kursplan.desk.review import flag
from kursplan.domain.bookings import Booking, BookingStatus
from kursplan.domain.clashes import Clash, Clashing
from kursplan.domain.classes import DAY_IN_MINUTES
from kursplan.domain.events import EventType
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import instant_of
from kursplan.domain.refusals import (
    EmployeeNotFound,
    InvalidTimes,
    LocationNotFound,
    Refusal,
    SlotNotFound,
    SlotNotPlanned,
    Wrong,
)
from kursplan.domain.slots import Override, Slot, SlotStatus
from kursplan.domain.values import SAME, Same
from kursplan.store.rules import bookings, instructors, slots


@dataclass(frozen=True, slots=True)
class SlotChanged:
    """What became of a slot that staff changed, and what they should look at."""

    slot_id: int
    changed: bool
    """Whether anything is different from before."""
    over_capacity: int
    """How many more sit there than there are seats; nobody is sent away (F11)."""
    promoted: tuple[Booking, ...] = ()
    """Who moved up from the waiting list, because seats became free."""
    conflicts: tuple[Booking, ...] = ()
    """After a move: the bookings that would be refused at the new time, each with its reason."""
    clashes: tuple[Clash, ...] = ()
    """Where its instructors or its room are twice at the same time now."""


@dataclass(frozen=True, slots=True)
class ChangeSlot(Command[SlotChanged | Refusal]):
    """Change any of these about a slot that is planned and not over; the rest stays as it is.

    Raises ValueError for values that no slot can have.
    """

    name = "change-slot"

    organization_id: int
    slot_id: int
    local_start: datetime | None = None
    """Wall time of the studio, without a zone. A slot that has started stays where it is, and
    none is moved into the past."""
    duration_minutes: int | None = None
    """Elapsed time, also over a change of the clocks (F28); a day at most."""
    location_id: int | Same | None = SAME
    instructor_ids: tuple[int, ...] | None = None
    max_participants: int | Same | None = SAME
    """None means no limit (F15)."""
    max_waiting_list: int | None = None
    additional_participants: int | None = None

    def __post_init__(self) -> None:
        if self.local_start is not None and (
            self.local_start.tzinfo is not None
            or self.local_start.second
            or self.local_start.microsecond
        ):
            raise ValueError(
                f"The start {self.local_start} is not a plain local time in whole minutes: "
                f"the zone is that of the studio."
            )
        for what, number in (
            ("max_participants", self.max_participants),
            ("max_waiting_list", self.max_waiting_list),
            ("additional_participants", self.additional_participants),
        ):
            if isinstance(number, int) and number < 0:
                raise ValueError(f"{what} is {number}: give 0 or more.")
        if len(set(self.instructor_ids or ())) < len(self.instructor_ids or ()):
            raise ValueError("An instructor is named twice: name each once.")

    @property
    def footprint(self) -> Footprint:
        slot = frozenset({self.slot_id})
        return THE_ORGANIZATION | (
            Footprint(rosters=slot) if self._retimes else Footprint(queues=slot)
        )

    @property
    def _retimes(self) -> bool:
        return self.local_start is not None or self.duration_minutes is not None

    def perform(self, turn: Turn) -> SlotChanged | Refusal:
        before = changeable(turn, self.slot_id)
        if isinstance(before, Refusal):
            return before
        times = self._times(before, turn.now)
        if isinstance(times, Refusal):
            return times
        if refusal := self._unknown(turn, before):
            return refusal
        after = self._reshaped(times)
        clashes = self._clashes(turn, before, after)
        if isinstance(clashes, Clashing):
            return clashes
        own = _made_own(before, after)
        promoted: list[Booking] = []
        if self.instructor_ids is not None and put_instructors(turn, before, self.instructor_ids):
            own |= {Override.INSTRUCTORS}
        if own or after != before:
            promoted = reshape(turn, replace(after, own=after.own | own))
        return SlotChanged(
            before.id,
            changed=bool(own) or after != before,
            over_capacity=turn.slots[before.id].over_capacity,
            promoted=tuple(promoted),
            conflicts=self._conflicts(turn),
            clashes=clashes,
        )

    def _times(self, slot: Slot, now: datetime) -> Slot | Refusal:
        """The slot at its new times."""
        starts_at, length = slot.starts_at, slot.ends_at - slot.starts_at
        if self.local_start is not None:
            starts_at = instant_of(self.local_start, slot.studio.zone)
        if self.duration_minutes is not None:
            length = timedelta(minutes=self.duration_minutes)
        ends_at = starts_at + length
        if wrong := _wrong_length(length):
            return _invalid(wrong, slot, starts_at, ends_at)
        if (starts_at, ends_at) == (slot.starts_at, slot.ends_at):
            return slot
        if starts_at != slot.starts_at and slot.has_started(now):
            return _invalid(Wrong.HAS_STARTED, slot, starts_at, ends_at)
        if (starts_at != slot.starts_at and starts_at <= now) or ends_at <= now:
            return _invalid(Wrong.IN_THE_PAST, slot, starts_at, ends_at)
        return replace(
            slot,
            local_start=self.local_start or slot.local_start,
            starts_at=starts_at,
            ends_at=ends_at,
        )

    def _unknown(self, turn: Turn, slot: Slot) -> Refusal | None:
        """What the command names that is not there."""
        if isinstance(self.location_id, int) and not slots.has_location(
            turn.tx, turn.organization_id, slot.studio.id, self.location_id
        ):
            return LocationNotFound(self.location_id)
        named = set(self.instructor_ids or ())
        if missing := named - instructors.known(turn.tx, turn.organization_id, named):
            return EmployeeNotFound(min(missing))
        return None

    def _reshaped(self, slot: Slot) -> Slot:
        """The slot with its new place and capacity."""
        if self.location_id is not SAME:
            slot = replace(slot, location_id=self.location_id)
        if self.max_participants is not SAME:
            slot = replace(slot, max_participants=self.max_participants)
        if self.max_waiting_list is not None:
            slot = replace(slot, max_waiting_list=self.max_waiting_list)
        if self.additional_participants is not None:
            slot = replace(slot, additional_participants=self.additional_participants)
        return slot

    def _clashes(self, turn: Turn, before: Slot, after: Slot) -> tuple[Clash, ...] | Clashing:
        if not self._retimes and self.location_id is SAME and self.instructor_ids is None:
            return ()
        given = instructors.of_slots(turn.tx, turn.organization_id, [before.id])[before.id]
        wanted = given if self.instructor_ids is None else self.instructor_ids
        return look(turn, [held(before, given)], [held(after, wanted)])

    def _conflicts(self, turn: Turn) -> tuple[Booking, ...]:
        if not self._retimes:
            return ()
        roster = turn.roster(turn.slots[self.slot_id])
        return tuple(booking for booking, _ in roster if booking.conflict is not None)


def changeable(turn: Turn, slot_id: int) -> Slot | Refusal:
    """The slot, if staff may still change it: it is planned and not over."""
    slot = turn.slots.get(slot_id)
    if slot is None:
        return SlotNotFound(slot_id)
    if slot.status is not SlotStatus.PLANNED or slot.is_over(turn.now):
        return not_planned(slot)
    return slot


def not_planned(slot: Slot) -> SlotNotPlanned:
    """That nothing about the slot is changed any more."""
    cancelled = slot.status is SlotStatus.CANCELED
    local = slot.studio.local
    return SlotNotPlanned(cancelled, local(slot.starts_at), local(slot.ends_at))


def _wrong_length(length: timedelta) -> Wrong | None:
    if length <= timedelta(0):
        return Wrong.NO_DURATION
    return Wrong.TOO_LONG if length > timedelta(minutes=DAY_IN_MINUTES) else None


def _invalid(wrong: Wrong, slot: Slot, starts_at: datetime, ends_at: datetime) -> InvalidTimes:
    return InvalidTimes(wrong, slot.studio.local(starts_at), slot.studio.local(ends_at))


def reshape(turn: Turn, after: Slot) -> list[Booking]:
    """Make the slot of that id what `after` says, and tell it once; who moved up by that.

    The bookings on a slot that moves stay and follow it to its new times. Those that would be
    refused there are flagged for staff (F20). Nobody who sits there is sent away (F11, F14), and
    seats that become free are filled at once (F12, F13).
    """
    before = turn.slots[after.id]
    moves = (before.starts_at, before.ends_at) != (after.starts_at, after.ends_at)
    if moves:
        turn.roster(before)
        turn.look_ahead([after])
    turn.change_slot(after)
    turn.tell_slot(EventType.CLASS_SLOT_UPDATED, after)
    if moves:
        move_bookings(turn, after)
    promoted = fill_seats(turn, turn.slots[after.id])
    if moves:
        for booking, _ in turn.roster(after):
            flag(turn, booking)
    return promoted


def put_instructors(turn: Turn, slot: Slot, employee_ids: Sequence[int]) -> bool:
    """Have these employees give the slot; whether that is a change.

    A stand-in ends who is not among them, and one whose replaced colleague is back.
    """
    [given] = instructors.of_slots(turn.tx, turn.organization_id, [slot.id]).values()
    if given == tuple(employee_ids):
        return False
    [stand_ins] = instructors.stand_ins(turn.tx, turn.organization_id, [slot.id]).values()
    ended = [
        each.id
        for each in stand_ins
        if each.stands
        and (each.stand_in_id not in employee_ids or each.replaced_id in employee_ids)
    ]
    tx = note_instructors(turn, slot.id, given, employee_ids)
    instructors.end_stand_ins(tx, turn.organization_id, ended, turn.now)
    instructors.put(tx, turn.organization_id, {slot.id: employee_ids})
    return True


def note_instructors(
    turn: Turn, slot_id: int, before: Sequence[int], after: Sequence[int]
) -> Connection:
    """The transaction, to write that others give the slot."""
    return turn.note(EntityKind.SLOT, slot_id, {"instructors": before}, {"instructors": after})


def _made_own(before: Slot, after: Slot) -> frozenset[Override]:
    """What of the slot was changed by hand."""
    return frozenset(
        own
        for own, name in (
            (Override.TIME, "starts_at"),
            (Override.TIME, "ends_at"),
            (Override.LOCATION, "location_id"),
            (Override.MAX_PARTICIPANTS, "max_participants"),
            (Override.MAX_WAITING_LIST, "max_waiting_list"),
        )
        if getattr(before, name) != getattr(after, name)
    )


def move_bookings(turn: Turn, slot: Slot) -> None:
    """All bookings follow the slot to its new times, cancelled ones included."""
    bookings.move_canceled(turn.tx, turn.organization_id, slot)
    for booking in turn.bookings_on(slot):
        moved = _moved(booking, slot, turn.now)
        turn.change(moved)
        if moved.status is not booking.status:
            turn.tell_booking(EventType.CLASS_BOOKING_UPDATED, moved)


def _moved(booking: Booking, slot: Slot, now: datetime) -> Booking:
    """The booking at the times of its slot, with the term for confirming it derived anew.

    Nobody loses a seat because the slot moved to where that term has passed, or passes in a minute:
    as one who moves up, they have time to learn of it, and where there is none, nothing to confirm.
    """
    moved = replace(booking, starts_at=slot.starts_at, ends_at=slot.ends_at, day=slot.day)
    if now > slot.cancellable_until:
        moved = replace(moved, free_until=slot.free_until(now))
    if booking.status is not BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED:
        return moved
    confirm_until = slot.confirm_until_from(now)
    if confirm_until is None:
        return replace(moved, status=BookingStatus.BOOKED, confirm_until=None)
    return replace(moved, confirm_until=confirm_until)
