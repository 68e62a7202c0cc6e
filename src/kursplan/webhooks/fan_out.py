"""Fan out: each stored event becomes one delivery for every endpoint that listens to it.

It follows the commit of the change instead of being part of it, so that a booking does not pay for
it. Nothing is lost by that: an event stays marked until its deliveries are stored, in one
transaction.
"""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection

from kursplan.clock import Clock
from kursplan.domain.webhooks import listeners_of
from kursplan.store import webhooks
from kursplan.store.database import Database

EVENTS_AT_ONCE = 500


async def fan_out(organization_id: int, *, database: Database, clock: Clock) -> bool:
    """Fan out the next events of one organization; whether there were any.

    There are none where another process is at it.
    """
    return await database.write(partial(fan_out_next, organization_id=organization_id, clock=clock))


def fan_out_next(tx: Connection, organization_id: int, clock: Clock) -> bool:
    """The same in an open transaction."""
    if not webhooks.lock_fan_out(tx, organization_id):
        return False
    waiting = webhooks.to_fan_out(tx, organization_id, EVENTS_AT_ONCE)
    if not waiting:
        return False
    listeners = webhooks.listeners(tx, organization_id)
    told = [
        (event, listener)
        for event in waiting
        for listener in listeners_of(event.type, event.id, event.studio_ids, listeners)
    ]
    event_ids = [event.id for event in waiting]
    webhooks.fan_out(tx, organization_id, told, event_ids, clock.now())
    return True
