"""Tickets: what works once and for a time, such as the link of an invitation. Only fingerprints are kept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Connection, bindparam, delete, insert, select

from kursplan.domain.accounts import Purpose
from kursplan.store.engine.dialect import Instant
from kursplan.store.engine.rows import AnyRow
from kursplan.store.tables import ORGANIZATION, staff_ticket

NOBODYS = 0
"""The organization, and the account, of what is not anybody's yet."""

_ACCOUNT_ID = bindparam("account_id", type_=BigInteger)
_STILL_GOOD = (
    staff_ticket.c.organization_id == ORGANIZATION,
    staff_ticket.c.token_hash == bindparam("token_hash"),
    staff_ticket.c.expires_at > bindparam("now", type_=Instant),
)

FIND = select(staff_ticket.c.purpose, staff_ticket.c.account_id).where(*_STILL_GOOD)
TAKE = (
    delete(staff_ticket)
    .where(*_STILL_GOOD)
    .returning(staff_ticket.c.purpose, staff_ticket.c.account_id)
)
ADD = insert(staff_ticket)
DROP_OVER = delete(staff_ticket).where(
    staff_ticket.c.organization_id == ORGANIZATION,
    staff_ticket.c.account_id == _ACCOUNT_ID,
    staff_ticket.c.expires_at <= bindparam("now", type_=Instant),
)
DROP_ALL = delete(staff_ticket).where(
    staff_ticket.c.organization_id == ORGANIZATION, staff_ticket.c.account_id == _ACCOUNT_ID
)


def issue(
    tx: Connection,
    organization_id: int,
    account_id: int,
    purpose: Purpose,
    token_hash: str,
    at: datetime,
) -> datetime:
    """Store a new one, and drop those of the account whose time is over; until when it works."""
    expires_at = at + purpose.lasts
    tx.execute(DROP_OVER, {"organization": organization_id, "account_id": account_id, "now": at})
    tx.execute(
        ADD,
        {
            "organization_id": organization_id,
            "token_hash": token_hash,
            "purpose": purpose,
            "account_id": account_id,
            "created_at": at,
            "expires_at": expires_at,
        },
    )
    return expires_at


def find(tx: Connection, organization_id: int, token_hash: str, now: datetime) -> AnyRow | None:
    """What it is for, and whose it is, without taking it; None where it does not work any more."""
    named = {"organization": organization_id, "token_hash": token_hash, "now": now}
    return tx.execute(FIND, named).one_or_none()


def take(tx: Connection, organization_id: int, token_hash: str, now: datetime) -> AnyRow | None:
    """The same, and from now on it does not work any more: of several who try, one gets it."""
    named = {"organization": organization_id, "token_hash": token_hash, "now": now}
    return tx.execute(TAKE, named).one_or_none()


def drop_all(tx: Connection, organization_id: int, account_id: int) -> None:
    """None of the account's works any more."""
    tx.execute(DROP_ALL, {"organization": organization_id, "account_id": account_id})
