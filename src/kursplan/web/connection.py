"""A connection: one request after the other is read, answered, and read to its end.

The story is `_converse`. Nothing is taken from the client that nobody asks for: while an answer is
made, or not taken, only a little is read ahead. Whenever the client is the one to go on, that is its
turn, and a turn has an end (`turns.py`).

A body that the application did not read is read here, within bounds, or the connection is closed
behind the answer. So what is left of one request is never taken for the next.
"""

from __future__ import annotations

import asyncio
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, cast

import structlog

from kursplan.web.answer import Answer, refusal
from kursplan.web.body import body_of
from kursplan.web.faults import BadRequest, HttpFault
from kursplan.web.head import END_OF_HEAD, HEAD_BYTES, Address, Head, read_head

if TYPE_CHECKING:
    from kursplan.web.server import Server

log = structlog.get_logger(__name__)

READ_AHEAD_BYTES = 16 * 1024
"""How much may lie unread before the client is made to wait."""
DRAIN_BYTES = 1024 * 1024
"""How much of a body that nobody wants is read, to keep the connection."""
LINGER_SECONDS = 1
"""How long a client may go on sending behind the last answer, which it would not see otherwise."""
EMPTY_LINE = b"\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
DISCONNECT = {"type": "http.disconnect"}


class Gone(ConnectionError):
    """The client has left, or sends no more."""


class Phase(Enum):
    """Where a connection stands."""

    WAITING = auto()
    """Nothing of a request has arrived."""
    ASKED = auto()
    """At least some of a request has arrived, and its answer has not left."""
    ENDING = auto()
    """The answer has left, but not all of the request has arrived; or it was the last."""


class Connection(asyncio.BufferedProtocol):
    """One client."""

    def __init__(self, server: Server) -> None:
        self.phase = Phase.WAITING
        self._server = server
        self._data = b""
        self._at = 0
        """Up to where the data has been taken."""
        self._reading: asyncio.Future[None] | None = None
        """Done when something has arrived, or nothing will any more."""
        self._writing: asyncio.Future[None] | None = None
        """Done when the client has taken what was written."""
        self._leaving: asyncio.Future[None] | None = None
        """Done when the client has left, or sends no more."""
        self._is_paused = False
        self._has_ended = False
        """Whether the client sends no more."""
        self._is_lost = False
        self._is_full = False
        """Whether the client has yet to take what was written."""
        self._has_answered = False
        """Whether a request was answered."""
        self._fault: BadRequest | None = None
        """What was found in a body while the application read it."""

    # What the event loop tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._client = _address(transport.get_extra_info("peername"))
        self._address = _address(transport.get_extra_info("sockname"))
        self._server.enter(self)
        self._loop = asyncio.get_running_loop()
        self._conversation = self._loop.create_task(self._converse())

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._server.buffer

    def buffer_updated(self, nbytes: int) -> None:
        data = bytes(self._server.buffer[:nbytes])
        rest = self._data[self._at :]
        self._data = rest + data if rest else data
        self._at = 0
        _done(self._reading)
        # Even if somebody waits for it: the event loop may read on before they get to run.
        if len(self._data) >= READ_AHEAD_BYTES and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """The client sends no more, and may still wait for answers."""
        self._has_ended = True
        _done(self._reading)
        _done(self._leaving)
        return True

    def connection_lost(self, reason: Exception | None) -> None:
        self._has_ended = self._is_lost = True
        for waiting in (self._reading, self._writing, self._leaving):
            _done(waiting)
        self._server.leave(self)

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        _done(self._writing)

    # What the server tells.

    def turn_is_over(self) -> None:
        """The client has not gone on in time."""
        reading = self._reading
        if self.phase is not Phase.ASKED or reading is None or self._writing is not None:
            self.hang_up()
        elif not reading.done():
            reading.set_exception(BadRequest(HttpFault.REQUEST_TIMEOUT))

    @property
    def is_between_requests(self) -> bool:
        """Whether nobody is owed an answer: who has come and not said anything yet may just be about to."""
        return self.phase is Phase.WAITING and self._has_answered

    def hang_up(self) -> None:
        """End it, whatever is going on."""
        self._server.turns.end(self)
        self._transport.abort()

    def cancel(self) -> None:
        """End it, and what the application does for it."""
        self.hang_up()
        self._conversation.cancel()

    # The conversation.

    async def _converse(self) -> None:
        try:
            if await self._ends_early():
                await self._linger()
        except Gone:
            pass
        finally:
            self._close()

    async def _ends_early(self) -> bool:
        """Answer until the end; whether the client may be sending still. Raises `Gone`."""
        try:
            while await self._answer(await self._head()):
                if self._at < len(self._data):
                    await self._server.line.stand()
        except BadRequest as wrong:
            self._refuse(wrong.fault)
            return True
        return not self._body.is_over or self._at < len(self._data)

    async def _head(self) -> Head:
        """The head of the next request. Raises `Gone` and `BadRequest`."""
        limits = self._server.site.limits
        self.phase = Phase.WAITING
        turn = None
        looked_at = 0
        while True:
            while self._data.startswith(EMPTY_LINE, self._at):
                self._at += len(EMPTY_LINE)
            unread = len(self._data) - self._at
            if unread:
                self.phase = Phase.ASKED
            end = self._data.find(END_OF_HEAD, self._at + looked_at)
            if (unread if end < 0 else end - self._at) > HEAD_BYTES:
                raise BadRequest(HttpFault.REQUEST_HEAD_TOO_LARGE)
            if end >= 0:
                break
            looked_at = max(0, unread - len(END_OF_HEAD) + 1)
            if turn is not self.phase:
                turn = self.phase
                is_idle = turn is Phase.WAITING and self._has_answered
                seconds = limits.idle_seconds if is_idle else limits.head_seconds
                self._server.turns.begin(self, seconds)
            await self._more()
        self._server.turns.end(self)
        end += len(END_OF_HEAD)
        written, self._at = self._data[self._at : end], end
        return read_head(written)

    async def _answer(self, head: Head) -> bool:
        """Let the application answer; whether the connection can be used for another request.

        Raises `Gone` and `BadRequest`.
        """
        server = self._server
        self._body = body = body_of(head.length)
        self._is_given = False
        self._holds_back = head.expects_continue and not body.is_over

        def keeps_alive() -> bool:
            near = body.is_over or (
                not self._holds_back and body.left is not None and body.left <= DRAIN_BYTES
            )
            return near and head.keeps_alive and not server.is_stopping

        self._said = answer = Answer(
            self._transport.write, self._taken, head.method, head.version, server.date, keeps_alive
        )
        scope = head.scope(self._client, self._address)
        scope["extensions"] = server.extensions
        try:
            await server.site.application(scope, self._receive, answer.send)
        except Exception:
            if not self._is_lost:
                log.exception("the application failed", method=head.method)
        server.turns.end(self)
        if self._fault is not None and not answer.has_begun:
            raise self._fault
        if not answer.is_complete:
            if not answer.has_begun and not self._is_lost:
                raise BadRequest(HttpFault.INTERNAL_ERROR)
            self.hang_up()
            raise Gone
        await self._taken()
        self.phase = Phase.ENDING  # Whatever comes now, there is no second answer.
        while answer.keeps_alive and not body.is_over:
            await self._part()
        self._has_answered = True
        return answer.keeps_alive

    async def _receive(self) -> Any:
        """What comes next of the body, and then that the client has left, as ASGI asks for it."""
        if self._is_given:
            await self._left()
            return DISCONNECT
        try:
            part = await self._part()
        except Gone:
            return DISCONNECT
        except BadRequest as fault:
            # The application has no answer to this; the server gives one when it has ended.
            self._fault = fault
            self._said.drop()
            return DISCONNECT
        self._is_given = self._body.is_over
        return {"type": "http.request", "body": part, "more_body": not self._is_given}

    async def _part(self) -> bytes:
        """Some more of the body, nothing only where it is over. Raises `Gone` and `BadRequest`."""
        body, turns = self._body, self._server.turns
        while True:
            part, self._at = body.take(self._data, self._at)
            if body.is_over:
                turns.end(self)
                return part
            if part:
                self._holds_back = False
                return part
            if self._holds_back:
                self._holds_back = False
                self._transport.write(CONTINUE)
            if self not in turns:
                turns.begin(self, self._server.site.limits.body_seconds)
            await self._more()

    def _refuse(self, fault: HttpFault) -> None:
        self._transport.write(refusal(fault, *self._server.site.explain(fault), self._server.date))

    async def _linger(self) -> None:
        """Read what the client still sends for a moment, and throw it away. Raises `Gone`.

        To close while it is sending would reset the connection, and the answer might be lost.
        """
        self.phase = Phase.ENDING
        await self._taken()
        self._server.turns.begin(self, LINGER_SECONDS)
        self._transport.write_eof()
        passed_over = 0
        while not self._has_ended and passed_over < DRAIN_BYTES:
            passed_over += len(self._data) - self._at
            self._at = len(self._data)
            await self._more()

    def _close(self) -> None:
        """Close the connection when the client has taken the last answer."""
        self.phase = Phase.ENDING
        if not self._is_lost:
            self._server.turns.begin(self, self._server.site.limits.body_seconds)
            self._transport.close()

    # Waiting for the client.

    async def _more(self) -> None:
        """Wait until more has arrived. Raises `Gone`, and `BadRequest` where it took too long."""
        if self._has_ended:
            raise Gone
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()
        self._reading = self._loop.create_future()
        try:
            await self._reading
        finally:
            self._reading = None

    async def _taken(self) -> None:
        """Wait until the client has taken what was written, but for a little. Raises `Gone`."""
        while self._is_full and not self._is_lost:
            self._server.turns.begin(self, self._server.site.limits.body_seconds)
            self._writing = self._loop.create_future()
            try:
                await self._writing
            finally:
                self._writing = None
                self._server.turns.end(self)
        if self._is_lost:
            raise Gone

    async def _left(self) -> None:
        """Wait until the client has left, or sends no more, which looks the same."""
        while not self._has_ended:
            self._leaving = self._loop.create_future()
            try:
                await self._leaving
            finally:
                self._leaving = None


def _address(name: Any) -> Address:
    """Host and port, of whatever family."""
    return (name[0], name[1]) if isinstance(name, tuple) else None


def _done(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)
