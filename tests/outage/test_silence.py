"""A database host that vanishes without a word: no packet comes, and no connection is ended."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, make_url, text

from kursplan.store.engine.database import connect
from kursplan.store.engine.numbers import take_numbers
from kursplan.store.engine.postgres_servers import Servers
from kursplan.store.engine.postgres_session import Limits, Sessions
from kursplan.store.engine.trouble import DatabaseUnavailable
from tests.outage.conftest import PATIENCE_SECONDS, Started
from tests.outage.proxy import SilentProxy

SOON = {"statement_ms": 300, "silence_ms": 300}
"""Settings by which a server gives up before a test gets impatient."""


def one(tx: Connection) -> Any:
    return tx.execute(text("SELECT 1")).scalar_one()


async def test_who_asks_meanwhile_is_told_to_come_back_and_is_served_when_it_speaks_again(
    started: Started, database_url: str
) -> None:
    async with SilentProxy(database_url) as proxy, asyncio.timeout(PATIENCE_SECONDS):
        partner = await started(database_url, over=proxy.url, **SOON)
        assert (await partner.book()).status_code == httpx.codes.OK
        proxy.fall_silent()
        for _ in range(3):
            assert await partner.is_turned_away()
        assert "does not answer" in await partner.is_turned_away()
        proxy.speak_again()
        await partner.is_served_again()


async def test_whoever_stops_waiting_is_let_go_although_nothing_can_be_rolled_back(
    database_url: str,
) -> None:
    async with SilentProxy(database_url) as proxy, asyncio.timeout(PATIENCE_SECONDS):
        database = connect(proxy.url, connections=2, silence=0.2)
        asked = asyncio.Event()

        def ask(tx: Connection) -> Any:
            take_numbers(tx, 1)
            proxy.fall_silent()
            asked.set()
            return take_numbers(tx, 1)

        waiting = asyncio.create_task(database.write(ask))
        await asked.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        proxy.speak_again()
        assert await database.write(one) == 1
        await database.close()


async def test_the_database_is_let_go_of_whatever_it_is_at(database_url: str) -> None:
    async with SilentProxy(database_url) as proxy, asyncio.timeout(PATIENCE_SECONDS):
        database = connect(proxy.url)
        under_way = asyncio.Event()

        def ask(tx: Connection) -> Any:
            proxy.fall_silent()
            under_way.set()
            return one(tx)

        await asyncio.gather(*(database.write(one) for _ in range(5)))
        waiting = asyncio.create_task(database.write(ask))
        await under_way.wait()

        await database.close()

        with pytest.raises(DatabaseUnavailable):
            await waiting
        with pytest.raises(DatabaseUnavailable, match="shutting down"):
            await database.write(one)


async def test_a_silent_host_does_not_keep_us_from_the_next(database_url: str) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        nowhere = f"127.0.0.1:{silent.getsockname()[1]}"
        host = database_url.partition("@")[2].partition("/")[0]
        url = f"{database_url.replace(host, '')}?host={nowhere}&host={host}"
        database = connect(url, connections=4, silence=0.2)
        async with asyncio.timeout(PATIENCE_SECONDS):
            # The second and the third begin with the one that was there, so nobody knocks again.
            for door in (database.write, database.write, database.read):
                assert await door(one) == 1
        await database.close()
        knocked = 0
        silent.setblocking(False)
        while True:
            try:
                silent.accept()[0].close()
            except BlockingIOError:
                break
            knocked += 1
    assert knocked == 1


async def test_the_system_is_told_to_end_a_silent_connection(database_url: str) -> None:
    """What only it can notice: nothing is asked, and nobody is there any more."""
    sessions = Sessions(Servers.of(make_url(database_url)), Limits(2, 30, 5))
    session = await sessions.open(writes=True)
    end: Any = session._transport.get_extra_info("socket")
    assert end.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    told = {
        name: end.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
        for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
        if hasattr(socket, name)
    }
    expected = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 1, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 5000}
    assert told == {name: expected[name] for name in told}
    sessions.hang_up()


async def test_a_server_stops_although_its_database_is_silent(database_url: str) -> None:
    async with SilentProxy(database_url) as proxy, asyncio.timeout(PATIENCE_SECONDS):
        environment = {"KURSPLAN_DATABASE_URL": proxy.url, "KURSPLAN_SILENCE_MS": "2000"}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "kursplan", "serve", "--port", "0"),
            env=os.environ | environment,
            stderr=subprocess.PIPE,
        )
        assert process.stderr is not None
        try:
            async for line in process.stderr:
                if json.loads(line)["event"] == "started":
                    break
            proxy.fall_silent()
            process.terminate()
            _, rest = await process.communicate()
            assert process.returncode == 0
            assert json.loads(rest.splitlines()[-1])["event"] == "stopped"
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
