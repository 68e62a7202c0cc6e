"""Life in the made-up company: people book, some wait, some think better of it.

Everything goes over the desk, so it is as consistent as what real customers do.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from kursplan.clock import Clock
from kursplan.demo.people import RESERVED_SERIES
from kursplan.desk.book import Book, Booked
from kursplan.desk.cancel import Cancel
from kursplan.desk.engine.desk import Desk
from kursplan.desk.engine.turn import Command
from kursplan.domain.actors import THE_HOUSE
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.customers import CustomerStatus
from kursplan.domain.refusals import Refusal
from kursplan.domain.slots import SlotStatus
from kursplan.store.engine.database import Database
from kursplan.store.engine.rows import AnyRow
from kursplan.store.partner import directory
from kursplan.store.staff import timetable

T = TypeVar("T")

BOOKED_AHEAD = timedelta(days=7)
"""How far ahead people book: as far as most classes let them."""
UNLIMITED = 40
"""How many seats a slot without a limit is taken to have."""
AT_ONCE = 200
"""How many book at the same time."""
EMPTIEST, FULLEST = 0.2, 0.8
"""How much of a slot is taken; chance has it from one slot to another."""
THINK_BETTER = 0.04
"""How many of those who booked cancel again."""
EVERYBODY = 10_000


@dataclass(frozen=True, slots=True)
class Company:
    """The company once it is stored, and what works for it."""

    organization_id: int
    database: Database
    desk: Desk
    clock: Clock

    async def read(self, query: Callable[..., T], *named: Any) -> T:
        """The answer to one of the store's queries, asked for the company."""
        return await self.database.read(lambda tx: query(tx, self.organization_id, *named))

    async def studios(self) -> Sequence[AnyRow]:
        return await self.read(timetable.studios)

    async def members(self, studio_id: int) -> list[AnyRow]:
        people = directory.People(self.organization_id, studio_id)
        return await self.database.read(
            lambda tx: people.with_status(
                tx, CustomerStatus.MEMBER, after=0, skip=0, limit=EVERYBODY
            )
        )

    async def reserved(self, studio_id: int, series: str) -> list[int]:
        """The members of a studio who are for trying things out, by the series of their numbers."""
        return [each.id for each in await self.members(studio_id) if series_of(each) == series]

    async def slots(self, studio_id: int, after: timedelta, before: timedelta) -> list[AnyRow]:
        """The planned slots that start between these times from now, the next first."""
        now = self.clock.now()
        found = await self.read(timetable.slots_of_studio, studio_id, now + after, now + before)
        return [each for each in found if each.status is SlotStatus.PLANNED]

    async def book(self, studio_id: int, customer_id: int, slot_id: int) -> Booked | Refusal:
        return await self.execute(
            Book(
                self.organization_id,
                studio_id,
                customer_id,
                slot_id,
                await self.desk.ids.next(),
            )
        )

    def execute(self, command: Command[T], reason: str | None = None) -> Awaitable[T]:
        return self.desk.execute(command, by=THE_HOUSE, reason=reason)


def series_of(member: AnyRow) -> str:
    """The digit with which the number of a member begins, after the letter of the city."""
    return (member.number or "")[1:2]


async def let_people_book(company: Company) -> None:
    """Fill the slots of the coming days on which nobody is yet; reserved customers stay away."""
    for studio in await company.studios():
        dice = random.Random(studio.key)  # noqa: S311, there is nothing to keep secret
        slots = await company.slots(studio.id, timedelta(), BOOKED_AHEAD)
        people = [
            each.id
            for each in await company.members(studio.id)
            if series_of(each) not in RESERVED_SERIES
        ]
        wishes = [
            (customer_id, slot.id)
            for slot in slots
            if not slot.seats and not slot.waiting
            for customer_id in dice.sample(people, _interest(slot, len(people), dice))
        ]
        dice.shuffle(wishes)
        booked: list[Booked] = []
        for first in range(0, len(wishes), AT_ONCE):
            answers = await asyncio.gather(
                *(company.book(studio.id, *wish) for wish in wishes[first : first + AT_ONCE])
            )
            # Who is refused (idle, no contingent, elsewhere at that time) simply does not come.
            booked += [each for each in answers if isinstance(each, Booked)]
        for each in booked:
            if dice.random() < THINK_BETTER:
                await company.execute(Cancel(company.organization_id, studio.id, each.booking_id))


def _interest(slot: AnyRow, people: int, dice: random.Random) -> int:
    """How many would like to come."""
    seats = slot.max_participants
    wanted = dice.uniform(EMPTIEST, FULLEST) * (UNLIMITED if seats is None else seats)
    return min(people, round(wanted))


async def fill_up(company: Company, studio_id: int, slot: AnyRow, waiting: int) -> bool:
    """Have so many people book a slot that all seats are taken and `waiting` wait; whether it is so.

    They are those who come to the studio anyway; reserved customers stay away.
    """
    seats = slot.max_participants - slot.additional_participants - slot.seats
    queue = slot.waiting
    for each in reversed(await company.members(studio_id)):
        if seats <= 0 and queue >= waiting:
            break
        if series_of(each) in RESERVED_SERIES:
            continue
        answer = await company.book(studio_id, each.id, slot.id)
        if isinstance(answer, Booked):
            if answer.status is BookingStatus.WAITING_LIST:
                queue += 1
            else:
                seats -= 1
    return bool(seats <= 0 and queue >= waiting)
