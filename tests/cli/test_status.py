"""`kursplan status`: what an operator sees at a glance is how it stands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from kursplan import __version__
from kursplan.domain.refusals import Kind
from kursplan.domain.webhooks import Disabled
from kursplan.store import tables
from kursplan.store.engine.schema import newest
from kursplan.webhooks.client import WebhookClient, trusted
from kursplan.webhooks.egress import EgressPolicy
from tests.cli.conftest import Kursplan
from tests.cli.test_serve import address, serving
from tests.gym import BERLIN, Gym
from tests.throwaway import free_port
from tests.webhooks.partner import Partners
from tests.webhooks.receiver import receiving


@pytest.fixture
async def partners(gym: Gym) -> AsyncIterator[Partners]:
    async with (
        receiving(None) as receiver,
        WebhookClient(EgressPolicy(insecure=True), trusted()) as post,
    ):
        yield Partners(gym, receiver, post)


async def test_it_tells_of_server_database_partners_and_flags(
    partners: Partners, kursplan: Kursplan, database_url: str, in_three_days: date
) -> None:
    gym = partners.gym
    integration = await partners.integration()
    since = gym.now - timedelta(hours=1)
    await partners.endpoint("/well", of=integration, answers=True)
    await partners.endpoint("/failing", of=integration, is_default=False, failing_since=since)
    await partners.endpoint(
        "/gone", of=integration, is_default=False, disabled=Disabled.GONE, disabled_at=since
    )
    [customer] = await gym.customers(1)
    booking = await gym.booked(customer, await gym.slot("spin", day=in_three_days))
    await gym.set(tables.booking, booking.booking_id, conflict=Kind.STUDIO_CLOSED)

    with serving("--port", 0, KURSPLAN_DATABASE_URL=database_url, KURSPLAN_BACKGROUND="off") as (
        _,
        logged,
    ):
        url = address(logged)
        told = await kursplan("status", "--server", url)
        as_json = await kursplan("status", "--json", KURSPLAN_PORT=str(logged[0]["port"]))
    kind = make_url(database_url).get_backend_name()
    lines = dict(line.split(maxsplit=1) for line in told.out.splitlines())
    assert (told.status, told.err) == (0, "")
    assert lines["Partners"].startswith("the oldest event waits for 0:0")
    del lines["Partners"]
    assert lines == {
        "Kursplan": __version__,
        "Server": f"{url} is ready",
        "Database": f"{kind}, schema {newest()}, as this version needs it",
        "Due": "nothing that is not just being done",
        "Endpoints": "3, of which 1 failing and 1 disabled",
        "Houses": "1 organization, 1 studio",
        "Flagged": "1 booking for staff to decide about",
    }
    assert as_json.json["server"] == {"address": url, "ready": True, "reason": None}
    assert (as_json.json["flagged_bookings"], as_json.json["failing"]) == (1, 1)


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
async def test_it_tells_of_backups_and_of_what_nobody_does(
    gym: Gym, kursplan: Kursplan, tmp_path: Path
) -> None:
    long_ago = (gym.now - timedelta(days=2)).astimezone(BERLIN).date()
    await gym.slot("spin", day=long_ago)
    folder = tmp_path / "backups"
    folder.mkdir()
    nowhere = f"http://127.0.0.1:{free_port()}"
    none = await kursplan("status", "--server", nowhere, "--backups", folder)
    lines = dict(line.split(maxsplit=1) for line in none.out.splitlines())
    assert lines["Backup"] == "there is none"
    assert lines["Due"] == "is something in 1 organization, and nobody does it: no worker runs"

    await kursplan("backup", folder)
    (folder / "kursplan-00000000T000000Z.db").touch()
    told = await kursplan("status", "--server", nowhere, "--backups", folder, "--json")
    assert told.json["backup"]["file"].startswith(f"{folder}/kursplan-2")
    assert 0 <= told.json["backup"]["age_seconds"] < 600
    assert told.json["organizations_behind"] == 1
    gone = await kursplan("status", "--server", nowhere, "--backups", tmp_path / "gone")
    assert (gone.status, f"can't look into {tmp_path / 'gone'}" in gone.err) == (2, True)


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
async def test_a_server_that_is_not_there_or_is_none_is_told(gym: Gym, kursplan: Kursplan) -> None:
    port = free_port()
    gone = await kursplan("status", "--json", KURSPLAN_HOST="0.0.0.0", KURSPLAN_PORT=str(port))  # noqa: S104
    assert gone.status == 1
    assert gone.json["server"]["address"] == f"http://127.0.0.1:{port}"
    assert gone.json["server"]["reason"].startswith("it does not answer (")

    async def somebody_else(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH\r\n")
        writer.close()

    async with await asyncio.start_server(somebody_else, "127.0.0.1", port):
        other = await kursplan("status", "--server", f"http://127.0.0.1:{port}")
    assert other.status == 1
    assert "what answers there is no Kursplan" in other.out
    wrong = await kursplan("status", "--server", "127.0.0.1:8080")
    assert wrong.status == 2
