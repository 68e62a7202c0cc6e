"""Many partners ask at the same instant, over HTTP, of one server on SQLite and two on PostgreSQL.

Whoever comes first is left to chance; what may come of it is not. Every race is run several times.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest

from kursplan.clock import HandClock
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.contingents import Period
from kursplan.domain.events import EventType
from kursplan.store.engine.database import connect
from tests.audit import audit
from tests.databases import KINDS
from tests.gym import Gym
from tests.postgres import create_database, drop_database
from tests.races.deskhand import Deskhand
from tests.races.partner import Partner, at_once
from tests.races.servers import KursplanServer

ROUNDS = range(5)
CROWD = 50

SERVERS = {"sqlite": 1, "postgresql": 2}
"""SQLite belongs to one server process; PostgreSQL is shared by several."""


@dataclass
class House:
    """Servers over one database; each race has a gym of its own in it."""

    database_url: str
    servers: list[KursplanServer]
    # Ids written by hand stay far above those that the sequence gives out.
    first_ids: Iterator[int] = field(default_factory=lambda: itertools.count(10**9, 10**6))


@pytest.fixture(scope="module", params=KINDS)
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """The house on each kind of database, for all races of this module."""
    if request.param == "sqlite":
        file = tmp_path_factory.mktemp("house") / "kursplan.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), file)
        database_url = f"sqlite:///{file}"
    else:
        postgres = request.getfixturevalue("postgres_server")
        template = request.getfixturevalue("postgres_template")
        database_url = asyncio.run(create_database(postgres, template))
    servers: list[KursplanServer] = []
    try:
        for _ in range(SERVERS[request.param]):
            servers.append(KursplanServer(database_url))  # noqa: PERF401 - those started are stopped
        yield House(database_url, servers)
    finally:
        for each in servers:
            each.stop()
        if request.param == "postgresql":
            asyncio.run(drop_database(postgres, database_url))


@pytest.fixture
async def gym(house: House, clock: HandClock) -> AsyncIterator[Gym]:
    """A gym in the house that nobody else uses."""
    database = connect(house.database_url)
    yield await Gym(database, clock, next(house.first_ids)).open()
    await database.close()


@pytest.fixture
async def partner(house: House, gym: Gym) -> AsyncIterator[Partner]:
    async with Partner(house.servers, await gym.key()) as opened:
        yield opened


@pytest.fixture
def tomorrow(clock: HandClock) -> date:
    return clock.now().date() + timedelta(days=1)


@pytest.fixture
def next_week(clock: HandClock) -> date:
    """A Monday, so that a few days from then are in the same week."""
    today = clock.now().date()
    return today + timedelta(days=7 - today.weekday())


async def test_one_free_place_is_sold_once(gym: Gym, partner: Partner, tomorrow: date) -> None:
    """F1"""
    crowd = await gym.customers(CROWD)
    for _ in ROUNDS:
        slot = await gym.slot("spin", seats=1, waiting_list=5, day=tomorrow)

        outcomes = await at_once(partner.book(each, slot) for each in crowd)

        assert Counter(outcomes) == {
            "BOOKED": 1,
            "WAITING_LIST": 5,
            "BOOKING_LIMIT_REACHED": CROWD - 6,
        }
        now = await gym.slot_now(slot)
        assert (now.seats, now.waiting) == (1, 5)
        await audit(gym.database, gym.organization, gym.now)
        await gym.cancel_slot(slot)


async def test_a_customer_gets_one_booking_however_often_it_is_asked_for(
    gym: Gym, partner: Partner, tomorrow: date
) -> None:
    """F2"""
    for _ in ROUNDS:
        slot = await gym.slot("spin", day=tomorrow)
        customer = await gym.customer()

        outcomes = await at_once(partner.book(customer, slot) for _ in range(CROWD))

        assert Counter(outcomes) == {"BOOKED": 1, "CUSTOMER_ALREADY_BOOKED": CROWD - 1}
        assert await gym.statuses(slot) == [(customer, BookingStatus.BOOKED)]
        await audit(gym.database, gym.organization, gym.now)


async def test_a_customer_sits_on_one_of_two_slots_that_overlap(
    gym: Gym, partner: Partner, tomorrow: date
) -> None:
    """F3"""
    for _ in ROUNDS:
        crowd = await gym.customers(10)
        early = await gym.slot("spin", at="18:00", day=tomorrow)
        late = await gym.slot("yoga", at="18:30", day=tomorrow)

        outcomes = await at_once(
            partner.book(each, slot) for each in crowd for slot in (early, late, early, late)
        )

        assert outcomes.count("BOOKED") == len(crowd)
        seated = [who for slot in (early, late) for who, _ in await gym.statuses(slot)]
        assert sorted(seated) == crowd
        await audit(gym.database, gym.organization, gym.now)


async def test_a_contingent_of_one_is_used_once(
    gym: Gym, partner: Partner, next_week: date
) -> None:
    """F4"""
    rate = await gym.rate(grants={Period.WEEK: 1})
    await gym.klass("spin", uses_contingent=True, earliest_booking=None)
    for _ in ROUNDS:
        crowd = await gym.customers(10)
        for each in crowd:
            await gym.membership(each, rate)
        first = await gym.slot("spin", day=next_week)
        second = await gym.slot("spin", day=next_week + timedelta(days=3))

        outcomes = await at_once(
            partner.book(each, slot) for each in crowd for slot in (first, second)
        )

        assert Counter(outcomes) == {"BOOKED": len(crowd), "NO_CONTINGENT": len(crowd)}
        await audit(gym.database, gym.organization, gym.now)


async def test_a_place_given_up_goes_to_the_head_of_the_list_and_not_to_a_newcomer(
    gym: Gym, partner: Partner, tomorrow: date
) -> None:
    """F5"""
    seated, listed, *newcomers = await gym.customers(12)
    for _ in ROUNDS:
        slot = await gym.slot("spin", seats=1, waiting_list=20, day=tomorrow)
        booking = await gym.booked(seated, slot)
        await gym.booked(listed, slot)

        cancelled, *outcomes = await at_once(
            [partner.cancel(booking.booking_id), *(partner.book(each, slot) for each in newcomers)]
        )

        assert cancelled == "OK"
        assert Counter(outcomes) == {"WAITING_LIST": len(newcomers)}
        head, *tail = await gym.statuses(slot)
        assert head == (listed, BookingStatus.BOOKED)
        assert sorted(who for who, _ in tail) == sorted(newcomers)
        await audit(gym.database, gym.organization, gym.now)
        await gym.cancel_slot(slot)


async def test_cancelling_again_and_again_frees_one_place(
    gym: Gym, partner: Partner, tomorrow: date
) -> None:
    """F6"""
    seated, first, second = await gym.customers(3)
    for _ in ROUNDS:
        slot = await gym.slot("spin", seats=1, day=tomorrow)
        booking = await gym.booked(seated, slot)
        await gym.booked(first, slot)
        await gym.booked(second, slot)

        outcomes = await at_once(partner.cancel(booking.booking_id) for _ in range(20))

        assert outcomes == ["OK"] * 20
        assert await gym.statuses(slot) == [
            (first, BookingStatus.BOOKED),
            (second, BookingStatus.WAITING_LIST),
        ]
        told = await gym.told(EventType.CLASS_BOOKING_CANCELLED)
        assert [each.entity_id for each in told].count(booking.booking_id) == 1
        await audit(gym.database, gym.organization, gym.now)
        await gym.cancel_slot(slot)


async def test_places_freed_at_once_go_to_as_many_in_the_order_of_joining(
    gym: Gym, partner: Partner, tomorrow: date
) -> None:
    """F7"""
    crowd = await gym.customers(10)
    for _ in ROUNDS:
        slot = await gym.slot("spin", seats=5, day=tomorrow)
        bookings = [(await gym.booked(each, slot)).booking_id for each in crowd]

        outcomes = await at_once(partner.cancel(each) for each in bookings[:3])

        assert outcomes == ["OK"] * 3
        assert await gym.statuses(slot) == [
            *((each, BookingStatus.BOOKED) for each in crowd[3:8]),
            *((each, BookingStatus.WAITING_LIST) for each in crowd[8:]),
        ]
        told = await gym.told(EventType.CLASS_BOOKING_UPDATED)
        assert [each.entity_id for each in told[-3:]] == bookings[5:8]
        await audit(gym.database, gym.organization, gym.now)
        await gym.cancel_slot(slot)


async def test_one_who_leaves_the_list_while_a_place_becomes_free_loses_nobody_a_place(
    gym: Gym, partner: Partner, tomorrow: date
) -> None:
    """F9"""
    seated, leaves, stays = await gym.customers(3)
    for _ in ROUNDS:
        slot = await gym.slot("spin", seats=1, day=tomorrow)
        booking = await gym.booked(seated, slot)
        waiting = await gym.booked(leaves, slot)
        await gym.booked(stays, slot)

        outcomes = await at_once(
            partner.cancel(each.booking_id) for each in (booking, waiting, booking, waiting)
        )

        assert outcomes == ["OK"] * 4
        assert await gym.statuses(slot) == [(stays, BookingStatus.BOOKED)]
        await audit(gym.database, gym.organization, gym.now)
        await gym.cancel_slot(slot)


async def test_one_who_leaves_the_list_while_staff_make_room_has_left_and_the_next_sits(
    gym: Gym, house: House, partner: Partner, tomorrow: date, deskhands: list[Deskhand]
) -> None:
    """F9: a seat that somebody was given so late can be given up as well as the position before."""
    await gym.klass("spin", latest_cancellation="7 DAY", promotion_ends="0 MINUTES")
    seated, leaves, stays = await gym.customers(3)
    async with deskhands[0].at(house.database_url, gym.now) as staff:
        for _ in ROUNDS:
            slot = await gym.slot("spin", seats=1, day=tomorrow)
            await gym.booked(seated, slot)
            waiting = await gym.booked(leaves, slot)
            await gym.booked(stays, slot)
            more_seats = {
                "organization_id": gym.organization,
                "slot_id": slot,
                "max_participants": 2,
            }

            outcome, _ = await asyncio.gather(
                partner.cancel(waiting.booking_id), staff.do(("ChangeSlot", more_seats))
            )

            assert outcome == "OK"
            expected = [(seated, BookingStatus.BOOKED), (stays, BookingStatus.BOOKED)]
            assert await gym.statuses(slot) == expected
            await audit(gym.database, gym.organization, gym.now)
            await gym.cancel_slot(slot)
