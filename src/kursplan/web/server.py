"""The server in one process: it lets clients in, as many as there is room for, until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

import structlog

from kursplan.clock import machine_seconds, stopwatch
from kursplan.web.connection import Connection
from kursplan.web.faults import Explain, explain_plainly
from kursplan.web.lifespan import Lifespan
from kursplan.web.pipelining import Line
from kursplan.web.turns import YOUNG_SECONDS, Turns

log = structlog.get_logger(__name__)

GRACE_SECONDS = 15
"""How long a stop takes at most."""
CLOSING_SECONDS = 3
"""How much of that is kept for the application to end."""
HURRY_SECONDS = 3
"""How long clients may still take to send what they have begun when the server stops."""
TICK_SECONDS = 1
READ_BYTES = 16 * 1024
"""How much is read from a client at once."""
STOPPING = "kursplan.stopping"
"""The ASGI extension by which an answer that would go on for ever learns that the server stops: an
`asyncio.Event`."""
ACCEPTED_AT_ONCE = 32
"""How many are let in before those who are in go on."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may take."""

    idle_seconds: float = 75
    """Between an answer and the next request."""
    head_seconds: float = 10
    """To the first byte of a new connection, and from there to the end of the head."""
    body_seconds: float = 30
    """For all of a body, and to take what was written."""
    connections: int = 10_000
    """At the same time, if there are descriptors for them."""

    @property
    def room(self) -> int:
        """How many connections there is room for: a quarter of all descriptors is left for others."""
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if descriptors == resource.RLIM_INFINITY:
            return self.connections
        return min(self.connections, descriptors * 3 // 4)


@dataclass(frozen=True, slots=True)
class Site:
    """What is served."""

    application: Any
    """By ASGI, with a lifespan."""
    limits: Limits = Limits()
    explain: Explain = explain_plainly


class Server:
    """Connections, and what they share."""

    def __init__(self, site: Site, listener: socket.socket) -> None:
        self.site = site
        self.turns: Turns[Connection] = Turns()
        self.line = Line()
        self.buffer = memoryview(bytearray(READ_BYTES))
        """Into which all connections read, one after the other."""
        self.is_stopping = False
        self.date = b""
        """The header, as it is written."""
        self._lifespan = Lifespan(site.application)
        self._listener = listener
        self._room = site.limits.room
        self._inside = 0
        """How many connections there are, also those that have just been accepted."""
        self._connections: set[Connection] = set()
        self._entering: set[asyncio.Task[Any]] = set()
        self._is_accepting = False
        self._stopped = asyncio.Event()
        self.extensions = {STOPPING: self._stopped}
        """What applications are told beside each request."""
        self._left = asyncio.Event()

    async def start(self) -> bool:
        """Start the application, unless told to stop. Raises what keeps it from starting."""
        start = asyncio.create_task(self._lifespan.start())
        stop = asyncio.create_task(self._stopped.wait())
        await asyncio.wait({start, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not start.done():
            start.cancel()
            return False
        await start
        return True

    async def serve(self) -> None:
        """Let clients in and answer them, until `stop` is called."""
        self._loop = asyncio.get_running_loop()
        self._tick()
        self._listener.setblocking(False)
        self._accept(True)
        await self._stopped.wait()
        ends = stopwatch() + GRACE_SECONDS
        await self._finish(GRACE_SECONDS - CLOSING_SECONDS)
        try:
            async with asyncio.timeout(ends - stopwatch()):
                await self._lifespan.stop()
        except TimeoutError:
            log.exception("not everything ended within the grace", seconds=GRACE_SECONDS)
            os._exit(1)  # A thread that still waits for something would keep the process for ever.

    def stop(self) -> None:
        """Let nobody in any more, and finish what is under way; said twice, finish nothing."""
        if self._stopped.is_set():
            self._cancel()
        self._stopped.set()

    async def _finish(self, seconds: float) -> None:
        """Answer what is under way, for so long at most."""
        self.is_stopping = True
        self._accept(False)
        self._listener.close()
        for each in list(self._connections):
            if each.is_between_requests:
                each.hang_up()
        self.turns.hurry(HURRY_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wait_until_empty()
        self._cancel()
        await self._wait_until_empty()

    async def _wait_until_empty(self) -> None:
        while self._inside:
            self._left.clear()
            await self._left.wait()

    def _cancel(self) -> None:
        for each in list(self._connections):
            each.cancel()

    def _tick(self) -> None:
        """What is to be done every second."""
        self.date = b"date: " + formatdate(machine_seconds(), usegmt=True).encode()
        for each in self.turns.over():
            each.turn_is_over()
        self._loop.call_later(TICK_SECONDS, self._tick)

    # Letting clients in.

    def enter(self, connection: Connection) -> None:
        """The connection is open."""
        self._connections.add(connection)

    def leave(self, connection: Connection) -> None:
        """The connection is closed."""
        self._connections.discard(connection)
        self.turns.end(connection)
        self._inside -= 1
        self._left.set()

    def _accept(self, accepting: bool) -> None:
        """Look, or do not look, for who wants to be let in."""
        if accepting == self._is_accepting:
            return
        self._is_accepting = accepting
        if accepting:
            self._loop.add_reader(self._listener, self._let_in)
        else:
            self._loop.remove_reader(self._listener)

    def _rest(self) -> None:
        """Let those who knock wait for a moment."""
        self._accept(False)
        self._loop.call_later(YOUNG_SECONDS, lambda: self._accept(not self.is_stopping))

    def _let_in(self) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            if not self._make_room():
                self._rest()
                return
            try:
                client, _address = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                log.warning("can't let a client in", reason=error.strerror)
                self._rest()
                return
            self._inside += 1
            entering = self._loop.create_task(self._open(client))
            self._entering.add(entering)
            entering.add_done_callback(self._entering.discard)

    async def _open(self, client: socket.socket) -> None:
        client.setblocking(False)
        try:
            await self._loop.connect_accepted_socket(lambda: Connection(self), client)
        except OSError:
            client.close()
            self._inside -= 1

    def _make_room(self) -> bool:
        """Whether one more can be let in; if need be, who has waited longest is sent away.

        Where all have just come, those who knock wait at the door instead.
        """
        if self._inside < self._room:
            return True
        longest = self.turns.longest()
        if longest is None:
            return False
        longest.hang_up()
        return True
