"""The timetable: what stands on it, as a value; and how it is found, looked at and used, in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from playwright.async_api import expect

from kursplan.console.lanes import lanes
from kursplan.console.places import Place
from kursplan.console.timetable import Shown, timetable
from kursplan.console.timetable.asked import Asked
from kursplan.console.timetable.view import SlotView, TimetableView
from kursplan.console.tones import tone_of
from kursplan.console.words import words
from kursplan.domain.accounts import Role
from kursplan.domain.localtime import start_of_day
from kursplan.domain.slots import SlotStatus
from kursplan.domain.studios import zone_of
from kursplan.store.staff import schedule
from kursplan.store.staff import timetable as stored
from kursplan.store.staff.schedule import Span
from tests.console.browser import DESK, PHONE
from tests.console.conftest import OpenTab
from tests.console.desk import Console
from tests.console.week import Week, week
from tests.gym import MONDAY, Gym

WEEK = Asked(Shown.WEEK, MONDAY, MONDAY, 7, None, None, None, None, None, None, {})


def day(shown: Shown, of: date) -> Asked:
    return replace(WEEK, shown=shown, day=of, first=of, days=1)


async def look(
    gym: Gym, asked: Asked = WEEK, language: str = "en", **options: Any
) -> TimetableView:
    """The view of the gym's studios, or of those that `studios` names."""
    rows = await gym.database.read(lambda tx: stored.studios(tx, gym.organization))
    places = [
        Place(each.id, each.key, each.name, zone_of(each.zone))
        for each in rows
        if each.key in options.get("studios", ("berlin",))
    ]
    span = Span(
        min(start_of_day(asked.first, each.zone) for each in places),
        max(start_of_day(asked.last + timedelta(days=1), each.zone) for each in places),
        gym.wall("00:00", day=asked.first),
        gym.wall("00:00", day=asked.last + timedelta(days=1)),
    )
    ids = [each.id for each in places]
    on = await gym.database.read(
        lambda tx: schedule.of_studios(tx, gym.organization, ids, span, gym.now)
    )
    return timetable(words(language), asked, on, places, gym.now)


def slots(view: TimetableView) -> Iterator[SlotView]:
    for column in view.columns:
        yield from column.slots


def signs(view: TimetableView, slot_id: int) -> list[tuple[str, str, str]]:
    [found] = (each for each in slots(view) if each.href == f"slots/{slot_id}")
    return [(each.kind, each.icon, each.text) for each in found.signs]


def labels(view: TimetableView) -> dict[int, str]:
    return {int(each.href.removeprefix("slots/")): each.label for each in slots(view)}


# --- The view -----------------------------------------------------------------------------------


async def test_each_slot_is_one_sentence(gym: Gym) -> None:
    on = await week(gym)
    one, other = on.clashing
    assert labels(await look(gym)) == {
        on.plain: "Yoga, Monday 18:00 to 19:00, 0 of 3, Saal 1, Ina T.",
        on.full: "Spin, Monday 18:30 to 19:15, full, 2 of 2, 1 waiting, Radraum",
        on.cancelled: "Yoga, Tuesday 09:00 to 10:00, cancelled",
        on.covered: "Spin, Tuesday 12:15 to 12:45, 0 of 20, stand-in Tarek T. for Ina T., Tarek T.",
        on.pinned: "Yoga, Thursday 10:00 to 11:00, 0 of 20, set by hand: time, Saal 1",
        on.shown_only: "Open, Thursday 13:00 to 15:00, 0 booked, display only, stream",
        one: "Yoga, Thursday 17:00 to 18:00, 0 of 20, Saal 1 twice at this time, Saal 1",
        other: "Spin, Thursday 17:20 to 18:20, 0 of 20, Saal 1 twice at this time, Saal 1",
        on.flagged: "Spin, Saturday 11:05 to 11:55, 1 of 20, 1 booking to decide",
    }


async def test_signs_tell_what_a_person_should_know(gym: Gym) -> None:
    on = await week(gym)
    view = await look(gym)
    assert signs(view, on.plain) == []
    assert signs(view, on.full) == [("wait", "wait", "1")]
    assert signs(view, on.cancelled) == [("stop", "cross", "cancelled")]
    assert signs(view, on.covered) == [("bare", "stand-in", "")]
    assert signs(view, on.pinned) == [("bare", "pin", "")]
    assert signs(view, on.shown_only) == [("bare", "eye", ""), ("bare", "stream", "")]
    assert [signs(view, each) for each in on.clashing] == [[("stop", "clash", "")]] * 2
    assert signs(view, on.flagged) == [("flag", "flag", "1")]


async def test_more_sit_than_there_are_seats(gym: Gym) -> None:
    slot_id = await gym.slot("spin", seats=2, additional_participants=3)
    assert signs(await look(gym), slot_id) == [("flag", "warning", "+1")]


async def test_places_are_classes(gym: Gym) -> None:
    """A slot of an odd length is drawn by the next five minutes; what lasts over midnight, to its end."""
    await gym.slot("spin", at="08:10", minutes=50)
    await gym.slot("spin", at="08:30", minutes=47)
    await gym.slot("spin", at="23:00", minutes=120)
    view = await look(gym)
    tone = tone_of(gym.classes["spin"])
    assert [each.classes for each in slots(view)] == [
        f"{tone} h8 m10 d50 l0 of2 beside14",
        f"{tone} h8 m30 d50 l1 of2 beside14",
        f"{tone} h23 m0 d60 beside7",
    ]
    assert view.grid == "columns7 from8 to24"


async def test_how_full_a_slot_is_is_a_class(gym: Gym) -> None:
    """By the next two of a hundred; nothing where nobody sits, where there is no limit, and where it is cancelled."""
    for seats, additional in ((3, 1), (2, 5), (20, 0), (None, 4)):
        await gym.slot("spin", seats=seats, additional_participants=additional)
    await gym.slot("spin", additional_participants=4, status=SlotStatus.CANCELED)
    found = " ".join(each.classes for each in slots(await look(gym)))
    assert sorted(re.findall(r"\bt\d+", found)) == ["t100", "t34"]


async def test_what_a_slot_has_room_for_is_a_class(gym: Gym) -> None:
    """Of how many beside one another, and the how manieth part of twelve hours, both in steps."""
    for minutes in (15, 30, 40, 90):
        await gym.slot("spin", minutes=minutes, at="18:00")
    assert [each.classes.split()[-2:] for each in slots(await look(gym))] == [
        ["beside28", "short44"],
        ["beside28", "short20"],
        ["of4", "beside28"],
        ["of4", "beside28"],
    ]


async def test_no_hour_stands_beneath_the_present_moment(gym: Gym) -> None:
    gym.clock.advance(timedelta(hours=2, minutes=14))
    view = await look(gym)
    assert [each.classes for each in view.hours][:4] == ["h8", "h9", "h11", "h12"]


async def test_what_is_over_fades_and_what_runs_stands_out(gym: Gym) -> None:
    for at in ("06:00", "07:30", "08:00", "09:00"):
        await gym.slot("spin", at=at, minutes=30)
    found = [each.classes.split()[6:] for each in slots(await look(gym))]
    assert found == [["over"], ["over"], ["running"], []]


async def test_a_week_has_its_days_and_says_what_is_on(gym: Gym) -> None:
    await week(gym)
    await gym.closure(gym.wall("00:00"), gym.wall("00:00", day=MONDAY + timedelta(days=1)))
    view = await look(gym)
    assert (view.heading, view.aside) == ("2–8 Mar", "week 10")
    assert [(each.head, each.note, each.classes) for each in view.columns] == [
        ("Mon 2", "Today · Closed", " is-today is-closed"),
        ("Tue 3", "1 class · 0 of 20", ""),
        ("Wed 4", "", ""),
        ("Thu 5", "4 classes · 0 of 60", ""),
        ("Fri 6", "", ""),
        ("Sat 7", "1 class · 1 of 20", ""),
        ("Sun 8", "", ""),
    ]
    german = await look(gym, language="de")
    assert (german.heading, german.aside) == ("2.–8. März", "KW 10")
    assert german.columns[3].note == "4 Kurse · 0 von 60"


async def test_a_closure_of_some_hours_is_where_it_is(gym: Gym) -> None:
    await gym.closure(gym.wall("16:00"), gym.wall("22:00"))
    [block] = (await look(gym)).columns[0].closed
    assert (block.text, block.classes) == ("Closed 16:00 to 22:00", "h16 m0 d360")


async def test_the_present_is_a_line(gym: Gym) -> None:
    await gym.location("Saal 1")
    await gym.location("Saal 2")
    in_week = [each.now for each in (await look(gym)).columns]
    assert [now and (now.time, now.classes) for now in in_week] == [("08:00", "h8 m0"), *[None] * 6]
    by_room = [each.now for each in (await look(gym, day(Shown.ROOMS, MONDAY))).columns]
    assert [now and now.time for now in by_room] == ["08:00", ""]


async def test_rooms_and_instructors_are_columns_of_a_day(gym: Gym) -> None:
    on = await week(gym)
    thursday, tuesday = MONDAY + timedelta(days=3), MONDAY + timedelta(days=1)
    rooms = await look(gym, day(Shown.ROOMS, thursday))
    assert [(each.head, len(each.slots)) for each in rooms.columns] == [
        ("Saal 1", 3),
        ("Radraum", 0),
        ("Without a room", 1),
    ]
    assert {each.where for each in rooms.columns[0].slots} == {""}
    people = await look(gym, day(Shown.INSTRUCTORS, tuesday))
    assert [(each.head, len(each.slots)) for each in people.columns] == [
        ("Tarek T.", 1),
        ("Nobody yet", 1),
    ]
    one, other = on.clashing
    [clash] = rooms.clashes
    assert clash.text == "Saal 1 twice, 17:20 to 18:00:"
    assert [(each.label, each.href) for each in clash.slots] == [
        ("17:00 Yoga", f"slots/{one}"),
        ("17:20 Spin", f"slots/{other}"),
    ]


async def test_studios_stand_side_by_side_each_by_its_own_clock(gym: Gym) -> None:
    await gym.slot("spin", at="18:00")
    new_york = zone_of("America/New_York")
    other = await gym.studio("new-york", zone="America/New_York")
    ride = await gym.klass("ride", studio_id=other)
    await gym.slot(ride, at="18:00", studio_id=other, zone=new_york)
    view = await look(gym, day(Shown.DAY, MONDAY), studios=("berlin", "new-york"))
    assert [each.head for each in view.columns] == ["Studio Berlin", "Studio New-York"]
    assert [each.time for each in slots(view)] == ["18:00", "18:00"]
    assert [each.now and each.now.time for each in view.columns] == ["08:00", "02:00"]


async def test_an_instructor_who_is_needed_in_another_studio_clashes(gym: Gym) -> None:
    ina = await gym.employee()
    here = await gym.slot("spin", at="18:00")
    other = await gym.studio("potsdam")
    ride = await gym.klass("ride", studio_id=other)
    there = await gym.slot(ride, at="18:30", studio_id=other)
    for each in (here, there):
        await gym.gives(each, ina)
    assert signs(await look(gym), here) == [("stop", "clash", "")]


async def test_filters_leave_out_and_say_so(gym: Gym) -> None:
    on = await week(gym)

    async def left(**chosen: Any) -> set[int]:
        return set(labels(await look(gym, replace(WEEK, **chosen))))

    assert await left(room=on.cellar) == {on.full}
    assert await left(instructor=on.tarek) == {on.covered}
    assert await left(category="Ausdauer", room=on.hall) == {on.clashing[1]}
    assert await left(class_id=gym.classes["open"]) == {on.shown_only}
    assert await left(text="koerper SAAL") == {on.plain, on.pinned, on.clashing[0]}
    assert await left(given_by=on.ina) == {on.plain}
    nothing = await look(gym, replace(WEEK, room=on.cellar, text="yoga"))
    assert nothing.empty == "Nothing that is on in this time fits the filter."
    assert [each.label for each in nothing.filters] == ["Radraum", "“yoga”"]


def test_lanes() -> None:
    assert lanes([]) == []
    assert lanes([(0, 60), (60, 120)]) == [(0, 1), (0, 1)]
    assert lanes([(0, 60), (30, 90), (60, 120), (120, 150)]) == [(0, 2), (1, 2), (0, 2), (0, 1)]
    assert lanes([(0, 90), (10, 20), (30, 40), (35, 50)]) == [(0, 3), (1, 3), (1, 3), (2, 3)]


# --- The address --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("timetable?day=2026-02-30", "2026-03-02"),
        ("timetable?day=9999-12-31", "2026-03-02"),
        ("timetable?show=month", "week, day, rooms, instructors"),
        ("timetable?room=saal", "1 … 9223372036854775807"),
        ("timetable?room=77", "Every room"),
        ("timetable?category=Ringen", "Every category"),
    ],
)
async def test_what_can_not_be_read_is_told(console: Console, address: str, said: str) -> None:
    answer = await console.ask(address, console.member())
    assert answer.status_code == 400
    assert said in answer.text


async def test_weeks_begin_by_the_language(console: Console) -> None:
    european = await console.ask("timetable?day=2026-03-04", console.member())
    american = await console.ask("timetable?day=2026-03-04", console.member(language="en-US"))
    assert european.text.index("Mon 2") < european.text.index("Sun 8")
    assert american.text.index("Sun 1") < american.text.index("Sat 7")
    assert "Sun 8" not in american.text


async def test_an_instructor_sees_the_slots_that_they_give(console: Console) -> None:
    on = await week(console.gym)
    member = console.member(Role.INSTRUCTOR, employee_id=on.ina)
    seen = (await console.ask("timetable", member)).text
    assert f'href="./slots/{on.plain}"' in seen
    assert f'href="./slots/{on.covered}"' not in seen
    nobody = console.member(Role.INSTRUCTOR, employee_id=None)
    assert "slots/" not in (await console.ask("timetable", nobody)).text


async def test_somebody_without_a_studio_is_told_so(console: Console) -> None:
    answer = await console.ask("timetable", console.member(studios=[]))
    assert answer.status_code == 403


# --- In a browser -------------------------------------------------------------------------------


@pytest.fixture
async def on(served: Console) -> Week:
    return await week(served.gym)


async def test_what_keeps_people_from_using_it_would_be_found(
    served: Console, open_tab: OpenTab
) -> None:
    tab = await open_tab(served.member())
    await tab.goto("timetable")
    await tab.page.evaluate("document.querySelector('#find').labels[0].remove()")
    await tab.page.evaluate("document.querySelector('#find').placeholder = ''")
    assert [each.split(": ")[1] for each in await tab.barriers(["dark"])] == ["label"]
    await tab.goto("timetable")
    assert await tab.barriers(["dark"]) == []
    await tab.page.evaluate("document.querySelector('h1').style.color = '#333'")
    assert [each.split(": ")[1] for each in await tab.barriers(["dark"])] == ["color-contrast"]


async def test_on_a_wide_screen_a_slot_stands_at_its_time_and_on_a_phone_in_a_list(
    served: Console, on: Week, open_tab: OpenTab
) -> None:
    tab = await open_tab(served.member())
    await tab.goto("timetable")
    plain = tab.page.get_by_role("link", name="Yoga, Monday 18:00 to 19:00")
    full = tab.page.get_by_role("link", name="Spin, Monday 18:30 to 19:15")
    hour = tab.page.locator(".hours .h18")
    boxes = [await each.bounding_box() for each in (plain, full, hour)]
    at_six, at_half_past, mark = (each or {} for each in boxes)
    assert abs(at_six["y"] - (mark["y"] + mark["height"] / 2)) < 3
    assert at_half_past["x"] > at_six["x"] + at_six["width"] - 1
    assert at_half_past["y"] > at_six["y"] + 10
    drawn = "(slot) => getComputedStyle(slot).backgroundSize"
    assert [await each.evaluate(drawn) for each in (plain, full)] == ["0% 2px", "100% 2px"]
    # What is said of one slot alone, so that all of them can be styled alike.
    of_a_part = "(slot) => getComputedStyle(slot.firstElementChild).getPropertyValue('--h')"
    assert await full.evaluate(of_a_part) == ""
    await tab.size(PHONE)
    listed = [await each.bounding_box() for each in (plain, full)]
    above, below = (each or {} for each in listed)
    assert above["x"] == below["x"]
    assert above["y"] + above["height"] <= below["y"]
    await tab.size(DESK)


async def test_keys_move_through_time(served: Console, on: Week, open_tab: OpenTab) -> None:
    tab = await open_tab(served.member())
    await tab.goto("timetable")
    await tab.page.keyboard.press("ArrowRight")
    await expect(tab.page.get_by_role("heading", level=1)).to_contain_text("9–15 Mar")
    await tab.page.keyboard.press("t")
    await expect(tab.page.get_by_role("heading", level=1)).to_contain_text("2–8 Mar")
    await tab.page.keyboard.press("/")
    await expect(tab.page.get_by_role("combobox", name="Find")).to_be_focused()
    await tab.page.keyboard.type("radraum")
    await tab.page.keyboard.press("Enter")
    await tab.page.wait_for_url("**/find?q=radraum")


async def test_it_works_without_a_script(served: Console, on: Week, open_tab: OpenTab) -> None:
    tab = await open_tab(served.member(), java_script_enabled=False)
    await tab.goto("timetable")
    await tab.page.locator(".filters > summary").click()
    await tab.page.get_by_label("Room", exact=True).select_option("Radraum")
    await tab.page.get_by_role("button", name="Show").click()
    assert tab.at == f"timetable?room={on.cellar}&instructor=&category=&class="
    await expect(tab.page.locator(".slot")).to_have_count(1)
    await tab.page.get_by_role("link", name="Without the filter Radraum").click()
    await expect(tab.page.locator(".slot")).to_have_count(9)


async def test_a_week_is_one_sheet_of_paper(served: Console, on: Week, open_tab: OpenTab) -> None:
    tab = await open_tab(served.member())
    await tab.goto("timetable")
    paper = await tab.page.pdf(prefer_css_page_size=True)
    assert paper.count(b"/Type /Page\n") == 1
