"""`kursplan import members`, run as a person or a script runs it, on both databases."""

import asyncio
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from kursplan.store.engine.database import Database
from tests.cli.conftest import Kursplan

GYM = """\
organization: {key: muster, name: Muster}
studios:
- {key: berlin, name: Berlin, zone: Europe/Berlin}
- {key: hamburg, name: Hamburg, zone: Europe/Berlin}
rates: [{key: gold, name: Gold}]
customers:
- key: c1
  studio: hamburg
  number: "1001"
  first_name: Erika
  last_name: Muster
  email: erika@muster.example
  preferred_language: de
  access_refused: true
  memberships: [{key: m1, rate: gold, from: 2026-01-01, idle_periods: [{key: i1, from: 2026-07-01}]}]
- {key: c2, studio: berlin, first_name: Max, last_name: Groß, email: familie@gross.example}
"""
MEMBERS = """\
Mitgliedsnummer;Vorname;Nachname;E-Mail;Geburtsdatum;Status
1001;Erika;Neu;erika@muster.example;01.02.1990;Aktiv
1002;Jürgen;Süß;---;31.12.1980;Ehemalig
;Lena;Groß;familie@gross.example;;Aktiv
1004;Ina;;ina@x.example;31.02.1980;Aktiv
"""


@pytest.fixture
async def house(kursplan: Kursplan, database: Database, tmp_path: Path) -> Kursplan:
    """The command, on a gym with two customers."""
    file = tmp_path / "gym.yaml"
    file.write_text(GYM)
    await kursplan("gym", "load", file)
    return kursplan


@pytest.fixture
async def small_house(on_sqlite: Kursplan, tmp_path: Path) -> Kursplan:
    """The same on one kind of database."""
    file = tmp_path / "gym.yaml"
    file.write_text(GYM)
    await on_sqlite("gym", "load", file)
    return on_sqlite


@pytest.fixture
def members(tmp_path: Path) -> Path:
    file = tmp_path / "members.csv"
    file.write_bytes(MEMBERS.encode("cp1252"))
    return file


async def stored(house: Kursplan) -> dict[str, dict[str, Any]]:
    dumped = yaml.safe_load((await house("gym", "dump")).out)
    return {each["key"]: each for each in dumped["customers"]}


async def test_it_says_what_it_understood_what_would_change_and_does_it(
    house: Kursplan, members: Path, tmp_path: Path
) -> None:
    before = await stored(house)
    options = ("import", "members", members, "--studio", "berlin")
    kept, mapping, refused = (tmp_path / name for name in ("kept.yaml", "map.yaml", "refused.csv"))

    foreseen = await house(*options, "--dry-run")
    unchanged = await stored(house)
    unasked = await house(*options)
    done = await house(
        *options, "--yes", "--json", "--keep", kept, "--keep-mapping", mapping, "--refused", refused
    )
    after = await stored(house)
    again = await house(*options, "--yes", "--mapping", mapping)

    words = " ".join(foreseen.out.split())
    for said in (
        "text in Windows-1252 (line 3 has “Jürgen”), its cells divided by semicolons",
        "Mitgliedsnummer number by its name",
        "Days: day-month-year, as days are written with dots: line 2 has “01.02.1990”.",
        "Erika Muster 2 last name Muster Neu",
        "Max Groß (number -) has this e-mail address: a family, or another name for the same",
        "5 has no last name; Geburtsdatum “31.02.1980” is no day in the calendar",
        "1 new customer, 1 changed, 0 as they were, 1 in doubt, 1 refused. Nothing was done.",
    ):
        assert said in words
    assert unchanged == before
    assert (foreseen.status, unasked.status, done.status) == (3, 2, 3)
    assert "there is no terminal to ask on" in unasked.err
    assert {name: done.json[name] for name in ("done", "new", "unchanged")} == {
        "done": True,
        "new": 1,
        "unchanged": 0,
    }
    assert [each["line"] for each in done.json["doubtful"]] == [4]
    assert [each["line"] for each in done.json["refused"]] == [5]
    # What the file does not know stays: home, contracts, language, refusal of access.
    assert after["c1"] == {**before["c1"], "last_name": "Neu", "date_of_birth": "1990-02-01"}
    assert after["1002"] == {
        "key": "1002",
        "studio": "berlin",
        "first_name": "Jürgen",
        "last_name": "Süß",
        "number": "1002",
        "date_of_birth": "1980-12-31",
        "status": "FORMER_MEMBER",
    }
    assert after["c2"] == before["c2"]
    assert again.out.endswith("There is nothing to change.\n")
    assert "as given" in again.out
    for private in (kept, refused):
        assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert (await house("gym", "load", kept)).out == "Nothing had to be changed.\n"
    assert refused.read_text("utf-8-sig").count("\n") == 3


async def test_mended_rows_are_brought_again(
    small_house: Kursplan, members: Path, tmp_path: Path
) -> None:
    refused = tmp_path / "refused.csv"
    options = ("--studio", "berlin", "--yes", "--json")
    await small_house("import", "members", members, *options, "--refused", refused)
    mended = (
        refused.read_text()
        .replace(";Aktiv;;4;", ";Aktiv;new;4;")
        .replace("Ina;;", "Ina;Maier;")
        .replace("31.02", "28.02")
    )
    refused.write_text(mended)

    done = await small_house("import", "members", refused, *options)

    assert (done.status, done.json["new"]) == (0, 2)
    assert {"lena-gross", "1004"} < (await stored(small_house)).keys()


REFUSED = (
    ("", (), 1, "the file has 0 bytes: the export failed; make it again"),
    ("Nr;Vorname;Nachname\n1;Erika;Groß\n2;Ma", (), 1, "ends in line 3 after 2 of 3 cells"),
    (
        "Nr;Vorname\n1;Erika\n",
        (),
        2,
        "which column has the last name? Say --column 'HEAD=last_name'",
    ),
    ("Name;DOB\nA B;03/04/1990\n", (), 2, "no other cell proves which. Say --dates day-month-year"),
    ("Name;DOB\nA B;03/04/1990\n", ("--dates", "ymd"), 2, "--dates is day-month-year or month-day"),
    ("Name;DOB\nA B;x\n", ("--column", "Nr=number"), 1, "there is no column 'Nr'"),
    ("Name;DOB\nA B;\n", ("--studio", "munich"), 1, "munich"),
    ("Name;DOB\nA B;\n", ("--mapping", "gone.yaml"), 1, "can't read gone.yaml"),
)


async def test_what_can_not_be_done_is_told_and_nothing_is(
    small_house: Kursplan, tmp_path: Path
) -> None:
    file = tmp_path / "members.csv"
    for text, options, status, says in REFUSED:
        file.write_text(text)
        studio = () if "--studio" in options else ("--studio", "berlin")
        ran = await small_house("import", "members", file, *studio, "--yes", *options)
        assert (ran.status, says in ran.err) == (status, True), ran.err
    assert (await stored(small_house)).keys() == {"c1", "c2"}


async def test_on_a_terminal_it_asks_what_nothing_proves_and_before_it_does_anything(
    small_house: Kursplan, sqlite_database: str, tmp_path: Path
) -> None:
    file = tmp_path / "members.csv"
    file.write_text(
        "Number,First Name,Last Name,Email,DOB,Status\n"
        "7,Ann,Lee,ann@lee.example,03/04/1990,Comped\n"
        ",Lena,Groß,familie@gross.example,,Active\n"
    )
    # Days are month first; "Comped" is a prospect; Lena is new; and do it.
    status, shown = await on_a_terminal(
        sqlite_database,
        "2\n",
        "2\n",
        "1\n",
        "y\n",
        arguments=("import", "members", str(file), "--studio", "berlin"),
    )

    assert status == 0, shown
    after = await stored(small_house)
    assert after["7"]["date_of_birth"] == "1990-03-04"
    assert after["7"]["status"] == "PROSPECT"
    assert after["lena-gross"]["email"] == "familie@gross.example"
    for asked in (
        "which may be day or month first",
        "What does “Comped” under “Status” mean",
        "Who is it?",
        "Do it?",
    ):
        assert asked in shown


async def on_a_terminal(
    database_url: str, *typed: str, arguments: tuple[str, ...]
) -> tuple[int, str]:
    """Run the command with somebody at its terminal, who types that."""
    ours, theirs = pty.openpty()

    def run() -> tuple[int, str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "kursplan", *arguments],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "KURSPLAN_DATABASE_URL": database_url},
        )
        os.write(ours, "".join(typed).encode())
        shown, _ = process.communicate(timeout=60)
        return process.returncode, shown

    try:
        return await asyncio.to_thread(run)
    finally:
        os.close(ours)
        os.close(theirs)
