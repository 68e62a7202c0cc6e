"""One box finds people, classes, slots and days; and leads there at once where there is no doubt."""

from __future__ import annotations

import re
from datetime import date, time

import pytest

from kursplan.console.find.typed import Typed, typed
from kursplan.console.words import words
from kursplan.domain.accounts import Role
from tests.console.conftest import OpenTab
from tests.console.desk import Console
from tests.console.people import people

TUESDAY = date(2026, 3, 3)
LINK = re.compile(r'<a class="row found" href="\.?/?(?:\./)?([^"]+)"')


# --- What is typed ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "text", "days"),
    [
        ("en", "8.6.", ["2026-06-08"]),
        ("en", "8.11.", ["2025-11-08"]),
        ("en", "8/6", ["2026-06-08"]),
        ("en-US", "6/8", ["2026-06-08"]),
        ("en", "2026-06-08", ["2026-06-08"]),
        ("en", "8.6.27", ["2027-06-08"]),
        ("en", "monday", ["2026-03-09", "2026-03-02"]),
        ("en", "tue", ["2026-03-03", "2026-02-24"]),
        ("de", "Mo.", ["2026-03-09", "2026-03-02"]),
        ("de", "Donnerstag", ["2026-03-05", "2026-02-26"]),
        ("de", "monday", ["2026-03-09", "2026-03-02"]),
        ("de", "morgen", ["2026-03-04"]),
        ("en", "yesterday", ["2026-03-02"]),
        ("en", "t", []),
        ("en", "30.2.", []),
        ("en", "99.99.", []),
        ("en", "0001-01-01", []),
    ],
)
def test_days_are_understood_as_people_write_them(
    language: str, text: str, days: list[str]
) -> None:
    assert [str(each) for each in typed(words(language), text, TUESDAY).days] == days


def test_a_class_a_day_and_a_time_are_told_apart() -> None:
    found = typed(words("de"), "vinyasa mo 18", TUESDAY)
    assert (found.words, found.hour, found.exact) == (("vinyasa",), time(18), False)
    assert found.fits(time(18, 30))
    assert not found.fits(time(19))
    exact = typed(words("en"), "mon 18:30", TUESDAY)
    assert (exact.words, exact.fits(time(18, 30)), exact.fits(time(18))) == ((), True, False)
    # A number alone is whatever a scanner has read.
    assert typed(words("en"), "18", TUESDAY) == Typed("18", (), None, False, ("18",))


# --- What is found ------------------------------------------------------------------------------


async def found(console: Console, text: str, role: Role = Role.FRONT_DESK) -> list[str]:
    answer = await console.ask(f"find?q={text}", console.member(role))
    assert answer.status_code == 200, answer.headers
    return LINK.findall(answer.text)


async def test_parts_find_people_classes_slots_and_days(console: Console) -> None:
    on = await people(console.gym)
    assert await found(console, "dahl") == [
        f"customers/{each}" for each in (on.zoe, on.dahlke, on.zora)
    ]
    day = "timetable?show=day&amp;day=2026-06-08&amp;studio=berlin"
    assert await found(console, "8.6.") == [day, f"customers/{on.zoe}", f"customers/{on.zora}"]
    boxing = await found(console, "boxen mon 20")
    assert boxing[0] == f"slots/{on.free_slot}"
    assert boxing[1].startswith("timetable?studio=berlin&amp;class=")
    assert boxing[2].startswith("timetable?show=day&amp;day=2026-03-02")
    assert (await found(console, "mon 12:00"))[0] == f"slots/{on.full_slot}"


async def test_a_number_and_what_fits_one_person_lead_to_them(console: Console) -> None:
    on = await people(console.gym)
    for text in ("B0083", "%20B0083%20", "dahl zo 83", "0151 222"):
        answer = await console.ask(f"find?q={text}", console.member(Role.FRONT_DESK))
        assert (answer.status_code, answer.headers["location"]) == (303, f"./customers/{on.zoe}")


async def test_nothing_is_found_in_words_and_somebody_new_has_that_name(console: Console) -> None:
    await people(console.gym)
    answer = await console.ask("find?q=Xaver%20Quandt", console.member(language="de"))
    assert "Zu allen diesen Wörtern passt niemand und nichts." in answer.text
    assert "customers/new?name=Xaver+Quandt" in answer.text
    empty = await console.ask("customers", console.member())
    assert "A scanned number leads to its customer." in empty.text
    hostile = await console.ask("find?q=%3Cscript%3E" + "x" * 5000, console.member())
    assert (hostile.status_code, "<script>x" in hostile.text) == (200, False)
    unseen = await console.ask("find?q=da%00hl", console.member())
    assert unseen.status_code == 400


async def test_instructors_find_classes_and_days_and_no_customers(console: Console) -> None:
    gym = console.gym
    await people(gym)
    ina = await gym.employee()
    member = console.member(Role.INSTRUCTOR, employee_id=ina)
    for text in ("dahl", "B0083", "boxen"):
        answer = await console.ask(f"find?q={text}", member)
        assert answer.status_code == 200
        assert "customers/" not in answer.text
    assert (await console.ask("customers", member)).status_code == 403


async def test_people_of_other_studios_are_not_found(console: Console) -> None:
    gym = console.gym
    there = await gym.studio("potsdam")
    other = await gym.customer("Gesa", last_name="Fremd", number="P1", studio_id=there)
    assert await found(console, "gesa") == []
    assert await found(console, "P1") == []
    answer = await console.ask("find?q=P1", console.member(Role.OWNER))
    assert answer.headers["location"] == f"./customers/{other}"


# --- In a browser -------------------------------------------------------------------------------


async def test_a_scanner_types_and_presses_enter(served: Console, open_tab: OpenTab) -> None:
    """With a script the key `/` leads to the box from wherever one is; without one it is tabbed to."""
    on = await people(served.gym)
    for script in (True, False):
        tab = await open_tab(served.member(), java_script_enabled=script)
        await tab.goto("timetable")
        if script:
            await tab.page.keyboard.press("/")
        else:
            await tab.page.locator("#find").focus()
        await tab.page.keyboard.type("B0083")
        await tab.page.keyboard.press("Enter")
        await tab.page.wait_for_url(f"**/customers/{on.zoe}")
        assert await tab.page.locator("h1").inner_text() == "Zoe Dahl"
