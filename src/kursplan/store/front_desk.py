"""Customers as the front desk finds them, and all that is kept of one: reads, never for deciding."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, bindparam, or_, select

from kursplan.domain.names import folded
from kursplan.store.rows import AnyRow
from kursplan.store.tables import ORGANIZATION, booking, customer, studio

FOUND_AT_ONCE = 50
_LAST_TEXT = "\U0010ffff"

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


def _begins(name: str) -> ColumnElement[bool]:
    """Whether first or last name begin with what is asked for under `name`."""
    since: ColumnElement[str] = bindparam(name)
    until: ColumnElement[str] = bindparam(f"{name}_to")
    return or_(
        and_(customer.c.first_name_folded >= since, customer.c.first_name_folded < until),
        and_(customer.c.last_name_folded >= since, customer.c.last_name_folded < until),
    )


FIND = (
    _PEOPLE.where(
        or_(
            customer.c.number == bindparam("text"),
            customer.c.email_folded == bindparam("all_folded"),
            and_(_begins("first"), _begins("last")),
        )
    )
    .order_by(customer.c.last_name_folded, customer.c.first_name_folded, customer.c.id)
    .limit(bindparam("limit"))
)

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


def find(tx: Connection, organization_id: int, text: str) -> Sequence[AnyRow]:
    """Who has this number or e-mail address, or a name that begins so; at most `FOUND_AT_ONCE`.

    Of several words the first and the last count, in either order.
    """
    words = folded(text).split()
    if not words:
        return []
    named = {
        "organization": organization_id,
        "text": text.strip(),
        "all_folded": folded(text),
        "first": words[0],
        "first_to": words[0] + _LAST_TEXT,
        "last": words[-1],
        "last_to": words[-1] + _LAST_TEXT,
        "limit": FOUND_AT_ONCE,
    }
    return tx.execute(FIND, named).all()


def everything_of(
    tx: Connection, organization_id: int, customer_id: int
) -> tuple[AnyRow, Sequence[AnyRow]] | None:
    """The customer's own row and all of their bookings, as they are kept."""
    named = {"organization": organization_id, "customer_id": customer_id}
    row = tx.execute(ALL_OF_CUSTOMER, named).one_or_none()
    return None if row is None else (row, tx.execute(ALL_BOOKINGS, named).all())
