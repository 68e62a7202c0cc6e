"""Events: committed changes that partners are told of, in the contract's words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from kursplan.domain.values import value


class EventType(StrEnum):
    """The contract's spelling, with two Ls in CANCELLED."""

    CLASS_BOOKING_CREATED = "CLASS_BOOKING_CREATED"
    CLASS_BOOKING_UPDATED = "CLASS_BOOKING_UPDATED"
    CLASS_BOOKING_CANCELLED = "CLASS_BOOKING_CANCELLED"
    CLASS_SLOT_UPDATED = "CLASS_SLOT_UPDATED"
    CLASS_SLOT_CANCELLED = "CLASS_SLOT_CANCELLED"
    CUSTOMER_CREATED = "CUSTOMER_CREATED"
    CUSTOMER_UPDATED = "CUSTOMER_UPDATED"
    CUSTOMER_DELETED = "CUSTOMER_DELETED"
    CUSTOMER_HOME_STUDIO_UPDATED = "CUSTOMER_HOME_STUDIO_UPDATED"
    CONTRACT_CREATED = "CONTRACT_CREATED"
    CONTRACT_UPDATED = "CONTRACT_UPDATED"
    CONTRACT_CANCELLED = "CONTRACT_CANCELLED"
    CONTRACT_IDLE_PERIOD_CREATED = "CONTRACT_IDLE_PERIOD_CREATED"
    CONTRACT_IDLE_PERIOD_UPDATED = "CONTRACT_IDLE_PERIOD_UPDATED"
    CONTRACT_IDLE_PERIOD_CANCELLED = "CONTRACT_IDLE_PERIOD_CANCELLED"
    EMPLOYEE_CREATED = "EMPLOYEE_CREATED"
    EMPLOYEE_UPDATED = "EMPLOYEE_UPDATED"
    EMPLOYEE_DELETED = "EMPLOYEE_DELETED"
    STUDIO_OPENING_HOURS_UPDATED = "STUDIO_OPENING_HOURS_UPDATED"


_CONTRACT = ("contractId",)
_IDLE_PERIOD = ("contractId", "idlePeriodId")

CONTENT: Mapping[EventType, tuple[str, ...]] = {
    EventType.CLASS_SLOT_UPDATED: ("classId",),
    EventType.CLASS_SLOT_CANCELLED: ("classId",),
    EventType.CUSTOMER_HOME_STUDIO_UPDATED: ("sourceStudioId", "targetStudioId"),
    EventType.CONTRACT_CREATED: _CONTRACT,
    EventType.CONTRACT_UPDATED: _CONTRACT,
    EventType.CONTRACT_CANCELLED: _CONTRACT,
    EventType.CONTRACT_IDLE_PERIOD_CREATED: _IDLE_PERIOD,
    EventType.CONTRACT_IDLE_PERIOD_UPDATED: _IDLE_PERIOD,
    EventType.CONTRACT_IDLE_PERIOD_CANCELLED: _IDLE_PERIOD,
}
"""What the contract's table sends along, by its names; the other types have nothing of that kind."""


@value
class Event:
    """One change of one entity, for the partners of the studio that it concerns."""

    type: EventType
    entity_id: int
    studio_id: int
    """The studio whose integrations are told."""
    home_studio_id: int | None = None
    """A second studio to be told: the home of a customer from elsewhere."""
    content: Mapping[str, int] | None = None
    """What the contract's table sends along, by the contract's names."""
