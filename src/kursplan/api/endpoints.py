"""Every endpoint of the contract, in its order: method, path, scope, and who answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kursplan.api import bookings, classes, customers, employees, studios
from kursplan.api.call import Call
from kursplan.domain.applications import Scope


@dataclass(frozen=True)
class Endpoint:
    method: str
    path: str
    """Below `/v1`, with `{names}` for what varies."""
    scope: Scope | None
    answer: Callable[[Call], Awaitable[Any]]
    """What it gives is the body of the answer; None is an empty one."""
    cacheable: tuple[str, ...] | None = None
    """The parameters of its query, where the answer depends on nothing but these, the path, the time
    and what the studio shows: so it can be kept until one of them is another."""

    @cached_property
    def name(self) -> str:
        """How limits, logs and metrics call it."""
        return f"{self.method} /v1{self.path}"


READ, WRITE = Scope.CLASSES_READ, Scope.CLASSES_WRITE
STUDIO, CUSTOMER, EMPLOYEE = Scope.STUDIO_READ, Scope.CUSTOMER_READ, Scope.EMPLOYEE_READ
SLICE = ("offset", "sliceSize")
WINDOW = ("slotWindowStartDate", "daysAhead")

# The first that fits answers, so a fixed path stands before one that varies in the same place.
ENDPOINTS = (
    Endpoint("GET", "/classes", READ, classes.classes, cacheable=SLICE),
    Endpoint("GET", "/classes/slots", READ, classes.slots, cacheable=(*WINDOW, *SLICE)),
    Endpoint("GET", "/classes/booking", READ, bookings.bookings_of_customer),
    Endpoint("GET", "/classes/{classId}", READ, classes.class_by_id, cacheable=()),
    Endpoint("GET", "/classes/{classId}/slots", READ, classes.slots_of_class, cacheable=SLICE),
    Endpoint(
        "GET", "/classes/{classId}/slots/{classSlotId}", READ, classes.slot_by_id, cacheable=()
    ),
    Endpoint("POST", "/classes/booking/validate", READ, bookings.validate),
    Endpoint("POST", "/classes/booking/book", WRITE, bookings.book),
    Endpoint("GET", "/classes/booking/{bookingId}", READ, bookings.booking_by_id, cacheable=()),
    Endpoint("DELETE", "/classes/booking/{bookingId}", WRITE, bookings.cancel),
    Endpoint("GET", "/studios/information", STUDIO, studios.information),
    Endpoint("POST", "/studios/confirmActivation", None, studios.confirm_activation),
    Endpoint("GET", "/customers", CUSTOMER, customers.customers),
    Endpoint("GET", "/customers/by", CUSTOMER, customers.customer_by_number),
    Endpoint("POST", "/customers/search", CUSTOMER, customers.search),
    Endpoint("GET", "/customers/{customerId}", CUSTOMER, customers.customer_by_id),
    Endpoint(
        "GET", "/cross-studio/customers/by", CUSTOMER, customers.customer_by_number_across_studios
    ),
    Endpoint("POST", "/cross-studio/customers/search", CUSTOMER, customers.search_across_studios),
    Endpoint(
        "GET",
        "/cross-studio/customers/{customerId}",
        CUSTOMER,
        customers.customer_by_id_across_studios,
    ),
    Endpoint("GET", "/employees", EMPLOYEE, employees.employees),
    Endpoint("GET", "/employees/{id}", EMPLOYEE, employees.employee_by_id),
)
