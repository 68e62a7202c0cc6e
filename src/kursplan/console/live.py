"""Live pages: who has one open is told when what it shows has changed, over server-sent events.

All who watch share one look at the versions of their studios a second, whatever their number. A stream
says only how far things have come; the page then asks for itself again and exchanges what is different.
Streams are bounded, end by themselves after a while (so that who may watch is asked again), and end when
the server stops. Without a script there are none.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from kursplan.clock import stopwatch
from kursplan.console import places
from kursplan.console.about import ALL_STUDIOS
from kursplan.console.addresses import address
from kursplan.console.places import Place
from kursplan.console.visit import Visit
from kursplan.store.engine.trouble import DatabaseUnavailable
from kursplan.store.rules.versions import Version
from kursplan.web.server import STOPPING
from kursplan.web.version_reader import Studio, VersionReader

log = structlog.get_logger(__name__)

PATH: Final = "live"
LOOK_SECONDS: Final = 1.0
HEARTBEAT_SECONDS: Final = 15.0
"""How often something is sent on a stream on which nothing happens, so that nobody on the way ends it."""
LASTS_SECONDS: Final = 600.0
"""Then a stream ends, and the browser begins another one: as whoever is signed in by then."""
AGAIN_MILLISECONDS: Final = 3000
"""After what time a browser begins a new stream."""
MOST: Final = 500
"""How many streams there are in one process at most."""


class TooMany(Exception):
    """There are as many streams as there may be."""


async def _a_second() -> None:
    await asyncio.sleep(LOOK_SECONDS)


@dataclass(eq=False, slots=True)
class Watcher:
    """Whoever holds a stream open, and the studios that it is about."""

    studios: frozenset[Studio]
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class Live:
    """Watches studios for all who want to know; one object per process."""

    def __init__(
        self,
        versions: VersionReader,
        *,
        pause: Callable[[], Awaitable[None]] = _a_second,
        most: int = MOST,
    ) -> None:
        """`pause` is what lies between one look and the next."""
        self._versions = versions
        self._pause = pause
        self._most = most
        self._watchers: set[Watcher] = set()
        self._wanted = Counter[Studio]()
        """The studios that are watched, each with how many do."""
        self._known: dict[Studio, Version] = {}
        self._looking: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def streams(self) -> int:
        return len(self._watchers)

    async def version(self, studios: Collection[Studio]) -> int:
        """How far these studios have come. Raises `DatabaseUnavailable`."""
        found = await asyncio.gather(*(self._versions.read(*each) for each in studios))
        return _sum(found)

    @contextmanager
    def joined(self, studios: Collection[Studio]) -> Iterator[Watcher]:
        """Watch these studios for a while. Raises `TooMany`."""
        if len(self._watchers) >= self._most or self._closed:
            raise TooMany
        watcher = Watcher(frozenset(studios))
        self._watchers.add(watcher)
        self._wanted.update(watcher.studios)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)
            self._wanted.subtract(watcher.studios)
            for each in watcher.studios:
                if not self._wanted[each]:
                    del self._wanted[each]
                    self._known.pop(each, None)

    async def changes(self, watcher: Watcher, seen: int | None) -> AsyncIterator[int | None]:
        """How far its studios have come, whenever that is not what was seen; None where nothing has happened
        for a while. It ends after a while, and when the server stops."""
        ends = stopwatch() + LASTS_SECONDS
        while not self._closed and stopwatch() < ends:
            come = self._come(watcher.studios)
            if come is not None and come != seen:
                seen = come
                yield come
                continue
            watcher.woken.clear()
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await watcher.woken.wait()
            except TimeoutError:
                yield None

    def end_with(self, stopping: asyncio.Event | None) -> None:
        """Close as soon as that is set: the server that says so waits for nobody who only watches."""
        if stopping is None or self._stopping is not None:
            return

        async def end() -> None:
            await stopping.wait()
            self.close()

        self._stopping = asyncio.create_task(end())

    def close(self) -> None:
        """End all streams, and begin no others."""
        self._closed = True
        for each in (self._looking, self._stopping):
            if each is not None and each is not asyncio.current_task():
                each.cancel()
        for watcher in self._watchers:
            watcher.woken.set()

    async def _look(self) -> None:
        """One look for all, again and again as long as there is somebody."""
        try:
            while self._watchers:
                await self._look_once()
                await self._pause()
        finally:
            self._looking = None

    async def _look_once(self) -> None:
        studios = list(self._wanted)
        try:
            found = await asyncio.gather(*(self._versions.read(*each) for each in studios))
        except DatabaseUnavailable:
            return  # Nobody is told anything; the next look may find it again.
        except Exception:
            log.exception("what is watched can't be looked at")
            return
        changed = {
            studio
            for studio, version in zip(studios, found, strict=True)
            if self._known.get(studio) != version
        }
        self._known |= dict(zip(studios, found, strict=True))
        for watcher in self._watchers if changed else ():
            if not changed.isdisjoint(watcher.studios):
                watcher.woken.set()

    def _come(self, studios: Collection[Studio]) -> int | None:
        """How far they have come as of the last look; None where one was not looked at yet."""
        known = [self._known.get(each) for each in studios]
        return None if None in known else _sum([each for each in known if each is not None])


def _sum(versions: Collection[Version]) -> int:
    """One number that rises with each of them."""
    return sum(each.organization + each.studio for each in versions)


# --- For pages ----------------------------------------------------------------------------------


async def live_at(visit: Visit, shown: Sequence[Place]) -> str:
    """Where the page that shows these studios is told of changes: asked before anything else is read, so that
    nothing is missed in between."""
    come = await visit.services.live.version(_studios(visit, shown))
    return address(PATH, studio=shown[0].key if len(shown) == 1 else ALL_STUDIOS, seen=come)


async def handler(visit: Visit) -> Response:
    """The stream for the studios that the address names."""
    shown = places.chosen(visit, await places.theirs(visit))
    said = visit.request.headers.get("last-event-id") or visit.asked("seen") or ""
    seen = int(said) if said.isascii() and said.isdigit() else None
    live = visit.services.live
    live.end_with(visit.request.scope.get("extensions", {}).get(STOPPING))
    return _Stream(live, _studios(visit, shown), seen)


def _studios(visit: Visit, shown: Collection[Place]) -> list[Studio]:
    return [(visit.member.organization_id, each.id) for each in shown]


class _Stream(Response):
    """An answer that goes on as long as somebody listens."""

    media_type = "text/event-stream"

    def __init__(self, live: Live, studios: Collection[Studio], seen: int | None) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._live = live
        self._studios = studios
        self._seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._live.joined(self._studios) as watcher:
                await self._tell(watcher, receive, send)
        except TooMany:
            busy = Response(status_code=503, headers={"Retry-After": "30"})
            await busy(scope, receive, send)

    async def _tell(self, watcher: Watcher, receive: Receive, send: Send) -> None:
        teller = asyncio.create_task(self._send(watcher, send))
        left = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({teller, left}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (teller, left):
                each.cancel()
                # Whoever has left is told nothing more, and that is no mistake of anybody.
                with suppress(asyncio.CancelledError, OSError):
                    await each

    async def _send(self, watcher: Watcher, send: Send) -> None:
        head = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(head)
        await send(_part(f"retry: {AGAIN_MILLISECONDS}\n\n"))
        async for come in self._live.changes(watcher, self._seen):
            await send(_part(":\n\n" if come is None else f"id: {come}\ndata: {come}\n\n"))
        await send({"type": "http.response.body", "body": b""})


def _part(text: str) -> dict[str, Any]:
    return {"type": "http.response.body", "body": text.encode(), "more_body": True}


async def _left(receive: Receive) -> None:
    """Until whoever listens has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
