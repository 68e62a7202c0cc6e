"""The front desk: which class is open, who is ticked and how, what needs a person; also with the line cut."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from playwright.async_api import expect
from sqlalchemy import select

from kursplan.domain.accounts import Role
from kursplan.domain.bookings import BookingStatus, Participation
from kursplan.domain.contingents import Period
from kursplan.domain.slots import SlotStatus
from kursplan.domain.webhooks import Disabled
from kursplan.store import tables
from tests.console.browser import PHONE
from tests.console.conftest import OpenTab
from tests.console.desk import Console
from tests.console.week import week
from tests.gym import MONDAY, Gym

HERE, MISSING, UNSET = (
    Participation.PARTICIPATING,
    Participation.NOT_PARTICIPATING,
    Participation.UNSET,
)
TABLET = {"width": 820, "height": 1180}


async def a_class(gym: Gym, people: int = 3) -> tuple[int, list[int]]:
    """It is 08:00, and begins in a quarter of an hour; the slot, and the bookings of those who come."""
    slot_id = await gym.slot("spin", at="08:15", seats=12)
    names = ("Ada", "Bea", "Cem", "Dana", "Emil")[:people]
    bookings = [(await gym.booked(await gym.customer(each), slot_id)).booking_id for each in names]
    return slot_id, bookings


async def marks(gym: Gym, bookings: list[int]) -> list[Participation]:
    return [(await gym.booking_now(each)).participation for each in bookings]


def text_of(answer: httpx.Response) -> str:
    """What stands on the page, without its elements."""
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text))


def needs(answer: httpx.Response) -> list[str]:
    """Each kind with its number, and what is named of it."""
    found = re.findall(r'<div class="need">(.*?)</div>', answer.text, re.DOTALL)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", each)).strip() for each in found]


# --- Which class is open ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("starts", "nearest"),
    [
        (("06:00", "08:10", "09:00"), "08:10"),
        (("07:30", "08:29"), "08:29"),
        (("07:40", "08:29"), "07:40"),
        (("05:00", "06:00"), "06:00"),
        (("17:00",), "17:00"),
    ],
)
async def test_the_class_that_is_nearest_to_now_is_open(
    console: Console, starts: tuple[str, ...], nearest: str
) -> None:
    """It is 08:00; classes last an hour."""
    for each in starts:
        await console.gym.slot("spin", at=each)
    answer = await console.ask("today", console.member())
    assert f'<span class="at">{nearest}</span>' in answer.text


async def test_a_cancelled_class_is_shown_and_not_opened(console: Console) -> None:
    gym = console.gym
    cancelled = await gym.slot("spin", at="08:05", status=SlotStatus.CANCELED)
    await gym.slot("yoga", at="10:00")
    answer = await console.ask("today", console.member())
    assert '<span class="at">10:00</span>' in answer.text
    opened = await console.ask(f"today?slot={cancelled}", console.member())
    assert "This class is cancelled." in opened.text
    assert "data-tick" not in opened.text


async def test_the_day_is_told_in_one_line_and_in_their_language(console: Console) -> None:
    await a_class(console.gym)
    assert "1 class, 3 booked" in text_of(await console.ask("today", console.member()))
    german = text_of(await console.ask("today", console.member(language="de")))
    assert "1 Kurs, 3 gebucht" in german
    assert "beginnt in 15 Minuten" in german


async def test_another_day_has_its_classes_and_is_not_live(console: Console) -> None:
    on = await week(console.gym)
    thursday = MONDAY + timedelta(days=3)
    answer = await console.ask(f"today?day={thursday}&slot={on.pinned}", console.member())
    assert '<span class="at">10:00</span>' in answer.text
    assert "data-live-at" not in answer.text
    assert (await console.ask(f"today?slot={on.pinned}", console.member())).status_code == 404


async def test_instructors_see_the_classes_that_they_give_and_only_tick(console: Console) -> None:
    gym = console.gym
    ina = await gym.employee()
    slot_id, _ = await a_class(gym)
    await gym.slot("yoga", at="08:15")
    await gym.gives(slot_id, ina)
    answer = await console.ask("today", console.member(Role.INSTRUCTOR, employee_id=ina))
    assert "1 class, 3 booked" in text_of(answer)
    assert answer.text.count("data-tick") == 3
    for each in ("Needs a person", "Walk-ins", 'id="add"', "Instructor is ill"):
        assert each not in answer.text


# --- What needs a person ------------------------------------------------------------------------


async def test_what_needs_a_person(console: Console) -> None:
    gym = console.gym
    on = await week(gym)
    over = await gym.slot("row", at="19:00", seats=1, additional_participants=2)
    free = await gym.slot("box", at="20:00", seats=2)
    await gym.set(tables.slot, free, waiting=1)
    confirm = await gym.klass("stand", confirmation="1 DAY", latest_cancellation="1 DAY")
    lapses = await gym.slot(confirm, at="10:00", day=MONDAY + timedelta(days=2))
    await gym.booked(await gym.customer("Lea"), lapses)
    for each in (over, free, lapses, on.pinned, on.full, *on.clashing):
        await gym.gives(each, on.tarek)
    answer = await console.ask("today", console.member())
    found = needs(answer)
    assert found[1:3] == [
        "1 Flagged bookings Spin Sat 7 11:05",
        "1 Over capacity Row 19:00, 2 of 1",
    ]
    assert found[0] == (
        "3 Twice at the same time Tarek T. 19:00 Tarek T. Thu 5 17:20 Saal 1 Thu 5 17:20"
    )
    [frida] = await gym.on_slot(on.flagged)
    assert f'href="./slots/{on.flagged}#b{frida.id}"' in answer.text, "to the one in question"
    slot = await console.ask(f"slots/{on.flagged}", console.member())
    assert f'id="b{frida.id}"' in slot.text
    assert [each for each in found if "Instructor missing" in each] == [
        "2 Instructor missing Open Thu 5 13:00 Spin Sat 7 11:05"
    ]
    assert "1 To be confirmed soon Stand Wed 4 10:00, until Tue 3 23:59" in found
    assert "1 A seat is free, and somebody waits Box 20:00, 1 waiting" in found


async def test_all_of_one_kind_stand_on_a_page_of_their_own(console: Console) -> None:
    gym = console.gym
    for hour in range(10, 15):
        await gym.slot("spin", at=f"{hour}:00")
    today = await console.ask("today", console.member())
    [more] = re.findall(r'href="\./(needs[^"]*no-instructor)">and 2 more<', today.text)
    every = await console.ask(more.replace("&amp;", "&"), console.member())
    assert "Instructor missing 5" in text_of(every)
    assert len(re.findall(r'class="row found" href="\./slots/\d+"', every.text)) == 5
    assert "Nearly empty 5" in text_of(every)
    nothing = await console.ask("needs?of=twice", console.member())
    assert "Nothing of this is left." in text_of(nothing)
    assert (await console.ask("needs?of=all", console.member())).status_code == 400


async def test_partners_that_are_told_nothing_are_for_those_who_plan(console: Console) -> None:
    gym = console.gym
    assert "Nothing. All is well." in text_of(await console.ask("today", console.member()))
    await gym.key()
    integration_id = await gym.database.read(
        lambda tx: tx.execute(select(tables.integration.c.id)).scalar_one()
    )
    await gym.insert(
        tables.webhook_endpoint,
        integration_id=integration_id,
        key="hook",
        url="https://partner.example/hook?token=1",
        is_default=True,
        secret="whsec_x",
        created_at=gym.now,
        disabled=Disabled.GONE,
        disabled_at=gym.now,
    )
    manager = await console.ask("today", console.member())
    assert needs(manager) == ["1 Partners are told nothing any more https://partner.example/hook"]
    desk = await console.ask("today", console.member(Role.FRONT_DESK))
    assert needs(desk) == []


# --- Ticks --------------------------------------------------------------------------------------


async def test_the_rest_took_part_fills_only_what_is_not_ticked(console: Console) -> None:
    gym = console.gym
    slot_id, bookings = await a_class(gym)
    await gym.note(bookings[1], MISSING)
    answer = await console.send(f"slots/{slot_id}/the-rest", console.member())
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"../../today?studio=berlin&slot={slot_id}",
    )
    assert await marks(gym, bookings) == [HERE, MISSING, HERE]


async def test_who_came_without_a_booking_is_counted(console: Console) -> None:
    gym = console.gym
    slot_id, _ = await a_class(gym)
    member, to = console.member(), f"slots/{slot_id}/places"
    back = f"today?studio=berlin&slot={slot_id}"
    one_more = {"was-walk-ins": 0, "walk-ins": 1, "back": back}
    first = await console.send(to, member, one_more)
    assert first.headers["location"].startswith(f"../../{back}&done=")
    assert (await gym.slot_now(slot_id)).additional_participants == 1
    # Pressed twice it is done once; at another counter it may be somebody else who came.
    twice = await console.send(to, member, one_more)
    assert twice.headers["location"] == f"{first.headers['location']}&again=yes"
    stale = await console.send(to, replace(member, account_id=2), one_more)
    assert stale.headers["location"] == f"../../{back}&said=changed"
    assert (await gym.slot_now(slot_id)).additional_participants == 1
    await console.send(to, member, {"was-walk-ins": 1, "walk-ins": 0})
    assert (await gym.slot_now(slot_id)).additional_participants == 0


async def test_how_many_are_left_is_said_of_each_at_the_desk_and_on_the_slot(
    console: Console,
) -> None:
    gym = console.gym
    await gym.klass("spin", uses_contingent=True)
    slot_id = await gym.slot("spin", at="08:15")
    flex = await gym.rate("flex", grants={Period.MONTH: 10, Period.YEAR: 200})
    open_end = await gym.rate("premium", grants={Period.MONTH: None})
    for name, rate in (("Ada", flex), ("Bea", open_end)):
        customer = await gym.customer(name)
        await gym.membership(customer, rate)
        await gym.booked(customer, slot_id)
    for path in ("today", f"slots/{slot_id}"):
        found = text_of(await console.ask(path, console.member()))
        assert "Flex · 9 of 10 left" in found
        assert "Premium ·" not in found
    german = text_of(await console.ask("today", console.member(language="de")))
    assert "Flex · 9 von 10 übrig" in german


async def test_a_tick_that_was_overtaken_undoes_nothing(console: Console) -> None:
    """Kept while the line was cut, it says what it was made upon; the answer says what is there now."""
    gym = console.gym
    _, [booking, *_] = await a_class(gym)
    member, to = console.member(), f"bookings/{booking}/participation"

    async def send(mark: Participation, shown: str) -> httpx.Response:
        form = {"participation": mark, "shown": shown, "back": f"today?slot=1#b{booking}"}
        return await console.send(to, member, form, accept="application/json")

    assert (await send(HERE, UNSET)).json() == {"participation": HERE}
    again = await send(HERE, UNSET)
    assert (again.status_code, again.json()) == (200, {"participation": HERE})
    late = await send(MISSING, UNSET)
    assert (late.status_code, late.json()) == (200, {"participation": HERE})
    assert await marks(gym, [booking]) == [HERE]
    # Whoever ticked both, and lost the answer to the first, knows both.
    assert (await send(MISSING, f"{UNSET} {HERE}")).json() == {"participation": MISSING}
    form = {"participation": HERE, "shown": UNSET, "back": f"today?slot=1#b{booking}"}
    without_script = await console.send(to, member, form)
    assert without_script.headers["location"] == f"../../today?slot=1&said=changed#b{booking}"
    assert await marks(gym, [booking]) == [MISSING]


async def test_why_a_tick_is_refused_is_said_to_the_script(console: Console) -> None:
    gym = console.gym
    slot_id = await gym.slot("spin", at="18:00")
    booked = await gym.booked(await gym.customer(), slot_id)
    answer = await console.send(
        f"bookings/{booked.booking_id}/participation",
        console.member(),
        {"participation": HERE, "shown": UNSET},
        accept="application/json",
    )
    assert answer.status_code == 409
    assert "17:30" in answer.json()["refused"]


async def test_one_less_without_a_booking_lets_the_first_one_up_who_is_then_told(
    console: Console,
) -> None:
    gym = console.gym
    slot_id = await gym.slot("spin", at="18:00", seats=1, additional_participants=1)
    waits = await gym.booked(await gym.customer("Lea"), slot_id)
    assert waits.status is BookingStatus.WAITING_LIST
    member = console.member()
    page = await console.ask("today", member)
    assert f'action="./bookings/{waits.booking_id}/move-up"' in page.text
    form = {"was-walk-ins": 1, "walk-ins": 0}
    done = await console.send(f"slots/{slot_id}/places", member, form)
    assert (await gym.booking_now(waits.booking_id)).status is BookingStatus.BOOKED
    told = await console.ask(done.headers["location"].removeprefix("../../"), member)
    assert "Lea Mustermann" in told.text


# --- In a browser -------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
async def test_a_tick_that_is_pressed_again_is_none(
    served: Console, open_tab: OpenTab, script: bool
) -> None:
    gym = served.gym
    _, bookings = await a_class(gym)
    for each in bookings:
        await gym.note(each, HERE)
    tab = await open_tab(served.member(Role.FRONT_DESK), java_script_enabled=script)
    await tab.goto("")
    page = tab.page
    await expect(page.locator("#rest")).to_have_count(0)
    await page.click(f"#here-{bookings[1]}")
    await expect(page.locator(f"#here-{bookings[1]}")).to_have_attribute("aria-pressed", "false")
    await expect(page.locator(".is-here")).to_have_count(2)
    await expect(page.locator("#rest")).to_have_count(1)
    assert await marks(gym, bookings) == [HERE, UNSET, HERE]


async def test_ticks_survive_a_lost_line_and_a_page_that_is_loaded_anew(
    served: Console, open_tab: OpenTab
) -> None:
    gym = served.gym
    _, bookings = await a_class(gym)
    tab = await open_tab(served.member(Role.FRONT_DESK))
    tab.expects("ERR_INTERNET_DISCONNECTED")
    await tab.goto("today")
    page = tab.page
    await tab.context.set_offline(True)
    await page.click(f"#here-{bookings[0]}")
    await page.click(f"#missing-{bookings[1]}")
    await page.click(f"#here-{bookings[2]}")
    await expect(page.locator("[data-unsent]")).to_be_visible()
    await expect(page.locator(".unsent:visible")).to_have_count(3)
    await expect(page.locator(f"#missing-{bookings[1]}")).to_have_attribute("aria-pressed", "true")
    assert await marks(gym, bookings) == [UNSET, UNSET, UNSET]
    # Meanwhile somebody at another counter has noted one of them otherwise.
    await gym.note(bookings[2], MISSING)
    await tab.context.set_offline(False)
    await expect(page.locator(".unsent:visible")).to_have_count(0)
    await expect(page.locator("[data-unsent]")).to_be_hidden()
    await expect(page.locator("[data-overtaken]")).to_contain_text("Cem Mustermann")
    await expect(page.locator(f"#missing-{bookings[2]}")).to_have_attribute("aria-pressed", "true")
    assert await marks(gym, bookings) == [HERE, MISSING, MISSING]
    assert await page.evaluate("localStorage.length") == 0


async def test_what_was_not_sent_is_sent_by_the_next_page(
    served: Console, open_tab: OpenTab
) -> None:
    gym = served.gym
    _, bookings = await a_class(gym)
    tab = await open_tab(served.member(Role.FRONT_DESK))
    tab.expects("ERR_FAILED")
    await tab.goto("today")
    page = tab.page
    await page.route("**/participation", lambda route: route.abort())
    await page.click(f"#here-{bookings[0]}")
    await expect(page.locator(".unsent:visible")).to_have_count(1)
    await page.unroute("**/participation")
    await tab.goto("today")
    await expect(page.locator(f"#here-{bookings[0]}")).to_have_attribute("aria-pressed", "true")
    await expect(page.locator(".unsent:visible")).to_have_count(0)
    assert await marks(gym, bookings) == [HERE, UNSET, UNSET]


async def test_two_counters_see_each_others_ticks(served: Console, open_tab: OpenTab) -> None:
    gym = served.gym
    _, bookings = await a_class(gym)
    one = await open_tab(served.member(Role.FRONT_DESK))
    other = await open_tab(served.member(Role.FRONT_DESK))
    for tab in (one, other):
        await tab.goto("today")
    await one.page.click(f"#here-{bookings[0]}")
    await expect(other.page.locator(f"#here-{bookings[0]}")).to_have_attribute(
        "aria-pressed", "true"
    )


async def test_by_day_and_by_night_on_a_desk_a_tablet_and_a_phone(
    served: Console, open_tab: OpenTab
) -> None:
    gym = served.gym
    on = await week(gym)
    slot_id, bookings = await a_class(gym)
    await gym.note(bookings[0], HERE)
    await gym.note(bookings[1], MISSING)
    tab = await open_tab(served.member())
    await tab.goto("today")
    assert await tab.barriers() == []
    for size in (TABLET, PHONE):
        await tab.size(size)
        assert await tab.wider_than_it_should() == 0
    assert await tab.barriers(("light",)) == []
    await tab.goto(f"today?slot={on.full}")
    assert await tab.barriers(("dark",)) == []
    # One hand, one thumb.
    await tab.goto(f"today?slot={slot_id}")
    for kind in ("here", "missing"):
        box = await tab.page.locator(f"#{kind}-{bookings[2]}").bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
