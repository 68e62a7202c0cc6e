"""The mark of a turn: by it can be told later that it was committed, though its answer was lost.

Whatever a turn writes is there as soon as it is committed, and one thing of it is enough: its first line
of history. One that changed nothing has none, and need not be found.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from kursplan.store.engine.together import Together
from kursplan.store.rules import history, versions


@dataclass(frozen=True, slots=True)
class Mark:
    """What a turn leaves behind."""

    studio_ids: Collection[int]
    """Whose versions it raises."""
    happened_at: datetime
    line_id: int


def is_there(tx: Connection, organization_id: int, mark: Mark, shard: int) -> bool:
    """Whether the turn of that mark was committed, in a transaction that writes.

    It may be about to be. It holds its versions until then, so to raise them is to wait for it.
    """
    with Together(tx) as at:
        versions.bump(at, organization_id, mark.studio_ids, shard, mark.happened_at)
    return history.is_there(tx, organization_id, mark.happened_at, mark.line_id)
