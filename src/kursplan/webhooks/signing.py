"""Signing: a receiver knows that a webhook comes from here.

The body and `x-api-key` are the contract's. The signature beside them follows Standard Webhooks:
it covers the id, the time of this attempt and the body, so a captured one is of no use later (F48).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from standardwebhooks import Webhook

from kursplan.domain.events import EventType

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Message:
    """An event as a partner is told of it."""

    uuid: str
    """Stays the same over all attempts and redeliveries."""
    type: EventType
    entity_id: int
    happened_at: datetime
    content: dict[str, int] | None = None

    def body(self) -> bytes:
        told: dict[str, object] = {
            "timestamp": (self.happened_at - _EPOCH) // timedelta(milliseconds=1),
            "type": self.type.value,
        }
        if self.content is not None:
            told["content"] = self.content
        whole = {"entityId": self.entity_id, "uuid": self.uuid, "payload": [told]}
        return json.dumps(whole, separators=(",", ":")).encode()


def headers(
    message: Message, body: bytes, webhook_key: str, secrets: Sequence[str], now: datetime
) -> dict[str, str]:
    """The headers of one attempt; with two valid secrets, both signatures (F51)."""
    signatures = [Webhook(secret).sign(message.uuid, now, body.decode()) for secret in secrets]
    return {
        "content-type": "application/json",
        "user-agent": "Kursplan-Webhooks",
        "x-api-key": webhook_key,
        "webhook-id": message.uuid,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
