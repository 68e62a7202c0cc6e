"""A bare ASGI application that answers from memory: the fastest that this server lets Python be.

It is told which bytes to answer on which path, head and body, by a JSON file that the environment
names. The server in front of it is the one that Kursplan runs on: uvicorn with uvloop and httptools, no
access log.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bench.asgi import application_running

ANSWERS = "BENCH_ANSWERS"

Message = dict[str, Any]


def create() -> Any:
    """The application; uvicorn calls this."""
    stored = json.loads(Path(os.environ[ANSWERS]).read_text())
    prepared = {path: _prepared(head, body.encode()) for path, (head, body) in stored.items()}

    async def application(scope: Message, receive: Any, send: Any) -> None:
        await receive()
        start, body = prepared[scope["path"]]
        await send(start)
        await send(body)

    return application


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
