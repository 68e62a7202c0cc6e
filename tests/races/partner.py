"""A partner's product with many connections, spread over all servers of a house."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Iterable, Sequence
from contextlib import AsyncExitStack
from typing import Any, Self

import httpx

from tests.races.servers import KursplanServer
from tests.referee import Referee

CLIENTS = 6
CONNECTIONS = 10
"""Of each client: several small pools ask faster than a large one, so more of it is at once."""
PATIENCE_SECONDS = 60.0
"""Generous: an answer that takes longer does not come at all."""


class Partner:
    """Asks one of the servers, chosen at random for each request."""

    def __init__(self, servers: Sequence[KursplanServer], api_key: str) -> None:
        self._clients = [
            Referee(
                base_url=each.url,
                headers={"X-API-KEY": api_key},
                limits=httpx.Limits(max_connections=CONNECTIONS),
                timeout=PATIENCE_SECONDS,
                verify=False,  # There is nothing to verify, and getting ready for it takes time.
            )
            for each in servers
            for _ in range(CLIENTS)
        ]
        self._choice = random.Random(20260302)  # noqa: S311 - nothing depends on its being secret
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for each in self._clients:
            await self._open.enter_async_context(each)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        return await self._choice.choice(self._clients).request(method, path, **request)

    async def book(self, customer_id: int, slot_id: int, **headers: str) -> str:
        """Book, and in a word what came of it."""
        answer = await self.ask(
            "POST",
            "/v1/classes/booking/book",
            json={"customerId": customer_id, "classSlotId": slot_id},
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        return outcome(answer)

    async def cancel(self, booking_id: int) -> str:
        """Cancel, and in a word what came of it."""
        return outcome(await self.ask("DELETE", f"/v1/classes/booking/{booking_id}"))


def outcome(answer: httpx.Response) -> str:
    """`OK`, the status of a booking, or the code of the error."""
    if not answer.content:
        return "OK"
    told = answer.json()
    return str(told["bookingStatus"] if answer.is_success else told["errorCode"])


async def at_once(requests: Iterable[Awaitable[str]]) -> list[str]:
    """All of them in parallel; what came of each, in the order in which they are given."""
    return list(await asyncio.gather(*requests))
