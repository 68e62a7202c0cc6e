"""Endpoints: who may have which, what becomes of what they miss, and sending again."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update
from standardwebhooks import Webhook

from kursplan.desk.endpoints import (
    RESENT_AT_ONCE,
    AddEndpoint,
    ChangeEndpoint,
    DisableEndpoint,
    EnableEndpoint,
    EndpointRefused,
    NoSuchEndpoint,
    RemoveEndpoint,
    Resent,
    RotateSecret,
    SetRetryPlan,
)
from kursplan.desk.resend import UNDELIVERED, NoSuchDelivery, Resend, ResendSince
from kursplan.domain.entries import EndpointEntry
from kursplan.domain.events import EventType
from kursplan.domain.webhooks import (
    CONTRACTS_PLAN,
    DEFAULT_ENDPOINT,
    FAILING_AT_MOST,
    PATIENT_PLAN,
    DeliveryStatus,
    Disabled,
    NamedPlan,
    RetryPlan,
)
from kursplan.store import tables
from kursplan.store.engine.numbers import take_numbers
from kursplan.store.outbox import deliveries, endpoints
from kursplan.store.outbox.endpoints import REMOVED_AT_ONCE
from kursplan.webhooks.client import WebhookClient, trusted
from kursplan.webhooks.egress import EgressPolicy
from tests.gym import MONDAY, Gym
from tests.webhooks.partner import Delivery, Endpoint, Integration, Partners
from tests.webhooks.receiver import Received, answers, receiving

SLOTS = frozenset({EventType.CLASS_SLOT_UPDATED, EventType.CLASS_SLOT_CANCELLED})

PENDING, DELIVERED, FAILED, HELD = (
    DeliveryStatus.PENDING,
    DeliveryStatus.DELIVERED,
    DeliveryStatus.FAILED,
    DeliveryStatus.HELD,
)


@pytest.fixture
async def partners(gym: Gym) -> AsyncIterator[Partners]:
    async with (
        receiving(None) as receiver,
        WebhookClient(EgressPolicy(insecure=True), trusted()) as post,
    ):
        yield Partners(gym, receiver, post)


async def add(
    partners: Partners,
    integration: Integration,
    path: str = "/hook",
    *,
    key: str = DEFAULT_ENDPOINT,
    types: Iterable[EventType] | None = None,
) -> AddEndpoint:
    entry = EndpointEntry(
        key, partners.receiver.url(path), None if types is None else frozenset(types)
    )
    command = AddEndpoint.fresh(
        partners.gym.organization, integration.id, await partners.gym.desk.ids.next(), entry
    )
    await partners.gym.take(command)
    return command


async def happens(partners: Partners) -> int:
    """Something of which the partner is told, whenever it is: it is about a slot far ahead."""
    slot = await partners.gym.slot(day=MONDAY + timedelta(days=30))
    return await partners.event(entity_id=slot)


async def fails(partners: Partners, endpoint: Endpoint, events: int = 1) -> list[Delivery]:
    """Have so many events happen of which no attempt succeeds; their deliveries, given up."""
    partners.receiver.does(endpoint.path, answers(500))
    before = len(await partners.deliveries(endpoint))
    for _ in range(events):
        await happens(partners)
    await partners.tell()
    for _ in CONTRACTS_PLAN.seconds:
        await partners.later(seconds=600)
    given_up = (await partners.deliveries(endpoint))[before:]
    assert [each.status for each in given_up] == [FAILED] * events
    return given_up


def signers(request: Received, *secrets: str) -> list[bool]:
    """Which of the secrets signed the request."""
    sent_at = int(request.headers["webhook-timestamp"])
    signatures = request.headers["webhook-signature"].split()
    when = datetime.fromtimestamp(sent_at, UTC)
    return [
        Webhook(each).sign(request.uuid, when, request.body.decode()) in signatures
        for each in secrets
    ]


# --- Which there are ----------------------------------------------------------------------------


async def test_an_endpoint_hears_of_what_happens_from_then_on(partners: Partners) -> None:
    integration = await partners.integration()
    await happens(partners)
    added = await add(partners, integration)
    slot = await happens(partners)

    await partners.tell()

    assert partners.receiver.events() == [(EventType.CLASS_SLOT_UPDATED, slot)]
    [request] = partners.receiver.received
    assert request.headers["x-api-key"] == integration.webhook_key
    assert signers(request, added.secret) == [True]


async def test_a_further_endpoint_takes_the_default_ones_place_for_its_types(
    partners: Partners,
) -> None:
    gym = partners.gym
    integration = await partners.integration()
    await add(partners, integration)
    await add(partners, integration, "/slots", key="slots", types=SLOTS)
    await happens(partners)
    await gym.booked(await gym.customer(), await gym.slot())

    await partners.tell()

    assert [each for each, _ in partners.receiver.events("/slots")] == ["CLASS_SLOT_UPDATED"]
    assert [each for each, _ in partners.receiver.events("/hook")] == ["CLASS_BOOKING_CREATED"]


async def test_what_does_not_go_together_is_refused(partners: Partners) -> None:
    integration, other = await partners.integration(), await partners.integration()

    with pytest.raises(EndpointRefused, match="first endpoint is the default one"):
        await add(partners, integration, key="slots", types=SLOTS)
    with pytest.raises(EndpointRefused, match="would hear of nothing"):
        await add(partners, integration, types=())
    first = await add(partners, integration)
    with pytest.raises(EndpointRefused, match="has a default endpoint already"):
        await add(partners, integration)
    with pytest.raises(EndpointRefused, match="for certain types: name them"):
        await add(partners, integration, key="slots")
    further = await add(partners, integration, key="slots", types=SLOTS)
    with pytest.raises(EndpointRefused, match="has an endpoint 'slots' already"):
        await add(partners, integration, key="slots", types=SLOTS)
    organization = partners.gym.organization
    with pytest.raises(EndpointRefused, match="for certain types: name them"):
        await partners.gym.take(ChangeEndpoint(organization, further.endpoint_id, types=None))
    with pytest.raises(EndpointRefused, match="the default endpoint goes last"):
        await partners.gym.take(RemoveEndpoint(organization, first.endpoint_id))

    assert await partners.gym.count(tables.webhook_endpoint) == 2
    await add(partners, other)


async def test_what_is_not_there_is_told(partners: Partners) -> None:
    gym = partners.gym
    for command in (
        ChangeEndpoint(gym.organization, 404, "https://partner.example"),
        RemoveEndpoint(gym.organization, 404),
        RotateSecret.fresh(gym.organization, 404),
        DisableEndpoint(gym.organization, 404),
        EnableEndpoint(gym.organization, 404),
        ResendSince(gym.organization, 404, gym.now, gym.now),
    ):
        with pytest.raises(NoSuchEndpoint, match="there is no endpoint 404"):
            await gym.take(command)
    with pytest.raises(NoSuchDelivery, match="there is no delivery 404"):
        await gym.take(Resend(gym.organization, 404))


async def test_an_endpoint_of_another_organization_is_not_there(partners: Partners) -> None:
    endpoint = await partners.endpoint()
    stranger = await Gym(partners.gym.database, partners.clock, first_id=50_000).open()

    with pytest.raises(NoSuchEndpoint):
        await stranger.take(RemoveEndpoint(stranger.organization, endpoint.id))

    assert await partners.gym.count(tables.webhook_endpoint) == 1


async def test_another_url_gets_what_is_still_to_be_sent(partners: Partners) -> None:
    endpoint = await partners.endpoint()
    partners.receiver.does("/hook", answers(500))
    await happens(partners)
    await partners.tell()
    moved = ChangeEndpoint(
        partners.gym.organization, endpoint.id, partners.receiver.url("/moved"), SLOTS
    )

    assert await partners.gym.take(moved)
    assert not await partners.gym.take(moved)
    row = await partners.row(tables.webhook_endpoint, endpoint.id)
    await partners.later(seconds=600)

    assert row.failing_since is None
    assert row.types == ("CLASS_SLOT_CANCELLED", "CLASS_SLOT_UPDATED")
    assert [each.uuid for each in partners.receiver.on("/moved")] == [
        each.uuid for each in partners.receiver.on("/hook")
    ]


async def test_an_endpoint_goes_with_its_deliveries_and_they_are_counted(
    partners: Partners,
) -> None:
    endpoint = await partners.endpoint()
    staying = await partners.endpoint("/staying")
    partners.receiver.does("/hook", answers(204), answers(500))
    for _ in range(3):
        await happens(partners)
    await partners.tell()

    gone = await partners.gym.take(RemoveEndpoint(partners.gym.organization, endpoint.id))

    assert gone == 3
    assert {each.endpoint_id for each in await partners.deliveries()} == {staying.id}
    assert len(await partners.attempts()) == 3
    assert len(partners.receiver.on("/staying")) == 3


async def test_one_with_very_many_deliveries_goes_with_all_of_them(partners: Partners) -> None:
    """In portions, so that no statement takes long."""
    gym, count = partners.gym, REMOVED_AT_ONCE + 3
    endpoint, staying = await partners.endpoint(), await partners.endpoint("/staying")
    rows = [
        {
            "organization_id": gym.organization,
            "id": 1_000_000 + number,
            "uuid": f"00000000-0000-0000-0000-{number:012}",
            "type": EventType.EMPLOYEE_CREATED,
            "entity_id": number,
            "studio_id": gym.studio_id,
            "happened_at": gym.now,
            "fanned_out": False,
        }
        for number in range(count)
    ]
    await gym.database.write(lambda tx: tx.execute(tables.event.insert(), rows))

    assert await gym.take(RemoveEndpoint(gym.organization, endpoint.id)) == count

    assert await gym.count(tables.delivery) == count
    assert {each.endpoint_id for each in await partners.deliveries()} == {staying.id}


# --- Secrets ------------------------------------------------------------------------------------


async def test_for_a_day_both_secrets_sign_and_then_the_new_one(partners: Partners) -> None:
    """F51"""
    endpoint = await partners.endpoint()
    rotate = RotateSecret.fresh(partners.gym.organization, endpoint.id)

    until = await partners.gym.take(rotate)

    assert until == partners.gym.now + timedelta(hours=24)
    for wait, expected in (
        (timedelta(), [True, True]),
        (timedelta(hours=24), [True, True]),
        (timedelta(seconds=1), [True, False]),
    ):
        partners.clock.advance(wait)
        await happens(partners)
        await partners.tell()
        assert signers(partners.receiver.received[-1], rotate.secret, endpoint.secret) == expected


async def test_a_secret_that_is_still_valid_is_not_rotated_away(partners: Partners) -> None:
    organization = partners.gym.organization
    endpoint = await partners.endpoint()
    first, second, third = (RotateSecret.fresh(organization, endpoint.id) for _ in range(3))
    at_once = RotateSecret.fresh(organization, endpoint.id, timedelta())
    await partners.gym.take(first)

    with pytest.raises(EndpointRefused, match="is valid until 2026-03-03 07:00 UTC"):
        await partners.gym.take(second)
    assert await partners.gym.take(at_once) is None
    await happens(partners)
    await partners.tell()

    [request] = partners.receiver.received
    secrets = (at_once.secret, first.secret, endpoint.secret)
    assert signers(request, *secrets) == [True, False, False]
    assert await partners.gym.take(third) is not None


async def test_no_secret_shows_where_a_command_is_printed(partners: Partners) -> None:
    """F52"""
    added = await add(partners, await partners.integration())
    rotate = RotateSecret.fresh(partners.gym.organization, added.endpoint_id)
    assert "whsec_" not in f"{added!r} {rotate!r}"


# --- Disabled and enabled -----------------------------------------------------------------------


async def test_a_disabled_endpoint_gets_nothing_and_can_have_it_later(partners: Partners) -> None:
    """F50: in the order in which it happened, with the uuids that the events have."""
    organization = partners.gym.organization
    endpoint = await partners.endpoint()
    partners.receiver.does("/hook", answers(500), answers(204))
    before = await happens(partners)
    await partners.tell()

    assert await partners.gym.take(DisableEndpoint(organization, endpoint.id))
    assert not await partners.gym.take(DisableEndpoint(organization, endpoint.id))
    meanwhile = [await happens(partners), await happens(partners)]
    await partners.later(hours=1)

    assert len(partners.receiver.received) == 1
    assert await partners.statuses() == [HELD] * 3
    assert await partners.disabled(endpoint) is Disabled.BY_OPERATOR
    assert await partners.resends(EnableEndpoint(organization, endpoint.id, True)) == 3
    await partners.tell()
    assert await partners.statuses() == [DELIVERED] * 3
    told = partners.receiver.received[1:]
    assert [each.event[1] for each in told] == [before, *meanwhile]
    assert [each.uuid for each in told] == [each.uuid for each in await partners.deliveries()]


async def test_without_asking_for_it_nothing_is_sent_that_was_missed(partners: Partners) -> None:
    organization = partners.gym.organization
    endpoint = await partners.endpoint()
    await partners.gym.take(DisableEndpoint(organization, endpoint.id))
    await happens(partners)
    await partners.tell()

    assert await partners.resends(EnableEndpoint(organization, endpoint.id)) == 0
    slot = await happens(partners)
    await partners.tell()

    assert await partners.statuses() == [HELD, DELIVERED]
    assert [entity for _, entity in partners.receiver.events()] == [slot]


async def test_one_that_failed_for_long_gets_all_that_it_missed_since(partners: Partners) -> None:
    """F50: also what was given up before it was disabled, but not what was before its last success."""
    endpoint = await partners.endpoint()
    [long_ago] = await fails(partners, endpoint)
    partners.receiver.does("/hook", answers(204))
    await happens(partners)
    await partners.later(seconds=1)
    partners.clock.advance(timedelta(seconds=1))
    missed = await fails(partners, endpoint, events=2)
    for _ in range(FAILING_AT_MOST.days):
        partners.clock.advance(timedelta(days=1))
        await happens(partners)
        await partners.tell()
    assert await partners.disabled(endpoint) is Disabled.FAILING
    partners.receiver.does("/hook", answers(204))
    before = len(partners.receiver.received)

    resent = await partners.resends(
        EnableEndpoint(partners.gym.organization, endpoint.id, resend_missed=True)
    )
    await partners.tell()

    row = await partners.row(tables.webhook_endpoint, endpoint.id)
    assert (row.disabled, row.disabled_at, row.failing_since) == (None, None, None)
    assert resent == 7
    came = [each.uuid for each in partners.receiver.received[before:]]
    assert len(came) == 7
    assert {each.uuid for each in missed} < set(came)
    assert long_ago.uuid not in came
    assert await partners.statuses() == [FAILED, *[DELIVERED] * 8]


async def test_what_was_given_up_before_a_quiet_time_was_missed_too(partners: Partners) -> None:
    """F50: nothing was accepted since."""
    endpoint = await partners.endpoint()
    await fails(partners, endpoint)
    partners.clock.advance(timedelta(days=10))
    partners.receiver.does("/hook", answers(410), answers(204))
    await happens(partners)
    await partners.tell()

    enable = EnableEndpoint(partners.gym.organization, endpoint.id, resend_missed=True)
    assert await partners.resends(enable) == 2
    await partners.tell()
    assert await partners.statuses() == [DELIVERED] * 2


async def test_one_that_is_gone_gets_the_event_that_it_refused(partners: Partners) -> None:
    """F50"""
    endpoint = await partners.endpoint()
    partners.receiver.does("/hook", answers(410), answers(204))
    await happens(partners)
    await partners.tell()
    assert await partners.disabled(endpoint) is Disabled.GONE

    enable = EnableEndpoint(partners.gym.organization, endpoint.id, resend_missed=True)
    assert await partners.resends(enable) == 1
    await partners.tell()

    assert await partners.statuses() == [DELIVERED]
    assert len({each.uuid for each in partners.receiver.received}) == 1


async def test_what_it_missed_is_counted_from_when_it_failed_also_if_it_moved_meanwhile(
    partners: Partners,
) -> None:
    endpoint = await partners.endpoint()
    await fails(partners, endpoint)
    partners.receiver.does("/hook", answers(410))
    await happens(partners)
    await partners.tell()
    organization = partners.gym.organization

    url = partners.receiver.url("/moved")
    await partners.gym.take(ChangeEndpoint(organization, endpoint.id, url))
    assert await partners.resends(EnableEndpoint(organization, endpoint.id, True)) == 2
    await partners.tell()

    assert len(partners.receiver.on("/moved")) == 2


# --- Sending again ------------------------------------------------------------------------------


async def test_a_delivery_is_sent_again_with_the_same_uuid_and_all_its_repeats(
    partners: Partners,
) -> None:
    endpoint = await partners.endpoint()
    [given_up] = await fails(partners, endpoint)
    resend = Resend(partners.gym.organization, given_up.id)

    assert await partners.gym.take(resend)
    assert not await partners.gym.take(resend), "it is to be sent anyway"
    await partners.tell()
    for _ in CONTRACTS_PLAN.seconds:
        await partners.later(seconds=600)

    [again] = await partners.deliveries()
    assert (again.status, again.attempts, again.failed_attempts) == (FAILED, 8, 4)
    assert {each.uuid for each in partners.receiver.received} == {given_up.uuid}
    partners.receiver.does("/hook", answers(204))
    assert await partners.gym.take(resend)
    await partners.tell()
    assert await partners.gym.take(resend), "what was delivered can be sent again too"
    await partners.tell()
    assert [each.number for each in await partners.attempts()] == list(range(1, 11))


async def test_a_time_is_sent_again_from_its_beginning_up_to_but_not_including_its_end(
    partners: Partners,
) -> None:
    endpoint = await partners.endpoint()
    other = await partners.endpoint("/other")
    began = partners.gym.now
    for _ in range(4):
        await happens(partners)
        await partners.later(minutes=1)
    resend = ResendSince(
        partners.gym.organization,
        endpoint.id,
        began + timedelta(minutes=2),
        began + timedelta(minutes=4),
    )
    told = await partners.deliveries(endpoint)

    assert await partners.resends(resend) == 2
    await partners.tell()

    came = [each.uuid for each in partners.receiver.on("/hook")]
    assert came == [*(each.uuid for each in told), told[1].uuid, told[2].uuid]
    assert await partners.statuses(other) == [DELIVERED] * 4


async def test_of_a_time_only_what_was_not_delivered_can_be_sent_again(
    partners: Partners,
) -> None:
    endpoint = await partners.endpoint()
    began = partners.gym.now
    await happens(partners)
    await partners.tell()
    [given_up] = await fails(partners, endpoint)
    await happens(partners)
    await partners.tell()
    assert await partners.statuses() == [DELIVERED, FAILED, PENDING]
    partners.receiver.does("/hook", answers(204))

    resent = await partners.resends(
        ResendSince(
            partners.gym.organization,
            endpoint.id,
            began,
            partners.gym.now + timedelta(seconds=1),
            statuses=UNDELIVERED,
        )
    )
    before = len(partners.receiver.received)
    await partners.tell()

    assert resent == 1
    assert [each.uuid for each in partners.receiver.received[before:]] == [given_up.uuid]


async def test_to_a_disabled_endpoint_nothing_is_sent_again(partners: Partners) -> None:
    endpoint = await partners.endpoint()
    await happens(partners)
    await partners.tell()
    [delivered] = await partners.deliveries()
    organization = partners.gym.organization
    await partners.gym.take(DisableEndpoint(organization, endpoint.id))

    for command in (
        Resend(organization, delivered.id),
        ResendSince(organization, endpoint.id, partners.gym.now, partners.gym.now),
    ):
        with pytest.raises(EndpointRefused, match=f"endpoint {endpoint.id} is disabled"):
            await partners.gym.take(command)
    assert await partners.statuses() == [DELIVERED]


async def many_like(
    partners: Partners, of: Delivery, count: int, *, apart: timedelta = timedelta(0)
) -> None:
    """Deliveries like that one, each of an event of its own."""

    def write(tx: Connection) -> None:
        event, delivery = tables.event, tables.delivery
        [told] = tx.execute(select(event).where(event.c.uuid == of.uuid)).all()
        [row] = tx.execute(select(delivery).where(delivery.c.id == of.id)).all()
        ids = take_numbers(tx, count)
        tx.execute(insert(event), [told._asdict() | {"id": n, "uuid": f"{n:036}"} for n in ids])
        tx.execute(
            insert(delivery),
            [
                row._asdict() | {"id": n, "event_id": n, "created_at": row.created_at + at * apart}
                for at, n in enumerate(ids)
            ],
        )

    await partners.gym.database.write(write)


async def test_what_was_missed_is_made_due_in_portions_of_which_the_last_enables_the_endpoint(
    partners: Partners,
) -> None:
    """So no turn takes long, and where one fails the endpoint stays as it was, with the rest."""
    gym = partners.gym
    endpoint = await partners.endpoint()
    [given_up] = await fails(partners, endpoint)
    await gym.take(DisableEndpoint(gym.organization, endpoint.id))
    await happens(partners)
    await partners.tell()
    [_, held] = await partners.deliveries()
    await many_like(partners, held, RESENT_AT_ONCE)
    await many_like(partners, given_up, 10)
    enable = EnableEndpoint(gym.organization, endpoint.id, resend_missed=True)

    first = await gym.take(enable)
    assert first.count == RESENT_AT_ONCE
    assert await partners.disabled(endpoint) is Disabled.BY_OPERATOR
    # Whoever did it is gone, and somebody else begins anew.
    assert await gym.take(enable) == Resent(1 + 10 + 1, None)

    assert await partners.disabled(endpoint) is None
    assert set(await partners.statuses()) == {PENDING}


@pytest.mark.parametrize("apart", [timedelta(0), timedelta(milliseconds=1)])
async def test_a_time_is_sent_again_in_portions_and_each_delivery_once(
    partners: Partners, apart: timedelta
) -> None:
    """Also those that were stored at the same instant, and while the first are delivered again."""
    gym = partners.gym
    endpoint = await partners.endpoint()
    since = gym.now
    await happens(partners)
    await partners.tell()
    [delivered] = await partners.deliveries()
    await many_like(partners, delivered, 2 * RESENT_AT_ONCE, apart=apart)
    rest: ResendSince | None = ResendSince(
        gym.organization, endpoint.id, since, since + timedelta(minutes=1)
    )
    counts, table = [], tables.delivery
    sent = update(table).values(status=DELIVERED)

    while rest is not None:
        resent = await gym.take(rest)
        counts.append(resent.count)
        rest = resent.rest
        await gym.database.write(lambda tx: tx.execute(sent))

    assert counts == [0, 0, RESENT_AT_ONCE, RESENT_AT_ONCE, 1]


async def test_the_newest_are_listed_of_all_endpoints_together(partners: Partners) -> None:
    """Of each as many are looked up as are asked for altogether."""
    gym = partners.gym
    first, second = [await partners.endpoint(path) for path in ("/first", "/second")]
    for endpoint in (first, second):
        await gym.take(DisableEndpoint(gym.organization, endpoint.id))
    for _ in range(4):
        await happens(partners)
        await partners.tell()
        gym.clock.advance(timedelta(seconds=1))
    partners.receiver.does("/first", answers(204))
    await partners.resends(EnableEndpoint(gym.organization, first.id, resend_missed=True))
    await partners.tell()

    async def listed(limit: int, **which: Any) -> list[int]:
        since = which.pop("since", datetime.min.replace(tzinfo=UTC))
        found = await gym.database.read(
            lambda tx: deliveries.newest(tx, gym.organization, since=since, limit=limit, **which)
        )
        return [row.id for row in found]

    everything = sorted((each.id for each in await partners.deliveries()), reverse=True)
    of_first = sorted((each.id for each in await partners.deliveries(first)), reverse=True)
    of_second = sorted((each.id for each in await partners.deliveries(second)), reverse=True)
    assert len(everything) == 8
    assert await listed(3) == everything[:3]
    assert await listed(100) == everything
    assert await listed(100, since=gym.now - timedelta(seconds=1)) == everything[:2]
    assert await listed(3, endpoint_id=first.id) == of_first[:3]
    assert await listed(100, status=HELD) == of_second
    assert await listed(1, status=DELIVERED) == of_first[:1]
    assert await listed(100, status=DELIVERED, endpoint_id=second.id) == []
    assert await listed(100, status=FAILED) == []


# --- When it is repeated ------------------------------------------------------------------------


async def test_an_integration_has_its_own_plan_for_repeats(partners: Partners) -> None:
    endpoint = await partners.endpoint()
    patient = SetRetryPlan(partners.gym.organization, endpoint.integration.id, PATIENT_PLAN)
    assert await partners.gym.take(patient)
    assert not await partners.gym.take(patient)
    partners.receiver.does("/hook", answers(500))
    await happens(partners)
    await partners.tell()

    waits = []
    while (await partners.statuses()) == [PENDING]:
        [delivery] = await partners.deliveries()
        waits.append((delivery.due_at - partners.gym.now).total_seconds())
        partners.clock.set(delivery.due_at)
        await partners.tell()

    assert len(waits) == len(PATIENT_PLAN.seconds)
    for wait, planned in zip(waits, PATIENT_PLAN.seconds, strict=True):
        assert planned <= wait <= planned * 1.2
    assert timedelta(days=2) < timedelta(seconds=sum(waits)) < timedelta(days=3)


async def test_the_contracts_plan_is_that_of_whoever_has_none(partners: Partners) -> None:
    integration = await partners.integration()
    organization = partners.gym.organization

    async def plan() -> RetryPlan:
        return await partners.gym.database.read(
            lambda tx: endpoints.plan_of(tx, organization, integration.id)
        )

    own = RetryPlan((5, 60), jitter_percent=10)
    assert await plan() == CONTRACTS_PLAN
    for wanted in (own, PATIENT_PLAN, RetryPlan(()), CONTRACTS_PLAN):
        assert await partners.gym.take(SetRetryPlan(organization, integration.id, wanted))
        assert await plan() == wanted
    row = await partners.row(tables.integration, integration.id)
    assert (row.retry_seconds, row.retry_jitter_percent) == (None, None)


def test_a_plan_that_can_not_be_kept_is_refused() -> None:
    for seconds, jitter, told in (
        ((60,) * 21, 0, "at most 20"),
        ((0,), 0, "1 to 259200 seconds"),
        ((259_201,), 0, "1 to 259200 seconds"),
        ((60,), 101, "0 to 100 percent"),
    ):
        with pytest.raises(ValueError, match=told):
            RetryPlan(seconds, jitter)


def test_plans_go_by_their_names() -> None:
    assert [NamedPlan.of(each.plan) for each in NamedPlan] == list(NamedPlan)
    assert NamedPlan.of(RetryPlan((1,))) is None


async def test_setting_up_endpoints_is_no_event(partners: Partners) -> None:
    organization = partners.gym.organization
    integration = await partners.integration()
    added = await add(partners, integration)
    for command in (
        ChangeEndpoint(organization, added.endpoint_id, types=SLOTS),
        RotateSecret.fresh(organization, added.endpoint_id),
        DisableEndpoint(organization, added.endpoint_id),
        EnableEndpoint(organization, added.endpoint_id),
        SetRetryPlan(organization, integration.id, PATIENT_PLAN),
        RemoveEndpoint(organization, added.endpoint_id),
    ):
        await partners.gym.take(command)
    assert await partners.gym.told() == []
