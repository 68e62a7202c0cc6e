"""Staff accounts as signing in, their own page and whoever looks after them read them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import BigInteger, Connection, bindparam, select, update

from kursplan.domain.accounts import Role
from kursplan.domain.names import full_name
from kursplan.store.engine.dialect import Instant, Listed
from kursplan.store.engine.rows import AnyRow
from kursplan.store.tables import (
    ORGANIZATION,
    employee,
    staff_account,
    staff_passkey,
    staff_studio,
    studio,
)

_ACCOUNT_ID = bindparam("account_id", type_=BigInteger)

ALL = (
    select(
        staff_account.c.id,
        staff_account.c.email,
        staff_account.c.name,
        staff_account.c.role,
        staff_account.c.language,
        staff_account.c.disabled_at,
        staff_account.c.created_at,
        staff_account.c.signed_in_at,
        staff_account.c.employee_id,
        staff_account.c.password_hash.is_not(None).label("password_is_set"),
        staff_account.c.totp_secret.is_not(None).label("second_factor_is_set"),
        employee.c.key.label("employee"),
    )
    .select_from(
        staff_account.outerjoin(
            employee,
            (employee.c.organization_id == staff_account.c.organization_id)
            & (employee.c.id == staff_account.c.employee_id),
        )
    )
    .where(staff_account.c.organization_id == ORGANIZATION)
    .order_by(staff_account.c.id)
)

ALL_STUDIOS = (
    select(staff_studio.c.account_id, studio.c.key)
    .select_from(
        staff_studio.join(
            studio,
            (studio.c.organization_id == staff_studio.c.organization_id)
            & (studio.c.id == staff_studio.c.studio_id),
        )
    )
    .where(staff_studio.c.organization_id == ORGANIZATION)
    .order_by(staff_studio.c.account_id, studio.c.key)
)

WITH_PASSKEYS = (
    select(staff_passkey.c.account_id)
    .where(staff_passkey.c.organization_id == ORGANIZATION)
    .distinct()
)

_ITSELF = (staff_account.c.organization_id == ORGANIZATION, staff_account.c.id == _ACCOUNT_ID)

IS_THERE = select(staff_account.c.id).where(*_ITSELF)

EMPLOYEES = (
    select(employee.c.id, employee.c.first_name, employee.c.last_name)
    .where(employee.c.organization_id == ORGANIZATION, employee.c.deleted_at.is_(None))
    .order_by(employee.c.first_name, employee.c.last_name, employee.c.id)
)

HOLD = (
    select(staff_account.c.password_hash, staff_account.c.totp_secret, staff_account.c.disabled_at)
    .where(*_ITSELF)
    .with_for_update(key_share=True)
)

SIGNED_IN = (
    update(staff_account).where(*_ITSELF).values(signed_in_at=bindparam("at", type_=Instant))
)

PASSKEYS = (
    select(
        staff_passkey.c.id,
        staff_passkey.c.credential_id,
        staff_passkey.c.name,
        staff_passkey.c.created_at,
        staff_passkey.c.used_at,
    )
    .where(
        staff_passkey.c.organization_id == ORGANIZATION,
        staff_passkey.c.account_id == _ACCOUNT_ID,
    )
    .order_by(staff_passkey.c.id)
)

PASSKEY = select(
    staff_passkey.c.id,
    staff_passkey.c.account_id,
    staff_passkey.c.public_key,
    staff_passkey.c.sign_count,
).where(
    staff_passkey.c.organization_id == ORGANIZATION,
    staff_passkey.c.credential_id == bindparam("credential_id"),
)

USED_PASSKEY = (
    update(staff_passkey)
    .where(
        staff_passkey.c.organization_id == ORGANIZATION,
        staff_passkey.c.id == bindparam("passkey_id", type_=BigInteger),
    )
    .values(sign_count=bindparam("count", type_=BigInteger), used_at=bindparam("at", type_=Instant))
)

USE_STEP = (
    update(staff_account)
    .where(
        staff_account.c.organization_id == ORGANIZATION,
        staff_account.c.id == _ACCOUNT_ID,
        (staff_account.c.totp_step.is_(None))
        | (staff_account.c.totp_step < bindparam("step", type_=BigInteger)),
    )
    .values(totp_step=bindparam("step", type_=BigInteger))
)

USE_RECOVERY = (
    update(staff_account)
    .where(
        staff_account.c.organization_id == ORGANIZATION,
        staff_account.c.id == _ACCOUNT_ID,
        staff_account.c.recovery == bindparam("before", type_=Listed),
    )
    .values(recovery=bindparam("left", type_=Listed))
)


@dataclass(frozen=True, slots=True)
class ShownAccount:
    """An account as whoever looks after accounts sees it."""

    id: int
    email: str = field(repr=False)
    name: str = field(repr=False)
    role: Role
    language: str
    studios: tuple[str, ...]
    """By their keys."""
    employee: str | None
    """By their key, too."""
    employee_id: int | None
    password_is_set: bool
    second_factor_is_set: bool
    passkey_is_set: bool
    created_at: datetime
    signed_in_at: datetime | None
    """When somebody last came in with it."""
    disabled_at: datetime | None


def every(tx: Connection, organization_id: int) -> list[ShownAccount]:
    """All accounts of the organization, the oldest first."""
    named = {"organization": organization_id}
    studios: defaultdict[int, list[str]] = defaultdict(list)
    for row in tx.execute(ALL_STUDIOS, named):
        studios[row.account_id].append(row.key)
    with_passkeys = set(tx.execute(WITH_PASSKEYS, named).scalars())
    return [
        ShownAccount(
            row.id,
            row.email,
            row.name,
            row.role,
            row.language,
            tuple(studios[row.id]),
            row.employee,
            row.employee_id,
            bool(row.password_is_set),
            bool(row.second_factor_is_set),
            row.id in with_passkeys,
            row.created_at,
            row.signed_in_at,
            row.disabled_at,
        )
        for row in tx.execute(ALL, named)
    ]


def is_there(tx: Connection, organization_id: int, account_id: int) -> bool:
    """Whether the organization has an account of that number."""
    named = {"organization": organization_id, "account_id": account_id}
    return tx.execute(IS_THERE, named).one_or_none() is not None


def signed_in(tx: Connection, organization_id: int, account_id: int, at: datetime) -> None:
    """Somebody has just come in with it; whoever begins their session holds it."""
    named = {"organization": organization_id, "account_id": account_id}
    tx.execute(SIGNED_IN, named | {"at": at})


def employees(tx: Connection, organization_id: int) -> dict[int, str]:
    """The names of those who could be connected with an account, in their order."""
    rows = tx.execute(EMPLOYEES, {"organization": organization_id})
    return {row.id: full_name(row) for row in rows}


def hold(tx: Connection, organization_id: int, account_id: int) -> AnyRow | None:
    """What lets somebody in, which nobody changes until this transaction ends.

    Whoever changes it writes the account first and ends sessions after it, so a session is either not
    begun or ended.
    """
    named = {"organization": organization_id, "account_id": account_id}
    return tx.execute(HOLD, named).one_or_none()


def passkeys(tx: Connection, organization_id: int, account_id: int) -> list[AnyRow]:
    named = {"organization": organization_id, "account_id": account_id}
    return list(tx.execute(PASSKEYS, named))


def passkey(tx: Connection, organization_id: int, credential_id: str) -> AnyRow | None:
    """The passkey with that credential, and whose it is."""
    named = {"organization": organization_id, "credential_id": credential_id}
    return tx.execute(PASSKEY, named).one_or_none()


def used_passkey(
    tx: Connection, organization_id: int, passkey_id: int, count: int, at: datetime
) -> None:
    named = {"organization": organization_id, "passkey_id": passkey_id}
    tx.execute(USED_PASSKEY, named | {"count": count, "at": at})


def use_step(tx: Connection, organization_id: int, account_id: int, step: int) -> bool:
    """Take the code of that step; whether it had not been taken already, nor a later one."""
    named = {"organization": organization_id, "account_id": account_id, "step": step}
    return tx.execute(USE_STEP, named).rowcount == 1


def use_recovery(
    tx: Connection,
    organization_id: int,
    account_id: int,
    before: tuple[str, ...],
    left: tuple[str, ...],
) -> bool:
    """Leave those codes of the ones before; whether nobody else took one meanwhile."""
    named = {"organization": organization_id, "account_id": account_id}
    return tx.execute(USE_RECOVERY, named | {"before": before, "left": left}).rowcount == 1
