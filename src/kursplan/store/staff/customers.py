"""Customers as the front desk finds them, and all that is kept of one: reads, never for deciding."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, bindparam, select

from kursplan.domain.names import folded, folded_address
from kursplan.store.engine.dialect import any_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.partner.directory import Criteria, People
from kursplan.store.tables import ORGANIZATION, booking, customer, membership, rate, studio

FOUND_AT_ONCE = 50

_PEOPLE = (
    select(
        customer.c.id,
        customer.c.key,
        customer.c.number,
        customer.c.first_name,
        customer.c.last_name,
        customer.c.date_of_birth,
        customer.c.email,
        customer.c.status,
        customer.c.access_refused,
        studio.c.key.label("studio"),
    )
    .select_from(
        customer.join(
            studio,
            (studio.c.organization_id == customer.c.organization_id)
            & (studio.c.id == customer.c.studio_id),
        )
    )
    .where(customer.c.organization_id == ORGANIZATION, customer.c.deleted_at.is_(None))
)


PEOPLE = _PEOPLE.where(any_of(customer.c.id, "customer_ids"))

STUDIOS = select(studio.c.id).where(studio.c.organization_id == ORGANIZATION)

ALL_BOOKINGS = (
    select(*(each for each in booking.c if each.name != "organization_id"))
    .where(
        booking.c.organization_id == ORGANIZATION,
        booking.c.customer_id == bindparam("customer_id"),
    )
    .order_by(booking.c.starts_at, booking.c.id)
)

ALL_OF_CUSTOMER = select(customer).where(
    customer.c.organization_id == ORGANIZATION,
    customer.c.id == bindparam("customer_id"),
    customer.c.deleted_at.is_(None),
)

NAMES_OF_MEMBERSHIPS = (
    select(membership.c.id, membership.c.key, rate.c.name.label("rate"))
    .select_from(
        membership.join(
            rate,
            (rate.c.organization_id == membership.c.organization_id)
            & (rate.c.id == membership.c.rate_id),
        )
    )
    .where(membership.c.organization_id == ORGANIZATION, any_of(membership.c.id, "membership_ids"))
)


def find(tx: Connection, organization_id: int, text: str) -> Sequence[AnyRow]:
    """Who has this number or e-mail address, or a name that begins so; at most `FOUND_AT_ONCE`.

    Of several words the first ones are one name and the others the other, or only the first and the
    last count. It is asked for in each studio, because it is by studio that customers are found quickly.
    """
    words = [word for each in text.split() if (word := folded(each))]
    if not words:
        return []
    criteria = _names(words)
    if "@" in text:
        criteria = {Criteria(email=folded_address(text))}
    found: set[int] = set()
    for studio_id in tx.execute(STUDIOS, {"organization": organization_id}).scalars().all():
        of = People(organization_id, studio_id)
        if (numbered := of.by_number(tx, text.strip())) is not None:
            found.add(numbered.id)
        for each in criteria:
            found |= {row.id for row in of.search(tx, each, FOUND_AT_ONCE)}
    if not found:
        return []
    named = {"organization": organization_id, "customer_ids": found}
    people = tx.execute(PEOPLE, named).all()
    by_name = sorted(
        people, key=lambda each: (folded(each.last_name), folded(each.first_name), each.id)
    )
    return by_name[:FOUND_AT_ONCE]


def _names(words: Sequence[str]) -> set[Criteria]:
    """What first and last name may be; where one ends and the other begins cannot be seen."""
    cuts = [("".join(words[:n]), "".join(words[n:])) for n in range(len(words))]
    pairs = cuts if len(words) == 1 else [*cuts, (words[0], words[-1])]
    return {Criteria(*each) for one, other in pairs for each in ((one, other), (other, one))}


def everything_of(
    tx: Connection, organization_id: int, customer_id: int
) -> tuple[AnyRow, Sequence[AnyRow]] | None:
    """The customer's own row and all of their bookings, as they are kept."""
    named = {"organization": organization_id, "customer_id": customer_id}
    row = tx.execute(ALL_OF_CUSTOMER, named).one_or_none()
    return None if row is None else (row, tx.execute(ALL_BOOKINGS, named).all())


def names_of_memberships(
    tx: Connection, organization_id: int, membership_ids: Collection[int]
) -> dict[int, str]:
    """By id: the name of the rate, and the key by which staff say which membership they mean."""
    if not membership_ids:
        return {}
    named = {"organization": organization_id, "membership_ids": membership_ids}
    return {row.id: f"{row.rate} ({row.key})" for row in tx.execute(NAMES_OF_MEMBERSHIPS, named)}
