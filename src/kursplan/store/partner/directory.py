"""Studios and their people, as the Open API shows them: reads for partners, never for deciding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Integer,
    Text,
    bindparam,
    exists,
    func,
    or_,
    select,
)

from kursplan.domain.customers import CustomerStatus
from kursplan.store.engine.dialect import Words, any_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.tables import (
    ORGANIZATION,
    closure,
    customer,
    employee,
    employee_studio,
    idle_period,
    integration,
    membership,
    opening_hours,
    rate,
    studio,
)

_TODAY = bindparam("today", type_=Date)
_STUDIO = bindparam("studio_id", type_=BigInteger)
_AFTER = bindparam("after", type_=BigInteger)
_LIMIT = bindparam("limit", type_=Integer)
_SKIP = bindparam("skip", type_=BigInteger)

STUDIO = select(*(each for each in studio.c if each.name not in ("organization_id", "key"))).where(
    studio.c.organization_id == ORGANIZATION, studio.c.id == _STUDIO
)

OPENING_HOURS = (
    select(
        opening_hours.c.public,
        opening_hours.c.day_from,
        opening_hours.c.day_to,
        opening_hours.c.time_from,
        opening_hours.c.time_to,
    )
    .where(opening_hours.c.organization_id == ORGANIZATION, opening_hours.c.studio_id == _STUDIO)
    .order_by(opening_hours.c.position)
)

CLOSURES_TO_COME = (
    select(closure.c.reason, closure.c.local_from, closure.c.local_to)
    .where(
        closure.c.organization_id == ORGANIZATION,
        closure.c.studio_id == _STUDIO,
        closure.c.local_to > bindparam("local_now", type_=DateTime),
    )
    .order_by(closure.c.local_from)
)

_CUSTOMERS = select(
    customer.c.id,
    customer.c.status,
    customer.c.access_refused,
    customer.c.number,
    customer.c.first_name,
    customer.c.last_name,
    customer.c.date_of_birth,
    customer.c.email,
    customer.c.gender,
    customer.c.phone_private_mobile,
    customer.c.preferred_language,
    customer.c.studio_id,
    customer.c.uuid,
).where(customer.c.organization_id == ORGANIZATION, customer.c.deleted_at.is_(None))

_OF_STUDIO = customer.c.studio_id == _STUDIO

# Across studios: those in which the same application is active.
_WHERE_ACTIVE = exists(
    select(integration.c.id).where(
        integration.c.organization_id == customer.c.organization_id,
        integration.c.studio_id == customer.c.studio_id,
        integration.c.application_id == bindparam("application_id"),
        integration.c.active,
    )
)

_BY_ID = customer.c.id == bindparam("customer_id")
_BY_NUMBER = customer.c.number == bindparam("number", type_=Text)


def _text(name: str) -> BindParameter[str]:
    return bindparam(name, type_=Text)


def _begins_with(folded: ColumnElement[str], beginning: str) -> ColumnElement[bool]:
    return func.substr(folded, 1, func.length(_text(beginning))) == _text(beginning)


_WAS_BORN = or_(
    bindparam("any_date_of_birth", type_=Boolean),
    customer.c.date_of_birth == bindparam("date_of_birth", type_=Date),
)

# A search names beginnings as ranges of the folded names: from the beginning itself to the last
# text that begins so. Where a criterion is absent the range is everything.
_FITS = (
    customer.c.first_name_folded.between(_text("first_name"), _text("first_name_to")),
    customer.c.last_name_folded.between(_text("last_name"), _text("last_name_to")),
    _WAS_BORN,
)
_LAST_TEXT = "\U0010ffff"

# Few have the same address, and its index knows them: beside it no other is to be tried.
_HAS_EMAIL = (
    customer.c.email_folded == _text("email"),
    _begins_with(customer.c.first_name_folded, "first_name"),
    _begins_with(customer.c.last_name_folded, "last_name"),
    _WAS_BORN,
)

CUSTOMERS = (
    _CUSTOMERS.where(
        _OF_STUDIO,
        customer.c.status == bindparam("status", type_=Words(CustomerStatus)),
        customer.c.id > _AFTER,
    )
    .order_by(customer.c.id)
    .limit(_LIMIT)
    .offset(_SKIP)
)

CUSTOMER_BY_ID = _CUSTOMERS.where(_OF_STUDIO, _BY_ID)
CUSTOMER_BY_NUMBER = _CUSTOMERS.where(_OF_STUDIO, _BY_NUMBER)
_BY_ID_UP_TO_LIMIT = _CUSTOMERS.order_by(customer.c.id).limit(_LIMIT)
SEARCH = _BY_ID_UP_TO_LIMIT.where(_OF_STUDIO, *_FITS)
SEARCH_BY_EMAIL = _BY_ID_UP_TO_LIMIT.where(_OF_STUDIO, *_HAS_EMAIL)

CUSTOMER_BY_ID_ACROSS_STUDIOS = _CUSTOMERS.where(_WHERE_ACTIVE, _BY_ID)
CUSTOMER_BY_NUMBER_ACROSS_STUDIOS = _CUSTOMERS.where(_WHERE_ACTIVE, _BY_NUMBER)
SEARCH_ACROSS_STUDIOS = _BY_ID_UP_TO_LIMIT.where(_WHERE_ACTIVE, *_FITS)
SEARCH_BY_EMAIL_ACROSS_STUDIOS = _BY_ID_UP_TO_LIMIT.where(_WHERE_ACTIVE, *_HAS_EMAIL)

CUSTOMER_OF_ORGANIZATION = select(customer.c.id).where(
    customer.c.organization_id == ORGANIZATION, customer.c.deleted_at.is_(None), _BY_ID
)

IDLE_PERIODS = (
    select(
        idle_period.c.customer_id,
        idle_period.c.id,
        idle_period.c.first_day,
        idle_period.c.last_day,
        idle_period.c.reason,
        idle_period.c.membership_id,
        rate.c.name.label("rate_name"),
    )
    .select_from(
        idle_period.join(
            membership,
            (membership.c.organization_id == idle_period.c.organization_id)
            & (membership.c.id == idle_period.c.membership_id),
        ).join(
            rate,
            (rate.c.organization_id == membership.c.organization_id)
            & (rate.c.id == membership.c.rate_id),
        )
    )
    .where(
        idle_period.c.organization_id == ORGANIZATION,
        any_of(idle_period.c.customer_id, "customer_ids"),
        # What has ended no longer rests.
        or_(membership.c.valid_until.is_(None), membership.c.valid_until >= _TODAY),
    )
    .order_by(idle_period.c.first_day, idle_period.c.id)
)

_EMPLOYEES = (
    select(
        employee.c.id,
        employee.c.first_name,
        employee.c.last_name,
        employee.c.public_name,
        employee.c.business_role,
        employee.c.gender,
        employee.c.initials,
    )
    .select_from(
        employee_studio.join(
            employee,
            (employee.c.organization_id == employee_studio.c.organization_id)
            & (employee.c.id == employee_studio.c.employee_id),
        )
    )
    .where(
        employee_studio.c.organization_id == ORGANIZATION,
        employee_studio.c.studio_id == _STUDIO,
        employee.c.deleted_at.is_(None),
    )
)

EMPLOYEES = (
    _EMPLOYEES.where(employee.c.id > _AFTER).order_by(employee.c.id).limit(_LIMIT).offset(_SKIP)
)
EMPLOYEE_BY_ID = _EMPLOYEES.where(employee.c.id == bindparam("employee_id"))


@dataclass(frozen=True, slots=True)
class StudioPage:
    """All that a partner is shown of a studio."""

    studio: AnyRow
    opening_hours: list[AnyRow]
    closures: list[AnyRow]


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a customer search asks for; names are folded, and meant as beginnings."""

    first_name: str = field(default="", repr=False)
    last_name: str = field(default="", repr=False)
    email: str | None = field(default=None, repr=False)
    date_of_birth: date | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class People:
    """Whose customers are meant: those of one studio, or where an application is active."""

    organization_id: int
    studio_id: int
    application_id: int | None = None

    @property
    def _named(self) -> dict[str, int]:
        named = {"organization": self.organization_id}
        if self.application_id is None:
            return named | {"studio_id": self.studio_id}
        return named | {"application_id": self.application_id}

    def by_id(self, tx: Connection, customer_id: int) -> AnyRow | None:
        across = self.application_id is not None
        statement = CUSTOMER_BY_ID_ACROSS_STUDIOS if across else CUSTOMER_BY_ID
        return tx.execute(statement, self._named | {"customer_id": customer_id}).one_or_none()

    def by_number(self, tx: Connection, number: str) -> AnyRow | None:
        across = self.application_id is not None
        statement = CUSTOMER_BY_NUMBER_ACROSS_STUDIOS if across else CUSTOMER_BY_NUMBER
        return tx.execute(statement, {**self._named, "number": number}).one_or_none()

    def search(self, tx: Connection, criteria: Criteria, limit: int) -> list[AnyRow]:
        """Who fits all of the criteria, by id, at most `limit` of them."""
        across = self.application_id is not None
        statement = SEARCH_ACROSS_STUDIOS if across else SEARCH
        if criteria.email is not None:
            statement = SEARCH_BY_EMAIL_ACROSS_STUDIOS if across else SEARCH_BY_EMAIL
        named = {
            **self._named,
            "first_name": criteria.first_name,
            "first_name_to": criteria.first_name + _LAST_TEXT,
            "last_name": criteria.last_name,
            "last_name_to": criteria.last_name + _LAST_TEXT,
            "email": criteria.email,
            "any_date_of_birth": criteria.date_of_birth is None,
            "date_of_birth": criteria.date_of_birth,
            "limit": limit,
        }
        return list(tx.execute(statement, named))

    def with_status(
        self, tx: Connection, status: CustomerStatus, *, after: int, skip: int, limit: int
    ) -> list[AnyRow]:
        """The studio's customers with this status, by id, after `after` and `skip` more."""
        named = {**self._named, "status": status, "after": after, "skip": skip, "limit": limit}
        return list(tx.execute(CUSTOMERS, named))


def studio_page(
    tx: Connection, organization_id: int, studio_id: int, local_now: datetime
) -> StudioPage:
    """The studio with its hours and the closures that are not over at `local_now`."""
    named = {"organization": organization_id, "studio_id": studio_id}
    return StudioPage(
        tx.execute(STUDIO, named).one(),
        list(tx.execute(OPENING_HOURS, named)),
        list(tx.execute(CLOSURES_TO_COME, {**named, "local_now": local_now})),
    )


def idle_periods(
    tx: Connection, organization_id: int, customer_ids: Collection[int], today: date
) -> dict[int, list[AnyRow]]:
    """Those of contracts that have not ended, by customer, the earliest first."""
    found: defaultdict[int, list[AnyRow]] = defaultdict(list)
    if customer_ids:
        named = {"organization": organization_id, "customer_ids": customer_ids, "today": today}
        for each in tx.execute(IDLE_PERIODS, named):
            found[each.customer_id].append(each)
    return found


def is_customer(tx: Connection, organization_id: int, customer_id: int) -> bool:
    """Whether the organization has this customer, in whatever studio."""
    named = {"organization": organization_id, "customer_id": customer_id}
    return tx.execute(CUSTOMER_OF_ORGANIZATION, named).first() is not None


def employees(
    tx: Connection, organization_id: int, studio_id: int, *, after: int, skip: int, limit: int
) -> list[AnyRow]:
    """Who works in the studio, by id, after `after` and `skip` more."""
    named = {
        "organization": organization_id,
        "studio_id": studio_id,
        "after": after,
        "skip": skip,
        "limit": limit,
    }
    return list(tx.execute(EMPLOYEES, named))


def employee_by_id(
    tx: Connection, organization_id: int, studio_id: int, employee_id: int
) -> AnyRow | None:
    """The employee, if they work in the studio."""
    named = {"organization": organization_id, "studio_id": studio_id, "employee_id": employee_id}
    return tx.execute(EMPLOYEE_BY_ID, named).one_or_none()
