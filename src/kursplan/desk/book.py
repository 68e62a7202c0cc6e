"""Book: a customer takes a place on a slot, or may they?"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from kursplan.desk.engine.turn import Command, Footprint, Turn
from kursplan.desk.promote import Seat, fill_seats, nobody_moves_up, take_over, take_seat
from kursplan.domain.admission import STAFF_MAY_OVERRULE, Admission, may_book
from kursplan.domain.bookings import Booking, BookingStatus, Participation
from kursplan.domain.customers import Customer
from kursplan.domain.events import EventType
from kursplan.domain.refusals import (
    BookingNotFound,
    CustomerNotFound,
    Full,
    IdempotencyKeyReused,
    Kind,
    OtherStatusThanExpected,
    Refusal,
    SlotNotFound,
)
from kursplan.domain.slots import Slot, SlotStatus
from kursplan.domain.values import value
from kursplan.store.rules.idempotency import Name, Outcome
from kursplan.store.rules.turned_away import Wish


@value
class Booked:
    """A booking as its API answer shows it."""

    booking_id: int
    status: BookingStatus
    slot_id: int
    class_id: int
    customer_id: int
    slot_status: SlotStatus
    participation: Participation
    replayed: bool = False
    """Whether an earlier request under the same idempotency key had made it."""

    @classmethod
    def of(cls, booking: Booking, slot: Slot, *, replayed: bool = False) -> Booked:
        return cls(
            booking.id,
            booking.status,
            slot.id,
            slot.class_.id,
            booking.customer_id,
            slot.status,
            booking.participation,
            replayed,
        )


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A caller's name for one request, and the fingerprint of what it asked."""

    integration_id: int
    key: str
    request_hash: str

    @property
    def name(self) -> Name:
        return self.integration_id, self.key

    def outcome(self, booking_id: int) -> Outcome:
        """The request made that booking."""
        return Outcome(self.integration_id, self.key, self.request_hash, booking_id)


@value
class MayBook(Command[Admission | Refusal]):
    """Would `Book` succeed now? Changes nothing."""

    organization_id: int
    studio_id: int
    customer_id: int
    slot_id: int
    hidden_too: bool = False
    """As in `Book`."""

    @property
    def footprint(self) -> Footprint:
        return Footprint(frozenset((self.customer_id,)), frozenset((self.slot_id,)))

    def perform(self, turn: Turn) -> Admission | Refusal:
        found = _whom_and_where(
            turn, self.studio_id, self.customer_id, self.slot_id, hidden_too=self.hidden_too
        )
        return found if isinstance(found, Refusal) else decide(turn, *found)


@value
class Book(Command[Booked | Refusal]):
    """Put a customer on a slot of the studio, with a seat or waiting."""

    name = "book"

    organization_id: int
    studio_id: int
    customer_id: int
    slot_id: int
    booking_id: int
    """A fresh id."""
    expected: BookingStatus | None = None
    """What the caller insists on: a seat (`BOOKED`, also where it is yet to be confirmed) or a
    position on the waiting list (`WAITING_LIST`)."""
    idempotency: IdempotencyKey | None = None
    overrule: frozenset[Kind] = frozenset()
    """What staff set aside, knowingly and on record."""
    hidden_too: bool = False
    """Whether a hidden class is there for whoever asks: to staff it is, and then refused as such."""

    def __post_init__(self) -> None:
        if not self.overrule <= STAFF_MAY_OVERRULE:
            forbidden = ", ".join(sorted(self.overrule - STAFF_MAY_OVERRULE))
            raise ValueError(f"{forbidden} cannot be overruled")

    @property
    def footprint(self) -> Footprint:
        return Footprint(
            frozenset((self.customer_id,)),
            frozenset((self.slot_id,)),
            keys=frozenset((self.idempotency.name,) if self.idempotency else ()),
        )

    @property
    def wish(self) -> Wish:
        return Wish(self.slot_id, self.customer_id)

    def precheck(self, full: Container[int]) -> StillRefused | None:
        if self.slot_id not in full or self.overrule:
            return None
        return StillRefused(self)

    def perform(self, turn: Turn) -> Booked | Refusal:
        if self.idempotency is None:
            return self._book(turn)
        before = turn.outcome(self.idempotency.name)
        if before is not None:
            return self._done_before(turn, before, self.idempotency)
        answer = self._book(turn)
        if isinstance(answer, Booked):
            # A refusal changed nothing, so it is decided anew whenever it is asked for again.
            turn.keep(self.idempotency.outcome(answer.booking_id))
        return answer

    def _done_before(self, turn: Turn, before: Outcome, asked: IdempotencyKey) -> Booked | Refusal:
        """What an earlier request under the same key made, as it now stands."""
        if before.request_hash != asked.request_hash:
            return IdempotencyKeyReused()
        booking = turn.booking_of(before)
        if booking is None:
            return BookingNotFound(before.booking_id)
        return Booked.of(booking, turn.slot_of(booking), replayed=True)

    def _book(self, turn: Turn) -> Booked | Refusal:
        found = _whom_and_where(
            turn, self.studio_id, self.customer_id, self.slot_id, hidden_too=self.hidden_too
        )
        if isinstance(found, Refusal):
            return found
        slot, customer = found
        answer = decide(turn, slot, customer, self.overrule)
        if isinstance(answer, Refusal):
            return answer
        if self.expected is not None and answer.waits != (
            self.expected is BookingStatus.WAITING_LIST
        ):
            return OtherStatusThanExpected(answer.waits)
        if customer.bookings and (waiting := customer.waits_on(slot.id)):
            return self._take_up(turn, slot, turn.booking(waiting.id), answer)
        booking = self._joined(turn, slot, customer, answer)
        turn.add(booking)
        if answer.waits:
            # A seat may be free beside people who can't take it now; then it is not left empty.
            fill_seats(turn, turn.slots[slot.id])
        elif customer.bookings:
            take_over(turn, booking)
        booking = turn.bookings[self.booking_id]
        turn.tell_booking(EventType.CLASS_BOOKING_CREATED, booking)
        return Booked.of(booking, slot)

    def _take_up(self, turn: Turn, slot: Slot, waiting: Booking, admission: Admission) -> Booked:
        """Who waits takes a seat that is free for whoever comes first: the position becomes it."""
        taken = Seat.taken_up(slot, admission.membership_id, turn.now).given_to(waiting)
        take_seat(turn, taken)
        turn.tell_booking(EventType.CLASS_BOOKING_UPDATED, taken)
        return Booked.of(taken, slot)

    def _joined(self, turn: Turn, slot: Slot, customer: Customer, admission: Admission) -> Booking:
        place = None if admission.waits else Seat.on(slot, admission.membership_id, turn.now)
        return Booking(
            id=self.booking_id,
            slot_id=slot.id,
            studio_id=slot.studio.id,
            customer_id=customer.id,
            home_studio_id=customer.home_studio_id,
            status=BookingStatus.WAITING_LIST if place is None else place.status,
            sequence=slot.last_sequence + 1,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            day=slot.day,
            booked_at=turn.now,
            membership_id=None if place is None else place.membership_id,
            counts=place is not None and place.counts,
            confirm_until=None if place is None else place.confirm_until,
            overruled=tuple(sorted(self.overrule)),
            booked_via=turn.by.origin,
            booked_by=turn.by.who,
        )


def decide(
    turn: Turn, slot: Slot, customer: Customer, set_aside: frozenset[Kind] = frozenset()
) -> Admission | Refusal:
    """May this customer book this slot, also where its waiting list is full of who can't move up?

    Nobody is refused beside a free seat that all who wait are passed over for.
    """
    answer = may_book(slot, customer, turn.now, set_aside)
    if isinstance(answer, Full) and nobody_moves_up(turn, slot):
        alone = slot.with_places(slot.seats, 0, slot.last_sequence)
        return may_book(alone, customer, turn.now, set_aside)
    return answer


@value
class StillRefused(Command[Admission | Refusal | None]):
    """Is this booking refused, without a turn of its own? Changes nothing."""

    book: Book

    @property
    def organization_id(self) -> int:
        return self.book.organization_id

    @property
    def footprint(self) -> Footprint:
        return self.book.footprint

    def perform(self, turn: Turn) -> Admission | Refusal | None:
        """None where something was done under its idempotency key, which is for a turn to show."""
        book = self.book
        if book.idempotency is not None and turn.outcome(book.idempotency.name) is not None:
            return None
        asked = MayBook(book.organization_id, book.studio_id, book.customer_id, book.slot_id)
        return asked.perform(turn)


def _whom_and_where(
    turn: Turn, studio_id: int, customer_id: int, slot_id: int, *, hidden_too: bool = False
) -> tuple[Slot, Customer] | Refusal:
    """The slot of that studio and the customer of its organization, as far as they are there."""
    slot = turn.slots.get(slot_id)
    if slot is None or slot.studio.id != studio_id or not (slot.class_.visible or hidden_too):
        return SlotNotFound(slot_id)
    customer = turn.customers.get(customer_id)
    if customer is None:
        return CustomerNotFound(customer_id)
    return slot, customer
