"""One thing asked for far too often does not keep another from being done (F55)."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

from tests.audit import audit
from tests.gym import Gym
from tests.races.partner import Partner, at_once
from tests.races.servers import KursplanServer

LIMIT = 30


async def test_a_storm_of_validate_does_not_keep_customers_from_booking(
    gym: Gym, database_url: str
) -> None:
    slot = await gym.slot("spin", seats=None, day=gym.now.date() + timedelta(days=1))
    crowd = await gym.customers(LIMIT)
    server = KursplanServer(database_url, RATE_LIMIT=LIMIT)
    try:
        async with Partner([server], await gym.key()) as partner:

            async def validate() -> str:
                asked = {"customerId": crowd[0], "classSlotId": slot}
                answer = await partner.ask("POST", "/v1/classes/booking/validate", json=asked)
                return str(answer.status_code)

            storm = [validate() for _ in range(10 * LIMIT)]
            books = [partner.book(each, slot) for each in crowd]
            outcomes = await at_once([*storm[: 5 * LIMIT], *books, *storm[5 * LIMIT :]])
    finally:
        await asyncio.to_thread(server.stop)

    booked = outcomes[5 * LIMIT : 5 * LIMIT + len(crowd)]
    assert Counter(booked) == {"BOOKED": len(crowd)}
    validated = Counter(outcomes) - Counter(booked)
    assert set(validated) == {"200", "429"}
    await audit(gym.database, gym.organization, gym.now)
