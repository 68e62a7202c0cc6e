"""What runs by itself: each step does what is due, once, however many run it (F42)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from kursplan.clock import Clock
from kursplan.desk.book import IdempotencyKey
from kursplan.desk.engine.desk import Desk, DeskBusy
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.classes import Promotion
from kursplan.domain.events import EventType
from kursplan.domain.slots import SlotStatus
from kursplan.metrics import Metrics
from kursplan.store import tables
from kursplan.store.engine.database import Database
from kursplan.store.engine.trouble import DatabaseUnavailable
from kursplan.store.retention import KEYS_AT_ONCE
from kursplan.store.rules.idempotency import ANSWERS_KEPT
from kursplan.work.complete import complete_slots
from kursplan.work.everywhere import everywhere
from kursplan.work.expire import expire_confirmations
from kursplan.work.forget import forget_old_keys
from kursplan.work.house_clock import HouseClock
from kursplan.work.loop import Background
from kursplan.work.promote import ALL_EVERY, LOOKED_BACK, Seen, promote_waiting
from tests.gym import MONDAY, Gym

BOOKED = BookingStatus.BOOKED
WAITING = BookingStatus.WAITING_LIST

Step = Callable[[Desk, Database, Clock], Awaitable[bool]]

DAY_AFTER = timedelta(days=1)


async def do(gym: Gym, step: Step) -> bool:
    return await step(gym.desk, gym.database, gym.clock)


async def do_in_two_processes(gym: Gym, step: Step) -> bool:
    """The same step in both at once; whether either found work."""
    return any(await asyncio.gather(do(gym, step), do(gym.at_another_desk(), step)))


async def outcomes(metrics: Metrics, step: str) -> dict[str, float]:
    return {
        sample.labels["outcome"]: sample.value
        for metric in metrics.background.collect()
        for sample in metric.samples
        if sample.name.endswith("_total") and sample.labels["step"] == step
    }


@pytest.mark.parametrize(
    "step", [complete_slots, expire_confirmations, promote_waiting, forget_old_keys]
)
async def test_where_nothing_is_due_a_step_says_so(gym: Gym, step: Step) -> None:
    await gym.booked(await gym.customer(), await gym.slot(at="18:00"))
    told = await gym.told()
    assert not await do(gym, step)
    assert await gym.told() == told


async def test_slots_are_completed_once_they_have_ended(gym: Gym) -> None:
    """F42, F43"""
    slots = [await gym.slot(at=f"{hour:02}:00") for hour in (9, 10, 11)]
    later = await gym.slot(at="12:00")
    gym.clock.set(gym.at("12:00"))

    assert await do_in_two_processes(gym, complete_slots)

    assert {(await gym.slot_now(slot)).status for slot in slots} == {SlotStatus.COMPLETED}
    assert (await gym.slot_now(later)).status is SlotStatus.PLANNED
    assert await gym.told() == []
    assert not await do_in_two_processes(gym, complete_slots)


async def test_more_than_one_step_takes_is_done_step_by_step(gym: Gym) -> None:
    for number in range(120):
        await gym.slot(at=f"{9 + number // 60:02}:{number % 60:02}", minutes=1)
    gym.clock.set(gym.at("12:00"))

    rounds = 0
    while await do(gym, complete_slots):
        rounds += 1

    assert rounds == 2


async def test_an_unconfirmed_seat_goes_to_the_next_once(gym: Gym) -> None:
    """F42, F41"""
    await gym.klass(confirmation="2 HOURS", promotion_ends="0 MINUTES", confirm_promotion="3 HOURS")
    slot = await gym.slot(seats=2, at="18:00")
    first, second, third, fourth = await gym.customers(4)
    places = [await gym.booked(each, slot) for each in (first, second, third, fourth)]
    await gym.confirm(places[1].booking_id)
    before = await gym.told()
    gym.clock.set(gym.at("16:00"))
    assert not await do(gym, expire_confirmations)
    gym.clock.advance(timedelta(milliseconds=1))

    assert await do_in_two_processes(gym, expire_confirmations)

    assert await gym.statuses(slot) == [(second, BOOKED), (third, BOOKED), (fourth, WAITING)]
    assert await gym.told_since(before) == [
        (EventType.CLASS_BOOKING_CANCELLED, places[0].booking_id),
        (EventType.CLASS_BOOKING_UPDATED, places[2].booking_id),
    ]
    assert not await do(gym, expire_confirmations)


async def test_one_who_could_not_take_a_seat_gets_it_once_they_can(gym: Gym) -> None:
    """F42: nothing about the slot has changed, so no turn had a reason to look."""
    slot = await gym.slot(seats=1)
    first, second, third = await gym.customers(3)
    seat = await gym.booked(first, slot)
    waiting = await gym.booked(second, slot)
    await gym.booked(third, slot)
    membership = await gym.membership(second, await gym.rate())
    idle = await gym.idle(second, membership, MONDAY)
    other = await gym.idle(third, await gym.membership(third, await gym.rate("b")), MONDAY)
    await gym.cancel(seat.booking_id)
    before = await gym.told()
    assert not await do(gym, promote_waiting)

    await gym.remove(tables.idle_period, idle)
    await gym.remove(tables.idle_period, other)

    assert await do_in_two_processes(gym, promote_waiting)
    assert await gym.statuses(slot) == [(second, BOOKED), (third, WAITING)]
    updated = (EventType.CLASS_BOOKING_UPDATED, waiting.booking_id)
    assert await gym.told_since(before) == [updated]
    assert not await do(gym, promote_waiting)


async def test_where_staff_promote_or_it_is_too_late_everybody_keeps_waiting(gym: Gym) -> None:
    """F10"""
    by_staff = await gym.klass("staff", promotion=Promotion.BY_STAFF, promotion_ends="0 MINUTES")
    await gym.klass("late", promotion=Promotion.BY_STAFF, promotion_ends="1 HOURS")
    slots = [await gym.slot(each, seats=1, at="18:00") for each in ("staff", "late")]
    first, second = await gym.customers(2)
    for slot in slots:
        seat = await gym.booked(first, slot)
        await gym.booked(second, slot)
        await gym.cancel(seat.booking_id)
    gym.clock.set(gym.at("17:00") + timedelta(milliseconds=1))
    await gym.set(tables.class_, gym.classes["late"], promotion=Promotion.AUTOMATIC)

    assert not await do(gym, promote_waiting)

    assert [await gym.statuses(slot) for slot in slots] == [[(second, WAITING)]] * 2
    await gym.set(tables.class_, by_staff, promotion=Promotion.AUTOMATIC)
    assert await do(gym, promote_waiting)
    assert [await gym.statuses(slot) for slot in slots] == [[(second, BOOKED)], [(second, WAITING)]]


async def test_old_answers_are_forgotten_and_young_ones_kept(gym: Gym) -> None:
    slot = await gym.slot(day=MONDAY + 3 * DAY_AFTER)
    first, second = await gym.customers(2)
    await gym.booked(first, slot, idempotency=IdempotencyKey(1, "old", "a"))
    gym.clock.advance(timedelta(hours=1))
    await gym.booked(second, slot, idempotency=IdempotencyKey(1, "young", "a"))

    gym.clock.advance(ANSWERS_KEPT - timedelta(minutes=30))

    assert await do_in_two_processes(gym, forget_old_keys)
    assert await gym.count(tables.idempotency_key) == 1
    assert not await do(gym, forget_old_keys)


async def test_every_organization_has_its_turn(gym: Gym) -> None:
    others = [
        await Gym(gym.database, gym.clock, first_id=number * 10_000).open() for number in (1, 2)
    ]
    slots = [(each, await each.slot(at="09:00")) for each in (gym, *others)]
    gym.clock.set(gym.at("12:00"))

    assert await do(gym, complete_slots)

    assert [(await each.slot_now(slot)).status for each, slot in slots] == [
        SlotStatus.COMPLETED
    ] * 3


async def test_trouble_in_one_organization_does_not_keep_the_others_waiting() -> None:
    reached = []

    async def step(organization_id: int) -> bool:
        reached.append(organization_id)
        if organization_id == 1:
            raise DeskBusy("a long queue")
        if organization_id == 2:
            raise ArithmeticError("a fault")
        return True

    assert await everywhere([1, 3], step)
    with pytest.raises(ExceptionGroup) as raised:
        await everywhere([1, 2, 3], step)

    assert [type(each) for each in raised.value.exceptions] == [ArithmeticError]
    assert reached == [1, 3, 1, 2, 3]


async def test_a_round_does_every_step_and_counts_what_came_of_it(gym: Gym) -> None:
    slot = await gym.slot(at="09:00")
    gym.clock.set(gym.at("12:00"))
    metrics = Metrics()
    background = Background(gym.desk, gym.database, HouseClock(gym.clock), metrics)

    assert await background.round()
    assert not await background.round()

    assert (await gym.slot_now(slot)).status is SlotStatus.COMPLETED
    assert await outcomes(metrics, "complete_slots") == {"worked": 1, "idle": 1}
    for step in background.steps:
        assert sum((await outcomes(metrics, step)).values()) == 2


async def test_a_step_that_fails_is_counted_and_the_others_go_on(gym: Gym) -> None:
    slot = await gym.slot(at="09:00")
    gym.clock.set(gym.at("12:00"))
    metrics = Metrics()
    background = Background(gym.desk, gym.database, HouseClock(gym.clock), metrics)

    async def fails() -> bool:
        raise DatabaseUnavailable("gone")

    background.steps = {"fails": fails, **background.steps}

    assert await background.round()
    assert await outcomes(metrics, "fails") == {"failed": 1}
    assert (await gym.slot_now(slot)).status is SlotStatus.COMPLETED


async def test_the_loop_works_until_it_is_stopped_and_stops_at_once(gym: Gym) -> None:
    """Its rest is an hour long: the loop is in it when it is told to stop."""
    await gym.slot(at="09:00")
    gym.clock.set(gym.at("12:00"))
    metrics = Metrics()
    background = Background(gym.desk, gym.database, HouseClock(gym.clock), metrics, interval=3600)
    rested = asyncio.Event()

    async def last() -> bool:
        if (await outcomes(metrics, "complete_slots")).get("idle"):
            rested.set()
        return False

    background.steps = {**background.steps, "last": last}
    background.start()
    background.start()
    await rested.wait()
    await background.stop()
    await background.stop()

    assert await outcomes(metrics, "complete_slots") == {"worked": 1, "idle": 1}


async def test_a_background_that_never_started_can_be_stopped(gym: Gym) -> None:
    await Background(gym.desk, gym.database, HouseClock(gym.clock), Metrics()).stop()


class RecordingDesk(Desk):
    """A desk that notes what it was asked to try."""

    def __init__(self, gym: Gym) -> None:
        super().__init__(gym.database, gym.clock, Metrics())
        self.tried: list[frozenset[int]] = []

    async def dry_run(self, command: Any) -> Any:
        self.tried.append(command.slot_ids)
        return await super().dry_run(command)


async def test_who_cannot_move_up_is_tried_again_only_when_something_has_changed(gym: Gym) -> None:
    """Each time costs a look at the slot, the customers and all that the rules ask of them."""
    slot, other = await gym.slot(seats=1, at="18:00"), await gym.slot(at="18:30")
    first, second = await gym.customers(2)
    seat = await gym.booked(first, slot)
    await gym.booked(second, slot)
    elsewhere = await gym.booked(second, other)
    await gym.cancel(seat.booking_id)
    desk, seen = RecordingDesk(gym), Seen()

    async def look() -> bool:
        gym.clock.advance(LOOKED_BACK + timedelta(milliseconds=1))
        return await promote_waiting(desk, gym.database, gym.clock, seen)

    # First all of them, then nothing, however much else is booked and cancelled.
    assert [await look() for _ in range(3)] == [False] * 3
    stranger = await gym.booked(first, other)
    await gym.cancel(stranger.booking_id)
    assert not await look()
    assert desk.tried == [{slot}]
    assert await gym.statuses(slot) == [(second, WAITING)]

    # What they gave up may have been in the way.
    await gym.cancel(elsewhere.booking_id)
    assert await look()
    assert await gym.statuses(slot) == [(second, BOOKED)]
    assert desk.tried == [{slot}] * 2


async def test_who_cannot_move_up_is_tried_again_when_the_gym_has_changed_or_after_a_day(
    gym: Gym,
) -> None:
    slots = [
        await gym.slot(seats=1, day=MONDAY + 5 * DAY_AFTER, at=at) for at in ("18:00", "20:00")
    ]
    first, second = await gym.customers(2)
    membership = await gym.membership(second, await gym.rate())
    for slot in slots:
        seat = await gym.booked(first, slot)
        await gym.booked(second, slot)
        idle = await gym.idle(second, membership, MONDAY)
        await gym.cancel(seat.booking_id)
        await gym.remove(tables.idle_period, idle)
    await gym.idle(second, membership, MONDAY)
    desk, seen = RecordingDesk(gym), Seen()

    assert not await promote_waiting(desk, gym.database, gym.clock, seen)
    assert not await promote_waiting(desk, gym.database, gym.clock, seen)
    assert desk.tried == [set(slots)], "all of them at once, and once"

    gym.clock.advance(ALL_EVERY)
    assert not await promote_waiting(desk, gym.database, gym.clock, seen)
    await gym.set(tables.class_, gym.classes["spin"], title="Cycling")
    assert not await promote_waiting(desk, gym.database, gym.clock, seen)
    assert desk.tried == [set(slots)] * 3


async def test_many_old_answers_are_forgotten_in_portions(gym: Gym) -> None:
    slot = await gym.slot(day=MONDAY + 3 * DAY_AFTER)
    await gym.booked(await gym.customer(), slot, idempotency=IdempotencyKey(1, "first", "a"))
    table = tables.idempotency_key
    [first] = await gym.database.read(lambda tx: tx.execute(select(table)).all())
    rows = [
        first._asdict()
        | {"key": str(number), "stored_at": gym.now - timedelta(milliseconds=number)}
        for number in range(1, KEYS_AT_ONCE + 100)
    ]
    await gym.database.write(lambda tx: tx.execute(insert(table), rows))
    gym.clock.advance(ANSWERS_KEPT + timedelta(milliseconds=1))
    left = []

    while await do(gym, forget_old_keys):
        left.append(await gym.count(table))

    assert left == [100, 0]
