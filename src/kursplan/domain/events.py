"""What is told to partners about a committed change, in the contract's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
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
