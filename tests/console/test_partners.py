"""Partners are looked after by owners: applications, keys, endpoints, deliveries, and who heard of a change."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from playwright.async_api import expect
from sqlalchemy import select

from kursplan.app import Application
from kursplan.clock import HandClock
from kursplan.domain.accounts import Role, StaffMember
from kursplan.domain.applications import Scope
from kursplan.domain.studios import LostEntitlement
from kursplan.domain.webhooks import DeliveryStatus, NamedPlan
from kursplan.settings import Settings
from kursplan.store import tables
from kursplan.store.engine.rows import AnyRow
from kursplan.store.outbox import endpoints
from tests.console.conftest import OpenTab
from tests.console.desk import Console, Cookies
from tests.gym import Gym
from tests.webhooks.receiver import Receiver, answers, receiving

SCRIPT = "<script>alert(1)</script>"


@dataclass(frozen=True)
class Owned:
    """A gym with an owner at its console, and a partner's server."""

    gym: Gym
    console: Console
    owner: StaffMember
    partner: Receiver

    async def open(self, path: str) -> str:
        answer = await self.console.ask(path, self.owner)
        assert answer.status_code == 200, path
        return html.unescape(answer.text)

    async def send(self, path: str, **fields: str) -> httpx.Response:
        named = {name.replace("__", "."): each for name, each in fields.items()}
        return await self.console.send(path, self.owner, named)

    async def rows(self, table: Any) -> list[AnyRow]:
        return await self.gym.database.read(lambda tx: list(tx.execute(select(table))))

    async def application(self, name: str = "Classy") -> tuple[int, int]:
        """Entered in the one studio; its number, and that of the integration."""
        studio = f"studios__{self.gym.studio_id}"
        form = {"name": name, studio: "yes", "scopes__CLASSES_READ": "yes"}
        answer = await self.send("partners/new", **form, scopes__STUDIO_READ="yes")
        [integration] = await self.rows(tables.integration)
        assert answer.headers["location"] == f"../partners/{integration.application_id}"
        return integration.application_id, integration.id

    async def key(self, integration: int) -> str:
        shown = await self.send(f"integrations/{integration}/keys")
        return _shown(shown.text)[0]

    async def status(self, key: str) -> int:
        """What the Open API says to whoever shows that key."""
        transport = httpx.ASGITransport(app=self.console.application)
        async with httpx.AsyncClient(transport=transport, base_url="http://kursplan") as client:
            answer = await client.get("/v1/studios/information", headers={"x-api-key": key})
            return answer.status_code

    async def endpoint(self, integration: int, path: str = "/hook") -> tuple[int, str]:
        shown = await self.send(f"integrations/{integration}/endpoints", url=self.partner.url(path))
        found = [each.id for each in await self.rows(tables.webhook_endpoint)]
        return max(found), _shown(shown.text)[0]

    async def tell(self) -> None:
        application: Any = self.console.application
        await application.relay.round()


def _shown(page: str) -> list[str]:
    """What a page shows this once."""
    return [html.unescape(each) for each in re.findall(r'id="once-\d" value="([^"]+)"', page)]


@pytest.fixture
async def owned(database_url: str, gym: Gym, clock: HandClock) -> AsyncIterator[Owned]:
    settings = Settings(database_url=database_url, background=False, webhooks_insecure=True)
    application = Application(settings, clock, visitors=Cookies())
    await application.start()
    console = Console(gym, application)
    async with receiving(None) as partner:
        yield Owned(gym, console, console.member(Role.OWNER), partner)
    await application.stop()


async def test_a_key_is_shown_once_works_at_once_and_ends_at_once(owned: Owned) -> None:
    application, integration = await owned.application()
    first = await owned.key(integration)
    again = await owned.open(f"integrations/{integration}/keys")
    assert "Keys from before stay valid" in again
    second = await owned.key(integration)
    assert [await owned.status(each) for each in (first, second)] == [200, 200]

    page = await owned.open(f"partners/{application}")
    assert f"…{first[-4:]}" in page
    stored = [await owned.rows(each) for each in (tables.history, tables.api_key)]
    assert first not in f"{page} {stored}"
    [revoke, _other] = re.findall(r"keys/\d+/revoke", page)
    assert "Revoke the key that ends in" in await owned.open(revoke)
    answer = await owned.send(revoke, reason="It was in a repository")
    assert answer.headers["location"] == f"../../partners/{application}?done=revoked"
    assert [await owned.status(each) for each in (first, second)] == [401, 200]
    assert "1 that was revoked" in await owned.open(f"partners/{application}")
    [line] = [e for e in await owned.rows(tables.history) if e.command == "revoke-key"]
    assert line.reason == "It was in a repository"
    [last] = set(re.findall(r"keys/\d+/revoke", await owned.open(f"partners/{application}")))
    assert "It is the only one: Classy can do nothing in" in await owned.open(last)


async def test_what_it_may_is_changed_and_it_is_switched_off(owned: Owned) -> None:
    application, integration = await owned.application()
    key = await owned.key(integration)
    path = f"integrations/{integration}"
    await owned.send(path, scopes__CLASSES_WRITE="yes", retry="PATIENT", active="yes")
    [row] = await owned.rows(tables.integration)
    assert list(row.scopes) == [Scope.CLASSES_WRITE]
    plan = await owned.gym.database.read(
        lambda tx: endpoints.plan_of(tx, owned.gym.organization, integration)
    )
    assert NamedPlan.of(plan) is NamedPlan.PATIENT
    assert await owned.status(key) == 403
    nothing = await owned.send(path, retry="PATIENT", active="yes")
    assert nothing.status_code == 422
    await owned.send(path, scopes__STUDIO_READ="yes", retry="PATIENT")
    assert await owned.status(key) == 401
    assert "Not active" in await owned.open(f"partners/{application}")
    assert "active nowhere" in await owned.open("partners")


async def test_it_works_in_a_further_studio_under_a_name_that_is_changed(owned: Owned) -> None:
    hamburg = await owned.gym.studio("hamburg")
    application, _integration = await owned.application()
    before = await owned.open(f"partners/{application}")
    assert "Another studio …" in before
    form = {f"studios__{hamburg}": "yes", "scopes__CLASSES_READ": "yes"}
    await owned.send(f"partners/{application}/studios", **form)
    await owned.send(f"partners/{application}/name", name=SCRIPT)
    page = await owned.console.ask(f"partners/{application}", owned.owner)
    assert SCRIPT not in page.text
    assert html.escape(SCRIPT) in page.text
    assert "Another studio …" not in page.text
    assert len(await owned.rows(tables.integration)) == 2


async def test_an_endpoint_is_tried_told_and_sent_to_again(owned: Owned) -> None:
    _application, integration = await owned.application()
    endpoint, secret = await owned.endpoint(integration)
    assert secret.startswith("whsec_")
    page = await owned.open(f"endpoints/{endpoint}")
    assert "Has not said that it is ready" in page
    await owned.gym.set(tables.integration, integration, confirmed_at=owned.gym.now)

    tried = html.unescape((await owned.send(f"endpoints/{endpoint}/test")).text)
    assert "A test of CLASS_SLOT_UPDATED: answered 204, after" in tried
    assert len(owned.partner.on("/hook")) == 1
    owned.partner.does("/hook", answers(500, SCRIPT.encode()))
    failed = (await owned.send(f"endpoints/{endpoint}/test")).text
    assert "answered 500" in failed
    assert html.escape(SCRIPT) in failed

    slot = await owned.gym.slot()
    await owned.gym.changed_slot(slot, max_participants=7)
    await owned.tell()
    [delivery] = await owned.rows(tables.delivery)
    shown = await owned.open(f"deliveries/{delivery.id}")
    for said in ("Being repeated", "answered 500", "CLASS_SLOT_UPDATED", f"slots/{slot}"):
        assert said in shown, said
    assert secret not in shown + page
    listed = await owned.open(f"deliveries?status=PENDING&endpoint={endpoint}&since=2026-03-01")
    assert f"deliveries/{delivery.id}" in listed
    assert f"deliveries/{delivery.id}" not in await owned.open("deliveries?status=DELIVERED")
    assert "Failing" in await owned.open("partners")

    await owned.gym.set(tables.delivery, delivery.id, status=DeliveryStatus.FAILED)
    owned.partner.does("/hook", answers(204))
    resent = await owned.send(f"deliveries/{delivery.id}/resend")
    assert resent.headers["location"].endswith("?done=resent")
    await owned.tell()
    assert "Delivered" in await owned.open(f"deliveries/{delivery.id}")
    owned.gym.clock.advance(timedelta(minutes=1))
    again = await owned.send(
        f"endpoints/{endpoint}/resend", since="2026-03-01", reason="They lost it"
    )
    assert again.headers["location"].endswith("?done=resent")
    await owned.tell()
    assert len(owned.partner.events()) == 5


async def test_what_it_misses_is_held_back_and_sent_when_it_is_enabled(owned: Owned) -> None:
    application, integration = await owned.application()
    endpoint, _secret = await owned.endpoint(integration)
    await owned.gym.set(tables.integration, integration, confirmed_at=owned.gym.now)
    await owned.send(f"endpoints/{endpoint}/disable")
    slot = await owned.gym.slot()
    await owned.gym.changed_slot(slot, max_participants=7)
    await owned.tell()
    page = await owned.open(f"endpoints/{endpoint}")
    for said in ("somebody switched it off", "Deliveries that it missed: 1.", "Held back"):
        assert said in page, said
    assert owned.partner.received == []
    refused = await owned.send(f"endpoints/{endpoint}/resend", since="2026-03-01")
    assert "It is switched off: switch it on first." in refused.text
    asked = await owned.open(f"endpoints/{endpoint}/enable")
    assert "Send it what it missed, too" in asked
    await owned.send(f"endpoints/{endpoint}/enable", resend="yes")
    await owned.tell()
    assert len(owned.partner.received) == 1
    answer = await owned.send(f"endpoints/{endpoint}/remove")
    assert answer.headers["location"] == f"../../partners/{application}?done=removed"
    assert await owned.rows(tables.delivery) == []


async def test_further_endpoints_are_for_certain_things(owned: Owned) -> None:
    _application, integration = await owned.application()
    endpoint, _secret = await owned.endpoint(integration)
    path = f"integrations/{integration}/endpoints"
    url = owned.partner.url("/bookings")
    without = await owned.send(path, url=url, name="Bookings only")
    assert "It is needed: choose one at least." in without.text
    form = {"url": url, "name": "Bookings only", "types__CLASS_BOOKING_CREATED": "yes"}
    assert (await owned.send(path, **form)).status_code == 200
    stored = sorted(each.key for each in await owned.rows(tables.webhook_endpoint))
    assert stored == ["bookings-only", "default"]
    page = await owned.open(f"endpoints/{endpoint}")
    assert f"endpoints/{endpoint}/remove" not in page
    await owned.send(
        f"endpoints/{endpoint}/change",
        url=owned.partner.url("/other"),
        types__CLASS_SLOT_UPDATED="yes",
    )
    page = await owned.open(f"endpoints/{endpoint}")
    assert "/other" in page
    assert "Slot changed" in page


async def test_another_secret_signs_and_the_old_one_for_a_while(owned: Owned) -> None:
    _application, integration = await owned.application()
    endpoint, first = await owned.endpoint(integration)
    shown = await owned.send(f"endpoints/{endpoint}/secret", overlap="24")
    assert _shown(shown.text)[0] not in (first, "")
    assert "Until Tue 3 Mar, 08:00 the one from before signs, too." in shown.text
    refused = await owned.send(f"endpoints/{endpoint}/secret", overlap="24")
    assert "The one from before the last change still signs." in refused.text
    assert (await owned.send(f"endpoints/{endpoint}/secret", overlap="0")).status_code == 200
    [row] = await owned.rows(tables.webhook_endpoint)
    assert row.old_secret is None
    assert row.secret not in str(await owned.rows(tables.history))


async def test_nothing_is_sent_to_where_nothing_may_be_sent(console: Console, owned: Owned) -> None:
    """The operator of `console` allows nothing but the open internet."""
    _application, integration = await owned.application()
    owner = console.member(Role.OWNER)
    for url in ("http://127.0.0.1:1/", "https://127.0.0.1/", "ftp://x", "https://u:p@host/", "x"):
        answer = await console.send(f"integrations/{integration}/endpoints", owner, {"url": url})
        assert answer.status_code == 422, url
        assert "Nothing can be sent there" in answer.text, url
    assert await owned.rows(tables.webhook_endpoint) == []


async def test_it_is_said_which_partners_heard_of_a_change(owned: Owned) -> None:
    gym = owned.gym
    _application, integration = await owned.application()
    await owned.endpoint(integration)
    await gym.set(tables.integration, integration, confirmed_at=gym.now)
    slot, ada = await gym.slot(), await gym.customer()
    await gym.booked(ada, slot)
    await owned.gym.changed_slot(slot, max_participants=7)
    page = await owned.open(f"slots/{slot}")
    lines = re.findall(r"(told/[\d-]+/partners)\?back=", page)
    being_told = await owned.open(lines[0])
    assert "It is being passed on at this moment." in being_told
    await owned.tell()

    changed, made = [await owned.open(each) for each in lines[:2]]

    assert "Slot changed" in changed
    assert "Booking made" in made
    for each in (changed, made):
        assert "Classy, " in each
        assert "Delivered" in each
        assert "deliveries/" in each
    [by_booking] = re.findall(r"deliveries/\d+", made)
    assert "Booking made" in await owned.open(by_booking)
    manager = owned.console.member(Role.MANAGER)
    assert "/partners?back=" not in (await owned.console.ask(f"slots/{slot}", manager)).text


async def test_where_nobody_listened_it_says_so(owned: Owned) -> None:
    slot = await owned.gym.slot()
    await owned.gym.changed_slot(slot, max_participants=7)
    [line] = re.findall(r"(told/[\d-]+/partners)\?back=", await owned.open(f"slots/{slot}"))
    assert "No partner listened to this at that time." in await owned.open(line)


async def test_settings_of_the_organization_are_kept_with_their_reason(owned: Owned) -> None:
    answer = await owned.send("settings", name="Spree & Hudson", lost="CANCEL", reason="New owner")
    assert answer.headers["location"] == "./settings?done=kept"
    [row] = [e for e in await owned.rows(tables.organization) if e.id == owned.gym.organization]
    assert (row.name, row.lost_entitlement) == ("Spree & Hudson", LostEntitlement.CANCEL)
    [line] = [e for e in await owned.rows(tables.history) if e.command == "record-organization"]
    assert (line.reason, line.who) == ("New owner", "1")
    assert 'value="Spree & Hudson"' in await owned.open("settings?done=kept")
    for fields in ({"name": "", "lost": "FLAG"}, {"name": "x", "lost": "BOTH"}):
        assert (await owned.send("settings", **fields)).status_code == 422


@pytest.mark.parametrize("script", [True, False])
async def test_owners_look_after_it_in_a_browser(
    served: Console, open_tab: OpenTab, script: bool
) -> None:
    """An application that is entered and given a key, and somebody who is invited."""
    owner = replace(served.member(Role.OWNER), name="Olga")
    tab = await open_tab(owner, java_script_enabled=script)
    page = tab.page
    await tab.goto("today")
    await page.locator(".me summary").click()
    await page.get_by_role("link", name="Partners").click()
    await page.get_by_role("link", name="New application …").click()
    await page.get_by_role("textbox", name="Name").fill("Ring")
    await page.get_by_role("button", name="Enter it").click()
    await expect(page.get_by_role("heading", name="Ring")).to_be_visible()
    await page.get_by_role("link", name="New key …").click()
    await page.get_by_role("button", name="Make the key").click()
    await expect(page.get_by_label("Key", exact=True)).to_have_value(re.compile(r"^[\w-]{43}$"))
    await page.get_by_role("link", name="I have it").click()
    await expect(page.get_by_role("link", name="Revoke …")).to_be_visible()
    await tab.goto("accounts/invite")
    await page.get_by_role("textbox", name="Name").fill("Nora Neu")
    await page.get_by_label("E-mail").fill("nora@gym.example")
    await page.get_by_role("button", name="Make the account").click()
    await expect(page.get_by_label("Link for Nora Neu")).to_have_value(re.compile("/link/"))
