"""Customers as the front desk finds them, and all that is kept of one: reads, never for deciding."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Text,
    bindparam,
    case,
    cast,
    exists,
    func,
    or_,
    select,
)

from kursplan.domain.bookings import BookingStatus, Participation
from kursplan.domain.entries import free_key
from kursplan.domain.searching import WORDS_LOOKED_AT, Sought, sought
from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff.joins import BOOKED
from kursplan.store.tables import (
    ORGANIZATION,
    booking,
    class_,
    customer,
    location,
    membership,
    rate,
    slot,
    studio,
)

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
        customer.c.phone_private_mobile,
        customer.c.status,
        customer.c.access_refused,
        customer.c.studio_id,
        studio.c.key.label("studio"),
        studio.c.name.label("studio_name"),
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

_BOOKED_AT_THEIRS = exists(
    select(booking.c.id).where(
        booking.c.organization_id == customer.c.organization_id,
        booking.c.customer_id == customer.c.id,
        any_of(booking.c.studio_id, "studio_ids"),
    )
)
_IS_THEIRS = or_(any_of(customer.c.studio_id, "studio_ids"), _BOOKED_AT_THEIRS)
"""Whose customers they are: of their home studio, and of every studio in which they have booked."""


def _without(column: ColumnElement[Any], signs: str) -> ColumnElement[Any]:
    for sign in signs:
        column = func.replace(column, sign, "")
    return column


_NUMBER = func.lower(_without(customer.c.number, "- "))
_PHONE = _without(customer.c.phone_private_mobile, " -/().+")
_BORN = cast(customer.c.date_of_birth, Text)


def _is_like(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    return column.like(bindparam(name, type_=Text), escape="\\")


def _fits(word: int) -> ColumnElement[bool]:
    """Whether something of the customer is like the word; what is likely is asked first."""
    return or_(
        _is_like(customer.c.last_name_folded, f"name_{word}"),
        _is_like(customer.c.first_name_folded, f"name_{word}"),
        _is_like(_NUMBER, f"name_{word}"),
        _is_like(customer.c.email_folded, f"address_{word}"),
        _is_like(_BORN, f"born_{word}"),
        _is_like(_PHONE, f"digits_{word}"),
    )


SEARCH = (
    _PEOPLE.where(*(_fits(word) for word in range(WORDS_LOOKED_AT)), _IS_THEIRS)
    .order_by(
        case(
            (_is_like(customer.c.last_name_folded, "begins"), 0),
            (_is_like(customer.c.first_name_folded, "begins"), 1),
            else_=2,
        ),
        customer.c.last_name_folded,
        customer.c.first_name_folded,
        customer.c.id,
    )
    .limit(bindparam("limit", type_=Integer))
)
"""Goes through the customers of the organization: a part of a name or number is found by no index. Of
50,000 that takes less than a person notices (see `docs/performance.md`)."""

BY_NUMBER = _PEOPLE.where(customer.c.number == bindparam("number", type_=Text), _IS_THEIRS)

HOME = select(customer.c.studio_id).where(
    customer.c.organization_id == ORGANIZATION,
    customer.c.id == bindparam("customer_id"),
    customer.c.deleted_at.is_(None),
)

BOOKED_AT = (
    select(booking.c.studio_id)
    .where(
        booking.c.organization_id == ORGANIZATION,
        booking.c.customer_id == bindparam("customer_id"),
    )
    .distinct()
)

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

_EARLIER = booking.alias("earlier")
_AHEAD_IN_LINE = (
    select(func.count())
    .select_from(_EARLIER)
    .where(
        _EARLIER.c.organization_id == booking.c.organization_id,
        _EARLIER.c.slot_id == booking.c.slot_id,
        _EARLIER.c.status == BookingStatus.WAITING_LIST,
        _EARLIER.c.sequence < booking.c.sequence,
    )
    .correlate(booking)
    .scalar_subquery()
)

_BOOKED = (
    select(
        booking.c.id,
        booking.c.slot_id,
        booking.c.studio_id,
        booking.c.membership_id,
        booking.c.status,
        booking.c.participation,
        booking.c.starts_at,
        booking.c.ends_at,
        booking.c.late,
        booking.c.counts,
        booking.c.confirm_until,
        booking.c.skipped,
        booking.c.conflict,
        booking.c.overruled,
        booking.c.settled,
        booking.c.ended,
        class_.c.title,
        class_.c.id.label("class_id"),
        location.c.name.label("location"),
        studio.c.name.label("studio_name"),
        studio.c.zone,
    )
    .select_from(
        BOOKED.outerjoin(
            location,
            (location.c.organization_id == slot.c.organization_id)
            & (location.c.id == slot.c.location_id),
        )
    )
    .where(
        booking.c.organization_id == ORGANIZATION,
        booking.c.customer_id == bindparam("customer_id"),
    )
)

TO_COME = (
    _BOOKED.add_columns(_AHEAD_IN_LINE.label("ahead"))
    .where(
        booking.c.ends_at > bindparam("now", type_=Instant),
        booking.c.status != BookingStatus.CANCELED,
    )
    .order_by(booking.c.starts_at, booking.c.id)
)

PAST = (
    _BOOKED.where(
        or_(
            booking.c.ends_at <= bindparam("now", type_=Instant),
            booking.c.status == BookingStatus.CANCELED,
        )
    )
    .order_by(booking.c.starts_at.desc(), booking.c.id.desc())
    .limit(bindparam("limit", type_=Integer))
)

ATTENDED = (
    select(booking.c.participation, func.count().label("times"))
    .where(
        booking.c.organization_id == ORGANIZATION,
        booking.c.customer_id == bindparam("customer_id"),
        booking.c.starts_at >= bindparam("since", type_=Instant),
        booking.c.ends_at <= bindparam("now", type_=Instant),
        booking.c.status != BookingStatus.CANCELED,
        booking.c.status != BookingStatus.WAITING_LIST,
    )
    .group_by(booking.c.participation)
)

USED = select(booking.c.membership_id, booking.c.day, booking.c.starts_at).where(
    booking.c.organization_id == ORGANIZATION,
    booking.c.customer_id == bindparam("customer_id"),
    booking.c.membership_id.is_not(None),
    booking.c.counts,
)

RATES = (
    select(rate.c.id, rate.c.key, rate.c.name)
    .where(rate.c.organization_id == ORGANIZATION)
    .order_by(rate.c.name, rate.c.id)
)

KEY = select(customer.c.id).where(
    customer.c.organization_id == ORGANIZATION, customer.c.key == bindparam("key")
)

MEMBERSHIP_KEY = select(membership.c.id).where(
    membership.c.organization_id == ORGANIZATION, membership.c.key == bindparam("key")
)

WITH_NUMBER = select(customer.c.id).where(
    customer.c.organization_id == ORGANIZATION,
    customer.c.number == bindparam("number", type_=Text),
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


def find(
    tx: Connection,
    organization_id: int,
    text: str,
    studio_ids: Collection[int] | None = None,
    limit: int = FOUND_AT_ONCE,
) -> Sequence[AnyRow]:
    """Who has this number, or else everybody whom each word fits (`kursplan.domain.searching`), those first
    whose names begin with the first word. Only customers of these studios, where it says which.

    Where nobody fits all of more than two words, the first and the last one count: there are more names
    than are written down.
    """
    words = sought(text)
    if not words:
        return []
    if studio_ids is None:
        studio_ids = tx.execute(STUDIOS, {"organization": organization_id}).scalars().all()
    named = {"organization": organization_id, "studio_ids": studio_ids}
    if numbered := tx.execute(BY_NUMBER, {**named, "number": text.strip()}).all():
        return numbered
    named |= {"limit": limit, "begins": f"{_escaped(words[0].name)}%"}
    found = tx.execute(SEARCH, named | _patterns(words)).all()
    if not found and len(words) > 2:
        found = tx.execute(SEARCH, named | _patterns((words[0], words[-1]))).all()
    return found


def _patterns(words: Sequence[Sought]) -> dict[str, str | None]:
    """Of each word what may be like what; a word that is not there fits everybody."""
    patterns: dict[str, str | None] = {}
    for at in range(WORDS_LOOKED_AT):
        word = words[at] if at < len(words) else Sought(name="")
        for what in ("name", "address", "digits"):
            value: str | None = getattr(word, what)
            patterns[f"{what}_{at}"] = None if value is None else f"%{_escaped(value)}%"
        patterns[f"born_{at}"] = word.born
    return patterns


def _escaped(value: str | None) -> str:
    return (value or "").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def studios_of(tx: Connection, organization_id: int, customer_id: int) -> tuple[int, ...] | None:
    """The home studio, and then those in which they have booked; None where nobody is it."""
    named = {"organization": organization_id, "customer_id": customer_id}
    home = tx.execute(HOME, named).scalar_one_or_none()
    if home is None:
        return None
    return (home, *sorted(set(tx.execute(BOOKED_AT, named).scalars()) - {home}))


def everything_of(
    tx: Connection, organization_id: int, customer_id: int
) -> tuple[AnyRow, Sequence[AnyRow]] | None:
    """The customer's own row and all of their bookings, as they are kept."""
    named = {"organization": organization_id, "customer_id": customer_id}
    row = tx.execute(ALL_OF_CUSTOMER, named).one_or_none()
    return None if row is None else (row, tx.execute(ALL_BOOKINGS, named).all())


def to_come(
    tx: Connection, organization_id: int, customer_id: int, now: datetime
) -> Sequence[AnyRow]:
    """The active bookings on slots that are not over, in any studio, the next first."""
    named = {"organization": organization_id, "customer_id": customer_id, "now": now}
    return tx.execute(TO_COME, named).all()


def past(
    tx: Connection, organization_id: int, customer_id: int, now: datetime, limit: int
) -> Sequence[AnyRow]:
    """The last bookings on slots that are over, and those that were cancelled, the latest first."""
    named = {
        "organization": organization_id,
        "customer_id": customer_id,
        "now": now,
        "limit": limit,
    }
    return tx.execute(PAST, named).all()


def attended(
    tx: Connection, organization_id: int, customer_id: int, since: datetime, now: datetime
) -> dict[Participation, int]:
    """How many of the seats of that time were taken, were not, and of how many that is not known."""
    named = {
        "organization": organization_id,
        "customer_id": customer_id,
        "since": since,
        "now": now,
    }
    return {row.participation: row.times for row in tx.execute(ATTENDED, named)}


def used(tx: Connection, organization_id: int, customer_id: int) -> Sequence[AnyRow]:
    """Every booking that counts against a contingent: of which membership, and on which day."""
    named = {"organization": organization_id, "customer_id": customer_id}
    return tx.execute(USED, named).all()


def rates(tx: Connection, organization_id: int) -> Sequence[AnyRow]:
    """What memberships can be of, by name."""
    return tx.execute(RATES, {"organization": organization_id}).all()


def free_key_for(tx: Connection, organization_id: int, customer_id: int) -> str:
    """The key of somebody new, by which nobody else goes."""

    def is_taken(key: str) -> bool:
        named = {"organization": organization_id, "key": key}
        return tx.execute(KEY, named).first() is not None

    return free_key(f"customer-{customer_id}", is_taken)


def free_membership_key(tx: Connection, organization_id: int, wanted: str) -> str:
    """`wanted`, or the same with a number where another membership goes by it."""

    def is_taken(key: str) -> bool:
        named = {"organization": organization_id, "key": key}
        return tx.execute(MEMBERSHIP_KEY, named).first() is not None

    return free_key(wanted, is_taken)


def with_number(tx: Connection, organization_id: int, number: str) -> int | None:
    """Whose customer number that is, in whatever studio."""
    named = {"organization": organization_id, "number": number}
    return tx.execute(WITH_NUMBER, named).scalar_one_or_none()


def names_of_memberships(
    tx: Connection, organization_id: int, membership_ids: Collection[int]
) -> dict[int, str]:
    """By id: the name of the rate, and the key by which staff say which membership they mean."""
    if not membership_ids:
        return {}
    named = {"organization": organization_id, "membership_ids": membership_ids}
    return {row.id: f"{row.rate} ({row.key})" for row in tx.execute(NAMES_OF_MEMBERSHIPS, named)}
