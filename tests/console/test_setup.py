"""From an empty database to the first booking, in the browser alone; and what is still missing on the way."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page

from kursplan.app import Application
from kursplan.clock import HandClock, SystemClock
from kursplan.console.setup.missing import hidden, seen, steps
from kursplan.console.setup.view import State
from kursplan.console.words import words
from kursplan.domain.accounts import Role
from kursplan.domain.classes import OnlineBooking, WhoMayBook
from kursplan.domain.entries import ClassEntry
from kursplan.settings import Settings
from kursplan.store import tables
from kursplan.store.engine.database import connect
from kursplan.store.staff import setup
from kursplan.store.staff.setup import PlannedClass, Stock
from tests.cli.conftest import listed, run
from tests.console.browser import PHONE, Tab
from tests.console.conftest import OpenTab
from tests.console.desk import Console, Serving
from tests.console.entrance import CHEAP, PASSWORD
from tests.console.forms import form_of
from tests.gym import MORNING

EMPTY = Stock("Muster", {}, (), (), (), False, (), ())


def planned(**values: object) -> PlannedClass:
    """A class that can be booked, unless that says otherwise."""
    slots = values.pop("next_slot", MORNING)
    nobody = bool(values.pop("is_for_nobody", False))
    entry = ClassEntry("yoga", "berlin", "Yoga", 60, **values)  # type: ignore[arg-type]
    return PlannedClass(1, entry, slots, nobody)  # type: ignore[arg-type]


# --- What is missing ----------------------------------------------------------------------------


def test_of_an_empty_gym_all_is_missing_and_one_step_is_the_next() -> None:
    found = steps(words("en"), EMPTY)
    assert [each.title for each in found] == [
        "Studio",
        "Rooms",
        "People who give classes",
        "First class",
        "First times",
        "Customers",
        "Colleagues",
        "A partner’s app",
    ]
    assert [each.state for each in found] == [State.NEXT, *[State.OPEN] * 7]
    assert all(each.text and each.acts for each in found)
    assert [each.says for each in seen(words("en"), EMPTY)] == [
        *["none yet"] * 4,
        "not possible yet",
    ]


@pytest.mark.parametrize(
    ("lacks", "because"),
    [
        ({"bookable": False}, "It is not bookable."),
        ({"online_booking": OnlineBooking.NO}, "It is not shown online."),
        (
            {"online_booking": OnlineBooking.DISPLAY_ONLY},
            "It is shown online, but can’t be booked there.",
        ),
        ({"next_slot": None}, "It has no times to come."),
        ({"is_for_nobody": True}, "It is only for some memberships, and nobody has one."),
    ],
)
def test_what_keeps_a_class_from_being_booked_is_said(
    lacks: dict[str, object], because: str
) -> None:
    from dataclasses import replace

    stock = replace(EMPTY, classes=(planned(**lacks),))
    [found] = hidden(words("en"), stock)
    assert (found.title, found.because) == ("Yoga", (because,))
    assert hidden(words("en"), replace(EMPTY, classes=(planned(),))) == ()
    assert not planned(**lacks).can_be_booked


async def test_once_all_is_done_it_says_so(console: Console) -> None:
    gym = await listed(console.gym)
    owner = console.member(Role.OWNER)
    page = (await console.ask("setup", owner)).text
    assert "What is still missing" in page
    await gym.location("Hall")
    await gym.employee()
    await gym.slot(await gym.klass("yoga"))
    await gym.customer("Anna")
    for number in range(2):
        await gym.insert(
            tables.staff_account,
            email=f"{number}@gym.example",
            name="Nora Neu",
            role=Role.OWNER,
            language="en",
            recovery=(),
            created_at=gym.now,
        )
    await gym.key()
    page = (await console.ask("setup", owner)).text
    assert "8 of 8 done" in page
    assert "Nothing is missing" in page
    assert "What is still missing" not in page


async def test_what_there_is_is_found_out(console: Console) -> None:
    gym = console.gym

    async def stock() -> Stock:
        return await gym.database.read(lambda tx: setup.stock(tx, gym.organization, gym.now))

    assert not await gym.database.read(lambda tx: setup.has_slots(tx, gym.organization))
    gold = await gym.rate("gold")
    await gym.klass("yoga", who_may_book=WhoMayBook.NAMED_RATES, rates=[gold])
    await gym.location("Hall")
    [yoga] = (await stock()).classes
    assert (yoga.is_for_nobody, yoga.next_slot) == (True, None)
    assert not (await stock()).has_customers
    await gym.slot("yoga", at="18:00")
    await gym.membership(await gym.customer("Anna"), gold)
    found = await stock()
    assert found.classes[0].can_be_booked
    assert (found.organization, found.rooms, found.has_customers) == ("Muster-Gym", ("Hall",), True)
    assert await gym.database.read(lambda tx: setup.has_slots(tx, gym.organization))


async def test_home_leads_an_owner_there_as_long_as_nothing_was_planned(console: Console) -> None:
    owner, manager = console.member(Role.OWNER), console.member()
    for member, leads_to in ((owner, "./setup"), (manager, "./today")):
        assert (await console.ask("/console/", member)).headers["location"] == leads_to
    await console.gym.slot("yoga")
    assert (await console.ask("/console/", owner)).headers["location"] == "./today"


async def test_pages_that_show_a_studio_lead_there_where_there_is_none(console: Console) -> None:
    gym = console.gym
    await gym.remove(tables.studio, gym.studio_id)
    owner = console.member(Role.OWNER)
    for path in ("today", "timetable", "customers/new"):
        answer = await console.ask(path, owner)
        assert answer.status_code == 303, path
        assert answer.headers["location"].endswith("setup?needs=studio")
    assert (await console.ask("today", console.member())).status_code == 403


async def test_what_a_form_can_t_take_is_said_beside_it_and_nothing_is_done(
    console: Console,
) -> None:
    owner = console.member(Role.OWNER, language="de")
    for path, form, why in (
        ("setup/studio", {"name": "", "zone": "Mars/Base", "language": "de"}, "gebraucht"),
        ("setup/rooms", {"rooms": " , "}, "gebraucht"),
        ("setup/people", {"people": "Ina"}, "„Ina“ braucht Vor- und Nachnamen"),
        ("setup/class", {"class": "new", "duration": "0", "seats": "x"}, "Zahl von 1 bis"),
        ("setup/partner", {"name": ""}, "gebraucht"),
    ):
        answer = await console.send(path, owner, form)
        assert answer.status_code == 422, path
        assert why in answer.text, path
    assert await console.gym.database.read(lambda tx: _is_as_it_was(tx, console))


def _is_as_it_was(tx: object, console: Console) -> bool:
    found = setup.stock(tx, console.gym.organization, console.gym.now)  # type: ignore[arg-type]
    return not (found.rooms or found.employees or found.classes or found.keys or found.accounts)


async def test_the_example_comes_only_where_nothing_is_yet(console: Console) -> None:
    gym = (await listed(console.gym)) and console.gym
    owner = console.member(Role.OWNER)
    assert "Load the example" not in (await console.ask("setup", owner)).text
    await console.send("setup/example", owner)
    assert await gym.database.read(lambda tx: _is_as_it_was(tx, console))
    await gym.remove(tables.studio, gym.studio_id)
    assert "Load the example" in (await console.ask("setup", owner)).text
    done = await console.send("setup/example", owner)
    assert done.headers["location"].endswith("setup?done=example")
    found = await gym.database.read(lambda tx: setup.stock(tx, gym.organization, gym.now))
    assert len([each for each in found.classes if each.can_be_booked]) == 6


async def test_times_alone_for_a_class_that_has_none(console: Console) -> None:
    gym = console.gym
    yoga = await gym.klass("yoga")
    owner = console.member(Role.OWNER)
    form = form_of((await console.ask("setup/class", owner)).text)
    assert form["class"] == str(yoga)
    done = await console.send("setup/class", owner, form | {"day-2": "yes", "start": "07:15"})
    assert done.status_code == 303, done.text
    found = await gym.database.read(lambda tx: setup.stock(tx, gym.organization, gym.now))
    assert [each.can_be_booked for each in found.classes] == [True]


# --- From an empty database ---------------------------------------------------------------------


@dataclass(frozen=True)
class Empty:
    """A server on an empty database, and the link that the command printed."""

    url: str
    link: str


@pytest.fixture
async def empty(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Empty]:
    file = tmp_path / "empty.db"
    shutil.copyfile(sqlite_template, file)
    url = f"sqlite:///{file}"
    told = await run(
        *("staff", "invite", "olga@gym.example", "--role", "owner", "--found", "Muster Gym"),
        KURSPLAN_DATABASE_URL=url,
    )
    found = re.search(r"http://127.0.0.1:8080/console/(\S+)", told.out)
    assert found is not None, told
    clock = HandClock(SystemClock().now())
    application = Application(Settings(database_url=url, background=False), clock, hashing=CHEAP)
    serving = Serving(application)
    await serving.start()
    yield Empty(serving.url, found[1])
    await serving.stop()
    await connect(url).close()


async def test_a_new_gym_is_set_up_in_the_browser_and_booked_by_a_partner(
    empty: Empty, browser: Browser
) -> None:
    tab = await Tab.open(browser, empty.url, None)
    page = tab.page
    await tab.goto(empty.link)
    for field in await page.locator("input[type=password]").all():
        await field.fill(PASSWORD)
    await page.locator("main button").first.click()
    await page.wait_for_url("**/setup")
    assert await tab.barriers() == []

    await _step(page, "Set up the studio", {"rooms": "Hall, Loft", "zone": "Europe/Berlin"})
    await _step(page, "Add people", {"people": "Ina Trainer\nJo Otto"})
    await page.click("text=Create a class")
    await page.fill("#f-title", "Yoga")
    for day in await page.locator("input[name^=day-]").all():
        await day.check(force=True)
    await page.fill("#f-start", "23:59")
    await page.select_option("#f-room", label="Hall")
    await page.select_option("#f-instructor", label="Ina Trainer")
    assert await tab.barriers(["light"]) == []
    await page.click("text=Create it")
    await page.wait_for_url("**/setup?done=class")
    customer = await _customer(tab)
    await tab.goto("setup")
    await page.click("text=Make a key")
    await page.fill("#f-name", "Booking app")
    await page.click("button:has-text('Make the key')")
    key = await page.input_value("#once-1")
    # Whom it is handed to has to know whom to ask, and how.
    assert await page.input_value("#once-2") == empty.url
    assert f"{empty.url}/docs/guide" in await page.inner_text("main")
    assert await tab.barriers(["light"]) == []
    await page.click("text=Go on")
    assert "7 of 8 done" in await page.inner_text("main")
    assert "Enter one" in await page.locator(".todo .button").all_inner_texts()
    assert key not in await page.content()
    await tab.size(PHONE)
    assert await tab.wider_than_it_should() <= 0

    await page.click("text=Invite somebody")
    await page.fill("#f-name", "Mara")
    await page.fill("#f-email", "mara@gym.example")
    await page.click("button:has-text('Make the account')")
    # Nobody has said under which address Mara comes.
    assert "KURSPLAN_PUBLIC_URL" in await page.inner_text("main")

    await _book_as_a_partner(empty.url, key, customer)
    await tab.goto(f"customers/{customer}")
    assert "Yoga" in await page.inner_text("main")
    assert tab.complaints == []
    await tab.context.close()


async def _step(page: Page, act: str, fields: dict[str, str]) -> None:
    """One line of the list: its button, its form, and back."""
    await page.click(f"text={act}")
    for name, value in fields.items():
        field = page.locator(f"[name={name}]")
        if await field.evaluate("each => each.tagName") == "SELECT":
            await field.select_option(value)
        else:
            await field.fill(value)
    await page.locator("main form .primary").click()
    await page.wait_for_url("**/setup?done=*")


async def _customer(tab: Tab) -> int:
    await tab.goto("customers/new")
    await tab.page.fill("#f-first_name", "Erika")
    await tab.page.fill("#f-last_name", "Mustermann")
    await tab.page.locator("main form .primary").click()
    await tab.page.wait_for_url(re.compile(r"customers/\d+$"))
    return int(tab.at.rpartition("/")[2])


async def _book_as_a_partner(url: str, key: str, customer: int) -> None:
    """Listed, validated, booked and cancelled, with the key that the page showed once."""
    async with httpx.AsyncClient(base_url=f"{url}/v1", headers={"X-API-KEY": key}) as partner:
        [klass] = (await partner.get("/classes")).json()["result"]
        assert klass["title"] == "Yoga"
        slots = (await partner.get(f"/classes/{klass['id']}/slots")).json()["result"]
        # Tomorrow's, which can be cancelled in time whenever this runs.
        body = {"customerId": customer, "classSlotId": slots[1]["id"]}
        validated = await partner.post("/classes/booking/validate", json=body)
        assert validated.json()["validationStatus"] == "AVAILABLE", validated.text
        booked = await partner.post("/classes/booking/book", json=body)
        assert booked.status_code == 200, booked.text
        number = booked.json()["bookingId"]
        assert (await partner.get(f"/classes/booking/{number}")).json()["bookingStatus"] == "BOOKED"
        assert (await partner.delete(f"/classes/booking/{number}")).status_code < 300
        assert (await partner.get(f"/classes/booking/{number}")).json()[
            "bookingStatus"
        ] == "CANCELED"


async def test_the_list_can_be_used_on_a_phone_and_without_a_script(
    served: Console, open_tab: OpenTab
) -> None:
    await served.gym.klass("yoga")
    tab = await open_tab(
        served.member(Role.OWNER, language="de"), java_script_enabled=False, viewport=PHONE
    )
    await tab.goto("setup")
    assert await tab.page.locator(".todo [aria-current=step]").count() == 1
    await tab.page.click("text=Räume hinzufügen")
    await tab.page.fill("#f-rooms", "Saal 1")
    await tab.page.locator("main form .primary").click()
    assert "Saal 1" in await tab.page.inner_text("main")
