"""Staff accounts are looked after by owners: who comes in, as what, and who does not any more."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from kursplan.clock import HandClock
from kursplan.domain.accounts import CONFIRMED_FOR, Role
from kursplan.store import tables
from tests.console.entrance import ORIGIN, PASSWORD, House, Person
from tests.gym import Gym

OLGA = "olga@gym.example"
NORA = "nora@gym.example"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
async def house(gym: Gym, database_url: str, clock: HandClock) -> AsyncIterator[House]:
    opened = await House.open(gym, database_url, clock)
    yield opened
    await opened.close()


@pytest.fixture
async def olga(house: House) -> Person:
    """An owner, who is signed in."""
    await house.account(OLGA)
    person = house.person()
    await person.sign_in(OLGA)
    await person.open("accounts/invite")
    return person


def _invitation(house: House, **fields: str) -> dict[str, str]:
    return {
        "name": "Nora Neu",
        "email": NORA,
        "language": "en",
        "role": "MANAGER",
        f"studios.{house.gym.studio_id}": "yes",
        "employee": "",
    } | fields


def _link(text: str) -> str:
    """The path of the link that a page shows."""
    [found] = re.findall(rf'value="{ORIGIN}/console/([^"]+)"', text)
    return str(found)


async def _id(house: House, email: str) -> int:
    [row] = [each for each in await house.rows(tables.staff_account) if each.email == email]
    return int(row.id)


async def test_who_is_invited_comes_in_by_a_link_that_is_shown_once(
    house: House, olga: Person, clock: HandClock
) -> None:
    shown = await olga.send("accounts/invite", _invitation(house))
    link = _link(shown.text)
    account = await _id(house, NORA)
    there = (await olga.open(f"accounts/{account}")).text
    assert "Invited" in there
    token = link.rpartition(".")[2]
    stored = [await house.rows(each) for each in (tables.history, tables.staff_ticket)]
    assert token not in f"{stored} {there} {shown.headers}"

    nora = house.person()
    await nora.open(link)
    await nora.send(link, {"password": PASSWORD, "again": PASSWORD})
    assert await nora.is_in()
    assert (await house.person().open(link)).status_code == 410

    page = (await olga.open("accounts")).text
    assert "Invited" not in page
    assert page.count("Mon 2 Mar, 08:00") == 2
    clock.advance(timedelta(days=1))
    assert (await house.person().sign_in(NORA)).status_code == 303
    assert "Tue 3 Mar, 08:00" in (await _signed_in_again(olga, OLGA)).text


async def test_who_invites_somebody_while_setting_up_goes_on_with_that(
    house: House, olga: Person
) -> None:
    path = "accounts/invite?back=setup"
    form = (await olga.open(path)).text
    assert 'action="../accounts/invite?back=setup"' in form
    assert 'href="../setup">Leave it as it is' in form
    shown = (await olga.send(path, _invitation(house))).text
    assert 'href="../setup">Go on' in shown
    elsewhere = (await olga.open("accounts/invite?back=https://evil.example")).text
    assert "evil" not in elsewhere


async def _signed_in_again(person: Person, email: str) -> object:
    await person.sign_in(email)
    return await person.open("accounts")


async def test_what_makes_no_sense_is_said_beside_its_field(house: House, olga: Person) -> None:
    studio = f"studios.{house.gym.studio_id}"
    for fields, said in (
        ({"name": ""}, "It is needed: fill it in."),
        ({"email": "nobody"}, "No letter could be sent there"),
        ({"email": OLGA.upper()}, "Somebody signs in with this address already"),
        ({studio: ""}, "It is needed: choose one at least."),
        ({"role": "INSTRUCTOR"}, "An instructor has to be an employee"),
        ({"role": "KING"}, "It is needed: choose one."),
        ({"employee": "77"}, "It is needed: choose one."),
    ):
        answer = await olga.send("accounts/invite", _invitation(house, **fields))
        assert answer.status_code == 422, fields
        assert said in html.unescape(answer.text), fields
    assert len(await house.rows(tables.staff_account)) == 1


async def test_another_role_signs_out_and_says_why(house: House, olga: Person) -> None:
    ina = await house.gym.employee("Ina")
    nora = await house.account(NORA, Role.MANAGER)
    person = house.person()
    await person.sign_in(NORA)
    await olga.open(f"accounts/{nora}/role")
    form = {"role": "INSTRUCTOR", "employee": str(ina), "reason": "Gives classes now"}

    answer = await olga.send(f"accounts/{nora}/role", form)

    assert answer.headers["location"] == f"../../accounts/{nora}?done=changed"
    assert not await person.is_in()
    page = html.unescape((await olga.open(f"accounts/{nora}")).text)
    assert "Ina" in page
    assert "Role or studios are changed" in page
    assert "Gives classes now" in page
    again = await olga.send(f"accounts/{nora}/role", form)
    assert again.headers["location"].endswith("?done=same")


async def test_nobody_locks_themselves_out(house: House, olga: Person) -> None:
    own = await _id(house, OLGA)
    for what in ("role", "disable", "enable", "reset", "sign-out"):
        assert (await olga.open(f"accounts/{own}/{what}")).status_code == 403
        assert (await olga.send(f"accounts/{own}/{what}", {"role": "MANAGER"})).status_code == 403
    assert await olga.is_in()
    other = await house.account("otto@gym.example")
    otto = house.person()
    await otto.sign_in("otto@gym.example")
    await otto.open(f"accounts/{own}/disable")
    # Both at once: one of them stays.
    await olga.open(f"accounts/{other}/disable")
    assert (await olga.send(f"accounts/{other}/disable")).status_code == 303
    assert (await otto.send(f"accounts/{own}/disable")).status_code == 303
    owners = [
        each
        for each in await house.rows(tables.staff_account)
        if each.role is Role.OWNER and each.disabled_at is None
    ]
    assert [each.email for each in owners] == [OLGA]


async def test_an_account_is_disabled_enabled_and_set_up_anew(house: House, olga: Person) -> None:
    nora = await house.account(NORA, Role.OWNER)
    person = house.person()
    await person.sign_in(NORA)
    await olga.open(f"accounts/{nora}/sign-out")
    assert "Some other program" in (await olga.open(f"accounts/{nora}")).text
    await olga.open(f"accounts/{nora}/sign-out")
    await olga.send(f"accounts/{nora}/sign-out", {"reason": "A tablet is lost"})
    assert not await person.is_in()
    assert (await person.sign_in(NORA)).status_code == 303

    await olga.open(f"accounts/{nora}/disable")
    await olga.send(f"accounts/{nora}/disable")
    assert not await person.is_in()
    assert (await person.sign_in(NORA)).status_code == 422
    refused = await olga.send(f"accounts/{nora}/reset")
    assert "The account is disabled: enable it first." in refused.text
    await olga.send(f"accounts/{nora}/enable")
    assert (await person.sign_in(NORA)).status_code == 303

    shown = await olga.send(f"accounts/{nora}/reset")
    assert not await person.is_in()
    link = _link(shown.text)
    await person.open(link)
    await person.send(link, {"password": "another horse battery", "again": "another horse battery"})
    assert await person.is_in()
    commands = [each.command for each in await house.rows(tables.history)]
    assert sorted(commands) == sorted(
        ["end-sessions", "disable-staff", "enable-staff", "reset-staff", "take-link"]
    )


async def test_what_is_typed_is_text_wherever_it_is_shown(house: House, olga: Person) -> None:
    shown = await olga.send("accounts/invite", _invitation(house, name=SCRIPT))
    account = await _id(house, NORA)
    await olga.open(f"accounts/{account}/sign-out")
    await olga.send(
        f"accounts/{account}/role", _invitation(house, reason=SCRIPT, role="FRONT_DESK")
    )
    pages = [shown, await olga.open("accounts"), await olga.open(f"accounts/{account}")]
    for page in pages:
        assert SCRIPT not in page.text
        assert html.escape(SCRIPT) in page.text
    assert pages[-1].text.count(html.escape(SCRIPT)) >= 3


async def test_what_is_sensitive_comes_back_to_where_they_were(
    house: House, olga: Person, clock: HandClock
) -> None:
    nora = await house.account(NORA, Role.MANAGER)
    clock.advance(CONFIRMED_FOR)
    here = f"accounts/{nora}/disable"
    for answer in (
        await olga.open(here),
        await olga.send(here, referer=f"{ORIGIN}/console/{here}"),
    ):
        assert answer.headers["location"] == f"../../confirm?next=accounts%2F{nora}%2Fdisable"
    assert (await olga.open("accounts")).status_code == 200
    await olga.open(f"confirm?next={here}")
    back = await olga.send("confirm", {"password": PASSWORD, "next": here})
    assert back.headers["location"] == f"./{here}"
    assert (await olga.open(here)).status_code == 200
