"""Dispatch from the outbox in the background: a portion of one organization in a transaction of its own.

It follows the commit of the change instead of being part of it, so that a booking does not pay for
it. Nothing is lost by that: an event stays marked until its deliveries are stored.
"""

from __future__ import annotations

from functools import partial

from kursplan.clock import Clock
from kursplan.store.engine.database import Database
from kursplan.store.outbox.dispatch import dispatch_next


async def dispatch(organization_id: int, *, database: Database, clock: Clock) -> bool:
    """Fan out the next events of one organization; whether there were any.

    There are none where another process is at it.
    """
    return await database.write(
        partial(dispatch_next, organization_id=organization_id, now=clock.now())
    )
