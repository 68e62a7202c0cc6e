"""Staff accounts as the desk writes them down, and the directory that knows whose an address is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import BigInteger, Connection, bindparam, delete, func, insert, select, update

from kursplan.domain.accounts import Role, StaffEntry, folded_email
from kursplan.store.engine.dialect import Instant, Listed, any_of
from kursplan.store.tables import (
    ORGANIZATION,
    employee,
    staff_account,
    staff_directory,
    staff_passkey,
    staff_studio,
    studio,
)

_ACCOUNT_ID = bindparam("account_id", type_=BigInteger)
_ITSELF = (staff_account.c.organization_id == ORGANIZATION, staff_account.c.id == _ACCOUNT_ID)

WHOSE = select(staff_directory.c.organization_id, staff_directory.c.account_id).where(
    staff_directory.c.email_folded == bindparam("email_folded")
)
LIST = insert(staff_directory)

ACCOUNT = select(
    staff_account.c.email,
    staff_account.c.name,
    staff_account.c.role,
    staff_account.c.employee_id,
    staff_account.c.language,
    staff_account.c.password_hash,
    staff_account.c.totp_secret,
    staff_account.c.recovery,
    staff_account.c.disabled_at,
).where(*_ITSELF)

STUDIOS = (
    select(staff_studio.c.studio_id)
    .where(staff_studio.c.organization_id == ORGANIZATION, staff_studio.c.account_id == _ACCOUNT_ID)
    .order_by(staff_studio.c.studio_id)
)

OTHER_OWNERS = select(func.count()).where(
    staff_account.c.organization_id == ORGANIZATION,
    staff_account.c.role == bindparam("owner", Role.OWNER, type_=staff_account.c.role.type),
    staff_account.c.disabled_at.is_(None),
    staff_account.c.id != _ACCOUNT_ID,
)

KNOWN_STUDIOS = select(studio.c.id).where(
    studio.c.organization_id == ORGANIZATION, any_of(studio.c.id, "studio_ids")
)
KNOWN_EMPLOYEE = select(employee.c.id).where(
    employee.c.organization_id == ORGANIZATION,
    employee.c.id == bindparam("employee_id", type_=BigInteger),
    employee.c.deleted_at.is_(None),
)

ADD = insert(staff_account)
JOIN_STUDIOS = insert(staff_studio)
LEAVE_STUDIOS = delete(staff_studio).where(
    staff_studio.c.organization_id == ORGANIZATION, staff_studio.c.account_id == _ACCOUNT_ID
)

SET_ROLE = (
    update(staff_account)
    .where(*_ITSELF)
    .values(
        role=bindparam("role", type_=staff_account.c.role.type),
        employee_id=bindparam("employee_id", type_=BigInteger),
    )
)
SET_DISABLED = (
    update(staff_account)
    .where(*_ITSELF)
    .values(disabled_at=bindparam("disabled_at", type_=Instant))
)
SET_LANGUAGE = update(staff_account).where(*_ITSELF).values(language=bindparam("language"))
SET_PASSWORD = (
    update(staff_account).where(*_ITSELF).values(password_hash=bindparam("password_hash"))
)
SET_SECOND_FACTOR = (
    update(staff_account)
    .where(*_ITSELF)
    .values(
        totp_secret=bindparam("totp_secret"),
        totp_step=None,
        recovery=bindparam("recovery", type_=Listed),
    )
)

ADD_PASSKEY = insert(staff_passkey)
REMOVE_PASSKEY = delete(staff_passkey).where(
    staff_passkey.c.organization_id == ORGANIZATION,
    staff_passkey.c.account_id == _ACCOUNT_ID,
    staff_passkey.c.id == bindparam("passkey_id", type_=BigInteger),
)
REMOVE_PASSKEYS = delete(staff_passkey).where(
    staff_passkey.c.organization_id == ORGANIZATION, staff_passkey.c.account_id == _ACCOUNT_ID
)


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """An account as it stands."""

    entry: StaffEntry
    password_hash: str | None = field(repr=False)
    totp_secret: str | None = field(repr=False)
    recovery: tuple[str, ...] = field(repr=False)
    disabled_at: datetime | None


def whose(tx: Connection, email: str) -> tuple[int, int] | None:
    """The organization and the account of that address."""
    row = tx.execute(WHOSE, {"email_folded": folded_email(email)}).one_or_none()
    return None if row is None else (row.organization_id, row.account_id)


def find(tx: Connection, organization_id: int, account_id: int) -> StoredAccount | None:
    named = {"organization": organization_id, "account_id": account_id}
    row = tx.execute(ACCOUNT, named).one_or_none()
    if row is None:
        return None
    studio_ids = frozenset(tx.execute(STUDIOS, named).scalars())
    return StoredAccount(
        StaffEntry(row.email, row.name, row.role, studio_ids, row.employee_id, row.language),
        row.password_hash,
        row.totp_secret,
        tuple(row.recovery),
        row.disabled_at,
    )


def has_other_owners(tx: Connection, organization_id: int, account_id: int) -> bool:
    """Whether anybody else owns the organization and may sign in."""
    named = {"organization": organization_id, "account_id": account_id}
    return bool(tx.execute(OTHER_OWNERS, named).scalar_one())


def unknown_studios(
    tx: Connection, organization_id: int, studio_ids: Collection[int]
) -> frozenset[int]:
    """Those of them that the organization does not have."""
    named = {"organization": organization_id, "studio_ids": studio_ids}
    return frozenset(studio_ids) - frozenset(tx.execute(KNOWN_STUDIOS, named).scalars())


def is_employee(tx: Connection, organization_id: int, employee_id: int) -> bool:
    named = {"organization": organization_id, "employee_id": employee_id}
    return tx.execute(KNOWN_EMPLOYEE, named).one_or_none() is not None


def add(
    tx: Connection, organization_id: int, account_id: int, entry: StaffEntry, at: datetime
) -> None:
    """Store an account that has no password yet."""
    tx.execute(
        LIST,
        {
            "email_folded": folded_email(entry.email),
            "organization_id": organization_id,
            "account_id": account_id,
        },
    )
    tx.execute(
        ADD,
        {
            "organization_id": organization_id,
            "id": account_id,
            "email": entry.email,
            "name": entry.name,
            "role": entry.role,
            "employee_id": entry.employee_id,
            "language": entry.language,
            "recovery": (),
            "created_at": at,
        },
    )
    _join(tx, organization_id, account_id, entry.studio_ids)


def set_role(tx: Connection, organization_id: int, account_id: int, entry: StaffEntry) -> None:
    """Write down role, studios and employee."""
    named = {"organization": organization_id, "account_id": account_id}
    tx.execute(SET_ROLE, named | {"role": entry.role, "employee_id": entry.employee_id})
    tx.execute(LEAVE_STUDIOS, named)
    _join(tx, organization_id, account_id, entry.studio_ids)


def _join(
    tx: Connection, organization_id: int, account_id: int, studio_ids: Collection[int]
) -> None:
    if studio_ids:
        tx.execute(
            JOIN_STUDIOS,
            [
                {
                    "organization_id": organization_id,
                    "account_id": account_id,
                    "studio_id": studio_id,
                }
                for studio_id in sorted(studio_ids)
            ],
        )


def set_disabled(
    tx: Connection, organization_id: int, account_id: int, at: datetime | None
) -> None:
    named = {"organization": organization_id, "account_id": account_id}
    tx.execute(SET_DISABLED, named | {"disabled_at": at})


def set_language(tx: Connection, organization_id: int, account_id: int, language: str) -> None:
    named = {"organization": organization_id, "account_id": account_id}
    tx.execute(SET_LANGUAGE, named | {"language": language})


def set_password(
    tx: Connection, organization_id: int, account_id: int, password_hash: str | None
) -> None:
    named = {"organization": organization_id, "account_id": account_id}
    tx.execute(SET_PASSWORD, named | {"password_hash": password_hash})


def set_second_factor(
    tx: Connection,
    organization_id: int,
    account_id: int,
    totp_secret: str | None,
    recovery: Sequence[str] = (),
) -> None:
    """`recovery` are the fingerprints of codes that stand in for it, once each."""
    named = {"organization": organization_id, "account_id": account_id}
    tx.execute(SET_SECOND_FACTOR, named | {"totp_secret": totp_secret, "recovery": recovery})


def add_passkey(
    tx: Connection,
    organization_id: int,
    account_id: int,
    *,
    passkey_id: int,
    credential_id: str,
    public_key: str,
    sign_count: int,
    name: str,
    at: datetime,
) -> None:
    tx.execute(
        ADD_PASSKEY,
        {
            "organization_id": organization_id,
            "id": passkey_id,
            "account_id": account_id,
            "credential_id": credential_id,
            "public_key": public_key,
            "sign_count": sign_count,
            "name": name,
            "created_at": at,
        },
    )


def remove_passkey(tx: Connection, organization_id: int, account_id: int, passkey_id: int) -> bool:
    """Whether there was one of that number."""
    named = {"organization": organization_id, "account_id": account_id, "passkey_id": passkey_id}
    return tx.execute(REMOVE_PASSKEY, named).rowcount == 1


def remove_passkeys(tx: Connection, organization_id: int, account_id: int) -> None:
    tx.execute(REMOVE_PASSKEYS, {"organization": organization_id, "account_id": account_id})
