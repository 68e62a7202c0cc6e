"""The guide's lines in several languages read what the server writes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kursplan.api.wire import zoned
from tests.house.repository import ROOT
from tests.throwaway import not_installed

PAGE = (ROOT / "docs" / "partners.md").read_text("utf-8")

BERLIN = ZoneInfo("Europe/Berlin")
MOMENTS = {
    "summer": (datetime(2022, 6, 22, 6, tzinfo=UTC), BERLIN, "08:00"),
    "winter": (datetime(2026, 1, 5, 17, 30, tzinfo=UTC), BERLIN, "18:30"),
    "the hour that comes twice": (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), BERLIN, "02:30"),
    "and again": (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), BERLIN, "02:30"),
    "overseas": (datetime(2026, 11, 30, 0, tzinfo=UTC), ZoneInfo("America/New_York"), "19:00"),
    "in three parts": (
        datetime(2026, 7, 1, 9, tzinfo=UTC),
        ZoneInfo("America/Argentina/Buenos_Aires"),
        "06:00",
    ),
}

Read = Callable[[Mapping[str, str]], dict[str, list[Any]]]
"""From texts to what was read of them: the instant in milliseconds, and the hour and minute."""


def block(language: str) -> str:
    """The page's lines of that language which read a time: they come first."""
    return str(re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[0])


def in_python(texts: Mapping[str, str]) -> dict[str, list[Any]]:
    names: dict[str, Any] = {}
    exec(block("python"), names)  # noqa: S102
    read = {name: names["read_time"](text) for name, text in texts.items()}
    return {name: [round(each.timestamp() * 1000), f"{each:%H:%M}"] for name, each in read.items()}


JAVASCRIPT = """
const read = {};
for (const [name, text] of Object.entries(JSON.parse(require("node:fs").readFileSync(0)))) {
  const { instant, wall } = readTime(text);
  read[name] = [instant.getTime(), wall.slice(-5)];
}
console.log(JSON.stringify(read));
"""

PHP = """
$read = [];
foreach (json_decode(stream_get_contents(STDIN), true) as $name => $text) {
    $time = read_time($text);
    $read[$name] = [1000 * $time->getTimestamp(), $time->format('H:i')];
}
echo json_encode($read);
"""

JAVA = """
import java.time.ZonedDateTime;
import java.util.Scanner;

class Reading {
%s
    public static void main(String[] arguments) {
        Scanner lines = new Scanner(System.in);
        while (lines.hasNextLine()) {
            ZonedDateTime time = readTime(lines.nextLine());
            System.out.println(time.toInstant().toEpochMilli() + " " + time.toLocalTime());
        }
    }
}
"""


def ran(words: list[str], given: str) -> str:
    return subprocess.run(words, check=True, input=given, capture_output=True, text=True).stdout


def in_javascript(texts: Mapping[str, str]) -> dict[str, list[Any]]:
    if shutil.which("node") is None:
        not_installed("Node.js", "install it to have the example in JavaScript tested.")
    program = block("javascript") + JAVASCRIPT
    return dict(json.loads(ran(["node", "-e", program], json.dumps(texts))))


def in_php(texts: Mapping[str, str]) -> dict[str, list[Any]]:
    if shutil.which("php") is None:
        not_installed("PHP", "install it to have the example in PHP tested.")
    return dict(json.loads(ran(["php", "-r", block("php") + PHP], json.dumps(texts))))


def in_java(texts: Mapping[str, str], place: Path) -> dict[str, list[Any]]:
    if shutil.which("javac") is None:
        not_installed(
            "Java", "install it (Debian: default-jdk-headless) to have the example tested."
        )
    program = place / "Reading.java"
    program.write_text(JAVA % block("java"))
    lines = ran(["java", str(program)], "\n".join(texts.values())).splitlines()
    return {
        name: [int(line.split()[0]), line.split()[1]]
        for name, line in zip(texts, lines, strict=True)
    }


@pytest.mark.parametrize("language", ["python", "javascript", "php", "java"])
def test_a_time_is_read_as_the_instant_and_the_wall_clock_that_it_was(
    language: str, tmp_path: Path
) -> None:
    languages: dict[str, Read] = {
        "python": in_python,
        "javascript": in_javascript,
        "php": in_php,
        "java": lambda texts: in_java(texts, tmp_path),
    }
    texts = {name: zoned(instant, zone) for name, (instant, zone, _) in MOMENTS.items()}
    assert languages[language](texts) == {
        name: [round(instant.timestamp() * 1000), wall]
        for name, (instant, _, wall) in MOMENTS.items()
    }
