"""A site that answers in two pieces, the second when somebody asks for it: `python -m tests.deploy.in_pieces PORT`."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from kursplan.web.listen import bind, listen
from kursplan.web.process import serve
from kursplan.web.server import Site
from tests.web.lifespan import live


class InPieces:
    def __init__(self) -> None:
        self._may_go_on = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await live(receive, send)
            return
        kind = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": kind})
        if scope["path"].endswith("/go-on"):
            self._may_go_on.set()
        elif scope["path"].endswith("/pieces"):
            await send({"type": "http.response.body", "body": b"data: one\n\n", "more_body": True})
            await self._may_go_on.wait()
            await send({"type": "http.response.body", "body": b"data: two\n\n", "more_body": True})
        await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    listener = bind("127.0.0.1", int(sys.argv[1]))
    listen(listener)
    serve(Site(InPieces()), listener)
