"""The house that is struck: a server on a database, each of which comes back after a blow."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import asyncpg

from bench.processes import processes_below
from tests.chaos.disk import Disk, disk
from tests.chaos.node import Node
from tests.chaos.plan import FAILOVERS, Blow, Step
from tests.databases import migrate
from tests.pgbouncer import PgBouncer
from tests.postgres import REMEDY, create_database, installed_programs
from tests.races.servers import KursplanServer

PATIENCE_SECONDS = 60.0
STILL_SECONDS = 2.0
"""How long something stands still, or is full."""
VANISHED_SECONDS = 8.0
"""How long at most nobody finds out that the primary is gone. A server finds out after five."""
WORKERS = 2
CONNECTIONS = 10
"""Of each worker, as it is by itself."""


class House(Protocol):
    """What a run needs of the house."""

    kind: str
    database_url: str
    spared: frozenset[Blow]
    """What it can't be struck with, as it is here."""

    @property
    def url(self) -> str:
        """Where the server is now."""

    async def strike(self, step: Step) -> float | None:
        """Do it, and bring back what is gone; after a failover, when the new primary was there."""

    async def mend(self) -> None:
        """Where a failover left one node alone, it has another beside it again."""

    async def close_doors(self) -> None:
        """The server stops, as it is told to."""


class _Served:
    """The server, which is started again wherever it may listen then."""

    def __init__(self, database_url: str, workers: int) -> None:
        self.database_url = database_url
        self._workers = workers
        self._server = self._started()

    @property
    def url(self) -> str:
        return self._server.url

    def _started(self) -> KursplanServer:
        seen = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
        return KursplanServer(
            self.database_url,
            workers=self._workers,
            beside=seen,
            WEBHOOKS_INSECURE="on",
            LOG_LEVEL="error",
        )

    def kill_server(self) -> None:
        self._server.kill()
        self._server = self._started()

    def kill_worker(self, choice: float) -> None:
        workers = [pid for pid in processes_below(self._server.pid) if _serves(pid)]
        os.kill(workers[int(choice * len(workers))], signal.SIGKILL)

    async def freeze_server(self) -> None:
        os.kill(self._server.pid, signal.SIGSTOP)
        await asyncio.sleep(STILL_SECONDS)
        os.kill(self._server.pid, signal.SIGCONT)

    async def leave_no_room(self, most: int) -> None:
        """No file that it writes may be longer than that for a while."""
        _, before = self._server.limit_files(most)
        await asyncio.sleep(STILL_SECONDS)
        self._server.limit_files(before)

    async def close_doors(self) -> None:
        await asyncio.to_thread(self._server.stop)


def _serves(pid: int) -> bool:
    """Whether it is a worker, and not one that only looks after what workers share."""
    return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()


class OnAFile(_Served):
    """One process, and a file of SQLite."""

    kind = "sqlite"
    spared: frozenset[Blow] = frozenset()

    def __init__(self, file: Path) -> None:
        self._file = file
        super().__init__(f"sqlite:///{file}", workers=1)

    async def strike(self, step: Step) -> float | None:
        match step.blow:
            case Blow.SERVER:
                await asyncio.to_thread(self.kill_server)
            case Blow.FROZEN:
                await self.freeze_server()
            case Blow.NO_ROOM:
                log = self._file.with_name(f"{self._file.name}-wal")
                await self.leave_no_room(log.stat().st_size if log.exists() else 0)
            case other:
                raise ValueError(other)
        return None

    async def mend(self) -> None:
        """There is one of everything."""


class OnAPair(_Served):
    """Two workers, and PostgreSQL on two nodes: a primary, and a standby that each commit waits for."""

    kind = "postgresql"

    def __init__(
        self,
        database_url: str,
        primary: Node,
        standby: Node,
        disks: dict[Node, Disk],
        *,
        pooled: bool,
    ) -> None:
        self._primary = primary
        self._standby = standby
        self._disks = disks
        self._alone = False
        self.spared = (FAILOVERS if pooled else frozenset()) | (
            frozenset() if all(each.own for each in disks.values()) else {Blow.FULL}
        )
        super().__init__(database_url, WORKERS)

    async def strike(self, step: Step) -> float | None:
        match step.blow:
            case Blow.SERVER:
                await asyncio.to_thread(self.kill_server)
            case Blow.WORKER:
                self.kill_worker(step.choice)
            case Blow.FROZEN:
                await self.freeze_server()
            case Blow.BACKEND:
                self._primary.kill_one(step.choice)
            case Blow.POSTGRES:
                await asyncio.to_thread(self._primary.kill)
                await asyncio.to_thread(self._primary.start)
            case Blow.RESTART:
                await asyncio.to_thread(self._primary.stop)
                await asyncio.to_thread(self._primary.start)
            case Blow.STALLED:
                self._primary.stand_still()
                await asyncio.sleep(STILL_SECONDS)
                self._primary.go_on()
            case Blow.FULL:
                await self._fill()
            case Blow.FAILOVER:
                await synchronous(self._primary)
                await asyncio.to_thread(self._primary.kill)
                return await self._fail_over()
            case Blow.VANISHED:
                await synchronous(self._primary)
                self._primary.stand_still()
                await asyncio.sleep(step.choice * VANISHED_SECONDS)
                return await self._fail_over()
            case other:
                raise ValueError(other)
        return None

    async def _fill(self) -> None:
        there = self._disks[self._primary]
        await asyncio.to_thread(there.fill)
        await asyncio.sleep(STILL_SECONDS)
        there.make_room()
        await asyncio.sleep(0.5)  # A server that is about to give up has done so by then.
        if self._primary.has_ended():
            await asyncio.to_thread(self._primary.stop)
            await asyncio.to_thread(self._primary.start)

    async def _fail_over(self) -> float:
        """The standby becomes the primary, at the instant that is given back."""
        operator = await asyncpg.connect(self._standby.url)
        assert await operator.fetchval("SELECT pg_promote()")
        promoted = asyncio.get_running_loop().time()
        await operator.close()
        self._primary, self._standby = self._standby, self._primary
        self._alone = True
        return promoted

    async def mend(self) -> None:
        """What was the primary begins anew as the standby; it never comes back as what it was."""
        if not self._alone:
            return
        await asyncio.to_thread(self._standby.kill)
        await asyncio.to_thread(self._standby.follow, self._primary)
        await make_synchronous(self._primary)
        self._alone = False


async def make_synchronous(primary: Node) -> None:
    """Have each commit wait for the standby, from now on."""
    operator = await asyncpg.connect(primary.url)
    await operator.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
    await operator.execute("SELECT pg_reload_conf()")
    await operator.close()
    await synchronous(primary)


async def synchronous(primary: Node) -> None:
    """Until the standby has all that was committed, and each commit waits for it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                operator = await asyncpg.connect(primary.url)
            except (OSError, asyncpg.PostgresError):  # It is about to come up.
                await asyncio.sleep(0.05)
                continue
            state = await operator.fetchval("SELECT sync_state FROM pg_stat_replication")
            await operator.close()
            if state == "sync":
                return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def on_a_file() -> AsyncIterator[House]:
    with tempfile.TemporaryDirectory(prefix="kursplan-chaos-") as folder:
        file = Path(folder) / "kursplan.db"
        await migrate(f"sqlite:///{file}")
        house = await asyncio.to_thread(OnAFile, file)
        try:
            yield house
        finally:
            await house.close_doors()


@asynccontextmanager
async def on_a_pair(*, pooled: bool = False) -> AsyncIterator[House]:
    """Raises RuntimeError where no PostgreSQL is installed. A pooler knows one of the nodes only."""
    programs = installed_programs()
    if programs is None:
        raise RuntimeError(f"PostgreSQL is not installed: {REMEDY}")
    async with AsyncExitStack() as opened:
        disks = [opened.enter_context(disk()) for _ in range(2)]
        primary, standby = (Node(programs, each.folder) for each in disks)
        for node in (primary, standby):
            opened.push_async_callback(asyncio.to_thread, node.kill)
        await asyncio.to_thread(primary.create)
        one = await migrate(await create_database(primary.url))
        await asyncio.to_thread(standby.follow, primary)
        await make_synchronous(primary)
        url = f"postgresql://kursplan@{urlsplit(one).path}?host={primary.address}&host={standby.address}"
        if pooled:
            room = str(WORKERS * CONNECTIONS)
            pooler = await asyncio.to_thread(
                partial(PgBouncer, one, "session", default_pool_size=room)
            )
            opened.callback(pooler.stop)
            url = pooler.url_of(one)
        house = await asyncio.to_thread(
            partial(
                OnAPair,
                url,
                primary,
                standby,
                dict(zip((primary, standby), disks, strict=True)),
                pooled=pooled,
            )
        )
        opened.push_async_callback(house.close_doors)
        yield house
