"""Dispatch from the outbox in the background: a portion of each of some organizations, which share a transaction.

It follows the commit of the change instead of being part of it, so that a booking does not pay for
it. Nothing is lost by that: an event stays marked until its deliveries are stored.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

from kursplan.clock import Clock
from kursplan.store.engine.database import Database
from kursplan.store.engine.joint import each_committed
from kursplan.store.outbox.dispatch import dispatch_next


async def dispatch(
    organization_ids: Collection[int], *, database: Database, clock: Clock
) -> Mapping[int, bool | Exception]:
    """Fan out the next events of some organizations; of each whether it had any, or the fault with it.

    There are none where another process is at it.
    """
    now = clock.now()
    return await each_committed(
        database,
        {each: partial(dispatch_next, organization_id=each, now=now) for each in organization_ids},
    )
