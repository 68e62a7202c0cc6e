"""The page for staff: each line of its table does what it stands there for.

The page's ids are samples, as in `tests/documents`; here they stand for the things of a small gym.
"""

from __future__ import annotations

import re
import shlex
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from kursplan.clock import SystemClock
from tests.cli.conftest import Ran, every_command, run
from tests.house.repository import ROOT

PAGE = (ROOT / "docs" / "desk.md").read_text("utf-8")
LINES = [
    command
    for row in re.findall(r"^\| .* \| (`kursplan .*`) \|$", PAGE, re.MULTILINE)
    for command in re.findall(r"`kursplan ([^`]*)`", row)
]

TODAY = SystemClock().now().date()
NEXT_MONTH = (TODAY.replace(day=1) + timedelta(days=32)).replace(day=1)

GYM = f"""\
organization: {{key: gym, name: Gym}}
studios:
  - {{key: berlin, name: Berlin, zone: Europe/Berlin, locations: [{{key: hall, name: Hall}}]}}
  - {{key: hamburg, name: Hamburg, zone: Europe/Berlin}}
employees:
  - {{key: ina, first_name: Ina, last_name: Trainer, studios: [berlin]}}
  - {{key: eva, first_name: Eva, last_name: Trainer, studios: [berlin]}}
rates: [{{key: flex, name: Flex, contingents: [{{bookings: 8, period: MONTH}}]}}]
classes:
  - {{key: yoga, studio: berlin, title: Yoga, duration: 60}}
  - {{key: spin, studio: berlin, title: Spin, duration: 60, who_may_book: MEMBERS}}
  - key: few
    studio: berlin
    title: Few
    duration: 60
    max_participants: 1
    promotion: BY_STAFF
series:
  - {{key: yoga, class: yoga, weekdays: [MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY],
      start: "18:00", first_day: {TODAY}, location: hall, instructors: [ina]}}
slots:
  - {{key: spin, class: spin, start: "{TODAY + timedelta(days=2)}T09:00"}}
  - {{key: other, class: yoga, start: "{TODAY + timedelta(days=5)}T18:00", instructors: [eva]}}
  - {{key: few-1, class: few, start: "{TODAY + timedelta(days=2)}T11:00"}}
  - {{key: few-2, class: few, start: "{TODAY + timedelta(days=3)}T11:00"}}
applications: [{{key: my-app, name: My App}}]
customers:
  - key: erika
    studio: berlin
    first_name: Erika
    last_name: Mustermann
    memberships: [{{key: m, rate: flex, from: {TODAY - timedelta(days=90)}}}]
  - {{key: max, studio: berlin, first_name: Max, last_name: Mustermann}}
  - {{key: moritz, studio: berlin, first_name: Moritz, last_name: Mustermann}}
"""


class Desk:
    """The command on that gym, and what things there are called by it."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def run(self, *words: object) -> Ran:
        ran = await run(*words, KURSPLAN_DATABASE_URL=self._url)
        assert ran.status == 0, (words, ran.err, ran.out)
        return ran

    async def json(self, *words: object) -> Any:
        return (await self.run(*words, "--json")).json

    async def customers(self) -> dict[str, int]:
        found = await self.json("customer", "find", "Mustermann")
        return {each["first_name"]: each["customer_id"] for each in found}

    async def slots(self) -> dict[tuple[str, str, int], int]:
        """By title, instructors, and in how many days."""
        return {
            (
                each["title"],
                "".join(each["instructors"]).removesuffix(" Trainer"),
                (date.fromisoformat(each["starts_at"][:10]) - TODAY).days,
            ): each["slot_id"]
            for each in await self.json("slot", "list", "--studio", "berlin", "--days", 10)
        }

    async def add(self, customer_id: int, slot_id: int) -> int:
        added = await self.json("booking", "add", "--customer", customer_id, "--slot", slot_id)
        return int(added["booking_id"])


@pytest.fixture
async def desk(sqlite_database: str, tmp_path: Path) -> Desk:
    file = tmp_path / "gym.yaml"
    file.write_text(GYM)
    desk = Desk(sqlite_database)
    await desk.run("gym", "load", file)
    return desk


async def samples(desk: Desk) -> dict[str, dict[str, int]]:
    """What the page's ids stand for: in lines that begin so, and by themselves."""
    people, slots = await desk.customers(), await desk.slots()
    yoga = {days: slots["Yoga", "Ina", days] for days in range(2, 6)}
    few = [slots["Few", "", days] for days in (2, 3)]
    waiting = []
    for slot_id in few:
        seated = await desk.add(people["Max"], slot_id)
        waiting.append(await desk.add(people["Moritz"], slot_id))
        await desk.run("booking", "cancel", seated, "--yes")
    late = await desk.add(people["Max"], yoga[4])
    await desk.run("booking", "cancel", late, "--counts", "late", "--yes")
    [series] = await desk.json("series", "list")
    return {
        "": {"1007": people["Erika"], "1012": yoga[3], "1003": series["series_id"]},
        "booking add --customer 1007 --slot 1012 --overrule": {
            "1007": people["Max"],
            "1012": slots["Spin", "", 2],
        },
        "booking cancel 2044 --counts": {"2044": await desk.add(people["Moritz"], yoga[2])},
        "booking cancel 2044 --waive": {"2044": late},
        "booking settle": {"2044": await desk.add(people["Max"], yoga[2])},
        "booking promote --slot": {"1012": few[0]},
        "booking promote --booking": {"2051": waiting[1]},
        "slot swap": {"1012": yoga[5], "1013": slots["Yoga", "Eva", 5]},
    }


async def test_each_line_does_something(desk: Desk) -> None:
    stand_for = await samples(desk)
    dates = {"2026-12-01": NEXT_MONTH, "2026-12-31": NEXT_MONTH + timedelta(days=20)}
    done = []
    for line in LINES:
        begins = max((each for each in stand_for if line.startswith(each)), key=len)
        real: dict[str, int | date] = {**dates, **stand_for[""], **stand_for[begins]}
        words = [str(real.get(word, word)) for word in shlex.split(line)]
        done.append((line, await desk.run(*words, *(["--yes"] if asks(words) else []))))
    assert len(done) > 20
    assert [line for line, ran in done if not ran.out.strip()] == []


def asks(words: list[str]) -> bool:
    command = every_command()
    for word in words:
        command = getattr(command, "commands", {}).get(word, command)
    return any("--yes" in each.opts for each in command.params)
