"""Asking again: the same booking under the same key, and never a second one (F17)."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.util import await_only

from kursplan.api.error_codes import ErrorCode
from kursplan.desk.book import Book, Booked, IdempotencyKey
from kursplan.desk.cancel import Cancel
from kursplan.desk.engine.desk import Desk
from kursplan.domain.bookings import BookingStatus
from kursplan.metrics import Metrics
from kursplan.store import tables
from kursplan.store.engine.database import Database, connect
from kursplan.store.engine.together import Together
from kursplan.store.engine.trouble import Work
from kursplan.store.rules import bookings, idempotency
from kursplan.store.rules.idempotency import ANSWERS_KEPT
from tests.gym import STAFF, Gym

T = TypeVar("T")

KEY = IdempotencyKey(integration_id=77, key="tap-1", request_hash="a")


async def test_a_retry_without_a_key_finds_the_customer_on_the_slot(gym: Gym) -> None:
    """F17: the server was killed after the commit, before the answer."""
    slot = await gym.slot()
    customer = await gym.customer()
    await gym.booked(customer, slot)
    assert await gym.book(customer, slot) is ErrorCode.CUSTOMER_ALREADY_BOOKED
    assert await gym.count(tables.booking) == 1


async def test_a_retry_with_its_key_finds_the_booking(gym: Gym) -> None:
    """F17"""
    slot = await gym.slot()
    customer = await gym.customer()
    first = await gym.booked(customer, slot, idempotency=KEY)
    told = await gym.told()

    again = await gym.book(customer, slot, idempotency=KEY)

    assert not first.replayed
    assert again == replace(first, replayed=True)
    assert await gym.count(tables.booking) == 1
    assert await gym.told() == told


async def test_who_asks_again_is_not_refused_by_what_the_first_request_has_done_meanwhile(
    gym: Gym, database: Database
) -> None:
    """F17: whoever wants a full slot is looked at without locks, and what is committed in the middle of that is
    seen in part. Here it is committed just before the answer."""
    slot = await gym.slot(seats=1, waiting_list=0)
    customer, other = await gym.customers(2)
    sits = await gym.booked(other, slot)
    assert await gym.book(customer, slot) is ErrorCode.BOOKING_LIMIT_REACHED, (
        "now the slot is known to be full"
    )
    elsewhere = gym.at_another_desk()
    read, first = database.read, []

    async def looked(work: Work[T]) -> T:
        seen = await read(work)
        if not first:
            first.append(None)
            await elsewhere.cancel(sits.booking_id)
            first.append(await elsewhere.booked(customer, slot, idempotency=KEY))
        return seen

    database.read = looked  # type: ignore[method-assign]
    again = await gym.book(customer, slot, idempotency=KEY)
    assert again == replace(first[1], replayed=True)


async def test_a_repeated_answer_shows_the_booking_as_it_now_stands(gym: Gym) -> None:
    """F17: whoever asks again is told what has become of the booking since."""
    slot = await gym.slot(seats=1)
    first, second = await gym.customers(2)
    seat = await gym.booked(first, slot)
    waiting = await gym.booked(second, slot, idempotency=KEY)
    assert waiting.status is BookingStatus.WAITING_LIST

    for change, status in (
        (seat.booking_id, BookingStatus.BOOKED),
        (waiting.booking_id, BookingStatus.CANCELED),
    ):
        await gym.cancel(change)
        again = await gym.book(second, slot, idempotency=KEY)
        assert again == replace(waiting, status=status, replayed=True)
    assert await gym.count(tables.booking) == 2


async def test_a_refusal_is_decided_anew(gym: Gym) -> None:
    """It changed nothing, so nothing is kept of it, whatever was asked."""
    slot = await gym.slot(seats=1, waiting_list=0)
    first, second = await gym.customers(2)
    seat = await gym.booked(first, slot)
    asked = {"idempotency": KEY}
    assert await gym.book(second, slot, **asked) is ErrorCode.BOOKING_LIMIT_REACHED
    assert await gym.book(second, slot + 999, **asked) is ErrorCode.CLASS_SLOT_NOT_FOUND
    assert await gym.count(tables.idempotency_key) == 0

    await gym.cancel(seat.booking_id)

    booked = await gym.booked(second, slot, **asked)
    assert (booked.status, booked.replayed) == (BookingStatus.BOOKED, False)


async def test_in_one_turn_the_second_under_a_key_finds_what_the_first_did(gym: Gym) -> None:
    """Also when a third has cancelled it in between, or when the first was refused."""
    slot, full = await gym.slot(at="18:00"), await gym.slot(at="20:00", seats=0, waiting_list=0)
    customer, other = await gym.customers(2)
    free = replace(KEY, key="tap-2")
    fresh = [await gym.desk.ids.next() for _ in range(5)]

    def book(who: int, where: int, key: IdempotencyKey) -> Book:
        booking_id = fresh.pop(0)
        return Book(gym.organization, gym.studio_id, who, where, booking_id, idempotency=key)

    commands = [
        book(customer, slot, KEY),
        Cancel(gym.organization, gym.studio_id, fresh[0] - 1),
        book(customer, slot, KEY),
        book(other, slot, replace(KEY, request_hash="b")),
        book(other, full, free),
        book(other, slot, replace(free, request_hash="b")),
    ]
    one, cancelled, again, another, refused, decided = await asyncio.gather(
        *(gym.take(each) for each in commands)
    )

    assert (one.status, cancelled.status) == (BookingStatus.BOOKED, BookingStatus.CANCELED)
    assert again == replace(cancelled, replayed=True)
    assert another is ErrorCode.IDEMPOTENCY_KEY_REUSED
    assert refused is ErrorCode.BOOKING_LIMIT_REACHED
    assert (decided.status, decided.replayed) == (BookingStatus.BOOKED, False)
    assert await gym.statuses(slot) == [(other, BookingStatus.BOOKED)]


async def test_a_whole_turn_of_repeated_requests_is_answered(gym: Gym) -> None:
    """More of them than a turn looks around for what it needs."""
    slot = await gym.slot(seats=None)
    crowd = await gym.customers(20)

    async def ask() -> list[Booked | ErrorCode]:
        return await asyncio.gather(
            *(gym.book(each, slot, idempotency=replace(KEY, key=f"tap-{each}")) for each in crowd)
        )

    first = await ask()
    assert await ask() == [replace(each, replayed=True) for each in first]
    assert await gym.count(tables.booking) == len(crowd)


async def test_the_same_key_for_another_request_is_refused(gym: Gym) -> None:
    slot = await gym.slot()
    first, second = await gym.customers(2)
    await gym.booked(first, slot, idempotency=KEY)

    other = IdempotencyKey(KEY.integration_id, KEY.key, "b")

    assert await gym.book(second, slot, idempotency=other) is ErrorCode.IDEMPOTENCY_KEY_REUSED
    assert await gym.statuses(slot) == [(first, BookingStatus.BOOKED)]


async def test_another_integration_may_use_the_same_key(gym: Gym) -> None:
    slot = await gym.slot()
    first, second = await gym.customers(2)
    await gym.booked(first, slot, idempotency=KEY)
    await gym.booked(second, slot, idempotency=IdempotencyKey(78, KEY.key, "b"))
    assert await gym.count(tables.booking) == 2


async def test_an_answer_is_kept_for_a_day(gym: Gym) -> None:
    slot = await gym.slot(day=gym.now.date() + timedelta(days=3))
    first, second = await gym.customers(2)
    answer = await gym.booked(first, slot, idempotency=KEY)

    gym.clock.advance(ANSWERS_KEPT - timedelta(milliseconds=1))
    assert await gym.book(first, slot, idempotency=KEY) == replace(answer, replayed=True)
    gym.clock.advance(timedelta(milliseconds=1))
    fresh = IdempotencyKey(KEY.integration_id, KEY.key, "b")
    later = await gym.booked(second, slot, idempotency=fresh)

    assert later.booking_id != answer.booking_id
    assert await gym.count(tables.idempotency_key) == 1


@pytest.mark.parametrize("desks", [1, 2])
async def test_the_same_request_many_times_at_once_books_once(gym: Gym, desks: int) -> None:
    """F17, F2: in one turn, and over two processes."""
    slot = await gym.slot()
    customer = await gym.customer()
    places = [gym, gym.at_another_desk()][:desks]

    answers = await asyncio.gather(
        *(places[n % desks].book(customer, slot, idempotency=KEY) for n in range(8))
    )

    assert {type(answer) for answer in answers} == {Booked}
    assert len({replace(answer, replayed=False) for answer in answers}) == 1
    assert [answer.replayed for answer in answers].count(False) == 1
    assert await gym.count(tables.booking) == 1
    assert len(await gym.told()) == 1


@pytest.fixture
async def patient(gym: Gym, database_url: str) -> AsyncIterator[Gym]:
    """The gym with a desk that waits for locks longer than a busy machine needs."""
    database = connect(database_url, lock_wait=60.0)
    gym.desk = Desk(database, gym.clock, Metrics())
    yield gym
    await database.close()


WAITING = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


class RolledBack(Exception):
    """What a rival wrote is not to stay."""


@dataclass
class Rival:
    """A transaction that writes something, and holds it until it is told to end."""

    database: Database
    write: Work[None]
    stays: bool
    _wrote: asyncio.Event = field(default_factory=asyncio.Event)
    _go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def begin(self) -> None:
        self._work = asyncio.ensure_future(self.database.write(self._held))
        await self._wrote.wait()

    def _held(self, tx: Connection) -> None:
        self.write(tx)
        self._wrote.set()
        await_only(self._go_on.wait())
        if not self.stays:
            raise RolledBack

    async def is_waited_for(self) -> None:
        """Until somebody waits for what it holds."""
        while not await self.database.read(lambda tx: tx.execute(WAITING).scalar()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # The database tells nobody.

    async def end(self) -> None:
        """Let go, once somebody waits for what it holds."""
        await self.is_waited_for()
        self._go_on.set()
        if self.stays:
            await self._work
        else:
            with pytest.raises(RolledBack):
                await self._work


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
async def test_a_key_that_is_used_after_it_was_looked_up_is_not_used_again(patient: Gym) -> None:
    """F17: one request waits between its look-up and its commit while the other is done."""
    gym = patient
    slots = [await gym.slot(at="18:00"), await gym.slot(at="20:00")]
    first, second = await gym.customers(2)
    in_the_way = await gym.booking_now((await gym.booked(first, slots[1])).booking_id)
    in_the_way = replace(in_the_way, id=await gym.desk.ids.next(), customer_id=second, sequence=2)

    def sits(tx: Connection) -> None:
        with Together(tx) as at:
            bookings.add(at, gym.organization, [in_the_way])

    rival = Rival(gym.database, sits, stays=False)
    await rival.begin()
    other = replace(KEY, request_hash="b")
    late = asyncio.ensure_future(gym.book(second, slots[1], idempotency=other))
    # Had it looked the key up later, it would have found it used, and waited for nobody.
    await rival.is_waited_for()
    done = await gym.at_another_desk().booked(first, slots[0], idempotency=KEY)
    await rival.end()

    assert await late is ErrorCode.IDEMPOTENCY_KEY_REUSED
    assert await gym.statuses(slots[1]) == [(first, BookingStatus.BOOKED)]
    again = await gym.book(first, slots[0], idempotency=KEY)
    assert again == replace(done, replayed=True)


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize("stays", [True, False])
async def test_who_meets_a_key_that_is_just_being_used_waits_for_what_comes_of_it(
    patient: Gym, stays: bool
) -> None:
    """F17: it is committed and found, or rolled back and free."""
    gym = patient
    slot = await gym.slot()
    first, second = await gym.customers(2)
    done = await gym.booked(first, slot)
    outcome = KEY.outcome(done.booking_id)
    rival = Rival(
        gym.database,
        lambda tx: idempotency.add(tx, gym.organization, [outcome], gym.now),
        stays=stays,
    )
    await rival.begin()
    asked = asyncio.ensure_future(gym.book(second, slot, idempotency=KEY))
    await rival.end()

    answer = await asked
    assert isinstance(answer, Booked)
    if stays:
        assert answer == replace(done, replayed=True)
    else:
        assert (answer.customer_id, answer.replayed) == (second, False)
    assert await gym.count(tables.booking) == (1 if stays else 2)


class Counted:
    """A database that counts the statements of what it is given to write."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.name, self.writers = database.name, database.writers
        self.mixes_organizations = database.mixes_organizations
        self.read, self.take_ids, self.close = database.read, database.take_ids, database.close
        self.statements = 0

    async def write(self, work: Work[T]) -> T:
        def counted(tx: Connection) -> T:
            driver: Any = tx.connection.driver_connection
            if isinstance(driver, sqlite3.Connection):
                driver.set_trace_callback(self._count)
                try:
                    return work(tx)
                finally:
                    driver.set_trace_callback(None)
            with driver.query_logger(self._count):
                return work(tx)

        return await self._database.write(counted)

    def _count(self, _: object) -> None:
        self.statements += 1


async def test_keys_cost_a_turn_two_statements_however_many_there_are(gym: Gym) -> None:
    """One look-up and one write, beside what the bookings cost anyway. Where statements are sent together,
    the look-up goes with others."""
    slot = await gym.slot(seats=None)
    counted = Counted(gym.database)
    desk = Desk(counted, gym.clock, Metrics())

    async def cost(*, keyed: bool) -> int:
        books = [
            Book(
                *(gym.organization, gym.studio_id, customer, slot),
                booking_id=await gym.desk.ids.next(),
                idempotency=replace(KEY, key=f"tap-{customer}") if keyed else None,
            )
            for customer in await gym.customers(64)
        ]
        before = counted.statements
        await asyncio.gather(*(desk.execute(book, by=STAFF) for book in books))
        return counted.statements - before

    await cost(keyed=False)  # From now on it is known that nobody listens.
    own = 2 if gym.database.name == "sqlite" else 1
    assert await cost(keyed=True) == await cost(keyed=False) + own


async def test_who_comes_to_a_full_slot_with_a_key_is_refused_without_writing(gym: Gym) -> None:
    """And who has done so before is not: they are shown what they have."""
    slot = await gym.slot(seats=1, waiting_list=0)
    first, second, third = await gym.customers(3)
    counted = Counted(gym.database)
    gym.desk = Desk(counted, gym.clock, Metrics())
    seat = await gym.booked(first, slot, idempotency=KEY)
    keys = [replace(KEY, key=f"tap-{number}") for number in (2, 3)]
    full = ErrorCode.BOOKING_LIMIT_REACHED
    assert await gym.book(second, slot, idempotency=keys[0]) is full
    before = counted.statements

    assert await gym.book(third, slot, idempotency=keys[1]) is full

    assert counted.statements == before
    assert await gym.book(first, slot, idempotency=KEY) == replace(seat, replayed=True)
    await gym.cancel(seat.booking_id)
    assert (await gym.booked(second, slot, idempotency=keys[0])).customer_id == second
