"""Retention: what is old is dropped in portions, so many rows a transaction, until nothing is left.

Answers under idempotency keys by their own age. Events as a whole, with their deliveries and what
came of each attempt, so that what somebody looks up or has sent again is there or is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Integer, bindparam, case, delete, func, or_, select

from kursplan.domain.events import EventType
from kursplan.domain.webhooks import DeliveryStatus
from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.outbox.dispatch import LOCK_UNLESS_TAKEN
from kursplan.store.rules.across import along, organizations_since
from kursplan.store.tables import (
    ORGANIZATION,
    attempt,
    delivery,
    event,
    idempotency_key,
    organization,
    slot,
)

EVENTS_KEPT = timedelta(days=90)
"""How long events are kept after the last attempt, unless a setting says otherwise."""
KEYS_AT_ONCE = 5_000
"""How many answers under idempotency keys are dropped at a time."""
EVENTS_AT_ONCE = 100
"""How many events are looked at at a time: as long as a portion takes, whoever changes who listens waits,
and where nobody does every booking."""
DELIVERIES_AT_ONCE = 500
"""How many deliveries are dropped at a time, unless one event alone has more."""

_BEFORE = bindparam("before", type_=Instant)

# --- Answers under idempotency keys -----------------------------------------------------------

ACROSS_OLD_KEYS = organizations_since(
    select(idempotency_key.c.stored_at)
    .where(
        idempotency_key.c.organization_id == organization.c.id,
        idempotency_key.c.stored_at < _BEFORE,
    )
    .order_by(idempotency_key.c.stored_at)
)
OLD_KEY_AT = (
    select(idempotency_key.c.stored_at)
    .where(idempotency_key.c.organization_id == ORGANIZATION, idempotency_key.c.stored_at < _BEFORE)
    .order_by(idempotency_key.c.stored_at)
    .offset(bindparam("place", type_=Integer))
    .limit(1)
)
FORGET_KEYS = delete(idempotency_key).where(
    idempotency_key.c.organization_id == ORGANIZATION,
    idempotency_key.c.stored_at.between(
        bindparam("since", type_=Instant), bindparam("until", type_=Instant)
    ),
    idempotency_key.c.stored_at < _BEFORE,
)

# --- Events that were told --------------------------------------------------------------------

ACROSS_OLD_EVENTS = organizations_since(
    select(event.c.happened_at)
    .where(event.c.organization_id == organization.c.id)
    .order_by(event.c.id)
)

_cancelled_slot_starts_at = (
    select(slot.c.starts_at)
    .where(
        slot.c.organization_id == event.c.organization_id,
        slot.c.id == event.c.entity_id,
        event.c.type == EventType.CLASS_SLOT_CANCELLED,
    )
    .scalar_subquery()
)
"""No slot says when it was cancelled: that this was told is kept as long as if it were at its start,
for the doctor to look for."""

EVENTS = (
    select(
        event.c.id,
        event.c.happened_at,
        event.c.fanned_out,
        _cancelled_slot_starts_at.label("slot_starts_at"),
    )
    .where(event.c.organization_id == ORGANIZATION, event.c.id > bindparam("after"))
    .order_by(event.c.id)
    .limit(bindparam("limit", type_=Integer))
)

_IS_KEPT = or_(
    delivery.c.status == DeliveryStatus.PENDING,
    delivery.c.status == DeliveryStatus.HELD,
    delivery.c.finished_at >= _BEFORE,
)
DELIVERIES = (
    select(
        delivery.c.event_id,
        func.count().label("deliveries"),
        func.max(case((_IS_KEPT, 1), else_=0)).label("is_kept"),
    )
    .where(delivery.c.organization_id == ORGANIZATION, any_of(delivery.c.event_id, "event_ids"))
    .group_by(delivery.c.event_id)
)

_theirs = select(delivery.c.id).where(
    delivery.c.organization_id == ORGANIZATION, any_of(delivery.c.event_id, "event_ids")
)
DROP_ATTEMPTS = delete(attempt).where(
    attempt.c.organization_id == ORGANIZATION, attempt.c.delivery_id.in_(_theirs)
)
DROP_DELIVERIES = delete(delivery).where(
    delivery.c.organization_id == ORGANIZATION, any_of(delivery.c.event_id, "event_ids")
)
DROP_EVENTS = delete(event).where(
    event.c.organization_id == ORGANIZATION, any_of(event.c.id, "event_ids")
)


@dataclass(frozen=True, slots=True)
class Portion:
    """What became of some old events."""

    dropped: int
    after: int | None
    """The last that was looked at; None where there is none behind it that is old."""


def with_old_keys(tx: Connection, before: datetime, after: int) -> tuple[list[int], int]:
    """`along` the organizations: those with answers that were stored before that instant."""
    return along(tx, ACROSS_OLD_KEYS, before, after)


def forget_keys(tx: Connection, organization_id: int, before: datetime) -> int:
    """Drop the oldest answers from before that instant, some thousands; how many there were."""
    named = {"organization": organization_id, "before": before}
    since, until = (
        tx.execute(OLD_KEY_AT, named | {"place": place}).scalar() for place in (0, KEYS_AT_ONCE - 1)
    )
    if since is None:
        return 0
    return tx.execute(FORGET_KEYS, named | {"since": since, "until": until or before}).rowcount


def with_old_events(tx: Connection, before: datetime, after: int) -> tuple[list[int], int]:
    """`along` the organizations: those whose first event happened before that instant."""
    return along(tx, ACROSS_OLD_EVENTS, before, after)


def forget_told(
    tx: Connection, organization_id: int, before: datetime, after: int
) -> Portion | None:
    """Drop old events of an organization behind the one of that id, with all that hangs on them.

    Old is what happened, and was attempted last, before that instant. What is still to be sent, or
    was held for an endpoint that is disabled, keeps its event with everything else of it. None where
    others hold the organization (they fan out, have something sent again, book where nobody listens, or do
    this): meanwhile deliveries may come and go, and they go first.
    """
    named: dict[str, Any] = {"organization": organization_id, "before": before}
    if not LOCK_UNLESS_TAKEN.rows(tx, named):
        return None
    looked_at = tx.execute(EVENTS, named | {"after": after, "limit": EVENTS_AT_ONCE}).all()
    old = [row for row in looked_at if row.happened_at < before]
    if not old:
        return Portion(0, None)
    told = [
        row.id
        for row in old
        if row.fanned_out and (row.slot_starts_at is None or row.slot_starts_at < before)
    ]
    found = tx.execute(DELIVERIES, named | {"event_ids": told})
    deliveries = {row.event_id: row for row in found}
    chosen, last = _chosen(told, deliveries)
    if chosen:
        named["event_ids"] = chosen
        for statement in (DROP_ATTEMPTS, DROP_DELIVERIES, DROP_EVENTS):
            tx.execute(statement, named)
    return Portion(len(chosen), looked_at[-1].id if last is None else last)


def _chosen(told: Sequence[int], deliveries: dict[int, Any]) -> tuple[list[int], int | None]:
    """Which of the events go now, and where to go on, if that is before the end."""
    chosen: list[int] = []
    count = 0
    for at, event_id in enumerate(told):
        row = deliveries.get(event_id)
        if row is not None and row.is_kept:
            continue
        count += 0 if row is None else row.deliveries
        if chosen and count > DELIVERIES_AT_ONCE:
            return chosen, told[at - 1]
        chosen.append(event_id)
    return chosen, None
