"""A bare ASGI application that answers from memory: the fastest that a server lets Python be.

It is told which bytes to answer on which path, head and body, by a JSON file that the environment
names. The server in front of it is uvicorn with uvloop and httptools, no access log; beside it, the one
that Kursplan runs on.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bench.asgi import ROOT, application_running
from bench.processes import answers as listens
from bench.processes import environment, free_port, running

ANSWERS = "BENCH_ANSWERS"

Message = dict[str, Any]


def create() -> Any:
    """The application; the server calls this."""
    stored = json.loads(Path(os.environ[ANSWERS]).read_text())
    prepared = {path: _prepared(head, body.encode()) for path, (head, body) in stored.items()}

    async def application(scope: Message, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return await _live(receive, send)
        await receive()
        start, body = prepared[scope["path"]]
        await send(start)
        await send(body)
        return None

    return application


async def _live(receive: Any, send: Any) -> None:
    for each in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{each}.complete"})


def _prepared(head: Mapping[str, str], body: bytes) -> tuple[Message, Message]:
    # The date is the server's own.
    headers = [
        (name.lower().encode(), value.encode())
        for name, value in head.items()
        if name.lower() != "date"
    ]
    start = {"type": "http.response.start", "status": 200, "headers": headers}
    return start, {"type": "http.response.body", "body": body}


@asynccontextmanager
async def bare_running(
    answers: Mapping[str, tuple[Mapping[str, str], str]], folder: Path
) -> AsyncIterator[str]:
    """The URL of a process that answers these heads and bodies at these paths."""
    stored = folder / "answers.json"
    stored.write_text(json.dumps(dict(answers)))
    async with application_running("bench.limits.bare", folder, {ANSWERS: str(stored)}) as url:
        yield url


@asynccontextmanager
async def bare_running_on_ours(
    answers: Mapping[str, tuple[Mapping[str, str], str]], folder: Path
) -> AsyncIterator[str]:
    """The same, on the server that Kursplan runs on."""
    stored = folder / "answers.json"
    stored.write_text(json.dumps(dict(answers)))
    port = free_port()
    command = [sys.executable, "-m", "bench.limits.ours", str(port)]
    settings = environment(**{ANSWERS: str(stored)})
    log = folder / "bench.limits.ours.log"
    async with running(command, log, lambda: listens(port), settings=settings, folder=ROOT):
        yield f"http://127.0.0.1:{port}"
