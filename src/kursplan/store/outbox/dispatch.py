"""Dispatch: each stored event is fanned out, one delivery for every endpoint that listens to it.

Who listens is who does so when the event is fanned out; no numbers and no times are compared. So
whoever is about to change that has everything fanned out before, in the same transaction and behind
the same lock: what is committed by then goes to those who listened, and what is committed later, by
whomever and however long ago it began, to those who listen from then on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Integer, bindparam, not_, select, text

from kursplan.domain.events import EventType
from kursplan.domain.webhooks import DeliveryStatus, Listener, listeners_of
from kursplan.store.engine.driver import Fixed, Row, insert_many, update_many
from kursplan.store.engine.joint import Leaves
from kursplan.store.engine.numbers import take_numbers
from kursplan.store.engine.together import Asked, Together
from kursplan.store.outbox.endpoints import WITH_INTEGRATION
from kursplan.store.rules.across import organizations_in, walk
from kursplan.store.tables import (
    ORGANIZATION,
    delivery,
    event,
    integration,
    organization,
    webhook_endpoint,
)

EVENTS_AT_ONCE = 500
"""How many events are taken at a time."""
DELIVERIES_TOGETHER = 32
"""How many deliveries are stored for one of several organizations that share a transaction: whoever has more
has one alone, and keeps no others waiting."""
DELIVERIES_AT_ONCE = 2_000
"""How many deliveries are stored at a time, unless one event alone has more."""

# Written out, like the condition of the partial index, so that it can serve it.
TO_DISPATCH = text("NOT event.fanned_out")

ACROSS_TO_FAN_OUT = organizations_in(event.c.organization_id, TO_DISPATCH)

_LOCK = (
    select(organization.c.id).where(organization.c.id == ORGANIZATION).order_by(organization.c.id)
)
LOCK = Fixed(_LOCK.with_for_update(key_share=True))
LOCK_UNLESS_TAKEN = Fixed(_LOCK.with_for_update(key_share=True, skip_locked=True))
"""One at a time fans out the events of an organization, so that they keep their order."""

SHARE_LOCK = Fixed(_LOCK.with_for_update(read=True))
"""Who listens stays as it is meanwhile; any number of turns may rely on it at once."""
SHARE_LOCK_UNLESS_TAKEN = Fixed(_LOCK.with_for_update(read=True, skip_locked=True))

_LISTENING = (
    select(webhook_endpoint.c.id)
    .select_from(WITH_INTEGRATION)
    .where(
        webhook_endpoint.c.organization_id == ORGANIZATION,
        integration.c.active,
        integration.c.confirmed_at.is_not(None),
    )
    .limit(1)
)
LISTENING = Fixed(_LISTENING)
NO_SUBSCRIBERS = not_(_LISTENING.exists())
"""As of when it is asked; within a transaction it stays so only once they are held."""

EVENTS = Fixed(
    select(event.c.id, event.c.type, event.c.entity_id, event.c.studio_id, event.c.home_studio_id)
    .where(event.c.organization_id == ORGANIZATION, TO_DISPATCH)
    .order_by(event.c.id)
    .limit(bindparam("limit", type_=Integer))
)

_LISTENERS = (
    select(
        webhook_endpoint.c.id,
        webhook_endpoint.c.integration_id,
        integration.c.studio_id,
        webhook_endpoint.c.is_default,
        webhook_endpoint.c.types,
        webhook_endpoint.c.disabled,
    )
    .select_from(WITH_INTEGRATION)
    .where(
        webhook_endpoint.c.organization_id == ORGANIZATION,
        integration.c.active,
        integration.c.confirmed_at.is_not(None),
    )
    .order_by(webhook_endpoint.c.id)
)
LISTENERS = Fixed(_LISTENERS.with_for_update(read=True, of=webhook_endpoint))
"""Locked against being disabled or enabled until their deliveries are stored: one that is held would
otherwise never be sent, and one that is not would be sent in spite of it."""
LISTENERS_UNLESS_TAKEN = Fixed(
    _LISTENERS.with_for_update(read=True, of=webhook_endpoint, skip_locked=True)
)
LISTENER_IDS = Fixed(_LISTENERS.with_only_columns(webhook_endpoint.c.id))
"""Those that are taken, too."""

ADD_DELIVERIES = insert_many(delivery)

FANNED_OUT = update_many(event, "fanned_out")


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An event that nobody has been told of yet."""

    id: int
    type: EventType
    entity_id: int
    studio_ids: frozenset[int]


def organizations_to_dispatch(tx: Connection) -> list[int]:
    """The organizations with events that were not fanned out yet."""
    return walk(tx, ACROSS_TO_FAN_OUT)


def lock_subscriptions(
    at: Together, organization_id: int, *, likely: bool = False, waits: bool = True
) -> Asked[bool]:
    """Have whoever wants to listen wait until the transaction ends, unless somebody listens anyway.

    Then `NO_SUBSCRIBERS` stays as it is, and where it is true the events of the transaction need not
    be fanned out, which where there are no webhooks is a good part of what a booking costs. Gives
    whether they wait; unless it `waits` itself they don't where somebody is at it. Where it is `likely` that
    nobody listens, that is not asked; it may be wrong.
    """
    named = {"organization": organization_id}
    share_lock = SHARE_LOCK if waits else SHARE_LOCK_UNLESS_TAKEN
    if likely:
        held = at.rows(share_lock, named)
        return lambda: bool(held.rows)
    listening = at.rows(LISTENING, named)

    def locked() -> bool:
        if listening.rows:
            return False
        with Together(at.tx) as then:
            held = then.rows(share_lock, named)
        return bool(held.rows)

    return locked


def dispatch_next(
    tx: Connection, organization_id: int, now: datetime, *, waits: bool = True
) -> bool:
    """Fan out some events; whether there were any. There are none where another is at it.

    Unless it `waits`, it leaves where somebody holds an endpoint, or where there is much.
    """
    with Together(tx) as at:
        held = at.rows(LOCK_UNLESS_TAKEN, {"organization": organization_id})
    return bool(held.rows) and _dispatch(tx, organization_id, now, waits=waits)


def dispatch_all(tx: Connection, organization_id: int, now: datetime) -> None:
    """Fan out all that is committed by now, and let nobody else do so until the transaction ends.

    For whoever is about to change who listens. Customers and slots are locked before, endpoints
    after.
    """
    LOCK.run(tx, {"organization": organization_id})
    while _dispatch(tx, organization_id, now, waits=True):
        pass


def _dispatch(tx: Connection, organization_id: int, now: datetime, *, waits: bool) -> bool:
    """One portion, which is small enough that nobody waits for long behind the lock."""
    waiting = _waiting(tx, organization_id, EVENTS_AT_ONCE if waits else DELIVERIES_TOGETHER + 1)
    if not waiting:
        return False
    listeners = _listeners(tx, organization_id, waits=waits)
    if not waits and len(waiting) * max(1, len(listeners)) > DELIVERIES_TOGETHER:
        raise Leaves("there is much to fan out")
    waiting = waiting[: max(1, DELIVERIES_AT_ONCE // max(1, len(listeners)))]
    heard = {
        alike: listeners_of(*alike, listeners)
        for alike in {(each.type, each.studio_ids) for each in waiting}
    }
    told = [(each, listener) for each in waiting for listener in heard[each.type, each.studio_ids]]
    deliveries = _deliveries(tx, told, now)
    with Together(tx) as writing:
        writing.run(ADD_DELIVERIES, organization_id, deliveries)
        writing.run(FANNED_OUT, organization_id, [(each.id, True) for each in waiting])
    return True


def _waiting(tx: Connection, organization_id: int, limit: int) -> list[_Waiting]:
    """Events that were not fanned out yet, in their order."""
    with Together(tx) as at:
        found = at.rows(EVENTS, {"organization": organization_id, "limit": limit})
    return [
        _Waiting(
            row.id,
            row.type,
            row.entity_id,
            frozenset(each for each in (row.studio_id, row.home_studio_id) if each is not None),
        )
        for row in found.rows
    ]


def _listeners(tx: Connection, organization_id: int, *, waits: bool) -> list[Listener]:
    """Every endpoint of an integration that is active and has confirmed its activation.

    Unless it `waits`, it leaves where somebody holds one of them.
    """
    named = {"organization": organization_id}
    with Together(tx) as at:
        if waits:
            found = at.rows(LISTENERS, named)
        else:
            found = at.rows(LISTENERS_UNLESS_TAKEN, named)
            there = at.rows(LISTENER_IDS, named)
    if not waits and len(found.rows) < len(there.rows):
        raise Leaves("an endpoint is held")
    return [
        Listener(
            endpoint_id=row.id,
            integration_id=row.integration_id,
            studio_id=row.studio_id,
            is_default=row.is_default,
            types=None if row.types is None else frozenset(map(EventType, row.types)),
            disabled=row.disabled is not None,
        )
        for row in found.rows
    ]


def _deliveries(
    tx: Connection, told: Sequence[tuple[_Waiting, Listener]], now: datetime
) -> list[Row]:
    """One delivery for each event and endpoint, as its table has it."""
    if not told:
        return []
    return [
        (
            number,
            waiting.id,
            listener.endpoint_id,
            waiting.entity_id,
            DeliveryStatus.HELD if listener.disabled else DeliveryStatus.PENDING,
            0,  # attempts that failed
            0,  # attempts
            now,  # when it is due
            None,  # until when it is claimed
            now,  # when it was made
            None,  # when it was done with
        )
        for number, (waiting, listener) in zip(take_numbers(tx, len(told)), told, strict=True)
    ]
