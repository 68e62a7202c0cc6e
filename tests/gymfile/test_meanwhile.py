"""While a gym file is loaded the gym goes on: what is decided in the same turn sees it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from kursplan.api.error_codes import ErrorCode
from kursplan.desk.book import Book, Booked
from kursplan.desk.cancel import Cancel
from kursplan.desk.customers import DeleteCustomers, RecordCustomers
from kursplan.desk.engine.turn import Command
from kursplan.domain.contingents import Contingent, Period
from kursplan.domain.entries import CustomerEntry, IdlePeriodEntry
from kursplan.domain.refusals import Kind
from kursplan.gymfile.stored import stored
from kursplan.store import tables
from tests.gym import STAFF, by_code
from tests.gymfile.house import House, edit

TUESDAY, NEXT_TUESDAY = date(2026, 3, 3), date(2026, 3, 10)


async def in_one_turn(house: House, *commands: Command[Any]) -> list[Any]:
    """The answers of commands that queued up behind another, and so share a turn."""
    first = Cancel(await house.organization(), 0, 0)
    _, *answers = await asyncio.gather(
        *(house.desk.execute(each, by=STAFF) for each in (first, *commands))
    )
    return answers


async def booking_of(house: House, customer: str, slot_id: int) -> Book:
    return Book(
        await house.organization(),
        await house.id(tables.studio, "berlin"),
        await house.id(tables.customer, customer),
        slot_id,
        await house.desk.ids.next(),
    )


async def entry_of(house: House, customer: str) -> CustomerEntry:
    found = await house.database.read(lambda tx: stored(tx, "muster-gym"))
    return found.customers[customer].entry


async def recording(house: House, entry: CustomerEntry) -> RecordCustomers:
    customer_id = await house.id(tables.customer, entry.key)
    return RecordCustomers(await house.organization(), {customer_id: entry})


def with_membership(entry: CustomerEntry, **changes: Any) -> CustomerEntry:
    [membership] = entry.memberships or ()
    return replace(entry, memberships=(replace(membership, **changes),))


def granting(entry: CustomerEntry, bookings: int) -> CustomerEntry:
    return with_membership(entry, contingents=frozenset({Contingent(bookings, Period.MONTH)}))


def idle(entry: CustomerEntry) -> CustomerEntry:
    rest = IdlePeriodEntry("rest", TUESDAY, TUESDAY)
    return with_membership(entry, idle_periods=(rest,))


def results(answers: Sequence[Any]) -> list[Any]:
    return ["booked" if isinstance(each, Booked) else by_code(each) for each in answers]


async def test_a_booking_of_the_same_turn_is_reviewed_too(house: House) -> None:
    await house.load()
    slot_id = await house.slot_on(TUESDAY, "spin-noon")
    book = await booking_of(house, "c1", slot_id)
    rest = await recording(house, idle(await entry_of(house, "c1")))

    answers = await in_one_turn(house, book, rest)

    assert results(answers) == ["booked", 1]
    assert (await house.booking(answers[0])).conflict is Kind.CUSTOMER_IDLE


async def test_a_booking_after_it_sees_what_was_recorded(house: House) -> None:
    await house.load()
    slot_id = await house.slot_on(TUESDAY, "spin-noon")
    rest = await recording(house, idle(await entry_of(house, "c1")))

    answers = await in_one_turn(house, rest, await booking_of(house, "c1", slot_id))

    assert results(answers) == [1, ErrorCode.CUSTOMER_IDLE]


async def test_a_contingent_counts_what_the_turn_has_booked_before(house: House) -> None:
    await house.load()
    slot_ids = [await house.slot_on(day, "spin-noon") for day in (TUESDAY, NEXT_TUESDAY)]
    one, other = [await booking_of(house, "c1", slot_id) for slot_id in slot_ids]
    less = await recording(house, granting(await entry_of(house, "c1"), 1))

    assert results(await in_one_turn(house, one, less, other)) == [
        "booked",
        1,
        ErrorCode.NO_CONTINGENT,
    ]


async def test_a_contingent_knows_what_the_turn_has_given_back(house: House) -> None:
    await house.load(edit(("bookings: 4", "bookings: 1")))
    first = await house.book("c1", await house.slot_on(TUESDAY, "spin-noon"))
    back = Cancel(
        await house.organization(), await house.id(tables.studio, "berlin"), first.booking_id
    )
    entry = granting(await entry_of(house, "c1"), 1)
    renamed = await recording(house, replace(entry, access_refused=False, first_name="Erica"))
    again = await booking_of(house, "c1", await house.slot_on(NEXT_TUESDAY, "spin-noon"))

    answers = await in_one_turn(house, back, renamed, again)

    assert results(answers) == ["booked", 1, "booked"]


async def test_nobody_books_for_who_was_deleted_in_the_same_turn(house: House) -> None:
    await house.load()
    slot_id = await house.slot_on(TUESDAY, "spin-noon")
    c1 = await house.id(tables.customer, "c1")
    book = await booking_of(house, "c1", slot_id)
    gone = DeleteCustomers(await house.organization(), frozenset({c1}))
    late = await booking_of(house, "c1", slot_id)

    answers = await in_one_turn(house, book, gone, late)

    assert results(answers) == ["booked", 1, ErrorCode.CUSTOMER_NOT_FOUND]
    assert (await house.slot(slot_id)).seats == 0


async def test_many_book_while_their_file_is_loaded(house: House) -> None:
    await house.load()
    slot_id = await house.slot_on(TUESDAY, "spin-noon")
    books = [
        house.desk.execute(await booking_of(house, each, slot_id), by=STAFF)
        for each in ("c1", "c2")
    ]
    text = edit(("max_participants: 2\n", "max_participants: 1\n"), ("title: Yoga", "title: Hatha"))

    await asyncio.gather(house.load(text), *books)

    slot = await house.slot(slot_id)
    active = [row.status for row in await house.rows(tables.booking, slot_id=slot_id)]
    assert slot.max_participants == 1
    assert slot.seats + slot.waiting == len(active) == 2
    assert await house.changes(text) == {}
