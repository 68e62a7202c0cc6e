"""Which partners hear of what: every committed change, told once to everybody who listens (F44)."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import asyncpg
import pytest
from sqlalchemy import Connection
from sqlalchemy.util import await_only

from kursplan.app import Application
from kursplan.desk.applications import RecordApplication
from kursplan.desk.book import Book, Booked
from kursplan.desk.endpoints import (
    AddEndpoint,
    ChangeEndpoint,
    DisableEndpoint,
    EnableEndpoint,
    RemoveEndpoint,
    RotateSecret,
)
from kursplan.desk.engine.desk import Desk
from kursplan.desk.engine.turn import Command, Turn
from kursplan.desk.keys import ConfirmActivation
from kursplan.desk.resend import Resend, ResendSince
from kursplan.domain.bookings import Participation
from kursplan.domain.entries import ApplicationEntry, EndpointEntry, IntegrationEntry
from kursplan.domain.events import EventType
from kursplan.domain.webhooks import DEFAULT_ENDPOINT, DeliveryStatus
from kursplan.metrics import Metrics
from kursplan.settings import Settings
from kursplan.store import tables
from kursplan.store.engine.together import at_once
from kursplan.store.outbox.dispatch import lock_subscriptions
from tests.gym import ALL_SCOPES, STAFF, Gym
from tests.referee import Referee
from tests.webhooks.partner import Integration, Partners, fanned_out

CREATED = EventType.CLASS_BOOKING_CREATED
UPDATED = EventType.CLASS_BOOKING_UPDATED
CANCELLED = EventType.CLASS_BOOKING_CANCELLED
SLOT_UPDATED = EventType.CLASS_SLOT_UPDATED
SLOT_CANCELLED = EventType.CLASS_SLOT_CANCELLED


@dataclass(frozen=True)
class Fails(Command[None]):
    """Tells of a change, and is rolled back."""

    organization_id: int
    studio_id: int

    def perform(self, turn: Turn) -> None:
        turn.tell(EventType.EMPLOYEE_CREATED, 4711, self.studio_id)
        turn.flush()
        raise ArithmeticError("this turn is lost")


# Exactly what was committed.


async def test_every_committed_change_is_told_and_nothing_else(partners: Partners) -> None:
    """F44: with all that is refused, repeated or rolled back in between."""
    gym = partners.gym
    await partners.endpoint()
    await gym.klass(confirmation="1 HOURS")
    slot = await gym.slot(at="18:00", seats=1, waiting_list=1)
    first, second, third = await gym.customers(3)

    seat = await gym.booked(first, slot)
    waiting = await gym.booked(second, slot)
    await gym.book(third, slot)
    await gym.book(first, slot)
    await gym.confirm(seat.booking_id)
    await gym.confirm(seat.booking_id)
    with pytest.raises(ArithmeticError):
        await gym.take(Fails(gym.organization, gym.studio_id))
    await gym.cancel(seat.booking_id)
    await gym.cancel(seat.booking_id)
    await gym.changed_slot(slot, max_participants=5)
    await gym.change_slot(slot, max_participants=5)
    gym.clock.set(gym.at("17:45"))
    await gym.note(waiting.booking_id, Participation.PARTICIPATING)
    await gym.note(waiting.booking_id, Participation.PARTICIPATING)
    await gym.cancel_slot(slot)
    await partners.tell()

    assert sorted(partners.receiver.events()) == sorted(
        [
            *((CREATED, seat.booking_id), (CREATED, waiting.booking_id)),
            *((UPDATED, seat.booking_id), (CANCELLED, seat.booking_id)),
            *((UPDATED, waiting.booking_id), (UPDATED, waiting.booking_id)),
            *((SLOT_UPDATED, slot), (SLOT_CANCELLED, slot), (CANCELLED, waiting.booking_id)),
        ]
    )
    told = {each.uuid for each in await gym.told()}
    assert {each.uuid for each in partners.receiver.received} == told
    assert len(told) == 9


async def test_what_was_told_is_not_told_again(partners: Partners) -> None:
    await partners.endpoint()
    await partners.event()
    await partners.tell()
    await partners.tell()
    await partners.later(days=3)
    assert len(partners.receiver.received) == 1


async def test_an_event_is_told_as_the_contract_writes_it(partners: Partners) -> None:
    gym = partners.gym
    endpoint = await partners.endpoint()
    slot = await partners.event()
    await partners.tell()
    [event], [received] = await gym.told(), partners.receiver.received
    milliseconds = int(gym.now.timestamp() * 1000)
    assert received.body.decode() == (
        f'{{"entityId":{slot},"uuid":"{event.uuid}","payload":[{{"timestamp":{milliseconds},'
        f'"type":"CLASS_SLOT_UPDATED","content":{{"classId":{gym.classes["spin"]}}}}}]}}'
    )
    assert received.headers["content-type"] == "application/json"
    assert received.headers["x-api-key"] == endpoint.integration.webhook_key
    assert received.headers["webhook-id"] == event.uuid


# To whom.


async def test_every_active_integration_of_the_studio_hears_of_it(partners: Partners) -> None:
    endpoints = [await partners.endpoint(f"/{n}") for n in range(3)]
    other_studio = await partners.gym.studio("hamburg")
    elsewhere = await partners.integration(studio_id=other_studio)
    await partners.endpoint("/elsewhere", of=elsewhere)
    inactive = await partners.integration(active=False)
    await partners.endpoint("/inactive", of=inactive)
    slot = await partners.event()
    await partners.tell()

    for each in endpoints:
        [received] = partners.receiver.on(each.path)
        assert received.event == (SLOT_UPDATED, slot)
        assert received.headers["x-api-key"] == each.integration.webhook_key
    assert len(partners.receiver.received) == 3


async def test_what_was_committed_while_an_integration_was_active_is_for_it_and_nothing_else(
    partners: Partners,
) -> None:
    """However late it is fanned out."""
    gym = partners.gym
    integration = await partners.integration()
    await partners.endpoint(of=integration)

    async def has_it_active(active: bool) -> None:
        application = await partners.row(tables.integration, integration.id)
        there = IntegrationEntry("berlin", frozenset(ALL_SCOPES), active)
        entry = ApplicationEntry(integration.api_key[:8], "Partner", frozenset({there}))
        await gym.take(RecordApplication(gym.organization, application.application_id, entry))

    before = await partners.event()
    await has_it_active(False)
    await partners.event()
    await has_it_active(True)
    after = await partners.event()
    await partners.tell()
    assert partners.receiver.events() == [(SLOT_UPDATED, before), (SLOT_UPDATED, after)]


async def test_another_organization_hears_of_nothing(partners: Partners) -> None:
    stranger = await Gym(partners.gym.database, partners.clock, first_id=500).open()
    await Partners(stranger, partners.receiver, partners.post).endpoint("/stranger")
    await partners.endpoint()
    await partners.event()
    await partners.tell()
    assert [each.path for each in partners.receiver.received] == ["/hook"]


async def test_every_organization_is_told_in_one_round(partners: Partners) -> None:
    other = await Gym(partners.gym.database, partners.clock, first_id=500).open()
    others = Partners(other, partners.receiver, partners.post)
    await others.endpoint("/other")
    await partners.endpoint()
    slots = [await partners.event(), await others.event()]
    await partners.tell()
    assert [
        partners.receiver.events("/hook"),
        partners.receiver.events("/other"),
    ] == [[(SLOT_UPDATED, each)] for each in slots]


async def test_the_home_studio_of_a_customer_from_elsewhere_hears_of_the_booking_too(
    partners: Partners,
) -> None:
    """The contract's section about booking across studios."""
    gym = partners.gym
    hamburg, munich = await gym.studio("hamburg"), await gym.studio("munich")
    for path, studio in (("/berlin", gym.studio_id), ("/hamburg", hamburg), ("/munich", munich)):
        await partners.endpoint(path, of=await partners.integration(studio_id=studio))
    await gym.klass(admits_other_studios=True)
    slot = await gym.slot()
    guest = await gym.booked(await gym.customer(studio_id=hamburg), slot)
    local = await gym.booked(await gym.customer(), slot)
    await gym.changed_slot(slot, max_participants=7)
    await partners.tell()

    assert sorted(partners.receiver.events("/berlin")) == sorted(
        [(CREATED, guest.booking_id), (CREATED, local.booking_id), (SLOT_UPDATED, slot)]
    )
    assert partners.receiver.events("/hamburg") == [(CREATED, guest.booking_id)]
    assert partners.receiver.events("/munich") == []
    [here] = [each for each in partners.receiver.on("/berlin") if each.event[1] == guest.booking_id]
    [home] = partners.receiver.on("/hamburg")
    assert here.body == home.body


async def test_a_default_url_can_be_narrowed_and_others_take_certain_types(
    partners: Partners,
) -> None:
    gym = partners.gym
    narrowed, split = await partners.integration(), await partners.integration()
    await partners.endpoint("/narrowed", of=narrowed, types=[CREATED, SLOT_CANCELLED])
    await partners.endpoint("/split/default", of=split)
    await partners.endpoint("/split/slots", of=split, types=[SLOT_UPDATED], is_default=False)
    await partners.endpoint(
        "/split/audit", of=split, types=[SLOT_UPDATED, CREATED], is_default=False
    )
    slot = await gym.slot()
    seat = await gym.booked(await gym.customer(), slot)
    await gym.changed_slot(slot, max_participants=7)
    await gym.cancel_slot(slot)
    await partners.tell()

    assert {path: sorted(partners.receiver.events(path)) for path in _paths(partners)} == {
        "/narrowed": sorted([(CREATED, seat.booking_id), (SLOT_CANCELLED, slot)]),
        "/split/default": sorted([(SLOT_CANCELLED, slot), (CANCELLED, seat.booking_id)]),
        "/split/slots": [(SLOT_UPDATED, slot)],
        "/split/audit": sorted([(SLOT_UPDATED, slot), (CREATED, seat.booking_id)]),
    }


def _paths(partners: Partners) -> set[str]:
    return {each.path for each in partners.receiver.received}


async def test_an_integration_without_a_url_is_told_nothing_and_holds_nothing_up(
    partners: Partners,
) -> None:
    await partners.integration()
    await partners.event()
    await partners.tell()
    assert await partners.deliveries() == []
    await partners.endpoint()
    await partners.tell()
    assert partners.receiver.received == [], "what happened before is not told afterwards"


# From when on.


async def test_nothing_is_told_before_the_activation_is_confirmed(partners: Partners) -> None:
    gym = partners.gym
    integration = await partners.integration(confirmed=False)
    await partners.endpoint(of=integration)
    await partners.event()
    await partners.tell()
    await partners.event()  # Not looked at before the confirmation.
    await gym.take(ConfirmActivation(gym.organization, integration.id))
    heard = await partners.event()
    await partners.tell()
    assert partners.receiver.events() == [(SLOT_UPDATED, heard)]


@pytest.mark.parametrize("begins", ["confirms", "is added"])
@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
async def test_what_is_committed_after_somebody_began_to_listen_is_told_however_early_it_began(
    partners: Partners, database_url: str, begins: str
) -> None:
    """Its number was taken before, and nobody else could see it yet."""
    gym = partners.gym
    integration = await partners.integration(confirmed=begins == "is added")
    other = await asyncpg.connect(database_url)
    async with other.transaction():
        await other.execute(
            """
            INSERT INTO event (organization_id, id, uuid, type, entity_id, studio_id, happened_at,
                fanned_out)
            VALUES ($1, nextval('kursplan_id'), 'early', 'EMPLOYEE_CREATED', 4711, $2, $3, false)
            """,
            *(gym.organization, gym.studio_id, gym.now),
        )
        if begins == "confirms":
            await partners.endpoint(of=integration)
            await gym.take(ConfirmActivation(gym.organization, integration.id))
        else:
            await add_endpoint(partners, integration)
        await partners.tell()
        assert partners.receiver.received == []
    await other.close()
    await partners.tell()
    assert partners.receiver.events() == [(EventType.EMPLOYEE_CREATED, 4711)]


async def add_endpoint(
    partners: Partners, integration: Integration, path: str = "/hook", desk: Desk | None = None
) -> int:
    """As the operator does it; gives the id."""
    desk = desk or partners.gym.desk
    endpoint_id = await desk.ids.next()
    entry = EndpointEntry(DEFAULT_ENDPOINT, partners.receiver.url(path), None)
    await desk.execute(
        AddEndpoint.fresh(partners.gym.organization, integration.id, endpoint_id, entry), by=STAFF
    )
    return endpoint_id


async def test_who_begins_to_listen_in_a_crowd_hears_of_all_that_comes_and_nothing_that_was(
    partners: Partners,
) -> None:
    """Two processes book all the time, and fan out, while endpoints come and are confirmed."""
    gym = partners.gym
    await gym.klass(max_participants=None)
    slot = await gym.slot(seats=None)
    desks = [gym.desk, Desk(gym.database, gym.clock, Metrics())]
    moments = itertools.count()
    booked: dict[int, tuple[int, int]] = {}
    listens: dict[int, tuple[int, int]] = {}

    async def book(customer: int, desk: Desk) -> None:
        began = next(moments)
        booking_id = await desk.ids.next()
        book = Book(gym.organization, gym.studio_id, customer, slot, booking_id)
        assert isinstance(await desk.execute(book, by=STAFF), Booked)
        booked[booking_id] = (began, next(moments))

    async def listen(number: int, desk: Desk) -> None:
        integration = await partners.integration(confirmed=number % 2 == 0)
        endpoint = None
        if number % 2:
            endpoint = (await partners.endpoint(f"/{number}", of=integration)).id
        began = next(moments)
        if endpoint is None:
            endpoint = await add_endpoint(partners, integration, f"/{number}", desk)
        else:
            await desk.execute(ConfirmActivation(gym.organization, integration.id), by=STAFF)
        listens[endpoint] = (began, next(moments))

    async def one_process(desk: Desk, customers: Sequence[int]) -> None:
        for number in range(len(customers) // 5):
            few = customers[5 * number : 5 * number + 5]
            await asyncio.gather(
                listen(number, desk),
                *(book(each, desk) for each in few),
                fanned_out(gym),
            )

    customers = await gym.customers(80)
    await asyncio.gather(*(one_process(desk, customers[at::2]) for at, desk in enumerate(desks)))
    while await fanned_out(gym):
        pass

    assert len(booked) == 80
    told: defaultdict[int, set[int]] = defaultdict(set)
    for each in await partners.deliveries():
        told[each.endpoint_id].add(each.entity_id)
    for endpoint, (began, listening) in listens.items():
        assert {each for each, (begun, _) in booked.items() if begun > listening} <= told[endpoint]
        assert not {each for each, (_, ended) in booked.items() if ended < began} & told[endpoint]


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize("begins", ["confirms", "is added"])
async def test_who_begins_to_listen_waits_for_whoever_relied_on_nobody(
    partners: Partners, database_url: str, begins: str
) -> None:
    """A turn that found nobody to tell, and is not committed yet, is before them."""
    gym = partners.gym
    integration = await partners.integration(confirmed=begins == "is added")
    if begins == "confirms":
        await partners.endpoint(of=integration)
    found, go_on = asyncio.Event(), asyncio.Event()

    def relies(tx: Connection) -> bool:
        held = at_once(tx, lambda at: lock_subscriptions(at, gym.organization))
        found.set()
        await_only(go_on.wait())
        return held

    turn = asyncio.ensure_future(gym.database.write(relies))
    await found.wait()
    watch = await asyncpg.connect(database_url)
    confirms = ConfirmActivation(gym.organization, integration.id)
    listens = asyncio.ensure_future(
        gym.take(confirms) if begins == "confirms" else add_endpoint(partners, integration)
    )
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    while not await watch.fetchval(waiting):  # noqa: ASYNC110 - the database tells nobody.
        await asyncio.sleep(0.01)
    assert not listens.done()
    go_on.set()
    assert await turn
    await listens
    await watch.close()


async def test_confirming_again_forgets_nothing(partners: Partners) -> None:
    gym = partners.gym
    integration = await partners.integration()
    await partners.endpoint(of=integration)
    slot = await partners.event()
    await gym.take(ConfirmActivation(gym.organization, integration.id))
    await partners.tell()
    assert partners.receiver.events() == [(SLOT_UPDATED, slot)]


@pytest.fixture
async def client(partners: Partners, database_url: str) -> AsyncIterator[Referee]:
    """The Open API of the application, which tells nobody by itself."""
    application = Application(Settings(database_url=database_url, background=False), partners.clock)
    await application.start()
    async with Referee.inside(application, None) as referee:
        yield referee
    await application.stop()


async def test_a_partner_confirms_over_http_and_hears_what_others_do_from_then_on(
    partners: Partners, client: Referee
) -> None:
    """Whoever makes the change: a partner, another partner, the operator."""
    gym = partners.gym
    integration = await partners.integration(confirmed=False)
    await partners.endpoint(of=integration)
    other = await partners.integration()
    slot = await gym.slot()
    customers = await gym.customers(3)

    async def book(customer: int, api_key: str) -> int:
        answer = await client.post(
            "/v1/classes/booking/book",
            json={"customerId": customer, "classSlotId": slot},
            headers={"X-API-KEY": api_key},
        )
        return int(answer.json()["bookingId"])

    await book(customers[0], integration.api_key)
    answer = await client.post(
        "/v1/studios/confirmActivation", headers={"X-API-KEY": integration.api_key}
    )
    assert answer.status_code == 200
    bookings = [
        await book(customers[1], integration.api_key),
        await book(customers[2], other.api_key),
    ]
    await gym.changed_slot(slot, max_participants=7)
    await partners.tell()

    expected = [*((CREATED, each) for each in bookings), (SLOT_UPDATED, slot)]
    assert sorted(partners.receiver.events()) == sorted(expected)


# Several processes, and much to do.


async def test_an_event_is_fanned_out_once_however_many_are_at_it(partners: Partners) -> None:
    gym = partners.gym
    await partners.endpoint()
    for _ in range(5):
        await partners.event()
    await asyncio.gather(*(fanned_out(gym) for _ in range(4)))
    assert await partners.statuses() == [DeliveryStatus.PENDING] * 5


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
async def test_who_finds_another_at_it_leaves_it_to_them(
    partners: Partners, database_url: str
) -> None:
    gym = partners.gym
    await partners.endpoint()
    await partners.event()
    other = await asyncpg.connect(database_url)
    async with other.transaction():
        await other.execute("SELECT id FROM organization FOR NO KEY UPDATE")
        assert not await fanned_out(gym)
    await other.close()
    assert await fanned_out(gym)
    assert await partners.statuses() == [DeliveryStatus.PENDING]


async def somebody_waits(connection: asyncpg.Connection) -> bool:
    """For a lock, in the same database."""
    query = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
    """
    return bool(await connection.fetchval(query))


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
async def test_who_changes_what_is_sent_waits_for_the_fan_out_and_keeps_nobody_else_waiting(
    partners: Partners, database_url: str
) -> None:
    """Whoever fans out locks endpoints after the organization, and so does everybody: no deadlock."""
    gym = partners.gym
    endpoint = await partners.endpoint()
    await partners.event()
    await partners.tell()
    [delivery] = await partners.deliveries()
    organization = gym.organization
    other = await asyncpg.connect(database_url)
    for action in (
        Resend(organization, delivery.id),
        ResendSince(organization, endpoint.id, gym.now, gym.now),
        ChangeEndpoint(organization, endpoint.id, "https://partner.example/"),
        RotateSecret.fresh(organization, endpoint.id),
        DisableEndpoint(organization, endpoint.id),
        EnableEndpoint(organization, endpoint.id),
        RemoveEndpoint(organization, endpoint.id),
    ):
        async with other.transaction():
            await other.execute("SELECT id FROM organization FOR NO KEY UPDATE")
            taking = asyncio.create_task(gym.take(action))
            while not await somebody_waits(other):
                assert not taking.done()
            await other.execute("SELECT id FROM webhook_endpoint FOR UPDATE NOWAIT")
        await taking
    await other.close()


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
async def test_an_endpoint_that_is_just_being_disabled_has_its_deliveries_held(
    partners: Partners, database_url: str
) -> None:
    """Otherwise one that is stored as due would be left behind when the others are held."""
    gym = partners.gym
    await partners.endpoint()
    await partners.event()
    other = await asyncpg.connect(database_url)
    async with other.transaction():
        await other.execute("UPDATE webhook_endpoint SET disabled = 'GONE'")
        fanning_out = asyncio.create_task(fanned_out(gym))
        while not await somebody_waits(other):
            assert not fanning_out.done()
    await other.close()
    assert await fanning_out
    assert await partners.statuses() == [DeliveryStatus.HELD]


async def test_more_events_than_one_look_takes_are_all_told(partners: Partners) -> None:
    gym = partners.gym
    endpoint = await partners.endpoint()
    rows = [
        {
            "organization_id": gym.organization,
            "id": 10_000 + number,
            "uuid": f"00000000-0000-0000-0000-{number:012}",
            "type": CREATED,
            "entity_id": number,
            "studio_id": gym.studio_id,
            "home_studio_id": None,
            "content": None,
            "happened_at": gym.now,
            "fanned_out": False,
        }
        for number in range(1, 1202)
    ]
    await gym.database.write(lambda tx: tx.execute(tables.event.insert(), rows))
    while await fanned_out(gym):
        pass
    deliveries = await partners.deliveries(endpoint)
    assert [each.entity_id for each in deliveries] == list(range(1, 1202))
