"""What an application of a test does when it is started and stopped: nothing, but it says so."""

from __future__ import annotations

from typing import Any


async def live(receive: Any, send: Any) -> None:
    """Answer the lifespan's questions, as ASGI asks them, until the end."""
    for each in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{each}.complete"})
