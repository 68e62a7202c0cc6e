"""What the rehearsal of any command says is what then happens; and it leaves every row as it was.

Every command is rehearsed and then done, on both databases, and so are several one after the other in
a gym that those before have changed. `make soak` takes more of these, and longer ones.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from kursplan.clock import HandClock
from kursplan.desk.engine.desk import Desk
from kursplan.desk.engine.rehearse import Rehearsed
from kursplan.desk.engine.turn import Command
from kursplan.domain.bookings import Booking
from kursplan.domain.consequences import TAKES, Becomes, becomes, slot_becomes
from kursplan.domain.refusals import Refusal
from kursplan.domain.slots import Slot
from kursplan.metrics import Metrics
from kursplan.store import tables
from kursplan.store.engine.database import Database, connect
from kursplan.store.rules import bookings, slots
from tests.gym import MORNING, STAFF, Gym
from tests.pairs.scene import Scene, build, commands
from tests.pairs.walk import Walk

LONGEST = 6 if settings.get_current_profile_name() == "soak" else 3
"""How many commands come one after the other."""
EXAMPLES = 400 if settings.get_current_profile_name() == "soak" else 25
"""How many of such sequences are tried."""


@dataclass(frozen=True)
class There:
    """What is stored: for comparing, and all of it row by row."""

    bookings: dict[int, Booking]
    slots: dict[int, Slot]
    events: Counter[str]
    rows: dict[str, list[str]]


async def there(database: Database, organization: int) -> There:
    def look(tx: Connection) -> There:
        booking_ids = list(tx.execute(select(tables.booking.c.id)).scalars())
        slot_ids = list(tx.execute(select(tables.slot.c.id)).scalars())
        return There(
            {each.id: each for each in bookings.load(tx, organization, booking_ids)},
            slots.load(tx, organization, slot_ids),
            Counter(tx.execute(select(tables.event.c.type)).scalars()),
            {
                name: sorted(map(repr, tx.execute(table.select())))
                for name, table in tables.metadata.tables.items()
            },
        )

    return await database.read(look)


async def rehearse_and_do(
    database: Database, organization: int, name: str, command: Command[Any]
) -> Counter[Becomes]:
    """Hold what the rehearsal says against what becomes of everything; what became of bookings."""
    desk = Desk(database, HandClock(MORNING), Metrics())
    before = await there(database, organization)
    foretold = await tried(desk.rehearse(command))
    assert (await there(database, organization)).rows == before.rows, f"{name}: a rehearsal is seen"

    # Nothing has changed since: what was seen is no reason to refuse.
    seen = foretold.seen if isinstance(foretold, Rehearsed) else None
    answer = await tried(desk.execute(command, by=STAFF, seen=seen))
    if not isinstance(foretold, Rehearsed):
        assert answer == foretold, name
        return Counter()
    assert same_answer(foretold.answer, answer), name
    after = await there(database, organization)

    happened = {
        (each.id, what, each.conflict if what is Becomes.FLAGGED else None)
        for each in after.bookings.values()
        if (what := becomes(before.bookings.get(each.id), each)) is not Becomes.OTHERWISE
    }
    said = {
        (each.booking_id, each.becomes, each.conflict if each.becomes is Becomes.FLAGGED else None)
        for each in foretold.changes
        if each.becomes is not Becomes.OTHERWISE
    }
    assert said == happened, name
    assert {each.booking_id for each in foretold.taken} == {
        id_ for id_, what, _ in happened if what in TAKES
    }, name
    slots_are = {
        (id_, what, after.slots[id_].starts_at if what is Becomes.MOVED else None)
        for id_, slot in before.slots.items()
        if (what := slot_becomes(slot, after.slots[id_])) is not None
    }
    assert {(each.slot_id, each.becomes, each.moved_to) for each in foretold.slots} == slots_are, (
        name
    )
    assert Counter(foretold.told) == after.events - before.events, name
    if isinstance(answer, Refusal):
        assert (said, foretold.slots, after.rows) == (set(), (), before.rows), name
    # Those that are cancelled and stay so follow their slot to its times, which is no matter to anybody.
    touched = {
        each.id
        for each in after.bookings.values()
        if (was := before.bookings.get(each.id)) and was != each and (was.active or each.active)
    }
    assert touched <= {each.id for each in foretold.seen.bookings}, name
    reshaped = {
        id_ for id_, each in before.slots.items() if places(each) != places(after.slots[id_])
    }
    assert reshaped <= {each.id for each in foretold.seen.slots}, name
    return Counter(what for _, what, _ in happened)


async def tried(what: Awaitable[Any]) -> Any:
    """The answer, or what was raised."""
    try:
        return await what
    except Exception as failure:
        return repr(failure)


def same_answer(foretold: object, answer: object) -> bool:
    """A refusal is the same with all of its facts; what is done is by somebody, and a rehearsal by nobody."""
    if isinstance(answer, Refusal):
        return foretold == answer
    return type(foretold) is type(answer)


def places(slot: Slot) -> object:
    """What a slot is like, without its class and studio."""
    return (
        slot.status, slot.starts_at, slot.ends_at, slot.location_id, slot.max_participants,
        slot.max_waiting_list, slot.additional_participants, slot.seats, slot.waiting, slot.own,
    )  # fmt: skip


# --- Every command by itself ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Scene]:
    """The small gym in a file, to be copied."""
    file = tmp_path_factory.mktemp("scene") / "kursplan.db"
    shutil.copyfile(sqlite_template, file)

    async def fill() -> Scene:
        database = connect(f"sqlite:///{file}")
        try:
            return await build(await Gym(database, HandClock(MORNING)).open())
        finally:
            await database.close()

    return file, asyncio.run(fill())


def in_a_file(
    built: tuple[Path, Scene], folder: Path, sequences: Sequence[Sequence[str]]
) -> Counter[Becomes]:
    """The commands of each sequence in a gym of their own."""
    template, scene = built
    found: Counter[Becomes] = Counter()

    async def run(file: Path, sequence: Sequence[str]) -> None:
        known = dict(commands(scene))
        database = connect(f"sqlite:///{file}")
        try:
            for name in sequence:
                command = known[name]
                found.update(await rehearse_and_do(database, scene.organization, name, command))
        finally:
            await database.close()

    async def all_of_them() -> None:
        for number, sequence in enumerate(sequences):
            file = folder / f"{number}.db"
            shutil.copyfile(template, file)
            await run(file, sequence)
            file.unlink()

    asyncio.run(all_of_them())
    return found


EVERYTHING = set(Becomes) - {Becomes.OTHERWISE}
"""All of it happens to somebody by some command, or the comparison would say nothing."""


def test_every_command_in_a_file(built: tuple[Path, Scene], tmp_path: Path) -> None:
    found = in_a_file(built, tmp_path, [[name] for name, _ in commands(built[1])])
    assert found.keys() >= EVERYTHING


@pytest.mark.asyncio(loop_scope="session")
async def test_every_command_on_postgresql(scene_url: tuple[str, Scene], walk: Walk) -> None:
    found: Counter[Becomes] = Counter()
    url, scene = scene_url
    database = connect(url)
    for name, command in commands(scene):
        found.update(await rehearse_and_do(database, scene.organization, name, command))
        await walk.back()
    await database.close()
    assert found.keys() >= EVERYTHING


# --- One after the other -------------------------------------------------------------------------


@pytest.mark.timeout(3600)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_one_after_the_other(
    data: st.DataObject, built: tuple[Path, Scene], tmp_path: Path
) -> None:
    names = [name for name, _ in commands(built[1])]
    sequence = data.draw(
        st.lists(st.sampled_from(names), min_size=2, max_size=LONGEST, unique=True)
    )
    in_a_file(built, tmp_path, [sequence])
