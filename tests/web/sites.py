"""Small applications that are served in processes of their own: `python -m tests.web.sites NAME PORT`."""

from __future__ import annotations

import os
import sys
from typing import Any

from kursplan.web.listen import bind
from kursplan.web.process import StartFailed
from kursplan.web.processes import serve_in_several
from kursplan.web.server import Site
from tests.web.lifespan import live


async def _tells_its_process(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await live(receive, send)
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % os.getpid()})


async def _refuses_to_start(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "the cupboard is bare"})


async def _fails_to_start(scope: Any, receive: Any, send: Any) -> None:
    raise RuntimeError("the cupboard is locked")


def well() -> Site:
    return Site(_tells_its_process)


def refusing() -> Site:
    return Site(_refuses_to_start)


def failing() -> Site:
    return Site(_fails_to_start)


def missing() -> Site:
    raise ImportError("there is no cupboard")


def ending() -> Site:
    os._exit(7)


def leaving() -> Site:
    sys.exit(7)


SITES = {each.__name__: each for each in (well, refusing, failing, missing, ending, leaving)}

if __name__ == "__main__":
    from tests.web import sites

    try:
        serve_in_several(sites.SITES[sys.argv[1]], [bind("127.0.0.1", int(sys.argv[2]))], 2)
    except StartFailed as failed:
        sys.exit(f"not started: {failed}")
