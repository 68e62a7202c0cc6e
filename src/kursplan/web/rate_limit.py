"""The rate limit: how often a key may ask, counted per key and endpoint, in memory or in Redis.

The contract's rule: once a key has gone over the limit, every request of the next minute is refused,
whatever is left of the minute in which that happened. In Redis the `limits` package counts; in
memory a few lines of our own do, because every request pays for them.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import structlog
from limits.aio.storage import Storage
from limits.errors import StorageError
from limits.storage import storage_from_string

from kursplan.clock import machine_seconds, stopwatch
from kursplan.web.http import Headers

log = structlog.get_logger(__name__)

WINDOW_SECONDS = 60
MEMORY = "memory://"
MOST_WINDOWS = 100_000
"""How many windows are counted in memory; beyond that, the one that ends first is forgotten."""
PATIENCE_SECONDS = 1.0
"""How long a storage may take to count before the request passes uncounted."""
REST_SECONDS = 5.0
"""How long a storage that did not answer is left alone, so that only few wait for it in vain."""


@dataclass(slots=True)
class RateLimitState:
    """Where a key stands on an endpoint after a request, or a peer after a wrong key."""

    limit: int
    remaining: int
    reset_seconds: int
    refused: bool

    @property
    def headers(self) -> Headers:
        told = [
            (b"ratelimit-limit", b"%d" % self.limit),
            (b"ratelimit-remaining", b"%d" % self.remaining),
            (b"ratelimit-reset", b"%d" % self.reset_seconds),
        ]
        if self.refused:
            told.append(self.retry_after)
        return told

    @property
    def retry_after(self) -> tuple[bytes, bytes]:
        return b"retry-after", b"%d" % self.reset_seconds


class RateLimit:
    """Counts requests; with a limit of 0 it lets everything pass and tells nothing."""

    def __init__(
        self,
        per_window: int,
        storage_url: str,
        *,
        window_seconds: int = WINDOW_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._limit = per_window
        self._patience = patience_seconds
        self._rests_until = 0.0
        self._counts: Windows | _InRedis
        if storage_url.startswith(MEMORY):
            self._counts = Windows(per_window, window_seconds)
        else:
            self._counts = _InRedis(per_window, window_seconds, storage_url)

    async def count(self, key_id: int, endpoint: str) -> RateLimitState | None:
        """Count one request of that key to that endpoint.

        Where the storage does not answer in time, the request passes uncounted: a cache that is
        down is no reason to refuse everybody, nor to let them wait.
        """
        if not self._limit:
            return None
        if isinstance(self._counts, Windows):
            return self._counts.count((key_id, endpoint))
        if stopwatch() < self._rests_until:
            return None
        try:
            async with asyncio.timeout(self._patience):
                return await self._counts.count(f"kursplan/{key_id}/{endpoint}")
        except (StorageError, OSError) as failure:
            log.warning("rate limit storage out of reach", failure=type(failure).__name__)
            self._rests_until = stopwatch() + REST_SECONDS
            return None


@dataclass(slots=True)
class _Window:
    ends_at: float
    """On the stopwatch."""
    count: int = 0


class Windows:
    """Counts by name in the memory of this process, each name in a window of its own."""

    def __init__(
        self,
        limit: int,
        seconds: int = WINDOW_SECONDS,
        *,
        most: int = MOST_WINDOWS,
        watch: Callable[[], float] = stopwatch,
    ) -> None:
        self._limit = limit
        self._seconds = seconds
        self._most = most
        self._watch = watch
        self._windows: OrderedDict[Hashable, _Window] = OrderedDict()
        """In the order in which they end, as all are equally long: those that have ended come first."""

    def count(self, name: Hashable) -> RateLimitState:
        """Count one more, and where the name stands then."""
        now = self._watch()
        window = self._windows.get(name)
        if window is None or window.ends_at <= now:
            window = self._open(name, now)
        window.count += 1
        if window.count == self._limit + 1:
            window.ends_at = now + self._seconds
            self._windows.move_to_end(name)
        return self._limit_state(window, now)

    def limit_state(self, name: Hashable) -> RateLimitState | None:
        """Where the name stands; None if nothing of it was counted lately."""
        now = self._watch()
        window = self._windows.get(name)
        if window is None or window.ends_at <= now:
            return None
        return self._limit_state(window, now)

    def _open(self, name: Hashable, now: float) -> _Window:
        self._forget(now)
        window = self._windows[name] = _Window(now + self._seconds)
        self._windows.move_to_end(name)
        return window

    def _forget(self, now: float) -> None:
        """Two that have ended, so that they go sooner than others come; and any where there are too many."""
        for _ in range(2):
            oldest = next(iter(self._windows.values()), None)
            if oldest is None or (oldest.ends_at > now and len(self._windows) < self._most):
                return
            self._windows.popitem(last=False)

    def _limit_state(self, window: _Window, now: float) -> RateLimitState:
        return _limit_state(self._limit, window.count, window.ends_at - now, self._seconds)


class _InRedis:
    def __init__(self, limit: int, seconds: int, url: str) -> None:
        self._limit = limit
        self._seconds = seconds
        storage = storage_from_string(
            f"async+{url}", wrap_exceptions=True, implementation="redispy"
        )
        if not isinstance(storage, Storage):
            raise TypeError(f"{url} is no storage that can be asked asynchronously")
        self._storage = storage

    async def count(self, name: str) -> RateLimitState:
        over = f"{name}/over"
        if await self._storage.get(over):
            return await self._limit_state(over, self._limit + 1)
        count = await self._storage.incr(name, self._seconds)
        if count <= self._limit:
            return await self._limit_state(name, count)
        # Gone over. Whoever came at the same moment sees a count above the limit too, so nobody
        # slips through.
        await self._storage.incr(over, self._seconds)
        return await self._limit_state(over, count)

    async def _limit_state(self, name: str, count: int) -> RateLimitState:
        left = await self._storage.get_expiry(name) - machine_seconds()
        return _limit_state(self._limit, count, left, self._seconds)


def _limit_state(limit: int, count: int, seconds_left: float, seconds: int) -> RateLimitState:
    reset_seconds = min(max(math.ceil(seconds_left), 1), seconds)
    return RateLimitState(limit, max(0, limit - count), reset_seconds, count > limit)
