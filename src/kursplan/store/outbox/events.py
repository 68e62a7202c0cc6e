"""Events: one row for every committed change, written in the transaction of the change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Boolean, and_, bindparam

from kursplan.domain.events import Event
from kursplan.ids import new_event_uuids
from kursplan.store.engine.dialect import Instant
from kursplan.store.engine.driver import insert_many
from kursplan.store.engine.together import Asked, Together
from kursplan.store.outbox.dispatch import NO_SUBSCRIBERS
from kursplan.store.tables import event

ADD = insert_many(
    event,
    happened_at=bindparam("happened_at", type_=Instant),
    fanned_out=and_(bindparam("held", type_=Boolean), NO_SUBSCRIBERS),
    giving=event.c.fanned_out,
)


def add(
    at: Together,
    organization_id: int,
    events: Sequence[Event],
    numbers: Sequence[int],
    happened_at: datetime,
    *,
    held: bool,
) -> Asked[bool]:
    """Store the events in the order in which they are given; whether somebody is to be told of any.

    Their numbers are taken while what changed is locked: a later event of the same entity has the
    higher number, whichever process stores it. `held` if who listens stays as it is (`lock_subscriptions`).
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
    stored = at.run(ADD, organization_id, rows, {"happened_at": happened_at, "held": held})
    return lambda: not all(fanned_out for (fanned_out,) in stored.rows)
