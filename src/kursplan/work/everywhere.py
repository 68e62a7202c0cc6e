"""A step in many organizations: trouble in one does not keep the others waiting."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import structlog

from kursplan.desk.engine.desk import ChangedConcurrently, DeskBusy

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
