"""A week in the made-up company that looks like one: some days are behind it, and not all went as planned.

It is founded a few days before the day on which it is shown, and those days are lived through on a clock
that is moved by hand: people book, and most of them come. Then happens what needs a person: a class is full
and people wait, one is given by a stand-in, one is cancelled, a room is taken twice, somebody's membership
rests. None of it touches the slots from which examples are taken (`examples.py`).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from kursplan.clock import HandClock
from kursplan.demo.life import Company, fill_up, let_people_book
from kursplan.desk.cancel_slot import CancelSlot
from kursplan.desk.change_slot import ChangeSlot
from kursplan.desk.complete import CompleteSlots
from kursplan.desk.contracts import FreezeMembership
from kursplan.desk.participation import SetParticipation
from kursplan.desk.stand_in import PutStandIn, SlotStaffed
from kursplan.domain.bookings import Participation
from kursplan.domain.localtime import local
from kursplan.domain.studios import zone_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.rules import instructors, series
from kursplan.store.staff import front_desk, timetable

DAYS: Final = 3
"""How many days are behind it when it is shown."""
ONE_DAY: Final = timedelta(days=1)
MARKS: Final = (
    Participation.PARTICIPATING,
    Participation.NOT_PARTICIPATING,
    Participation.UNSET,
)
LIKELY: Final = (86, 8, 6)
"""How many of a hundred come, stay away, and are not ticked."""
WAIT: Final = 2
BEFORE_EXAMPLES: Final = timedelta(days=2)
"""What starts before serves as no example."""


async def live_through(company: Company, clock: HandClock, until: datetime) -> None:
    """The days up to that time, to which the company's clock is moved."""
    dice = random.Random("days")  # noqa: S311, there is nothing to keep secret
    while True:
        await let_people_book(company)
        if clock.now() >= until:
            break
        clock.advance(ONE_DAY)
        await _note_who_came(company, dice)


async def _note_who_came(company: Company, dice: random.Random) -> None:
    """On the slots of the day that has passed."""
    notes = []
    for studio in await company.studios():
        over = [
            each
            for each in await company.slots(studio.id, -ONE_DAY, timedelta())
            if each.ends_at <= company.clock.now()
        ]
        for slot in over:
            people = await company.read(front_desk.people, slot.id)
            for each, mark in zip(people, dice.choices(MARKS, LIKELY, k=len(people)), strict=True):
                of = company.organization_id
                notes.append(SetParticipation(of, studio.id, each.id, mark))
        await company.execute(
            CompleteSlots(company.organization_id, frozenset(each.id for each in over))
        )
    await asyncio.gather(*(company.execute(each) for each in notes))


async def let_things_happen(company: Company) -> None:
    """What needs a person, in the first studio."""
    studio, *_ = await company.studios()
    soon = await company.slots(studio.id, timedelta(minutes=5), BEFORE_EXAMPLES)
    week = await company.slots(studio.id, timedelta(hours=1), timedelta(days=7))
    untouched = _untouched(soon)
    for each in soon:
        if each.max_participants and await fill_up(company, studio.id, each, WAIT):
            break
    for each in untouched:
        if await _put_stand_in(company, each):
            break
    for each in untouched:
        await company.execute(CancelSlot(company.organization_id, each.id), "Heizung ausgefallen")
        break
    await _clash(company, week)
    await _rest(company, week)


def _untouched(soon: list[AnyRow]) -> Iterator[AnyRow]:
    """Those of tomorrow that have a limit, each once."""
    return iter([each for each in soon[1:] if each.max_participants])


async def _put_stand_in(company: Company, slot: AnyRow) -> bool:
    """Somebody who has nothing else to do at that time gives it; whether there is anybody."""
    given = (await company.read(instructors.of_slots, [slot.id]))[slot.id]
    if len(given) != 1:
        return False
    by = await company.read(timetable.employee_by_key, "quirin")
    if by is None or by in given:
        return False
    answer = await company.execute(
        PutStandIn(company.organization_id, slot.id, given[0], by), "Fortbildung"
    )
    return isinstance(answer, SlotStaffed) and answer.changed


async def _clash(company: Company, week: list[AnyRow]) -> None:
    """Vinyasa Flow in the morning is moved to the room in which Rückenfit is at that time."""
    morning = await _of_series(company, week, "vinyasa-morning")
    room = await company.read(timetable.location_by_key, "saal-2")
    if morning is not None and room is not None:
        await company.execute(
            ChangeSlot(company.organization_id, morning.id, location_id=room), "Boden in Saal 1"
        )


async def _rest(company: Company, week: list[AnyRow]) -> None:
    """The membership by which somebody booked Rückenfit rests from that day on."""
    slot = await _of_series(company, week, "rueckenfit-morning")
    if slot is None:
        return
    day = local(slot.starts_at, zone_of(slot.zone)).date()
    for each in await company.read(front_desk.people, slot.id):
        if each.rate and each.number:
            membership = f"{each.number}-{each.rate.lower()}"
            of = company.organization_id
            await company.execute(
                FreezeMembership(of, each.customer_id, membership, day, reason="Knie")
            )
            return


async def _of_series(company: Company, slots: list[AnyRow], key: str) -> AnyRow | None:
    series_id = await company.read(series.find, key)
    return next((each for each in slots if each.series_id == series_id), None)
