"""Which booking was made by a request under an idempotency key, so that a repeated one finds it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select

from kursplan.store.dialect import Instant, any_of
from kursplan.store.driver import Fixed, insert_many
from kursplan.store.tables import ORGANIZATION, idempotency_key
from kursplan.store.trouble import DatabaseUnavailable

ANSWERS_KEPT = timedelta(hours=24)
"""How long a request under an idempotency key gets the answer of the first (F17)."""

Name = tuple[int, str]
"""An integration, and the key by which it calls a request."""

STORED = Fixed(
    select(
        idempotency_key.c.integration_id,
        idempotency_key.c.key,
        idempotency_key.c.request_hash,
        idempotency_key.c.booking_id,
        idempotency_key.c.stored_at,
    ).where(
        idempotency_key.c.organization_id == ORGANIZATION,
        any_of(idempotency_key.c.integration_id, "integration_ids"),
        any_of(idempotency_key.c.key, "keys"),
    )
)
"""Without a word about their age: an index of it would tempt the database to walk over all."""
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
    tx: Connection, organization_id: int, names: Collection[Name], now: datetime
) -> dict[Name, Outcome]:
    """What came of earlier requests of these names, as far as it still counts."""
    if not names:
        return {}
    rows = STORED.rows(
        tx,
        {
            "organization": organization_id,
            "integration_ids": {integration_id for integration_id, _ in names},
            "keys": {key for _, key in names},
        },
    )
    outdated = now - ANSWERS_KEPT
    found = (Outcome(*outcome) for *outcome, stored_at in rows if stored_at > outdated)
    # Asked was for each key of each integration; some of these nobody means.
    return {outcome.name: outcome for outcome in found if outcome.name in names}


def add(tx: Connection, organization_id: int, outcomes: Iterable[Outcome], now: datetime) -> None:
    """Store what came of requests; an outcome that counts no longer is replaced.

    Raises `DatabaseUnavailable` as a conflict if another transaction has used one of the names since
    they were looked up: then nothing of this one may stay.
    """
    # In one order everywhere, so that two who use the same names don't wait for each other.
    rows = sorted((*each.name, each.request_hash, each.booking_id) for each in outcomes)
    same = {"stored_at": now, "outdated": now - ANSWERS_KEPT}
    if len(ADD.run(tx, organization_id, rows, same)) < len(rows):
        raise DatabaseUnavailable("an idempotency key was used meanwhile", conflict=True)
