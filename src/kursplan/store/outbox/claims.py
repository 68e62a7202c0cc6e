"""Deliveries on their way: which are due, who claims them (a lease), and what came of it.

How they come into being is in `dispatch`; what people look up and have sent again is in `deliveries`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    union_all,
)

from kursplan.domain.attempts import LATELY, Standing
from kursplan.domain.events import EventType
from kursplan.domain.webhooks import DeliveryStatus, Failure, RetryPlan
from kursplan.store.engine.dialect import Instant, any_of, numbers_of
from kursplan.store.engine.driver import Fixed, insert_many, update_many
from kursplan.store.engine.rows import AnyRow
from kursplan.store.engine.together import Asked, Together
from kursplan.store.outbox.deliveries import AT_ENDPOINT, REPEAT, UNATTEMPTED
from kursplan.store.outbox.dispatch import TO_DISPATCH, organizations_to_dispatch
from kursplan.store.outbox.endpoints import (
    SENDER_COLUMNS,
    WITH_INTEGRATION,
    Sender,
    retry_plan,
    sender_of,
)
from kursplan.store.rules.across import organizations_in, walk
from kursplan.store.tables import (
    ORGANIZATION,
    attempt,
    delivery,
    event,
    integration,
    organization,
    webhook_endpoint,
)

KNOWN = (Standing.ANSWERING, Standing.NEW, Standing.FAILING)
"""What is stored of an endpoint: whether an attempt is slow is known to its process alone."""
LOOKED_AT = 32
"""How many first attempts at one endpoint are looked at for those that have their turn."""

_NOW = bindparam("now", type_=Instant)
_EACH = bindparam("each", type_=Integer)

# --- What is due ------------------------------------------------------------------------------

_IS_DUE = delivery.c.due_at <= _NOW
_IS_FREE = or_(delivery.c.claimed_until.is_(None), delivery.c.claimed_until <= _NOW)

_FIRST_ATTEMPTS = select(delivery.c.id).where(UNATTEMPTED, _IS_FREE)
_REPEATS = select(delivery.c.id).where(REPEAT, _IS_DUE, _IS_FREE)
"""They have had their turn among the events of their entity when they were attempted first."""


def _there_are(query: Select[tuple[int]]) -> ColumnElement[bool]:
    """Asked for the first one in the order of an index, so that this is all that is looked at."""
    return query.limit(1).scalar_subquery().is_not(None)


_FIRST_ATTEMPTS_HERE = _FIRST_ATTEMPTS.where(AT_ENDPOINT).order_by(delivery.c.event_id)
_REPEATS_HERE = _REPEATS.where(AT_ENDPOINT).order_by(delivery.c.due_at, delivery.c.event_id)

_STANDINGS = {each: literal(each.value, String) for each in KNOWN}
_standing = case(
    (webhook_endpoint.c.failing_since.is_not(None), _STANDINGS[Standing.FAILING]),
    (
        webhook_endpoint.c.answered_at > bindparam("lately", type_=Instant),
        _STANDINGS[Standing.ANSWERING],
    ),
    else_=_STANDINGS[Standing.NEW],
)
_WAITS = and_(
    webhook_endpoint.c.disabled.is_(None),
    integration.c.active,
    ~any_of(webhook_endpoint.c.id, "busy"),
    or_(
        *(
            and_(_standing == _STANDINGS[each], bindparam(each.lower(), type_=Boolean))
            for each in KNOWN
        )
    ),
    or_(_there_are(_FIRST_ATTEMPTS_HERE), _there_are(_REPEATS_HERE)),
)
"""Something is due there, and nothing but a place keeps it from being sent."""

ACROSS_UNATTEMPTED = organizations_in(delivery.c.organization_id, UNATTEMPTED)
ACROSS_REPEATS = organizations_in(delivery.c.organization_id, REPEAT)
"""Whether it is due or not: only of these it is asked at which endpoints something is."""

_THOSE = "organization_ids"
ACROSS_WAITING = Fixed(
    select(
        webhook_endpoint.c.organization_id,
        func.max(case((_standing == _STANDINGS[Standing.ANSWERING], 1), else_=0)).label(
            "answering"
        ),
    )
    .select_from(WITH_INTEGRATION)
    .where(any_of(webhook_endpoint.c.organization_id, _THOSE), _WAITS)
    .group_by(webhook_endpoint.c.organization_id)
    .order_by(webhook_endpoint.c.organization_id)
)

WAITING = Fixed(
    select(webhook_endpoint.c.id, webhook_endpoint.c.url, _standing.label("standing"))
    .select_from(WITH_INTEGRATION)
    .where(webhook_endpoint.c.organization_id == ORGANIZATION, _WAITS)
    .order_by(webhook_endpoint.c.id)
)
"""Nothing of what is due there is read, so those that get no place cost little."""


def _first_of_each_entity() -> Select[tuple[int, datetime, int]]:
    """Of the oldest events that an endpoint was not told of, the first of each entity.

    Within an entity a later event is not sent before an earlier one was attempted (F47). What is
    earlier than one of the oldest is one of the oldest too; so it is enough to look at a few, and
    the very first always has its turn.
    """
    oldest = (
        select(
            delivery.c.id,
            delivery.c.due_at,
            delivery.c.event_id,
            delivery.c.entity_id,
            _IS_FREE.label("is_free"),
        )
        .where(AT_ENDPOINT, UNATTEMPTED)
        .order_by(delivery.c.event_id)
        .limit(LOOKED_AT)
        .correlate(webhook_endpoint)
        .subquery("oldest")
    )
    place = func.row_number().over(partition_by=oldest.c.entity_id, order_by=oldest.c.event_id)
    queued = select(oldest, place.label("place")).subquery("queued")
    return (
        select(queued.c.id, queued.c.due_at, queued.c.event_id)
        .where(queued.c.place == 1, queued.c.is_free)
        .order_by(queued.c.event_id)
        .limit(_EACH)
    )


def _longest_due() -> Select[tuple[int]]:
    """First attempts and repeats, whichever was due first; so neither waits for all of the others."""
    repeats = _REPEATS_HERE.add_columns(delivery.c.due_at, delivery.c.event_id).limit(_EACH)
    queues = (_first_of_each_entity(), repeats.correlate(webhook_endpoint))
    both = union_all(*(select(each.subquery()) for each in queues)).subquery("both")
    return select(both.c.id).order_by(both.c.due_at, both.c.event_id).limit(_EACH)


DUE = Fixed(
    select(
        webhook_endpoint.c.id,
        numbers_of(_longest_due()).label("deliveries"),
    )
    .where(
        webhook_endpoint.c.organization_id == ORGANIZATION,
        any_of(webhook_endpoint.c.id, "endpoint_ids"),
    )
    .order_by(webhook_endpoint.c.id)
)
"""A few of each endpoint: no backlog is read."""

# --- Taking what is due -----------------------------------------------------------------------

FREE = Fixed(
    select(delivery.c.id, delivery.c.event_id, delivery.c.endpoint_id, delivery.c.failed_attempts)
    .where(
        delivery.c.organization_id == ORGANIZATION,
        any_of(delivery.c.id, "delivery_ids"),
        delivery.c.status == DeliveryStatus.PENDING,
        _IS_FREE,
    )
    .order_by(delivery.c.id)
    .with_for_update(key_share=True, skip_locked=True)
)
"""Nobody waits for another who claims the same."""
CLAIM = update_many(delivery, "claimed_until")

TOLD = Fixed(
    select(
        event.c.id,
        event.c.uuid,
        event.c.type,
        event.c.entity_id,
        event.c.content,
        event.c.happened_at,
    )
    .where(event.c.organization_id == ORGANIZATION, any_of(event.c.id, "event_ids"))
    .order_by(event.c.id)
)
SENDERS = Fixed(
    select(
        webhook_endpoint.c.id,
        *SENDER_COLUMNS,
        integration.c.retry_seconds,
        integration.c.retry_jitter_percent,
    )
    .select_from(WITH_INTEGRATION)
    .where(
        webhook_endpoint.c.organization_id == ORGANIZATION,
        any_of(webhook_endpoint.c.id, "endpoint_ids"),
    )
    .order_by(webhook_endpoint.c.id)
)
"""Each by its ids alone: joined, they are looked up the wrong way round until the tables are analysed."""

# --- What came of it --------------------------------------------------------------------------

_ATTEMPTED = (
    select(
        delivery.c.id.label("row_id"),
        delivery.c.status,
        delivery.c.attempts,
        delivery.c.failed_attempts,
        delivery.c.due_at,
        delivery.c.claimed_until,
        delivery.c.finished_at,
    )
    .where(delivery.c.organization_id == ORGANIZATION, any_of(delivery.c.id, "delivery_ids"))
    .order_by(delivery.c.id)
)
ATTEMPTED = Fixed(_ATTEMPTED.with_for_update(key_share=True))
ATTEMPTED_UNLESS_TAKEN = Fixed(_ATTEMPTED.with_for_update(key_share=True, skip_locked=True))

ADD_ATTEMPTS = insert_many(attempt)

MARK = update_many(
    delivery, "status", "attempts", "failed_attempts", "due_at", "claimed_until", "finished_at"
)

_first_to_fan_out = (
    select(event.c.happened_at)
    .where(event.c.organization_id == organization.c.id, TO_DISPATCH)
    .order_by(event.c.id)
    .limit(1)
    .scalar_subquery()
)
_oldest_pending = (
    select(delivery.c.created_at)
    .where(AT_ENDPOINT, delivery.c.status == DeliveryStatus.PENDING)
    .order_by(delivery.c.created_at)
    .limit(1)
    .scalar_subquery()
)
ACROSS_OLDEST_EVENT = (
    select(organization.c.id, func.min(_first_to_fan_out).label("oldest"))
    .where(any_of(organization.c.id, _THOSE))
    .group_by(organization.c.id)
)
ACROSS_OLDEST_DELIVERY = (
    select(webhook_endpoint.c.organization_id, func.min(_oldest_pending).label("oldest"))
    .select_from(WITH_INTEGRATION)
    .where(
        any_of(webhook_endpoint.c.organization_id, _THOSE),
        integration.c.active,
        webhook_endpoint.c.disabled.is_(None),
    )
    .group_by(webhook_endpoint.c.organization_id)
)
"""The first of each organization, and of each endpoint: an index knows it at once."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An endpoint at which something is due."""

    endpoint_id: int
    url: str = field(repr=False)
    standing: Standing


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery with all that its attempt needs."""

    id: int
    endpoint_id: int
    failed_attempts: int
    claimed_until: datetime
    """By this whoever marks the attempt proves that the claim is still theirs."""
    uuid: str
    type: EventType
    entity_id: int
    content: dict[str, int] | None
    happened_at: datetime
    sender: Sender
    plan: RetryPlan


@dataclass(frozen=True, slots=True)
class Attempted:
    """What came of one attempt, and what becomes of its delivery."""

    delivery_id: int
    endpoint_id: int
    claimed_until: datetime
    attempted_at: datetime
    milliseconds: int
    status_code: int | None
    failure: Failure | None
    excerpt: str | None = field(repr=False)
    status: DeliveryStatus
    failed_attempts: int
    due_at: datetime
    gone: bool


Busy = Mapping[int, Collection[int]]
"""Endpoints at which no further attempt may begin, by organization."""


def organizations_waiting(
    tx: Connection, now: datetime, *, rooms: Collection[Standing], busy: Busy
) -> dict[int, bool]:
    """The organizations with endpoints as in `waiting`, and whether any of those answers."""
    pending = _organizations_pending(tx)
    if not pending:
        return {}
    all_busy = [each for those in busy.values() for each in those]
    found = ACROSS_WAITING.rows(tx, _wanted(now, rooms, all_busy) | {_THOSE: pending})
    return {row.organization_id: bool(row.answering) for row in found}


def _organizations_pending(tx: Connection) -> set[int]:
    return {*walk(tx, ACROSS_UNATTEMPTED), *walk(tx, ACROSS_REPEATS)}


def waiting(
    tx: Connection,
    organization_id: int,
    now: datetime,
    *,
    rooms: Collection[Standing],
    busy: Busy,
) -> list[Waiting]:
    """The endpoints at which something is due, of those whose standing is one of `rooms`.

    None that is `busy`, disabled, or of an integration that is not active.
    """
    named = _wanted(now, rooms, busy.get(organization_id, ())) | {"organization": organization_id}
    with Together(tx) as at:
        found = at.rows(WAITING, named)
    return [Waiting(row.id, row.url, Standing(row.standing)) for row in found.rows]


def _wanted(now: datetime, rooms: Collection[Standing], busy: Collection[int]) -> dict[str, Any]:
    wanted = {each.lower(): each in rooms for each in KNOWN}
    return wanted | {"now": now, "lately": now - LATELY, "busy": busy}


def due(
    tx: Connection, organization_id: int, now: datetime, endpoint_ids: Collection[int], each: int
) -> dict[int, Sequence[int]]:
    """By endpoint what is due there, in the order in which it is to be sent; at most `each` of one."""
    named = {"organization": organization_id, "now": now, "each": each}
    with Together(tx) as at:
        found = at.rows(DUE, named | {"endpoint_ids": endpoint_ids})
    return {row.id: row.deliveries for row in found.rows}


def claim(
    tx: Connection,
    organization_id: int,
    delivery_ids: Collection[int],
    now: datetime,
    until: datetime,
    *,
    waits: bool = True,
) -> list[ClaimedDelivery]:
    """Take those of the deliveries that nobody else has taken; the claim lapses at `until`.

    It never waits.
    """
    named: dict[str, Any] = {"organization": organization_id}
    with Together(tx) as at:
        free = at.rows(FREE, named | {"delivery_ids": delivery_ids, "now": now})
    if not free.rows:
        return []
    event_ids = {each.event_id for each in free.rows}
    endpoint_ids = {each.endpoint_id for each in free.rows}
    with Together(tx) as at:
        at.run(CLAIM, organization_id, [(each.id, until) for each in free.rows])
        told = at.rows(TOLD, named | {"event_ids": event_ids})
        to = at.rows(SENDERS, named | {"endpoint_ids": endpoint_ids})
    events = {row.id: row for row in told.rows}
    senders = {row.id: row for row in to.rows}
    return [
        _parcel(each, until, events[each.event_id], senders[each.endpoint_id]) for each in free.rows
    ]


def _parcel(claimed: AnyRow, until: datetime, told: AnyRow, to: AnyRow) -> ClaimedDelivery:
    return ClaimedDelivery(
        id=claimed.id,
        endpoint_id=claimed.endpoint_id,
        failed_attempts=claimed.failed_attempts,
        claimed_until=until,
        uuid=told.uuid,
        type=told.type,
        entity_id=told.entity_id,
        content=None if told.content is None else json.loads(told.content),
        happened_at=told.happened_at,
        sender=sender_of(to),
        plan=retry_plan(to.retry_seconds, to.retry_jitter_percent),
    )


def ask_attempted(
    at: Together, organization_id: int, attempted: Sequence[Attempted], *, waits: bool
) -> Asked[dict[int, dict[str, Any]]]:
    """How the deliveries stand that were attempted; nobody else changes them until the transaction ends.

    One is missing where its endpoint was removed meanwhile, and unless it `waits`, where another holds it.
    """
    ids = [each.delivery_id for each in attempted]
    found = at.rows(
        ATTEMPTED if waits else ATTEMPTED_UNLESS_TAKEN,
        {"organization": organization_id, "delivery_ids": ids},
    )
    return lambda: {row.row_id: row._asdict() for row in found.rows}


def mark(
    at: Together,
    organization_id: int,
    attempted: Sequence[Attempted],
    marks: dict[int, dict[str, Any]],
) -> None:
    """Write down what came of the attempts at deliveries that stand as these `marks` say.

    What becomes of a delivery is for the holder of its claim to say. Whoever was so slow that the
    claim lapsed, and another took it, only adds that there was an attempt; a success counts all the
    same, because the partner has been told.
    """
    attempts = []
    for each in attempted:
        kept = marks.get(each.delivery_id)
        if kept is None:  # Its endpoint was removed meanwhile.
            continue
        kept["attempts"] += 1
        attempts.append(
            (
                each.delivery_id,
                kept["attempts"],
                each.attempted_at,
                each.milliseconds,
                each.status_code,
                each.failure,
                each.excerpt,
            )
        )
        delivered = each.status is DeliveryStatus.DELIVERED
        if delivered or each.claimed_until == kept["claimed_until"]:
            pending = each.status is DeliveryStatus.PENDING
            kept |= {
                "status": each.status,
                "failed_attempts": each.failed_attempts,
                "due_at": each.due_at,
                "claimed_until": None,
                "finished_at": None if pending else each.attempted_at,
            }
    at.run(ADD_ATTEMPTS, organization_id, attempts)
    at.run(MARK, organization_id, map(itemgetter(*MARK.names), marks.values()))


def oldest_pending(tx: Connection) -> datetime | None:
    """Since when the oldest event waits that is still to be delivered, over all organizations.

    What waits for its integration to be active again, or its endpoint to be enabled, is not late.
    """
    looks = (
        (ACROSS_OLDEST_EVENT, organizations_to_dispatch(tx)),
        (ACROSS_OLDEST_DELIVERY, _organizations_pending(tx)),
    )
    found = (
        row.oldest for look, those in looks if those for row in tx.execute(look, {_THOSE: those})
    )
    return min((each for each in found if each is not None), default=None)
