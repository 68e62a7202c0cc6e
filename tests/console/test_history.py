"""The history of everything: who sees what of it, how it is narrowed down, and where its lines lead."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from functools import partial

from kursplan.console.history.asked import Asked
from kursplan.console.history.look import Size, look
from kursplan.console.told import name_of
from kursplan.console.told.sayings import SAID
from kursplan.desk.cancel_slot import CancelSlot
from kursplan.desk.engine.turn import Command
from kursplan.desk.keys import IssueKey
from kursplan.domain.accounts import Role, StaffMember
from kursplan.store.staff.history import integrations
from kursplan.webhooks.client import WebhookClient, trusted
from kursplan.webhooks.egress import EgressPolicy
from tests.console.browser import DESK, PHONE
from tests.console.conftest import OpenTab
from tests.console.desk import Console
from tests.gym import BERLIN, MONDAY, Gym
from tests.webhooks.partner import Partners
from tests.webhooks.receiver import receiving


async def told(console: Console, path: str, member: StaffMember) -> list[str]:
    """What was done, line by line, as the page says it."""
    answer = await console.ask(path, member)
    assert answer.status_code == 200, answer.text
    return re.findall(r'<span class="did"><b>(.*?)</b>', answer.text)


async def done(gym: Gym) -> tuple[int, int, int]:
    """A booking, a slot that is cancelled with a reason, and something of another studio; their slots, and who
    booked."""
    anna = await gym.customer("Anna")
    kept, gone = await gym.slot("spin"), await gym.slot("spin", at="20:00")
    await gym.booked(anna, kept)
    await gym.booked(anna, gone)
    gym.clock.advance(timedelta(minutes=1))
    await gym.take(CancelSlot(gym.organization, gone), reason="water")
    other = await gym.studio("hamburg")
    row = await gym.klass("row", studio_id=other)
    far = await gym.slot(row, studio_id=other)
    await gym.booked(await gym.customer("Bela", studio_id=other), far, studio_id=other)
    return kept, gone, anna


async def test_a_line_says_what_to_what_why_and_leads_there(console: Console) -> None:
    gym = console.gym
    _, gone, _ = await done(gym)
    said = (await console.ask("history", console.member())).text
    assert "Monday, 2 March" in said
    assert (
        f'<b>The slot is cancelled</b> <a href="./slots/{gone}">Spin, Mon 2 Mar, 20:00</a>' in said
    )
    assert "<q>water</q>" in said
    assert "Anna Mustermann" in said
    assert ">staff, by the command<" in said
    assert re.search(r'href="./told/\d+-\d+\?back=history">Whom to tell', said)


async def test_a_line_says_whether_it_is_new_whose_it_is_and_leads_to_its_page(
    console: Console,
) -> None:
    """Of what can be entered and changed by one command, and of keys."""
    gym, olga = console.gym, console.member(Role.OWNER)
    entered = {"first_name": "Ina", "last_name": "Trainer", "business_role": "", "gender": ""}
    made = await console.send("studio/employees/new", olga, entered)
    ina = int(made.headers["location"].rpartition("/")[2])
    await console.send(f"studio/employees/{ina}/edit", olga, entered | {"last_name": "Coach"})
    await gym.key(application="Gym App")
    [integration] = await gym.database.read(partial(integrations, organization_id=gym.organization))
    key_id = await gym.desk.ids.next()
    command, _ = IssueKey.fresh(gym.organization, integration, key_id)
    await gym.take(command)

    said = (await console.ask("history", olga)).text

    link = f'<a href="./studio/employees/{ina}">Employee Ina Coach</a>'
    assert re.findall(rf"<b>([^<]*)</b> {re.escape(link)}", said) == [
        "The employee is changed",
        "The employee is new",
    ]
    assert "<b>A key is made</b> <span>Key Gym App</span>" in said
    for page in re.findall(r'class="did"><b>[^<]*</b> <a href="\./([^"]*)"', said):
        assert (await console.ask(page, olga)).status_code == 200, page


async def test_managers_see_what_was_done_in_their_studios_and_owners_all(
    console: Console,
) -> None:
    await done(console.gym)
    booked, cancelled = "The booking is made", "The slot is cancelled"
    assert await told(console, "history", console.member()) == [cancelled, booked, booked]
    everything = await told(console, "history", console.member(Role.OWNER))
    assert sorted(everything) == [booked] * 3 + [cancelled]
    assert "Bela" not in (await console.ask("history", console.member())).text


async def test_it_is_narrowed_down_by_anything(console: Console) -> None:
    gym = console.gym
    kept, gone, anna = await done(gym)
    ina = await gym.employee("Ina")
    manager = console.member()
    booked, cancelled = "The booking is made", "The slot is cancelled"
    tomorrow = MONDAY + timedelta(days=1)
    for asked, found in (
        (f"slot={kept}", [booked]),
        (f"slot={gone}", [cancelled, booked]),
        (f"customer={anna}", [cancelled, booked, booked]),
        (f"class={gym.classes['spin']}", [cancelled]),
        (f"employee={ina}", []),
        ("kind=slot", [cancelled]),
        ("did=book", [booked, booked]),
        ("by=command", [cancelled, booked, booked]),
        ("by=house", []),
        (f"from={MONDAY}&to={MONDAY}", [cancelled, booked, booked]),
        (f"from={tomorrow}", []),
        (f"slot={gone}&kind=booking&did=book", [booked]),
    ):
        assert await told(console, f"history?{asked}", manager) == found, asked
    said = (await console.ask(f"history?customer={anna}&kind=slot", manager)).text
    assert 'aria-label="Without the filter Anna Mustermann"' in said
    for asked in ("by=nobody", "by=staff-7", "kind=planet", "did=magic"):
        assert (await console.ask(f"history?{asked}", manager)).status_code == 400, asked


async def test_of_a_thing_that_is_not_theirs_nothing_is_shown(console: Console) -> None:
    gym = console.gym
    other = await gym.studio("hamburg")
    bela = await gym.customer("Bela", studio_id=other)
    row = await gym.klass("row", studio_id=other)
    far = await gym.slot(row, studio_id=other)
    for asked, status in (
        (f"customer={bela}", 403),
        (f"slot={far}", 403),
        (f"class={row}", 403),
        ("slot=99999", 404),
        ("class=99999", 404),
        ("customer=99999", 404),
    ):
        answer = await console.ask(f"history?{asked}", console.member())
        assert answer.status_code == status, asked
    assert (await console.ask("history", console.member(Role.FRONT_DESK))).status_code == 403


async def test_every_line_is_on_one_page(console: Console) -> None:
    """Also those of one instant, and where others' lines lie between them."""
    gym = console.gym
    other = await gym.studio("hamburg")
    row = await gym.klass("row", studio_id=other)
    far = await gym.slot(row, studio_id=other)
    slot = await gym.slot("spin")
    for number in range(5):
        await gym.booked(await gym.customer(f"Kunde{number}"), slot)
        for _ in range(2):
            await gym.booked(await gym.customer("Gast", studio_id=other), far, studio_id=other)
        gym.clock.advance(timedelta(minutes=number % 2))
    found, pages = [], 0
    asked = Asked(None, None, (), None, None, None, None, {})
    small = Size(lines=2, at_once=3, looks=2)
    while True:
        page = partial(look, member=console.member(), asked=asked, zone=BERLIN, size=small)
        looked = await gym.database.read(lambda tx, page=page: page(tx, gym.organization))  # type: ignore[misc]
        found += [looked.names.bookings[each.subjects[0].id].first_name for each in looked.lines]
        pages += 1
        if looked.last is None:
            break
        asked = replace(asked, before=name_of(looked.last))
    assert found == [f"Kunde{number}" for number in reversed(range(5))]
    assert pages > 2


async def test_it_says_which_partners_know_of_it(console: Console) -> None:
    gym = console.gym
    async with (
        receiving(None) as receiver,
        WebhookClient(EgressPolicy(insecure=True), trusted()) as client,
    ):
        partners = Partners(gym, receiver, client)
        await partners.endpoint()
        await gym.booked(await gym.customer("Anna"), await gym.slot())
        await partners.tell()
    said = (await console.ask("history", console.member())).text
    assert len(re.findall(r"<small>\S+ knows of it</small>", said)) == 1


async def test_slots_and_customers_lead_to_their_part_for_those_who_have_the_page(
    console: Console,
) -> None:
    kept, _, anna = await done(console.gym)
    for page, part in (
        (f"slots/{kept}", f"slot={kept}"),
        (f"customers/{anna}", f"customer={anna}"),
    ):
        link = f'href="../history?{part}"'
        assert link in (await console.ask(page, console.member())).text
        assert link not in (await console.ask(page, console.member(Role.FRONT_DESK))).text


def test_every_command_has_a_sentence() -> None:
    """What the history can say was done, it can say in words."""
    names = {each.name for each in _commands(Command) if each.name}
    assert names - SAID.keys() == set()


def _commands(of: type) -> set[type]:
    found = set(of.__subclasses__())
    return found.union(*map(_commands, found))


async def test_it_is_read_by_day_and_by_night_on_a_desk_and_a_phone(
    served: Console, open_tab: OpenTab
) -> None:
    _, gone, _ = await done(served.gym)
    tab = await open_tab(served.member(), java_script_enabled=True)
    await tab.goto("history")
    assert await tab.barriers() == []
    for size in (DESK, PHONE):
        await tab.size(size)
        assert await tab.wider_than_it_should() == 0
    await tab.page.locator("#f-kind").select_option("slot")
    await tab.page.get_by_role("button", name="Show", exact=True).click()
    await tab.page.get_by_role("link", name="Spin, Mon 2 Mar, 20:00").click()
    assert tab.at == f"slots/{gone}"
