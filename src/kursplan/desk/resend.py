"""Send again what was sent, given up or held: always with the same uuid.

What is still to be sent by itself is left to that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kursplan.desk.endpoints import EndpointRefused, find, settle
from kursplan.desk.turn import Deed, Turn
from kursplan.store import deliveries


class NoSuchDelivery(LookupError):
    """There is no delivery of that number."""


@dataclass(frozen=True, slots=True)
class Resend(Deed):
    """Send a delivery again. The answer is false where it is still to be sent anyway.

    Raises `NoSuchDelivery`, and `EndpointRefused` while its endpoint is disabled.
    """

    organization_id: int
    delivery_id: int

    def perform(self, turn: Turn) -> bool:
        settle(turn)
        found = deliveries.by_id(turn.tx, self.organization_id, self.delivery_id)
        if found is None:
            raise NoSuchDelivery(f"there is no delivery {self.delivery_id}")
        _check_enabled(turn, found.endpoint_id)
        return deliveries.resend(turn.tx, self.organization_id, self.delivery_id, turn.now) == 1


@dataclass(frozen=True, slots=True)
class ResendSince(Deed):
    """Send again what was stored for an endpoint from one instant up to but not including another.

    Deliveries are stored moments after the change that they tell of. The answer is how many are
    sent. Raises `NoSuchEndpoint`, and `EndpointRefused` while the endpoint is disabled.
    """

    organization_id: int
    endpoint_id: int
    since: datetime
    until: datetime
    delivered_too: bool = True
    """False for those only that were given up or held."""

    def perform(self, turn: Turn) -> int:
        settle(turn)
        _check_enabled(turn, self.endpoint_id)
        return deliveries.resend_since(
            turn.tx,
            self.organization_id,
            self.endpoint_id,
            self.since,
            self.until,
            turn.now,
            delivered_too=self.delivered_too,
        )


def _check_enabled(turn: Turn, endpoint_id: int) -> None:
    """A delivery to one that is disabled would wait for good, and look as if it were under way."""
    if find(turn, endpoint_id).health.disabled is not None:
        raise EndpointRefused(f"the endpoint {endpoint_id} is disabled: enable it before")
