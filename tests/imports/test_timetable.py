"""A timetable of dates or of a calendar becomes series, and slots by themselves."""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kursplan.imports.calendars import read_calendar
from kursplan.imports.heads import Subject
from kursplan.imports.legend import Legend
from kursplan.imports.table import Unreadable
from kursplan.imports.timetable import Dated, Read, Traits, Weekly, fold, from_table, names_in
from tests.imports.dialects import text, workbook
from tests.imports.reading import UNSAID, understood

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 2, 8)  # noqa: DTZ001 - wall time
"""A Monday."""
EVERSPORTS = [
    "Typ",
    "Datum",
    "Startzeit",
    "Endzeit",
    "Name",
    "Angemeldet",
    "Anwesend",
    "Max. Teilnehmer",
    "Warteliste",
    "Trainer",
    "Ort",
    "Status",
    "Sport",
    "Aktivitätsgruppe",
    "Kommentar zur Einheit",
    "Veröffentlicht",
]


def activity(day: str, name: str = "Yoga", **other: str) -> list[str]:
    cells = {
        "Typ": "Kurs",
        "Datum": day,
        "Startzeit": "18:00",
        "Endzeit": "19:15",
        "Name": name,
        "Max. Teilnehmer": "12",
        "Trainer": "Ina Trainer",
        "Ort": "Halle",
        "Status": "aktiv",
    } | other
    return [cells.get(head, "") for head in EVERSPORTS]


def table(*rows: list[str], legend: Legend = UNSAID) -> Read:
    data = text([EVERSPORTS, *rows], encoding="utf-8-sig")
    return from_table(understood(data, legend, Subject.TIMETABLE), NOW)


YOGA = Traits("Yoga", 75, ("Ina Trainer",), "Halle", 12)


def test_the_rows_of_eversports_are_dates() -> None:
    read = table(
        activity("09.03.2026"),
        activity("23.02.2026"),
        activity("16.03.2026", Status="abgesagt"),
        activity("17.03.2026", Trainer="Ina Trainer & Jo Otto", Endzeit="00:30"),
        activity("31.02.2026", **{"Max. Teilnehmer": "viele"}),
        activity("18.03.2026", name=""),
    )
    assert [(each.start, each.traits) for each in read.dated] == [
        (datetime(2026, 3, 9, 18), YOGA),  # noqa: DTZ001
        (datetime(2026, 3, 17, 18), Traits("Yoga", 390, ("Ina Trainer", "Jo Otto"), "Halle", 12)),  # noqa: DTZ001
    ]
    assert (read.past, read.cancelled) == (1, 1)
    assert {each.row.line: each.reasons for each in read.refused} == {
        6: (
            "Datum “31.02.2026” is no day in the calendar",
            "Max. Teilnehmer “viele” is no number of seats",
        ),
        7: ("has no class",),
    }


@pytest.mark.parametrize(
    "data",
    [
        text(
            [
                ("Date", "Time", "Class Type", "Duration"),
                ("03/09/2026", "6:00 PM", "Yoga", "75 min"),
                ("03/30/2026", "6:00 PM", "Yoga", "75"),
            ],
            ",",
        ),
        text(
            [
                ("Start", "End", "Activity name"),
                ("09/03/2026 18:00", "09/03/2026 19:15", "Yoga"),
                ("30/03/2026 18:00", "30/03/2026 19:15", "Yoga"),
            ],
            ",",
            quoted=1,
        ),
        workbook(
            [
                ("Datum", "Von", "Bis", "Kurs"),
                (date(2026, 3, 9), time(18), time(19, 15), "Yoga"),
                (date(2026, 3, 30), time(18), time(19, 15), "Yoga"),
            ]
        ),
    ],
    ids=["day and time apart", "day and time in one cell", "workbook"],
)
def test_other_tables_say_the_same(data: bytes) -> None:
    read = from_table(understood(data, subject=Subject.TIMETABLE), NOW)
    assert [(each.start.isoformat(), each.traits) for each in read.dated] == [
        ("2026-03-09T18:00:00", Traits("Yoga", 75)),
        ("2026-03-30T18:00:00", Traits("Yoga", 75)),
    ]


def dated(*days: str, **traits: Any) -> list[Dated]:
    told = Traits(**{"title": "Yoga", "minutes": 60} | traits)
    return [Dated(datetime.fromisoformat(f"2026-{day}T18:00"), told, f"on {day}") for day in days]


def shown(weekly: list[Weekly]) -> list[tuple[str, str]]:
    return [
        (f"{each.first_day:%m-%d}", "…" if each.last_day is None else f"{each.last_day:%m-%d}")
        for each in weekly
    ]


@pytest.mark.parametrize(
    ("days", "series", "single"),
    [
        (["03-09", "03-16", "03-23"], [("03-09", "03-23")], []),
        (["03-09"], [], ["03-09"]),
        # A week that is left out divides it.
        (["03-09", "03-16", "03-30", "04-06"], [("03-09", "03-16"), ("03-30", "04-06")], []),
        (["03-09", "03-16", "03-30"], [("03-09", "03-16")], ["03-30"]),
        # Another weekday is another series.
        (["03-09", "03-16", "03-11", "03-18"], [("03-09", "03-16"), ("03-11", "03-18")], []),
        # The same twice is once.
        (["03-09", "03-09", "03-16"], [("03-09", "03-16")], []),
    ],
)
def test_dates_are_folded_by_weekday_and_traits(
    days: list[str], series: list[tuple[str, str]], single: list[str]
) -> None:
    weekly, by_itself = fold(dated(*days), go_on=False)
    assert shown(weekly) == series
    assert [f"{each.start:%m-%d}" for each in by_itself] == single


def test_a_week_with_another_instructor_stands_by_itself() -> None:
    told = [
        *dated("03-09", "03-16", "03-30", "04-06", instructors=("Ina",)),
        *dated("03-23", instructors=("Jo",)),
    ]
    weekly, single = fold(told, go_on=False)
    assert shown(weekly) == [("03-09", "03-16"), ("03-30", "04-06")]
    assert [(each.start.day, each.traits.instructors) for each in single] == [(23, ("Jo",))]


def test_what_takes_place_in_the_last_week_goes_on_where_that_is_said() -> None:
    told = [
        *dated("03-09", "03-16", "03-23"),
        *dated("03-10", "03-17", title="Spin"),
        *dated("03-24", title="New"),
    ]
    weekly, single = fold(told, go_on=True)
    assert [(each.traits.title, each.last_day) for each in weekly] == [
        ("Yoga", None),
        ("Spin", date(2026, 3, 17)),
        ("New", None),
    ]
    assert single == []


def calendar(*events: str, zone: str = "") -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Muster//EN"]
    if zone:
        lines.append(f"X-WR-TIMEZONE:{zone}")
    for number, each in enumerate(events):
        uid = [] if "UID:" in each else [f"UID:{number}"]
        summary = [] if "SUMMARY:" in each else ["SUMMARY:Yoga"]
        lines += ["BEGIN:VEVENT", *uid, *summary, *each.split("\n"), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def read(*events: str, zone: str = "") -> Read:
    return read_calendar(calendar(*events, zone=zone), BERLIN, NOW, date(2026, 6, 30))


def series(found: Read) -> list[tuple[str, str, str, str]]:
    return [
        (
            "".join(map(str, sorted(each.weekdays))),
            f"{each.start:%H:%M}",
            f"{each.first_day:%m-%d}",
            "…" if each.last_day is None else f"{each.last_day:%m-%d}",
        )
        for each in found.weekly
    ]


def dates(found: Read) -> list[str]:
    return [f"{each.start:%m-%d %H:%M}" for each in found.dated]


WEEKLY = "DTSTART;TZID=Europe/Berlin:20260105T180000\nDTEND;TZID=Europe/Berlin:20260105T191500\nRRULE:FREQ=WEEKLY"


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (WEEKLY, [("0", "18:00", "03-02", "…")]),
        (f"{WEEKLY};BYDAY=MO,TH", [("03", "18:00", "03-02", "…")]),
        (f"{WEEKLY};UNTIL=20260323T170000Z", [("0", "18:00", "03-02", "03-23")]),
        (f"{WEEKLY};UNTIL=20260323T160000Z", [("0", "18:00", "03-02", "03-16")]),
        (f"{WEEKLY};COUNT=12", [("0", "18:00", "03-02", "03-23")]),
        (WEEKLY.replace("WEEKLY", "DAILY"), [("0123456", "18:00", "03-02", "…")]),
        (
            f"{WEEKLY}\nEXDATE;TZID=Europe/Berlin:20260316T180000",
            [("0", "18:00", "03-02", "03-09"), ("0", "18:00", "03-17", "…")],
        ),
        (f"{WEEKLY}\nEXDATE;VALUE=DATE:20260302,20260309", [("0", "18:00", "03-10", "…")]),
        (f"{WEEKLY};COUNT=2", []),
    ],
)
def test_what_repeats_weekly_is_a_series(
    event: str, expected: list[tuple[str, str, str, str]]
) -> None:
    found = read(event)
    assert series(found) == expected
    assert all(each.traits == Traits("Yoga", 75) for each in found.weekly)
    assert found.dated == []


def test_a_date_that_is_different_stands_by_itself() -> None:
    moved = "UID:a\nRECURRENCE-ID;TZID=Europe/Berlin:20260316T180000\nDTSTART;TZID=Europe/Berlin:20260317T190000\nDURATION:PT1H\nLOCATION:Loft"
    gone = "UID:a\nRECURRENCE-ID;TZID=Europe/Berlin:20260323T180000\nDTSTART;TZID=Europe/Berlin:20260323T180000\nSTATUS:CANCELLED"
    same = "UID:a\nRECURRENCE-ID;TZID=Europe/Berlin:20260330T180000\nDTSTART;TZID=Europe/Berlin:20260330T180000\nDURATION:PT75M\nDESCRIPTION:Bring a mat"
    found = read(f"UID:a\n{WEEKLY};UNTIL=20260412T220000Z", moved, gone, same)
    assert series(found) == [("0", "18:00", "03-02", "03-09"), ("0", "18:00", "03-30", "04-06")]
    assert dates(found) == ["03-17 19:00"]
    assert found.dated[0].traits == Traits("Yoga", 60, (), "Loft")


@pytest.mark.parametrize(
    ("event", "zone", "expected"),
    [
        # Google writes dates in UTC, and the zone of the calendar beside.
        ("DTSTART:20260309T170000Z\nDTEND:20260309T180000Z", "Europe/Berlin", ["03-09 18:00"]),
        ("DTSTART:20260709T170000Z\nDTEND:20260709T180000Z", "", ["07-09 19:00"]),
        ("DTSTART:20260309T180000\nDTEND:20260309T190000", "", ["03-09 18:00"]),
        ("DTSTART;TZID=Europe/London:20260309T180000\nDURATION:PT1H", "", ["03-09 19:00"]),
        # What repeats otherwise than every week comes as its dates.
        (
            f"{WEEKLY};INTERVAL=2;COUNT=8",
            "",
            ["03-02 18:00", "03-16 18:00", "03-30 18:00", "04-13 18:00"],
        ),
        (
            WEEKLY.replace("WEEKLY", "MONTHLY;BYDAY=1MO"),
            "",
            ["03-02 18:00", "04-06 18:00", "05-04 18:00", "06-01 18:00"],
        ),
        (
            "DTSTART:20260309T180000\nRDATE:20260311T180000\nDURATION:PT1H",
            "",
            ["03-09 18:00", "03-11 18:00"],
        ),
    ],
)
def test_other_events_are_their_dates(event: str, zone: str, expected: list[str]) -> None:
    found = read(event, zone=zone)
    assert dates(found) == expected
    assert found.weekly == []


def test_a_series_keeps_the_time_of_its_own_zone() -> None:
    """In UTC it would be at 18:00 in winter, and at 19:00 in summer."""
    in_utc = "DTSTART:20260105T170000Z\nDTEND:20260105T180000Z\nRRULE:FREQ=WEEKLY"
    assert series(read(in_utc, zone="Europe/Berlin")) == [("0", "18:00", "03-02", "…")]
    other_clocks = (
        "DTSTART;TZID=America/New_York:20260302T120000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=5"
    )
    assert dates(read(other_clocks)) == [
        "03-02 18:00",
        "03-09 17:00",
        "03-16 17:00",
        "03-23 17:00",
        "03-30 18:00",
    ]


def test_what_can_not_be_planned_is_told_with_its_event() -> None:
    found = read(
        "DTSTART;VALUE=DATE:20260309",
        "DTSTART:20260309T180000\nDURATION:P2D",
        "SUMMARY:Lost",
        f"{WEEKLY}\nSTATUS:CANCELLED",
    )
    assert [str(each) for each in found.problems] == [
        "the event “Yoga” of 2026-03-09: has no time of day",
        "the event “Yoga” of 2026-03-09: takes less than a minute or more than a day",
        "the event “Lost”: has no start",
    ]
    assert found.cancelled == 1


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (calendar(WEEKLY)[:-20], "has no end: it was cut off"),
        (b"BEGIN:VCALENDAR\r\nnonsense\r\nEND:VCALENDAR", "no calendar that can be read"),
    ],
)
def test_a_calendar_that_is_not_whole_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        read_calendar(data, BERLIN, NOW, date(2026, 6, 30))


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("Ina Trainer", ("Ina Trainer",)),
        ("Trainer, Ina", ("Trainer, Ina",)),
        ("Ina Trainer, Jo Otto", ("Ina Trainer", "Jo Otto")),
        ("Ina & Jo", ("Ina", "Jo")),
        ("Ina Trainer und Jo Otto / Eva", ("Ina Trainer", "Jo Otto", "Eva")),
        ("Ina, Jo, Eva", ("Ina", "Jo", "Eva")),
        ("", ()),
    ],
)
def test_a_cell_may_name_several_instructors(cell: str, names: tuple[str, ...]) -> None:
    assert names_in(cell) == names
