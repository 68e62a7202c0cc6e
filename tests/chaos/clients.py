"""Good clients: they book and cancel, and ask again with the same key until they are answered."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence

import httpx

from kursplan.ids import new_uuid
from tests.chaos.ledger import Ledger

RETRY_SECONDS = 0.05
"""How long a client waits before it asks again the first time; then twice as long, and so on."""
LONGEST_SECONDS = 1.0
"""But no longer than that, nor where it is told to: the house is to be met as soon as it is back."""
PATIENCE_SECONDS = 10.0
"""After which a client gives an answer up, and asks again."""
EXPECTED = frozenset({200, 400, 404, 409, 503})


class Client:
    """One customer, who takes places and gives them up again."""

    def __init__(
        self,
        customer_id: int,
        slots: Sequence[int],
        api_key: str,
        where: Callable[[], str],
        ledger: Ledger,
        dice: random.Random,
        answered: Callable[[], None],
    ) -> None:
        """`where` says which server to ask now, and `answered` is told of each booking."""
        self._customer_id = customer_id
        self._slots = slots
        self._headers = {"X-API-KEY": api_key}
        self._where = where
        self._ledger = ledger
        self._dice = dice
        self._answered = answered
        self._held: dict[int, int] = {}

    async def come_and_go(self, until: asyncio.Event) -> None:
        """Go on until then; what was begun is brought to its end, so that its answer is known."""
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, verify=False) as client:  # noqa: S501 - plain HTTP
            while not until.is_set():
                slot_id = self._dice.choice(self._slots)
                if slot_id in self._held:
                    await self._cancel(client, slot_id)
                else:
                    await self._book(client, slot_id)
                await asyncio.sleep(self._dice.uniform(0, 0.2))

    async def _book(self, client: httpx.AsyncClient, slot_id: int) -> None:
        answer = await self._ask(
            client,
            "POST",
            "/v1/classes/booking/book",
            {"customerId": self._customer_id, "classSlotId": slot_id},
        )
        if answer.is_success:
            booking_id = answer.json()["bookingId"]
            self._held[slot_id] = booking_id
            self._ledger.booked(booking_id, self._customer_id, slot_id)
            self._answered()

    async def _cancel(self, client: httpx.AsyncClient, slot_id: int) -> None:
        booking_id = self._held.pop(slot_id)
        answer = await self._ask(client, "DELETE", f"/v1/classes/booking/{booking_id}")
        if answer.is_success:
            self._ledger.cancelled(booking_id)
            self._answered()

    async def _ask(
        self,
        client: httpx.AsyncClient,
        method: str,
        path: str,
        body: Mapping[str, int] | None = None,
    ) -> httpx.Response:
        """Ask until there is an answer, with one key: how often it is asked, it is one request."""
        headers = self._headers | {"Idempotency-Key": new_uuid()}
        wait = RETRY_SECONDS
        while True:
            wait = min(2 * wait, LONGEST_SECONDS)
            try:
                answer = await client.request(
                    method, f"{self._where()}{path}", headers=headers, json=body
                )
            except httpx.TransportError:
                self._ledger.answers["no answer"] += 1
            else:
                self._ledger.answers[_word(answer)] += 1
                if answer.status_code not in EXPECTED:
                    self._ledger.faults.append(
                        f"{method} {path}: {answer.status_code} {answer.text}"
                    )
                if not _again(answer):
                    return answer
                wait = min(float(answer.headers.get("retry-after", wait)), LONGEST_SECONDS)
            await asyncio.sleep(wait * self._dice.uniform(0.5, 1))


def _again(answer: httpx.Response) -> bool:
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        return True
    return answer.status_code == httpx.codes.CONFLICT


def _word(answer: httpx.Response) -> str:
    """The status, and of an error its code; that an answer is a repeated one, too."""
    if answer.is_success:
        repeated = answer.headers.get("idempotency-replayed") == "true"
        return "200, repeated" if repeated else "200"
    try:
        return f"{answer.status_code} {answer.json()['errorCode']}"
    except (ValueError, KeyError):
        return str(answer.status_code)
