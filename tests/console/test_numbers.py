"""Numbers: what the page says, as a value and in a browser; and what a spreadsheet gets."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO

import pytest

from kursplan.console.numbers.asked import Wanted
from kursplan.console.numbers.lines import Names
from kursplan.console.numbers.plot import plot
from kursplan.console.numbers.view import NumbersView
from kursplan.console.numbers.writer import NumbersWriter
from kursplan.console.visit import BadAddress
from kursplan.console.words import words
from kursplan.domain.accounts import Role
from kursplan.domain.bookings import BookingStatus, Participation
from kursplan.domain.numbers import Against, Span, Sums
from kursplan.domain.slots import SlotStatus
from kursplan.store import tables
from kursplan.store.staff.numbers import ANY, By
from tests.console.browser import DESK, PHONE
from tests.console.conftest import OpenTab
from tests.console.desk import Console
from tests.console.people import booking
from tests.gym import MONDAY, Gym

NAMES = Names({1: "Reformer", 2: "Yoga"}, {7: "Saal 1"}, {9: "Ina Trainer"})
NOW = {
    By.CLASS: {
        (1, 0, 0): Sums(4, 40, 38, 38, 2, 3, 12, 8, 240),
        (2, 0, 0): Sums(2, 0, 0, 30, 0, 0, 0, 0, 120),
    },
    By.ROOM: {(7, 0, 0): Sums(4, 40, 38, 38, 2, 3, 12, 8, 240), (0, 0, 0): Sums(slots=2)},
    By.INSTRUCTOR: {(9, 0, 0): Sums(4, 40, 38, 38, 2, 3, 12, 8, 210)},
    By.HOUR: {(1, 18, 0): Sums(4, 40, 38), (0, 9, 0): Sums(slots=2)},
    By.DAY: {(2026, 2, 2): Sums(1, 10, 9), (2026, 2, 9): Sums(1, 10, 10), (2026, 3, 1): Sums(2)},
    By.START: {(1, 1, 18 * 60): Sums(4, 40, 38, 38, 2, 3, 12, 8, 240)},
}
BEFORE = {
    By.CLASS: {(1, 0, 0): Sums(4, 40, 32, 32, 4, 0, 0, 0, 240)},
    By.DAY: {(2026, 1, 5): Sums(1, 10, 8)},
}


def written(language: str = "en", class_id: int = ANY, **asked: str) -> NumbersView:
    wanted = Wanted(Span.FOUR_WEEKS, Against.BEFORE, MONDAY, class_id, ANY, ANY, asked)
    return NumbersWriter(words(language), wanted, NAMES, NOW, BEFORE, "Berlin").write()


def test_what_stands_on_paper_says_of_what_it_is() -> None:
    assert [" ".join(each.split()) for each in written(class_id=2).printed.split(" · ")] == [
        "Berlin",
        "2 Feb – 1 Mar 2026",
        "against the time before",
        "Yoga",
    ]


def test_what_stands_at_the_top() -> None:
    view = written()
    assert view.days.split() == ["2", "Feb", "–", "1", "Mar"]
    assert [(each.label, each.value, each.hint) for each in view.tiles] == [
        ("Seats taken", "95%", "15 points more"),
        ("Bookings", "68", "32 the time before"),
        ("Did not come", "3%", "10 points less"),
        ("Cancelled late", "3", "0 before"),
        ("Got no place", "20", "12 waited in vain, 8 were turned away"),
    ]
    assert view.second is not None
    assert view.second.text == ("A second Reformer on Monday at 18:00 would have been 50% full.")
    assert view.second.why == "20 people got no place on 4 days, about 5 each time."
    assert view.second.link.href == "timetable?show=rooms&day=2026-03-09"


def test_a_cell_says_how_full_it_was_and_its_colour_says_it_too() -> None:
    heat = written().heat
    assert heat is not None
    assert heat.hours == ("09", "18")
    cells = {row.label: row.cells for row in heat.rows}
    assert list(cells) == [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ]
    [nothing, full], [unlimited, none] = cells["Monday"], cells["Sunday"]
    assert (nothing, none) == (None, None)
    assert full is not None
    assert (full.text, full.classes) == ("95", "q4")
    assert full.label == "Monday, 18:00: 38 of 40 seats, 4 slots"
    assert unlimited is not None
    assert (unlimited.text, unlimited.classes) == ("–", "")


def test_tables_compare_and_lead_on() -> None:
    view = written(studio="berlin")
    found = {table.name: table for table in view.tables}
    assert [(each.label, each.share, each.cells) for each in found["classes"].rows] == [
        ("Reformer", "95%", ("+15", "4", "5%", "3", "20")),
        ("Yoga", "–", ("–", "2", "0%", "0", "0")),
    ]
    assert found["classes"].rows[0].href == "numbers?studio=berlin&class=1"
    assert [(each.label, each.cells) for each in found["rooms"].rows] == [
        ("Saal 1", ("–", "4", "4")),
        ("Without a room", ("–", "2", "0")),
    ]
    assert [(each.label, each.cells) for each in found["instructors"].rows] == [
        ("Ina Trainer", ("–", "4", "3.5", "0"))
    ]
    [line] = found["wanted"].rows
    assert (line.label, line.share, line.cells) == (
        "Reformer, Monday, 18:00",
        "50%",
        ("4", "12", "8", "5"),
    )
    assert found["wanted"].sheet == "numbers/wanted.csv?studio=berlin"


def test_in_german_numbers_are_written_as_there() -> None:
    view = written("de")
    assert view.tiles[0].value == "95\N{NO-BREAK SPACE}%"
    assert {each.name: each for each in view.tables}["instructors"].rows[0].cells[2] == "3,5"


def test_what_is_not_there_cannot_be_filtered_by() -> None:
    assert [each.label for each in written(class_id=2, **{"class": "2"}).filters] == ["Yoga"]
    with pytest.raises(BadAddress):
        written(class_id=3)


def test_the_line_runs_through_the_weeks_that_have_a_number() -> None:
    drawn = plot("", [0.5, None, 0.9], [0.4, 0.6], ["a", "b", "c"], "{:.0%}".format)
    assert drawn is not None
    assert drawn.line == "44,217 664,20"
    assert drawn.before == "44,266 354,168"
    assert [each.text for each in drawn.rules] == ["40%", "50%", "60%", "70%", "80%", "90%"]
    assert [each.text for each in drawn.ends] == ["90%", "60%"]
    assert plot("", [0.5, None], [], ["a", "b"], str) is None


# --- The page ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Weeks:
    wanted: int
    """A class for which there is no place every Monday."""


async def weeks(gym: Gym, count: int = 4) -> Weeks:
    """Some weeks before now in which a class was full and somebody was turned away, and one was not."""
    reformer = await gym.klass("reformer", title="Reformer Pilates", max_participants=3)
    await gym.klass("yoga", title="=Yoga")
    hall, ina = await gym.location("Saal 1"), await gym.employee("Ina")
    people = await gym.customers(6)
    for week in range(1, count + 1):
        day = MONDAY - timedelta(weeks=week)
        full = await gym.slot(
            reformer,
            day=day,
            seats=3,
            status=SlotStatus.COMPLETED,
            location_id=hall,
            waiting=1,
            last_sequence=4,
        )
        await gym.set(tables.slot, full, seats=3)
        await gym.gives(full, ina)
        for at, each in enumerate(people[:4]):
            await booking(
                gym,
                full,
                each,
                sequence=at + 1,
                status=BookingStatus.WAITING_LIST if at == 3 else BookingStatus.BOOKED,
                participation=Participation.NOT_PARTICIPATING
                if at == 0
                else Participation.PARTICIPATING,
            )
        for each in (people[0], people[5]):
            await gym.insert(
                tables.turned_away, slot_id=full, customer_id=each, happened_at=gym.now
            )
        empty = await gym.slot("yoga", at="09:15", day=day, status=SlotStatus.COMPLETED)
        await gym.gives(empty, ina)
    return Weeks(reformer)


async def test_managers_see_their_studio_and_each_table_as_a_sheet(console: Console) -> None:
    await weeks(console.gym)
    manager = console.member()
    said = (await console.ask("numbers?span=4-weeks", manager)).text
    assert "A second Reformer Pilates on Monday at 18:00 would have been 67% full." in said
    assert "4 waited in vain, 4 were turned away" in said
    answer = await console.ask("numbers/classes.csv?span=4-weeks", manager)
    disposition = 'attachment; filename="classes-2026-02-02-2026-03-01.csv"'
    assert answer.headers["content-disposition"] == disposition
    rows = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))
    nothing = ["0"] * 8 + ["0.00"]
    assert rows[0][:4] == ["Class", "Slots", "Seats", "Seats taken"]
    assert rows[1:] == [
        ["Reformer Pilates", "4", "12", "12", "12", "4", "0", "4", "4", "4.00", *nothing],
        ["'=Yoga", "4", "80", "0", "0", "0", "0", "0", "0", "4.00", *nothing],
    ]
    for name, lines in (
        ("hours", 2),
        ("weeks", 4),
        ("rooms", 2),
        ("instructors", 1),
        ("wanted", 1),
    ):
        sheet = await console.ask(f"numbers/{name}.csv?span=4-weeks", manager)
        assert len(sheet.text.splitlines()) == lines + 1, name
    assert (await console.ask("numbers/secrets.csv", manager)).status_code == 404


async def test_where_nothing_took_place_that_is_said(console: Console) -> None:
    said = (await console.ask("numbers?studio=all", console.member())).text
    assert "Nothing took place in this time that could be counted." in said


async def test_it_is_for_those_who_plan(console: Console) -> None:
    for role, sees_it in ((Role.MANAGER, True), (Role.FRONT_DESK, False)):
        said = (await console.ask("today", console.member(role))).text
        assert ('href="./numbers"' in said) is sees_it


async def test_it_is_read_by_day_and_by_night_on_a_desk_and_a_phone(
    served: Console, open_tab: OpenTab
) -> None:
    found = await weeks(served.gym)
    tab = await open_tab(served.member())
    await tab.goto("numbers?span=4-weeks")
    assert await tab.barriers() == []
    for size in (DESK, PHONE):
        await tab.size(size)
        assert await tab.wider_than_it_should() == 0
    await tab.page.emulate_media(media="print")
    # As wide as a sheet of A4 without its margins.
    await tab.size({"width": 688, "height": 1000})
    assert await tab.wider_than_it_should() == 0
    assert (
        not await tab.page.locator("nav, .bar, main .button, main select")
        .filter(visible=True)
        .all()
    )
    printed = await tab.page.locator(".for-print").inner_text()
    assert printed.endswith("2026 · against the time before")
    await tab.page.emulate_media(media="screen")
    await tab.size(DESK)
    await tab.page.get_by_role("link", name="Reformer Pilates", exact=True).click()
    assert tab.at == f"numbers?span=4-weeks&class={found.wanted}"
    await tab.page.get_by_role("link", name="Without the filter Reformer Pilates").click()
    assert tab.at == "numbers?span=4-weeks"
    await tab.page.get_by_text("As a table").click()
    assert await tab.page.get_by_role("rowheader", name="2 Feb 2026").is_visible()


async def test_days_are_chosen_without_a_script(served: Console, open_tab: OpenTab) -> None:
    await weeks(served.gym, 1)
    tab = await open_tab(served.member(language="de"), java_script_enabled=False)
    await tab.goto("numbers")
    await tab.page.locator("#span").select_option("4-weeks")
    await tab.page.locator("#against").select_option("year-before")
    await tab.page.locator("main form.line button").click()
    assert tab.at == "numbers?span=4-weeks&against=year-before"
    assert await tab.page.get_by_role("link", name="Reformer Pilates", exact=True).is_visible()
