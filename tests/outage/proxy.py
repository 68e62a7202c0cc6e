"""A way to the database that can fall silent, as when a machine or a cable on it is gone."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

PART = 65536


class SilentProxy:
    """Passes on what comes, until it is told not to; then nothing comes, and nothing ends."""

    def __init__(self, url: str) -> None:
        """Leads to the database at `url`, once it is started."""
        self._there = urlsplit(url)
        self._passing = asyncio.Event()
        self._passing.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.url = ""

    async def __aenter__(self) -> SilentProxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        user = f"{self._there.username}@" if self._there.username else ""
        self.url = self._there._replace(netloc=f"{user}127.0.0.1:{port}").geturl()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def fall_silent(self) -> None:
        """From now on nothing passes, on no connection; new ones are taken, and hear nothing."""
        self._passing.clear()

    def speak_again(self) -> None:
        """New connections are passed on again; those from before stay silent for ever."""
        self._passing = asyncio.Event()
        self._passing.set()

    async def _serve(self, ours: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        passing = self._passing
        try:
            await passing.wait()
            theirs, there = await asyncio.open_connection(self._there.hostname, self._there.port)
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass(ours, there, passing))
                both.create_task(_pass(theirs, back, passing))
        finally:
            self._tasks.discard(task)
            back.close()


async def _pass(
    origin: asyncio.StreamReader, goal: asyncio.StreamWriter, passing: asyncio.Event
) -> None:
    with suppress(ConnectionError):
        while part := await origin.read(PART):
            await passing.wait()
            goal.write(part)
            await goal.drain()
    goal.close()
