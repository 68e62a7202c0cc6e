"""A gym moves in: its timetable, its members, and the bookings of the week of the switch-over."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kursplan.clock import HandClock
from kursplan.store.engine.database import Database
from tests.cli.conftest import Kursplan
from tests.gym import BERLIN
from tests.imports.dialects import text
from tests.imports.test_timetable import EVERSPORTS, WEEKLY, activity, calendar

GYM = """\
organization: {key: muster, name: Muster}
studios:
- {key: berlin, name: Berlin, zone: Europe/Berlin, locations: [{key: hall, name: Halle}]}
employees: [{key: ina, first_name: Ina, last_name: Trainer, studios: [berlin]}]
classes: [{key: spin, studio: berlin, title: Spinning, duration: 45}]
series:
- {key: spin-mo, class: spin, weekdays: [MONDAY], start: "12:00", first_day: 2026-01-05}
"""


@pytest.fixture
async def house(kursplan: Kursplan, database: Database, tmp_path: Path) -> Kursplan:
    """The command, on a gym with a class of its own."""
    (tmp_path / "gym.yaml").write_text(GYM)
    await kursplan("gym", "load", tmp_path / "gym.yaml")
    return kursplan


@pytest.fixture
async def small_house(on_sqlite: Kursplan, tmp_path: Path) -> Kursplan:
    """The same on one kind of database."""
    (tmp_path / "gym.yaml").write_text(GYM)
    await on_sqlite("gym", "load", tmp_path / "gym.yaml")
    return on_sqlite


@pytest.fixture
def tomorrow(clock: HandClock) -> date:
    return clock.now().astimezone(BERLIN).date() + timedelta(days=1)


def german(day: date) -> str:
    return f"{day:%d.%m.%Y}"


async def timetable(
    house: Kursplan, first: date, days: int = 40
) -> list[tuple[str, str, str | None]]:
    """What is planned, spinning aside."""
    listed = (await house("slot", "list", "--from", first, "--days", days, "--json")).json
    return [
        (each["title"], each["starts_at"][:16], each["location"])
        for each in listed
        if each["title"] != "Spinning"
    ]


async def test_a_gym_moves_in(house: Kursplan, tomorrow: date, tmp_path: Path) -> None:
    weeks = [tomorrow + timedelta(weeks=week) for week in range(4)]
    slots = tmp_path / "slots.csv"
    rows = [
        *(activity(german(day)) for day in weeks[:2]),
        activity(german(weeks[2]), Trainer="Jo Otto", Ort="Dachboden"),
        activity(german(weeks[3]), Trainer="Ina"),
        activity(
            german(tomorrow),
            name="Pilates",
            Startzeit="09:00",
            Endzeit="10:00",
            Trainer="Otto",
            **{"Max. Teilnehmer": "1"},
        ),
        activity(
            german(tomorrow),
            name="Barre",
            Startzeit="10:00",
            Endzeit="11:00",
            Trainer="Eva Null",
            **{"Max. Teilnehmer": "1"},
        ),
        activity(german(tomorrow - timedelta(days=9))),
    ]
    slots.write_bytes(text([EVERSPORTS, *rows], encoding="utf-8-sig"))
    options = ("import", "timetable", slots, "--studio", "berlin")

    foreseen = await house(*options, "--dry-run")
    nothing = await timetable(house, tomorrow)
    done = await house(
        *options,
        "--yes",
        "--json",
        "--keep",
        tmp_path / "kept.yaml",
        "--refused",
        tmp_path / "left.csv",
    )
    planned = await timetable(house, tomorrow)
    again = await house(*options, "--yes")

    assert nothing == []
    assert (
        "1 new series, 3 new slots, 0 planned already, 1 past, 0 cancelled, 1 left out."
        in foreseen.out
    )
    assert {name: done.json[name] for name in ("classes", "rooms", "instructors")} == {
        "classes": ["Yoga", "Barre"],
        "rooms": ["Dachboden"],
        "instructors": ["Eva Null", "Jo Otto"],
    }
    assert done.status == 3
    assert "there is no instructor “Otto”" in (tmp_path / "left.csv").read_text()
    assert planned == [
        ("Barre", f"{tomorrow}T10:00", "Halle"),
        *(("Yoga", f"{day}T18:00", "Dachboden" if day == weeks[2] else "Halle") for day in weeks),
    ]
    assert "0 new series, 0 new slots, 5 planned already" in again.out
    assert (
        await house("gym", "load", tmp_path / "kept.yaml")
    ).out == "Nothing had to be changed.\n"
    # What was there goes on.
    assert [each["key"] for each in (await house("series", "list", "--json")).json][:1] == [
        "spin-mo"
    ]

    await _bookings(house, tomorrow, tmp_path)


async def _bookings(house: Kursplan, tomorrow: date, tmp_path: Path) -> None:
    members = tmp_path / "members.csv"
    members.write_text(
        "Customer number,First name,Last name,E-Mail\n"
        "1,Erika,Muster,erika@muster.example\n2,Max,Muster,max@muster.example\n3,Lena,Böhm,\n"
    )
    await house("import", "members", members, "--studio", "berlin", "--yes")
    head = [
        "Start",
        "End",
        "Activity name",
        "Location",
        "Trainer nickname",
        "Customer number",
        "First name",
        "Last name",
        "E-Mail",
        "Status",
    ]

    def booking(at: str, title: str, *who: str, day: date = tomorrow) -> list[str]:
        return [f"{day:%d/%m/%Y} {at}", "", title, "Berlin", "", *who]

    erika = ("1", "Erika", "Muster", "erika@muster.example")
    file = tmp_path / "bookings.csv"
    rows = [
        booking("10:00", "Barre", "2", "Max", "Muster", "", "Waitlisted"),
        booking("10:00", "Barre", *erika, "Booked"),
        booking("18:00", "Yoga", "", "Max", "Muster", "max@muster.example", "Booked"),
        booking("18:00", "Yoga", *erika, "Cancelled"),
        booking("18:00", "Yoga", "", "Lena", "Böhm", "", "Booked"),
        booking("18:00", "Yoga", "9", "Nina", "Neu", "", "Booked"),
        booking("19:00", "Yoga", *erika, "Booked"),
        booking("18:00", "Yoga", *erika, "Booked", day=tomorrow + timedelta(days=14)),
        booking("18:00", "Yoga", *erika, "Booked", day=tomorrow - timedelta(days=14)),
    ]
    file.write_bytes(text([head, *rows]))
    options = ("import", "bookings", file, "--studio", "berlin", "--json")
    if tomorrow.day <= 12:
        options = (
            (*options, "--dates", "day-month-year") if tomorrow.day != tomorrow.month else options
        )

    foreseen = await house(*options, "--dry-run")
    none = await house("booking", "list", "--day", tomorrow, "--json")
    done = await house(*options, "--yes", "--refused", tmp_path / "left.csv")
    again = await house(*options, "--yes")
    overruled = await house(
        *options,
        "--yes",
        "--overrule",
        "DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME",
        "--reason",
        "moved",
    )

    assert none.json == []
    assert foreseen.json == {**done.json, "done": False}
    assert done.status == 3
    assert (done.json["booked"], done.json["waiting"]) == ([3, 4], [2])
    assert [(each["line"], each["conflict"]) for each in done.json["conflicts"]] == [
        (9, "DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME")
    ]
    assert [(each["line"], each["because"]) for each in done.json["doubtful"]] == [
        (6, "Lena Böhm (number 3) has this name, and nothing speaks against it")
    ]
    assert {each["line"]: each["reasons"] for each in done.json["refused"]} == {
        7: ["there is no customer Nina Neu: import the members first"],
        8: [f"there is no slot of “Yoga” on {tomorrow} 19:00"],
    }
    assert (done.json["past"], done.json["given_up"]) == (1, 1)
    assert (again.json["booked"], again.json["there_already"]) == ([], [3, 2, 4])
    assert overruled.json["booked"] == [9]
    told = (await house("history")).out
    for name in ("members.csv", "bookings.csv", "slots.csv"):
        assert f"by an import of {name}" in told
    listed: list[Any] = (await house("booking", "list", "--day", tomorrow, "--json")).json
    assert [(each["customer_name"], each["status"]) for each in listed] == [
        ("Erika Muster", "BOOKED"),
        ("Max Muster", "WAITING_LIST"),
        ("Max Muster", "BOOKED"),
    ]
    # Somebody in doubt is who the mended file says.
    left = tmp_path / "left.csv"
    left.write_text(left.read_text().replace("Böhm;;Booked;;", "Böhm;;Booked;3;"))
    mended = await house(
        "import",
        "bookings",
        left,
        "--studio",
        "berlin",
        "--json",
        "--yes",
        "--dates",
        "day-month-year",
    )
    assert mended.json["booked"] == [2]


async def test_a_calendar_is_brought_in_once(
    small_house: Kursplan, tomorrow: date, tmp_path: Path
) -> None:
    file = tmp_path / "calendar.ics"
    start = datetime.combine(tomorrow, datetime.min.time())
    event = (
        f"DTSTART;TZID=Europe/Berlin:{start:%Y%m%d}T180000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY"
        f"\nEXDATE;TZID=Europe/Berlin:{start + timedelta(days=7):%Y%m%d}T180000\nLOCATION:Halle"
    )
    file.write_bytes(calendar(event, "DTSTART;VALUE=DATE:20310101"))
    options = ("import", "timetable", file, "--studio", "berlin", "--yes")

    done = await small_house(*options)
    again = await small_house(*options, "--json")
    file.write_bytes(calendar(WEEKLY)[:-30])
    broken = await small_house(*options)

    assert done.status == 3
    assert "the event “Yoga” of 2031-01-01" in done.out
    assert [each[1][:10] for each in await timetable(small_house, tomorrow, 22)] == [
        str(tomorrow + timedelta(days=days)) for days in (0, 14, 21)
    ]
    assert (again.json["done"], again.json["planned_already"]) == (False, 2)
    assert (broken.status, "was cut off" in broken.err) == (1, True)


async def test_an_instructor_twice_at_the_same_time_is_told_or_refused_as_the_studio_says(
    small_house: Kursplan, tomorrow: date, tmp_path: Path
) -> None:
    file = tmp_path / "slots.csv"

    def write(at: str) -> None:
        rows = [activity(german(tomorrow), name=name, Startzeit=at) for name in ("Yoga", "Pilates")]
        file.write_bytes(text([EVERSPORTS, *rows]))

    options = ("import", "timetable", file, "--studio", "berlin", "--yes")
    write("18:00")
    told = await small_house(*options)
    await small_house("studio", "clashes", "berlin", "refuse")
    write("10:00")
    refused = await small_house(*options)

    assert (told.status, refused.status) == (0, 1)
    assert "Ina Trainer" in told.out.partition("Done.")[0].rpartition("Instructors")[2]
    assert len(await timetable(small_house, tomorrow)) == 2
    assert "TWICE_AT_THE_SAME_TIME" in refused.err
