"""Somebody holds what a booking needs, and does not let go (F16)."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from datetime import timedelta

from kursplan.store import tables
from tests.audit import audit
from tests.gym import Gym
from tests.races.locked import locked
from tests.races.partner import Partner, at_once
from tests.races.servers import KursplanServer

NEVER_SECONDS = 30.0
"""Who waits that long hangs."""
GRACE_SECONDS = 15.0
"""How long a stop may take (see `kursplan.cli.serve`)."""


async def test_who_meets_a_lock_is_told_soon_and_leaves_nothing_behind(
    gym: Gym, database_url: str
) -> None:
    slot = await gym.slot("spin", day=gym.now.date() + timedelta(days=1))
    crowd = await gym.customers(10)
    server = KursplanServer(database_url, LOCK_WAIT_MS=200)
    try:
        async with Partner([server], await gym.key()) as partner:
            async with locked(database_url, slot):
                began = time.monotonic()
                outcomes = await at_once(partner.book(each, slot) for each in crowd)
                assert time.monotonic() - began < NEVER_SECONDS

            assert set(outcomes) <= {"SERVER_BUSY", "CONCURRENTLY_CHANGED"}
            assert await gym.count(tables.booking) == 0
            assert await gym.told() == []
            await audit(gym.database, gym.organization, gym.now)

            outcomes = await at_once(partner.book(each, slot) for each in crowd)
            assert Counter(outcomes) == {"BOOKED": len(crowd)}
            await audit(gym.database, gym.organization, gym.now)
    finally:
        await asyncio.to_thread(server.stop)


async def test_a_stop_does_not_wait_for_who_holds_a_slot(gym: Gym, database_url: str) -> None:
    """Everybody has an answer, and the process ends while the slot is still held."""
    slot = await gym.slot("spin", day=gym.now.date() + timedelta(days=1))
    crowd = await gym.customers(50)
    server = KursplanServer(database_url, LOCK_WAIT_MS=200)
    try:
        async with Partner([server], await gym.key()) as partner, locked(database_url, slot):
            books = [asyncio.ensure_future(partner.book(each, slot)) for each in crowd]
            await asyncio.wait(books, return_when=asyncio.FIRST_COMPLETED)
            os.kill(server.pid, signal.SIGTERM)
            async with asyncio.timeout(GRACE_SECONDS):
                outcomes = await asyncio.gather(*books)
                await asyncio.to_thread(server.wait)
        assert set(outcomes) == {"SERVER_BUSY"}
        assert await gym.count(tables.booking) == 0
    finally:
        await asyncio.to_thread(server.stop)
