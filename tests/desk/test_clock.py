"""A machine's clock that steps back reopens nothing, and repeats nothing (F30)."""

import asyncio
from datetime import datetime, timedelta

import pytest

from kursplan.api.error_codes import ErrorCode
from kursplan.clock import SystemClock
from kursplan.desk.book import Booked
from kursplan.desk.expire import ExpireConfirmations
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.events import EventType
from kursplan.store.engine.database import Database
from tests.gym import MORNING, Gym
from tests.races.locked import locked, somebody_waits


class Machine:
    """A machine that shows whatever time somebody sets."""

    def __init__(self, shows: datetime) -> None:
        self.shows = shows

    def __call__(self) -> float:
        return self.shows.timestamp()


@pytest.fixture
def machine() -> Machine:
    return Machine(MORNING)


@pytest.fixture
async def gym(database: Database, machine: Machine) -> Gym:
    return await Gym(database, SystemClock(machine)).open()


async def test_a_window_that_has_closed_stays_closed(gym: Gym, machine: Machine) -> None:
    await gym.klass(latest_booking="1 HOURS")
    slot = await gym.slot(at="18:00")
    customer = await gym.customer()
    machine.shows = gym.at("17:00") + timedelta(milliseconds=1)
    too_late = ErrorCode.DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME
    assert await gym.book(customer, slot) is too_late

    machine.shows -= timedelta(minutes=5)

    assert await gym.book(customer, slot) is too_late
    assert await gym.may_book(customer, slot) is too_late


async def test_who_waits_for_a_lock_is_decided_about_by_the_time_at_which_they_have_it(
    gym: Gym, machine: Machine, database_url: str
) -> None:
    await gym.klass(latest_booking="1 HOURS")
    slot = await gym.slot(at="18:00")
    customer = await gym.customer()
    machine.shows = gym.at("17:00")

    async with locked(database_url, slot):
        booked = asyncio.ensure_future(gym.book(customer, slot))
        await somebody_waits(database_url)
        machine.shows += timedelta(milliseconds=1)

    assert await booked is ErrorCode.DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME


async def test_what_has_expired_is_not_expired_again(gym: Gym, machine: Machine) -> None:
    await gym.klass(confirmation="1 HOURS")
    slot = await gym.slot(at="18:00", seats=1)
    customer = await gym.customer()
    seat = await gym.booked(customer, slot)
    expire = ExpireConfirmations(gym.organization, frozenset({seat.booking_id}))
    machine.shows = gym.at("17:00") + timedelta(milliseconds=1)
    assert len(await gym.take(expire)) == 1

    machine.shows -= timedelta(minutes=5)

    assert await gym.confirm(seat.booking_id) is ErrorCode.BOOKING_NOT_ACTIVE
    assert await gym.take(expire) == ()
    machine.shows += timedelta(minutes=5)
    assert await gym.take(expire) == ()
    assert len(await gym.told(EventType.CLASS_BOOKING_CANCELLED)) == 1


async def test_the_waiting_list_keeps_its_order(gym: Gym, machine: Machine) -> None:
    slot = await gym.slot(at="18:00", seats=1)
    first, second, third = await gym.customers(3)
    seat = await gym.booked(first, slot)
    await gym.booked(second, slot)
    machine.shows -= timedelta(minutes=5)
    await gym.booked(third, slot)

    await gym.cancel(seat.booking_id)

    assert await gym.statuses(slot) == [
        (second, BookingStatus.BOOKED),
        (third, BookingStatus.WAITING_LIST),
    ]


async def test_a_clock_that_had_been_wrong_by_far_is_believed_again(
    gym: Gym, machine: Machine
) -> None:
    slot = await gym.slot(at="18:00")
    machine.shows += timedelta(days=1)
    customer = await gym.customer()
    assert await gym.book(customer, slot) is ErrorCode.NOT_AVAILABLE
    machine.shows -= timedelta(days=1)
    assert isinstance(await gym.book(customer, slot), Booked)
