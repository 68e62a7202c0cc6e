"""Turns of several organizations in one transaction: none of them gets anything of another, or waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from sqlalchemy import Table, select

from kursplan.clock import HandClock
from kursplan.desk.book import Book, Booked, IdempotencyKey
from kursplan.desk.engine.desk import Desk
from kursplan.desk.engine.queues import ORGANIZATIONS_LIMIT, SHARE_LIMIT, CommandQueues
from kursplan.desk.engine.turn import Command, Footprint, Turn
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.refusals import CustomerNotFound
from kursplan.metrics import Metrics
from kursplan.store import tables
from kursplan.store.engine.database import Database, connect
from kursplan.store.engine.postgres import Postgres
from kursplan.store.engine.trouble import DatabaseUnavailable, Work
from tests.desk.test_side_by_side import held
from tests.gym import STAFF, Gym
from tests.wire import wire_to

T = TypeVar("T")

on_postgresql = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
MANY = 5


@dataclass
class Counted:
    """A desk, and how many transactions it has had."""

    desk: Desk
    transactions: int = 0

    @classmethod
    def of(cls, database: Database, clock: HandClock) -> Counted:
        counted = cls(Desk(database, clock, Metrics()))
        write = database.write

        async def counting(work: Work[T]) -> T:
            counted.transactions += 1
            return await write(work)

        database.write = counting  # type: ignore[method-assign]
        return counted

    async def answers(self, *commands: Any) -> list[Any]:
        """To commands that come at once; what is raised is an answer, too. Counts their transactions."""
        self.transactions = 0
        taken = [self.desk.execute(each, by=STAFF) for each in commands]
        return await asyncio.gather(*taken, return_exceptions=True)


@pytest.fixture
async def gyms(gym: Gym, database: Database, clock: HandClock) -> list[Gym]:
    others = [await Gym(database, clock, first_id=1000 * n).open() for n in range(1, MANY)]
    return [gym, *others]


async def book(gym: Gym, slot: int, customer: int | None = None, **options: Any) -> Book:
    who = await gym.customer() if customer is None else customer
    return Book(gym.organization, gym.studio_id, who, slot, await gym.desk.ids.next(), **options)


async def rows(gym: Gym, table: Table) -> list[Any]:
    """Those of the organization."""
    mine = select(table).where(table.c.organization_id == gym.organization)
    return await gym.database.read(lambda tx: list(tx.execute(mine)))


async def bookings(gyms: Sequence[Gym]) -> list[Book]:
    return [await book(each, await each.slot()) for each in gyms]


async def test_what_waits_in_several_organizations_is_committed_at_once(
    gyms: list[Gym], database: Database, clock: HandClock
) -> None:
    counted = Counted.of(database, clock)
    answers = await counted.answers(*await bookings(gyms))
    assert {type(each) for each in answers} == {Booked}
    assert counted.transactions == 1
    for each in gyms:
        [booking] = await rows(each, tables.booking)
        [event], [line] = await rows(each, tables.event), await rows(each, tables.history)
        assert event.entity_id == line.subject_id == booking.id
        assert (await each.slot_now(booking.slot_id)).seats == 1


async def test_nobody_finds_what_another_organization_has_in_the_same_transaction(
    gyms: list[Gym], database: Database, clock: HandClock
) -> None:
    one, other = gyms[:2]
    theirs, slot = await other.customer(), await one.slot()
    counted = Counted.of(database, clock)
    stranger, known = await counted.answers(
        await book(one, slot, theirs), await book(other, await other.slot(), theirs)
    )
    assert stranger == CustomerNotFound(theirs)
    assert isinstance(known, Booked)


async def test_the_same_key_of_two_organizations_is_two_keys(
    gyms: list[Gym], database: Database, clock: HandClock
) -> None:
    counted = Counted.of(database, clock)
    keyed = [
        await book(each, await each.slot(), idempotency=IdempotencyKey(7, "same", "hash"))
        for each in gyms
    ]
    first = await counted.answers(*keyed)
    again = await counted.answers(*keyed)
    assert [each.booking_id for each in again] == [each.booking_id for each in first]
    assert {each.replayed for each in again} == {True}


@on_postgresql
async def test_one_who_has_to_wait_keeps_no_other_organization_waiting(
    gyms: list[Gym], database: Database, clock: HandClock, database_url: str
) -> None:
    counted = Counted.of(database, clock)
    commands = await bookings(gyms)
    async with held(database_url, gyms[2], commands[2].slot_id):
        taken = [counted.desk.execute(each, by=STAFF) for each in commands]
        answered = await asyncio.gather(*taken[:2], *taken[3:])
        assert {type(each) for each in answered} == {Booked}
        assert not taken[2].done()
    assert isinstance(await taken[2], Booked)


@dataclass(frozen=True)
class Fails(Command[str]):
    """A command with a fault."""

    organization_id: int
    failure: Exception

    @property
    def footprint(self) -> Footprint:
        return Footprint()

    def perform(self, _turn: Turn) -> str:
        raise self.failure


@pytest.mark.parametrize(
    "failure", [ArithmeticError("a fault"), DatabaseUnavailable("a deadlock", conflict=True)]
)
async def test_what_fails_in_one_organization_fails_there_alone(
    gyms: list[Gym], database: Database, clock: HandClock, failure: Exception
) -> None:
    counted = Counted.of(database, clock)
    commands: list[Any] = [*await bookings(gyms)]
    answers = await counted.answers(
        *commands[:2], Fails(gyms[2].organization, failure), *commands[2:]
    )
    assert isinstance(answers.pop(2), Exception)
    assert {type(each) for each in answers} == {Booked}


@on_postgresql
async def test_where_the_answer_to_the_commit_is_lost_all_of_them_are_done_once(
    gyms: list[Gym], database: Database, clock: HandClock, database_url: str
) -> None:
    commands = await bookings(gyms)
    async with wire_to(database_url) as wire:
        far = connect(wire.url)
        await far.take_ids(1)
        counted = Counted.of(far, clock)
        wire.loses_answer_to = b"COMMIT"
        answers = await counted.answers(*commands)
        await far.close()
    assert wire.lost == 1
    assert [each.booking_id for each in answers] == [each.booking_id for each in commands]
    for each, command in zip(gyms, commands, strict=True):
        assert await each.statuses(command.slot_id) == [(command.customer_id, BookingStatus.BOOKED)]


@on_postgresql
async def test_where_tables_are_spread_a_transaction_is_of_one_organization(
    gyms: list[Gym], database: Database, clock: HandClock
) -> None:
    assert isinstance(database, Postgres)
    assert database.mixes_organizations
    database._sessions.is_spread = True
    counted = Counted.of(database, clock)
    assert {type(each) for each in await counted.answers(*await bookings(gyms))} == {Booked}
    assert counted.transactions == MANY


@on_postgresql
async def test_desks_of_several_processes_sell_no_seat_twice(
    gyms: list[Gym], database: Database, clock: HandClock
) -> None:
    """Each has the same slots before it; what one holds the other takes by itself."""
    slots = [await each.slot(seats=4, waiting_list=2) for each in gyms]
    desks = [Desk(database, clock, Metrics()) for _ in range(3)]
    wanted = [
        (desk, await book(each, slot))
        for desk in desks
        for each, slot in zip(gyms, slots, strict=True)
        for _ in range(4)
    ]
    await asyncio.gather(*[desk.execute(each, by=STAFF) for desk, each in wanted])
    for each, slot in zip(gyms, slots, strict=True):
        now = await each.slot_now(slot)
        assert (now.seats, now.waiting) == (4, 2)


def test_how_many_share_a_transaction_is_bounded() -> None:
    async def nobody(*_: Any) -> list[Any]:
        return []

    async def wait() -> tuple[list[int], list[int]]:
        lines = CommandQueues(nobody, 2, apart=True)
        for organization in range(1, 2 * ORGANIZATIONS_LIMIT):
            line = lines.of(organization)
            for _ in range(40 if organization == 1 else 1):
                lines.put(line, Fails(organization, KeyError()), asyncio.Future())
            lines.make_ready(line)
        first = lines.take(100, lambda _: True)
        second = lines.take(100, lambda _: True)
        return [len(each.members) for _, each in first], [len(each.members) for _, each in second]

    first, second = asyncio.run(wait())
    assert first == [SHARE_LIMIT] + [1] * (ORGANIZATIONS_LIMIT - 1)
    assert len(second) == ORGANIZATIONS_LIMIT - 1
