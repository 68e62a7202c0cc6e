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
    EventType.CUSTOMER_CREATED: _n("%(n)s new customer", "%(n)s new customers"),
    EventType.CUSTOMER_UPDATED: _n("%(n)s change of a customer", "%(n)s changes of customers"),
    EventType.CUSTOMER_DELETED: _n("%(n)s erased customer", "%(n)s erased customers"),
    EventType.CUSTOMER_HOME_STUDIO_UPDATED: _n(
        "%(n)s move to another studio", "%(n)s moves to another studio"
    ),
    EventType.CONTRACT_CREATED: _n("%(n)s new membership", "%(n)s new memberships"),
    EventType.CONTRACT_UPDATED: _n("%(n)s change of a membership", "%(n)s changes of memberships"),
    EventType.CONTRACT_CANCELLED: _n("%(n)s membership that ends", "%(n)s memberships that end"),
    EventType.CONTRACT_IDLE_PERIOD_CREATED: _n("%(n)s new idle period", "%(n)s new idle periods"),
    EventType.CONTRACT_IDLE_PERIOD_UPDATED: _n(
        "%(n)s change of an idle period", "%(n)s changes of idle periods"
    ),
    EventType.CONTRACT_IDLE_PERIOD_CANCELLED: _n(
        "%(n)s idle period that is taken back", "%(n)s idle periods that are taken back"
    ),
    EventType.EMPLOYEE_CREATED: _n("%(n)s new employee", "%(n)s new employees"),
    EventType.EMPLOYEE_UPDATED: _n("%(n)s change of an employee", "%(n)s changes of employees"),
    EventType.EMPLOYEE_DELETED: _n("%(n)s employee who leaves", "%(n)s employees who leave"),
    EventType.STUDIO_OPENING_HOURS_UPDATED: _n(
        "%(n)s change of the opening hours", "%(n)s changes of the opening hours"
    ),
}
"""Of each type of event, so and so many."""


async def partners(visit: Visit, rehearsed: Rehearsed[object]) -> PartnersView:
    """By name those who listen in the studios of the slots. Where nobody does, nobody is named."""
    words = visit.words
    touched = {each.slot_id for each in rehearsed.changes}
    touched |= {each.slot_id for each in rehearsed.slots}
    whose = {each.customer_id for each in rehearsed.changes}
    names = []
    if rehearsed.told:
        names = await visit.read(listeners.of_slots, touched, whose, rehearsed.told.keys())
    events = [words.ngettext(*SAID[each], count) for each, count in rehearsed.told.items()]
    return PartnersView(words.listed(names) if names else "", tuple(events))
