"""A receiver as a partner writes one, for trying out: it checks what comes and tells what it was.

It keeps nothing but the uuids that it has seen, by which it knows a repeat from a new event.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Received:
    """A request, and how it was answered."""

    status: int
    uuid: str | None = None
    type: str | None = None
    entity_id: int | None = None
    content: Mapping[str, Any] | None = None
    happened_at: datetime | None = None
    again: bool = False
    """Whether an event of that uuid was accepted before."""
    refused: str | None = None
    """What is wrong with it."""


class NotGenuine(Exception):
    """The request does not come from who it should; the message says by what that shows."""


class NoSecret(ValueError):
    """That can't have signed anything."""


class NotAnEvent(Exception):
    """The body is none that the contract knows."""


@dataclass(slots=True)
class Receiver:
    """Answers with `status` whatever is genuine, 401 what is not, and 400 what is no event.

    Raises `NoSecret`.
    """

    tell: Callable[[Received], None]
    webhook_key: str | None = field(default=None, repr=False)
    """What `x-api-key` has to be; not looked at where it is None."""
    secrets: Sequence[str] = field(default=(), repr=False)
    """One of these has to have signed; not looked at where there is none."""
    status: int = 204
    _accepted: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for secret in self.secrets:
            try:
                Webhook(secret)
            except (ValueError, EmptyWebhookSecretError) as wrong:
                raise NoSecret("a secret is whsec_ and what follows it, in base64") from wrong

    @property
    def asgi(self) -> Starlette:
        """It takes requests on every path."""
        return Starlette(routes=[Route("/{path:path}", self._answer, methods=["POST"])])

    async def _answer(self, request: Request) -> Response:
        received = self.receive(await request.body(), request.headers)
        self.tell(received)
        return Response(status_code=received.status)

    def receive(self, body: bytes, headers: Mapping[str, str]) -> Received:
        """What a request is; names of headers are in lower case."""
        try:
            self._check(body, headers)
        except NotGenuine as refused:
            return Received(401, refused=str(refused))
        try:
            uuid, type_, entity_id, content, happened_at = _event(body)
        except NotAnEvent as refused:
            return Received(400, refused=str(refused))
        again = uuid in self._accepted
        if 200 <= self.status < 300:
            self._accepted.add(uuid)
        return Received(self.status, uuid, type_, entity_id, content, happened_at, again)

    def _check(self, body: bytes, headers: Mapping[str, str]) -> None:
        key = headers.get("x-api-key", "")
        if self.webhook_key is not None and not hmac.compare_digest(
            key.encode(), self.webhook_key.encode()
        ):
            raise NotGenuine("x-api-key is another key" if key else "there is no x-api-key")
        reason = None
        for secret in self.secrets:
            try:
                Webhook(secret).verify(body, dict(headers), json_parse=False)
            except WebhookVerificationError as wrong:
                reason = str(wrong).lower()
            except ValueError:
                reason = "it is not written as one"
            else:
                return
        if reason is not None:
            raise NotGenuine(f"the signature is not valid: {reason}")


def _event(body: bytes) -> tuple[str, str, int, Mapping[str, Any] | None, datetime]:
    try:
        told = json.loads(body)
        [what] = told["payload"]
        happened_at = _EPOCH + timedelta(milliseconds=int(what["timestamp"]))
        return (
            str(told["uuid"]),
            str(what["type"]),
            int(told["entityId"]),
            what.get("content"),
            happened_at,
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise NotAnEvent("the body is not that of an event") from error
