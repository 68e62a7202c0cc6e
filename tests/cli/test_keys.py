"""Keys are shown once, recognized from then on, and end at once."""

from collections.abc import AsyncIterator

import pytest

from kursplan.app import Application
from kursplan.ids import new_api_key
from kursplan.settings import Settings
from kursplan.store import tables
from tests.cli.conftest import Kursplan
from tests.gym import ALL_SCOPES, Gym
from tests.referee import Referee


@pytest.fixture
async def application(database_url: str, gym: Gym) -> AsyncIterator[Application]:
    settings = Settings(database_url=database_url, background=False, log_level="error")
    built = Application(settings, gym.clock)
    await built.start()
    yield built
    await built.stop()


async def an_application(gym: Gym) -> str:
    """The webhook key of an application in the gym's studio."""
    application_id = await gym.insert(tables.application, key="app", name="App")
    webhook_key = new_api_key()
    await gym.insert(
        tables.integration,
        application_id=application_id,
        studio_id=gym.studio_id,
        scopes=ALL_SCOPES,
        active=True,
        webhook_key=webhook_key,
    )
    return webhook_key


async def status_with(key: str, application: Application) -> int:
    async with Referee.inside(application, key) as partner:
        return (await partner.get("/v1/studios/information")).status_code


async def test_an_issued_key_works_until_it_is_revoked(
    kursplan: Kursplan, gym: Gym, application: Application
) -> None:
    webhook_key = await an_application(gym)

    issued = (
        await kursplan("key", "issue", "--studio", "berlin", "--application", "app", "--json")
    ).json
    assert issued["webhook_key"] == webhook_key
    assert await status_with(issued["api_key"], application) == 200

    revoked = await kursplan("key", "revoke", issued["key_id"])
    again = await kursplan("key", "revoke", issued["key_id"])
    assert (revoked.status, again.status) == (0, 1)
    assert await status_with(issued["api_key"], application) == 401


async def test_a_key_is_told_once_and_later_only_by_its_last_characters(
    kursplan: Kursplan, gym: Gym
) -> None:
    await an_application(gym)

    issued = await kursplan("key", "issue", "--studio", "berlin", "--application", "app")
    [key] = [line.partition(": ")[2] for line in issued.out.splitlines() if "API key (" in line]
    listed = await kursplan("key", "list")
    for_scripts = await kursplan("key", "list", "--json")

    assert "can't be shown again" in issued.out
    assert key not in listed.out + for_scripts.out
    assert [(each["hint"], each["revoked_at"]) for each in for_scripts.json] == [(key[-4:], None)]
    assert key[-4:] in listed.out


async def test_a_key_is_issued_only_for_an_application_that_is_activated_there(
    kursplan: Kursplan, gym: Gym
) -> None:
    await an_application(gym)
    for studio, application in (("munich", "app"), ("berlin", "other")):
        ran = await kursplan("key", "issue", "--studio", studio, "--application", application)
        assert (ran.status, ran.out) == (1, "")
        assert ran.err.startswith(f"kursplan: the application {application!r} is not activated")
    assert (await kursplan("key", "list")).out.startswith("There are no keys")
