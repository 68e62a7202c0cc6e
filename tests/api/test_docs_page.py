"""The pages for partners in a real browser: on a desk, on a phone, by day and by night.

Where there is no Chromium, these tests are skipped with a line that says so.
"""

from __future__ import annotations

import asyncio
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from kursplan.clock import HandClock, SystemClock
from kursplan.store.engine.database import connect
from tests import chromium
from tests.gym import Gym
from tests.races.servers import KursplanServer

PAGES = (
    *("docs", "docs/guide", "docs/clients", "docs/webhooks", "docs/errors"),
    *("docs/console", "docs/accounts", "docs/imports", "docs/gym-file"),
)
PREFIX = "/gym"
DESK, PHONE = {"width": 1280, "height": 720}, {"width": 360, "height": 640}


@dataclass(frozen=True)
class Served:
    url: str
    key: str
    customer_id: int
    slot_id: int


async def _founded(url: str) -> tuple[str, int, int]:
    database = connect(url)
    clock = SystemClock()
    gym = await Gym(database, HandClock(clock.now())).open()
    in_two_days = clock.now().date() + timedelta(days=2)
    slot_id = await gym.slot("Vinyasa Flow", day=in_two_days)
    found = await gym.key(), await gym.customer(), slot_id
    await gym.desk.close()
    await database.close()
    return found


@pytest.fixture(scope="module")
def served(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with a gym, behind a proxy that has put it below a path prefix."""
    file = tmp_path_factory.mktemp("served") / "kursplan.db"
    shutil.copyfile(sqlite_template, file)
    key, customer_id, slot_id = asyncio.run(_founded(f"sqlite:///{file}"))
    server = KursplanServer(f"sqlite:///{file}")
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), _below_a_prefix(server.url))
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{proxy.server_port}{PREFIX}"
        yield Served(url, key, customer_id, slot_id)
    finally:
        proxy.shutdown()
        proxy.server_close()
        server.stop()


def _below_a_prefix(upstream: str) -> type[BaseHTTPRequestHandler]:
    class Proxy(BaseHTTPRequestHandler):
        def forward(self) -> None:
            if not self.path.startswith(f"{PREFIX}/"):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
            headers = {n: v for n, v in self.headers.items() if n.lower() != "host"}
            request = urllib.request.Request(  # noqa: S310
                upstream + self.path.removeprefix(PREFIX), body, headers, method=self.command
            )
            try:
                answer = urllib.request.urlopen(request)  # noqa: S310
            except urllib.error.HTTPError as refusal:
                answer = refusal
            with answer:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    if name.lower() not in {"connection", "date"}:
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.read())

        do_GET = do_POST = do_DELETE = forward  # noqa: N815

        def log_message(self, *_: object) -> None:
            """The test says what is wrong."""

    return Proxy


@pytest.fixture(scope="module")
def browser(served: Served) -> Iterator[Browser]:
    how = chromium.installed()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(**how)
        yield running
        running.close()


@pytest.fixture(scope="module")
def complaints() -> list[str]:
    """What the browser complains of: mistakes in scripts, and what the page's policy forbids."""
    return []


@pytest.fixture(scope="module")
def one_tab(browser: Browser, complaints: list[str]) -> Iterator[Page]:
    page = browser.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()


@pytest.fixture
def tab(one_tab: Page, complaints: list[str]) -> Iterator[Page]:
    """The same for all who only look: it is given its size and colours anew each time."""
    yield one_tab
    assert complaints == []


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that nobody has used."""
    made = browser.new_context(viewport=DESK)
    made.set_default_timeout(10_000)
    yield made
    made.close()


UNFOLD = "document.querySelectorAll('details').forEach((each) => { each.open = true })"

UNREADABLE = """() => {
  const dot = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const ink = dot.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  const painted = (colours) => {
    ink.clearRect(0, 0, 1, 1);
    for (const colour of colours) { ink.fillStyle = colour; ink.fillRect(0, 0, 1, 1); }
    return [...ink.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((each) => each / 255).map((c) => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const found = [];
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let looked = 0;
  while (words.nextNode()) {
    const text = words.currentNode.textContent.trim();
    const element = words.currentNode.parentElement;
    if (!text || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const grounds = [];
    for (let at = element; at; at = at.parentElement) grounds.unshift(getComputedStyle(at).backgroundColor);
    const ground = ["Canvas", ...grounds];
    const [a, b] = [light(painted(ground)), light(painted([...ground, getComputedStyle(element).color]))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    looked += 1;
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${element.tagName}.${element.className}: ${text.slice(0, 40)}`);
  }
  return looked > 50 ? [...new Set(found)] : [`only ${looked} texts were there to read`];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_everything_can_be_read_by_day_and_by_night(
    served: Served, tab: Page, page: str, scheme: str
) -> None:
    tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    tab.goto(f"{served.url}/{page}")
    tab.evaluate(UNFOLD)
    is_dark = "getComputedStyle(document.body).backgroundColor"
    assert tab.evaluate(UNREADABLE) == []
    assert (float(tab.evaluate(is_dark).split("(")[1].split()[0]) < 0.5) == (scheme == "dark")


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_wider_than_a_phone(served: Served, tab: Page, page: str) -> None:
    tab.set_viewport_size(PHONE)  # type: ignore[arg-type]
    tab.goto(f"{served.url}/{page}")
    tab.evaluate(UNFOLD)
    assert tab.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_first_operation_is_on_the_first_screen(
    served: Served, tab: Page, size: dict[str, int]
) -> None:
    tab.set_viewport_size(size)  # type: ignore[arg-type]
    tab.goto(f"{served.url}/docs")
    box = tab.locator(".operation").first.bounding_box()
    guide = tab.get_by_role("link", name="Guide for partners").bounding_box()
    assert box is not None
    assert guide is not None
    assert box["y"] + box["height"] <= size["height"]
    # The guide is beside it, or where there is no room, after all operations.
    assert guide["y"] + guide["height"] <= size["height"] or guide["y"] > box["y"]


def test_the_key_is_kept_for_the_tab_and_no_longer(served: Served, context: BrowserContext) -> None:
    tab = context.new_page()
    tab.goto(f"{served.url}/docs")
    tab.get_by_label("API key").fill(served.key)
    tab.reload()
    expect(tab.get_by_label("API key")).to_have_value(served.key)
    another = context.new_page()
    another.goto(f"{served.url}/docs")
    expect(another.get_by_label("API key")).to_have_value("")
    assert context.storage_state() == {"cookies": [], "origins": []}
    tab.get_by_label("API key").fill("")
    tab.reload()
    expect(tab.get_by_label("API key")).to_have_value("")


def test_an_operation_is_tried_out_behind_a_path_prefix(
    served: Served, context: BrowserContext
) -> None:
    tab = context.new_page()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(f"{served.url}/docs#bookClassSlot")
    operation = tab.locator("#bookClassSlot")
    send = operation.get_by_role("button", name="Send")
    send.click()
    expect(tab.get_by_label("API key")).to_be_focused()
    tab.keyboard.type(served.key)
    body = f'{{"customerId": {served.customer_id}, "classSlotId": {served.slot_id}}}'
    operation.get_by_label("Body").fill(body)
    send.click()
    expect(operation.locator(".verdict b")).to_have_text("200 OK")
    expect(operation.locator(".answer")).to_contain_text('"bookingStatus": "BOOKED"')
    send.click()
    expect(operation.locator(".verdict b")).to_have_text("400 Bad Request")
    expect(operation.locator(".answer")).to_contain_text("CUSTOMER_ALREADY_BOOKED")
    operation.get_by_role("button", name="Copy as curl").click()
    curl = operation.locator(".curl")
    expect(curl).to_contain_text(f"'{served.url}/v1/classes/booking/book'")
    expect(curl).to_contain_text(body)
    expect(curl).not_to_contain_text(served.key)
    assert [each for each in asked if not each.startswith(f"{served.url}/")] == []


def test_a_query_holds_what_was_filled_in_and_nothing_else(
    served: Served, context: BrowserContext
) -> None:
    tab = context.new_page()
    tab.goto(f"{served.url}/docs")
    tab.get_by_label("API key").fill(served.key)
    operation = tab.locator("#getActiveClasses")
    operation.locator("summary").first.click()
    operation.get_by_label("sliceSize").fill("10")
    with tab.expect_request("**/v1/classes*") as sent:
        operation.get_by_role("button", name="Send").click()
    assert sent.value.url == f"{served.url}/v1/classes?sliceSize=10"
    expect(operation.locator(".answer")).to_contain_text("Vinyasa Flow")


def test_without_a_script_everything_can_be_read(served: Served, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{served.url}/docs")
    tab.locator("#bookClassSlot > summary").click()
    expect(tab.locator("#bookClassSlot").get_by_text("classSlotId").first).to_be_visible()
    expect(tab.get_by_label("API key")).to_be_hidden()
    context.close()
