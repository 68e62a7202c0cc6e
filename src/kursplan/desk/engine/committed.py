"""What the desk tells those of its process who tell others: that there is something, and where."""

from __future__ import annotations

import asyncio


class Committed(asyncio.Event):
    """Set whenever a turn has stored events of which somebody is to be told; who tells them clears it."""

    def __init__(self) -> None:
        super().__init__()
        self._organizations: dict[int, None] = {}

    def note(self, organization_id: int) -> None:
        """There are some in this organization."""
        self._organizations[organization_id] = None
        self.set()

    def take(self) -> list[int]:
        """The organizations where there are some since this was asked last."""
        taken, self._organizations = list(self._organizations), {}
        return taken
