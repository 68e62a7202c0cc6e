"""Who is signed in where. A session is known by the fingerprint of what its cookie holds.

The cookie names the organization, too, so that none has to be looked for.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Connection, bindparam, delete, insert, select, update

from kursplan.domain.accounts import ABSOLUTE_LIMIT, IDLE_LIMIT
from kursplan.store.engine.dialect import Instant
from kursplan.store.engine.rows import AnyRow
from kursplan.store.tables import ORGANIZATION, staff_account, staff_session, staff_studio

_ACCOUNT_ID = bindparam("account_id", type_=BigInteger)
_SESSION_ID = bindparam("session_id", type_=BigInteger)
_OF_ACCOUNT = (
    staff_session.c.organization_id == ORGANIZATION,
    staff_session.c.account_id == _ACCOUNT_ID,
)

SESSION = (
    select(
        staff_session.c.id,
        staff_session.c.account_id,
        staff_session.c.created_at,
        staff_session.c.seen_at,
        staff_session.c.confirmed_at,
        staff_account.c.name,
        staff_account.c.email,
        staff_account.c.role,
        staff_account.c.employee_id,
        staff_account.c.language,
    )
    .select_from(
        staff_session.join(
            staff_account,
            (staff_account.c.organization_id == staff_session.c.organization_id)
            & (staff_account.c.id == staff_session.c.account_id),
        )
    )
    .where(
        staff_session.c.organization_id == ORGANIZATION,
        staff_session.c.token_hash == bindparam("token_hash"),
        staff_account.c.disabled_at.is_(None),
    )
)

STUDIOS = select(staff_studio.c.studio_id).where(
    staff_studio.c.organization_id == ORGANIZATION, staff_studio.c.account_id == _ACCOUNT_ID
)

OF_ACCOUNT = (
    select(
        staff_session.c.id,
        staff_session.c.created_at,
        staff_session.c.seen_at,
        staff_session.c.device,
    )
    .where(*_OF_ACCOUNT)
    .order_by(staff_session.c.seen_at.desc(), staff_session.c.id)
)

ADD = insert(staff_session)

SEEN = (
    update(staff_session)
    .where(staff_session.c.organization_id == ORGANIZATION, staff_session.c.id == _SESSION_ID)
    .values(seen_at=bindparam("at", type_=Instant))
)

CONFIRMED = (
    update(staff_session)
    .where(staff_session.c.organization_id == ORGANIZATION, staff_session.c.id == _SESSION_ID)
    .values(
        token_hash=bindparam("new_hash"),
        seen_at=bindparam("at", type_=Instant),
        confirmed_at=bindparam("at", type_=Instant),
    )
)

END = delete(staff_session).where(*_OF_ACCOUNT, staff_session.c.id == _SESSION_ID)
END_OTHERS = delete(staff_session).where(*_OF_ACCOUNT, staff_session.c.id != _SESSION_ID)
END_ALL = delete(staff_session).where(*_OF_ACCOUNT)

DROP_OVER = delete(staff_session).where(
    staff_session.c.organization_id == ORGANIZATION,
    (staff_session.c.created_at <= bindparam("too_old", type_=Instant))
    | (staff_session.c.seen_at <= bindparam("too_idle", type_=Instant)),
)


def find(tx: Connection, organization_id: int, token_hash: str) -> AnyRow | None:
    """The session with that fingerprint, and whose it is; None for an account that is disabled."""
    named = {"organization": organization_id, "token_hash": token_hash}
    return tx.execute(SESSION, named).one_or_none()


def studios(tx: Connection, organization_id: int, account_id: int) -> frozenset[int]:
    named = {"organization": organization_id, "account_id": account_id}
    return frozenset(tx.execute(STUDIOS, named).scalars())


def of_account(tx: Connection, organization_id: int, account_id: int) -> list[AnyRow]:
    """Its sessions, the one that was used last first."""
    named = {"organization": organization_id, "account_id": account_id}
    return list(tx.execute(OF_ACCOUNT, named))


def add(
    tx: Connection,
    organization_id: int,
    account_id: int,
    *,
    session_id: int,
    token_hash: str,
    device: str,
    at: datetime,
) -> None:
    """Somebody has just shown who they are. Sessions whose time is over are dropped."""
    limits = {"too_old": at - ABSOLUTE_LIMIT, "too_idle": at - IDLE_LIMIT}
    tx.execute(DROP_OVER, {"organization": organization_id} | limits)
    tx.execute(
        ADD,
        {
            "organization_id": organization_id,
            "id": session_id,
            "account_id": account_id,
            "token_hash": token_hash,
            "created_at": at,
            "seen_at": at,
            "confirmed_at": at,
            "device": device,
        },
    )


def seen(tx: Connection, organization_id: int, session_id: int, at: datetime) -> None:
    tx.execute(SEEN, {"organization": organization_id, "session_id": session_id, "at": at})


def confirmed(
    tx: Connection, organization_id: int, session_id: int, new_hash: str, at: datetime
) -> None:
    """They have shown again who they are; the session goes on under another fingerprint."""
    named = {"organization": organization_id, "session_id": session_id}
    tx.execute(CONFIRMED, named | {"new_hash": new_hash, "at": at})


def end(tx: Connection, organization_id: int, account_id: int, session_id: int) -> bool:
    """Whether there was such a session of that account."""
    named = {"organization": organization_id, "account_id": account_id, "session_id": session_id}
    return tx.execute(END, named).rowcount == 1


def end_others(tx: Connection, organization_id: int, account_id: int, session_id: int) -> int:
    """All of the account but this one; how many there were."""
    named = {"organization": organization_id, "account_id": account_id, "session_id": session_id}
    return tx.execute(END_OTHERS, named).rowcount


def end_all(tx: Connection, organization_id: int, account_id: int) -> int:
    named = {"organization": organization_id, "account_id": account_id}
    return tx.execute(END_ALL, named).rowcount
