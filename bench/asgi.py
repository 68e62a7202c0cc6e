"""Applications behind uvicorn, as it is set for them to be fast."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bench.processes import answers, environment, free_port, running

ROOT = Path(__file__).parents[1]


@asynccontextmanager
async def application_running(
    module: str, folder: Path, settings: Mapping[str, str], *, workers: int = 1
) -> AsyncIterator[str]:
    """The URL of so many processes that run what `create` of that module makes.

    uvicorn with uvloop and httptools, without an access log; `settings` go into its environment.
    """
    port = free_port()
    command = [
        *(sys.executable, "-m", "uvicorn", "--factory", f"{module}:create", "--app-dir", str(ROOT)),
        *("--host", "127.0.0.1", "--port", str(port), "--backlog", "2048"),
        *("--loop", "uvloop", "--http", "httptools", "--ws", "none"),
        *("--workers", str(workers)),
        *("--no-access-log", "--no-server-header", "--log-level", "warning"),
    ]
    log = folder / f"{module}.log"
    async with running(command, log, lambda: answers(port), settings=environment(**settings)):
        yield f"http://127.0.0.1:{port}"
