"""Who gets in to the console, for every page there is; and what is said to those who do not."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount
from starlette.types import ASGIApp

from kursplan.console import about, assets, live
from kursplan.console.routes import ROUTES, Page
from kursplan.console.site import CONTENT_SECURITY_POLICY, site
from kursplan.console.visit import Visit
from kursplan.domain.accounts import Role, StaffMember
from kursplan.store import tables
from kursplan.store.engine.trouble import DatabaseUnavailable
from tests.console.desk import Console, Cookies
from tests.console.things import Things
from tests.gym import Gym


async def _said(_: Visit) -> Response:
    return PlainTextResponse("in")


MADE_UP = (
    Page("open", ("GET",), None, None, _said),
    Page("owners", ("GET", "POST"), frozenset({Role.OWNER}), None, _said),
    Page("of-studio", ("GET",), frozenset(Role), about.studio_asked_for, _said),
    Page("slots/{slot_id}", ("GET",), frozenset(Role), about.slot_in_path, _said),
)
"""One of each kind, whatever pages there are."""

TEMPLATES = Path(assets.__file__).parent / "templates"


@dataclass(frozen=True)
class Ground:
    """A studio that is theirs, one that is not, and another organization; things in each."""

    console: Console
    theirs: Things
    foreign: Things
    elsewhere: Things
    gives: int
    """The employee who gives the slot in the studio that is theirs."""


@pytest.fixture
async def ground(console: Console) -> Ground:
    gym = console.gym
    await gym.insert(tables.organization_directory, key=f"gym-{gym.organization}")
    ina = await gym.employee()
    theirs = await gym.slot("spin")
    await gym.gives(theirs, ina)
    other_studio = await gym.studio("hamburg")
    other_class = await gym.klass("row", studio_id=other_studio)
    foreign = await gym.slot(other_class, studio_id=other_studio)
    neighbour = Gym(gym.database, gym.clock, first_id=500)
    neighbour = await neighbour.open()
    await neighbour.studio("elsewhere")
    elsewhere = await Things.of(neighbour, await neighbour.slot("spin"))
    await neighbour.desk.close()
    return Ground(
        console,
        await Things.of(gym, theirs),
        await Things.of(gym, foreign, other_studio),
        elsewhere,
        ina,
    )


def _at(page: Page, about: Things, studio: str) -> str:
    return f"{about.at(page.path)}?studio={studio}"


@pytest.mark.parametrize("role", list(Role))
async def test_every_page_lets_in_whom_its_row_says(ground: Ground, role: Role) -> None:
    """Each page, as each role, in a studio that is theirs, in one that is not, elsewhere."""
    console = ground.console
    # What goes on for ever would have no end here.
    pages = [
        replace(each, handler=_said) if each.path == live.PATH else each
        for each in (*ROUTES, *MADE_UP)
    ]
    everything = replace(console, application=_mounted(site(console.services(), pages)))
    member = console.member(role, employee_id=ground.gives)
    for page in pages:
        for method in page.methods:
            here = await everything.ask(_at(page, ground.theirs, "berlin"), member, method)
            foreign = await everything.ask(_at(page, ground.foreign, "hamburg"), member, method)
            elsewhere = await everything.ask(
                _at(page, ground.elsewhere, "elsewhere"), member, method
            )
            nobody = await everything.ask(_at(page, ground.theirs, "berlin"), None, method)
            found = [each.status_code for each in (here, foreign, elsewhere, nobody)]
            assert found == _expected(page, role, method), (page.path, method)


async def test_what_is_sensitive_is_for_who_has_shown_lately_who_they_are(
    ground: Ground,
) -> None:
    """Others are asked, and come back to where they were."""
    console = ground.console

    class Long(Cookies):
        async def is_confirmed(self, request: Request) -> bool:
            return False

    services = replace(console.services(), visitors=Long())
    asked = replace(console, application=_mounted(site(services)))
    owner = console.member(Role.OWNER)
    sensitive = [each for each in ROUTES if each.sensitive]
    assert len(sensitive) > 15
    for page in sensitive:
        path = ground.theirs.at(page.path)
        for method in page.methods:
            answer = await asked.ask(
                path, owner, method, referer="http://kursplan/gym/console/partners?done=1"
            )
            wanted = path if method == "GET" else "partners?done=1"
            assert answer.status_code == 303, page.path
            assert (
                answer.headers["location"]
                == ("../" * path.count("/") or "./") + f"confirm?next={quote(wanted, safe='')}"
            )


def _expected(page: Page, role: Role, method: str) -> list[int]:
    # Who is let in without a form is told that there is none.
    is_let_in = 400 if method == "POST" and page not in MADE_UP else 200
    if page.roles is None:
        return [is_let_in] * 4
    if role not in page.roles:
        return [403, 403, 403, 303]
    if page.about is None:
        return [is_let_in] * 3 + [303]
    if page.about is about.rate_in_path:
        # Rates are sold in every studio of their organization, and in no other one.
        return [is_let_in, is_let_in, 404, 303]
    return [is_let_in, is_let_in if role is Role.OWNER else 403, 404, 303]


async def test_an_instructor_gets_to_the_slots_that_they_give(ground: Ground) -> None:
    another = await ground.console.gym.slot("spin", at="20:00")
    member = ground.console.member(Role.INSTRUCTOR, employee_id=ground.gives)
    found = [
        (await _slot(ground, each, member)).status_code for each in (ground.theirs.slot, another)
    ]
    assert found == [200, 403]


async def _slot(ground: Ground, slot_id: int, member: StaffMember) -> httpx.Response:
    console = ground.console
    made_up = _mounted(site(console.services(), MADE_UP))
    return await replace(console, application=made_up).ask(f"slots/{slot_id}", member)


async def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(console: Console) -> None:
    answer = await console.ask("timetable?show=day&day=2026-03-04")
    assert answer.status_code == 303
    wanted = "timetable%3Fshow%3Dday%26day%3D2026-03-04"
    assert answer.headers["location"] == f"./sign-in?next={wanted}"


async def test_browsers_get_to_the_console_and_programs_are_told_what_is_wrong(
    console: Console,
) -> None:
    browser = await console.ask("/", accept="text/html,*/*;q=0.8")
    program = await console.ask("/", accept="application/json")
    assert (browser.status_code, browser.headers["location"]) == (303, "./console/")
    assert (program.status_code, program.headers["content-type"]) == (404, "application/json")
    bare, slashed = await console.ask("/console"), await console.ask("/console/")
    assert (bare.status_code, bare.headers["location"]) == (303, "./console/")
    assert (slashed.status_code, slashed.headers["location"]) == (303, "./today")


async def test_every_answer_keeps_others_out(console: Console) -> None:
    member = console.member()
    answers = [
        await console.ask("timetable", member),
        await console.ask("timetable"),
        await console.ask("nowhere", member),
        await console.ask("timetable?day=never", member),
        await console.ask("timetable", member, "POST"),
    ]
    assert [each.status_code for each in answers] == [200, 303, 404, 400, 405]
    for each in answers:
        assert each.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert each.headers["cache-control"] == "no-store"
        assert each.headers["referrer-policy"] == "same-origin"
        assert each.headers["x-content-type-options"] == "nosniff"


async def test_what_is_wrong_is_said_in_their_language_with_a_way_back(console: Console) -> None:
    german = console.member(language="de")
    answer = await console.ask("timetable?day=never", german)
    assert "Diese Adresse ist nicht lesbar" in answer.text
    assert "day=never; dort könnte stehen: 2026-03-02" in answer.text
    deep = await console.ask("no/such/page", german)
    assert deep.status_code == 404
    assert 'href="../../"' in deep.text
    nobody = await console.ask("nowhere", accept_language="de")
    assert "Hier ist nichts" in nobody.text


class Away:
    """Who is signed in stands in a database that can't be asked."""

    async def of(self, request: Request) -> StaffMember | None:
        raise DatabaseUnavailable("it is away")


async def test_a_database_that_is_away_is_told_as_that(console: Console) -> None:
    services = replace(console.services(), visitors=Away())
    away = replace(console, application=_mounted(site(services)))
    page, nowhere = await away.ask("timetable"), await away.ask("nowhere")
    assert (page.status_code, nowhere.status_code) == (503, 404)
    assert "Nothing was changed" in page.text
    assert page.headers["retry-after"] == "5"


def _mounted(found: ASGIApp) -> Starlette:
    return Starlette(routes=[Mount("/console", found)])


async def test_a_fault_of_ours_shows_nothing_of_itself(console: Console) -> None:
    async def fails(_: Visit) -> Response:
        raise RuntimeError("the secret is Rumpelstiltskin")

    page = Page("fails", ("GET",), None, None, fails)
    made_up = _mounted(site(console.services(), [page]))
    answer = await replace(console, application=made_up).ask("fails")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert "Rumpelstiltskin" not in answer.text


async def test_files_are_kept_for_ever_and_those_of_another_release_lead_to_these(
    console: Console,
) -> None:
    for name in assets.files():
        answer = await console.ask(f"{assets.folder()}/{name}")
        assert answer.status_code == 200
        assert answer.content == assets.files()[name]
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    other = await console.ask("assets/0123456789abcdef/fonts/instrument-sans-latin.woff2")
    here = assets.folder().removeprefix("assets/")
    assert other.headers["location"] == f"../../{here}/fonts/instrument-sans-latin.woff2"
    assert other.headers["cache-control"] == "no-store"
    assert (await console.ask(f"{assets.folder()}/../site.py")).status_code == 404


def test_style_sheets_close_what_they_open() -> None:
    """Else a browser reads what follows as part of it, and says nothing."""
    for name, content in assets.files().items():
        if name.endswith(".css"):
            depth = 0
            for each in content.decode():
                depth += (each == "{") - (each == "}")
                assert depth >= 0, name
            assert depth == 0, name


def test_style_sheets_stay_small() -> None:
    """All of them together, and what a page loads: those of every page and those of its own room."""
    sheets = {name: each for name, each in assets.files().items() if name.endswith(".css")}
    assert sum(map(len, sheets.values())) < 78_000
    sent = {name: len(gzip.compress(each)) for name, each in sheets.items()}
    of_all = _sheets(TEMPLATES / "base.html")
    assert of_all
    for template in TEMPLATES.rglob("*.html"):
        loaded = of_all | _sheets(template)
        assert sum(sent[each] for each in loaded) < 16_000, template.name


async def test_documents_that_a_page_leads_to_are_served(console: Console) -> None:
    led_to = {
        found
        for template in TEMPLATES.rglob("*.html")
        for found in re.findall(r"frame\.root }}\.\./(docs[^\"]*)", template.read_text())
    }
    assert led_to
    for each in led_to:
        assert (await console.ask(f"/{each}", None)).status_code == 200, each


def _sheets(template: Path) -> set[str]:
    return set(re.findall(r"frame\.assets }}([\w-]+\.css)", template.read_text()))
