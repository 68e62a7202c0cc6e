"""Restore a slot: its cancellation is taken back, and by choice those who were on it are back too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from kursplan.desk.change_slot import not_planned
from kursplan.desk.clashes import held, look
from kursplan.desk.edit_series import planned_day
from kursplan.desk.engine.turn import THE_ORGANIZATION, Command, Footprint, NeedsMore, Turn
from kursplan.desk.extend_series import midnight
from kursplan.desk.promote import Seat, fill_seats, take_seat
from kursplan.domain.admission import SETTLED, may_book
from kursplan.domain.bookings import SEATED, Booking, BookingStatus
from kursplan.domain.clashes import Clash, Clashing
from kursplan.domain.events import EventType
from kursplan.domain.history import EntityKind
from kursplan.domain.refusals import Kind, Refusal, SlotNotFound
from kursplan.domain.slots import Override, Slot, SlotStatus
from kursplan.store.rules import bookings, instructors, series


@dataclass(frozen=True, slots=True)
class SlotRestored:
    """The slot takes place."""

    slot_id: int
    changed: bool
    """Whether it was cancelled until now."""
    back: tuple[Booking, ...] = ()
    """Who is on it again, as they sit or wait there now."""
    refused: tuple[tuple[Booking, Refusal], ...] = ()
    """Who was on it, and is not admitted any more."""
    clashes: tuple[Clash, ...] = ()
    """Where its instructors or its room are twice at the same time now."""


@dataclass(frozen=True, slots=True)
class RestoreSlot(Command[SlotRestored | Refusal]):
    """Have a cancelled slot that has not started take place; a planned one stays as it is.

    `with_bookings` puts those back who were on it when it was cancelled, in their order and seats
    first, as far as the rules still admit them.

    A slot that its series had given up is one of the series again. Where the plan does not have its
    day, or another time, it keeps its own, so that the next edit does not take it away.
    """

    name = "restore-slot"

    organization_id: int
    slot_id: int
    with_bookings: bool = False

    @property
    def footprint(self) -> Footprint:
        return THE_ORGANIZATION | Footprint(queues=frozenset({self.slot_id}))

    def perform(self, turn: Turn) -> SlotRestored | Refusal:
        slot = turn.slots.get(self.slot_id)
        if slot is None:
            return SlotNotFound(self.slot_id)
        if slot.status is SlotStatus.COMPLETED or slot.has_started(turn.now):
            return not_planned(slot)
        if slot.status is SlotStatus.PLANNED:
            return SlotRestored(slot.id, changed=False)
        were = _were_on(turn, slot)
        given = instructors.of_slots(turn.tx, turn.organization_id, [slot.id])[slot.id]
        clashes = look(turn, [], [held(slot, given)])
        if isinstance(clashes, Clashing):
            return clashes
        restored = _known_again(turn, replace(slot, status=SlotStatus.PLANNED))
        turn.change_slot(restored)
        turn.tell_slot(EventType.CLASS_SLOT_UPDATED, restored)
        refused = tuple(self._put_back(turn, were) if self.with_bookings else ())
        for booking in were:
            # What they held is told once: the next cancellation speaks for itself.
            turn.change(replace(turn.bookings[booking.id], held=None))
        moved_up = {each.id for each in fill_seats(turn, turn.slots[slot.id])}
        back = tuple(now for each in were if (now := turn.bookings[each.id]).active)
        for booking in back:
            if booking.id not in moved_up:
                turn.tell_booking(EventType.CLASS_BOOKING_UPDATED, booking)
        return SlotRestored(slot.id, True, back, refused, clashes)

    def _put_back(self, turn: Turn, were: Iterable[Booking]) -> Iterable[tuple[Booking, Refusal]]:
        """Give each what they held, or a position behind where no seat is left; who is refused."""
        for booking in were:
            slot = turn.slots[self.slot_id]
            set_aside = SETTLED.union(booking.overruled)
            if booking.held is BookingStatus.WAITING_LIST:
                set_aside |= {Kind.BOOKING_LIMIT_REACHED}
            answer = may_book(slot, turn.customer_of(booking), turn.now, set_aside)
            if isinstance(answer, Refusal):
                yield booking, answer
                continue
            back = replace(
                booking, cancelled_at=None, late=False, ended=None, ended_via=None, ended_by=None
            )
            if answer.waits or booking.held is BookingStatus.WAITING_LIST:
                waits = replace(back, status=BookingStatus.WAITING_LIST, membership_id=None)
                turn.change(replace(waits, promoted_at=None))
            else:
                take_seat(turn, Seat.given(slot, answer.membership_id, turn.now).given_to(back))


def _known_again(turn: Turn, slot: Slot) -> Slot:
    """The slot as one of its series, also where that had given it up.

    Where the series has made another for its place meanwhile, it stays beside the series.
    """
    if slot.series_id is None:
        return slot
    if series.occurrence(turn.tx, turn.organization_id, slot.id) is not None:
        return slot
    of = series.load(turn.tx, turn.organization_id, slot.series_id)
    if of is None:
        return slot
    day = planned_day(slot)
    occurrence = of.plan.start_on(day)
    known = series.known_since(turn.tx, turn.organization_id, of.id, midnight(day))
    if occurrence not in known.values():
        tx = turn.note(EntityKind.SLOT, slot.id, {"planned_for": None}, {"planned_for": occurrence})
        series.know_as(tx, turn.organization_id, [series.KnowAs(slot.id, of.id, occurrence)])
    if of.plan.takes_place_on(day) and slot.local_start == occurrence:
        return slot
    return replace(slot, own=slot.own | {Override.TIME})


def _were_on(turn: Turn, slot: Slot) -> list[Booking]:
    """Who was on the slot when it was cancelled: seats first, each in the order of joining."""
    wanted = bookings.cancelled_with_slot(turn.tx, turn.organization_id, slot.id)
    if missing := wanted - turn.bookings.keys():
        raise NeedsMore(Footprint(bookings=frozenset(missing)))
    were = [turn.bookings[each] for each in wanted]
    return sorted(were, key=lambda each: (each.held not in SEATED, each.sequence))
