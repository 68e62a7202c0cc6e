"""What must be true of an organization's rows whenever nobody is in the middle of a transaction.

Races, the simulated gym day and the tests that kill processes all end with it. It is what the
doctor examines, and beyond that what only a test can know: that nothing but the desk ever wrote
bookings and events here, so that not one of them may be missing, left over or out of order.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, select

from kursplan.doctor import Invariant, examine
from kursplan.domain.bookings import SEATED, BookingStatus
from kursplan.domain.classes import Promotion
from kursplan.domain.events import EventType
from kursplan.domain.slots import Slot, SlotStatus
from kursplan.store import tables
from kursplan.store.engine.database import Database
from kursplan.store.engine.rows import AnyRow
from kursplan.store.rules import slots

OF_BOOKINGS = (
    EventType.CLASS_BOOKING_CREATED,
    EventType.CLASS_BOOKING_UPDATED,
    EventType.CLASS_BOOKING_CANCELLED,
)
OF_SLOTS = (EventType.CLASS_SLOT_UPDATED, EventType.CLASS_SLOT_CANCELLED)


async def audit(
    database: Database,
    organization_id: int,
    now: datetime,
    *,
    lowered: Collection[int] = frozenset(),
    pardoned: Collection[Invariant] = frozenset(),
) -> None:
    """Fail with everything that is wrong with the organization at the instant `now`.

    `lowered` are slots of which staff took seats away, so that more may sit there (F11).
    `pardoned` is what the doctor may find: a seat that only the next background step will fill.
    """

    def look(tx: Connection) -> list[str]:
        found = examine(tx, organization_id, now)
        return [
            *(f"{each.invariant}: {each.says}" for each in found if each.invariant not in pardoned),
            *_Audit(tx, organization_id, now, lowered).findings(),
        ]

    if found := await database.read(look):
        raise AssertionError("\n".join(found))


class _Audit:
    """All rows of an organization, put in order once."""

    def __init__(
        self, tx: Connection, organization_id: int, now: datetime, lowered: Collection[int]
    ) -> None:
        def rows(table: Table, order: str) -> list[AnyRow]:
            query = select(table).where(table.c.organization_id == organization_id)
            return list(tx.execute(query.order_by(table.c[order])))

        self.now = now
        self.lowered = lowered
        slot_ids = [each.id for each in rows(tables.slot, "id")]
        self.slots = slots.load(tx, organization_id, slot_ids)
        self.bookings = rows(tables.booking, "sequence")
        self.on_slot = _by("slot_id", self.bookings)
        self.answers = rows(tables.idempotency_key, "key")
        events = rows(tables.event, "id")
        self.told = _by("entity_id", (each for each in events if each.type in OF_BOOKINGS))
        self.told_of_slots = _by("entity_id", (each for each in events if each.type in OF_SLOTS))

    def findings(self) -> Iterator[str]:
        for slot in self.slots.values():
            here = self.on_slot[slot.id]
            yield from self._places(slot, here)
            yield from self._waiting(slot, here)
            yield from self._slot_told(slot, here)
        for each in self.bookings:
            yield from self._booking(each)
            yield from self._booking_told(each)
        yield from self._strangers()

    def _places(self, slot: Slot, here: list[AnyRow]) -> Iterator[str]:
        given = [each.sequence for each in here]
        if given != list(range(1, slot.last_sequence + 1)):
            yield f"slot {slot.id} gave the places up to {slot.last_sequence}, but has {given}"
        overruled = any(each.overruled for each in here)
        if slot.over_capacity and slot.id not in self.lowered and not overruled:
            yield f"slot {slot.id} has {slot.over_capacity} more people than seats"

    def _waiting(self, slot: Slot, here: list[AnyRow]) -> Iterator[str]:
        """Nobody waits beside an empty seat, and nobody is overtaken, without a reason noted."""
        unasked = [b for b in here if b.status is BookingStatus.WAITING_LIST and not b.skipped]
        if not unasked or slot.class_.promotion is Promotion.BY_STAFF:
            return
        if slot.seats_free and slot.promotes(self.now):
            yield f"slot {slot.id} has seats free, and nobody asked booking {unasked[0].id}"
        if self.now > slot.promotion_ends_at:
            return
        for each in here:
            overtook = each.status in SEATED and each.sequence > unasked[0].sequence
            if overtook and not each.overruled:
                yield f"booking {each.id} overtook {unasked[0].id} on slot {slot.id}"

    def _booking(self, booking: AnyRow) -> Iterator[str]:
        slot = self.slots[booking.slot_id]
        if booking.studio_id != slot.studio.id:
            yield f"booking {booking.id} is in another studio than its slot {slot.id}"
        if (booking.cancelled_at is None) is (booking.status is BookingStatus.CANCELED):
            yield f"booking {booking.id} is {booking.status}, cancelled at {booking.cancelled_at}"
        unconfirmed = booking.status is BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED
        if unconfirmed and booking.confirm_until is None:
            yield f"booking {booking.id} is to be confirmed, but not by when"
        if booking.counts and booking.status is BookingStatus.WAITING_LIST:
            yield f"booking {booking.id} waits, and counts against a contingent"

    # Events: exactly one for each change, in the order of the changes.

    def _booking_told(self, booking: AnyRow) -> Iterator[str]:
        told = self.told[booking.id]
        types = [event.type for event in told]
        ended = booking.status is BookingStatus.CANCELED
        expected = [
            EventType.CLASS_BOOKING_CREATED,
            *[EventType.CLASS_BOOKING_UPDATED] * (len(types) - 1 - ended),
            *[EventType.CLASS_BOOKING_CANCELLED] * ended,
        ]
        if types != expected:
            yield f"booking {booking.id} is {booking.status}, but was told as {types}"
            return
        if told[0].happened_at != booking.booked_at:
            yield f"booking {booking.id} was made at another time than was told"
        if ended and told[-1].happened_at != booking.cancelled_at:
            yield f"booking {booking.id} was cancelled at another time than was told"
        home = booking.home_studio_id if booking.home_studio_id != booking.studio_id else None
        if {(each.studio_id, each.home_studio_id) for each in told} != {(booking.studio_id, home)}:
            yield f"booking {booking.id} was told to other studios than its own"

    def _slot_told(self, slot: Slot, here: list[AnyRow]) -> Iterator[str]:
        types = [event.type for event in self.told_of_slots[slot.id]]
        ended = EventType.CLASS_SLOT_CANCELLED
        # One that was restored is told as updated after it was told as cancelled.
        twice = any(pair == (ended, ended) for pair in itertools.pairwise(types))
        if twice or (types[-1:] == [ended]) is not (slot.status is SlotStatus.CANCELED):
            yield f"slot {slot.id} is {slot.status}, but was told as {types}"
        joined = [self.told[each.id][0].id for each in here if self.told[each.id]]
        if any(later < earlier for earlier, later in itertools.pairwise(joined)):
            yield f"those on slot {slot.id} joined in another order than was told"

    def _strangers(self) -> Iterator[str]:
        """A change that was rolled back leaves no event and no answer."""
        known = {each.id for each in self.bookings}
        for booking_id in self.told.keys() - known:
            yield f"booking {booking_id} was told, but there is none"
        for slot_id in self.told_of_slots.keys() - self.slots.keys():
            yield f"slot {slot_id} was told, but there is none"
        for each in self.answers:
            if each.booking_id not in known:
                yield f"key {each.key} names booking {each.booking_id}: there is none"


def _by(column: str, rows: Iterable[AnyRow]) -> defaultdict[int, list[AnyRow]]:
    """The rows by the number in that column, in their order."""
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[getattr(row, column)].append(row)
    return found
