"""Customers of the key's studio, and of all studios where the application is active (section 4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sqlalchemy import Connection

from kursplan.api import wire
from kursplan.api.call import Call, member_day, member_text
from kursplan.api.error_codes import ErrorCode
from kursplan.api.errors import ApiError, Fault
from kursplan.api.slices import after_id, cut, id_offset, size_of
from kursplan.api.wire import given
from kursplan.domain.customers import CustomerStatus
from kursplan.domain.localtime import day_of
from kursplan.domain.names import folded, folded_address
from kursplan.store.engine.rows import AnyRow
from kursplan.store.partner import directory
from kursplan.store.partner.directory import Criteria, People

LISTED = (CustomerStatus.MEMBER, CustomerStatus.PROSPECT)
"""Whom the list can show; former members are found by id, number and search."""
BY = (
    "customerNumber",
    "cardNumber",
    "cardNumberFormat",
    "barcode",
    "debtorId",
    "qrCodeUuid",
    "pin",
)
"""What the published document looks a customer up by; here they go by their number only."""
SEARCHED = ("firstName", "lastName", "email", "dateOfBirth")
NO_CRITERIA = Criteria()
NO_END = date(9999, 12, 31)
"""The last day of what lasts until further notice."""
MOST_FOUND = 500
"""A search answers a plain array, so it has an end."""

Found = tuple[list[AnyRow], dict[int, list[AnyRow]]]


def of_studio(call: Call) -> People:
    return People(call.caller.organization_id, call.caller.studio_id)


def across_studios(call: Call) -> People:
    caller = call.caller
    return People(caller.organization_id, caller.studio_id, caller.application_id)


async def customers(call: Call) -> wire.Slice[wire.Customer]:
    size = size_of(call, default=100, least=50, most=500)
    status = call.query_word("customerStatus", LISTED)
    begin = after_id(call, older_name="lastOffsetId")
    found, idle = await _look(
        call,
        lambda tx: of_studio(call).with_status(
            tx, status, after=begin.id, skip=begin.skip, limit=size + 1
        ),
    )
    return cut(
        found,
        size,
        call,
        offset_of=lambda row: id_offset(row.id),
        show=lambda row: _customer(row, idle.get(row.id, [])),
    )


async def customer_by_id(call: Call) -> wire.Customer:
    return await _by_id(call, of_studio(call))


async def customer_by_number(call: Call) -> wire.Customer:
    return await _by_number(call, of_studio(call))


async def search(call: Call) -> list[wire.Customer]:
    return await _search(call, of_studio(call))


async def customer_by_id_across_studios(call: Call) -> wire.Customer:
    return await _by_id(call, across_studios(call))


async def customer_by_number_across_studios(call: Call) -> wire.Customer:
    return await _by_number(call, across_studios(call))


async def search_across_studios(call: Call) -> list[wire.Customer]:
    return await _search(call, across_studios(call))


async def _by_id(call: Call, people: People) -> wire.Customer:
    customer_id = call.path_id("customerId")
    return await _one(call, lambda tx: people.by_id(tx, customer_id), "customerId")


async def _by_number(call: Call, people: People) -> wire.Customer:
    told = {name: text for name in BY if (text := _without_blanks(call.query(name)))}
    if not told:
        raise ApiError(Fault.CRITERION_MISSING, allowed=", ".join(BY))
    number = told.get("customerNumber")
    if number is None:
        # What nobody goes by here finds nobody.
        raise ApiError(ErrorCode.CUSTOMER_NOT_FOUND, reference=next(iter(told)))
    return await _one(call, lambda tx: people.by_number(tx, number), "customerNumber")


def _without_blanks(text: str | None) -> str:
    return (text or "").replace("\0", "").strip()


async def _one(
    call: Call, find: Callable[[Connection], AnyRow | None], reference: str
) -> wire.Customer:
    def look(tx: Connection) -> list[AnyRow]:
        row = find(tx)
        return [] if row is None else [row]

    found, idle = await _look(call, look)
    if not found:
        raise ApiError(ErrorCode.CUSTOMER_NOT_FOUND, reference=reference)
    return _customer(found[0], idle.get(found[0].id, []))


async def _search(call: Call, people: People) -> list[wire.Customer]:
    members = await call.body()
    criteria = Criteria(
        first_name=folded(member_text(members, "firstName") or ""),
        last_name=folded(member_text(members, "lastName") or ""),
        email=folded_address(member_text(members, "email") or "") or None,
        date_of_birth=member_day(members, "dateOfBirth"),
    )
    if criteria == NO_CRITERIA:
        # Nobody asked for everybody: most likely the name of a criterion is misspelt.
        raise ApiError(Fault.CRITERION_MISSING, allowed=", ".join(SEARCHED))
    found, idle = await _look(call, lambda tx: people.search(tx, criteria, MOST_FOUND))
    return [_customer(row, idle.get(row.id, [])) for row in found]


async def _look(call: Call, find: Callable[[Connection], list[AnyRow]]) -> Found:
    """The customers, and their idle periods by customer."""
    today = day_of(call.now(), call.zone)

    def look(tx: Connection) -> Found:
        found = find(tx)
        ids = [row.id for row in found]
        return found, directory.idle_periods(tx, call.caller.organization_id, ids, today)

    return await call.read(look)


def _customer(row: AnyRow, idle_periods: list[AnyRow]) -> wire.Customer:
    return wire.Customer(
        id=row.id,
        status=row.status,
        access_refusal=row.access_refused,
        customer_number=given(row.number),
        first_name=row.first_name,
        last_name=row.last_name,
        date_of_birth=given(row.date_of_birth),
        email=given(row.email),
        gender=given(row.gender),
        phone_private_mobile=given(row.phone_private_mobile),
        preferred_language=given(_language(row.preferred_language)),
        studio_id=row.studio_id,
        uuid=row.uuid,
        idle_periods=[
            wire.IdlePeriod(
                id=each.id,
                start_date=each.first_day,
                end_date=each.last_day or NO_END,
                unlimited=each.last_day is None,
                contract=wire.IdlePeriodContract(each.membership_id, each.rate_name),
                reason=given(each.reason),
            )
            for each in idle_periods
        ],
    )


def _language(tag: str | None) -> wire.Language | None:
    """The contract tells a language as its parts: `de-CH` is language `de`, country `CH`."""
    if tag is None:
        return None
    language, _, country = tag.partition("-")
    return wire.Language(language, given(country or None))
