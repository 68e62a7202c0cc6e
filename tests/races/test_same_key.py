"""Requests under one idempotency key at the same instant, over two processes on PostgreSQL (F17).

Who comes first is left to chance; what may come of it is not. `make soak` plays many more rounds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from hypothesis import settings

from kursplan.store import tables
from tests.audit import audit
from tests.gym import Gym
from tests.races.partner import Partner, outcome
from tests.races.servers import KursplanServer

ROUNDS = 10
SOAK = 100
"""How many times more rounds `make soak` plays."""
REPLAYED = "Idempotency-Replayed"


@pytest.fixture
def servers(database_url: str) -> Iterator[list[KursplanServer]]:
    running: list[KursplanServer] = []
    try:
        for _ in range(2):
            running.append(KursplanServer(database_url))  # noqa: PERF401 - those started are stopped
        yield running
    finally:
        for each in running:
            each.stop()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
async def test_of_two_requests_under_one_key_one_is_done_however_often_both_are_sent(
    gym: Gym, servers: list[KursplanServer]
) -> None:
    tomorrow = gym.now.date() + timedelta(days=1)
    places = [(await gym.customer(), await gym.slot("spin", day=tomorrow)) for _ in range(2)]
    rounds = ROUNDS * (SOAK if settings.get_current_profile_name() == "soak" else 1)
    async with Partner(servers, await gym.key()) as partner:

        async def ask(place: tuple[int, int], key: str) -> httpx.Response:
            body = dict(zip(("customerId", "classSlotId"), place, strict=True))
            named = {"Idempotency-Key": key}
            return await partner.ask("POST", "/v1/classes/booking/book", json=body, headers=named)

        for number in range(rounds):
            key = f"round {number}"
            asked = [place for place in places for _ in range(3)]
            answers = await asyncio.gather(*(ask(place, key) for place in asked))

            [won] = {p for p, each in zip(asked, answers, strict=True) if each.is_success}
            told = [each for p, each in zip(asked, answers, strict=True) if p == won]
            lost = [each for p, each in zip(asked, answers, strict=True) if p != won]
            booking = told[0].json()
            assert booking["bookingStatus"] == "BOOKED"
            assert [each.json() for each in told] == [booking] * 3
            assert sorted(each.headers.get(REPLAYED, "") for each in told) == ["", "true", "true"]
            assert [outcome(each) for each in lost] == ["IDEMPOTENCY_KEY_REUSED"] * 3

            assert await partner.cancel(booking["bookingId"]) == "OK"
            since = await ask(won, key)
            assert since.json() == booking | {"bookingStatus": "CANCELED"}
    assert await gym.count(tables.booking) == rounds
    assert await gym.count(tables.idempotency_key) == rounds
    await audit(gym.database, gym.organization, gym.now)
