"""Fifty thousand members, as fast as is promised and in no more memory than some thousands. For `make soak`."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from kursplan.clock import stopwatch

GYM = """\
organization: {key: muster, name: Muster}
studios: [{key: berlin, name: Berlin, zone: Europe/Berlin}]
"""
HEAD = "Mitgliedsnummer;Vorname;Nachname;E-Mail;Geburtsdatum;Status;Eintritt;Beitrag;Telefon;Ort"
FEW, MANY = 10_000, 50_000
SECONDS = 60
MORE_MEMORY = 1.1
"""Five times as many take that much at most, as much as a cache that is not yet full with the fewer ones."""

RUN = """\
import resource, sys
from kursplan.cli import app
try:
    app(sys.argv[1:])
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(used.ru_maxrss * 1024, used.ru_utime + used.ru_stime, file=sys.stderr)
"""


@dataclass(frozen=True)
class Took:
    bytes: int
    """At most, at one time."""
    working: float
    """Seconds of one processor, whatever else the machine does meanwhile."""
    seconds: float
    said: str


def member(number: int) -> str:
    born = f"{1 + number % 28:02}.{1 + number % 12:02}.{1950 + number % 60}"
    name = f"Erika{number % 97};Müller{number}"
    return f"{number};{name};m{number}@muster.example;{born};Aktiv;01.03.2020;29,90;+49 30 {number:07};Berlin"


def imported(folder: Path, count: int) -> Took:
    """Import so many into a fresh gym, or again."""
    file, database = folder / f"{count}.csv", folder / f"{count}.db"
    environment = {**os.environ, "KURSPLAN_DATABASE_URL": f"sqlite:///{database}"}
    if not database.exists():
        file.write_bytes("\n".join([HEAD, *map(member, range(count)), ""]).encode("cp1252"))
        (folder / "gym.yaml").write_text(GYM)
        for words in (("db", "upgrade"), ("gym", "load", str(folder / "gym.yaml"))):
            subprocess.run([sys.executable, "-m", "kursplan", *words], env=environment, check=True)
    began = stopwatch()
    words = ("import", "members", str(file), "--studio", "berlin", "--yes")
    ran = subprocess.run(
        [sys.executable, "-c", RUN, *words],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    size, working = ran.stderr.split()[-2:]
    return Took(int(size), float(working), stopwatch() - began, ran.stdout)


@pytest.mark.timeout(900)
def test_fifty_thousand_members_are_brought_in_within_a_minute(tmp_path: Path) -> None:
    few = imported(tmp_path, FEW)
    many = imported(tmp_path, MANY)
    again = imported(tmp_path, MANY)

    for took in (few, many, again):
        print(
            f"{took.said.splitlines()[-2]} {took.seconds:.1f} s, {took.working:.1f} s of a processor, "
            f"{took.bytes / 1024**2:.0f} MiB"
        )
    assert many.said.endswith(f"{MANY} new customers, 0 changed, 0 as they were.\nDone.\n")
    assert again.said.endswith(f"{MANY} as they were.\nThere is nothing to change.\n")
    assert many.working < SECONDS
    assert many.bytes < MORE_MEMORY * few.bytes
    assert again.bytes < MORE_MEMORY * few.bytes
