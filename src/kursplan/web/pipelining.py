"""Pipelining: clients that send requests before they have their answers wait in line.

Were each of a hundred such clients answered once a turn of the event loop, one who asks and waits for
the answer would be the last of a hundred each time. So the line goes on by one client a turn of the
loop, and whoever has asked one thing only is not in it.
"""

from __future__ import annotations

import asyncio
from collections import deque


class Line:
    """Connections whose next request has come before its time, the earliest first."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def stand(self) -> None:
        """Wait for one's turn."""
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[None] = loop.create_future()
        self._waiting.append(mine)
        if len(self._waiting) == 1:
            loop.call_soon(self._go_on)
        await mine

    def _go_on(self) -> None:
        first = self._waiting.popleft()
        if not first.done():  # Cancelled, where the server stops.
            first.set_result(None)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._go_on)
