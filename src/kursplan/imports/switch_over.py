"""The bookings of the week of the switch-over, over the desk: planned, tried out, and made one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from kursplan.clock import Clock
from kursplan.desk.add_booking import AddBooking
from kursplan.desk.book import Book, Booked
from kursplan.desk.engine.desk import Desk
from kursplan.desk.engine.rehearse import rehearse
from kursplan.domain.actors import Actor
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.localtime import start_of_day
from kursplan.domain.names import folded
from kursplan.domain.refusals import Kind, Refusal
from kursplan.domain.slots import SlotStatus
from kursplan.imports.bookings import BookingsPlan, KnownSlot, Wanted, days_of, plan_bookings
from kursplan.imports.match import Doubtful
from kursplan.imports.members import everybody_stored
from kursplan.imports.understand import Understanding
from kursplan.staff.names import names_for
from kursplan.staff.refusals import Names
from kursplan.store import tables
from kursplan.store.engine.database import Database
from kursplan.store.engine.rows import AnyRow
from kursplan.store.entries import ids as entry_ids
from kursplan.store.rules import instructors
from kursplan.store.staff import timetable

Progress = Callable[[str, int, int], None]
"""Is told the section, how much of it is done, and how much there is to do."""


@dataclass(slots=True)
class Outcome:
    """What becomes, or became, of the bookings that were wanted."""

    booked: list[Wanted] = field(default_factory=list)
    waiting: list[Wanted] = field(default_factory=list)
    there: list[Wanted] = field(default_factory=list)
    """Who is on the slot already."""
    conflicts: list[tuple[Wanted, Refusal]] = field(default_factory=list)
    names: Names | None = None
    """Of what the refusals are about."""

    def take_in(self, wanted: Wanted, answer: Booked | Refusal) -> None:
        if isinstance(answer, Refusal):
            if answer.kind is Kind.CUSTOMER_ALREADY_BOOKED:
                self.there.append(wanted)
            else:
                self.conflicts.append((wanted, answer))
        else:
            (self.waiting if answer.status == "WAITING_LIST" else self.booked).append(wanted)


@dataclass(frozen=True, slots=True)
class SwitchOver:
    """The studio of one organization that moves in, and what works for it."""

    desk: Desk
    database: Database
    clock: Clock
    organization_id: int
    studio_id: int
    zone: ZoneInfo

    async def plan(
        self, found: Understanding, answer: Callable[[Doubtful], str | None]
    ) -> BookingsPlan:
        """Who is to be put on which slot."""
        now = self.clock.now().astimezone(self.zone).replace(tzinfo=None)
        days = days_of(found, now.date())
        slots: list[KnownSlot] = []
        if days is not None:
            since = start_of_day(days[0], self.zone)
            until = start_of_day(days[1] + timedelta(days=1), self.zone)
            slots = await self.database.read(lambda tx: self._slots(tx, since, until))
        everybody = await self.database.read(lambda tx: everybody_stored(tx, self.organization_id))
        return plan_bookings(found, everybody, slots, now, answer)

    def _slots(self, tx: Connection, since: datetime, until: datetime) -> list[KnownSlot]:
        rows = timetable.slots_of_studio(tx, self.organization_id, self.studio_id, since, until)
        planned = [each for each in rows if each.status == SlotStatus.PLANNED]
        given = instructors.of_slots(tx, self.organization_id, [each.id for each in planned])
        names = timetable.employees(tx, self.organization_id)
        return [self._known(each, [names[who] for who in given[each.id]]) for each in planned]

    def _known(self, slot: AnyRow, given_by: Sequence[str]) -> KnownSlot:
        return KnownSlot(
            slot.id,
            slot.starts_at.astimezone(self.zone).replace(tzinfo=None),
            slot.title,
            slot.location,
            frozenset(
                folded(name)
                for who in given_by
                # Other systems often have first names only.
                for name in (who, who.partition(" ")[0])
            ),
        )

    async def commands(self, plan: BookingsPlan, overrule: frozenset[Kind]) -> list[AddBooking]:
        """What the desk is to do, in this order.

        Who had a seat is to have one: that there is none is told, and not that they wait now.
        """
        ids = await self.database.read(
            lambda tx: entry_ids.ids(tx, self.organization_id, tables.customer)
        )
        found = []
        for each in plan.wanted:
            book = Book(
                self.organization_id,
                self.studio_id,
                ids[each.who.key],
                each.slot.id,
                await self.desk.ids.next(),
                expected=None if each.waits else BookingStatus.BOOKED,
                overrule=overrule - {Kind.BOOKING_LIMIT_REACHED} if each.waits else overrule,
            )
            found.append(AddBooking(book))
        return found

    async def tried_out(self, plan: BookingsPlan, what: list[AddBooking]) -> Outcome:
        """What would come of it; nothing is done."""
        outcome = Outcome()
        if what:
            rehearsed = await rehearse(self.database, self.clock, [what])
            for wanted, answer in zip(plan.wanted, rehearsed.answer[0], strict=True):
                outcome.take_in(wanted, answer)
        return await self._with_names(outcome)

    async def done(
        self,
        plan: BookingsPlan,
        what: list[AddBooking],
        *,
        by: Actor,
        reason: str | None,
        progress: Progress,
    ) -> Outcome:
        """Have the desk do it, one after the other: who comes first has the better place."""
        outcome = Outcome()
        for number, (wanted, command) in enumerate(zip(plan.wanted, what, strict=True), start=1):
            answer: Any = await self.desk.execute(command, by=by, reason=reason)
            outcome.take_in(wanted, answer)
            progress("bookings", number, len(what))
        return await self._with_names(outcome)

    async def _with_names(self, outcome: Outcome) -> Outcome:
        refusals = [each for _, each in outcome.conflicts]
        outcome.names = await self.database.read(
            lambda tx: names_for(tx, self.organization_id, refusals)
        )
        return outcome
