"""Booking classes (contract section 2, endpoints 6 to 10).

One rule decides validate and book; here is only what the wire makes of its answers.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from kursplan.api import wire
from kursplan.api.call import Call, member_id
from kursplan.api.error_codes import ErrorCode, code_of
from kursplan.api.errors import ApiError, Fault
from kursplan.desk.book import Book, Booked, IdempotencyKey, MayBook
from kursplan.desk.cancel import Cancel
from kursplan.domain.admission import Admission
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.refusals import Refusal
from kursplan.store.engine.rows import AnyRow
from kursplan.store.partner import directory, timetable

LISTED_AROUND = timedelta(weeks=2)
"""How far before and after now the bookings of a customer are listed."""
AVAILABLE = "AVAILABLE"
NOT_FOUND = frozenset({ErrorCode.CLASS_SLOT_NOT_FOUND, ErrorCode.CUSTOMER_NOT_FOUND})
EXPECTABLE = (BookingStatus.BOOKED, BookingStatus.WAITING_LIST)
LONGEST_IDEMPOTENCY_KEY = 255
REPLAYED = "REPLAYED"
"""What came of an attempt to book whose key had made a booking before."""


async def validate(call: Call) -> wire.Validation:
    members = await call.body()
    answer = await call.services.desk.query(
        MayBook(
            call.caller.organization_id,
            call.caller.studio_id,
            customer_id=member_id(members, "customerId"),
            slot_id=member_id(members, "classSlotId"),
        )
    )
    if isinstance(answer, Admission):
        return wire.Validation(AVAILABLE)
    code = code_of(answer)
    if code in NOT_FOUND:
        raise ApiError(code)
    return wire.Validation(code)


async def book(call: Call) -> wire.Booking:
    members = await call.body()
    customer_id = member_id(members, "customerId")
    slot_id = member_id(members, "classSlotId")
    expected = _expected(members.get("expectedCustomerStatus"))
    idempotency = _idempotency_key(call, customer_id, slot_id, expected)
    answer = await call.execute(
        Book(
            call.caller.organization_id,
            call.caller.studio_id,
            customer_id,
            slot_id,
            booking_id=await call.services.desk.ids.next(),
            expected=expected,
            idempotency=idempotency,
        )
    )
    if isinstance(answer, Refusal):
        code = code_of(answer)
        call.services.metrics.bookings(code).inc()
        raise ApiError(code)
    if answer.replayed:
        call.headers.append((b"idempotency-replayed", b"true"))
    call.services.metrics.bookings(REPLAYED if answer.replayed else answer.status).inc()
    return _booking(answer)


async def booking_by_id(call: Call) -> wire.Booking:
    found = await call.read(
        partial(
            timetable.booking_by_id,
            organization_id=call.caller.organization_id,
            studio_id=call.caller.studio_id,
            booking_id=call.path_id("bookingId"),
        )
    )
    if found is None:
        raise ApiError(ErrorCode.BOOKING_NOT_FOUND)
    return _booking(found)


async def cancel(call: Call) -> None:
    answer = await call.execute(
        Cancel(call.caller.organization_id, call.caller.studio_id, call.path_id("bookingId"))
    )
    if isinstance(answer, Refusal):
        raise ApiError(code_of(answer))


async def bookings_of_customer(call: Call) -> list[wire.Booking]:
    customer_id = call.query_id("customerId")

    def look(tx: Connection) -> list[AnyRow] | None:
        if not directory.is_customer(tx, call.caller.organization_id, customer_id):
            return None
        return timetable.bookings_of_customer(
            tx,
            call.caller.organization_id,
            call.caller.studio_id,
            customer_id,
            since=call.now() - LISTED_AROUND,
            until=call.now() + LISTED_AROUND,
        )

    found = await call.read(look)
    if found is None:
        raise ApiError(ErrorCode.CUSTOMER_NOT_FOUND)
    return [_booking(row) for row in found]


def _expected(value: object) -> BookingStatus | None:
    if value is None:
        return None
    for status in EXPECTABLE:
        if value == status:
            return status
    raise ApiError(
        Fault.MEMBER_INVALID,
        reference="expectedCustomerStatus",
        value=value,
        allowed=", ".join(EXPECTABLE),
    )


def _idempotency_key(call: Call, *asked: object) -> IdempotencyKey | None:
    """The caller's name for this request, with the fingerprint of what it asks."""
    key = call.header(b"idempotency-key")
    if key is None:
        return None
    if not (key.isascii() and key.isprintable()) or not 1 <= len(key) <= LONGEST_IDEMPOTENCY_KEY:
        raise ApiError(
            Fault.PARAMETER_INVALID,
            reference="Idempotency-Key",
            value=key,
            allowed=f"[ -~]{{1,{LONGEST_IDEMPOTENCY_KEY}}}",
        )
    request_hash = hashlib.sha256(" ".join(map(str, asked)).encode()).hexdigest()
    return IdempotencyKey(call.caller.integration_id, key, request_hash)


def _booking(booked: Booked | AnyRow) -> wire.Booking:
    return wire.Booking(
        booking_id=booked.booking_id,
        booking_status=booked.status,
        class_slot_id=booked.slot_id,
        class_id=booked.class_id,
        customer_id=booked.customer_id,
        class_slot_status=booked.slot_status,
        participant_status=booked.participation,
    )
