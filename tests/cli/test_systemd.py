"""Run by systemd: units that it understands and that shut the service in, its sockets, and signs of life."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import date
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Ran, run
from tests.gym import Gym
from tests.throwaway import free_port, not_installed

PATIENCE_SECONDS = 60
ENOUGH = 200
"""Customers who may book while it is restarted."""
BEAT_MICROSECONDS = 400_000
EXPOSURE = 2.0
"""What `systemd-analyze security` may say of a service at most; 10 is the worst."""
KURSPLAN = [sys.executable, "-m", "kursplan"]
# Becomes the command, with the descriptors where systemd has them: from 3 on.
BECOME = """
import fcntl, os, sys
descriptors, *command = sys.argv[1:]
moved = [fcntl.fcntl(int(each), fcntl.F_DUPFD, 100) for each in descriptors.split(",")]
for number, each in enumerate(moved, start=3):
    os.dup2(each, number)
    os.close(each)
pid = str(os.getpid())
os.environ |= {"LISTEN_PID": pid, "LISTEN_FDS": str(len(moved)), "WATCHDOG_PID": pid}
os.execvp(command[0], command)
"""


def systemds(program: str) -> str:
    found = f"/usr/bin/{program}"
    if not Path(found).exists():
        not_installed(program, "install it (Debian, Ubuntu: apt-get install systemd).")
    return found


async def set_up(to: Path, *arguments: object) -> Ran:
    return await run("setup", "systemd", "--to", to, "--command", "/usr/bin/true", *arguments)


# What is written.


@pytest.mark.parametrize("workers", [1, 3])
async def test_systemd_understands_the_units_and_they_shut_the_services_in(
    tmp_path: Path, workers: int
) -> None:
    analyze = systemds("systemd-analyze")
    assert (await set_up(tmp_path, "--workers", workers)).status == 0
    units = sorted((tmp_path / "etc/systemd/system").iterdir())
    assert len(units) == 6

    verified = told(analyze, "verify", *units)
    assert verified == (0, ""), verified

    for unit in (each for each in units if each.suffix == ".service"):
        threshold = f"--threshold={int(EXPOSURE * 10)}"
        status, said = told(analyze, "security", "--offline=true", threshold, unit)
        assert status == 0, said


def told(*command: object) -> tuple[int, str]:
    ran = subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, check=False
    )
    return ran.returncode, ran.stderr


async def test_what_is_set_stays_and_what_was_changed_is_not_written_over(tmp_path: Path) -> None:
    first = await set_up(tmp_path)
    assert (first.status, first.err) == (0, "")
    url = tmp_path / "etc/kursplan/database-url"
    settings = tmp_path / "etc/kursplan/kursplan.env"
    unit = tmp_path / "etc/systemd/system/kursplan.service"
    script = tmp_path / "usr/local/sbin/kursplan-as-service"
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (url, settings, unit, script)]
    assert modes == [0o600, 0o644, 0o644, 0o755]
    assert told("sh", "-n", script) == (0, "")
    url.write_text("postgresql://kursplan:pa55word@db/kursplan\n")

    again = await set_up(tmp_path)
    assert again.status == 0
    assert f"{url} stays as it is." in again.out.splitlines()
    more = await set_up(tmp_path, "--workers", 2)
    assert more.status == 1
    assert str(unit) in more.err
    assert "--workers 1\n" in unit.read_text()
    replaced = await set_up(tmp_path, "--workers", 2, "--replace")
    assert replaced.status == 0
    # Another process needs another socket, which systemd opens with the socket's unit alone.
    assert replaced.out.endswith("systemctl restart kursplan.socket kursplan.service\n")
    assert "systemctl restart" not in again.out
    assert "--workers 2\n" in unit.read_text()
    assert "pa55word" in url.read_text()
    assert stat.S_IMODE(url.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--listen", "8080"), "is no address with a port"),
        (("--listen", "127.0.0.1:http"), "is no address with a port"),
        (("--command", "/nowhere/kursplan"), "can't be run by a service"),
        (("--command", "/tmp/kursplan"), "a service sees nothing of /tmp"),  # noqa: S108
    ],
)
async def test_what_no_service_could_run_is_refused(
    tmp_path: Path, arguments: tuple[str, str], says: str
) -> None:
    refused = await run("setup", "systemd", "--to", tmp_path, "--command", "/bin/true", *arguments)

    assert refused.status == 2
    assert says in refused.err
    assert not (tmp_path / "etc").exists()


# What is handed over, and told.


class Systemd:
    """Holds a socket for the service, and hears what it says of itself."""

    def __init__(self, folder: Path, sockets: int = 1) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._stack = ExitStack()
        self._sockets = [self._listening() for _ in range(sockets)]
        self._ear = self._stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        self._path = folder / "notify"
        self._ear.bind(str(self._path))

    def _listening(self) -> socket.socket:
        each = self._stack.enter_context(socket.socket())
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        each.bind(("127.0.0.1", self.port))
        each.listen(100)
        return each

    def hears(self, seconds: float = PATIENCE_SECONDS) -> str | None:
        """What is said next; None where nothing is for so long."""
        self._ear.settimeout(seconds)
        try:
            return self._ear.recv(1000).decode()
        except TimeoutError:
            return None

    def hears_nothing_more(self) -> bool:
        """Whether what is on its way was the last, so far."""
        return any(self.hears(BEAT_MICROSECONDS * 3 / 1e6) is None for _ in range(20))

    @contextmanager
    def runs(self, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """The service, with what systemd gives it."""

        handed_over = [each.fileno() for each in self._sockets]
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", BECOME, ",".join(map(str, handed_over))),
                *(*KURSPLAN, "serve", *arguments),
            ],
            env=os.environ
            | {"NOTIFY_SOCKET": str(self._path), "WATCHDOG_USEC": str(BEAT_MICROSECONDS)}
            | environment,
            pass_fds=handed_over,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if process.stderr is not None:
                process.stderr.close()

    def close(self) -> None:
        self._stack.close()


Holds = Callable[[int], Systemd]


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Holds]:
    with ExitStack() as stack:

        def holds(sockets: int) -> Systemd:
            made = Systemd(tmp_path, sockets)
            stack.callback(made.close)
            return made

        yield holds


def children_of(pid: int) -> list[int]:
    """The processes that serve, which are those that were spawned."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        int(each) for each in found if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes()
    ]


@pytest.mark.parametrize(("workers", "sockets"), [(1, 1), (2, 1), (2, 2)])
def test_it_serves_on_sockets_that_are_handed_over_and_gives_signs_of_life(
    systemd: Holds, postgres_database: str, workers: int, sockets: int
) -> None:
    holder = systemd(sockets)
    with holder.runs("--workers", str(workers), KURSPLAN_DATABASE_URL=postgres_database) as service:
        # Nobody who knocks before it is ready is turned away.
        assert httpx.get(f"{holder.url}/health/live", timeout=PATIENCE_SECONDS).status_code == 200
        assert holder.hears() == "READY=1"
        assert [holder.hears() for _ in range(3)] == ["WATCHDOG=1"] * 3
        if workers > 1:
            victim = children_of(service.pid)[0]
            os.kill(victim, signal.SIGSTOP)
            assert holder.hears_nothing_more(), "one that hangs was not missed"
            os.kill(victim, signal.SIGCONT)
            assert holder.hears() == "WATCHDOG=1"
        service.send_signal(signal.SIGTERM)
        _, logged = service.communicate()
        assert service.returncode == 0
        first = json.loads(logged.splitlines()[0])
        assert (first["event"], first["port"]) == ("listening", holder.port)


def test_who_knocks_while_it_is_restarted_is_let_in_afterwards(
    systemd: Holds, sqlite_database: str
) -> None:
    holder = systemd(1)
    with holder.runs(KURSPLAN_DATABASE_URL=sqlite_database) as service:
        assert holder.hears() == "READY=1"
        service.terminate()
        service.communicate()
    with socket.create_connection(("127.0.0.1", holder.port), timeout=PATIENCE_SECONDS) as early:
        early.sendall(b"GET /health/ready HTTP/1.1\r\nHost: kursplan\r\n\r\n")
        with holder.runs(KURSPLAN_DATABASE_URL=sqlite_database):
            assert early.recv(1000).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
async def test_restarts_and_an_upgrade_turn_nobody_away(
    systemd: Holds, gym: Gym, database_url: str, in_three_days: date
) -> None:
    """An upgrade of what is installed is a restart; that of the schema has nothing to do here."""
    slot = await gym.slot("spin", day=in_three_days, seats=None)
    customers = await gym.customers(ENOUGH)
    key = {"X-API-KEY": await gym.key()}
    holder = systemd(1)
    answered: list[int] = []
    is_over = asyncio.Event()

    async def book() -> None:
        while not is_over.is_set():
            place = {"customerId": customers.pop(), "classSlotId": slot}
            # A new connection each time, as from many people's telephones.
            answer = await asyncio.to_thread(
                httpx.post,
                f"{holder.url}/v1/classes/booking/book",
                json=place,
                headers=key,
                timeout=PATIENCE_SECONDS,
            )
            answered.append(answer.status_code)
            await asyncio.sleep(0.05)

    async def some_more() -> None:
        enough = len(answered) + 10
        while len(answered) < enough:
            await asyncio.wait(booking, timeout=0.02)
            for failed in (each for each in booking if each.done()):
                failed.result()

    booking = [asyncio.create_task(book()) for _ in range(3)]
    for _ in range(2):
        with holder.runs(KURSPLAN_DATABASE_URL=database_url) as service:
            await some_more()
            upgraded = await run("db", "upgrade", KURSPLAN_DATABASE_URL=database_url)
            assert upgraded.status == 0
            await some_more()
            service.terminate()
            await asyncio.to_thread(service.communicate)
            assert service.returncode == 0
    with holder.runs(KURSPLAN_DATABASE_URL=database_url):
        is_over.set()
        await asyncio.gather(*booking)
    assert set(answered) == {200}


@pytest.mark.parametrize(
    ("sockets", "arguments", "says"),
    [
        (1, ("--port", "9"), "leave --host and --port out"),
        (2, (), "give --workers 2"),
    ],
)
def test_what_does_not_fit_what_is_handed_over_is_refused(
    systemd: Holds, sqlite_database: str, sockets: int, arguments: tuple[str, ...], says: str
) -> None:
    holder = systemd(sockets)
    with holder.runs(*arguments, KURSPLAN_DATABASE_URL=sqlite_database) as service:
        _, told = service.communicate()
    assert service.returncode in (1, 2)
    assert told.startswith("kursplan: ")
    assert says in told


def test_a_socket_in_the_file_system_is_refused(sqlite_database: str, tmp_path: Path) -> None:
    """All who come by it would be one peer, for whom one wrong key is everybody's."""
    activate = systemds("systemd-socket-activate")
    path = tmp_path / "socket"
    command = [*KURSPLAN, "serve"]
    with subprocess.Popen(
        [
            activate,
            "-E",
            "PYTHONPATH",
            "-E",
            f"KURSPLAN_DATABASE_URL={sqlite_database}",
            "-l",
            path,
            *command,
        ],
        stderr=subprocess.PIPE,
        text=True,
    ) as service:
        assert service.stderr is not None
        for line in service.stderr:
            if "Listening" in line:
                break
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            told = service.stderr.read()
    assert "does not listen at an address and a port" in told


def test_systemds_own_activator_starts_it_by_the_first_who_knocks(sqlite_database: str) -> None:
    activate = systemds("systemd-socket-activate")
    port = free_port()
    with subprocess.Popen(
        [
            *(activate, "-E", "PYTHONPATH", "-E", f"KURSPLAN_DATABASE_URL={sqlite_database}"),
            *("-l", f"127.0.0.1:{port}", *KURSPLAN, "serve"),
        ],
        stderr=subprocess.PIPE,
        text=True,
    ) as service:
        assert service.stderr is not None
        for line in service.stderr:
            if "Listening" in line:
                break
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=PATIENCE_SECONDS)
            assert answer.json() == {"status": "ready"}
        finally:
            service.terminate()
            service.stderr.read()
