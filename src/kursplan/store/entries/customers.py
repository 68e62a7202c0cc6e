"""Customers with their contracts, as the operator writes them down.

What the rules ask about customers is in `customers`, what partners see of them in `directory`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, text, update

from kursplan.domain.entries import CustomerEntry, IdlePeriodEntry, MembershipEntry
from kursplan.domain.names import folded, folded_address
from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.entries import contingents, told
from kursplan.store.entries.ids import freed
from kursplan.store.tables import (
    ORGANIZATION,
    booking,
    customer,
    idle_period,
    membership,
    rate,
    studio,
)

CUSTOMERS = (
    select(
        customer.c.id,
        customer.c.key,
        customer.c.number,
        customer.c.status,
        customer.c.access_refused,
        customer.c.first_name,
        customer.c.last_name,
        customer.c.date_of_birth,
        customer.c.email,
        customer.c.gender,
        customer.c.phone_private_mobile,
        customer.c.preferred_language,
        studio.c.key.label("studio"),
    )
    .select_from(
        customer.join(
            studio,
            (studio.c.organization_id == customer.c.organization_id)
            & (studio.c.id == customer.c.studio_id),
        )
    )
    .where(
        customer.c.organization_id == ORGANIZATION,
        any_of(customer.c.id, "customer_ids"),
        customer.c.deleted_at.is_(None),
    )
    .order_by(customer.c.id)
)

MEMBERSHIPS = (
    select(
        membership.c.id,
        membership.c.customer_id,
        membership.c.key,
        membership.c.valid_from,
        membership.c.valid_until,
        rate.c.key.label("rate"),
    )
    .select_from(
        membership.join(
            rate,
            (rate.c.organization_id == membership.c.organization_id)
            & (rate.c.id == membership.c.rate_id),
        )
    )
    .where(
        membership.c.organization_id == ORGANIZATION,
        any_of(membership.c.customer_id, "customer_ids"),
    )
)
"""In no order: for that of their ids SQLite would read all that there are."""

IDLE_PERIODS = select(
    idle_period.c.id,
    idle_period.c.membership_id,
    idle_period.c.key,
    idle_period.c.first_day,
    idle_period.c.last_day,
    idle_period.c.reason,
).where(
    idle_period.c.organization_id == ORGANIZATION,
    any_of(idle_period.c.customer_id, "customer_ids"),
)

NAMED = {
    "key": select(customer.c.id).where(
        customer.c.organization_id == ORGANIZATION,
        any_of(customer.c.key, "names"),
        customer.c.deleted_at.is_(None),
    ),
    "number": select(customer.c.id).where(
        customer.c.organization_id == ORGANIZATION, any_of(customer.c.number, "names")
    ),
    "membership": select(membership.c.customer_id).where(
        membership.c.organization_id == ORGANIZATION, any_of(membership.c.key, "names")
    ),
    "idle period": select(idle_period.c.customer_id).where(
        idle_period.c.organization_id == ORGANIZATION, any_of(idle_period.c.key, "names")
    ),
}
"""Whose key, number, membership or idle period it is."""

NEXT = (
    select(customer.c.id)
    .where(
        customer.c.organization_id == ORGANIZATION,
        customer.c.id > bindparam("after"),
        customer.c.deleted_at.is_(None),
    )
    .order_by(customer.c.id)
    .limit(bindparam("count"))
)

ADD = insert(customer)

CHANGE = (
    update(customer)
    .where(customer.c.organization_id == ORGANIZATION, customer.c.id == bindparam("customer_id"))
    .values(
        studio_id=bindparam("studio_id"),
        number=bindparam("number"),
        status=bindparam("status"),
        access_refused=bindparam("access_refused"),
        first_name=bindparam("first_name"),
        last_name=bindparam("last_name"),
        date_of_birth=bindparam("date_of_birth"),
        email=bindparam("email"),
        gender=bindparam("gender"),
        phone_private_mobile=bindparam("phone_private_mobile"),
        preferred_language=bindparam("preferred_language"),
        first_name_folded=bindparam("first_name_folded"),
        last_name_folded=bindparam("last_name_folded"),
        email_folded=bindparam("email_folded"),
    )
)

RELEASE_NUMBERS = (
    update(customer)
    .where(customer.c.organization_id == ORGANIZATION, any_of(customer.c.id, "customer_ids"))
    .values(number=None)
)

ERASE = (
    update(customer)
    .where(customer.c.organization_id == ORGANIZATION, customer.c.id == bindparam("customer_id"))
    .values(
        key=bindparam("freed_key"),
        number=None,
        first_name="",
        last_name="",
        date_of_birth=None,
        email=None,
        gender=None,
        phone_private_mobile=None,
        preferred_language=None,
        first_name_folded="",
        last_name_folded="",
        email_folded=None,
        deleted_at=bindparam("at", type_=Instant),
    )
)

ADD_MEMBERSHIP = insert(membership)
CHANGE_MEMBERSHIP = (
    update(membership)
    .where(
        membership.c.organization_id == ORGANIZATION,
        membership.c.id == bindparam("membership_id"),
    )
    .values(
        rate_id=bindparam("rate_id"),
        valid_from=bindparam("valid_from"),
        valid_until=bindparam("valid_until"),
    )
)
FREE_MEMBERSHIP_KEY = (
    update(membership)
    .where(
        membership.c.organization_id == ORGANIZATION,
        membership.c.id == bindparam("membership_id"),
    )
    .values(key=bindparam("freed_key"))
)
REMOVE_MEMBERSHIPS = delete(membership).where(
    membership.c.organization_id == ORGANIZATION, any_of(membership.c.id, "membership_ids")
)
DETACH_BOOKINGS = (
    update(booking)
    .where(
        booking.c.organization_id == ORGANIZATION,
        # By which they are found.
        booking.c.customer_id.in_(
            select(membership.c.customer_id).where(
                membership.c.organization_id == ORGANIZATION,
                any_of(membership.c.id, "membership_ids"),
            )
        ),
        any_of(booking.c.membership_id, "membership_ids"),
    )
    .values(membership_id=None, counts=False)
)

ADD_IDLE_PERIOD = insert(idle_period)
CHANGE_IDLE_PERIOD = (
    update(idle_period)
    .where(
        idle_period.c.organization_id == ORGANIZATION,
        idle_period.c.id == bindparam("idle_period_id"),
    )
    .values(
        first_day=bindparam("first_day"),
        last_day=bindparam("last_day"),
        reason=bindparam("reason"),
    )
)
REMOVE_IDLE_PERIODS = delete(idle_period).where(
    idle_period.c.organization_id == ORGANIZATION, any_of(idle_period.c.id, "idle_period_ids")
)
REMOVE_ALL_IDLE_PERIODS = delete(idle_period).where(
    idle_period.c.organization_id == ORGANIZATION, any_of(idle_period.c.customer_id, "customer_ids")
)

BOOKINGS_TO_COME = select(booking.c.id).where(
    booking.c.organization_id == ORGANIZATION,
    any_of(booking.c.customer_id, "customer_ids"),
    booking.c.ends_at > bindparam("now", type_=Instant),
    text("booking.status <> 'CANCELED'"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """A customer with all memberships and idle periods."""

    entry: CustomerEntry
    memberships: Mapping[str, int]
    """Their ids, by key."""
    idle_periods: Mapping[tuple[str, str], int]
    """Their ids, by the key of the membership and their own."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A membership to be written down: whose it is, and of which rate."""

    id: int
    customer_id: int
    rate_id: int
    entry: MembershipEntry


@dataclass(frozen=True, slots=True)
class IdlePeriodRow:
    """An idle period to be written down."""

    id: int
    customer_id: int
    membership_id: int
    entry: IdlePeriodEntry


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer to be written down, without contracts."""

    id: int
    studio_id: int
    entry: CustomerEntry


def load(tx: Connection, organization_id: int, customer_ids: Collection[int]) -> dict[int, Person]:
    """The customers of these ids; unknown ids and deleted ones are left out."""
    named = {"organization": organization_id, "customer_ids": customer_ids}
    rests: defaultdict[int, list[IdlePeriodEntry]] = defaultdict(list)
    rest_ids: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for rest_id, membership_id, *values in tx.execute(IDLE_PERIODS, named):
        rest = IdlePeriodEntry(*values)
        rests[membership_id].append(rest)
        rest_ids[membership_id][rest.key] = rest_id
    rows = tx.execute(MEMBERSHIPS, named).all()
    own = contingents.of_memberships(tx, organization_id, [row.id for row in rows])
    contracts: defaultdict[int, dict[int, MembershipEntry]] = defaultdict(dict)
    for row in rows:
        contracts[row.customer_id][row.id] = MembershipEntry(
            row.key,
            row.rate,
            row.valid_from,
            row.valid_until,
            own[row.id],
            tuple(sorted(rests[row.id], key=lambda each: each.key)),
        )
    found = {}
    for each in tx.execute(CUSTOMERS, named):
        held = contracts[each.id]
        entry = CustomerEntry(
            key=each.key,
            studio=each.studio,
            first_name=each.first_name,
            last_name=each.last_name,
            number=each.number,
            date_of_birth=each.date_of_birth,
            email=each.email,
            gender=each.gender,
            phone=each.phone_private_mobile,
            preferred_language=each.preferred_language,
            status=each.status,
            access_refused=each.access_refused,
            memberships=tuple(sorted(held.values(), key=lambda contract: contract.key)),
        )
        found[each.id] = Person(
            entry,
            {contract.key: membership_id for membership_id, contract in held.items()},
            {
                (contract.key, key): rest_id
                for membership_id, contract in held.items()
                for key, rest_id in rest_ids[membership_id].items()
            },
        )
    return found


def named(tx: Connection, organization_id: int, names: Mapping[str, Collection[str]]) -> set[int]:
    """The ids of those who have one of these names; by what they are names of, as in `NAMED`."""
    return {
        each
        for what, some in names.items()
        if some
        for each in tx.execute(
            NAMED[what], {"organization": organization_id, "names": some}
        ).scalars()
    }


def every(tx: Connection, organization_id: int, at_once: int) -> Iterator[dict[int, Person]]:
    """All customers in the order of their ids, so many at once that they fit into memory."""
    after = 0
    while True:
        named = {"organization": organization_id, "after": after, "count": at_once}
        ids = tx.execute(NEXT, named).scalars().all()
        if not ids:
            return
        yield load(tx, organization_id, ids)
        after = ids[-1]


def add(
    tx: Connection, organization_id: int, customers: Iterable[CustomerRow], uuids: Iterable[str]
) -> None:
    """Store new customers, each under one of the uuids."""
    rows = [
        {
            "organization_id": organization_id,
            "id": each.id,
            "key": each.entry.key,
            "uuid": uuid,
            "deleted_at": None,
            **_values(each),
        }
        for each, uuid in zip(customers, uuids, strict=True)
    ]
    if rows:
        tx.execute(ADD, rows)


def change(tx: Connection, organization_id: int, customers: Collection[CustomerRow]) -> None:
    """Write down all that can change about these customers.

    They may exchange their numbers, so those that they have are taken from them first.
    """
    if not customers:
        return
    ids = [each.id for each in customers]
    tx.execute(RELEASE_NUMBERS, {"organization": organization_id, "customer_ids": ids})
    tx.execute(
        CHANGE,
        [
            {"organization": organization_id, "customer_id": each.id, **_values(each)}
            for each in customers
        ],
    )


def _values(home: CustomerRow) -> dict[str, Any]:
    entry = home.entry
    return {
        "studio_id": home.studio_id,
        "number": entry.number,
        "status": entry.status,
        "access_refused": entry.access_refused,
        "first_name": entry.first_name,
        "last_name": entry.last_name,
        "date_of_birth": entry.date_of_birth,
        "email": entry.email,
        "gender": entry.gender,
        "phone_private_mobile": entry.phone,
        "preferred_language": entry.preferred_language,
        "first_name_folded": folded(entry.first_name),
        "last_name_folded": folded(entry.last_name),
        "email_folded": None if entry.email is None else folded_address(entry.email),
    }


def erase(tx: Connection, organization_id: int, people: Mapping[int, Person], at: datetime) -> None:
    """Forget who these customers were, and free all of their keys.

    Bookings stay, and memberships as far as bookings refer to them.
    """
    if not people:
        return
    named = {"organization": organization_id, "customer_ids": people.keys()}
    tx.execute(REMOVE_ALL_IDLE_PERIODS, named)
    told.forget_customers(tx, organization_id, people.keys())
    held = [each for person in people.values() for each in person.memberships.values()]
    if held:
        tx.execute(
            FREE_MEMBERSHIP_KEY,
            [
                {"organization": organization_id, "membership_id": each, "freed_key": freed(each)}
                for each in held
            ],
        )
    tx.execute(
        ERASE,
        [
            {
                "organization": organization_id,
                "customer_id": each,
                "freed_key": freed(each),
                "at": at,
            }
            for each in people
        ],
    )


def add_memberships(tx: Connection, organization_id: int, contracts: Collection[Contract]) -> None:
    if not contracts:
        return
    tx.execute(
        ADD_MEMBERSHIP,
        [
            {
                "organization_id": organization_id,
                "id": each.id,
                "key": each.entry.key,
                "customer_id": each.customer_id,
                "rate_id": each.rate_id,
                "valid_from": each.entry.valid_from,
                "valid_until": each.entry.valid_until,
            }
            for each in contracts
        ],
    )
    _put_contingents(tx, organization_id, [each for each in contracts if each.entry.contingents])


def change_memberships(
    tx: Connection, organization_id: int, contracts: Collection[Contract]
) -> None:
    """Write down all that can change about these memberships; whose they are can't."""
    if not contracts:
        return
    tx.execute(
        CHANGE_MEMBERSHIP,
        [
            {
                "organization": organization_id,
                "membership_id": each.id,
                "rate_id": each.rate_id,
                "valid_from": each.entry.valid_from,
                "valid_until": each.entry.valid_until,
            }
            for each in contracts
        ],
    )
    _put_contingents(tx, organization_id, contracts)


def _put_contingents(tx: Connection, organization_id: int, contracts: Collection[Contract]) -> None:
    if contracts:
        granted = {each.id: each.entry.contingents for each in contracts}
        contingents.put_to_memberships(tx, organization_id, granted)


def remove_memberships(
    tx: Connection, organization_id: int, membership_ids: Collection[int]
) -> None:
    """They never were: bookings that they admitted no longer name them.

    Their idle periods have to be removed before.
    """
    if not membership_ids:
        return
    named = {"organization": organization_id, "membership_ids": membership_ids}
    contingents.put_to_memberships(tx, organization_id, dict.fromkeys(membership_ids, ()))
    tx.execute(DETACH_BOOKINGS, named)
    tx.execute(REMOVE_MEMBERSHIPS, named)


def add_idle_periods(
    tx: Connection, organization_id: int, rests: Collection[IdlePeriodRow]
) -> None:
    if not rests:
        return
    tx.execute(
        ADD_IDLE_PERIOD,
        [
            {
                "organization_id": organization_id,
                "id": each.id,
                "key": each.entry.key,
                "membership_id": each.membership_id,
                "customer_id": each.customer_id,
                "first_day": each.entry.first_day,
                "last_day": each.entry.last_day,
                "reason": each.entry.reason,
            }
            for each in rests
        ],
    )


def change_idle_periods(
    tx: Connection, organization_id: int, rests: Collection[IdlePeriodRow]
) -> None:
    if not rests:
        return
    tx.execute(
        CHANGE_IDLE_PERIOD,
        [
            {
                "organization": organization_id,
                "idle_period_id": each.id,
                "first_day": each.entry.first_day,
                "last_day": each.entry.last_day,
                "reason": each.entry.reason,
            }
            for each in rests
        ],
    )


def remove_idle_periods(
    tx: Connection, organization_id: int, idle_period_ids: Collection[int]
) -> None:
    if idle_period_ids:
        named = {"organization": organization_id, "idle_period_ids": idle_period_ids}
        tx.execute(REMOVE_IDLE_PERIODS, named)


def bookings_to_come(
    tx: Connection, organization_id: int, customer_ids: Collection[int], now: datetime
) -> set[int]:
    """The active bookings of these customers on slots that are not over."""
    named = {"organization": organization_id, "customer_ids": customer_ids, "now": now}
    return set(tx.execute(BOOKINGS_TO_COME, named).scalars())
