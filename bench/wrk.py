"""Load over HTTP from a process of its own, with keep-alive: wrk."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.processes import output_of

SCRIPTS = Path(__file__).with_name("lua")
CONNECTIONS = 256
"""Everybody comes at once. What fewer or more of them bring is measured by `growth`."""
MEASURED = "measured "


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk saw. A refused request was answered with 4xx or 5xx, a broken one not at all."""

    requests: int
    seconds: float
    refused: int
    broken: int
    p50_ms: float
    p99_ms: float
    p999_ms: float

    @property
    def per_second(self) -> float:
        """Requests that were answered as asked, per second."""
        return (self.requests - self.refused) / self.seconds

    @property
    def figures(self) -> dict[str, float]:
        """What is noted of every load."""
        return {
            "per_second": self.per_second,
            "p50_ms": self.p50_ms,
            "p99_ms": self.p99_ms,
            "p999_ms": self.p999_ms,
            "refused": self.refused,
            "broken": self.broken,
        }


async def load(
    url: str,
    script: str,
    arguments: Sequence[object],
    *,
    seconds: int,
    connections: int = CONNECTIONS,
) -> Load:
    """Run wrk for so many seconds with one thread and one of the scripts in `bench/lua`.

    Raises FileNotFoundError if wrk is not installed, RuntimeError with what it wrote if it failed.
    """
    program = shutil.which("wrk")
    if program is None:
        raise FileNotFoundError("wrk is not installed (Debian: the package wrk)")
    return parse(
        await output_of(
            *(program, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"),
            *("-s", f"{script}.lua", url, "--", *map(str, arguments)),
            folder=SCRIPTS,
        )
    )


def parse(written: str) -> Load:
    """What the line of `bench/lua/report.lua` says, in wrk's output."""
    for line in written.splitlines():
        if line.startswith(MEASURED):
            found = json.loads(line.removeprefix(MEASURED))
            return Load(
                requests=found["requests"],
                seconds=found["duration"] / 1e6,
                refused=found["refused"],
                broken=found["broken"],
                p50_ms=found["p50"] / 1000,
                p99_ms=found["p99"] / 1000,
                p999_ms=found["p999"] / 1000,
            )
    raise RuntimeError(f"wrk measured nothing. It wrote:\n{written}")


def same(method: str, body: str = "", headers: Mapping[str, str] | None = None) -> list[str]:
    """The arguments of `bench/lua/same.lua`."""
    return [method, body, *(word for item in (headers or {}).items() for word in item)]
