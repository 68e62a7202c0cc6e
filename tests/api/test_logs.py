"""The log of a running server: each request is found in it by its trace id, and nobody by name (F52).

These tests run the server as operators do, because what matters is what really comes out of it.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from kursplan.clock import SystemClock
from kursplan.domain.names import folded
from tests.gym import Gym
from tests.referee import Referee

BOOK = "/v1/classes/booking/book"
VALIDATE = "/v1/classes/booking/validate"
PATIENCE_SECONDS = 60

FIRST_NAME, LAST_NAME = "Liselotte", "Geheimrätin"
EMAIL, PHONE, NUMBER = "lisl@privat.example", "+49 170 5550137", "K-4711-0815"
BORN = date(1987, 6, 5)
CRITERIA = {
    "firstName": FIRST_NAME,
    "lastName": LAST_NAME,
    "email": EMAIL,
    "dateOfBirth": BORN.isoformat(),
}
IDEMPOTENCY_KEY, WRONG_KEY = "retry-of-liselotte", "a-key-that-was-mistyped"


@asynccontextmanager
async def running(database_url: str, log: Path, form: str) -> AsyncIterator[str]:
    """A server on that database, with its log in that file; gives its base URL."""
    mine = {name: text for name, text in os.environ.items() if not name.startswith("KURSPLAN_")}
    settings = {
        "KURSPLAN_DATABASE_URL": database_url,
        "KURSPLAN_LOG_FORMAT": form,
        "KURSPLAN_LOG_LEVEL": "debug",
        "KURSPLAN_BACKGROUND": "off",
    }
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
            yield await _base_url(server, log)
    finally:
        if server.returncode is None:
            server.send_signal(signal.SIGTERM)
        await server.wait()


async def _base_url(server: asyncio.subprocess.Process, log: Path) -> str:
    """Where the server answers, once it does."""
    while not (told := re.search(r"port\W+(\d+)", _text(log))):
        assert server.returncode is None, _text(log)
        await asyncio.sleep(0.05)
    base_url = f"http://127.0.0.1:{told[1]}"
    async with httpx.AsyncClient() as anybody:
        while True:
            assert server.returncode is None, _text(log)
            try:
                await anybody.get(f"{base_url}/health/live")
            except httpx.ConnectError:
                await asyncio.sleep(0.05)
            else:
                return base_url


def _text(log: Path) -> str:
    return log.read_text()


class Story:
    """A partner at work, who sends and gets personal data all the time."""

    def __init__(self, client: Referee, customer: int, slot: int) -> None:
        self.client = client
        self.customer = customer
        self.slot = slot
        self.told: dict[str, int] = {}
        """The status that each request was answered with, by its trace id."""

    async def ask(self, status: int, method: str, path: str, **how: Any) -> None:
        response = await self.client.request(method, path, **how)
        assert response.status_code == status, (path, response.text)
        self.told[response.headers["x-trace-id"]] = status

    async def goes_well(self) -> None:
        place = {"customerId": self.customer, "classSlotId": self.slot}
        named = {"Idempotency-Key": IDEMPOTENCY_KEY}
        await self.ask(200, "GET", "/v1/customers")
        await self.ask(200, "GET", f"/v1/customers/{self.customer}")
        await self.ask(200, "GET", f"/v1/customers/by?customerNumber={NUMBER}")
        await self.ask(200, "POST", "/v1/customers/search", json=CRITERIA)
        await self.ask(200, "POST", VALIDATE, json=place)
        await self.ask(200, "POST", BOOK, json=place, headers=named)
        await self.ask(400, "POST", BOOK, json=place)
        await self.ask(200, "HEAD", f"/v1/customers/{LAST_NAME}")

    async def is_refused(self) -> None:
        await self.ask(401, "GET", "/v1/customers", headers={"X-API-KEY": WRONG_KEY})
        await self.ask(404, "GET", f"/v1/{LAST_NAME}/{EMAIL}")
        await self.ask(404, "GET", f"/v1/customers/by?customerNumber={NUMBER}-x")
        await self.ask(400, "GET", f"/v1/customers/{LAST_NAME}")
        await self.ask(400, "GET", "/v1/customers", params={"offset": EMAIL})
        await self.ask(405, "PUT", f"/v1/customers/{self.customer}?note={EMAIL}")
        await self.ask(400, "POST", BOOK, json={"customerId": LAST_NAME, "classSlotId": 1})
        await self.ask(400, "POST", BOOK, content=f'{{"{LAST_NAME}", "{EMAIL}"')
        await self.ask(415, "POST", BOOK, content=EMAIL, headers={"Content-Type": EMAIL})

    async def fails(self) -> None:
        place = {"customerId": self.customer, "classSlotId": self.slot}
        named = {"Idempotency-Key": IDEMPOTENCY_KEY}
        await self.ask(500, "POST", "/v1/customers/search", json=CRITERIA)
        await self.ask(500, "GET", f"/v1/customers/by?customerNumber={NUMBER}")
        await self.ask(500, "POST", BOOK, json=place, headers=named)


@pytest.mark.parametrize(
    ("kind", "form"),
    [("sqlite", "json"), ("postgresql", "json"), ("sqlite", "text")],
    indirect=["kind"],
)
async def test_the_log_tells_what_happened_and_not_to_whom(
    gym: Gym, database_url: str, tmp_path: Path, form: str
) -> None:
    # This server has the machine's clock.
    tomorrow = (SystemClock().now() + timedelta(days=1)).date()
    slot = await gym.slot("spin", day=tomorrow)
    customer = await gym.customer(
        FIRST_NAME,
        last_name=LAST_NAME,
        first_name_folded=folded(FIRST_NAME),
        last_name_folded=folded(LAST_NAME),
        email=EMAIL,
        email_folded=folded(EMAIL),
        phone_private_mobile=PHONE,
        number=NUMBER,
        date_of_birth=BORN,
    )
    key = await gym.key()
    log = tmp_path / "log"
    async with (
        running(database_url, log, form) as base_url,
        Referee(base_url=base_url, headers={"X-API-KEY": key}) as client,
    ):
        story = Story(client, customer, slot)
        await story.goes_well()
        await story.is_refused()
        for statement in (
            "ALTER TABLE customer RENAME COLUMN phone_private_mobile TO fax",
            "ALTER TABLE idempotency_key RENAME COLUMN booking_id TO result",
        ):
            await gym.database.write(lambda tx, it=statement: tx.execute(text(it)))
        await story.fails()

    written = _text(log)
    for secret in (
        *(key, WRONG_KEY, IDEMPOTENCY_KEY, FIRST_NAME, LAST_NAME, EMAIL, PHONE, NUMBER),
        *(folded(FIRST_NAME), folded(LAST_NAME), BORN.isoformat(), "date(1987", "%C3%A4"),
    ):
        assert secret not in written, secret
    for trace_id, status in story.told.items():
        about = [line for line in written.splitlines() if trace_id in line]
        assert [line for line in about if str(status) in line], (trace_id, status)
    # What went wrong is told by its kind and its way through the code.
    assert "sqlalchemy.exc." in written
    assert "api/customers.py:" in written
    if form == "json":
        lines = [json.loads(line) for line in written.splitlines()]
        requests = {each["trace_id"]: each for each in lines if each["event"] == "request"}
        assert {trace_id: each["status"] for trace_id, each in requests.items()} == story.told
        failed = [each["trace_id"] for each in lines if each["event"] == "request failed"]
        assert failed == [trace_id for trace_id, status in story.told.items() if status == 500]
