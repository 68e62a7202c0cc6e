"""Endpoints that hang keep no other waiting, however many they are (F46).

No time is measured: the receiver holds every request to one that hangs until the test is over, and what
others are told has come by then.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from kursplan.domain.attempts import Rooms
from kursplan.domain.webhooks import DeliveryStatus
from kursplan.work.relay import OutboxRelay
from tests.gym import Gym
from tests.webhooks.partner import Endpoint, Partners
from tests.webhooks.receiver import Receiver, receiving, waits
from tests.webhooks.test_dispatch import SLOT_UPDATED

HANGING = 60
EVENTS = 8
ROOMS = Rooms(answering=8, new=8, failing=8, slow=8)
SLOW_AFTER = timedelta(milliseconds=50)


@pytest.fixture
async def silent() -> AsyncIterator[Receiver]:
    """Where whoever hangs listens: no request is answered."""
    async with receiving(None) as receiver:
        yield receiver
        receiver.go_on.set()


@pytest.fixture
async def telling(partners: Partners) -> AsyncIterator[OutboxRelay]:
    """The loop as it runs in production, with few places; it rests for an hour unless it is woken."""
    gym = partners.gym
    partners.teller = partners.another_teller(rooms=ROOMS, slow_after=SLOW_AFTER)
    partners.teller.telling = OutboxRelay(
        gym.database,
        gym.clock,
        partners.teller.courier,
        gym.desk.committed,
        partners.teller.metrics,
        interval=3600,
    )
    return partners.teller.telling


async def hang(partners: Partners, silent: Receiver, **values: datetime | None) -> None:
    """Many endpoints of one integration hang, each with several events to be told of."""
    integration = await partners.integration()
    silent.does("/hang", waits)
    for number in range(HANGING):
        await partners.endpoint(
            of=integration,
            key=str(number),
            url=silent.url("/hang"),
            is_default=False,
            types=[SLOT_UPDATED],
            **values,
        )
    for _ in range(2):
        await partners.event()


@pytest.fixture
async def others(partners: Partners) -> Partners:
    """Another organization, whose ids come later."""
    gym = await Gym(partners.gym.database, partners.clock, first_id=50_000).open()
    return Partners(gym, partners.receiver, partners.post)


async def told(partners: Partners, endpoint: Endpoint) -> None:
    """One event after the other happens, and is told."""
    for count in range(1, EVENTS + 1):
        await partners.event()
        await partners.receiver.comes(endpoint.path, count)


KNOWN = {"new": (), "answering": ("answered_at",), "failing": ("failing_since", "failed_at")}
"""By what is known of an endpoint: the times that say so."""


@pytest.mark.parametrize(
    ("where", "known", "living"),
    [
        ("another organization", "new", "never asked"),
        ("another organization", "answering", "answering"),
        ("another organization", "failing", "answering"),
        ("the same organization", "new", "never asked"),
        ("the same organization", "answering", "answering"),
        ("the same organization", "failing", "never asked"),
    ],
)
async def test_one_that_answers_is_told_of_everything_while_many_hang(
    partners: Partners,
    others: Partners,
    silent: Receiver,
    telling: OutboxRelay,
    where: str,
    known: str,
    living: str,
) -> None:
    """Whatever is known of those that hang when the process starts, and of the one that does not."""
    now = partners.clock.now()
    hanging = others if where == "another organization" else partners
    await hang(hanging, silent, **dict.fromkeys(KNOWN[known], now))
    telling.start()
    await silent.comes("/hang", 2)

    endpoint = await partners.endpoint("/living", answers=living == "answering")
    await told(partners, endpoint)

    assert len(silent.received) == silent.open_connections, "all of them are still held"
    silent.go_on.set()
    await telling.stop()
    assert await partners.statuses(endpoint) == [DeliveryStatus.DELIVERED] * EVENTS


async def test_one_is_told_of_everything_while_others_of_its_host_hang(
    partners: Partners, others: Partners, telling: OutboxRelay
) -> None:
    """A host that many share is not dead because some there hang."""
    await hang(others, partners.receiver)
    telling.start()
    await partners.receiver.comes("/hang", 2)
    living = await partners.endpoint("/living")
    await told(partners, living)
    partners.receiver.go_on.set()
    await telling.stop()


async def test_who_answered_before_makes_room_when_it_hangs(
    partners: Partners, telling: OutboxRelay
) -> None:
    """Many organizations, each with a host of its own: nothing tells them from one that answers."""
    async with receiving(None, "0.0.0.0") as silent:  # noqa: S104
        silent.does("/hang", waits)
        for number in range(1, ROOMS.answering + 1):
            gym = partners.gym
            other = await Gym(gym.database, partners.clock, first_id=50_000 * number).open()
            one = Partners(other, silent, partners.post)
            url = silent.url("/hang", host=f"127.0.0.{number}")
            await one.endpoint("/hang", url=url, answers=True)
            await one.event()
        telling.start()
        await silent.comes("/hang", ROOMS.answering)
        living = await partners.endpoint("/living", answers=True)
        await told(partners, living)
        assert silent.open_connections == len(silent.received)
        silent.go_on.set()
        await telling.stop()
