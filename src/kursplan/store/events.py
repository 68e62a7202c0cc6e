"""Events: one row for every committed change, written in the transaction of the change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from kursplan.domain.events import Event
from kursplan.ids import new_uuid
from kursplan.store.dialect import take_numbers
from kursplan.store.driver import insert_many
from kursplan.store.tables import event

ADD = insert_many(event)


def add(
    tx: Connection,
    organization_id: int,
    events: Sequence[Event],
    happened_at: datetime,
    *,
    fanned_out: bool,
) -> None:
    """Store the events in the order in which they are given; `fanned_out` if nobody is to be told.

    Their numbers are taken here, while what changed is locked: a later event of the same entity
    has the higher number, whichever process stores it.
    """
    if not events:
        return
    numbers = take_numbers(tx, len(events))
    ADD.run(
        tx,
        organization_id,
        [
            (
                number,
                new_uuid(),
                each.type,
                each.entity_id,
                each.studio_id,
                each.home_studio_id,
                None if each.content is None else json.dumps(dict(each.content)),
                happened_at,
                fanned_out,
            )
            for number, each in zip(numbers, events, strict=True)
        ],
    )
