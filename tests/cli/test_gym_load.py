"""A gym file is loaded at a terminal or by a script: nothing is taken from anybody unasked."""

import asyncio
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from kursplan.clock import SystemClock
from kursplan.desk.classes import RecordClass
from kursplan.desk.engine.desk import Desk
from kursplan.domain.actors import Actor
from kursplan.domain.refusals import Kind
from kursplan.gymfile.stored import stored
from kursplan.metrics import Metrics
from kursplan.store.engine.database import Database
from tests.cli.conftest import Kursplan
from tests.gym import Gym

HEAD = """\
organization: {key: gym-1}
studios:
  - {key: berlin, name: Studio Berlin, zone: Europe/Berlin, closures: [%s]}
"""


def closing(day: date, last: date) -> str:
    """A file that closes the studio on these days."""
    until = last + timedelta(days=1)
    return HEAD % f"{{key: water, from: {day}T00:00, to: {until}T00:00, reason: Water}}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "gym.yaml"


Write = Callable[[str], object]


@pytest.fixture
def write(file: Path) -> Write:
    """Write the gym file anew."""
    return file.write_text


@pytest.fixture
async def slots(gym: Gym, in_three_days: date) -> list[int]:
    """Twelve slots on twelve days, each booked by Anna Arndt."""
    await gym.klass("spin", earliest_booking=None)
    anna = await gym.customer("Anna", last_name="Arndt")
    found = []
    for days in range(12):
        slot = await gym.slot("spin", day=in_three_days + timedelta(days=days))
        await gym.booked(anna, slot)
        found.append(slot)
    return found


async def flagged(gym: Gym, slots: list[int]) -> int:
    return sum(
        [each.conflict is Kind.STUDIO_CLOSED for slot in slots for each in await gym.on_slot(slot)]
    )


async def test_a_script_is_refused_until_it_agrees_and_says_how_many_where_they_are_many(
    kursplan: Kursplan, gym: Gym, slots: list[int], in_three_days: date, file: Path, write: Write
) -> None:
    write(closing(in_three_days, in_three_days))

    tried = await kursplan("gym", "load", file, "--dry-run", "--json")
    refused = await kursplan("gym", "load", file)
    assert await flagged(gym, slots) == 0
    agreed = await kursplan("gym", "load", file, "--yes", "--json")

    assert [(each["customer_name"], each["becomes"]) for each in tried.json["bookings"]] == [
        ("Anna Arndt", "FLAGGED")
    ]
    assert (tried.json["dry_run"], tried.json["bookings_to_come"]) == (True, 12)
    assert refused.status == 2
    assert "Anna Arndt keeps, but would be refused today: Spin" in refused.err
    assert "give --yes to do it" in refused.err
    # Said before, and then done.
    assert agreed.json == tried.json | {"dry_run": False}
    assert await flagged(gym, slots) == 1

    write(closing(in_three_days, in_three_days + timedelta(days=11)))
    for arguments in ((), ("--yes",)):
        refused = await kursplan("gym", "load", file, *arguments)
        assert refused.status == 2
        assert "this takes 11 of 12 bookings to come" in refused.err
        assert "give --takes 11 to do it" in refused.err
    wrong = await kursplan("gym", "load", file, "--takes", 10)
    assert (wrong.status, "it would take 11 bookings, not 10" in wrong.err) == (2, True)
    assert await flagged(gym, slots) == 1
    assert (await kursplan("gym", "load", file, "--takes", 11)).status == 0
    assert await flagged(gym, slots) == 12


async def test_at_a_terminal_it_asks_and_for_many_it_wants_to_hear_the_number(
    gym: Gym, database_url: str, slots: list[int], in_three_days: date, file: Path, write: Write
) -> None:
    write(closing(in_three_days, in_three_days))

    no, status = await asyncio.to_thread(at_a_terminal, database_url, file, "n")
    assert (status, await flagged(gym, slots)) == (1, 0)
    assert "Anna Arndt keeps, but would be refused today" in no
    assert "Altogether: 1 booking flagged." in no
    assert "Partners will be told: 1 studio opening hours updated, 1 class booking updated." in no
    assert (await asyncio.to_thread(at_a_terminal, database_url, file, "y"))[1] == 0
    assert await flagged(gym, slots) == 1

    write(closing(in_three_days, in_three_days + timedelta(days=11)))
    yes, status = await asyncio.to_thread(at_a_terminal, database_url, file, "y")
    assert (status, "This takes 11 of 12 bookings to come. Type how many" in yes) == (1, True)
    assert await flagged(gym, slots) == 1
    assert (await asyncio.to_thread(at_a_terminal, database_url, file, "11"))[1] == 0
    assert await flagged(gym, slots) == 12


def at_a_terminal(database_url: str, file: Path, answer: str) -> tuple[str, int]:
    """What is said and how it ends when somebody at a terminal answers so."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "kursplan", "gym", "load", str(file)],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"KURSPLAN_DATABASE_URL": database_url},
    ) as process:
        os.write(ours, f"{answer}\n".encode())
        _, told = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    return told.decode(), process.returncode


GYM = """\
organization: {key: two-rooms, name: Two Rooms}
studios:
  - {key: north, name: North, zone: Europe/Oslo, language: nb}
classes:
  - {key: yoga, studio: north, title: Yoga, duration: 60}
  - {key: spin, studio: north, title: Spin, duration: 45}
series:
  - {key: yoga-weekly, class: yoga, weekdays: [MONDAY, THURSDAY], start: "18:00", first_day: "2026-01-05"}
"""


async def test_slots_that_nobody_booked_are_told_too_and_asked_about(
    kursplan: Kursplan, database: Database, file: Path, write: Write
) -> None:
    write(GYM)
    await kursplan("gym", "load", file)

    write(GYM.replace('"18:00"', '"19:00"'))
    moved = await kursplan("gym", "load", file, "--dry-run")
    assert "Yoga, Mon " in moved.out
    assert " 18:00 moves to Mon " in moved.out
    assert "slots moved." in moved.out
    # Nobody loses anything by that.
    assert (await kursplan("gym", "load", file)).status == 0

    write(GYM.replace('"18:00"', '"19:00"').replace("THURSDAY", "FRIDAY"))
    gone = await kursplan("gym", "load", file)
    assert gone.status == 2
    assert (
        'series yoga-weekly: weekdays ["MONDAY", "THURSDAY"] becomes ["MONDAY", "FRIDAY"]'
        in gone.err
    )
    assert "19:00 is cancelled." in gone.err


async def retitle(database: Database, title: str) -> None:
    """All classes get that title, as a certain Anna types it by the command."""
    stands = await database.read(lambda tx: stored(tx, "two-rooms"))
    assert stands.id is not None
    desk = Desk(database, SystemClock(), Metrics())
    for each in stands.classes.values():
        entry = replace(each.entry, title=title)
        await desk.execute(RecordClass(stands.id, each.id, entry), by=Actor.command_line("anna"))
    await desk.close()


async def test_what_others_changed_too_is_told_and_ends_with_a_status_of_its_own(
    kursplan: Kursplan, database: Database, file: Path, write: Write
) -> None:
    write(GYM)
    await kursplan("gym", "load", file)
    await retitle(database, "Pilates")
    write(GYM.replace("title: Yoga", "title: Hatha").replace("duration: 45", "duration: 50"))

    diff = await kursplan("gym", "diff", file)
    loaded = await kursplan("gym", "load", file)
    for_scripts = await kursplan("gym", "load", file, "--json")
    preferred = await kursplan("gym", "load", file, "--prefer", "file")
    after = await kursplan("gym", "diff", file, "--exit-code")

    assert diff.status == 0
    said = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "then", diff.out)
    assert said.splitlines() == [
        "~ class spin: duration 45 becomes 50",
        (
            "! line 5, classes[0].title: the file says 'Hatha' and said 'Yoga'; there it is"
            " 'Pilates', and stays (last changed by anna, by the command, then)"
        ),
        "= line 6, classes[1].title: is 'Pilates' there; the file says 'Spin' as before, and it stays",
    ]
    assert loaded.status == for_scripts.status == 3
    assert "the file says 'Hatha' and said 'Yoga'; there it is 'Pilates'" in loaded.err
    [conflict] = for_scripts.json["conflicts"]
    last = conflict.pop("last_changed")
    assert (last["command"], last["by"]) == (
        "record-class",
        {"via": "COMMAND_LINE", "who": "anna"},
    )
    assert [conflict] == [
        {
            "line": 5,
            "path": "classes[0].title",
            "section": "classes",
            "key": "yoga",
            "member": "title",
            "then_known": True,
            "file_then": "Yoga",
            "file": "Hatha",
            "there": "Pilates",
        }
    ]
    assert preferred.status == 0
    assert after.status == 3
    assert after.out.startswith("= line 6, classes[1].title")


async def test_a_mistyped_key_founds_nothing_and_another_company_is_founded_when_it_is_meant(
    kursplan: Kursplan, database: Database, file: Path, write: Write
) -> None:
    write(GYM)
    await kursplan("gym", "load", file)
    write(GYM.replace("two-rooms", "two-room"))

    mistyped = await kursplan("gym", "load", file)
    dry = await kursplan("gym", "load", file, "--dry-run")
    founded = await kursplan("gym", "load", file, "--new")

    assert mistyped.status == dry.status == 1
    assert "did you mean 'two-rooms'? To found one, give --new" in mistyped.err
    assert founded.status == 0
    assert (await kursplan("gym", "load", file, "--new")).status == 1


async def test_what_ends_is_named_and_warnings_are_told(
    kursplan: Kursplan, database: Database, file: Path, write: Write
) -> None:
    past = "slots: [{key: past, class: yoga, start: 2020-01-01T10:00}]\n"
    write(GYM + past)
    warned = await kursplan("gym", "load", file)
    assert warned.status == 0
    assert "Warning: line 9, slots[0]: starts in the past: nothing is changed" in warned.err

    write(GYM[: GYM.index("series:")] + "series: []\n")
    kept = await kursplan("gym", "load", file)
    asked = await kursplan("gym", "load", file, "--remove")
    removed = await kursplan("gym", "load", file, "--remove", "--yes")

    assert kept.status == 0
    assert "still there (--remove takes it away): series yoga-weekly." in kept.err
    assert asked.status == 2
    assert "series yoga-weekly: ends" in asked.err
    assert "is cancelled." in asked.err
    assert removed.status == 0
