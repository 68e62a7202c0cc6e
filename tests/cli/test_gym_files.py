"""An organization goes in as a file and comes out as one."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from kursplan.cli.gym import MOST_MISTAKES
from kursplan.gymfile import LONGEST_FILE, SCHEMA
from kursplan.store.engine.database import Database
from tests.cli.conftest import Kursplan, run

GYM = """\
organization: {key: two-rooms, name: Two Rooms}
studios:
  - {key: north, name: North, zone: Europe/Oslo, language: nb}
classes:
  - {key: yoga, studio: north, title: Yoga, duration: 60}
series:
  - {key: yoga-monday, class: yoga, weekdays: [MONDAY], start: "18:00", first_day: "2026-01-05"}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "gym.yaml"
    written.write_text(GYM)
    return written


async def test_a_file_is_loaded_once_and_then_changes_nothing(
    kursplan: Kursplan, database: Database, file: Path
) -> None:
    foreseen = await kursplan("gym", "load", file, "--dry-run", "--json")
    before = await kursplan("class", "list")
    loaded = await kursplan("gym", "load", file, "--json")
    again = await kursplan("gym", "load", file)

    assert foreseen.json == loaded.json | {"dry_run": True}
    assert foreseen.json["sections"]["classes"] == {"created": 1, "changed": 0, "removed": 0}
    assert before.status == 1
    assert again.out == "Nothing had to be changed.\n"
    assert [each["key"] for each in (await kursplan("class", "list", "--json")).json] == ["yoga"]


async def test_what_is_dumped_can_be_loaded(
    kursplan: Kursplan, database: Database, file: Path, tmp_path: Path
) -> None:
    await kursplan("gym", "load", file)
    output = tmp_path / "dumped.yaml"

    printed = await kursplan("gym", "dump", "--organization", "two-rooms")
    written = await kursplan("gym", "dump", "--output", output)

    assert written.out == ""
    assert output.read_text() == printed.out
    assert yaml.safe_load(printed.out)["organization"]["key"] == "two-rooms"
    assert (await kursplan("gym", "load", output)).out == "Nothing had to be changed.\n"


async def test_part_of_an_organization_is_dumped(
    kursplan: Kursplan, database: Database, file: Path, tmp_path: Path
) -> None:
    await kursplan("gym", "load", file)
    part = tmp_path / "part.yaml"

    only = await kursplan("gym", "dump", "--only", "classes", "--only", "Series", "--output", part)
    without = await kursplan("gym", "dump", "--without", "customers", "--without", "series")
    wrong = await kursplan("gym", "dump", "--only", "class", "--only", "rooms")
    itself = await kursplan("gym", "dump", "--without", "organization")

    assert only.status == 0
    assert [*yaml.safe_load(part.read_text())] == ["organization", "classes", "series"]
    assert (await kursplan("gym", "load", part)).out == "Nothing had to be changed.\n"
    names = "studios, employees, rates, classes, series, slots, customers, applications"
    left = [each for each in names.split(", ") if each not in ("series", "customers")]
    assert [*yaml.safe_load(without.out)] == ["organization", *left]
    assert (wrong.status, wrong.err) == (
        2,
        f"kursplan: a gym file has no section class and no rooms: there are {names}\n",
    )
    assert (itself.status, itself.err) == (
        2,
        f"kursplan: the organization itself is in every gym file; sections are {names}\n",
    )


async def test_a_dump_that_fails_leaves_what_was_there(
    kursplan: Kursplan, database: Database, file: Path, tmp_path: Path
) -> None:
    await kursplan("gym", "load", file)
    earlier = tmp_path / "earlier.yaml"
    await kursplan("gym", "dump", "--output", earlier)
    good = earlier.read_bytes()
    (tmp_path / ".earlier.yaml.partial").mkdir()

    failed = await kursplan("gym", "dump", "--output", earlier)

    assert (failed.status, failed.err) == (1, f"kursplan: can't write {earlier}: Is a directory\n")
    assert earlier.read_bytes() == good


@pytest.fixture
def foreign_file(tmp_path: Path) -> Path:
    written = tmp_path / "foreign.yaml"
    written.write_text(
        GYM.replace("Two Rooms", "Două Săli").replace("title: Yoga", "title: Jóga ☯")
    )
    return written


async def test_it_is_dumped_in_utf_8_whatever_the_terminal_has(
    kursplan: Kursplan, database: Database, foreign_file: Path, database_url: str
) -> None:
    await kursplan("gym", "load", foreign_file)
    environment = os.environ | {
        "KURSPLAN_DATABASE_URL": database_url,
        "PYTHONIOENCODING": "ascii",
    }

    def written(*arguments: str) -> bytes:
        command = [sys.executable, "-m", "kursplan", *arguments]
        ran = subprocess.run(command, check=True, capture_output=True, env=environment)
        assert ran.stderr == b""
        return ran.stdout

    dumped = yaml.safe_load(written("gym", "dump").decode())
    assert dumped["organization"]["name"] == "Două Săli"
    # For people, what can't be shown is shown as its code.
    assert "J\\xf3ga \\u262f" in written("class", "list").decode("ascii")


@pytest.fixture
def mistaken_file(tmp_path: Path) -> Path:
    written = tmp_path / "mistaken.yaml"
    written.write_text(GYM.replace("Europe/Oslo", "Oslo").replace("duration: 60", "duration: long"))
    return written


async def test_all_mistakes_in_a_file_are_told_with_their_lines(
    kursplan: Kursplan, database: Database, mistaken_file: Path
) -> None:
    ran = await kursplan("gym", "load", mistaken_file)

    assert (ran.status, ran.out) == (1, "")
    lines = ran.err.splitlines()
    assert [line.partition(":")[2].partition(":")[0].strip() for line in lines] == [
        "line 3, studios[0].zone",
        "line 5, classes[0].duration",
    ]


async def test_a_file_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    ran = await run("gym", "load", tmp_path / "none.yaml")
    assert ran.status == 1
    assert ran.err.endswith("none.yaml: No such file or directory\n")


async def test_the_schema_needs_no_database() -> None:
    assert (await run("gym", "schema", KURSPLAN_DATABASE_URL="sqlite:////nowhere")).json == SCHEMA


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="There is no file without an end here.")
async def test_a_file_without_an_end_is_read_as_far_as_one_may_go(kursplan: Kursplan) -> None:
    ran = await kursplan("gym", "load", "/dev/zero")

    assert (ran.status, ran.out) == (1, "")
    assert ran.err == "kursplan: the file: is longer than 32 MiB: load the customers in parts\n"


def test_a_pipe_without_an_end_is_read_as_far_as_a_file_may_go(sqlite_database: str) -> None:
    load = subprocess.Popen(
        [sys.executable, "-m", "kursplan", "gym", "load", "-"],
        env=os.environ | {"KURSPLAN_DATABASE_URL": sqlite_database},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert load.stdin is not None
    assert load.stderr is not None
    written = 0
    with suppress(BrokenPipeError):
        while written < 10 * LONGEST_FILE:
            written += load.stdin.write(b"# and so on\n" * 100_000)
    assert load.wait() == 1
    assert b"is longer than 32 MiB" in load.stderr.read()
    assert written < 2 * LONGEST_FILE
    for pipe in (load.stdin, load.stderr):
        with suppress(BrokenPipeError):
            pipe.close()


async def test_of_very_many_mistakes_the_first_are_told(kursplan: Kursplan, tmp_path: Path) -> None:
    file = tmp_path / "gym.yaml"
    file.write_text(GYM + "".join(f"wrong-{number}: 1\n" for number in range(1000)))

    ran = await kursplan("gym", "load", file)

    lines = ran.err.splitlines()
    assert len(lines) == MOST_MISTAKES + 1
    assert lines[0].startswith("kursplan: line 8, wrong-0: is not known here")
    assert lines[-1] == f"kursplan: … and {1000 - MOST_MISTAKES} further mistakes"
