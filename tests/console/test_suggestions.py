"""While somebody types, the first few that fit are shown below the field: found by the same rules, asked for in a form.

A scanner that types a number and Enter is looked at in `test_find.py`.
"""

from __future__ import annotations

import asyncio
import re
from html import unescape

import pytest
from playwright.async_api import Locator, Page, Request, Route, expect
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message

from kursplan.console.find import in_turn
from kursplan.console.routes import Page as Row
from kursplan.console.site import site
from kursplan.console.visit import SUGGESTED_AT_ONCE, Visit
from kursplan.domain.accounts import Role
from tests.console.browser import PHONE
from tests.console.conftest import OpenTab
from tests.console.desk import Console
from tests.console.people import people

OPTION = re.compile(r'<a role="option" tabindex="-1" href="(?:\.\./)*([^"]+)"')
BOOKABLE = re.compile(r'<button role="option"[^>]* name="customer" value="(\d+)"')


async def suggested(console: Console, text: str, role: Role = Role.FRONT_DESK) -> list[str]:
    answer = await console.send("find/suggestions", console.member(role), {"q": text})
    assert answer.status_code == 200, answer.text
    return [unescape(each) for each in OPTION.findall(answer.text)]


# --- What is suggested --------------------------------------------------------------------------


async def test_the_first_few_of_each_kind_are_those_that_the_page_finds(console: Console) -> None:
    gym = console.gym
    on = await people(gym)
    assert await suggested(console, "dahl") == [
        f"customers/{each}" for each in (on.zoe, on.dahlke, on.zora)
    ]
    assert (await suggested(console, "boxen mon 20"))[0] == f"slots/{on.free_slot}"
    day = "timetable?show=day&day=2026-06-08&studio=berlin"
    assert (await suggested(console, "8.6."))[0] == day
    # A number says whose it is, and Enter leads there: nothing is done while it is typed.
    assert await suggested(console, "B0083") == [f"customers/{on.zoe}"]
    for _ in range(9):
        await gym.customer("Kim", last_name="Quist")
    assert len(await suggested(console, "quist")) == 6
    nothing = await console.send("find/suggestions", console.member(), {"q": "xyz"})
    assert "Nobody and nothing fits." in nothing.text
    assert 'role="listbox"' not in nothing.text


async def test_nobody_is_suggested_who_may_not_be_seen(console: Console) -> None:
    gym = console.gym
    there = await gym.studio("potsdam")
    await gym.customer("Gesa", last_name="Fremd", number="P1", studio_id=there)
    own = await gym.customer("Gesa", last_name="Hiesig")
    slot = await gym.slot("spin")
    assert await suggested(console, "gesa") == [f"customers/{own}"]
    assert await suggested(console, "gesa", Role.INSTRUCTOR) == []
    desk = console.member(Role.FRONT_DESK)
    answer = await console.send(f"slots/{slot}/suggestions", desk, {"q": "gesa"})
    assert BOOKABLE.findall(answer.text) == [str(own)]


async def test_what_is_typed_is_no_part_of_an_address_and_needs_a_page_of_ours(
    console: Console,
) -> None:
    """Proxies write addresses down, and caches keep what comes from them."""
    slot = await console.gym.slot("spin")
    desk = console.member(Role.FRONT_DESK)
    for path in ("find/suggestions", f"slots/{slot}/suggestions"):
        assert (await console.ask(f"{path}?q=dahl", desk)).status_code == 405
        assert (await console.ask(path, desk, "POST")).status_code == 400
        answer = await console.send(path, desk, {"q": "dahl"})
        assert answer.headers["cache-control"] == "no-store"


async def test_who_is_on_the_slot_is_not_booked_again(console: Console) -> None:
    gym = console.gym
    slot = await gym.slot("spin", seats=1)
    anna, ben, cora = [await gym.customer(each) for each in ("Anna", "Ben", "Cora")]
    await gym.booked(anna, slot)
    await gym.booked(ben, slot)
    desk = console.member(Role.FRONT_DESK)
    typed = await console.send(f"slots/{slot}/suggestions", desk, {"q": "muster"})
    looked = await console.ask(f"slots/{slot}/book?who=muster", desk)
    for answer in (typed, looked):
        assert re.findall(r'name="customer" value="(\d+)"', answer.text) == [str(cora)]
        assert "Has a seat there" in answer.text
        assert "Waits there" in answer.text


async def test_who_has_typed_on_is_looked_for_no_more(console: Console) -> None:
    """A look goes through all customers: so many are had at once, others wait, and who has left costs none."""
    inside, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def look() -> Response:
        inside.release()
        await go_on.wait()
        return PlainTextResponse("found")

    async def handler(visit: Visit) -> Response:
        await visit.request.body()
        return await in_turn(visit, look)

    application = site(console.services(), [Row("look", ("POST",), None, None, handler)])
    first = [
        asyncio.create_task(_status(application, leaves=False)) for _ in range(SUGGESTED_AT_ONCE)
    ]
    for _ in first:
        await inside.acquire()
    left = asyncio.create_task(_status(application, leaves=True))
    stays = asyncio.create_task(_status(application, leaves=False))
    await asyncio.sleep(0)
    go_on.set()
    assert await left == 204
    assert await asyncio.gather(stays, *first) == [200] * (SUGGESTED_AT_ONCE + 1)
    # Those who stayed were looked for, and nobody else.
    await inside.acquire()
    assert inside.locked()


async def _status(application: ASGIApp, *, leaves: bool) -> int:
    """Of the answer to somebody who waits for it, or does not any more."""
    found: list[int] = []
    body: list[Message] = [{"type": "http.request", "body": b"q=da"}]

    async def receive() -> Message:
        if body:
            return body.pop()
        if not leaves:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        found.extend([message["status"]] if "status" in message else [])

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/console/look",
        "root_path": "/console",
        "query_string": b"",
        "headers": [],
    }
    await application(scope, receive, send)
    return found[0]


# --- In a browser -------------------------------------------------------------------------------


def options(page: Page) -> Locator:
    """Those that are shown; a page has choices of other fields besides."""
    return page.locator("[role=option]:visible")


async def active(page: Page) -> str:
    """The suggestion that is chosen, as a screen reader is told of it."""
    found = await page.evaluate(
        "document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))"
        "?.innerText ?? ''"
    )
    return str(found).split("\n")[0].strip()


async def test_arrows_enter_and_escape(served: Console, open_tab: OpenTab) -> None:
    on = await people(served.gym)
    tab = await open_tab(served.member())
    page = tab.page
    await tab.goto("timetable")
    await page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Find people, classes, slots, days")
    await expect(field).to_have_attribute("aria-expanded", "false")
    await page.keyboard.type("dahl")
    found = options(page)
    await expect(found).to_have_count(4)
    await expect(field).to_have_attribute("aria-expanded", "true")
    await expect(page.locator(".suggestions + [role=status]").first).to_have_text("3 suggestions")
    assert await tab.barriers() == []
    assert await active(page) == ""
    for key, name in (
        ("ArrowDown", "Zoe Dahl"),
        ("ArrowDown", "Kai Dahlke"),
        ("ArrowUp", "Zoe Dahl"),
        ("ArrowUp", ""),
        ("ArrowUp", "All that is found"),
        ("ArrowDown", ""),
        ("ArrowDown", "Zoe Dahl"),
    ):
        await page.keyboard.press(key)
        assert (await active(page)).startswith(name), key
        assert (await active(page) == "") == (name == ""), key
    await page.keyboard.press("Escape")
    await expect(found).to_have_count(0)
    await expect(field).to_have_value("dahl")
    await expect(field).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/customers/{on.dahlke}")


async def test_one_letter_asks_nothing_and_what_is_typed_on_asks_once(
    served: Console, open_tab: OpenTab
) -> None:
    await people(served.gym)
    tab = await open_tab(served.member())
    page = tab.page
    asked: list[str] = []

    def note(request: Request) -> None:
        if request.url.endswith("/suggestions"):
            asked.append(request.post_data or "")

    page.on("request", note)
    await page.clock.install()
    await tab.goto("customers")
    await page.locator("#find").focus()
    for text, questions in (("d", 0), ("da", 1), ("dah", 1), ("dahl", 1), ("-", 0)):
        await page.keyboard.press("ControlOrMeta+A")
        await page.keyboard.type(text)
        await page.clock.run_for(2_000)
        assert [each.partition("&")[0] for each in asked] == [f"q={text}"] * questions
        asked.clear()
        # Of what was typed before nothing is left.
        await page.keyboard.press("ArrowDown")
        await expect(options(page)).to_have_count({"da": 4, "dah": 4, "dahl": 4}.get(text, 0))
    await expect(options(page)).to_have_count(0)


async def test_a_slow_answer_does_not_take_the_place_of_a_newer_one(
    served: Console, open_tab: OpenTab
) -> None:
    await people(served.gym)
    tab = await open_tab(served.member())
    page = tab.page
    held: list[Route] = []
    arrived = asyncio.Event()

    async def hold(route: Route) -> None:
        if "q=dah&" not in (route.request.post_data or ""):
            await route.continue_()
            return
        held.append(route)
        arrived.set()

    await page.route("**/find/suggestions", hold)
    await tab.goto("timetable")
    await page.locator("#find").focus()
    await page.keyboard.type("dah")
    await arrived.wait()
    await page.keyboard.type("lm")
    found = options(page)
    await expect(found.first).to_contain_text("Zora Dahlmann")
    [slow] = held
    await slow.fulfill(content_type="text/html", body='<a role="option" href="x">too late</a>')
    # By the time that this has an answer, the slow one had come.
    await page.evaluate("fetch(location.href).then((answer) => answer.text())")
    await expect(found.first).to_contain_text("Zora Dahlmann")


@pytest.mark.parametrize("at", ["slots", "today"])
async def test_whom_to_book_is_suggested_and_one_choice_books(
    served: Console, open_tab: OpenTab, at: str
) -> None:
    """What is typed, and the list below it, stay while the page follows what others do."""
    gym = served.gym
    slot = await gym.slot("spin", at="08:15")
    zoe = await gym.customer("Zoe", last_name="Dahl")
    await gym.booked(await gym.customer("Anna", last_name="Dahlke"), slot)
    tab = await open_tab(served.member(Role.FRONT_DESK))
    page = tab.page
    await tab.goto(f"slots/{slot}" if at == "slots" else "today")
    await page.keyboard.press("a")
    await page.keyboard.type("dahl")
    found = options(page)
    await expect(found).to_have_count(3)
    assert await tab.barriers() == []
    await gym.booked(await gym.customer("Ben", last_name="Moor"), slot)
    await expect(page.locator(".people-table, .people")).to_contain_text("Ben Moor")
    await expect(page.locator("#add")).to_have_value("dahl")
    await expect(found).to_have_count(3)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**done=**")
    await expect(page.locator(".people-table, .people")).to_contain_text("Zoe Dahl")
    assert zoe in [each.customer_id for each in await gym.on_slot(slot)]


async def test_on_a_phone_a_tap_leads_there(served: Console, open_tab: OpenTab) -> None:
    on = await people(served.gym)
    tab = await open_tab(served.member(), viewport=PHONE, has_touch=True)
    page = tab.page
    await tab.goto("timetable")
    await page.locator("#find").tap()
    await page.keyboard.type("dahl")
    await expect(options(page)).to_have_count(4)
    assert await tab.wider_than_it_should() == 0
    box = await page.get_by_role("listbox").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    await options(page).filter(has_text="Zoe Dahl").tap()
    await page.wait_for_url(f"**/customers/{on.zoe}")


async def test_without_a_script_the_field_is_a_field(served: Console, open_tab: OpenTab) -> None:
    await people(served.gym)
    tab = await open_tab(served.member(), java_script_enabled=False)
    await tab.goto("timetable")
    assert await tab.page.get_by_role("combobox").count() == 0
    await tab.page.get_by_role("searchbox").fill("dahl")
    await tab.page.keyboard.press("Enter")
    await expect(tab.page.get_by_role("link", name="Zoe Dahl")).to_be_visible()
