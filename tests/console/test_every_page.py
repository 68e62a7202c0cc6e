"""Every page that there is: by day and by night, on a desk and on a phone, in valid HTML.

The pages are those of the table; a page that is added is looked at without a line here. What it takes to find
nothing of a page only on it stands in `STATES`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from kursplan.clock import HandClock
from kursplan.console import live
from kursplan.console.timetable.asked import Shown
from kursplan.domain.accounts import LANGUAGES
from kursplan.store import tables
from tests.clients.generators import INSTALLED
from tests.console.browser import DESK, PHONE, Tab
from tests.console.desk import HIDDEN
from tests.console.entrance import PASSWORD, House, Person, open_house
from tests.console.people import people
from tests.console.things import Things
from tests.console.week import week
from tests.gym import MORNING
from tests.throwaway import not_installed

SECRET = "JBSWY3DPEHPK3PXP" * 2
Opened = Callable[[Tab, str], Awaitable[None]]
"""How one gets to a page, other than by its address."""
CHECKER = INSTALLED / "node_modules/vnu-jar/build/dist/vnu.jar"

FILES = {
    live.PATH,
    "slots/{slot_id}/attendance.csv",
    "customers/{customer_id}/export",
    "gym-file/download",
    "numbers/{table}.csv",
}
"""What is fetched and is no page."""
PARTS = {"classes/new/words", "classes/{class_id}/words"}
"""What a script puts into a page."""
FOR_PARTNERS = ("/docs", "/docs/guide", "/docs/clients", "/docs/webhooks", "/docs/errors")
FOR_STAFF = ("/docs/console", "/docs/accounts", "/docs/imports", "/docs/gym-file")
OPEN = {"sign-in", "link/{link}"}
"""What is for those who are not signed in."""

STATES = (
    *(f"timetable?studio=berlin&show={each}" for each in Shown if each is not Shown.WEEK),
    "today?studio=berlin&slot={slot_id}",
    "needs?studio=berlin&of=twice",
    "ill?studio=berlin&employee={ina}&from=2026-03-02&to=2026-03-08",
    "find?q=dahl",
    "find?q=boxen%20mon",
    "find?q=xyz",
    "slots/{slot_id}/book?who=dahl",
    "slots/{slot_id}/move?day=2026-03-02&time=20:15&minutes=60&room=",
    "slots/{cancelled}",
    "studio/employees/{ina}?studio=berlin",
    "customers/{customer_id}?past=all&slot=mon",
    "customers/{customer_id}/freeze?membership=membership-{flex}",
)
"""Pages that look another way, too."""
NOT_UNDERSTOOD: Mapping[str, Mapping[str, str]] = {
    "studio/hours?studio=berlin": {"house-0": "never"},
    "studio/data?studio=berlin": {"name": "", "position": "here"},
    "studio/rooms/new?studio=berlin": {"name": ""},
    "studio/employees/new?studio=berlin": {"first_name": "", "last_name": ""},
    "studio/closures/new?studio=berlin": {"first": ""},
    "customers/new": {"first_name": "", "email": "here"},
    "customers/{customer_id}/memberships": {"first": ""},
    "classes/new?studio=berlin": {"title": "", "minutes": "long"},
    "rates/new": {"name": ""},
    "timetable/new?studio=berlin": {"day": "", "time": ""},
    "accounts/invite": {"name": ""},
    "account/second-factor": {"code": "000000"},
}
"""Forms that are shown again, with what is wrong in them: what was typed into each."""
FAULTS = {"nowhere": 404, "timetable?day=never": 400, "accounts/1": 404}
"""What is said where there is no page."""


@dataclass(frozen=True)
class Everything:
    """A gym in which there is something of each, and the addresses of all its pages."""

    house: House
    url: str
    pages: tuple[str, ...]
    """What an owner opens."""
    parts: tuple[str, ...]
    wrong: Mapping[str, Mapping[str, str]]
    """What is typed into forms, and can't be understood."""
    closed: tuple[str, ...]
    """What is opened by those who are not signed in."""


@pytest_asyncio.fixture(scope="module")
async def everything(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Everything]:
    folder = tmp_path_factory.mktemp("everything")
    async with open_house(sqlite_template, folder, HandClock(MORNING)) as (house, url):
        gym = house.gym
        for language in LANGUAGES:
            await house.account(f"{language}@gym.example", language=language)
            careful = f"careful-{language}@gym.example"
            await house.account(careful, language=language, totp_secret=SECRET)
        on = await week(gym)
        things = await Things.of(gym, on.full)
        # The other studio has people with all that a page about somebody can show, and other keys.
        gym.studio_id = await gym.studio("hamburg")
        await gym.set(tables.location, on.hall, key="hall")
        for key, class_id in gym.classes.items():
            await gym.set(tables.class_, class_id, key=f"{key}-in-berlin")
        gym.classes.clear()
        whose = await people(gym)
        things = replace(things, customer=whose.merle)
        _, link = await house.invitation()
        others = {
            "ina": on.ina,
            "cancelled": on.cancelled,
            "flex": whose.flex,
        }

        def at(path: str) -> str:
            return things.at(path, link=link.removeprefix("link/"), **others)

        shown = [each.path for each in house.application.console_pages if "GET" in each.methods]
        assert set(shown) > FILES | PARTS | OPEN
        mine = [each for each in shown if each not in FILES | PARTS | OPEN]
        yield Everything(
            house,
            url,
            tuple(map(at, (*mine, *STATES))),
            tuple(map(at, sorted(PARTS))),
            {at(path): typed for path, typed in NOT_UNDERSTOOD.items()},
            tuple(map(at, sorted(OPEN))),
        )


@pytest.mark.timeout(600)
async def test_everybody_can_use_every_page(everything: Everything, browser: Browser) -> None:
    """By day on a desk and by night on a phone, in German, whose words are longer; nothing is complained of."""
    tab = await Tab.open(browser, everything.url, None)
    found = [each async for each in looked_at(tab, everything.closed)]
    await sign_in(tab, "de@gym.example")
    found += [each async for each in looked_at(tab, everything.pages)]
    assert found == []
    assert tab.complaints == []
    await tab.context.close()


@pytest.mark.timeout(600)
async def test_everybody_can_use_a_form_that_was_not_understood(
    everything: Everything, browser: Browser
) -> None:
    """Likewise; and the page that asks for the second factor, which no address leads to."""
    tab = await Tab.open(browser, everything.url, None)
    tab.expects("422")
    found = [each async for each in looked_at(tab, ["sign-in"], careful)]
    found += [each async for each in looked_at(tab, ["sign-in"], careless)]
    await tab.context.clear_cookies()
    await sign_in(tab, "de@gym.example")

    async def filled_in(tab: Tab, address: str) -> None:
        await tab.goto(address)
        await send(tab, everything.wrong[address])

    found += [each async for each in looked_at(tab, tuple(everything.wrong), filled_in)]
    assert found == []
    assert tab.complaints == []
    await tab.context.close()


async def careful(tab: Tab, address: str) -> None:
    """With the right password, and a second factor."""
    await tab.goto(address)
    await tab.page.locator("[name=email]").fill("careful-de@gym.example")
    await tab.page.locator("[name=password]").fill(PASSWORD)
    async with tab.page.expect_navigation() as gone:
        await tab.page.locator("[name=password]").press("Enter")
    assert (await gone.value).status == 200
    assert await tab.page.locator("[name=code]").count() == 1


async def careless(tab: Tab, address: str) -> None:
    """The same, and a wrong code."""
    await careful(tab, address)
    await send(tab, {"code": "000000"})


async def send(tab: Tab, typed: Mapping[str, str]) -> None:
    """Send the form of the page with that in it, as a browser without its own checks does."""
    async with tab.page.expect_navigation() as gone:
        await tab.page.evaluate(SEND, dict(typed))
    assert (await gone.value).status == 422, (tab.at, await tab.page.content())
    assert await tab.page.locator(".error, [role=alert]").count() > 0, tab.at


SEND = """(typed) => {
  const form = document.querySelector(`main [name="${Object.keys(typed)[0]}"]`)?.form;
  if (!form) throw new Error(`${location.pathname}: ${document.querySelector("main").outerHTML}`);
  for (const [name, value] of Object.entries(typed)) {
    const field = form.elements.namedItem(name);
    if (!field) throw new Error(`${location.pathname} has no ${name}: ${[...form.elements].map((e) => e.name)}`);
    field.type = "text";
    field.value = value;
  }
  form.submit();
}"""


async def sign_in(tab: Tab, email: str) -> None:
    await tab.goto("sign-in")
    await tab.page.locator("[name=email]").fill(email)
    await tab.page.locator("[name=password]").fill(PASSWORD)
    await tab.page.locator("[name=password]").press("Enter")
    await tab.page.wait_for_url("**/today*")


async def looked_at(
    tab: Tab, addresses: Sequence[str], opened: Opened | None = None
) -> AsyncIterator[str]:
    """What is wrong with these pages; each is loaded once, and as the one before was looked at last."""
    for number, address in enumerate(addresses):
        await (tab.goto(address) if opened is None else opened(tab, address))
        if opened is None and tab.at != address:
            yield f"{address}: leads to {tab.at}"
        for is_night in (False, True) if number % 2 == 0 else (True, False):
            await tab.size(PHONE if is_night else DESK)
            for each in await tab.barriers(["dark" if is_night else "light"], known=is_night):
                yield f"{address}: {each}"
            if is_night and (wider := await tab.wider_than_it_should()):
                yield f"{address}: it is {wider} pixels wider than a phone"


async def test_every_page_is_valid_html(everything: Everything, tmp_path: Path) -> None:
    """In both languages; and those for partners, too."""
    if shutil.which("java") is None:
        not_installed("Java", "install it (Debian, Ubuntu: apt-get install default-jdk-headless).")
    if not CHECKER.exists():
        not_installed("What checks HTML", "run `make clients` (it needs Node.js and npm).")
    texts: dict[str, str] = {}
    for language in LANGUAGES:
        person = everything.house.person(origin=everything.url)

        async def text_of(address: str, status: int = 200, person: Person = person) -> str:
            answer = await person.open(address)
            assert answer.status_code == status, address
            return answer.text

        for each in everything.closed:
            texts[f"{language} {each}"] = await text_of(each)
        asked = await person.sign_in(f"careful-{language}@gym.example")
        texts[f"{language} second factor"] = asked.text
        await person.sign_in(f"{language}@gym.example")
        for each in everything.pages:
            texts[f"{language} {each}"] = await text_of(each)
        for each, typed in everything.wrong.items():
            hidden = dict(HIDDEN.findall(await text_of(each)))
            answer = await person.send(each, {**hidden, **typed})
            assert answer.status_code == 422, each
            texts[f"{language} {each}, not understood"] = answer.text
        for each, status in FAULTS.items():
            texts[f"{language} {each}"] = await text_of(each, status)
        for each in everything.parts:
            texts[f"{language} {each}"] = AROUND % (language, await text_of(each))
    for path in (*FOR_PARTNERS, *FOR_STAFF):
        texts[path] = (await person.client.get(path)).text
    assert flaws(texts, tmp_path) == []


AROUND = '<!doctype html><html lang="%s"><title>A part</title><body>%s</body></html>'


EXPECTED = '<link rel="expect" href="#keys" blocking="render">'
"""It is in the standard, and the checker does not know it yet."""


def flaws(texts: Mapping[str, str], folder: Path) -> list[str]:
    """What is wrong with these documents, a line for each flaw."""
    names = dict(enumerate(texts))
    for number, name in names.items():
        (folder / f"{number}.html").write_text(texts[name])
    java = ["java", "-XX:TieredStopAtLevel=1", "-jar", CHECKER]
    # What a page is about is typed by people, in whichever language.
    asked = ["--no-langdetect", "--format", "json", "--stdout", "--exit-zero-always", folder]
    ran = subprocess.run([*java, *asked], check=True, capture_output=True, text=True)
    return [
        f"{names[int(Path(urlsplit(each['url']).path).stem)]}, line {each.get('lastLine')}: "
        f"{each['message']} {each.get('extract', '')!r}"
        for each in json.loads(ran.stdout)["messages"]
        if EXPECTED not in each.get("extract", "")
    ]
