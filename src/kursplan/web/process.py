"""One process that serves: its event loop, and the signals that end it."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from typing import Any

import uvloop

from kursplan.web.server import Server, Site

STOPS = (signal.SIGTERM, signal.SIGINT)


class StartFailed(Exception):
    """The application did not start; the message says why."""

    @classmethod
    def by(cls, failure: Exception) -> StartFailed:
        return cls(str(failure) or type(failure).__name__)


def serve(
    site: Site,
    listener: socket.socket,
    *,
    started: Callable[[Server], None] = lambda _: None,
    stops: Iterable[signal.Signals] = STOPS,
) -> None:
    """Answer on the socket until a signal ends it; then what was begun is finished.

    Raises `StartFailed`. `started` is called once, within the event loop.
    """
    for number in stops:
        signal.signal(number, _leave)  # Until there is an event loop that could be told.

    async def run() -> None:
        server = Server(site, listener)
        for number in stops:
            asyncio.get_running_loop().add_signal_handler(number, server.stop)
        try:
            is_started = await server.start()
        except Exception as failure:
            raise StartFailed.by(failure) from failure
        if is_started:
            started(server)
            await server.serve()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


def _leave(*_: Any) -> None:
    sys.exit(0)
