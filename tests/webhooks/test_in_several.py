"""What is told in many organizations shares transactions, and none of them gets anything of another, waits
for it or fails with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from functools import partial
from typing import TypeVar

import asyncpg
import pytest

from kursplan.domain.webhooks import DeliveryStatus, Disabled, Failure
from kursplan.store.engine.database import connect
from kursplan.store.engine.joint import each_committed
from kursplan.store.engine.postgres import Postgres
from kursplan.store.engine.trouble import DatabaseUnavailable, Work
from kursplan.store.outbox import claims
from kursplan.store.outbox.claims import Attempted, ClaimedDelivery
from kursplan.store.outbox.dispatch import DELIVERIES_TOGETHER
from kursplan.webhooks.deliver import CLAIM_LASTS, mark
from kursplan.webhooks.dispatch import dispatch
from tests.gym import Gym
from tests.webhooks.partner import Delivery, Endpoint, Partners
from tests.webhooks.test_dispatch import SLOT_UPDATED
from tests.wire import wire_to

T = TypeVar("T")

PENDING, DELIVERED, HELD = DeliveryStatus.PENDING, DeliveryStatus.DELIVERED, DeliveryStatus.HELD
MANY = 5
TROUBLED = 2
"""The place of the one that somebody holds, or that has a fault."""

on_postgresql = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)


class Several:
    """Organizations, each with an endpoint and an event, and how many transactions were had."""

    def __init__(self, partners: list[Partners]) -> None:
        self.partners = partners
        self.endpoints: list[Endpoint] = []
        self.database = partners[0].gym.database

    @property
    def ids(self) -> list[int]:
        return [each.gym.organization for each in self.partners]

    @property
    def now(self) -> datetime:
        return self.partners[0].gym.now

    async def set_up(self) -> Several:
        for each in self.partners:
            self.endpoints.append(await each.endpoint())
            await each.event()
        return self

    @contextmanager
    def transactions(self) -> Iterator[list[None]]:
        """One entry for each that is had in the block."""
        had: list[None] = []
        write = self.database.write

        async def counting(work: Work[T]) -> T:
            had.append(None)
            return await write(work)

        self.database.write = counting  # type: ignore[method-assign]
        try:
            yield had
        finally:
            self.database.write = write  # type: ignore[method-assign]

    async def fanned_out(self) -> dict[int, bool | Exception]:
        """By place."""
        found = await dispatch(self.ids, database=self.database, clock=self.partners[0].clock)
        return {self.ids.index(each): outcome for each, outcome in found.items()}

    async def stored(self) -> list[list[Delivery]]:
        """The deliveries of each."""
        return [
            await each.deliveries(endpoint)
            for each, endpoint in zip(self.partners, self.endpoints, strict=True)
        ]

    async def claimed(
        self, deliveries: dict[int, Collection[int]]
    ) -> dict[int, list[ClaimedDelivery] | Exception]:
        return await each_committed(
            self.database,
            {
                each: partial(
                    claims.claim,
                    organization_id=each,
                    delivery_ids=ids,
                    now=self.now,
                    until=self.now + CLAIM_LASTS,
                )
                for each, ids in deliveries.items()
            },
        )

    async def attempted(self) -> dict[int, list[Attempted]]:
        """All is fanned out, claimed and accepted, and that is still to be marked."""
        await self.fanned_out()
        stored = await self.stored()
        claimed = await self.claimed(
            {each: [d.id for d in its] for each, its in zip(self.ids, stored, strict=True)}
        )
        return {
            organization: [accepted(each, self.now) for each in its]
            for organization, its in claimed.items()
            if not isinstance(its, Exception)
        }

    async def marked(self, attempted: dict[int, list[Attempted]]) -> dict[int, Exception | None]:
        works = {
            each: partial(mark, organization_id=each, attempted=its)
            for each, its in attempted.items()
        }
        return await each_committed(self.database, works)


def accepted(claimed: ClaimedDelivery, now: datetime) -> Attempted:
    return Attempted(
        delivery_id=claimed.id,
        endpoint_id=claimed.endpoint_id,
        claimed_until=claimed.claimed_until,
        attempted_at=now,
        milliseconds=1,
        status_code=204,
        failure=None,
        excerpt=None,
        status=DELIVERED,
        failed_attempts=0,
        due_at=now,
        gone=False,
    )


def changed(attempted: Attempted, **values: object) -> Attempted:
    return Attempted(
        **{name: getattr(attempted, name) for name in Attempted.__dataclass_fields__} | values
    )


def but_the_troubled(one: T, other: T) -> list[T]:
    """What is of all others, and of the one in trouble."""
    return [other if place == TROUBLED else one for place in range(MANY)]


@pytest.fixture
async def several(partners: Partners) -> Several:
    gyms = [
        await Gym(partners.gym.database, partners.clock, first_id=50_000 * number).open()
        for number in range(1, MANY)
    ]
    others = [Partners(each, partners.receiver, partners.post) for each in gyms]
    return await Several([partners, *others]).set_up()


@asynccontextmanager
async def held(url: str, sql: str, *values: object) -> AsyncIterator[None]:
    """Somebody holds what that gives."""
    other = await asyncpg.connect(url)
    transaction = other.transaction()
    await transaction.start()
    await other.execute(sql, *values)
    try:
        yield
    finally:
        await transaction.rollback()
        await other.close()


async def until_they_are(several: Several, statuses: list[list[DeliveryStatus]]) -> None:
    while [[each.status for each in its] for its in await several.stored()] != statuses:  # noqa: ASYNC110 - the database tells nobody.
        await asyncio.sleep(0.01)


HOLDS_ENDPOINT = "SELECT id FROM webhook_endpoint WHERE organization_id = $1 FOR UPDATE"

# Fanning out.


async def test_events_of_several_are_fanned_out_in_one_transaction(several: Several) -> None:
    with several.transactions() as had:
        assert await several.fanned_out() == dict.fromkeys(range(MANY), True)
    assert len(had) == 1
    for each, endpoint, its in zip(
        several.partners, several.endpoints, await several.stored(), strict=True
    ):
        [delivery], [event] = its, await each.gym.told()
        assert (delivery.status, delivery.uuid) == (PENDING, event.uuid)
        assert delivery.endpoint_id == endpoint.id
    assert await several.fanned_out() == dict.fromkeys(range(MANY), False)


@on_postgresql
async def test_one_that_another_fans_out_is_left_to_them(
    several: Several, database_url: str
) -> None:
    lock = "SELECT id FROM organization WHERE id = $1 FOR NO KEY UPDATE"
    with several.transactions() as had:
        async with held(database_url, lock, several.ids[TROUBLED]):
            assert list((await several.fanned_out()).values()) == but_the_troubled(True, False)
        assert len(had) == 1
    assert list((await several.fanned_out()).values()) == but_the_troubled(False, True)


@on_postgresql
async def test_an_endpoint_that_is_held_keeps_no_other_organization_waiting(
    several: Several, database_url: str
) -> None:
    """And is not passed over: what is disabled by then is held."""
    async with held(database_url, HOLDS_ENDPOINT, several.ids[TROUBLED]):
        fanning_out = asyncio.create_task(several.fanned_out())
        await until_they_are(several, but_the_troubled([PENDING], []))
    await fanning_out  # On a busy machine that one has given up by now, and is for the next time.
    await several.fanned_out()
    await until_they_are(several, [[PENDING]] * MANY)


async def test_a_fault_with_the_events_of_one_is_of_that_one(several: Several) -> None:
    troubled = several.partners[TROUBLED]
    await troubled.endpoint(
        "/troubled",
        of=several.endpoints[TROUBLED].integration,
        types=["NO_SUCH_TYPE"],  # type: ignore[list-item]
        is_default=False,
    )
    found = await several.fanned_out()
    assert isinstance(found.pop(TROUBLED), Exception)
    assert set(found.values()) == {True}
    await until_they_are(several, but_the_troubled([PENDING], []))


async def test_who_has_much_to_fan_out_has_a_transaction_alone(several: Several) -> None:
    much = several.partners[TROUBLED]
    for _ in range(DELIVERIES_TOGETHER):
        await much.event()
    with several.transactions() as had:
        assert await several.fanned_out() == dict.fromkeys(range(MANY), True)
    assert len(had) == 2
    assert len((await several.stored())[TROUBLED]) == DELIVERIES_TOGETHER + 1


@on_postgresql
async def test_where_tables_are_spread_each_organization_has_its_transactions(
    several: Several,
) -> None:
    assert isinstance(several.database, Postgres)
    several.database._sessions.is_spread = True
    try:
        with several.transactions() as had:
            assert await several.fanned_out() == dict.fromkeys(range(MANY), True)
    finally:
        several.database._sessions.is_spread = False
    assert len(had) == MANY


# Claiming.


async def test_what_is_due_in_several_is_claimed_in_one_transaction_and_sent(
    several: Several,
) -> None:
    await several.fanned_out()
    courier = several.partners[0].teller.courier
    with several.transactions() as had:
        sent = await courier.send_due(several.ids)
        assert len(had) == 1
        assert sent.begun == dict.fromkeys(several.ids, True)
        await courier.drain()
    await until_they_are(several, [[DELIVERED]] * MANY)
    assert len(several.partners[0].receiver.received) == MANY


async def test_nobody_claims_or_marks_what_is_of_another(several: Several) -> None:
    """Ids are unique, and yet each is looked for in its organization alone."""
    await several.fanned_out()
    stored = await several.stored()
    one, other = several.ids[:2]
    [theirs] = stored[1]
    assert await several.claimed({one: [theirs.id], several.ids[2]: []}) == {
        one: [],
        several.ids[2]: [],
    }
    claimed = await several.claimed({one: [theirs.id], other: [theirs.id]})
    assert claimed[one] == []
    assert not isinstance(claimed[other], Exception)
    [parcel] = claimed[other]
    assert parcel.uuid == theirs.uuid

    done = accepted(parcel, several.now)
    await several.marked({one: [done], several.ids[2]: []})
    assert [each.status for each in (await several.stored())[1]] == [PENDING]
    await several.marked({one: [done], other: [done]})
    [after] = (await several.stored())[1]
    assert (after.status, after.attempts) == (DELIVERED, 1)


# Marking.


async def test_attempts_of_several_are_marked_in_one_transaction(several: Several) -> None:
    attempted = await several.attempted()
    with several.transactions() as had:
        assert await several.marked(attempted) == dict.fromkeys(several.ids)
    assert len(had) == 1
    for its in await several.stored():
        [delivery] = its
        assert (delivery.status, delivery.attempts, delivery.claimed_until) == (DELIVERED, 1, None)
    assert len(await several.partners[0].attempts()) == MANY


@on_postgresql
async def test_a_mark_that_has_to_wait_keeps_no_other_waiting(
    several: Several, database_url: str
) -> None:
    attempted = await several.attempted()
    async with held(database_url, HOLDS_ENDPOINT, several.ids[TROUBLED]):
        marking = asyncio.create_task(several.marked(attempted))
        await until_they_are(several, but_the_troubled([DELIVERED], [PENDING]))
    left = {each: attempted[each] for each, fault in (await marking).items() if fault is not None}
    await several.marked(left)
    await until_they_are(several, [[DELIVERED]] * MANY)


async def test_a_fault_with_one_mark_is_of_that_one(several: Several) -> None:
    attempted = await several.attempted()
    troubled = several.ids[TROUBLED]
    local = several.now.replace(tzinfo=None)
    attempted[troubled] = [changed(each, attempted_at=local) for each in attempted[troubled]]
    marked = await several.marked(attempted)
    assert isinstance(marked.pop(troubled), Exception)
    assert set(marked.values()) == {None}
    await until_they_are(several, but_the_troubled([DELIVERED], [PENDING]))


async def test_one_that_is_gone_is_disabled_beside_others_that_are_not(several: Several) -> None:
    await several.partners[TROUBLED].event()
    attempted = await several.attempted()
    troubled = several.ids[TROUBLED]
    gone, _ = attempted[troubled]
    attempted[troubled] = [
        changed(gone, status=PENDING, failure=Failure.STATUS, status_code=410, gone=True)
    ]
    assert await several.marked(attempted) == dict.fromkeys(several.ids)
    await until_they_are(several, but_the_troubled([DELIVERED], [HELD, HELD]))
    disabled = [
        await each.disabled(endpoint)
        for each, endpoint in zip(several.partners, several.endpoints, strict=True)
    ]
    assert disabled == but_the_troubled(None, Disabled.GONE)


@on_postgresql
async def test_where_the_answer_to_the_commit_is_lost_nothing_is_marked_twice(
    several: Several, database_url: str
) -> None:
    attempted = await several.attempted()
    async with wire_to(database_url) as wire:
        far = connect(wire.url)
        await far.take_ids(1)
        several.database = far
        wire.loses_answer_to = b"COMMIT"
        marked = await several.marked(attempted)
        await far.close()
    assert wire.lost == 1
    assert {type(each) for each in marked.values()} == {DatabaseUnavailable}
    assert [each.attempts for its in await several.stored() for each in its] == [1] * MANY


async def test_a_database_that_is_away_is_not_asked_for_each_of_them(several: Several) -> None:
    attempted = await several.attempted()
    asked = 0

    async def away(_: Work[T]) -> T:
        nonlocal asked
        asked += 1
        raise DatabaseUnavailable("out of reach")

    with several.transactions():
        several.database.write = away  # type: ignore[method-assign]
        marked = await several.marked(attempted)
    assert asked == 1
    assert {str(each) for each in marked.values()} == {"out of reach"}


# Who is told first.


async def test_what_this_process_commits_is_told_without_a_look(several: Several) -> None:
    """Its desk says where."""
    committed = several.partners[0].gym.desk.committed
    committed.take()
    slot = await several.partners[0].event()
    assert committed.take() == [several.ids[0]]
    assert committed.take() == []
    await several.partners[0].tell()
    assert (SLOT_UPDATED, slot) in several.partners[0].receiver.events()
