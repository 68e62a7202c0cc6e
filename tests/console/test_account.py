"""One's own account: everybody looks after what they show who they are with, and nobody else does."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import segno
from pyotp import TOTP

from kursplan.clock import HandClock
from kursplan.console.picture import MARGIN
from kursplan.domain.accounts import CONFIRMED_FOR, Role
from kursplan.store import tables
from kursplan.web.recognition import address_for_apps
from tests.console.entrance import ORIGIN, PASSWORD, House, Person
from tests.gym import Gym

EMAIL = "olga@gym.example"
NEW = "another horse battery"


@pytest.fixture
async def house(gym: Gym, database_url: str, clock: HandClock) -> AsyncIterator[House]:
    opened = await House.open(gym, database_url, clock)
    yield opened
    await opened.close()


@pytest.fixture
async def olga(house: House) -> Person:
    """Who is signed in."""
    await house.account()
    person = house.person()
    await person.sign_in(EMAIL)
    await person.open("account")
    return person


async def test_another_password_leaves_nobody_else_signed_in(house: House, olga: Person) -> None:
    phone = house.person()
    await phone.sign_in(EMAIL)
    before = olga.cookie
    form = {"current": PASSWORD, "password": NEW, "again": NEW}

    answer = await olga.send("account/password", form)

    assert answer.status_code == 303
    assert olga.cookie != before
    assert [await olga.is_in(), await phone.is_in()] == [True, False]
    assert (await phone.sign_in(EMAIL)).status_code == 422
    assert (await phone.sign_in(EMAIL, NEW)).status_code == 303


async def test_no_other_password_without_the_one_until_now(house: House, olga: Person) -> None:
    for form in (
        {"current": "not it at all", "password": NEW, "again": NEW},
        {"current": PASSWORD, "password": NEW, "again": PASSWORD},
        {"current": PASSWORD, "password": "olga", "again": "olga"},
        {},
    ):
        assert (await olga.send("account/password", form)).status_code == 422
    assert (await house.person().sign_in(EMAIL)).status_code == 303


async def test_times_are_those_of_the_studio_and_why_there_are_no_passkeys_is_said(
    gym: Gym, database_url: str, clock: HandClock
) -> None:
    house = await House.open(gym, database_url, clock, public_url="")
    await house.account(EMAIL)
    olga = house.person(origin="http://127.0.0.1:8080")
    await olga.open("sign-in")
    form = {"email": EMAIL, "password": PASSWORD}
    await olga.send("sign-in", form, origin="http://127.0.0.1:8080")
    page = html.unescape((await olga.open("account")).text)
    assert re.search(r"since Mon 2 Mar, \d\d:\d\d, last used Mon 2 Mar", page)
    assert "None can be made at this address" in page
    await house.close()


async def test_a_second_factor_is_asked_for_once_its_code_was_shown(
    house: House, olga: Person, clock: HandClock
) -> None:
    page = await olga.open("account/second-factor")
    secret = page.text.partition('name="secret" value="')[2].partition('"')[0]
    wrong = await olga.send("account/second-factor", {"secret": secret, "code": "000000"})
    assert wrong.status_code == 422

    code = TOTP(secret).at(clock.now())
    shown = await olga.send("account/second-factor", {"secret": secret, "code": code})

    codes = re.findall(r"<code>([a-z2-7-]{19})</code>", shown.text)
    assert len(set(codes)) == 10
    [stored] = await house.rows(tables.staff_account)
    assert not any(each in str(stored) for each in codes)
    assert await olga.is_in()
    phone = house.person()
    asked = await phone.sign_in(EMAIL)
    ticket = asked.text.partition('name="ticket" value="')[2].partition('"')[0]
    # The code that has been shown already does not work a second time.
    assert (await phone.send("sign-in/code", {"ticket": ticket, "code": code})).status_code == 422
    assert (
        await phone.send("sign-in/code", {"ticket": ticket, "code": codes[0]})
    ).status_code == 303

    await olga.open("account")
    await olga.send("account/second-factor/off")

    assert (await house.person().sign_in(EMAIL)).status_code == 303
    assert not await phone.is_in()


async def test_an_app_reads_the_key_from_a_picture_without_a_style(olga: Person) -> None:
    page = (await olga.open("account/second-factor")).text
    secret = page.partition('name="secret" value="')[2].partition('"')[0]
    address = address_for_apps(secret, EMAIL)
    squares, path = re.findall(r'<svg class="qr" viewBox="0 0 (\d+) .*?<path d="([^"]+)"', page)[0]
    dark = {
        (int(x) + step, int(y))
        for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", path)
        for step in range(int(length))
    }
    drawn = tuple(
        bytes((x + MARGIN, y + MARGIN) in dark for x in range(int(squares) - 2 * MARGIN))
        for y in range(int(squares) - 2 * MARGIN)
    )
    assert drawn == tuple(map(bytes, segno.make_qr(address, error="m").matrix))
    assert "style=" not in page


async def test_what_is_sensitive_asks_again_who_one_is(
    house: House, olga: Person, clock: HandClock
) -> None:
    clock.advance(CONFIRMED_FOR)

    asked = await olga.open("account/second-factor")
    refused = await olga.send("account/second-factor/off", referer=f"{ORIGIN}/console/account")

    assert asked.headers["location"] == "../confirm?next=account%2Fsecond-factor"
    assert refused.headers["location"] == "../../confirm?next=account"
    await olga.open("confirm?next=account%2Fsecond-factor")
    wrong = await olga.send("confirm", {"password": "wrong", "next": "account/second-factor"})
    assert wrong.status_code == 422
    before = olga.cookie
    right = await olga.send("confirm", {"password": PASSWORD, "next": "account/second-factor"})
    assert right.headers["location"] == "./account/second-factor"
    assert olga.cookie != before
    assert (await olga.open("account/second-factor")).status_code == 200
    clock.advance(CONFIRMED_FOR - timedelta(seconds=1))
    assert (await olga.open("account/second-factor")).status_code == 200


async def test_the_console_speaks_the_language_that_they_choose(house: House, olga: Person) -> None:
    await olga.send("account/language", {"language": "de"})
    assert '<html lang="de">' in (await olga.open("account")).text
    assert (await olga.send("account/language", {"language": "tlh"})).status_code == 422
    [line] = await house.rows(tables.history)
    assert (line.command, "olga" in line.changes.lower()) == ("set-language", False)


async def test_all_roles_have_an_account_page_and_it_names_where_they_are_signed_in(
    house: House,
) -> None:
    studio_id, ina = house.gym.studio_id, await house.gym.employee("Ina")
    for role in Role:
        email = f"{role.lower()}@gym.example"
        account_id = await house.account(email, role, employee_id=ina)
        await house.gym.insert(tables.staff_studio, account_id=account_id, studio_id=studio_id)
        person = house.person()
        agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
        person.client.headers["user-agent"] = agent
        await person.sign_in(email)
        assert "Firefox, Linux" in (await person.open("account")).text
        assert (await house.person().open("account")).status_code == 303
