"""A wire between us and a server, which a test can cut or let lose an answer.

Real connections on both sides: what is read and written is what a network would carry.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class Wire:
    """Carries every connection made to `url` on to the server, until it is cut."""

    def __init__(self, server_url: str) -> None:
        there = urlsplit(server_url)
        self._there = there.hostname, there.port
        self._url = there
        self._listener: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self.loses_answer_to: bytes | None = None
        """The server does what it is asked with these bytes, and its answer is lost on the way."""
        self.lost = 0

    @property
    def url(self) -> str:
        assert self._listener is not None
        port = self._listener.sockets[0].getsockname()[1]
        user = f"{self._url.username}@" if self._url.username else ""
        return self._url._replace(netloc=f"{user}127.0.0.1:{port}").geturl()

    async def lay(self) -> None:
        self._listener = await asyncio.start_server(self._carry, "127.0.0.1", 0)

    async def cut(self) -> None:
        """No connection is left, and none is made."""
        assert self._listener is not None
        self._listener.close()
        for each in list(self._connections):
            each.close()
        await self._listener.wait_closed()

    async def _carry(self, ours: asyncio.StreamReader, to_us: asyncio.StreamWriter) -> None:
        theirs, to_them = await asyncio.open_connection(*self._there)
        ends = {to_us, to_them}
        self._connections |= ends
        answered = asyncio.create_task(_pass_on(theirs, to_us))
        try:
            while asked := await ours.read(65536):
                to_them.write(asked)
                if self.loses_answer_to is not None and self.loses_answer_to in asked:
                    self.loses_answer_to = None
                    answered.cancel()
                    await asyncio.wait([answered])
                    await theirs.read(65536)
                    self.lost += 1
                    break
        except ConnectionError:
            pass
        finally:
            answered.cancel()
            for each in ends:
                each.close()
            self._connections -= ends


async def _pass_on(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    try:
        while answer := await source.read(65536):
            to.write(answer)
    except ConnectionError:
        pass
    finally:
        # Whoever reads on the other side learns that nothing more comes.
        if not asyncio.current_task().cancelling():  # type: ignore[union-attr]
            to.close()


@asynccontextmanager
async def wire_to(server_url: str) -> AsyncIterator[Wire]:
    wire = Wire(server_url)
    await wire.lay()
    try:
        yield wire
    finally:
        await wire.cut()
