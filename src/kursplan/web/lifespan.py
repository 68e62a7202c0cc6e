"""The life of an ASGI application: it is told to start before the first request, and to stop after the last."""

from __future__ import annotations

import asyncio
from typing import Any


class DidNotStart(Exception):
    """The application said that it can't start, and why."""


class Lifespan:
    """One start and one stop."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._told: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._started = asyncio.Event()
        self._reason: str | None = None

    async def start(self) -> None:
        """Raises `DidNotStart`, or whatever the application raises."""
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}}
        self._life = asyncio.create_task(
            self._application(scope | {"state": {}}, self._told.get, self._hear)
        )
        self._told.put_nowait({"type": "lifespan.startup"})
        started = asyncio.create_task(self._started.wait())
        await asyncio.wait({self._life, started}, return_when=asyncio.FIRST_COMPLETED)
        if not self._started.is_set():
            started.cancel()
            await self._life
            raise DidNotStart(self._reason or "the application ended")

    async def stop(self) -> None:
        """Raises whatever the application raises."""
        self._told.put_nowait({"type": "lifespan.shutdown"})
        await self._life

    async def _hear(self, message: Any) -> None:
        if message["type"] == "lifespan.startup.complete":
            self._started.set()
        elif message["type"] == "lifespan.startup.failed":
            self._reason = message.get("message")
