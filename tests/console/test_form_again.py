"""From what a change would do, one button leads back to the form as it was filled in, and nothing is done."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape

import pytest

from kursplan.domain.accounts import Role
from kursplan.store import tables
from tests.console.browser import PHONE
from tests.console.conftest import OpenTab
from tests.console.desk import HIDDEN, Console
from tests.console.things import Things

FIELD = re.compile(r"<(input|select|textarea)\b([^>]*)>")
SELECTED = re.compile(
    r'<select[^>]* name="([^"]+)"[^>]*>(?:(?!</select>).)*?<option value="([^"]*)" selected',
    re.DOTALL,
)


@dataclass(frozen=True)
class Form:
    path: str
    typed: dict[str, str]
    """What is different in it from what stands there."""
    role: Role = Role.OWNER
    asks: bool = False
    """Whether what it would do is always shown first."""
    also: dict[str, str] = field(default_factory=dict)
    """What has to be sent besides."""


FORMS = {
    "a slot moves": Form(
        "slots/{slot_id}/move",
        {"day": "2026-03-04", "time": "07:10", "minutes": "35"},
        Role.FRONT_DESK,
        asks=True,
    ),
    "hours": Form("studio/hours", {"house-2": "7–9"}),
    "a room": Form("studio/rooms/{room_id}", {"name": "The room below", "shared": "yes"}),
    "an employee": Form("studio/employees/{employee_id}/edit", {"last_name": "Lovelace"}),
    "the time zone": Form("studio/data", {"zone": "Europe/Lisbon", "city": "Leer"}, asks=True),
    "what is lost": Form("studio/lost", {"lost": "CANCEL"}),
    "a rate": Form("rates/{rate_id}/edit", {"name": "Gold", "week": "3"}),
    "holidays": Form(
        "studio/closures/holidays?country=DE",
        {"day.2026-04-03": "yes", "day.2026-05-01": "yes", "slots": "cancel"},
        asks=True,
    ),
}


def of_page(text: str) -> dict[str, str]:
    """What the fields of a page say."""
    said: dict[str, str] = {}
    for _, attributes in FIELD.findall(text):
        told = dict(re.findall(r'([a-z]+)="([^"]*)"', attributes))
        kind, is_checked = told.get("type", ""), attributes.endswith(" checked")
        if "name" not in told or kind in ("hidden", "search"):
            continue
        if is_checked or kind not in ("checkbox", "radio"):
            said[told["name"]] = unescape(told.get("value", ""))
    return said | dict(SELECTED.findall(text))


@pytest.mark.parametrize("name", FORMS)
async def test_the_form_is_as_it_was_filled_in(console: Console, name: str) -> None:
    gym, form = console.gym, FORMS[name]
    things = await Things.of(gym, await gym.slot("spin", at="18:00"))
    who = console.member(form.role)
    path = things.at(form.path)
    blank = await console.ask(path, who)
    assert blank.status_code == 200, blank.text
    stands = of_page(blank.text)
    hidden = {n: unescape(v) for n, v in HIDDEN.findall(blank.text) if n.startswith("was-")}
    sent = {**stands, **hidden, **form.typed}
    history = await gym.count(tables.history)

    if form.asks:
        asked = await console.send(path, who, sent)
        assert "Change what was entered" in asked.text, asked.text
        sent = {n: unescape(v) for n, v in HIDDEN.findall(asked.text) if n != "csrf"}
    again = await console.send(path, who, {**sent, "edit": "yes"})

    assert again.status_code == 200
    shown = of_page(again.text)
    assert {each: shown.get(each) for each in form.typed} == form.typed
    assert "Somebody has changed this" not in again.text
    assert await gym.count(tables.history) == history


async def test_a_move_is_changed_before_it_is_made(served: Console, open_tab: OpenTab) -> None:
    slot = await served.gym.slot("spin", at="18:00")
    tab = await open_tab(served.member(Role.FRONT_DESK))
    await tab.goto(f"slots/{slot}/move")
    await tab.page.get_by_label("Start").fill("19:30")
    await tab.page.get_by_role("button", name="See what it would do").click()
    await tab.size(PHONE)
    assert await tab.wider_than_it_should() == 0
    await tab.page.get_by_role("button", name="Change what was entered").click()
    assert await tab.page.get_by_label("Start").input_value() == "19:30"
    assert await tab.barriers() == []
    await tab.page.get_by_label("Start").fill("20:00")
    await tab.page.get_by_role("button", name="See what it would do").click()
    await tab.page.get_by_role("button", name="Move it").click()
    await tab.page.wait_for_url(f"**/slots/{slot}?done=*")
    assert (await served.gym.slot_now(slot)).local_start == served.gym.wall("20:00")
