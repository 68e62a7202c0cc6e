"""A turn fails: who is tried again, how often, and that everybody has their answer in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from kursplan.desk.book import Book, Booked
from kursplan.desk.cancel import Cancel
from kursplan.desk.engine.desk import ChangedConcurrently, Desk, DeskBusy, OutcomeUnknown
from kursplan.desk.engine.turn import Command, Footprint, Turn
from kursplan.domain.bookings import BookingStatus
from kursplan.metrics import Metrics
from kursplan.store import tables
from kursplan.store.engine.database import Database, connect
from kursplan.store.engine.trouble import DatabaseUnavailable
from tests.desk.test_side_by_side import held, somebody_waits
from tests.gym import STAFF, Gym
from tests.wire import wire_to

on_postgresql = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
"""SQLite has no rows that somebody could hold, and no connections that could break."""

SHORT = 0.05
"""How long a lock is waited for."""
HOLD_CUSTOMER = "SELECT 1 FROM customer WHERE id = $1 FOR UPDATE"


@dataclass
class Counter:
    """A desk, and what came of its turns."""

    desk: Desk
    metrics: Metrics

    def turns(self, outcome: str) -> int:
        labels = {"outcome": outcome}
        return int(self.metrics.registry.get_sample_value("kursplan_turns_total", labels) or 0)

    async def answers(self, *commands: Any) -> list[Any]:
        """To commands that come at once, so they are one batch; what is raised is an answer, too."""
        taken = [self.desk.execute(each, by=STAFF) for each in commands]
        return await asyncio.gather(*taken, return_exceptions=True)


def counter(database: Database, gym: Gym, patience: float = 10.0) -> Counter:
    metrics = Metrics()
    return Counter(Desk(database, gym.clock, metrics, patience=patience), metrics)


@pytest.fixture
async def impatient(database_url: str) -> AsyncIterator[Database]:
    """Waits for a lock for no longer than a test notices."""
    database = connect(database_url, lock_wait=SHORT)
    yield database
    await database.close()


async def books(gym: Gym, customers: list[int], *slots: int) -> list[Book]:
    """Of each customer, on the slots in turn."""
    return [
        Book(
            gym.organization, gym.studio_id, each, slots[at % len(slots)], await gym.desk.ids.next()
        )
        for at, each in enumerate(customers)
    ]


@on_postgresql
async def test_where_all_want_the_same_that_is_found_out_with_a_few_of_them(
    gym: Gym, database_url: str, impatient: Database
) -> None:
    """Two who have nothing else in common are enough."""
    counted = counter(impatient, gym)
    slot = await gym.slot()
    commands = await books(gym, await gym.customers(100), slot)
    async with held(database_url, gym, slot):
        answers = await counted.answers(*commands)
    assert {type(each) for each in answers} == {DeskBusy}
    # All, 50, 25, 12, 6, 3, 1; and of the other two another one.
    assert counted.turns("failed") == 9
    assert await gym.count(tables.booking) == 0


@on_postgresql
async def test_nobody_is_tried_who_would_not_be_answered_in_time(
    gym: Gym, database_url: str, impatient: Database
) -> None:
    """So a try begins only while there is as much time left as the one before it took."""
    patience = 4 * SHORT
    counted = counter(impatient, gym, patience)
    slot = await gym.slot()
    commands = await books(gym, await gym.customers(100), slot)
    async with held(database_url, gym, slot):
        answers = await counted.answers(*commands)
        # They come after a turn that failed: nobody begins what would take too long.
        later = await counted.answers(*await books(gym, await gym.customers(2), slot))
    assert {type(each) for each in answers + later} == {DeskBusy}
    assert counted.turns("failed") <= 2 * patience / SHORT
    assert await gym.booked(await gym.customer(), slot)


@on_postgresql
async def test_who_wants_something_else_is_not_refused_for_a_slot_that_is_held(
    gym: Gym, database_url: str, impatient: Database
) -> None:
    counted = counter(impatient, gym)
    slots = [await gym.slot(at=f"{hour}:00") for hour in range(10, 22)]
    commands = await books(gym, await gym.customers(36), *slots)
    async with held(database_url, gym, slots[7]):
        answers = await counted.answers(*commands)
    refused = {
        command.slot_id
        for command, answer in zip(commands, answers, strict=True)
        if not isinstance(answer, Booked)
    }
    assert refused == {slots[7]}
    assert await gym.count(tables.booking) == 33


@on_postgresql
async def test_one_customer_who_is_held_does_not_keep_the_others_from_a_slot(
    gym: Gym, database_url: str, impatient: Database
) -> None:
    """And these get their places in the order in which they came."""
    counted = counter(impatient, gym)
    slot = await gym.slot(seats=2)
    crowd = await gym.customers(6)
    holder = await asyncpg.connect(database_url)
    async with holder.transaction():
        await holder.execute(HOLD_CUSTOMER, crowd[2])
        answers = await counted.answers(*await books(gym, crowd, slot))
    await holder.close()
    assert isinstance(answers[2], DeskBusy)
    assert [customer for customer, _ in await gym.statuses(slot)] == crowd[:2] + crowd[3:]


@on_postgresql
async def test_who_comes_while_others_are_tried_in_vain_does_not_wait_for_them(
    gym: Gym, database_url: str
) -> None:
    """However few they are beside those; a turn at work is otherwise waited for by fewer."""
    database = connect(database_url, lock_wait=6 * SHORT)
    counted = counter(database, gym)
    slot, free = await gym.slot(at="18:00"), await gym.slot(at="20:00")
    crowd = await books(gym, await gym.customers(5), slot)
    [other] = await books(gym, [await gym.customer()], free)
    async with held(database_url, gym, slot) as holder:
        in_vain = asyncio.ensure_future(counted.answers(*crowd))
        await somebody_waits(holder)
        await counted.desk.execute(other, by=STAFF)
        assert not in_vain.done()
        assert {type(each) for each in await in_vain} == {DeskBusy}
    await database.close()


@dataclass(frozen=True)
class Fails(Command[str]):
    """A command with a fault, or one that others are in the way of for so many tries."""

    organization_id: int
    failure: Exception
    tries: list[None]

    @property
    def footprint(self) -> Footprint:
        return Footprint()

    def perform(self, _turn: Turn) -> str:
        if not self.tries:
            return "done"
        self.tries.pop()
        raise self.failure


NEVER_ENDING = [None] * 1000


async def test_a_fault_in_one_does_not_sink_the_others(gym: Gym) -> None:
    counted = counter(gym.database, gym)
    slot = await gym.slot()
    commands: list[Any] = [*await books(gym, await gym.customers(9), slot)]
    fault = Fails(gym.organization, ArithmeticError("a fault"), NEVER_ENDING.copy())
    answers = await counted.answers(*commands[:4], fault, *commands[4:])
    assert isinstance(answers.pop(4), ArithmeticError)
    assert {type(each) for each in answers} == {Booked}
    assert [each.customer_id for each in await gym.on_slot(slot)] == [
        each.customer_id for each in commands
    ]


async def test_where_others_were_in_the_way_all_are_tried_again_together(gym: Gym) -> None:
    counted = counter(gym.database, gym)
    conflict = DatabaseUnavailable("a deadlock", conflict=True)
    slot = await gym.slot()
    commands = await books(gym, await gym.customers(9), slot)
    answers = await counted.answers(*commands, Fails(gym.organization, conflict, [None]))
    assert {type(each) for each in answers[:-1]} == {Booked}
    assert answers[-1] == "done"
    assert (counted.turns("failed"), counted.turns("committed")) == (1, 1)


async def test_who_is_always_in_the_way_of_others_is_told_so_alone(gym: Gym) -> None:
    counted = counter(gym.database, gym)
    conflict = DatabaseUnavailable("a deadlock", conflict=True)
    slot = await gym.slot()
    commands = await books(gym, await gym.customers(9), slot)
    stubborn = Fails(gym.organization, conflict, NEVER_ENDING.copy())
    answers = await counted.answers(*commands, stubborn)
    assert {type(each) for each in answers[:-1]} == {Booked}
    assert isinstance(answers[-1], ChangedConcurrently)


async def test_who_gives_up_a_seat_does_so_before_it_is_asked_for_by_who_came_later(
    gym: Gym,
) -> None:
    """A booking has a slot and a customer, though a command that names it does not say which."""
    counted = counter(gym.database, gym)
    slot = await gym.slot(seats=1, waiting_list=0)
    seated, later = await gym.customers(2)
    seat = await gym.booked(seated, slot)
    conflict = DatabaseUnavailable("a deadlock", conflict=True)
    [of_later] = await books(gym, [later], slot)
    await counted.answers(
        Cancel(gym.organization, gym.studio_id, seat.booking_id),
        Fails(gym.organization, conflict, [None, None]),
        of_later,
        Fails(gym.organization, conflict, []),
    )
    assert await gym.statuses(slot) == [(later, BookingStatus.BOOKED)]


@on_postgresql
async def test_while_the_database_is_away_nobody_is_tried_a_third_time(
    gym: Gym, database_url: str
) -> None:
    async with wire_to(database_url) as wire:
        database = connect(wire.url)
        counted = counter(database, gym)
        commands = await books(gym, await gym.customers(50), await gym.slot())
        await wire.cut()
        answers = await counted.answers(*commands)
        await database.close()
    assert {type(each) for each in answers} == {DeskBusy}
    assert counted.turns("failed") == 2


@on_postgresql
async def test_a_connection_that_was_closed_meanwhile_is_not_noticed(
    gym: Gym, database_url: str
) -> None:
    """As after a restart of the database: the pool finds out, and all are tried again."""
    counted = counter(gym.database, gym)
    slot = await gym.slot()
    crowd = await gym.customers(20)
    await counted.answers(*await books(gym, crowd[:1], slot))
    postgres = await asyncpg.connect(database_url)
    await postgres.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await postgres.close()
    answers = await counted.answers(*await books(gym, crowd[1:], slot))
    assert {type(each) for each in answers} == {Booked}


@on_postgresql
async def test_a_desk_that_closes_lets_go_of_what_does_not_end(gym: Gym, database_url: str) -> None:
    """The turn at work is rolled back; who waits for the next is refused."""
    slot = await gym.slot()
    commands = await books(gym, await gym.customers(5), slot)
    async with held(database_url, gym, slot) as holder:
        first = gym.desk.execute(commands[0], by=STAFF)
        await somebody_waits(holder)
        others = [gym.desk.execute(each, by=STAFF) for each in commands[1:]]
        await gym.desk.close(grace=0)
        answers = await asyncio.gather(first, *others, return_exceptions=True)
    assert [type(each) for each in answers] == [OutcomeUnknown] + [DeskBusy] * 4
    with pytest.raises(DeskBusy, match="shutting down"):
        gym.desk.execute(commands[0], by=STAFF)
    assert await gym.count(tables.booking) == 0


async def test_a_desk_that_closes_finishes_what_was_begun(gym: Gym) -> None:
    commands = await books(gym, await gym.customers(5), await gym.slot())
    taken = [gym.desk.execute(each, by=STAFF) for each in commands]
    await gym.desk.close()
    assert {type(each.result()) for each in taken} == {Booked}
