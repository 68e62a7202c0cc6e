"""Answers that were given under an idempotency key, so that a repeated request gets the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select

from kursplan.store.driver import Fixed
from kursplan.store.tables import ORGANIZATION, idempotency_key

STORED = Fixed(
    select(
        idempotency_key.c.request_hash, idempotency_key.c.outcome, idempotency_key.c.stored_at
    ).where(
        idempotency_key.c.organization_id == ORGANIZATION,
        idempotency_key.c.integration_id == bindparam("integration_id"),
        idempotency_key.c.key == bindparam("key"),
    )
)
ADD = insert(idempotency_key)
FORGET = delete(idempotency_key).where(
    idempotency_key.c.organization_id == ORGANIZATION,
    idempotency_key.c.integration_id == bindparam("integration_id"),
    idempotency_key.c.key == bindparam("key"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was answered to which request."""

    integration_id: int
    key: str
    request_hash: str
    outcome: str
    """The answer, as its deed wrote it down."""
    stored_at: datetime


def find(tx: Connection, organization_id: int, integration_id: int, key: str) -> Outcome | None:
    named = {"organization": organization_id, "integration_id": integration_id, "key": key}
    rows = STORED.rows(tx, named)
    return Outcome(integration_id, key, *rows[0]) if rows else None


def add(tx: Connection, organization_id: int, outcomes: Iterable[Outcome]) -> None:
    """Store the answers; what an outdated use of the same key had stored is replaced."""
    for each in outcomes:
        known = {"integration_id": each.integration_id, "key": each.key}
        tx.execute(FORGET, known | {"organization": organization_id})
        tx.execute(
            ADD,
            known
            | {
                "organization_id": organization_id,
                "request_hash": each.request_hash,
                "outcome": each.outcome,
                "stored_at": each.stored_at,
            },
        )
