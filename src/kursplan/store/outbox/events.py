"""Events: one row for every committed change, written in the transaction of the change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Boolean, Connection, and_, bindparam

from kursplan.domain.events import Event
from kursplan.ids import new_event_uuids
from kursplan.store.engine.dialect import Instant
from kursplan.store.engine.driver import insert_many
from kursplan.store.outbox.dispatch import NO_SUBSCRIBERS, lock_subscriptions
from kursplan.store.tables import event

ADD = insert_many(
    event,
    happened_at=bindparam("happened_at", type_=Instant),
    fanned_out=and_(bindparam("held", type_=Boolean), NO_SUBSCRIBERS),
    giving=event.c.fanned_out,
)


def add(
    tx: Connection,
    organization_id: int,
    events: Sequence[Event],
    numbers: Sequence[int],
    happened_at: datetime,
    *,
    no_subscribers: bool = False,
) -> bool:
    """Store the events in the order in which they are given; whether somebody is to be told of any.

    Their numbers are taken while what changed is locked: a later event of the same entity has the
    higher number, whichever process stores it. `no_subscribers` if most likely nobody is to be told.
    """
    uuids = new_event_uuids(len(events), happened_at)
    rows = [
        (
            number,
            uuid,
            each.type,
            each.entity_id,
            each.studio_id,
            each.home_studio_id,
            None if each.content is None else json.dumps(dict(each.content)),
        )
        for number, uuid, each in zip(numbers, uuids, events, strict=True)
    ]
    held = lock_subscriptions(tx, organization_id, likely=no_subscribers)
    stored = ADD.run(tx, organization_id, rows, {"happened_at": happened_at, "held": held})
    return not all(fanned_out for (fanned_out,) in stored)
