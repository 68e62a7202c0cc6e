"""How often a key may ask: counted per key and endpoint, in memory or in Redis.

The counting is the `limits` package's; the contract's rule is ours: once a key has gone over the
limit, every request of the next minute is refused.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass

import structlog
from limits.aio.storage import Storage
from limits.errors import StorageError
from limits.storage import storage_from_string

from kursplan.clock import machine_seconds, stopwatch

log = structlog.get_logger(__name__)

WINDOW_SECONDS = 60
PATIENCE_SECONDS = 1.0
"""How long a storage may take to count before the request passes uncounted."""
REST_SECONDS = 5.0
"""How long a storage that did not answer is left alone, so that only few wait for it in vain."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a key stands on an endpoint after a request."""

    limit: int
    remaining: int
    reset_seconds: int
    refused: bool

    @property
    def headers(self) -> dict[str, str]:
        told = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
        }
        return told | {"Retry-After": str(self.reset_seconds)} if self.refused else told


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
        self._window = window_seconds
        self._patience = patience_seconds
        self._rests_until = 0.0
        storage = storage_from_string(
            f"async+{storage_url}", wrap_exceptions=True, implementation="redispy"
        )
        if not isinstance(storage, Storage):
            raise TypeError(f"{storage_url} is no storage that can be asked asynchronously")
        self._storage = storage

    async def count(self, key_id: int, endpoint: str) -> Standing | None:
        """Count one request of that key to that endpoint.

        Where the storage does not answer in time, the request passes uncounted: a cache that is
        down is no reason to refuse everybody, nor to let them wait.
        """
        if not self._limit or stopwatch() < self._rests_until:
            return None
        name = f"kursplan/{key_id}/{endpoint}"
        try:
            async with asyncio.timeout(self._patience):
                return await self._count(name)
        except (StorageError, OSError) as failure:
            log.warning("rate limit storage out of reach", failure=type(failure).__name__)
            self._rests_until = stopwatch() + REST_SECONDS
            return None

    async def _count(self, name: str) -> Standing:
        over = f"{name}/over"
        if await self._storage.get(over):
            return await self._standing(over, self._limit + 1)
        count = await self._storage.incr(name, self._window)
        if count <= self._limit:
            return await self._standing(name, count)
        # Gone over: from here a whole minute is refused, whatever is left of this one. Whoever
        # came at the same moment sees a count above the limit too, so nobody slips through.
        await self._storage.incr(over, self._window)
        return await self._standing(over, count)

    async def _standing(self, name: str, count: int) -> Standing:
        expiry = await self._storage.get_expiry(name)
        seconds = math.ceil(expiry - machine_seconds())
        return Standing(
            limit=self._limit,
            remaining=max(0, self._limit - count),
            reset_seconds=min(max(seconds, 1), self._window),
            refused=count > self._limit,
        )
