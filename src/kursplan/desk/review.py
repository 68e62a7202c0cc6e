"""Looking at bookings again when the ground has shifted under them (F34).

What becomes of a booking that would be refused today is the organization's policy: it is flagged
for staff to look at, or cancelled.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kursplan.desk.cancel import give_up
from kursplan.desk.engine.turn import Turn
from kursplan.desk.promote import fill_seats
from kursplan.domain.admission import objections
from kursplan.domain.bookings import Booking, Ending
from kursplan.domain.events import EventType
from kursplan.domain.refusals import refuses_otherwise
from kursplan.domain.settling import ground_of, weigh
from kursplan.domain.slots import Slot, SlotStatus
from kursplan.domain.studios import Closure, LostEntitlement
from kursplan.store.entries import organizations
from kursplan.store.rules import closures


def flag(turn: Turn, booking: Booking) -> Booking:
    """Note on an active booking why it would be refused today, or that it no longer would.

    What staff settled stays settled, as long as it still speaks against it. Tells nobody: what shifted the
    ground is told by its own event.
    """
    booking = turn.bookings[booking.id]
    if not booking.active:
        return booking
    slot = turn.slot_of(booking)
    if slot.has_started(turn.now):
        return booking  # Who is there is there.
    against = objections(slot, turn.customer_of(booking), booking, turn.now)
    weighed = weigh(against, booking.settled)
    conflict = None if weighed.flagged is None else weighed.flagged.kind
    settled = tuple(map(ground_of, weighed.settled)) if booking.settled else ()
    if conflict is booking.conflict and settled == booking.settled:
        return booking
    flagged = replace(booking, conflict=conflict, settled=settled)
    turn.change(flagged)
    return flagged


def review(turn: Turn, booking: Booking) -> Booking | None:
    """Flag or cancel an active booking that would be refused today, and tell it; None if it stays.

    Another reason of the same rule is noted and not told. A slot that has started is past reviewing. The booking is looked at as it stands now: reviewing
    the one before it may have given it a seat.
    """
    booking = turn.bookings[booking.id]
    reviewed = flag(turn, booking)
    if not (
        refuses_otherwise(booking.conflict, reviewed.conflict)
        or booking.is_contested != reviewed.is_contested
    ):
        return None
    policy = organizations.lost_entitlement(turn.tx, turn.organization_id)
    if reviewed.conflict is not None and policy is LostEntitlement.CANCEL:
        cancelled = give_up(turn, reviewed, Ending.NOT_ADMITTED)
        fill_seats(turn, turn.slots[booking.slot_id])
        return cancelled
    turn.tell_booking(EventType.CLASS_BOOKING_UPDATED, reviewed)
    return reviewed


def review_slots(turn: Turn, slots: Iterable[Slot]) -> tuple[Booking, ...]:
    """Review all who sit or wait on these slots; the bookings that changed by it.

    A slot that nothing forbids any more may have seats free for those who wait. They move up first:
    whoever gets a seat is told once, and not also that nothing speaks against it any more.
    """
    changed: list[Booking] = []
    for slot in slots:
        fill_seats(turn, turn.slots[slot.id])
        reviewed = [review(turn, booking) for booking, _ in turn.roster(slot)]
        changed += [each for each in reviewed if each is not None]
    return tuple(changed)


def planned_within(turn: Turn, studio_id: int, times: Iterable[Closure]) -> list[Slot]:
    """The planned slots of the studio on which one of these times falls, with all who sit or wait."""
    times = set(times)
    found = closures.planned_slots(turn.tx, turn.organization_id, studio_id, times)
    # What commands before this one moved or cancelled in the same turn is not in the rows yet.
    found |= {
        slot.id
        for slot in turn.slots.values()
        if slot.studio.id == studio_id
        and any(each.falls_on(slot.starts_at, slot.ends_at) for each in times)
    }
    return [slot for slot in turn.need_rosters(found) if slot.status is SlotStatus.PLANNED]
