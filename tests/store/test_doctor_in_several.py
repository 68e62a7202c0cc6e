"""What the doctor finds in several organizations at once is what it finds in each of them."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection

from kursplan.clock import HandClock
from kursplan.doctor import Finding, Invariant, examine, in_several
from kursplan.store import tables
from kursplan.store.engine.database import Database
from tests.gym import Gym


async def test_each_finding_is_of_its_organization(
    gym: Gym, database: Database, clock: HandClock
) -> None:
    healthy = await Gym(database, clock, first_id=500).open()
    ill = await Gym(database, clock, first_id=1000).open()
    for each in (gym, healthy, ill):
        await each.booked(await each.customer(), await each.slot())
    miscounted = await ill.slot(at="20:00")
    await ill.set(tables.slot, miscounted, seats=3)

    def look(tx: Connection) -> tuple[dict[int, list[Finding]], dict[int, list[Finding]]]:
        of = [each.organization for each in (gym, healthy, ill)]
        at_once = in_several(tx, of, partial(examine, now=clock.now()))
        return at_once, {each: examine(tx, each, clock.now()) for each in of}

    at_once, one_by_one = await database.read(look)
    assert at_once == one_by_one
    assert [each.invariant for each in at_once.pop(ill.organization)] == [Invariant.COUNTS]
    assert list(at_once.values()) == [[], []]
