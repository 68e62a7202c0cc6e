"""Servers are killed again and again while bookings come in, and no event is lost (F44, F45).

A claim of a process that died lapses after a minute. The test does not wait for that: at the end
another process goes on, by a clock that is ahead.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from kursplan.clock import HandClock, SystemClock
from kursplan.domain.events import EventType
from kursplan.domain.webhooks import DeliveryStatus
from kursplan.webhooks.deliver import CLAIM_LASTS
from tests.audit import audit
from tests.gym import Gym
from tests.races.partner import Partner
from tests.races.servers import KursplanServer
from tests.webhooks.partner import Partners

SERVERS = {"sqlite": 1, "postgresql": 2}
ROUNDS = 3
CROWD = 60
CANCELLED = EventType.CLASS_BOOKING_CANCELLED


@pytest.fixture
def clock() -> HandClock:
    """The servers have the machine's clock."""
    return HandClock(SystemClock().now())


class House:
    """The servers of a house, of which one is killed now and then."""

    def __init__(self, database_url: str, count: int, authority: Path) -> None:
        self._database_url = database_url
        self._authority = authority
        self.running: list[KursplanServer] = []
        for _ in range(count):
            self.start()

    def start(self) -> None:
        self.running.append(
            KursplanServer(self._database_url, WEBHOOKS_INSECURE="on", WEBHOOKS_CA=self._authority)
        )

    def kill_one(self) -> None:
        self.running.pop(0).kill()

    def stop(self) -> None:
        for each in self.running:
            each.stop()


@pytest.fixture
def house(kind: str, database_url: str, authority_file: Path) -> Iterator[House]:
    house = House(database_url, SERVERS[kind], authority_file)
    yield house
    house.stop()


class Crowd:
    """Customers who book and cancel without end, until the connection breaks."""

    def __init__(self, partner: Partner, slot: int, *, enough: int) -> None:
        self.has_enough = asyncio.Event()
        """Set once they got that many answers."""
        self.lost = 0
        self._partner = partner
        self._slot = slot
        self._enough = enough

    def _is_answered(self) -> None:
        self._enough -= 1
        if self._enough == 0:
            self.has_enough.set()

    async def come_and_go(self, customer_id: int) -> None:
        place = {"customerId": customer_id, "classSlotId": self._slot}
        try:
            while True:
                booked = await self._partner.ask("POST", "/v1/classes/booking/book", json=place)
                if booked.is_success:
                    booking_id = booked.json()["bookingId"]
                else:
                    assert booked.json()["errorCode"] == "CUSTOMER_ALREADY_BOOKED"
                    found = await self._partner.ask(
                        "GET", f"/v1/classes/booking?customerId={customer_id}"
                    )
                    [booking_id] = [
                        each["bookingId"]
                        for each in found.json()
                        if each["bookingStatus"] != "CANCELED"
                    ]
                self._is_answered()
                cancelled = await self._partner.ask("DELETE", f"/v1/classes/booking/{booking_id}")
                assert cancelled.is_success
                self._is_answered()
        except httpx.TransportError:
            self.lost += 1


@pytest.mark.parametrize("seed", [20260302])
async def test_every_committed_change_is_told_although_servers_are_killed_all_the_time(
    gym: Gym, partners: Partners, house: House, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - nothing depends on its being secret
    everything = await partners.endpoint("/everything")
    cancelled = await partners.endpoint("/cancelled", types=[CANCELLED])
    await gym.klass(max_participants=None)
    slot = await gym.slot(seats=None, day=gym.now.date() + timedelta(days=1))
    customers = await gym.customers(CROWD)
    lost = 0
    for _ in range(ROUNDS):
        async with Partner(house.running, everything.integration.api_key) as partner:
            # At any point: it is the number of answers that decides.
            crowd = Crowd(partner, slot, enough=dice.randint(1, 300))
            coming = [asyncio.create_task(crowd.come_and_go(each)) for each in customers]
            await crowd.has_enough.wait()
            await asyncio.to_thread(house.kill_one)
            done, _ = await asyncio.wait(coming, return_when=asyncio.FIRST_COMPLETED)
            for each in coming:
                each.cancel()
            for end in await asyncio.gather(*coming, return_exceptions=True):
                assert end is None or isinstance(end, asyncio.CancelledError), end
            assert done
            lost += crowd.lost
        await asyncio.to_thread(house.start)
    assert lost, "somebody was in the middle of it"
    while house.running:
        await asyncio.to_thread(house.kill_one)
    told_by_the_servers = len(partners.receiver.received)
    assert told_by_the_servers

    clock = HandClock(SystemClock().now() + CLAIM_LASTS + timedelta(seconds=1))
    await partners.another_teller(clock=clock).telling.round()

    events = {each.uuid: (each.type.value, each.entity_id) for each in await gym.told()}
    assert len(events) > CROWD
    for endpoint, types in ((everything, set(EventType)), (cancelled, {CANCELLED})):
        received = partners.receiver.on(endpoint.path)
        wanted = {uuid: event for uuid, event in events.items() if event[0] in types}
        assert {each.uuid: each.event for each in received} == wanted
        bodies = Counter({(each.uuid, each.body) for each in received})
        assert len(bodies) == len(wanted), "what came twice says the same"
        assert set(await partners.statuses(endpoint)) == {DeliveryStatus.DELIVERED}
    await audit(gym.database, gym.organization, clock.now())
