"""Deliver: what becomes of a delivery that succeeds, fails, is slow, or loses its process."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import asyncpg
import pytest
from standardwebhooks import Webhook
from structlog.testing import capture_logs
from trustme import CA

from kursplan.app import Application
from kursplan.desk.endpoints import EnableEndpoint
from kursplan.domain.actors import THE_HOUSE
from kursplan.domain.attempts import EACH_AT_ONCE, Rooms
from kursplan.domain.webhooks import DeliveryStatus, Disabled, Failure
from kursplan.ids import new_webhook_secret
from kursplan.metrics import Metrics
from kursplan.settings import Settings
from kursplan.store import tables
from kursplan.store.engine.database import Database
from kursplan.store.engine.trouble import DatabaseUnavailable, Work
from kursplan.store.staff import history
from kursplan.webhooks.client import WebhookClient
from kursplan.webhooks.deliver import CLAIM_LASTS, DeliveryWorker
from kursplan.webhooks.egress import EgressPolicy
from kursplan.work.relay import OutboxRelay
from tests.gym import Gym
from tests.referee import Referee
from tests.webhooks.partner import Partners, Teller, fanned_out
from tests.webhooks.receiver import (
    Behaviour,
    Exchange,
    Received,
    answers,
    certified,
    never_ends,
    receiving,
    says,
    waits,
)
from tests.webhooks.test_dispatch import SLOT_UPDATED

T = TypeVar("T")

PENDING, DELIVERED = DeliveryStatus.PENDING, DeliveryStatus.DELIVERED
FAILED, HELD = DeliveryStatus.FAILED, DeliveryStatus.HELD
TEN_MINUTES = timedelta(minutes=10)
MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
def hasty(partners: Partners, hasty_post: WebhookClient) -> Partners:
    """The process that tells has little time for each exchange."""
    partners.post = hasty_post
    partners.teller = partners.another_teller()
    return partners


async def fan_out_all(partners: Partners) -> None:
    while await fanned_out(partners.gym):
        pass


async def begin(partners: Partners, teller: Teller | None = None) -> bool:
    """Begin what is due, and do not wait for what comes of it; whether anything was begun."""
    gym = partners.gym
    await fan_out_all(partners)
    sent = await (teller or partners.teller).courier.send_due([gym.organization])
    return sent.begun == {gym.organization: True}


# What becomes of a delivery.


async def test_what_was_accepted_is_done(partners: Partners) -> None:
    await partners.endpoint()
    slot = await partners.event()
    partners.clock.advance(timedelta(seconds=3))
    await partners.tell()

    [delivery] = await partners.deliveries()
    assert (delivery.status, delivery.entity_id) == (DELIVERED, slot)
    assert (delivery.attempts, delivery.failed_attempts) == (1, 0)
    assert (delivery.claimed_until, delivery.finished_at) == (None, partners.clock.now())
    [attempt] = await partners.attempts()
    assert (attempt.delivery_id, attempt.number) == (delivery.id, 1)
    assert attempt.attempted_at == partners.clock.now()
    assert attempt.milliseconds >= 0
    assert (attempt.status_code, attempt.failure, attempt.excerpt) == (204, None, None)


async def test_what_fails_is_repeated_three_times_ten_minutes_apart(partners: Partners) -> None:
    """The contract; F46 by its schedule."""
    await partners.endpoint()
    partners.receiver.does("/hook", answers(500, b"out of order"))
    await partners.event()
    began = partners.clock.now()
    await partners.tell()
    for repeat in (1, 2, 3):
        [delivery] = await partners.deliveries()
        assert (delivery.status, delivery.attempts) == (PENDING, repeat)
        assert delivery.due_at == began + repeat * TEN_MINUTES
        partners.clock.set(delivery.due_at - MILLISECOND)
        await partners.tell()
        assert len(partners.receiver.received) == repeat
        partners.clock.set(delivery.due_at)
        await partners.tell()
        assert len(partners.receiver.received) == repeat + 1

    await partners.later(days=30)
    [delivery] = await partners.deliveries()
    assert (delivery.status, delivery.attempts, delivery.failed_attempts) == (FAILED, 4, 4)
    assert delivery.finished_at == began + 3 * TEN_MINUTES
    assert len(partners.receiver.received) == 4
    assert len({each.body for each in partners.receiver.received}) == 1
    assert [
        (each.number, each.attempted_at - began, each.status_code, each.failure, each.excerpt)
        for each in await partners.attempts()
    ] == [(n + 1, n * TEN_MINUTES, 500, Failure.STATUS, "out of order") for n in range(4)]


async def test_a_repeat_that_is_accepted_ends_it(partners: Partners) -> None:
    await partners.endpoint()
    partners.receiver.does("/hook", answers(500), answers(404), answers(202))
    await partners.event()
    await partners.tell()
    await partners.later(minutes=10)
    await partners.later(minutes=10)
    await partners.later(minutes=10)
    assert await partners.statuses() == [DELIVERED]
    assert [(each.status_code, each.failure) for each in await partners.attempts()] == [
        (500, Failure.STATUS),
        (404, Failure.STATUS),
        (202, None),
    ]


async def test_every_attempt_is_signed_anew_and_says_the_same(partners: Partners) -> None:
    await partners.endpoint()
    partners.receiver.does("/hook", answers(500), answers(204))
    await partners.event()
    await partners.tell()
    await partners.later(minutes=10)
    first, second = partners.receiver.received
    assert (first.body, first.uuid) == (second.body, second.uuid)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    stamps = [int(each.headers["webhook-timestamp"]) for each in (first, second)]
    assert stamps[1] - stamps[0] == 600
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


async def test_an_integration_may_have_a_plan_of_its_own(partners: Partners) -> None:
    """Here with steps that grow, and some chance in them."""
    steps = [60, 600, 6000, 60_000]
    integration = await partners.integration(retry_seconds=steps, retry_jitter_percent=50)
    await partners.endpoint(of=integration)
    partners.receiver.does("/hook", answers(500))
    await partners.event()
    await partners.tell()
    for step in steps:
        [delivery] = await partners.deliveries()
        wait = (delivery.due_at - partners.clock.now()).total_seconds()
        assert step <= wait <= step * 1.5
        partners.clock.set(delivery.due_at)
        await partners.tell()
    assert await partners.statuses() == [FAILED]
    assert len(partners.receiver.received) == 5


async def test_the_chance_in_a_wait_differs_from_delivery_to_delivery(partners: Partners) -> None:
    integration = await partners.integration(retry_seconds=[3600], retry_jitter_percent=100)
    await partners.endpoint(of=integration)
    partners.receiver.does("/hook", answers(500))
    for _ in range(6):
        await partners.event()
    await partners.tell()
    assert len({each.due_at for each in await partners.deliveries()}) > 1


async def test_a_plan_without_repeats_gives_up_at_once(partners: Partners) -> None:
    await partners.endpoint(of=await partners.integration(retry_seconds=[]))
    partners.receiver.does("/hook", answers(500))
    await partners.event()
    await partners.tell()
    assert await partners.statuses() == [FAILED]


async def test_an_endpoint_that_asks_for_time_gets_it_within_reason(partners: Partners) -> None:
    """Never less than the plan has, and never more than a day."""
    planned, day = 600, 86_400
    asked = {60: planned, planned: planned, 601: 601, 7200: 7200, day + 1: day, 10**7: day}
    for seconds in asked:
        await partners.endpoint(f"/{seconds}")
        status = 429 if seconds % 2 else 503
        partners.receiver.does(f"/{seconds}", answers(status, retry_after=str(seconds)))
    await partners.event()
    await partners.tell()
    waits_for = [each.due_at - partners.clock.now() for each in await partners.deliveries()]
    assert [each.total_seconds() for each in waits_for] == list(asked.values())


async def test_every_kind_of_failure_is_kept_with_its_name(hasty: Partners) -> None:
    receiver = hasty.receiver
    receiver.does("/slow", waits)
    receiver.does("/garbage", says(b"220 smtp.example.com ESMTP\r\n\r\n"))
    receiver.does("/redirect", answers(302, b"over there", location=receiver.url("/hook")))
    async with receiving(None) as closed:
        nobody = closed.url()
    async with receiving(certified(CA())) as stranger:
        endpoints = {
            Failure.TIMEOUT: await hasty.endpoint("/slow"),
            Failure.PROTOCOL: await hasty.endpoint("/garbage"),
            Failure.STATUS: await hasty.endpoint("/redirect"),
            Failure.CERTIFICATE: await hasty.endpoint("/stranger", url=stranger.url()),
            Failure.CONNECTION: await hasty.endpoint("/nobody", url=nobody),
            Failure.REFUSED_URL: await hasty.endpoint("/user", url="https://user@localhost/"),
            Failure.NO_ADDRESS: await hasty.endpoint("/name", url="https://a..b/"),
        }
        await hasty.event()
        await hasty.tell()

    attempts = {each.delivery_id: each for each in await hasty.attempts()}
    found = {
        kind: attempts[(await hasty.deliveries(endpoint))[0].id]
        for kind, endpoint in endpoints.items()
    }
    assert {kind: each.failure for kind, each in found.items()} == {each: each for each in found}
    expected = dict.fromkeys(found, (None, None)) | {Failure.STATUS: (302, "over there")}
    assert {kind: (each.status_code, each.excerpt) for kind, each in found.items()} == expected
    assert await hasty.statuses() == [PENDING] * len(endpoints)
    assert [hasty.teller.attempts(each.value.lower()) for each in endpoints] == [1.0] * 7


async def test_an_address_that_must_not_be_called_is_a_failure_like_any(
    partners: Partners, trust: ssl.SSLContext
) -> None:
    """F49: where development is not allowed more."""
    await partners.endpoint()
    await partners.event()
    async with WebhookClient(EgressPolicy(), trust) as strict:
        await partners.another_teller(strict).telling.round()
    assert [each.failure for each in await partners.attempts()] == [Failure.REFUSED_ADDRESS]
    assert partners.receiver.connections == 0


async def test_a_fault_with_one_delivery_is_a_failure_of_that_one(partners: Partners) -> None:
    """Whatever is wrong with a row, it is repeated and given up like any other, and in sight."""
    broken = await partners.endpoint("/broken", secret="whsec_")
    well = await partners.endpoint("/well")
    await partners.event()
    with capture_logs() as logged:
        await partners.tell()
    assert (await partners.statuses(broken), await partners.statuses(well)) == (
        [PENDING],
        [DELIVERED],
    )
    assert [each["event"] for each in logged] == ["attempt failed"]


# Slow ones (F46).


async def test_who_is_slow_has_failed_and_is_sent_to_again_on_schedule(hasty: Partners) -> None:
    """F46"""
    await hasty.endpoint()
    hasty.receiver.does("/hook", waits, never_ends)
    await hasty.event()
    await hasty.tell()
    [delivery], [attempt] = await hasty.deliveries(), await hasty.attempts()
    assert (attempt.failure, attempt.status_code) == (Failure.TIMEOUT, None)
    assert attempt.milliseconds >= hasty.post.longest / MILLISECOND
    assert delivery.due_at - hasty.clock.now() == TEN_MINUTES
    await hasty.later(minutes=10)
    assert await hasty.statuses() == [DELIVERED]


@pytest.fixture
async def telling(partners: Partners) -> AsyncIterator[OutboxRelay]:
    """The loop as it runs in production; it rests for an hour unless it is woken."""
    gym = partners.gym
    partners.teller.telling = OutboxRelay(
        gym.database,
        gym.clock,
        partners.teller.courier,
        gym.desk.committed,
        partners.teller.metrics,
        interval=3600,
    )
    yield partners.teller.telling
    partners.receiver.go_on.set()
    await partners.teller.telling.stop()


async def test_others_are_told_while_one_is_slow(partners: Partners, telling: OutboxRelay) -> None:
    """F46"""
    slow, fast = (
        await partners.endpoint("/slow", answers=True),
        await partners.endpoint("/fast", answers=True),
    )
    partners.receiver.does("/slow", waits)
    for _ in range(3 * EACH_AT_ONCE):
        await partners.event()
    telling.start()
    await partners.receiver.comes("/fast", 3 * EACH_AT_ONCE)
    assert len(partners.receiver.on("/slow")) == EACH_AT_ONCE
    assert len(partners.teller.courier.under_way) >= EACH_AT_ONCE

    partners.receiver.go_on.set()
    await partners.receiver.comes("/slow", 3 * EACH_AT_ONCE)
    await telling.stop()
    for each in (slow, fast):
        assert await partners.statuses(each) == [DELIVERED] * 3 * EACH_AT_ONCE


async def test_one_event_after_the_other_is_told_while_another_endpoint_is_slow(
    partners: Partners, telling: OutboxRelay
) -> None:
    """F46: each is looked for when the one before it was attempted."""
    await partners.endpoint("/slow", answers=True)
    fast = await partners.endpoint("/fast", answers=True)
    partners.receiver.does("/slow", waits)
    slot = await partners.event()
    for _ in range(EACH_AT_ONCE):
        await partners.event()
    for _ in range(3):
        await partners.event(entity_id=slot)
    telling.start()
    await partners.receiver.comes("/fast", EACH_AT_ONCE + 4)
    assert len(partners.receiver.on("/slow")) == EACH_AT_ONCE
    partners.receiver.go_on.set()
    await telling.stop()
    assert set(await partners.statuses(fast)) == {DELIVERED}


@pytest.fixture
def few_places(partners: Partners) -> Rooms:
    """The process that tells has few places, of which no more than half are for one organization."""
    rooms = Rooms(answering=8, new=8, failing=8, slow=8)
    partners.teller = partners.another_teller(rooms=rooms)
    return rooms


async def another_organization(partners: Partners, first_id: int = 50_000) -> Partners:
    """Its partners listen at the same receiver."""
    gym = await Gym(partners.gym.database, partners.clock, first_id=first_id).open()
    return Partners(gym, partners.receiver, partners.post)


async def test_another_organization_is_told_while_one_has_more_to_do_than_there_are_places(
    partners: Partners, few_places: Rooms, telling: OutboxRelay
) -> None:
    """F46"""
    integration, events = await partners.integration(), 4
    for number in range(few_places.answering):
        await partners.endpoint(
            of=integration, key=str(number), is_default=False, types=[SLOT_UPDATED], answers=True
        )
    for _ in range(events):
        await partners.event()
    others = await another_organization(partners)
    await others.endpoint("/other", answers=True)
    await others.event()
    partners.receiver.does("/hook", waits)
    telling.start()
    await partners.receiver.comes("/other")
    assert len(partners.receiver.on("/hook")) <= few_places.answering + few_places.slow
    partners.receiver.go_on.set()
    await partners.receiver.comes("/hook", few_places.answering * events)
    await telling.stop()


async def test_organizations_whose_endpoints_answer_take_turns_with_the_others(
    partners: Partners,
) -> None:
    """However many there are of either, and each of them has its turn."""
    waiting = {}
    for number, known in enumerate((False, False, True, True, True), start=1):
        one = await another_organization(partners, 50_000 * number)
        await one.endpoint(answers=known)
        await one.event()
        await fan_out_all(one)
        waiting[one.gym.organization] = known
    courier = partners.teller.courier
    order = await courier.organizations()
    assert [waiting[each] for each in order] == [True, False, True, False, True]

    partners.receiver.does("/hook", waits)
    for each in order[:2]:
        assert (await courier.send_due([each])).begun == {each: True}
    assert await courier.organizations() == [order[2], order[3], order[4]]


async def test_others_are_told_while_many_fail_with_much_to_do(
    partners: Partners, few_places: Rooms, telling: OutboxRelay
) -> None:
    """F46: all at one host that are known to fail have a quarter of the places for those, one each."""
    integration = await partners.integration()
    async with receiving(None) as slow:
        slow.does("/slow", waits)
        for number in range(2 * few_places.failing):
            await partners.endpoint(
                of=integration,
                key=f"slow-{number}",
                url=slow.url("/slow"),
                is_default=False,
                types=[SLOT_UPDATED],
                failing_since=partners.clock.now(),
            )
        for _ in range(3):
            await partners.event()
        telling.start()
        await slow.comes("/slow", few_places.failing // 4)

        fast = await partners.endpoint("/fast")
        for _ in range(2 * EACH_AT_ONCE):
            await partners.event()
        await partners.receiver.comes("/fast", 2 * EACH_AT_ONCE)
        assert len(slow.received) == few_places.failing // 4
        slow.go_on.set()
        await telling.stop()
    assert await partners.statuses(fast) == [DELIVERED] * 2 * EACH_AT_ONCE


async def test_of_every_endpoint_the_first_is_sent_before_any_second(
    partners: Partners, few_places: Rooms
) -> None:
    """One with a backlog does not crowd out others whose events are younger."""
    paths = [f"/{number}" for number in range(few_places.answering // 4)]
    for path in paths:
        partners.receiver.does(path, waits)
        await partners.endpoint(path, answers=True)
        await partners.event()
    assert await begin(partners)
    for path in paths:
        await partners.receiver.comes(path)
    assert len(partners.receiver.received) == len(paths)


async def test_where_not_all_endpoints_have_a_place_each_has_its_turn(
    partners: Partners, few_places: Rooms
) -> None:
    """However much is due at the others: who was sent to longest ago comes first."""
    integration = await partners.integration()
    partners.receiver.does("/hook", waits)
    at_once = few_places.answering // 4
    keys = range(2 * at_once + 1)
    for key in keys:
        await partners.endpoint(
            of=integration, key=str(key), is_default=False, types=[SLOT_UPDATED], answers=True
        )
    for _ in range(2):
        await partners.event()
    assert await begin(partners)
    assert not await begin(partners), "no place is free"
    await partners.receiver.comes("/hook", at_once)
    partners.receiver.go_on.set()
    await partners.teller.courier.drain()
    for _ in range(2):
        assert await begin(partners)
        await partners.teller.courier.drain()
    done = Counter(each.endpoint_id for each in await partners.deliveries() if each.attempts)
    assert sorted(done.values()) == [1] * (at_once + 2) + [2] * (at_once - 1)


async def test_an_endpoint_whose_oldest_events_are_under_way_is_told_of_others_meanwhile(
    partners: Partners,
) -> None:
    """Also where many later events of the same entities wait for them."""
    await partners.endpoint(answers=True)
    partners.receiver.does("/hook", waits)
    first = await partners.event()
    for _ in range(2 * EACH_AT_ONCE):
        await partners.event(entity_id=first)
    other = await partners.event()
    assert await begin(partners)
    await partners.receiver.comes("/hook", 2)
    assert [each.event[1] for each in partners.receiver.received] == [first, other]
    partners.receiver.go_on.set()
    await partners.tell()
    assert set(await partners.statuses()) == {DELIVERED}


# Order within an entity (F47).


async def test_a_later_event_of_an_entity_waits_until_the_earlier_was_attempted(
    partners: Partners,
) -> None:
    """F47"""
    await partners.endpoint(answers=True)
    partners.receiver.does("/hook", waits)
    one, other = await partners.event(), await partners.event()
    for _ in range(2):
        await partners.event(entity_id=one)
    await partners.gym.cancel_slot(one)
    events = [each.uuid for each in await partners.gym.told() if each.entity_id == one]

    def told() -> list[str]:
        return [each.uuid for each in partners.receiver.received if each.event[1] == one]

    await begin(partners)
    assert not await begin(partners)
    await partners.receiver.comes("/hook", 2)
    assert {each.event[1] for each in partners.receiver.received} == {one, other}
    assert told() == events[:1]

    partners.receiver.go_on.set()
    await partners.tell()
    assert told() == events


async def test_a_later_event_does_not_wait_for_the_repeats_of_an_earlier_one(
    partners: Partners,
) -> None:
    """F47: it was attempted, and that is all that is promised."""
    await partners.endpoint()
    partners.receiver.does("/hook", answers(500), answers(204))
    slot = await partners.event()
    await partners.event(entity_id=slot)
    first, second = [each.uuid for each in await partners.gym.told()]
    await partners.tell()
    assert [each.uuid for each in partners.receiver.received] == [first, second]
    await partners.later(minutes=10)
    assert [each.uuid for each in partners.receiver.received] == [first, second, first]


async def test_a_repeat_does_not_wait_for_all_that_is_new(partners: Partners) -> None:
    """Of one that fails, which has one place: what was due first comes first."""
    await partners.endpoint()
    partners.receiver.does("/hook", answers(500))
    first = await partners.event()
    await partners.tell()
    partners.clock.advance(TEN_MINUTES)
    for _ in range(3):
        await partners.event()
    assert await begin(partners)
    await partners.teller.courier.drain()
    assert [each.event[1] for each in partners.receiver.received] == [first, first]


async def test_who_asks_after_an_event_gets_the_newest_state(
    partners: Partners, database_url: str
) -> None:
    """F47: also after one that tells of an older state."""
    gym = partners.gym
    endpoint = await partners.endpoint()
    application = Application(Settings(database_url=database_url, background=False), gym.clock)
    await application.start()
    found = []

    async with Referee.inside(application, endpoint.integration.api_key) as client:

        async def asks(exchange: Exchange) -> None:
            _, booking_id = exchange.request.event
            answer = await client.get(f"/v1/classes/booking/{booking_id}")
            found.append((exchange.request.event[0], answer.json()["bookingStatus"]))
            await exchange.answer(204)

        partners.receiver.does("/hook", asks)
        seat = await gym.booked(await gym.customer(), await gym.slot())
        await gym.cancel(seat.booking_id)
        await partners.tell()
    await application.stop()
    assert found == [("CLASS_BOOKING_CREATED", "CANCELED"), ("CLASS_BOOKING_CANCELLED", "CANCELED")]


# Several processes, and one that dies (F45).


async def test_processes_share_the_work_and_leave_alone_what_another_claimed(
    partners: Partners,
) -> None:
    await partners.endpoint(answers=True)
    partners.receiver.does("/hook", waits)
    for _ in range(2 * EACH_AT_ONCE):
        await partners.event()
    tellers = [partners.teller, partners.another_teller()]
    for each in tellers:
        assert await begin(partners, each)
    await partners.receiver.comes("/hook", 2 * EACH_AT_ONCE)
    assert [len(each.courier.under_way) for each in tellers] == [EACH_AT_ONCE] * 2
    assert not await begin(partners, partners.another_teller())
    partners.receiver.go_on.set()
    for each in tellers:
        await each.courier.drain()

    assert await partners.statuses() == [DELIVERED] * 2 * EACH_AT_ONCE
    told = Counter(each.uuid for each in partners.receiver.received)
    assert told == Counter(each.uuid for each in await partners.gym.told())


async def test_processes_that_look_at_the_same_time_send_nothing_twice(partners: Partners) -> None:
    for path in ("/a", "/b", "/c"):
        await partners.endpoint(path)
    for _ in range(EACH_AT_ONCE):
        await partners.event()
    await asyncio.gather(*(partners.another_teller().telling.round() for _ in range(4)))
    await partners.tell()
    assert set(await partners.statuses()) == {DELIVERED}
    assert {each.attempts for each in await partners.deliveries()} == {1}
    assert len(partners.receiver.received) == 3 * EACH_AT_ONCE


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
async def test_who_finds_that_another_is_claiming_the_same_does_not_wait_for_them(
    partners: Partners, database_url: str
) -> None:
    """On SQLite whoever writes waits for whoever does, whatever it is about."""
    await partners.endpoint("/a")
    await partners.event()
    await fan_out_all(partners)
    another = await asyncpg.connect(database_url)
    async with another.transaction():
        await another.execute("SELECT id FROM delivery FOR NO KEY UPDATE")
        sent = await partners.teller.courier.send_due([partners.gym.organization])
        assert sent.begun == {partners.gym.organization: False}, "nor fails for having waited"
    await another.close()
    assert await begin(partners)


class OutOfReach:
    """A database that is lost to one process when the test says so."""

    def __init__(self, database: Database) -> None:
        self.name = database.name
        self.writers = database.writers
        self.lost = False
        self._database = database

    async def read(self, work: Work[T]) -> T:
        return await self._database.read(work)

    async def write(self, work: Work[T]) -> T:
        if self.lost:
            raise DatabaseUnavailable("out of reach")
        return await self._database.write(work)

    async def take_ids(self, count: int) -> list[int]:
        return await self._database.take_ids(count)

    async def close(self) -> None:
        await self._database.close()


async def test_what_was_sent_but_not_marked_is_sent_again_with_the_same_uuid(
    partners: Partners,
) -> None:
    """F45: after the 200 and before the mark the process loses its database, or its life."""
    gym = partners.gym
    await partners.endpoint()
    slot = await partners.event()
    partners.receiver.does("/hook", waits)
    database = OutOfReach(gym.database)
    courier = DeliveryWorker(database, gym.clock, partners.post, Metrics())
    await fan_out_all(partners)
    assert (await courier.send_due([gym.organization])).begun == {gym.organization: True}
    await partners.receiver.comes("/hook")
    database.lost = True
    partners.receiver.go_on.set()
    with capture_logs() as logged:
        await courier.drain()
    assert [each["event"] for each in logged] == ["attempts not marked"]
    assert await partners.statuses() == [PENDING]
    assert await partners.attempts() == []

    partners.clock.advance(CLAIM_LASTS - MILLISECOND)
    await partners.tell()
    assert len(partners.receiver.received) == 1, "the claim still stands"
    await partners.later(milliseconds=1)

    assert partners.receiver.events() == [(SLOT_UPDATED, slot)] * 2
    first, second = partners.receiver.received
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert await partners.statuses() == [DELIVERED]


async def test_a_process_that_dies_in_the_middle_leaves_it_to_the_next(partners: Partners) -> None:
    """F45: its tasks end where they stand."""
    await partners.endpoint()
    slot = await partners.event()
    partners.receiver.does("/hook", waits, answers(204))
    await begin(partners)
    await partners.receiver.comes("/hook")
    for task in partners.teller.courier.under_way:
        task.cancel()
    await partners.teller.courier.drain()
    assert await partners.statuses() == [PENDING]
    partners.clock.advance(CLAIM_LASTS)
    await partners.another_teller().telling.round()
    assert partners.receiver.events() == [(SLOT_UPDATED, slot)] * 2
    assert len({each.uuid for each in partners.receiver.received}) == 1
    assert await partners.statuses() == [DELIVERED]


async def waits_and_fails(exchange: Exchange) -> None:
    await exchange.wait()
    await exchange.answer(500)


@pytest.mark.parametrize(
    ("late", "next_", "status", "failed"),
    [
        (waits, 204, DELIVERED, 0),
        (waits, 500, DELIVERED, 0),
        (waits_and_fails, 204, DELIVERED, 0),
        (waits_and_fails, 500, PENDING, 1),
    ],
)
async def test_who_comes_too_late_with_a_mark_says_what_was_and_not_what_shall_be(
    partners: Partners, late: Behaviour, next_: int, status: DeliveryStatus, failed: int
) -> None:
    """The claim lapsed meanwhile, and another process took over. A success counts all the same."""
    await partners.endpoint()
    await partners.event()
    partners.receiver.does("/hook", late, answers(next_))
    await begin(partners)
    await partners.receiver.comes("/hook")
    partners.clock.advance(CLAIM_LASTS)
    await partners.another_teller().telling.round()
    [after_the_next] = await partners.deliveries()
    partners.clock.advance(timedelta(seconds=1))
    partners.receiver.go_on.set()
    await partners.teller.courier.drain()

    [delivery] = await partners.deliveries()
    assert (delivery.status, delivery.failed_attempts, delivery.attempts) == (status, failed, 2)
    if status is PENDING:
        assert delivery.due_at == after_the_next.due_at
    assert [(each.number, each.status_code) for each in await partners.attempts()] == [
        (1, next_),
        (2, 204 if late is waits else 500),
    ]


async def test_a_mark_that_comes_too_late_leaves_the_claim_of_another_alone(
    partners: Partners,
) -> None:
    await partners.endpoint()
    await partners.event()
    partners.receiver.does("/hook", waits_and_fails)
    await begin(partners)
    await partners.receiver.comes("/hook")
    partners.clock.advance(CLAIM_LASTS)
    other, held = partners.another_teller(), asyncio.Event()

    async def holds(exchange: Exchange) -> None:
        await held.wait()
        await exchange.answer(204)

    partners.receiver.does("/hook", holds)
    assert await begin(partners, other)
    await partners.receiver.comes("/hook", 2)
    [claimed] = await partners.deliveries()
    partners.receiver.go_on.set()
    await partners.teller.courier.drain()

    [delivery] = await partners.deliveries()
    assert (delivery.attempts, delivery.failed_attempts) == (1, 0)
    assert (delivery.status, delivery.claimed_until) == (PENDING, claimed.claimed_until)
    assert not await begin(partners), "the other one is at it"
    held.set()
    await other.courier.drain()
    assert await partners.statuses() == [DELIVERED]


async def test_a_mark_that_comes_too_late_sinks_no_other(partners: Partners) -> None:
    """They are marked in one transaction."""
    late, well = await partners.endpoint("/late"), await partners.endpoint("/well")
    partners.receiver.does("/late", waits, answers(204))
    partners.receiver.does("/well", waits)
    await partners.event()
    await begin(partners)
    await partners.receiver.comes("/late")
    partners.clock.advance(CLAIM_LASTS)
    await partners.gym.set(tables.webhook_endpoint, well.id, disabled=Disabled.BY_OPERATOR)
    await partners.another_teller().telling.round()
    partners.receiver.go_on.set()
    await partners.teller.courier.drain()
    assert await partners.statuses(late) == [DELIVERED]
    assert await partners.statuses(well) == [DELIVERED]


async def test_what_was_removed_while_it_was_under_way_is_forgotten(partners: Partners) -> None:
    gone, well = await partners.endpoint("/gone"), await partners.endpoint("/well")
    for path in ("/gone", "/well"):
        partners.receiver.does(path, waits)
    await partners.event()
    await begin(partners)
    for path in ("/gone", "/well"):
        await partners.receiver.comes(path)
    [delivery] = await partners.deliveries(gone)
    await partners.gym.remove(tables.delivery, delivery.id)
    await partners.gym.remove(tables.webhook_endpoint, gone.id)
    partners.receiver.go_on.set()
    with capture_logs() as logged:
        await partners.teller.courier.drain()
    assert await partners.statuses() == [DELIVERED]
    assert await partners.statuses(well) == [DELIVERED]
    assert logged == []


# Endpoints that are disabled (F50).


async def test_an_endpoint_that_says_it_is_gone_is_disabled_at_once_and_in_sight(
    partners: Partners,
) -> None:
    """F50: what it missed is held, and nothing more is sent to it."""
    gone, other = await partners.endpoint("/gone"), await partners.endpoint("/other")
    partners.receiver.does("/gone", answers(410))
    slot = await partners.event()
    await partners.event(entity_id=slot)
    with capture_logs() as logged:
        await partners.tell()
    assert await partners.disabled(gone) is Disabled.GONE
    assert (await partners.row(tables.webhook_endpoint, gone.id)).disabled_at == partners.gym.now
    assert logged == [
        {
            "event": "webhook endpoint disabled",
            "log_level": "warning",
            "organization_id": partners.gym.organization,
            "endpoint_id": gone.id,
            "because": "GONE",
        }
    ]
    line, *_ = await partners.gym.database.read(
        lambda tx: history.newest(tx, partners.gym.organization, history.EVERYTHING)
    )
    assert (line.command, line.by, line.happened_at) == (
        "disable-endpoint",
        THE_HOUSE,
        partners.gym.now,
    )
    assert (line.subjects[0].id, line.subjects[0].after) == (gone.id, {"disabled": "GONE"})
    await partners.event()
    await partners.later(days=1)
    assert len(partners.receiver.on("/gone")) == 1
    assert await partners.statuses(gone) == [HELD] * 3
    assert await partners.statuses(other) == [DELIVERED] * 3
    assert await partners.disabled(other) is None


async def test_what_is_under_way_while_its_endpoint_is_disabled_is_held_unless_it_succeeds(
    partners: Partners,
) -> None:
    endpoint = await partners.endpoint(answers=True)
    held = asyncio.Event()

    async def fails_later(exchange: Exchange) -> None:
        await held.wait()
        await exchange.answer(500)

    async def succeeds_later(exchange: Exchange) -> None:
        await held.wait()
        await exchange.answer(200)

    partners.receiver.does("/hook", fails_later, succeeds_later, answers(410))
    for _ in range(3):
        await partners.event()
    await begin(partners)
    await partners.receiver.comes("/hook", 3)
    while await partners.disabled(endpoint) is None:
        await asyncio.wait(partners.teller.courier.under_way, return_when=asyncio.FIRST_COMPLETED)
    held.set()
    await partners.teller.courier.drain()
    assert sorted(await partners.statuses()) == [DELIVERED, HELD, HELD]
    assert await partners.disabled(endpoint) is Disabled.GONE


async def test_an_endpoint_that_fails_for_five_days_is_disabled(partners: Partners) -> None:
    """F50: at the first failure that comes so late; any success in between begins anew."""
    endpoint = await partners.endpoint(of=await partners.integration(retry_seconds=[]))
    partners.receiver.does("/hook", answers(500), answers(204), answers(500))
    for days in (0, 2, 2, 2, 1, 1.9):
        partners.clock.advance(timedelta(days=days))
        await partners.event()
        await partners.tell()
    since = partners.clock.now() - timedelta(days=4.9)
    row = await partners.row(tables.webhook_endpoint, endpoint.id)
    assert (row.disabled, row.failing_since) == (None, since)

    partners.clock.advance(timedelta(days=0.1))
    await partners.event()
    with capture_logs() as logged:
        await partners.tell()
    assert await partners.disabled(endpoint) is Disabled.FAILING
    assert [(each["event"], each["because"]) for each in logged] == [
        ("webhook endpoint disabled", "FAILING")
    ]
    await partners.event()
    await partners.later(days=1)
    assert len(partners.receiver.received) == 7
    assert (await partners.statuses())[-1] is HELD


async def test_days_on_which_nothing_was_sent_to_an_endpoint_do_not_count(
    partners: Partners,
) -> None:
    """F50: it was not tried, so nobody knows whether it failed."""
    endpoint = await partners.endpoint(of=await partners.integration(retry_seconds=[]))
    partners.receiver.does("/hook", answers(500))
    await partners.event()
    await partners.tell()
    partners.clock.advance(timedelta(days=5))
    await partners.event()
    await partners.tell()
    row = await partners.row(tables.webhook_endpoint, endpoint.id)
    assert (row.disabled, row.failing_since) == (None, partners.clock.now())


async def test_an_endpoint_that_is_enabled_again_gets_all_that_it_missed(
    partners: Partners,
) -> None:
    """F50: what was given up before it was disabled, and what was held since; each in its order."""
    gym = partners.gym
    endpoint = await partners.endpoint(of=await partners.integration(retry_seconds=[]))
    partners.receiver.does("/hook", answers(500), answers(410), answers(204))
    slot = await partners.event()
    await partners.tell()
    for _ in range(3):
        await partners.event(entity_id=slot)
        await partners.tell()
    assert await partners.statuses() == [FAILED, FAILED, HELD, HELD]
    assert len(partners.receiver.received) == 2

    missed = await partners.resends(EnableEndpoint(gym.organization, endpoint.id, True))
    await partners.tell()

    assert missed == 4
    assert await partners.statuses() == [DELIVERED] * 4
    uuids = [each.uuid for each in await gym.told()]
    again = [each.uuid for each in partners.receiver.received[2:]]
    assert sorted(again) == sorted(uuids)
    never_attempted = [each for each in again if each in uuids[2:]]
    assert never_attempted == uuids[2:]


async def test_an_endpoint_that_answers_again_counts_as_well_at_once(partners: Partners) -> None:
    endpoint = await partners.endpoint()
    partners.receiver.does("/hook", answers(500), answers(204))
    await partners.event()
    await partners.tell()
    row = await partners.row(tables.webhook_endpoint, endpoint.id)
    assert row.failing_since == partners.clock.now()
    await partners.later(minutes=10)
    row = await partners.row(tables.webhook_endpoint, endpoint.id)
    assert row.failing_since is None


async def test_an_endpoint_that_the_operator_disabled_stays_so_whatever_it_answers(
    partners: Partners,
) -> None:
    endpoint = await partners.endpoint()
    partners.receiver.does("/hook", waits)
    await partners.event()
    await begin(partners)
    await partners.receiver.comes("/hook")
    await partners.gym.set(
        tables.webhook_endpoint,
        endpoint.id,
        disabled=Disabled.BY_OPERATOR,
        disabled_at=partners.clock.now(),
    )
    partners.receiver.go_on.set()
    await partners.teller.courier.drain()
    assert await partners.disabled(endpoint) is Disabled.BY_OPERATOR
    assert await partners.statuses() == [DELIVERED]


async def test_nothing_is_sent_to_an_endpoint_that_is_disabled_whatever_waits_for_it(
    partners: Partners,
) -> None:
    endpoint = await partners.endpoint()
    await partners.event()
    await fan_out_all(partners)
    await partners.gym.set(tables.webhook_endpoint, endpoint.id, disabled=Disabled.GONE)
    await partners.tell()
    assert partners.receiver.received == []
    await partners.gym.set(tables.webhook_endpoint, endpoint.id, disabled=None)
    await partners.tell()
    assert await partners.statuses() == [DELIVERED]


# Integrations that are not active.


async def test_what_is_stored_for_an_integration_waits_while_it_is_not_active(
    partners: Partners,
) -> None:
    """It goes on where it stopped: after the attempts that were made, by the same plan."""
    gone, other = await partners.endpoint("/gone"), await partners.endpoint("/other")
    partners.receiver.does("/gone", answers(500))
    slot = await partners.event()
    await partners.tell()
    await partners.event(entity_id=slot)
    await fan_out_all(partners)
    await partners.gym.set(tables.integration, gone.integration.id, active=False)

    await partners.later(days=30)
    assert len(partners.receiver.on("/gone")) == 1
    assert await partners.statuses(gone) == [PENDING] * 2
    assert await partners.statuses(other) == [DELIVERED] * 2

    await partners.gym.set(tables.integration, gone.integration.id, active=True)
    await partners.tell()
    first, second = await partners.deliveries(gone)
    assert (first.attempts, first.failed_attempts) == (2, 2)
    assert (second.attempts, second.failed_attempts) == (1, 1)
    assert {first.due_at, second.due_at} == {partners.clock.now() + TEN_MINUTES}


# Secrets (F51, F52).


def signed_with(received: Received, secret: str) -> bool:
    at = datetime.fromtimestamp(int(received.headers["webhook-timestamp"]), UTC)
    signature = Webhook(secret).sign(received.uuid, at, received.body.decode())
    return signature in received.headers["webhook-signature"].split(" ")


async def test_after_a_rotation_both_secrets_sign_until_the_old_one_ends(
    partners: Partners,
) -> None:
    """F51: no event is lost to whoever still verifies with the old one."""
    old = new_webhook_secret()
    until = partners.clock.now() + timedelta(hours=1)
    endpoint = await partners.endpoint(old_secret=old, old_secret_until=until)

    for at in (partners.clock.now(), until, until + MILLISECOND):
        partners.clock.set(at)
        await partners.event()
        await partners.tell()

    assert [
        (signed_with(each, endpoint.secret), signed_with(each, old))
        for each in partners.receiver.received
    ] == [(True, True), (True, True), (True, False)]


async def test_a_repeat_is_signed_with_what_is_valid_by_then(partners: Partners) -> None:
    """F51: the secret was rotated between the attempts."""
    endpoint = await partners.endpoint()
    partners.receiver.does("/hook", answers(500), answers(204))
    await partners.event()
    await partners.tell()
    fresh = new_webhook_secret()
    await partners.gym.set(tables.webhook_endpoint, endpoint.id, secret=fresh)
    await partners.later(minutes=10)
    first, second = partners.receiver.received
    assert signed_with(first, endpoint.secret)
    assert signed_with(second, fresh)
    assert not signed_with(second, endpoint.secret)


async def test_what_is_kept_of_attempts_holds_no_secret(partners: Partners) -> None:
    """F52: although the endpoint repeats all that it was sent."""

    async def repeats(exchange: Exchange) -> None:
        request = exchange.request
        shown = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
        await exchange.answer(500, shown.encode() + request.body)

    endpoint = await partners.endpoint()
    partners.receiver.does("/hook", repeats)
    await partners.event()
    await partners.tell()
    [attempt], [received] = await partners.attempts(), partners.receiver.received
    assert "webhook-id" in attempt.excerpt
    for secret in (
        endpoint.integration.webhook_key,
        endpoint.integration.api_key,
        endpoint.secret,
        received.headers["webhook-signature"],
    ):
        assert secret not in str(tuple(attempt))


# The loop.


async def test_a_commit_is_told_at_once(partners: Partners, telling: OutboxRelay) -> None:
    """The loop rests for an hour unless it is woken."""
    await partners.endpoint()
    telling.start()
    telling.start()
    first = await partners.event()
    await partners.receiver.comes("/hook", 1)
    second = await partners.event()
    await partners.receiver.comes("/hook", 2)
    await telling.stop()
    await telling.stop()
    assert partners.receiver.events() == [(SLOT_UPDATED, first), (SLOT_UPDATED, second)]
    assert await partners.statuses() == [DELIVERED] * 2


async def test_who_stops_marks_what_is_under_way_and_begins_nothing_more(
    partners: Partners, telling: OutboxRelay
) -> None:
    await partners.endpoint()
    partners.receiver.does("/hook", waits)
    telling.start()
    await partners.event()
    await partners.receiver.comes("/hook")
    stopping = asyncio.create_task(telling.stop())
    await asyncio.sleep(0)
    await partners.event()
    partners.receiver.go_on.set()
    await stopping
    assert await partners.statuses() == [DELIVERED]
    telling.start()
    await partners.receiver.comes("/hook", 2)
    await telling.stop()
    assert await partners.statuses() == [DELIVERED] * 2


async def test_trouble_in_one_organization_does_not_keep_the_others_waiting(
    partners: Partners, telling: OutboxRelay
) -> None:
    await partners.endpoint("/troubled", types=["NO_SUCH_TYPE"])  # type: ignore[list-item]
    await partners.event()
    other = await Gym(partners.gym.database, partners.clock, first_id=500).open()
    others = Partners(other, partners.receiver, partners.post)
    await others.endpoint("/well")
    slot = await others.event()
    with capture_logs() as logged:
        telling.start()
        await partners.receiver.comes("/well")
        await telling.stop()
    assert partners.receiver.events("/well") == [(SLOT_UPDATED, slot)]
    assert {each["event"] for each in logged} == {"failed together", "telling failed"}


# What is measured.


async def test_attempts_are_counted_and_timed(partners: Partners) -> None:
    await partners.endpoint()
    partners.receiver.does("/hook", answers(500), answers(204))
    await partners.event()
    await partners.tell()
    await partners.later(minutes=10)
    page = partners.teller.metrics.page().decode()
    assert 'kursplan_webhook_attempts_total{outcome="status"} 1.0' in page
    assert 'kursplan_webhook_attempts_total{outcome="delivered"} 1.0' in page
    assert "kursplan_webhook_attempt_seconds_count 2.0" in page


async def test_the_age_of_the_oldest_event_that_is_to_be_told_is_measured(
    partners: Partners,
) -> None:
    """Whether it waits for its deliveries, or they for being sent."""

    async def age() -> float | None:
        await partners.teller.telling.measure()
        name = "kursplan_webhook_oldest_undelivered_seconds"
        return partners.teller.metrics.registry.get_sample_value(name)

    endpoint = await partners.endpoint()
    partners.receiver.does("/hook", answers(500), answers(204))
    assert await age() == 0
    await partners.event()
    partners.clock.advance(timedelta(seconds=30))
    assert await age() == 30
    await partners.tell()
    partners.clock.advance(TEN_MINUTES)
    assert await age() == 600
    await partners.gym.set(tables.integration, endpoint.integration.id, active=False)
    assert await age() == 0, "what waits for its integration is not late"
    await partners.gym.set(tables.integration, endpoint.integration.id, active=True)
    await partners.tell()
    assert await age() == 0
