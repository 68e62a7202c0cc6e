"""Passkeys and the pages of signing in, in a real browser with an authenticator that it only pretends to have.

The browser's own part is real: what it signs, for which host, and what the script of the page does with it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from kursplan.clock import HandClock
from kursplan.store import tables
from tests.console.browser import Tab
from tests.console.entrance import PASSWORD, House, open_house

EMAIL = "olga@gym.example"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
async def house(
    sqlite_template: Path, tmp_path: Path, clock: HandClock
) -> AsyncIterator[tuple[House, str]]:
    async with open_house(sqlite_template, tmp_path, clock) as opened:
        yield opened


async def test_a_passkey_signs_in_and_one_that_was_removed_does_not(
    house: tuple[House, str], browser: Browser
) -> None:
    at, url = house
    await at.account()
    tab = await Tab.open(browser, url, None)
    page = tab.page
    devtools = await tab.context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})

    # With a password, then a passkey is made.
    await tab.goto("sign-in?next=account")
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("heading", name="My account")).to_be_visible()
    await page.get_by_label("What you call it").fill("Laptop")
    await page.get_by_role("button", name="Add a passkey").click()
    await expect(page.get_by_text("Your passkeys are changed.")).to_be_visible()
    [stored] = await at.rows(tables.staff_passkey)
    assert (stored.name, stored.used_at) == ("Laptop", None)

    # Then with the passkey, to where they wanted to go.
    await page.get_by_role("button", name="Sign out here").click()
    await tab.goto("sign-in?next=account")
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page.get_by_role("heading", name="My account")).to_be_visible()
    [stored] = await at.rows(tables.staff_passkey)
    assert stored.used_at is not None
    # What was signed does not work a second time: the ticket is taken.
    assert await at.rows(tables.staff_ticket) == []

    # And no more once it is removed.
    await page.get_by_role("button", name="Remove Laptop").click()
    await expect(page.get_by_text("You have none.")).to_be_visible()
    await page.get_by_role("button", name="Sign out here").click()
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page.get_by_role("alert")).to_contain_text("does not sign in here")
    assert await at.rows(tables.staff_session) == []
    # The browser itself notes an answer that is none; nothing else is to complain of.
    assert [each for each in tab.complaints if "422" not in each] == []
    await tab.context.close()
