"""Why refused: what the rules say today against bookings that are flagged, or were passed over."""

from __future__ import annotations

from collections.abc import Iterator

from kursplan.desk.engine.turn import Footprint, Turn
from kursplan.domain.admission import objections
from kursplan.domain.refusals import Refusal
from kursplan.domain.settling import ground_of
from kursplan.domain.values import value
from kursplan.domain.waiting import may_move_up


@value
class Against:
    """What speaks against a booking."""

    conflicts: tuple[Refusal, ...]
    """Why it would be refused today, as far as staff have not settled that; it is flagged for the first."""
    settled: tuple[Refusal, ...]
    """What they have settled."""
    skipped: Refusal | None
    """Why it would be passed over if a seat became free; where it waits."""


@value
class WhyRefused:
    """What speaks against these bookings, by id; of those that have begun or ended there is nothing.

    A question: only the kinds are stored, and the facts are as they are now.
    """

    organization_id: int
    booking_ids: frozenset[int]

    @property
    def footprint(self) -> Footprint:
        return Footprint(bookings=self.booking_ids)

    def perform(self, turn: Turn) -> dict[int, Against]:
        return dict(self._found(turn))

    def _found(self, turn: Turn) -> Iterator[tuple[int, Against]]:
        for booking_id in sorted(self.booking_ids & turn.bookings.keys()):
            booking = turn.bookings[booking_id]
            slot = turn.slot_of(booking)
            if not booking.active or slot.has_started(turn.now):
                continue
            customer = turn.customer_of(booking)
            against = tuple(objections(slot, customer, booking, turn.now))
            settled = tuple(each for each in against if ground_of(each) in booking.settled)
            skipped = may_move_up(slot, customer, booking, turn.now) if booking.waiting else None
            yield (
                booking.id,
                Against(
                    tuple(each for each in against if each not in settled),
                    settled,
                    skipped if isinstance(skipped, Refusal) else None,
                ),
            )
