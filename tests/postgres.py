"""A PostgreSQL server for the tests, and databases on it that are made and dropped in no time.

One server serves the whole test run. With pytest-xdist the controlling process starts it and tells
the workers where it is; without, it starts when the first test asks for it. A server that is already
running is used instead where KURSPLAN_TEST_POSTGRES_URL names one; its user must be allowed to
create databases.
"""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.throwaway import ThrowawayServer, free_port, not_installed

URL_VARIABLE = "KURSPLAN_TEST_POSTGRES_URL"
REMEDY = f"install it (Debian, Ubuntu: apt-get install postgresql) or set {URL_VARIABLE}."

# Where packages put the server programs without putting them on the PATH.
PACKAGED = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # Fedora and its relatives
    "/opt/homebrew/opt/postgresql@*/bin",  # macOS
    "/usr/local/opt/postgresql@*/bin",
)

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    # The tests kill clients and processes of ours, never the machine, so what the operating system
    # has taken counts as stored. Commits are still waited for, in the order that production has.
    "fsync": "off",
    "full_page_writes": "off",
}


class PostgresServer(ThrowawayServer):
    """A PostgreSQL server of our own, on the loopback address."""

    url: str
    """Of the database from which others are created: `postgresql://user@host:port/postgres`."""

    def __init__(
        self,
        programs: Path,
        *,
        standby_of: PostgresServer | None = None,
        superuser: str = "kursplan",
        set_up: Callable[[Path], Mapping[str, str]] = lambda _: {},
    ) -> None:
        """Start the server whose programs (`initdb`, `postgres`) are in that directory.

        A standby begins as a copy of the other, and repeats what is committed there. `set_up` is given the
        folder with the data before it starts, and gives further settings. Raises RuntimeError, with what the
        program wrote, if it does not start.
        """
        user = unprivileged_user()
        directory = Path(tempfile.mkdtemp(prefix="kursplan-postgres-"))
        data = directory / "data"
        try:
            if user is not None:
                shutil.chown(directory, user)
            if standby_of is None:
                initdb(programs, data, user, superuser)
            else:
                copy_of(programs, standby_of.url, data, user)
            further = set_up(data)
        except BaseException:
            shutil.rmtree(directory)
            raise
        port = free_port()
        settings = [f"--{name}={value}" for name, value in {**SETTINGS, **further}.items()]
        super().__init__(
            [str(programs / "postgres"), "-D", str(data), f"--port={port}", *settings],
            directory,
            lambda: is_ready(data),
            user,
        )
        self.url = f"postgresql://{superuser}@127.0.0.1:{port}/postgres"


def installed_programs() -> Path | None:
    """The directory with the programs of the newest PostgreSQL server installed, if there is one."""
    on_path = shutil.which("postgres")
    directories = [Path(on_path).resolve().parent] if on_path else []
    for pattern in PACKAGED:
        directories.extend(Path("/").glob(pattern.removeprefix("/")))
    complete = [
        each for each in directories if (each / "postgres").exists() and (each / "initdb").exists()
    ]
    return max(complete, key=_major_version, default=None)


async def create_database(
    server_url: str, template: str | None = None, tablespace: str = "pg_default"
) -> str:
    """Create a database and give its URL.

    It is empty, or a copy of the database whose URL is `template`; nobody may be connected to that.
    """
    name = f"kursplan_test_{secrets.token_hex(8)}"
    source = _database_name(template) if template else "template0"
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(
            f'CREATE DATABASE "{name}" TEMPLATE "{source}" TABLESPACE "{tablespace}"'
        )
    finally:
        await connection.close()
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()


async def drop_database(server_url: str, url: str) -> None:
    """Drop the database at `url`, whoever is still connected to it."""
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f'DROP DATABASE "{_database_name(url)}" WITH (FORCE)')
    finally:
        await connection.close()


@asynccontextmanager
async def fresh_database(server_url: str, template: str | None = None) -> AsyncIterator[str]:
    """The URL of a database as `create_database` makes it, for as long as the block lasts."""
    url = await create_database(server_url, template)
    try:
        yield url
    finally:
        await drop_database(server_url, url)


# --- For pytest ---------------------------------------------------------------------------------

_server = pytest.StashKey[PostgresServer]()


def _server_url(config: pytest.Config) -> str | None:
    """The URL of the one server of this test run, started if need be; None if none is installed."""
    if given := os.environ.get(URL_VARIABLE):
        return given
    if _server not in config.stash:
        programs = installed_programs()
        if programs is None:
            return None
        config.stash[_server] = PostgresServer(programs)
    return config.stash[_server].url


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a new worker of pytest-xdist where the server is."""
    node.workerinput["postgres_url"] = _server_url(node.config)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _server in config.stash:
        config.stash[_server].stop()


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> str:
    """The URL of a PostgreSQL server on which databases can be created."""
    worker_input = getattr(pytestconfig, "workerinput", None)
    url: str | None = worker_input["postgres_url"] if worker_input else _server_url(pytestconfig)
    if url is None:
        not_installed("PostgreSQL", REMEDY)
    return url


# --- How a server is set up ---------------------------------------------------------------------


def unprivileged_user() -> str | None:
    """Whom to run a server as: PostgreSQL refuses root, everybody else runs it themselves."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def initdb(programs: Path, data: Path, user: str | None, superuser: str) -> None:
    _run(
        [
            str(programs / "initdb"),
            f"--pgdata={data}",
            f"--username={superuser}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ],
        data.parent,
        user,
    )


def copy_of(programs: Path, url: str, data: Path, user: str | None) -> None:
    """A copy of the running server at `url`, which follows it once it is started."""
    _run(
        [
            str(programs / "pg_basebackup"),
            f"--dbname={url}",
            f"--pgdata={data}",
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--no-sync",
        ],
        data.parent,
        user,
    )


def _run(command: list[str], directory: Path, user: str | None) -> None:
    done = subprocess.run(
        command,
        check=False,
        cwd=directory,
        capture_output=True,
        text=True,
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed. It wrote:\n{done.stderr.strip()}")


def is_ready(data: Path) -> bool:
    """Whether the server takes connections: its pid file says so in the last line."""
    try:
        return (data / "postmaster.pid").read_text().split()[-1:] in (["ready"], ["standby"])
    except FileNotFoundError:
        return False


def _major_version(programs: Path) -> int:
    version = subprocess.run(
        [programs / "postgres", "--version"], check=True, capture_output=True, text=True
    ).stdout
    found = re.search(r"\d+", version)
    if found is None:
        raise RuntimeError(f"{programs / 'postgres'} does not say its version, but {version!r}")
    return int(found[0])


def _database_name(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")
