"""A step in many organizations: trouble in one does not keep the others waiting.

What is due at once in thousands of them is done in portions: what each portion needs is looked up for all
of its organizations together, and the desk is given what is to be done in all of them at the same time, so
that their turns share transactions. Several workers begin at different ones, and none goes on for long with
what it found: by then others have done a part of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

import structlog
from sqlalchemy import Connection

from kursplan.clock import stopwatch
from kursplan.desk.engine.desk import ChangedConcurrently, DeskBusy
from kursplan.ids import draw
from kursplan.store.engine.database import Database
from kursplan.store.engine.joint import jointly

log = structlog.get_logger(__name__)

T = TypeVar("T")

PORTION = 64
"""In how many organizations a step works at the same time."""
STEP_SECONDS = 2.0
"""How long a step goes on with what it found, before it looks again, and others steps have their turn."""


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


async def in_portions(
    database: Database,
    organization_ids: Sequence[int],
    look: Callable[[Connection, int], T],
    step: Callable[[int, T], Awaitable[bool]],
    *,
    seconds: float = STEP_SECONDS,
) -> bool:
    """Do `step` with what a `look` finds in each of the organizations; whether there was work in any.

    Where there are many it begins at any of them, and ends after so many seconds. Raises as `everywhere`.
    """
    worked = False
    faults: list[Exception] = []
    ends_at = stopwatch() + seconds
    at = draw(len(organization_ids)) if len(organization_ids) > PORTION else 0
    left = [*organization_ids[at:], *organization_ids[:at]]
    while left and (stopwatch() < ends_at or not worked):
        portion, left = left[:PORTION], left[PORTION:]
        found = await database.read(partial(_of_each, organization_ids=portion, look=look))
        answers = await asyncio.gather(
            *[step(each, found[each]) for each in portion], return_exceptions=True
        )
        for organization_id, answer in zip(portion, answers, strict=True):
            match answer:
                case DeskBusy() | ChangedConcurrently():
                    log.info("left for later", organization=organization_id, reason=str(answer))
                case Exception():
                    faults.append(answer)
                case BaseException():
                    raise answer
                case _:
                    worked |= answer
    if faults:
        raise ExceptionGroup("a step failed in some organizations", faults)
    return worked or bool(left)


def _of_each(
    tx: Connection, organization_ids: Sequence[int], look: Callable[[Connection, int], T]
) -> dict[int, T]:
    works = {each: lambda tx, each=each: look(tx, each) for each in organization_ids}
    found = jointly(tx, works)
    return dict(zip(organization_ids, found, strict=True))  # type: ignore[arg-type]


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
