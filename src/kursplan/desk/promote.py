"""Moving up, carried out: who it is, `domain/waiting.py` decides; here the seat is given and told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from kursplan.desk.engine.turn import Command, Footprint, Turn
from kursplan.domain.bookings import Booking, BookingStatus
from kursplan.domain.classes import Promotion
from kursplan.domain.events import EventType
from kursplan.domain.refusals import Refusal, SlotNotFound
from kursplan.domain.slots import Slot
from kursplan.domain.values import value
from kursplan.domain.waiting import MovesUp, promotions


@value
class Seat:
    """What a booking has once it holds a seat: to be confirmed, where the class asks for that."""

    status: BookingStatus
    membership_id: int | None
    counts: bool
    confirm_until: datetime | None
    since: datetime
    """When it was got."""
    free_until: datetime | None = None
    """Up to when it can be given back in any case, where others gave it."""

    @classmethod
    def on(cls, slot: Slot, membership_id: int | None, now: datetime) -> Seat:
        """A seat that a customer takes."""
        confirm_until = slot.confirm_until
        if confirm_until is not None and now > confirm_until:
            # Whoever takes it after the term for confirming has made up their mind.
            confirm_until = None
        return cls._of(slot, membership_id, confirm_until, now)

    @classmethod
    def taken_up(cls, slot: Slot, membership_id: int | None, now: datetime) -> Seat:
        """A free seat that one who waits takes: as if they had booked just now."""
        return replace(cls.on(slot, membership_id, now), free_until=slot.grace_until(now))

    @classmethod
    def given(cls, slot: Slot, membership_id: int | None, now: datetime) -> Seat:
        """A seat that the house or staff give to one who waits, or give back: they learn of it later."""
        seat = cls._of(slot, membership_id, slot.confirm_until_from(now), now)
        return replace(seat, free_until=slot.free_until(now))

    @classmethod
    def _of(
        cls,
        slot: Slot,
        membership_id: int | None,
        confirm_until: datetime | None,
        since: datetime,
    ) -> Seat:
        return cls(
            BookingStatus.BOOKED
            if confirm_until is None
            else BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED,
            membership_id,
            slot.class_.uses_contingent and membership_id is not None,
            confirm_until,
            since,
        )

    def given_to(self, booking: Booking) -> Booking:
        return replace(
            booking,
            status=self.status,
            membership_id=self.membership_id,
            counts=self.counts,
            confirm_until=self.confirm_until,
            free_until=self.free_until,
            skipped=None,
            conflict=None,
            settled=(),
            promoted_at=self.since if booking.waiting else booking.promoted_at,
        )


@dataclass(frozen=True, slots=True)
class Promote(Command[list[Booking] | Refusal]):
    """Give the free seats of slots to those who wait there, as staff may at any time; who moved up."""

    name = "promote"

    organization_id: int
    slot_ids: frozenset[int]
    by_staff: bool = False

    @property
    def footprint(self) -> Footprint:
        return Footprint(queues=self.slot_ids)

    def perform(self, turn: Turn) -> list[Booking] | Refusal:
        slots = turn.need_slots(self.slot_ids)
        if not slots:
            return SlotNotFound(min(self.slot_ids))
        moved = []
        for slot in slots:
            moved += fill_seats(turn, turn.slots[slot.id], by_staff=self.by_staff)
        return moved


def take_seat(turn: Turn, booking: Booking) -> None:
    """Have a booking that is there hold its seat."""
    turn.change(booking)
    take_over(turn, booking)


def take_over(turn: Turn, booking: Booking) -> None:
    """A seat takes up what one that the customer had given up late had cost on this slot."""
    if not booking.counts:
        return
    paid = turn.customer_of(booking).paid_for(booking.slot_id)
    if paid is not None:
        turn.change(replace(turn.booking(paid.id), counts=False))


def nobody_moves_up(turn: Turn, slot: Slot) -> bool:
    """Whether a seat is free that the house gives to nobody who waits: all are passed over."""
    if slot.seats_free < 1 or slot.class_.promotion is Promotion.BY_STAFF:
        return False
    outcomes = promotions(slot, turn.queue(slot), turn.customer_of, turn.now)
    return not any(isinstance(each, MovesUp) for each in outcomes)


def fill_seats(turn: Turn, slot: Slot, *, by_staff: bool = False) -> list[Booking]:
    """Seat as many who wait as there are seats free; who moved up.

    Belongs into the turn in which the seats became free, so that nobody waits beside one that the
    house would give them. Whoever is seated by the very command that books is told once, as created; for other
    commands of the turn it is a promotion like any other.
    """
    if slot.waiting == 0 or slot.seats_free < 1 or not slot.promotes(turn.now):
        return []
    if slot.class_.promotion is Promotion.BY_STAFF and not by_staff:
        return []
    moved = []
    for outcome in promotions(slot, turn.queue(slot), turn.customer_of, turn.now):
        if isinstance(outcome, MovesUp):
            booking = Seat.given(slot, outcome.membership_id, turn.now).given_to(outcome.booking)
            take_seat(turn, booking)
            moved.append(booking)
        elif outcome.booking.skipped is not outcome.refusal.kind:
            turn.change(replace(outcome.booking, skipped=outcome.refusal.kind))
    for booking in moved:
        if not turn.is_unannounced(booking):
            turn.tell_booking(EventType.CLASS_BOOKING_UPDATED, booking)
    return moved
