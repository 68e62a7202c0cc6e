"""Programs that run while something is measured: started, waited for, and ended by their own id."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

PATIENCE_SECONDS = 60.0
TICKS = os.sysconf("SC_CLK_TCK")


class NotStarted(Exception):
    """A program ended, or was not ready in time; the message holds what it wrote."""


@asynccontextmanager
async def running(
    command: Sequence[str | Path],
    log: Path,
    is_ready: Callable[[], bool],
    *,
    settings: Mapping[str, str] | None = None,
    user: str | None = None,
    folder: Path | None = None,
    stop_with: signal.Signals = signal.SIGTERM,
) -> AsyncIterator[int]:
    """The id of a process that runs `command` until the block ends, and writes into `log`.

    `settings` are its whole environment; None gives it ours.

    Raises `NotStarted`.
    """
    process = _started(command, log, settings, user, folder)
    try:
        if not await _is_ready_in_time(is_ready, process):
            raise NotStarted(f"{command[0]} did not start. It wrote:\n{_written(log)}")
        yield process.pid
    finally:
        process.send_signal(stop_with)
        try:
            await asyncio.to_thread(process.wait, PATIENCE_SECONDS)
        finally:
            process.kill()
            process.wait()


def _started(
    command: Sequence[str | Path],
    log: Path,
    settings: Mapping[str, str] | None,
    user: str | None,
    folder: Path | None,
) -> subprocess.Popen[bytes]:
    with log.open("wb") as written:
        return subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            env=settings,
            user=user,
            cwd=folder,
            start_new_session=True,  # Ctrl-C is for the harness, which then ends this one.
        )


async def _is_ready_in_time(is_ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> bool:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_SECONDS
    while not is_ready():
        if process.poll() is not None or loop.time() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


def _written(log: Path) -> str:
    return log.read_text(errors="replace").strip()


async def output_of(*command: str | Path, folder: Path | None = None) -> str:
    """What a program writes until it ends by itself; if nobody waits any more, it is ended."""
    process = await asyncio.create_subprocess_exec(
        *(str(word) for word in command),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        written, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return written.decode()


def environment(**settings: str) -> dict[str, str]:
    """These settings, and nothing else of ours but where programs and modules are.

    So another checkout is measured by naming its sources in PYTHONPATH.
    """
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return {"PATH": os.defpath, **kept, **settings}


def free_port() -> int:
    """A TCP port of the loopback address on which nobody listened a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Whether somebody listens on that port of the loopback address."""
    with socket.socket() as knocking:
        knocking.settimeout(1)
        return knocking.connect_ex(("127.0.0.1", port)) == 0


def processes_below(pid: int) -> list[int]:
    """The processes that this one started, and those that they started."""
    tasks = Path(f"/proc/{pid}/task")
    children = [
        int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()
    ]
    return children + [each for child in children for each in processes_below(child)]


def processor_ms(server: int) -> float:
    """What it and all processes below it had of a processor so far, those that are gone too."""
    ticks = 0
    for pid in (server, *processes_below(server)):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:  # It is gone since, and counted by the one that waited for it.
            continue
        user, system, childrens_user, childrens_system = map(int, fields[11:15])
        ticks += user + system
        if pid == server:
            ticks += childrens_user + childrens_system
    return ticks * 1000 / TICKS
