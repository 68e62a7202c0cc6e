"""What a rehearsal says is what then happens; and it changes nothing itself."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from kursplan import gymfile
from kursplan.clock import HandClock
from kursplan.domain.bookings import Booking
from kursplan.domain.consequences import Becomes, becomes, slot_becomes
from kursplan.domain.slots import Slot
from kursplan.gymfile.document import parse
from kursplan.store import tables
from kursplan.store.engine.database import Database, connect
from kursplan.store.engine.trouble import DatabaseUnavailable, Work
from kursplan.store.rules import bookings, slots
from tests.gymfile.house import GYM, MORNING, House

MEMBERS = [f"p{number}" for number in range(8)]
PEOPLE = "".join(
    f"""
  - {{key: {key}, studio: berlin, first_name: P, last_name: {key.upper()}, memberships: [{{key: m{key}, rate: gold, from: 2026-01-01}}]}}"""
    for key in MEMBERS
)
FULL = GYM.replace("customers:\n", f"customers:{PEOPLE}\n")


async def fill(house: House) -> None:
    """Two weeks of classes that people have booked; some of them wait."""
    await house.load(FULL)
    for row in await house.rows(tables.slot):
        of = (await house.slot(row.id)).max_participants
        for key in MEMBERS if of is None else MEMBERS[:3]:
            await house.try_to_book(key, row.id)


# --- Edits --------------------------------------------------------------------------------------

Document = dict[str, Any]


def by_key(document: Document, section: str, key: str) -> Document:
    found = [each for each in document[section] if each["key"] == key]
    return found[0] if found else {}


def other_weekdays(document: Document) -> None:
    by_key(document, "series", "yoga-evening")["weekdays"] = ["TUESDAY", "THURSDAY"]


def later(document: Document) -> None:
    by_key(document, "series", "yoga-evening")["start"] = "19:00"


def without_spin(document: Document) -> None:
    document["series"] = [each for each in document["series"] if each["key"] != "spin-noon"]


def more_seats(document: Document) -> None:
    by_key(document, "classes", "spin")["max_participants"] = 3


def members_only(document: Document) -> None:
    by_key(document, "classes", "spin")["rates"] = ["flex"]


def hidden(document: Document) -> None:
    by_key(document, "classes", "yoga")["bookable"] = False


def closed(document: Document) -> None:
    water = {"key": "water", "from": "2026-03-09T12:00", "to": "2026-03-10T14:00"}
    document["studios"][0]["closures"].append(water)


def strict(document: Document) -> None:
    document["organization"]["lost_entitlement"] = "CANCEL"


def elsewhere(document: Document) -> None:
    document["studios"][0]["zone"] = "Europe/Helsinki"


def deleted(document: Document) -> None:
    document["customers"][0] = {"key": document["customers"][0]["key"], "deleted": True}


def contract_over(document: Document) -> None:
    document["customers"][1]["memberships"][0]["until"] = "2026-03-04"


def contract_gone(document: Document) -> None:
    document["customers"][2]["memberships"] = []


def resting(document: Document) -> None:
    rest = {"key": "rest", "from": "2026-03-09", "until": "2026-03-20"}
    document["customers"][3].setdefault("memberships", [{}])[0]["idle_periods"] = [rest]


def open_day_moved(document: Document) -> None:
    by_key(document, "slots", "open-day")["start"] = "2026-03-14T11:00"


def no_open_day(document: Document) -> None:
    document["slots"] = [each for each in document["slots"] if each["key"] != "open-day"]


def jo_leaves(document: Document) -> None:
    document["employees"][1] = {"key": "jo", "deleted": True}
    for each in document["slots"]:
        each["instructors"] = [key for key in each.get("instructors", ()) if key != "jo"]


def new_series(document: Document) -> None:
    document["series"].append(
        {"key": "more", "class": "yoga", "weekdays": ["FRIDAY"], "start": "10:00", "first_day": "2026-03-02"}
    )  # fmt: skip


EDITS: list[Callable[[Document], None]] = [
    other_weekdays, later, without_spin, more_seats, members_only, hidden, closed, strict, elsewhere,
    deleted, contract_over, contract_gone, resting, open_day_moved, no_open_day, jo_leaves, new_series,
]  # fmt: skip


def edited(edits: list[Callable[[Document], None]]) -> str:
    document = parse(FULL)[0].plain()
    for each in edits:
        each(document)
    return json.dumps(document)


# --- What is there ------------------------------------------------------------------------------


@dataclass
class There:
    bookings: dict[int, Booking]
    slots: dict[int, Slot]
    events: Counter[Any]


async def there(house: House) -> There:
    organization = await house.organization()

    def look(tx: Connection) -> There:
        ids = list(tx.execute(select(tables.booking.c.id)).scalars())
        slot_ids = list(tx.execute(select(tables.slot.c.id)).scalars())
        return There(
            {each.id: each for each in bookings.load(tx, organization, ids)},
            slots.load(tx, organization, slot_ids),
            Counter(tx.execute(select(tables.event.c.type)).scalars()),
        )

    return await house.database.read(look)


async def compare_with_what_happens(house: House, text: str) -> Counter[Becomes]:
    """Rehearse, load, and hold what was said against what became of everybody's bookings."""
    before, rows = await there(house), await house.everything()
    foretold = await house.rehearse(text, remove=True)
    assert await house.everything() == rows, "a rehearsal changes nothing"

    done = await house.load(text, remove=True)

    after = await there(house)
    assert done == foretold.differences
    if foretold.rehearsed is None:
        assert (after.bookings, after.slots) == (before.bookings, before.slots)
        return Counter()
    said = {
        (each.booking_id, each.becomes, each.conflict)
        for each in foretold.rehearsed.changes
        if each.becomes is not Becomes.OTHERWISE
    }
    happened = {
        (each.id, what, each.conflict)
        for each in after.bookings.values()
        if (what := becomes(before.bookings.get(each.id), each)) is not Becomes.OTHERWISE
    }
    assert said == happened
    said_of_slots = {(each.slot_id, each.becomes) for each in foretold.rehearsed.slots}
    happened_to_slots = {
        (slot_id, what)
        for slot_id, slot in before.slots.items()
        if (what := slot_becomes(slot, after.slots[slot_id])) is not None
    }
    assert said_of_slots == happened_to_slots
    assert Counter(foretold.rehearsed.told) == after.events - before.events
    still = sum(
        each.active and each.ends_at > house.clock.now() for each in before.bookings.values()
    )
    assert foretold.bookings_to_come == still
    return Counter(what for _, what, _ in happened)


async def test_what_was_said_is_what_happens(house: House) -> None:
    await fill(house)
    found = await compare_with_what_happens(
        house, edited([other_weekdays, later, more_seats, closed, deleted, contract_over])
    )
    # All of it has happened to somebody, or the comparison would say nothing.
    assert found.keys() >= {Becomes.CANCELLED, Becomes.FLAGGED, Becomes.MOVED, Becomes.PROMOTED}


class InTheWay:
    """A database in which another transaction gets in the way of the first that writes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.met = 0
        self.name, self.writers = database.name, database.writers
        self.read, self.take_ids = database.read, database.take_ids

    async def write(self, work: Work[Any]) -> Any:
        if self.met == 0:
            self.met += 1
            try:
                await self._database.write(work)
            except Exception as ended:
                raise DatabaseUnavailable("deadlock detected", conflict=True) from ended
        return await self._database.write(work)


async def test_where_others_were_in_the_way_it_takes_all_locks_in_order_and_says_the_same(
    house: House,
) -> None:
    await fill(house)
    text = edited([other_weekdays, more_seats, deleted])
    undisturbed = await house.rehearse(text, remove=True)

    database = InTheWay(house.database)
    disturbed = House(database, house.clock)  # type: ignore[arg-type]

    assert (await disturbed.rehearse(text, remove=True)).rehearsed == undisturbed.rehearsed
    assert database.met == 1


@pytest.fixture(scope="module")
def filled(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gym with bookings in a file, to be copied."""
    file = tmp_path_factory.mktemp("filled") / "kursplan.db"
    shutil.copyfile(sqlite_template, file)
    asyncio.run(_in(file, fill))
    return file


async def _in(file: Path, do: Callable[[House], Coroutine[Any, Any, Any]]) -> None:
    database = connect(f"sqlite:///{file}")
    try:
        await do(House(database, HandClock(MORNING)))
    finally:
        await database.close()


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(edits=st.lists(st.sampled_from(EDITS), max_size=6, unique=True))
def test_whatever_is_edited(
    edits: list[Callable[[Document], None]], filled: Path, tmp_path: Path
) -> None:
    file = tmp_path / "gym.db"
    for each in tmp_path.iterdir():
        each.unlink()
    shutil.copyfile(filled, file)
    try:
        text = edited(edits)
        gymfile.read(text)
    except gymfile.GymFileMistakes:
        return  # Two of the edits do not go together.
    asyncio.run(_in(file, lambda house: compare_with_what_happens(house, text)))
