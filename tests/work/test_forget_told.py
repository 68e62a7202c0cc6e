"""Events that were told long ago are dropped with all that hangs on them, and nothing else is."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from itertools import pairwise

import pytest
from sqlalchemy import Connection, insert, select

from kursplan.desk.endpoints import DisableEndpoint, EnableEndpoint
from kursplan.desk.resend import Resend
from kursplan.doctor import examine
from kursplan.domain.events import EventType
from kursplan.domain.webhooks import DeliveryStatus
from kursplan.metrics import Metrics
from kursplan.store import tables
from kursplan.store.outbox.dispatch import dispatch_all
from kursplan.store.retention import DELIVERIES_AT_ONCE, EVENTS_AT_ONCE
from kursplan.webhooks.client import WebhookClient, trusted
from kursplan.webhooks.egress import EgressPolicy
from kursplan.work.forget_told import KEPT_DAYS, WALKED_EVERY, ForgetTold
from kursplan.work.house_clock import HouseClock
from kursplan.work.loop import Background
from tests.gym import MONDAY, Gym
from tests.webhooks.partner import Partners
from tests.webhooks.receiver import answers, receiving

KEPT = timedelta(days=KEPT_DAYS)
A_DAY = timedelta(days=1)


@pytest.fixture
async def partners(gym: Gym) -> AsyncIterator[Partners]:
    async with (
        receiving(None) as receiver,
        WebhookClient(EgressPolicy(insecure=True), trusted()) as post,
    ):
        yield Partners(gym, receiver, post)


async def happens(partners: Partners) -> None:
    """Something far ahead of which the partner is told, whenever that is."""
    day = MONDAY + timedelta(days=300)
    await partners.event(entity_id=await partners.gym.slot(day=day))
    await partners.tell()


async def forget_all(gym: Gym) -> None:
    """A whole walk of a process that has just started."""
    step = ForgetTold(gym.database, gym.clock)
    while await step():
        pass


async def left(gym: Gym) -> tuple[int, int, int]:
    """How many events, deliveries and attempts there are."""
    return (
        await gym.count(tables.event),
        await gym.count(tables.delivery),
        await gym.count(tables.attempt),
    )


async def test_what_was_told_goes_as_a_whole_when_its_time_is_over(partners: Partners) -> None:
    gym = partners.gym
    await partners.endpoint()
    for _ in range(3):
        await happens(partners)
        gym.clock.advance(A_DAY)
    assert await left(gym) == (3, 3, 3)

    gym.clock.advance(KEPT - 3 * A_DAY)
    await forget_all(gym)
    assert await left(gym) == (3, 3, 3), "not before"

    gym.clock.advance(timedelta(milliseconds=1))
    await forget_all(gym)
    assert await left(gym) == (2, 2, 2)


async def test_nobody_listened_and_it_goes_all_the_same(partners: Partners) -> None:
    gym = partners.gym
    await happens(partners)
    gym.clock.advance(KEPT + A_DAY)
    assert await left(gym) == (1, 0, 0)
    await forget_all(gym)
    assert await left(gym) == (0, 0, 0)


async def test_the_last_attempt_counts_and_not_the_first(partners: Partners) -> None:
    gym = partners.gym
    await partners.endpoint()
    await happens(partners)
    gym.clock.advance(KEPT)
    [delivery] = await partners.deliveries()
    await gym.take(Resend(gym.organization, delivery.id))
    await partners.tell()
    gym.clock.advance(KEPT)

    await forget_all(gym)
    assert await left(gym) == (1, 1, 2)
    gym.clock.advance(timedelta(milliseconds=1))
    await forget_all(gym)
    assert await left(gym) == (0, 0, 0)


async def test_nothing_goes_of_what_is_still_to_be_sent_to_anybody(partners: Partners) -> None:
    """One was told, another is disabled, a third was never answered: no age lets the event go."""
    gym = partners.gym
    _, disabled, _ = [await partners.endpoint(path) for path in ("/told", "/disabled", "/pending")]
    await gym.take(DisableEndpoint(gym.organization, disabled.id))
    partners.receiver.does("/pending", answers(500), answers(204))
    await happens(partners)
    assert await partners.statuses() == [
        DeliveryStatus.DELIVERED,
        DeliveryStatus.HELD,
        DeliveryStatus.PENDING,
    ]
    gym.clock.advance(3 * KEPT)
    await forget_all(gym)
    assert await left(gym) == (1, 3, 2)

    await partners.resends(EnableEndpoint(gym.organization, disabled.id, resend_missed=True))
    await partners.tell()
    assert await partners.statuses() == [DeliveryStatus.DELIVERED] * 3
    gym.clock.advance(KEPT + A_DAY)
    await forget_all(gym)
    assert await left(gym) == (0, 0, 0)


@pytest.mark.parametrize("status", [DeliveryStatus.PENDING, DeliveryStatus.HELD])
async def test_one_that_is_still_to_be_sent_keeps_its_event_by_itself(
    partners: Partners, status: DeliveryStatus
) -> None:
    gym = partners.gym
    endpoint = await partners.endpoint("/slow")
    if status is DeliveryStatus.HELD:
        await gym.take(DisableEndpoint(gym.organization, endpoint.id))
    partners.receiver.does("/slow", answers(500))
    await happens(partners)
    assert await partners.statuses() == [status]
    gym.clock.advance(3 * KEPT)
    await forget_all(gym)
    assert await partners.statuses() == [status]
    assert await gym.count(tables.event) == 1


async def test_what_was_not_fanned_out_stays(partners: Partners) -> None:
    gym = partners.gym
    await partners.endpoint()
    await partners.event()
    gym.clock.advance(2 * KEPT)
    await forget_all(gym)
    assert await left(gym) == (1, 0, 0)


async def test_the_doctor_does_not_miss_what_was_dropped(gym: Gym) -> None:
    """A slot that was cancelled far ahead is one that it still looks for."""
    soon, far_ahead = [
        await gym.slot(day=MONDAY + timedelta(days=days)) for days in (1, KEPT_DAYS + 10)
    ]
    places = [await gym.booked(each, soon) for each in await gym.customers(2)]
    await gym.cancel(places[0].booking_id)
    await gym.cancel_slot(far_ahead)
    gym.clock.advance(timedelta(hours=1))

    # As the fan-out does where nobody listens.
    await gym.database.write(partial(dispatch_all, organization_id=gym.organization, now=gym.now))
    gym.clock.advance(KEPT)
    await forget_all(gym)

    assert await gym.told_since([]) == [(EventType.CLASS_SLOT_CANCELLED, far_ahead)]
    examined = partial(examine, organization_id=gym.organization, now=gym.now)
    assert await gym.database.read(examined) == []


async def many_events(partners: Partners, count: int) -> None:
    """As many as one that was told."""
    gym = partners.gym
    await happens(partners)
    [event] = await gym.database.read(lambda tx: tx.execute(select(tables.event)).all())
    rows = [event._asdict() | {"id": event.id + n, "uuid": f"{n:036}"} for n in range(1, count)]
    await gym.database.write(lambda tx: tx.execute(insert(tables.event), rows))


async def test_many_go_in_portions_by_any_number_of_processes(partners: Partners) -> None:
    gym = partners.gym
    await many_events(partners, 2 * EVENTS_AT_ONCE + 10)
    gym.clock.advance(KEPT + A_DAY)
    steps = [ForgetTold(gym.database, gym.clock) for _ in range(2)]
    counts = [await gym.count(tables.event)]
    while any(await asyncio.gather(*(step() for step in steps))):
        counts.append(await gym.count(tables.event))

    assert counts[0] == 2 * EVENTS_AT_ONCE + 10
    assert counts[-1] == 0
    # Never more at once than a portion of each.
    assert max(more - less for more, less in pairwise(counts)) <= 2 * EVENTS_AT_ONCE


async def test_an_event_that_many_were_told_of_is_a_portion_by_itself(partners: Partners) -> None:
    gym = partners.gym
    endpoint = await partners.endpoint()
    for _ in range(2):
        await happens(partners)
    [first, _] = await gym.database.read(
        lambda tx: tx.execute(select(tables.delivery).order_by(tables.delivery.c.id)).all()
    )
    endpoints = [endpoint.id + 1_000_000 + n for n in range(DELIVERIES_AT_ONCE)]
    [row] = await gym.database.read(lambda tx: tx.execute(select(tables.webhook_endpoint)).all())
    further = [row._asdict() | {"id": n, "key": str(n)} for n in endpoints]
    told = [first._asdict() | {"id": n, "endpoint_id": n} for n in endpoints]

    def write(tx: Connection) -> None:
        tx.execute(insert(tables.webhook_endpoint), further)
        tx.execute(insert(tables.delivery), told)

    await gym.database.write(write)
    gym.clock.advance(KEPT + A_DAY)
    step = ForgetTold(gym.database, gym.clock)

    assert await step()
    assert await left(gym) == (1, 1, 1)
    assert await step()
    assert await left(gym) == (0, 0, 0)


async def test_what_is_old_and_kept_is_passed_once_a_day(partners: Partners) -> None:
    """Otherwise each step would look through all of it again."""
    gym = partners.gym
    endpoint = await partners.endpoint()
    await gym.take(DisableEndpoint(gym.organization, endpoint.id))
    await happens(partners)
    gym.clock.advance(KEPT + A_DAY)
    step = ForgetTold(gym.database, gym.clock)
    assert [await step() for _ in range(3)] == [True, False, False]
    await partners.resends(EnableEndpoint(gym.organization, endpoint.id))

    gym.clock.advance(WALKED_EVERY - timedelta(milliseconds=1))
    assert not await step()
    gym.clock.advance(timedelta(milliseconds=1))
    assert await step()


async def test_the_loop_does_it_after_as_many_days_as_are_set(partners: Partners) -> None:
    gym = partners.gym
    await partners.endpoint()
    for _ in range(3):
        await happens(partners)
        gym.clock.advance(A_DAY)
    background = Background(
        gym.desk,
        gym.database,
        HouseClock(gym.clock),
        Metrics(),
        horizon_days=1,
        events_kept_days=2,
    )
    await background.round()
    assert await left(gym) == (2, 2, 2)
