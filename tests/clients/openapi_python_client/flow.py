"""A partner's day, through the client that openapi-python-client generates.

    python flow.py BASE_URL API_KEY CUSTOMER_NUMBER

Prints what it has seen as JSON: the same as the flows in the other languages.
"""

import json
import sys
from collections.abc import Callable, Iterator
from typing import TypeVar

from kursplan_client import AuthenticatedClient
from kursplan_client.api.classes import (
    book_class_slot,
    cancel_class_slot_by_id,
    get_active_classes,
    get_class_booking_by_id,
    get_class_bookings_by_customer_id,
    get_class_by_id,
    get_class_slots,
    validate_class_slot,
)
from kursplan_client.api.customers import get_customer_by
from kursplan_client.models import (
    ClassSlicedResult,
    ClassSlotBookingRequest,
    ClassSlotBookingResult,
    ClassSlotSlicedResult,
    ClassSlotValidationRequest,
    ClassSlotValidationResult,
    Customer,
    ErrorResponse,
)
from kursplan_client.types import Response, Unset

T = TypeVar("T")
Slice = TypeVar("Slice", ClassSlicedResult, ClassSlotSlicedResult)


def main(base_url: str, api_key: str, customer_number: str) -> None:
    client = partner(base_url, api_key)
    stranger = partner(base_url, "not-a-key")

    class_slices = list(
        slices(
            lambda offset: given(
                ClassSlicedResult,
                get_active_classes.sync(client=client, offset=offset, slice_size=10),
            )
        )
    )
    classes = [each for found in class_slices for each in found.result]
    [yoga] = [each for each in classes if each.title == "Yoga"]
    slot_slices = slices(
        lambda offset: given(
            ClassSlotSlicedResult,
            get_class_slots.sync(yoga.id, client=client, offset=offset, slice_size=10),
        )
    )
    slots = [each for found in slot_slices for each in found.result]
    slot = next(
        each
        for each in slots
        if not isinstance(each.max_participants, Unset)
        and not isinstance(each.booked_participants, Unset)
        and each.booked_participants + each.additional_participants < each.max_participants
    )
    customer = given(Customer, get_customer_by.sync(client=client, customer_number=customer_number))

    validated = given(
        ClassSlotValidationResult,
        validate_class_slot.sync(
            client=client,
            body=ClassSlotValidationRequest(customer_id=customer.id, class_slot_id=slot.id),
        ),
    )
    request = ClassSlotBookingRequest(customer_id=customer.id, class_slot_id=slot.id)
    booked, again = (
        given(
            ClassSlotBookingResult,
            book_class_slot.sync(
                client=client, body=request, idempotency_key=f"flow-{customer.id}"
            ),
        )
        for _ in range(2)
    )
    refused = book_class_slot.sync_detailed(client=client, body=request, accept_language="en")
    listed = given(
        list, get_class_bookings_by_customer_id.sync(client=client, customer_id=customer.id)
    )
    cancelled = cancel_class_slot_by_id.sync_detailed(booked.booking_id, client=client)
    left = given(
        ClassSlotBookingResult, get_class_booking_by_id.sync(booked.booking_id, client=client)
    )

    print(
        json.dumps(
            {
                "classes": [each.title for each in classes],
                "slices": len(class_slices),
                "slots": [each.start_date_time for each in slots],
                "customer": f"{customer.first_name} {customer.last_name}",
                "validated": validated.validation_status,
                "booked": booked.booking_status,
                "repeated": again.booking_id == booked.booking_id,
                "refused": error(refused),
                "bookings": [each.booking_status for each in listed],
                "cancelled": cancelled.status_code,
                "left": left.booking_status,
                "unknown": error(get_class_by_id.sync_detailed(1, client=client)),
                "stranger": error(get_active_classes.sync_detailed(client=stranger)),
            }
        )
    )


def partner(base_url: str, api_key: str) -> AuthenticatedClient:
    return AuthenticatedClient(base_url, api_key, prefix="", auth_header_name="X-API-KEY")


def slices(get: Callable[[str], Slice]) -> Iterator[Slice]:
    """Every slice of a list, by the offset that the one before gives."""
    offset, has_next = "0", True
    while has_next:
        found = get(offset)
        yield found
        offset, has_next = found.offset, found.has_next


def given(kind: type[T], answer: object) -> T:
    """The answer, which has to be of this kind."""
    if not isinstance(answer, kind):
        raise TypeError(f"expected {kind.__name__}, got {answer}")
    return answer


def error(response: Response[T]) -> list[object]:
    """Status, code and message of an answer that has to be an error."""
    answer = given(ErrorResponse, response.parsed)
    return [response.status_code, answer.error_code, answer.error_message]


if __name__ == "__main__":
    main(*sys.argv[1:])
