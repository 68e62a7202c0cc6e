"""Try out an endpoint: one request like that of an event, which tells of nothing that happened.

It is not stored and not repeated. An own type would be one that no receiver knows, and would be
refused for that; so it has one of the contract's, about an entity that there is not: whoever asks
for it is answered 404, as for one that has gone meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass

from kursplan.clock import Clock
from kursplan.domain.events import CONTENT, EventType
from kursplan.ids import new_uuid
from kursplan.store.outbox.endpoints import Sender
from kursplan.webhooks.client import Result, WebhookClient
from kursplan.webhooks.signing import Message, headers

NOBODY = 2**53 - 1
"""The id that stands for everything in it: the largest that JavaScript holds, never given out."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What was sent, and what came of it."""

    message: Message
    result: Result


async def try_out(sender: Sender, client: WebhookClient, clock: Clock) -> Tried:
    """Send once, as events are sent: with the webhook key, and signed by every valid secret."""
    now = clock.now()
    type_ = _type_for(sender)
    names = CONTENT.get(type_)
    content = None if names is None else dict.fromkeys(names, NOBODY)
    message = Message(new_uuid(), type_, NOBODY, now, content)
    body = message.body()
    signed = headers(message, body, sender.webhook_key, sender.secrets(now), now)
    return Tried(message, await client.send(sender.url, body, signed))


def _type_for(sender: Sender) -> EventType:
    """One that the endpoint wants."""
    usual = EventType.CLASS_SLOT_UPDATED
    if sender.types is None or usual in sender.types:
        return usual
    return min(sender.types)
