"""Kursplan as its users start it: `kursplan serve --port 0`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from bench.processes import environment, processes_below, running

_numbers = count()


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    url: str
    pid: int
    """Of the process that was started; with several workers it only looks after them."""

    @property
    def worker_pids(self) -> list[int]:
        """The processes that answer requests."""
        below = [each for each in processes_below(self.pid) if _answers_requests(each)]
        return below or [self.pid]


@asynccontextmanager
async def kursplan_running(
    database_url: str,
    folder: Path,
    *,
    workers: int = 1,
    module: str = "kursplan",
    further: Mapping[str, str] | None = None,
    **settings: object,
) -> AsyncIterator[Server]:
    """A server with default settings, but for the database and a rate limit that is never reached.

    The limit is set so high, instead of to none, so that counting the requests is paid for. The log
    goes to a file in `folder`. Further settings are named without their prefix. `module` is what is
    started instead of Kursplan itself, and `further` what else its environment holds.
    """
    told = environment(
        KURSPLAN_DATABASE_URL=database_url,
        KURSPLAN_RATE_LIMIT="1000000000",
        **{f"KURSPLAN_{name.upper()}": str(value) for name, value in settings.items()},
        **(further or {}),
    )
    log = folder / f"kursplan-{next(_numbers)}.log"
    command = [sys.executable, "-m", module, "serve", "--port", "0"]
    command += ["--workers", str(workers)] if workers > 1 else []
    async with running(
        command, log, lambda: _workers_started(log) >= workers, settings=told
    ) as pid:
        yield Server(f"http://127.0.0.1:{_port(log)}", pid)


def _workers_started(log: Path) -> int:
    return sum(line["event"] == "started" for line in _lines(log))


def _port(log: Path) -> int:
    """Where it listens, as its log says."""
    port: int = next(line["port"] for line in _lines(log) if line["event"] == "listening")
    return port


def _lines(log: Path) -> Iterator[dict[str, Any]]:
    """What it has logged so far; the last line may be written just now."""
    for line in log.read_text().splitlines():
        with suppress(json.JSONDecodeError):
            yield json.loads(line)


def _answers_requests(pid: int) -> bool:
    """Multiprocessing starts processes of its own beside those that it is asked for."""
    command = Path(f"/proc/{pid}/cmdline").read_bytes()
    return b"spawn_main" in command


def doctor_is_content(database_url: str) -> bool:
    """Whether `kursplan doctor` finds every invariant of the stored data to hold."""
    done = subprocess.run(
        [sys.executable, "-m", "kursplan", "doctor"],
        check=False,
        capture_output=True,
        env=environment(KURSPLAN_DATABASE_URL=database_url),
    )
    return done.returncode == 0
