"""Examples to try out: slots and customers of the first studio, and what each stands for.

An example is only told once the rules themselves have been asked that it means what it says. It
keeps its meaning for a day at least, whenever the demo is started, and none stands in the way of
another: the slots do not overlap, so that whoever is booked on one can still book the next.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from typing import Any

from kursplan.demo.life import Company, fill_up
from kursplan.demo.people import IDLE_SERIES, ORDINARY_SERIES, PREMIUM_SERIES
from kursplan.desk.book import MayBook
from kursplan.desk.stand_in import PutStandIn
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.refusals import Kind, Refusal
from kursplan.store.engine.rows import AnyRow
from kursplan.store.rules import instructors, series
from kursplan.store.staff import timetable

SOONEST, LATEST = timedelta(days=2), timedelta(days=6)
"""Between these times from now the slots lie that can be booked: their windows are open. Every
series from which examples are taken has a slot in there."""
KEPT_UNTIL = timedelta(days=1)
"""An example of an earlier start is kept until its slot is nearer than this."""
UNOPENED_SOONEST, UNOPENED_LATEST = timedelta(days=10), timedelta(days=13, hours=20)
"""The same for the slot that can't be booked yet: its window opens seven calendar days before."""
UNOPENED_KEPT_UNTIL = timedelta(days=9)
WAIT_ON_FULL = 3
"""How many wait for the slot that is full."""
STANDS_IN, REASON = "svenja", "Erkältet"

Meaning = Kind | BookingStatus
"""What becomes of an attempt to book."""
SEAT, WAITS = BookingStatus.BOOKED, BookingStatus.WAITING_LIST
NOT_OPEN = Kind.DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME


class NoExamples(Exception):
    """The timetable has nothing left that would serve as an example."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Ids, under the names by which scripts know them."""

    class_id: int
    slot_id: int
    customer_id: int
    idle_customer_id: int
    premium_slot_id: int
    premium_customer_id: int
    full_slot_id: int
    display_only_class_id: int
    display_only_slot_id: int
    standin_slot_id: int
    admits_outsiders_slot_id: int
    insiders_only_slot_id: int
    outside_customer_id: int
    not_open_yet_slot_id: int

    def written(self) -> dict[str, int]:
        return asdict(self)

    @classmethod
    def read(cls, written: Any) -> Examples | None:
        """The examples of an earlier start; None where they can't be made out."""
        names = [each.name for each in fields(cls)]
        if not isinstance(written, dict):
            return None
        if not all(isinstance(written.get(name), int) for name in names):
            return None
        return cls(**{name: written[name] for name in names})

    @property
    def meanings(self) -> tuple[tuple[int, int, Meaning], ...]:
        """What becomes of which customer on which slot."""
        return (
            (self.customer_id, self.slot_id, SEAT),
            (self.idle_customer_id, self.slot_id, Kind.CUSTOMER_IDLE),
            (self.customer_id, self.premium_slot_id, Kind.NO_CONTINGENT),
            (self.premium_customer_id, self.premium_slot_id, SEAT),
            (self.customer_id, self.full_slot_id, WAITS),
            (self.customer_id, self.display_only_slot_id, Kind.DISPLAY_ONLY),
            (self.customer_id, self.standin_slot_id, SEAT),
            (self.outside_customer_id, self.admits_outsiders_slot_id, SEAT),
            (self.outside_customer_id, self.insiders_only_slot_id, Kind.NOT_AVAILABLE),
            (self.customer_id, self.insiders_only_slot_id, SEAT),
            (self.customer_id, self.not_open_yet_slot_id, NOT_OPEN),
        )


async def examples(company: Company, before: Examples | None) -> Examples:
    """The examples of an earlier start, if they still mean what they say, or else new ones.

    Raises `NoExamples`.
    """
    here, elsewhere, *_ = await company.studios()
    search = _Search(company, here.id, elsewhere.id)
    if before is not None and await search.still_hold(before):
        return before
    for customer_id in await company.reserved(here.id, ORDINARY_SERIES):
        try:
            return await search.with_customer(customer_id)
        except NoExamples:
            # They tried too much themselves in an earlier start; there are more like them.
            continue
    raise NoExamples("the demo's timetable is used up; start it anew with --fresh")


@dataclass(frozen=True, slots=True)
class _Search:
    company: Company
    studio_id: int
    elsewhere_id: int

    async def with_customer(self, customer_id: int) -> Examples:
        """Examples for that customer. Raises `NoExamples` where one can't be had."""
        slot = await self._slot("vinyasa-evening", customer_id, SEAT)
        premium_customer_id = await self._someone(self.studio_id, PREMIUM_SERIES)
        outside_customer_id = await self._someone(self.elsewhere_id, ORDINARY_SERIES)
        display_only = await self._slot("open-floor", customer_id, Kind.DISPLAY_ONLY)
        found = Examples(
            class_id=slot.class_id,
            slot_id=slot.id,
            customer_id=customer_id,
            idle_customer_id=await self._someone(self.studio_id, IDLE_SERIES),
            premium_slot_id=(await self._slot("reformer-noon", premium_customer_id, SEAT)).id,
            premium_customer_id=premium_customer_id,
            full_slot_id=(await self._full("cycling-afternoon", customer_id)).id,
            display_only_class_id=display_only.class_id,
            display_only_slot_id=display_only.id,
            standin_slot_id=(await self._with_stand_in("yin-evening", customer_id)).id,
            admits_outsiders_slot_id=(
                await self._slot("bootcamp-afternoon", outside_customer_id, SEAT)
            ).id,
            insiders_only_slot_id=(await self._slot("boxen-early", customer_id, SEAT)).id,
            outside_customer_id=outside_customer_id,
            not_open_yet_slot_id=(await self._slot("hiit-noon", customer_id, NOT_OPEN)).id,
        )
        if not await self.still_hold(found):
            raise NoExamples
        return found

    async def still_hold(self, found: Examples) -> bool:
        """Whether all of them mean what they say, and will for a while."""
        for customer_id, slot_id, meaning in found.meanings:
            soonest = UNOPENED_KEPT_UNTIL if meaning is NOT_OPEN else KEPT_UNTIL
            slot = await self.company.read(timetable.slot_by_id, slot_id)
            if slot is None or slot.starts_at < self.company.clock.now() + soonest:
                return False
            if await self._meaning(customer_id, slot_id) is not meaning:
                return False
        return await self._shows_only_a_stand_in(found.standin_slot_id)

    async def _slot(self, series_key: str, customer_id: int, meaning: Meaning) -> AnyRow:
        async for slot in self._slots_of(series_key, unopened=meaning is NOT_OPEN):
            if await self._meaning(customer_id, slot.id) is meaning:
                return slot
        raise NoExamples

    async def _full(self, series_key: str, customer_id: int) -> AnyRow:
        async for slot in self._slots_of(series_key):
            if (
                await fill_up(self.company, self.studio_id, slot, WAIT_ON_FULL)
                and await self._meaning(customer_id, slot.id) is WAITS
            ):
                return slot
        raise NoExamples

    async def _with_stand_in(self, series_key: str, customer_id: int) -> AnyRow:
        by = await self.company.read(timetable.employee_by_key, STANDS_IN)
        async for slot in self._slots_of(series_key):
            if await self._meaning(customer_id, slot.id) is not SEAT:
                continue
            given = (await self.company.read(instructors.of_slots, [slot.id]))[slot.id]
            if by is not None and by not in given and len(given) == 1:
                of = self.company.organization_id
                command = PutStandIn(of, slot.id, given[0], by)
                await self.company.execute(command, REASON)
            if await self._shows_only_a_stand_in(slot.id):
                return slot
        raise NoExamples

    async def _shows_only_a_stand_in(self, slot_id: int) -> bool:
        given = (await self.company.read(instructors.of_slots, [slot_id]))[slot_id]
        records = (await self.company.read(instructors.stand_ins, [slot_id]))[slot_id]
        return given == tuple(each.stand_in_id for each in records if each.stands)[-1:]

    async def _slots_of(self, series_key: str, *, unopened: bool = False) -> AsyncIterator[AnyRow]:
        """The slots of a series that lie where examples are looked for, the next first."""
        series_id = await self.company.read(series.find, series_key)
        times = (UNOPENED_SOONEST, UNOPENED_LATEST) if unopened else (SOONEST, LATEST)
        for slot in await self.company.slots(self.studio_id, *times):
            if slot.series_id == series_id:
                yield slot

    async def _someone(self, studio_id: int, series_of_numbers: str) -> int:
        for customer_id in await self.company.reserved(studio_id, series_of_numbers):
            return customer_id
        raise NoExamples

    async def _meaning(self, customer_id: int, slot_id: int) -> Meaning:
        """What would become of it if the customer booked the slot now."""
        of, studio_id = self.company.organization_id, self.studio_id
        answer = await self.company.desk.query(MayBook(of, studio_id, customer_id, slot_id))
        if isinstance(answer, Refusal):
            return answer.kind.rule
        return WAITS if answer.waits else SEAT
