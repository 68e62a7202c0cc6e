"""A PostgreSQL server of the harness's own, as a fresh installation would run it.

Its settings are the defaults: commits are synchronous and reach the disk. Only where it listens is
said, and that it takes as many connections as it is going to be asked for.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from bench.processes import free_port, running

PACKAGED = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")
"""Where packages put the programs of the server without putting them on the PATH."""


class Postgres:
    """A running server; every user may come in without a password, from this machine only."""

    def __init__(self, port: int, programs: Path) -> None:
        self.port = port
        self.programs = programs

    def url(self, database: str) -> str:
        return f"postgresql://kursplan@127.0.0.1:{self.port}/{database}"

    @asynccontextmanager
    async def connected(self, database: str) -> AsyncIterator[asyncpg.Connection]:
        """A connection for looking and tidying up, apart from those that are measured."""
        connection = await asyncpg.connect(self.url(database))
        try:
            yield connection
        finally:
            await connection.close()

    async def create(self, database: str) -> str:
        """Create an empty database and give its URL."""
        async with self.connected("postgres") as connection:
            await connection.execute(f'CREATE DATABASE "{database}"')
        return self.url(database)

    async def drop(self, database: str) -> None:
        async with self.connected("postgres") as connection:
            await connection.execute(f'DROP DATABASE "{database}" WITH (FORCE)')

    async def analyze(self, database: str) -> None:
        """Count the rows of all tables, by which statements are planned anew."""
        async with self.connected(database) as connection:
            await connection.execute("ANALYZE")

    async def settle(self, database: str, *tables: str) -> None:
        """Clean up after many changes of these tables, so that the next round starts level.

        The checkpoint makes every contestant write each page in full the first time, as all do.
        Emptied tables are left alone: a table that was never analyzed is planned for as if it held
        some rows, one that was analyzed while empty as if it stayed so.
        """
        async with self.connected(database) as connection:
            for table in tables:
                await connection.execute(f"VACUUM ANALYZE {table}")
            await connection.execute("CHECKPOINT")


def installed_programs() -> Path:
    """The directory of the server's programs. Raises FileNotFoundError if none is installed."""
    on_path = shutil.which("postgres")
    found = [Path(on_path).resolve().parent] if on_path else []
    for pattern in PACKAGED:
        found += Path("/").glob(pattern.removeprefix("/"))
    for directory in sorted(found, key=_major, reverse=True):
        if (directory / "initdb").exists():
            return directory
    raise FileNotFoundError("PostgreSQL is not installed (Debian: the package postgresql)")


def _major(programs: Path) -> int:
    try:
        done = subprocess.run(
            [programs / "postgres", "--version"], check=True, capture_output=True, text=True
        )
    except OSError:
        return 0
    return int(done.stdout.split()[2].split(".")[0])


@asynccontextmanager
async def postgres_running(folder: Path) -> AsyncIterator[Postgres]:
    """A new, empty server whose data is in `folder`, for as long as the block lasts."""
    programs = installed_programs()
    user = _unprivileged_user()
    data = folder / "postgres"
    await asyncio.to_thread(_initdb, programs, data, user)
    port = free_port()
    settings = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "max_connections": "200",
        "synchronous_commit": "on",
    }
    command: list[str | Path] = [programs / "postgres", "-D", data, f"--port={port}"]
    command += [f"--{name}={value}" for name, value in settings.items()]
    log = folder / "postgres.log"
    async with running(
        command,
        log,
        lambda: _is_ready(data),
        user=user,
        folder=data,
        stop_with=signal.SIGINT,  # At once, whoever is still connected.
    ):
        yield Postgres(port, programs)


def _initdb(programs: Path, data: Path, user: str | None) -> None:
    data.mkdir(mode=0o700)
    if user is not None:
        shutil.chown(data, user)
        data.parent.chmod(0o711)  # The other user has to pass through it.
    subprocess.run(
        [
            *(programs / "initdb", f"--pgdata={data}", "--username=kursplan", "--auth=trust"),
            *("--encoding=UTF8", "--locale=C"),
        ],
        check=True,
        capture_output=True,
        user=user,
        cwd=data,
    )


def _unprivileged_user() -> str | None:
    """Whom to run the server as: it refuses root, and everybody else runs it themselves."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _is_ready(data: Path) -> bool:
    """Whether the server takes connections: its pid file says so in the last line."""
    try:
        return (data / "postmaster.pid").read_text().split()[-1:] == ["ready"]
    except FileNotFoundError:
        return False
