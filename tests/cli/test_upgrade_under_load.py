"""From this version to the next while people book: nobody is turned away, nothing is done twice or lost.

The next version is a real one: a copy of this one that has a migration more, and reads what that adds.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import Counter
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from kursplan.store import tables
from kursplan.store.engine import schema
from tests.cli.conftest import Kursplan
from tests.cli.test_systemd import PATIENCE_SECONDS, Systemd
from tests.databases import NextVersion
from tests.gym import Gym

CLIENTS = 4
ENOUGH = 600
"""Customers who may book while all that happens."""
PAUSE_SECONDS = 0.3


class Server:
    """A service whose socket is held for it, in one version or another."""

    def __init__(self, folder: Path, database_url: str) -> None:
        folder.mkdir()
        self._holder = Systemd(folder)
        self._database_url = database_url
        self._running = ExitStack()
        self.url = self._holder.url

    def __enter__(self) -> Server:
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        if failed is not None:
            self._process.kill()
            print(
                self.url, *self._process.communicate(), sep="\n"
            )  # For whoever looks for the reason.
        self._running.close()
        self._holder.close()

    async def start(self, version: dict[str, str]) -> None:
        self._process = self._running.enter_context(
            self._holder.runs(
                KURSPLAN_DATABASE_URL=self._database_url,
                KURSPLAN_LOG_LEVEL="warning",
                KURSPLAN_RATE_LIMIT="0",
                **version,
            )
        )
        while await asyncio.to_thread(self._holder.hears) != "READY=1":
            assert self._process.poll() is None, self._process.communicate()

    async def stop(self) -> list[str]:
        """What it had to say for itself."""
        self._process.terminate()
        _, logged = await asyncio.to_thread(self._process.communicate)
        assert self._process.returncode == 0, logged
        self._running.close()
        return [json.loads(line)["event"] for line in logged.splitlines()]


class People:
    """They book, each a customer once, and come again under the same key when they are told to."""

    def __init__(self, servers: list[Server], key: str, slot: int, customers: list[int]) -> None:
        self._servers = servers
        self._headers = {"X-API-KEY": key}
        self._slot = slot
        self._customers = customers
        self.answered: dict[int, int] = {}
        """The booking that each customer was told of."""
        self.turned_away: Counter[str] = Counter()
        """How often, and when they were told to come again."""
        self._is_over = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        self._tasks = [asyncio.create_task(self._book(at)) for at in range(CLIENTS)]

    async def book_some_more(self) -> None:
        enough = len(self.answered) + 5 * CLIENTS
        while len(self.answered) < enough:
            await asyncio.wait(self._tasks, timeout=0.02)
            for failed in (each for each in self._tasks if each.done()):
                failed.result()

    async def end(self) -> None:
        self._is_over.set()
        await asyncio.gather(*self._tasks)

    async def _book(self, at: int) -> None:
        # A new connection each time, as from many people's telephones.
        limits = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(limits=limits, timeout=PATIENCE_SECONDS) as client:
            while not self._is_over.is_set():
                customer, key = self._customers.pop(), uuid.uuid4().hex
                while True:
                    at += 1
                    answer = await client.post(
                        f"{self._servers[at % len(self._servers)].url}/v1/classes/booking/book",
                        json={"customerId": customer, "classSlotId": self._slot},
                        headers=self._headers | {"Idempotency-Key": key},
                    )
                    if answer.status_code != 503:
                        break
                    self.turned_away[answer.headers["Retry-After"]] += 1
                    await asyncio.sleep(float(answer.headers["Retry-After"]))
                assert answer.status_code == 200, answer.text
                self.answered[customer] = answer.json()["bookingId"]
                await asyncio.sleep(PAUSE_SECONDS)


@pytest.mark.timeout(300)  # Six servers start, in turn.
async def test_an_upgrade_of_schema_and_servers_turns_nobody_away(
    kind: str,
    gym: Gym,
    database_url: str,
    in_three_days: date,
    next_version: NextVersion,
    kursplan: Kursplan,
    tmp_path: Path,
) -> None:
    slot = await gym.slot("spin", day=in_three_days, seats=None)
    older = schema.newest()
    with ExitStack() as stack:
        servers = [
            stack.enter_context(Server(tmp_path / name, database_url))
            for name in (["a"] if kind == "sqlite" else ["a", "b"])
        ]
        for each in servers:
            await each.start({})
        people = People(servers, await gym.key(), slot, await gym.customers(ENOUGH))
        people.begin()
        await people.book_some_more()

        upgraded = await asyncio.to_thread(next_version.run, database_url, "db", "upgrade")
        assert (upgraded.returncode, upgraded.stderr) == (0, "")
        await people.book_some_more()
        for each in servers:
            async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
                ready = [(await client.get(f"{each.url}/health/ready")).json() for _ in range(2)]
            assert [told["status"] for told in ready] == ["ready", "ready"]
            assert f"on which this one, made for {older}, runs as well" in ready[1]["note"]
        status = await kursplan("status", "--server", servers[0].url)
        assert f"on which this one, made for {older}, runs as well" in status.out

        for each in servers:
            logged = await each.stop()
            assert logged == ["the database has the schema of a newer version"]
            await each.start(next_version.environment)
            await people.book_some_more()
        await people.end()
        for each in servers:
            assert await each.stop() == []

    stored = await gym.on_slot(slot)
    assert {each.customer_id: each.id for each in stored} == people.answered
    assert len(stored) == len(people.answered)
    assert await gym.count(tables.idempotency_key) == len(people.answered)
    # What the older version has written has what the next one adds.
    added = text("SELECT count(*) FROM customer WHERE made_up = 'of old'")
    assert await gym.database.read(lambda tx: tx.execute(added).scalar()) == ENOUGH
    doctor = await asyncio.to_thread(next_version.run, database_url, "doctor", "--patience", 1)
    assert (doctor.returncode, doctor.stdout) == (0, "gym-1: all is well.\n")
    print(kind, len(stored), "booked, turned away:", dict(people.turned_away))
