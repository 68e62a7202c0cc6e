"""Who is turned away because no place is left is counted once, and it costs the turns nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import select

from kursplan.desk.add_booking import AddBooking
from kursplan.desk.book import Book
from kursplan.desk.engine import turned_away as remembered
from kursplan.desk.engine.turned_away import TurnedAway
from kursplan.domain.refusals import Full, Kind
from kursplan.metrics import Metrics
from kursplan.store import tables
from kursplan.store.engine.database import Database
from kursplan.store.rules.turned_away import AT_ONCE, Wish
from kursplan.work.forget_history import KEPT_DAYS
from kursplan.work.house_clock import HouseClock
from kursplan.work.loop import Background
from kursplan.work.turned_away import forget_turned_away, write_down_turned_away
from tests.gym import MORNING, STAFF, Gym


async def turned_away(gym: Gym) -> set[tuple[int, int]]:
    """By slot and customer, as it is written down."""
    query = select(tables.turned_away).where(
        tables.turned_away.c.organization_id == gym.organization
    )
    rows = await gym.database.read(lambda tx: tx.execute(query).all())
    assert all(each.happened_at <= gym.now for each in rows)
    return {(each.slot_id, each.customer_id) for each in rows}


async def full_slot(gym: Gym) -> int:
    slot = await gym.slot("spin", seats=1, waiting_list=0)
    await gym.booked(await gym.customer("Anna"), slot)
    return slot


async def test_each_is_counted_once_for_a_slot_however_often_they_try(gym: Gym) -> None:
    slot, other = await full_slot(gym), await gym.slot("row", seats=0, waiting_list=0)
    ben, cora = await gym.customer("Ben"), await gym.customer("Cora")
    # Several at once, and those who are refused without a turn because the slot was full before.
    await asyncio.gather(*(gym.book(each, slot) for each in (ben, cora, ben)))
    for _ in range(3):
        await gym.book(ben, slot)
        gym.clock.advance(timedelta(minutes=1))
    await gym.book(ben, other)
    assert await turned_away(gym) == set(), "a refusal writes nothing"
    assert not await write_down_turned_away(gym.desk, gym.database)
    assert await turned_away(gym) == {(slot, ben), (slot, cora), (other, ben)}
    # Neither does another process count them again.
    there = gym.at_another_desk()
    await there.book(ben, slot)
    await write_down_turned_away(there.desk, there.database)
    assert len(await turned_away(gym)) == 3


async def test_who_only_asks_or_is_refused_for_another_reason_is_not_counted(gym: Gym) -> None:
    slot = await full_slot(gym)
    ben = await gym.customer("Ben")
    book = Book(gym.organization, gym.studio_id, ben, slot, await gym.desk.ids.next())
    assert isinstance(await gym.desk.dry_run(book), Full)
    assert isinstance((await gym.desk.rehearse(book)).answer, Full)
    assert await gym.may_book(ben, slot) == "BOOKING_LIMIT_REACHED"
    barred = await gym.customer("Cora", access_refused=True)
    assert await gym.book(barred, slot) == "NOT_AVAILABLE"
    assert not gym.desk.turned_away


async def test_at_the_counter_it_counts_too_unless_it_is_overruled(gym: Gym) -> None:
    slot = await full_slot(gym)
    ben, cora = await gym.customer("Ben"), await gym.customer("Cora")
    for each, overrule in (
        (ben, frozenset[Kind]()),
        (cora, frozenset({Kind.BOOKING_LIMIT_REACHED})),
    ):
        book = Book(
            gym.organization,
            gym.studio_id,
            each,
            slot,
            await gym.desk.ids.next(),
            overrule=overrule,
        )
        await gym.desk.execute(AddBooking(book), by=STAFF, reason="asked for it")
    await gym.desk.turned_away.write_down(gym.database)
    assert await turned_away(gym) == {(slot, ben)}


async def test_every_process_writes_down_its_own_and_does_so_before_it_ends(gym: Gym) -> None:
    slot = await full_slot(gym)
    ben, cora = await gym.customer("Ben"), await gym.customer("Cora")
    await gym.book(ben, slot)
    background = Background(gym.desk, gym.database, HouseClock(gym.clock), Metrics())
    assert not await background.own_round()
    assert await turned_away(gym) == {(slot, ben)}
    there = gym.at_another_desk()
    await there.book(cora, slot)
    await there.desk.close()
    assert await turned_away(gym) == {(slot, ben), (slot, cora)}


async def test_a_rush_is_written_down_in_portions(database: Database, gym: Gym) -> None:
    memory = TurnedAway()
    for customer in range(1, AT_ONCE + 501):
        memory.note(gym.organization, Wish(7, customer), gym.now)
        memory.note(gym.organization, Wish(7, customer), gym.now)
    left = [await memory.write_down(database) for _ in range(2)]
    assert (left, bool(memory)) == ([False, False], False)
    assert await gym.count(tables.turned_away) == AT_ONCE + 500


def test_what_is_remembered_is_bounded() -> None:
    memory = TurnedAway()
    for customer in range(remembered.KNOWN + 10):
        memory.note(1, Wish(7, customer), MORNING)
    assert len(memory) == remembered.KNOWN


async def test_it_is_forgotten_with_the_history(gym: Gym) -> None:
    slot = await full_slot(gym)
    for name in ("Ben", "Cora"):
        await gym.book(await gym.customer(name), slot)
        await gym.desk.turned_away.write_down(gym.database)
        gym.clock.advance(timedelta(hours=1))
    gym.clock.advance(timedelta(days=KEPT_DAYS) - timedelta(hours=2))
    assert not await forget_turned_away(gym.database, gym.clock)
    gym.clock.advance(timedelta(milliseconds=1))
    assert await forget_turned_away(gym.database, gym.clock)
    assert await gym.count(tables.turned_away) == 1
    assert not await forget_turned_away(gym.database, gym.clock)
