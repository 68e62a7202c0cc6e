"""Which partners the house would tell, and of what."""

from __future__ import annotations

from typing import Final

from kursplan.console.consequences.view import PartnersView
from kursplan.console.visit import Visit
from kursplan.console.words import marked_by_count as _n
from kursplan.desk.engine.rehearse import Rehearsed
from kursplan.domain.events import EventType
from kursplan.store.staff import listeners

SAID: Final = {
    EventType.CLASS_BOOKING_CREATED: _n("%(n)s new booking", "%(n)s new bookings"),
    EventType.CLASS_BOOKING_UPDATED: _n("%(n)s change of a booking", "%(n)s changes of bookings"),
    EventType.CLASS_BOOKING_CANCELLED: _n("%(n)s cancelled booking", "%(n)s cancelled bookings"),
    EventType.CLASS_SLOT_UPDATED: _n("%(n)s change of a slot", "%(n)s changes of slots"),
    EventType.CLASS_SLOT_CANCELLED: _n("%(n)s cancelled slot", "%(n)s cancelled slots"),
}


async def partners(visit: Visit, rehearsed: Rehearsed[object]) -> PartnersView:
    """By name those who listen in the studios of the slots. Where nobody does, nobody is named."""
    words = visit.words
    touched = {each.slot_id for each in rehearsed.changes}
    touched |= {each.slot_id for each in rehearsed.slots}
    whose = {each.customer_id for each in rehearsed.changes}
    names = []
    if rehearsed.told:
        names = await visit.read(listeners.of_slots, touched, whose, rehearsed.told.keys())
    events = [
        words.ngettext(*SAID[each], count) if each in SAID else words.number(count)
        for each, count in rehearsed.told.items()
    ]
    return PartnersView(words.listed(names) if names else "", tuple(events))
