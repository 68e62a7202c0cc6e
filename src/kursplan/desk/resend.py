"""Send again what was sent, given up or held: always with the same uuid.

What is still to be sent by itself is left to that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from kursplan.desk.endpoints import (
    RESENT_AT_ONCE,
    EnableEndpoint,
    IsDisabled,
    Resent,
    dispatch_pending,
    find,
    send_again,
)
from kursplan.desk.engine.turn import Command, Turn
from kursplan.domain.history import EntityKind
from kursplan.domain.webhooks import DeliveryStatus
from kursplan.store.outbox import deliveries

UNDELIVERED = (DeliveryStatus.HELD, DeliveryStatus.FAILED)
"""What was not even tried, and what was given up."""


class NoSuchDelivery(LookupError):
    """There is no delivery of that number."""


@dataclass(frozen=True, slots=True)
class Resend(Command[bool]):
    """Send a delivery again. The answer is false where it is still to be sent anyway.

    Raises `NoSuchDelivery`, and `IsDisabled` while its endpoint is disabled.
    """

    name = "resend"

    organization_id: int
    delivery_id: int

    def perform(self, turn: Turn) -> bool:
        dispatch_pending(turn)
        found = deliveries.by_id(turn.tx, self.organization_id, self.delivery_id)
        if found is None:
            raise NoSuchDelivery(f"there is no delivery {self.delivery_id}")
        _check_enabled(turn, found.endpoint_id)
        if found.status is DeliveryStatus.PENDING:
            return False
        tx = turn.note(
            EntityKind.DELIVERY,
            self.delivery_id,
            {"status": found.status},
            {"status": DeliveryStatus.PENDING},
        )
        deliveries.make_due(tx, self.organization_id, [self.delivery_id], turn.now)
        return True


@dataclass(frozen=True, slots=True)
class ResendSince(Command["Resent[ResendSince]"]):
    """Send again what was stored for an endpoint from one instant up to but not including another.

    Deliveries are stored moments after the change that they tell of. It is done in portions, so that
    no turn takes long: the answer names the command for the rest. Raises `NoSuchEndpoint`, and
    `IsDisabled` while the endpoint is.
    """

    name = "resend-since"

    organization_id: int
    endpoint_id: int
    since: datetime
    until: datetime
    statuses: tuple[DeliveryStatus, ...] = (*UNDELIVERED, DeliveryStatus.DELIVERED)
    reached: tuple[datetime, int] | None = None
    """Of the first status, the last delivery that an earlier portion has looked at."""

    def perform(self, turn: Turn) -> Resent[ResendSince]:
        dispatch_pending(turn)
        _check_enabled(turn, self.endpoint_id)
        status, *others = self.statuses
        since, after = self.reached or (self.since, 0)
        found = deliveries.stored(
            turn.tx,
            self.organization_id,
            self.endpoint_id,
            status,
            since,
            self.until,
            after=after,
            limit=RESENT_AT_ONCE,
        )
        ids = [row.id for row in found]
        count = send_again(turn, self.endpoint_id, ids)
        if len(found) == RESENT_AT_ONCE:
            return Resent(count, replace(self, reached=(found[-1].created_at, found[-1].id)))
        rest = replace(self, statuses=tuple(others), reached=None) if others else None
        return Resent(count, rest)


Portion = EnableEndpoint | ResendSince


async def take_whole(execute: Callable[[Any], Awaitable[Resent[Any]]], command: Portion) -> int:
    """Have it sent again, portion by portion, until nothing is left; how many deliveries that are."""
    count = 0
    portion: Portion | None = command
    while portion is not None:
        resent = await execute(portion)
        count, portion = count + resent.count, resent.rest
    return count


def _check_enabled(turn: Turn, endpoint_id: int) -> None:
    """A delivery to one that is disabled would wait for good, and look as if it were under way."""
    if find(turn, endpoint_id).health.disabled is not None:
        raise IsDisabled(f"the endpoint {endpoint_id} is disabled: enable it before")
