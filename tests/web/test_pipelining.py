"""Who sends many requests at once doesn't keep those back who send one and wait for its answer."""

from __future__ import annotations

import asyncio
from typing import Any

from kursplan.web.listen import bind, listen, port_of
from kursplan.web.server import Server, Site
from tests.web.lifespan import live

CLIENTS = 40
REQUESTS = 60


class Shop:
    """An application that notes which requests it began."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.is_full = asyncio.Event()
        self.is_done = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await live(receive, send)
            return
        self.begun.append(scope["path"])
        if len(self.begun) == CLIENTS * REQUESTS // 4:
            self.is_full.set()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"here you are"})
        if len(self.begun) == CLIENTS * REQUESTS + 1:
            self.is_done.set()


def asked(path: str, times: int = 1) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: k\r\n\r\n".encode() * times


async def in_a_shop() -> Shop:
    shop = Shop()
    listener = bind("127.0.0.1", 0)
    listen(listener)
    server = Server(Site(shop), listener)
    assert await server.start()
    serving = asyncio.create_task(server.serve())
    port = port_of(listener)
    clients = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CLIENTS + 1)]
    honest_reader, honest = clients.pop()
    for _, writer in clients:
        writer.write(asked("/many", REQUESTS))
    await shop.is_full.wait()
    honest.write(asked("/one"))
    await honest_reader.readuntil(b"here you are")
    await shop.is_done.wait()
    for _, writer in [*clients, (None, honest)]:
        writer.close()
    server.stop()
    await serving
    return shop


def test_one_request_does_not_wait_for_all_who_pipeline() -> None:
    shop = asyncio.run(in_a_shop())
    waited_for = shop.begun.index("/one") - CLIENTS * REQUESTS // 4
    assert waited_for < CLIENTS // 2


def test_all_that_was_pipelined_is_answered() -> None:
    shop = asyncio.run(in_a_shop())
    assert shop.begun.count("/many") == CLIENTS * REQUESTS
