"""What a running server writes about telling partners: what happened, and nobody's secrets (F52)."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from trustme import CA

from kursplan.clock import HandClock, SystemClock
from kursplan.domain.names import folded, folded_address
from kursplan.store.engine.rows import AnyRow
from tests.gym import Gym
from tests.webhooks.partner import Partners
from tests.webhooks.receiver import Exchange, answers, certified, receiving, says

PATIENCE_SECONDS = 60
FIRST_NAME, LAST_NAME, EMAIL = "Liselotte", "Geheimrätin", "lisl@privat.example"
IN_THE_URL = "a-token-in-the-url"


@pytest.fixture
def clock() -> HandClock:
    """The server has the machine's clock."""
    return HandClock(SystemClock().now())


@asynccontextmanager
async def serving(database_url: str, authority: Path, log: Path) -> AsyncIterator[None]:
    """A server that tells partners, with all that it logs in that file."""
    settings = {
        "KURSPLAN_DATABASE_URL": database_url,
        "KURSPLAN_LOG_LEVEL": "debug",
        "KURSPLAN_WEBHOOKS_INSECURE": "on",
        "KURSPLAN_WEBHOOKS_CA": str(authority),
    }
    mine = {name: text for name, text in os.environ.items() if not name.startswith("KURSPLAN_")}
    with log.open("wb") as file:
        server = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "kursplan", "serve", "--port", "0"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=mine | settings,
        )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            yield
    finally:
        if server.returncode is None:
            server.send_signal(signal.SIGTERM)
        await server.wait()


async def shows_what_it_was_sent(exchange: Exchange) -> None:
    """A page for debugging, which repeats every header and the body."""
    request = exchange.request
    page = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
    await exchange.answer(500, page.encode() + request.body)


async def attempts_of(partners: Partners, count: int) -> list[AnyRow]:
    """The attempts, once so many are marked."""
    while True:
        attempts = await partners.attempts()
        if len(attempts) >= count:
            return attempts
        await asyncio.sleep(0.05)


async def test_the_log_tells_what_became_of_deliveries_and_no_secrets(
    gym: Gym,
    partners: Partners,
    database_url: str,
    authority_file: Path,
    tmp_path: Path,
) -> None:
    receiver = partners.receiver
    receiver.does("/shows", shows_what_it_was_sent)
    receiver.does("/gone", answers(410))
    receiver.does("/garbage", says(b"220 smtp.example.com ESMTP\r\n\r\n"))
    async with receiving(certified(CA())) as stranger:
        endpoints = [
            *[await partners.endpoint(path) for path in ("/shows", "/gone", "/garbage")],
            await partners.endpoint("/well", url=f"{receiver.url('/well')}?token={IN_THE_URL}"),
            await partners.endpoint("/stranger", url=stranger.url()),
            await partners.endpoint("/fault", secret="whsec_"),
        ]
        slot = await gym.slot(day=gym.now.date() + timedelta(days=1))
        customer = await gym.customer(
            FIRST_NAME,
            last_name=LAST_NAME,
            first_name_folded=folded(FIRST_NAME),
            last_name_folded=folded(LAST_NAME),
            email=EMAIL,
            email_folded=folded_address(EMAIL),
        )
        await gym.booked(customer, slot)
        log = tmp_path / "log"
        async with serving(database_url, authority_file, log):
            attempts = await attempts_of(partners, len(endpoints))

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    said = {each["event"] for each in lines}
    assert said >= {
        "webhooks may go to http and to private addresses: for development only",
        "webhook endpoint disabled",
        "attempt failed",
    }
    kept = [str(tuple(each)) for each in attempts]
    secrets = {
        *(FIRST_NAME, LAST_NAME, EMAIL, folded(FIRST_NAME), folded(LAST_NAME), IN_THE_URL),
        *(each.integration.webhook_key for each in endpoints),
        *(each.integration.api_key for each in endpoints),
        *(each.secret for each in endpoints),
        *(each.secret.removeprefix("whsec_") for each in endpoints),
        *(
            signature
            for each in receiver.received
            for signature in each.headers["webhook-signature"].split(" ")
        ),
    }
    written = "\n".join([log.read_text(), *kept])
    assert {each for each in secrets if each in written} == set()
    assert "webhook-timestamp" in written, "what was answered is kept"
