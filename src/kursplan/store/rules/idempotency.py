"""Idempotency keys: a repeated request finds the booking that the first one made."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, FromClause, Select, bindparam, select, true

from kursplan.store.engine.dialect import Instant
from kursplan.store.engine.driver import insert_many, select_each
from kursplan.store.engine.together import Asked, Together
from kursplan.store.engine.trouble import DatabaseUnavailable
from kursplan.store.tables import ORGANIZATION, idempotency_key

ANSWERS_KEPT = timedelta(hours=24)
"""How long a request under an idempotency key gets the answer of the first (F17)."""

Name = tuple[int, str]
"""An integration, and the key by which it calls a request."""


def _outcome_of(asked: FromClause) -> Select[Any]:
    """What came of the request that is asked for, and whether that counts still."""
    return select(
        asked.c.integration_id,
        asked.c.key,
        idempotency_key.c.request_hash,
        idempotency_key.c.booking_id,
        # No condition: then the index of ages could serve it, and would have to be read as a whole.
        (idempotency_key.c.stored_at > bindparam("outdated", type_=Instant)).label("counts"),
    ).where(
        idempotency_key.c.organization_id == ORGANIZATION,
        idempotency_key.c.integration_id == asked.c.integration_id,
        idempotency_key.c.key == asked.c.key,
    )


def _one_by_one(asked: FromClause) -> Select[Any]:
    """Each by itself, and so by all of the primary key, also with a plan that was made when the table was
    empty: looking through all of the organization's seemed as good then (PostgreSQL)."""
    found = _outcome_of(asked).correlate(asked).limit(1).lateral("found")
    return select(*found.c).select_from(asked.join(found, true()))


STORED = select_each(
    {
        "integration_id": idempotency_key.c.integration_id.type,
        "key": idempotency_key.c.key.type,
    },
    _one_by_one,
    _outcome_of,
)
ADD = insert_many(
    idempotency_key,
    giving=idempotency_key.c.key,
    replacing=idempotency_key.c.stored_at <= bindparam("outdated", type_=Instant),
    stored_at=bindparam("stored_at", type_=Instant),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request: the booking that it made."""

    integration_id: int
    key: str
    request_hash: str
    booking_id: int

    @property
    def name(self) -> Name:
        return self.integration_id, self.key


def find(
    at: Together, organization_id: int, names: Collection[Name], now: datetime
) -> Asked[dict[Name, Outcome]]:
    """What came of earlier requests of these names, as far as it still counts."""
    answer = at.run(STORED, organization_id, sorted(names), {"outdated": now - ANSWERS_KEPT})
    return lambda: {
        (integration_id, key): Outcome(integration_id, key, request_hash, booking_id)
        for integration_id, key, request_hash, booking_id, counts in answer.rows
        if counts
    }


def add(tx: Connection, organization_id: int, outcomes: Iterable[Outcome], now: datetime) -> None:
    """Store what came of requests; an outcome that counts no longer is replaced.

    Raises `DatabaseUnavailable` as a conflict if another transaction has used one of the names since
    they were looked up: then nothing of this one may stay.
    """
    # In one order everywhere, so that two who use the same names don't wait for each other.
    rows = sorted((*each.name, each.request_hash, each.booking_id) for each in outcomes)
    same = {"stored_at": now, "outdated": now - ANSWERS_KEPT}
    with Together(tx) as at:
        added = at.run(ADD, organization_id, rows, same)
    if len(added.rows) < len(rows):
        raise DatabaseUnavailable("an idempotency key was used meanwhile", conflict=True)
