"""A step in many organizations: trouble in one does not keep the others waiting."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy import Connection

from kursplan.desk.engine.desk import ChangedConcurrently, DeskBusy
from kursplan.store.engine.database import Database

log = structlog.get_logger(__name__)


async def everywhere(
    organization_ids: Iterable[int], step: Callable[[int], Awaitable[bool]]
) -> bool:
    """Do `step` in each of the organizations; whether there was work in any.

    What the desk cannot do now is due again the next time. Raises an ExceptionGroup of the faults,
    once all organizations had their turn.
    """
    worked = False
    faults: list[Exception] = []
    for organization_id in organization_ids:
        try:
            worked |= await step(organization_id)
        except (DeskBusy, ChangedConcurrently) as refused:
            log.info("left for later", organization=organization_id, reason=str(refused))
        except Exception as fault:
            faults.append(fault)
    if faults:
        raise ExceptionGroup("a step failed in some organizations", faults)
    return worked


class LookAlong(Protocol):
    def __call__(self, tx: Connection, before: datetime, after: int) -> tuple[Iterable[int], int]:
        """Those with something so old among the next organizations, and where to go on."""
        ...


@dataclass(slots=True)
class Round:
    """How far a step has come that goes round all organizations, some at a time.

    So it does with what nobody waits for: however many organizations there are, a step costs the same,
    and only the round takes longer.
    """

    after: int = 0

    async def go(
        self,
        database: Database,
        look: LookAlong,
        before: datetime,
        step: Callable[[int], Awaitable[bool]],
    ) -> bool:
        """Do `step` in the next ones; where there was work, those have another turn before it goes on."""
        after = self.after
        found, self.after = await database.read(partial(look, before=before, after=after))
        worked = await everywhere(found, step)
        if worked:
            self.after = after
        return worked
