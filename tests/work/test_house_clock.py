"""A machine's clock leaps: the house does nothing by it that cannot be undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from kursplan.clock import HandClock
from kursplan.desk.book import IdempotencyKey
from kursplan.desk.complete import CompleteSlots
from kursplan.desk.reopen import ReopenSlots
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.slots import SlotStatus
from kursplan.metrics import Metrics
from kursplan.store import tables
from kursplan.store.engine.trouble import DatabaseUnavailable
from kursplan.store.rules import clock as stored
from kursplan.work.house_clock import LASTS, HouseClock
from kursplan.work.loop import Background
from tests.gym import MONDAY, Gym

FAR = timedelta(days=400)
SECONDS = timedelta(seconds=7)
MINUTE = timedelta(minutes=1)


@dataclass
class House:
    """A gym, and a process that works for it; the machine's clock and the stopwatch run together."""

    gym: Gym
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """A process begins, which knows nothing of the one before it."""
        self.clock = HouseClock(self.gym.clock, lambda: self.seconds)
        self.background = Background(
            self.gym.desk, self.gym.database, self.clock, Metrics(), horizon_days=7
        )

    def passes(self, time: timedelta) -> None:
        self.gym.clock.advance(time)
        self.seconds += time.total_seconds()

    def leaps(self, by: timedelta) -> None:
        """The machine's clock shows another time; the stopwatch takes no notice of it."""
        self.gym.clock.advance(by)

    async def works(self) -> bool:
        return await self.background.round()

    async def works_to_the_end(self) -> None:
        while await self.works():
            pass


@pytest.fixture
async def house(gym: Gym) -> House:
    """It has been running for an hour, and nothing is to be done."""
    house = House(gym)
    await house.works_to_the_end()
    house.passes(timedelta(hours=1))
    await house.works_to_the_end()
    return house


async def everything_that_is_due_some_day(gym: Gym) -> dict[str, object]:
    """A slot, a booking to confirm, an answer under a key, and a series with a slot."""
    slot = await gym.slot("spin", at="18:00")
    first, second = await gym.customers(2)
    await gym.klass("yoga", confirmation="2 HOURS")
    yoga = await gym.slot("yoga", at="20:00")
    await gym.booked(first, yoga)
    await gym.booked(second, slot, idempotency=IdempotencyKey(1, "key", "what"))
    series = await gym.series("spin")
    await gym.extend(series, until=MONDAY + timedelta(days=7))
    return {"slot": slot, "yoga": yoga, "series": series}


async def as_they_are(gym: Gym, known: dict[str, object]) -> list[object]:
    return [
        (await gym.slot_now(int(str(known["slot"])))).status,
        await gym.statuses(int(str(known["yoga"]))),
        await gym.count(tables.idempotency_key),
        await gym.count(tables.slot),
        await gym.told(),
    ]


@pytest.mark.parametrize("restarts", [True, False])
async def test_a_clock_that_is_wrong_for_some_seconds_changes_nothing(
    house: House, restarts: bool
) -> None:
    """Also where it is wrong when the process begins."""
    known = await everything_that_is_due_some_day(house.gym)
    before = await as_they_are(house.gym, known)
    house.leaps(FAR)
    if restarts:
        house.start()
    assert not await house.works()
    house.passes(SECONDS)
    assert not await house.works()
    assert await as_they_are(house.gym, known) == before
    assert house.clock.now() < house.gym.clock.now() - timedelta(days=399)

    house.leaps(-FAR)

    await house.works_to_the_end()
    assert await as_they_are(house.gym, known) == before
    assert house.clock.now() == house.gym.clock.now()
    house.passes(timedelta(hours=12))
    await house.works_to_the_end()
    assert (await house.gym.slot_now(int(str(known["slot"])))).status is SlotStatus.COMPLETED


async def test_what_is_due_by_the_time_before_the_leap_is_done_meanwhile(house: House) -> None:
    soon, later = await house.gym.slot(at="08:05"), await house.gym.slot(at="18:00")
    house.leaps(FAR)
    assert not await house.works()
    house.passes(6 * MINUTE)
    assert await house.works()
    slots = [await house.gym.slot_now(each) for each in (soon, later)]
    assert [each.status for each in slots] == [SlotStatus.COMPLETED, SlotStatus.PLANNED]


async def test_a_leap_that_lasts_is_believed(house: House) -> None:
    """As after some days in which no process ran."""
    slot = await house.gym.slot(at="18:00")
    house.leaps(timedelta(days=3))
    house.start()
    assert not await house.works()
    house.passes(LASTS - SECONDS)
    assert not await house.works()
    house.passes(SECONDS)
    assert await house.works()
    assert (await house.gym.slot_now(slot)).status is SlotStatus.COMPLETED
    # From now on that is the time, for those who begin later too.
    house.start()
    await house.works_to_the_end()
    assert house.clock.now() == house.gym.clock.now()


async def test_another_leap_begins_anew(house: House) -> None:
    slot = await house.gym.slot(at="18:00")
    house.leaps(FAR)
    assert not await house.works()
    house.passes(LASTS - SECONDS)
    house.leaps(FAR)
    assert not await house.works()
    house.passes(SECONDS)
    assert not await house.works()
    assert (await house.gym.slot_now(slot)).status is SlotStatus.PLANNED


async def test_a_leap_that_somebody_confirms_is_believed_at_once(house: House) -> None:
    slot = await house.gym.slot(at="18:00")
    house.leaps(timedelta(days=3))
    assert not await house.works()
    await house.gym.database.write(lambda tx: stored.see(tx, house.gym.clock.now()))
    assert await house.works()
    assert (await house.gym.slot_now(slot)).status is SlotStatus.COMPLETED


async def test_a_clock_that_leaps_back_does_not_have_the_way_forward_doubted(house: House) -> None:
    """Some machines begin in 1970, until a time server tells them better."""
    slot = await house.gym.slot(at="18:00")
    right = house.gym.clock.now()
    house.gym.clock.set(datetime.fromisoformat("1970-01-01T00:00:00+00:00"))
    house.start()
    assert not await house.works()
    house.passes(SECONDS)
    assert house.clock.now() == house.gym.clock.now()
    house.gym.clock.set(right + SECONDS)
    assert not await house.works()
    assert house.clock.now() == house.gym.clock.now()
    house.passes(timedelta(hours=11))
    assert await house.works()
    assert (await house.gym.slot_now(slot)).status is SlotStatus.COMPLETED


@pytest.mark.parametrize("hours", [1, 23])
async def test_who_was_away_for_less_than_a_day_waits_for_nothing(house: House, hours: int) -> None:
    house.leaps(timedelta(hours=hours) - timedelta(hours=1))
    house.start()
    await house.works()
    assert house.clock.now() == house.gym.clock.now()


async def test_the_time_is_stored_now_and_then(house: House) -> None:
    """Every hour is enough for leaps of a day, and for several processes it is one row."""
    first = await house.gym.database.read(stored.seen)
    house.passes(timedelta(minutes=59))
    await house.works()
    assert await house.gym.database.read(stored.seen) == first
    house.passes(MINUTE)
    await house.works()
    House(house.gym)
    assert await house.gym.database.read(stored.seen) == house.gym.clock.now()
    count = select(func.count()).select_from(tables.clock)
    assert await house.gym.database.read(lambda tx: tx.execute(count).scalar_one()) == 1


async def test_where_it_cannot_be_asked_what_time_it_was_nothing_is_done(gym: Gym) -> None:
    class Unknown(HouseClock):
        async def keep(self, _database: object) -> None:
            raise DatabaseUnavailable("gone")

    slot = await gym.slot(at="08:00")
    gym.clock.set(gym.at("12:00"))
    background = Background(gym.desk, gym.database, Unknown(gym.clock), Metrics())
    assert not await background.round()
    assert (await gym.slot_now(slot)).status is SlotStatus.PLANNED


async def test_slots_that_were_completed_before_their_end_are_brought_back(gym: Gym) -> None:
    """With whoever sits there; what is over or cancelled stays as it is."""
    over, later, cancelled = [await gym.slot(at=f"{hour}:00") for hour in ("08", 18, 20)]
    customer = await gym.customer()
    await gym.booked(customer, later)
    await gym.cancel_slot(cancelled)
    right = gym.clock.now()
    gym.clock.advance(FAR)
    await gym.take(CompleteSlots(gym.organization, frozenset({over, later, cancelled})))
    gym.clock.set(right + timedelta(hours=2))
    slots = await gym.database.read(
        lambda tx: stored.completed_too_early(tx, gym.organization, gym.clock.now())
    )
    assert slots == [later]

    assert await gym.take(ReopenSlots(gym.organization, frozenset({over, later, cancelled}))) == (
        later,
    )

    assert [(await gym.slot_now(each)).status for each in (over, later, cancelled)] == [
        SlotStatus.COMPLETED,
        SlotStatus.PLANNED,
        SlotStatus.CANCELED,
    ]
    assert await gym.statuses(later) == [(customer, BookingStatus.BOOKED)]
    await gym.booked(await gym.customer(), later)
    assert await gym.take(ReopenSlots(gym.organization, frozenset({later}))) == ()


def test_the_house_clock_shows_whole_milliseconds() -> None:
    machine = HandClock(datetime.fromisoformat("2026-03-02T08:00:00+00:00"))
    seconds = 0.0
    clock = HouseClock(machine, lambda: seconds)
    clock.now()
    seconds = 0.0123456
    machine.advance(FAR)
    assert clock.now() == datetime.fromisoformat("2026-03-02T08:00:00.012+00:00")
