"""What is kept in memory between requests: who speaks with which key, and encoded answers.

Both are valid as long as the version of what they show is the same, so that a revoked key stops
at once and no answer is older than its request. How much is kept is bounded; what was put there
first goes first.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from kursplan.api.freshness import Freshness
from kursplan.api.http import Headers, json_headers
from kursplan.clock import Clock
from kursplan.ids import fingerprint
from kursplan.store import keys
from kursplan.store.database import Database
from kursplan.store.keys import Caller
from kursplan.store.versions import Version

CALLERS = 10_000
"""How many keys are remembered."""
ANSWER_BYTES = 16 * 2**20
"""How much memory the bodies of kept answers may take."""
CACHING = b"private, no-cache"
"""A client may keep an answer for itself, and asks each time whether it is still the same."""
OVERHEAD_BYTES = 1500
"""What a kept answer takes beside its body, roughly."""


class Callers:
    """From an API key to the integration that it speaks for."""

    def __init__(self, database: Database, freshness: Freshness) -> None:
        self._database = database
        self._freshness = freshness
        self._known: dict[str, tuple[Caller, int]] = {}

    async def identify(self, key: str) -> tuple[Caller, Version] | None:
        """For whom the key speaks, and the version of their studio; None if the key is not valid.

        Raises `DatabaseUnavailable`.
        """
        key_hash = fingerprint(key)
        known = self._known.get(key_hash)
        caller = known[0] if known else await self._load(key_hash)
        if caller is None:
            return None
        version = await self._freshness.version(caller.organization_id, caller.studio_id)
        if known and known[1] == version.organization:
            return caller, version
        # What is read after the look belongs to its version, or is newer and read again next time.
        caller = await self._load(key_hash)
        if caller is None:
            self._known.pop(key_hash, None)
            return None
        self._known[key_hash] = caller, version.organization
        if len(self._known) > CALLERS:
            del self._known[next(iter(self._known))]
        return caller, version

    async def _load(self, key_hash: str) -> Caller | None:
        return await self._database.read(lambda tx: keys.caller(tx, key_hash))


@dataclass(frozen=True, slots=True)
class Page:
    """An encoded answer."""

    body: bytes = field(repr=False)
    tag: str
    """Differs where the body differs (an entity tag, with its quotes)."""
    caching: Headers
    headers: Headers
    until: datetime | None
    """The instant from which time alone makes it another; None for never."""

    @property
    def size(self) -> int:
        """How many bytes it takes to keep it, roughly."""
        return len(self.body) + OVERHEAD_BYTES

    @classmethod
    def of(cls, body: bytes, until: datetime | None = None) -> Page:
        digest = hashlib.blake2b(body, digest_size=12, usedforsecurity=False).hexdigest()
        tag = f'"{digest}"'
        caching = [(b"etag", tag.encode()), (b"cache-control", CACHING)]
        return cls(body, tag, caching, caching + json_headers(body), until)


Asked = tuple[int, int, str, bytes]
"""Organization, studio, path and query."""


class Pages:
    """Encoded answers to questions that depend on nothing but a studio, the time and the question."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[Asked, tuple[Version, Page]] = {}
        self._bytes = 0
        self._making: dict[tuple[Asked, Version], asyncio.Task[Page]] = {}

    def find(self, asked: Asked, version: Version) -> Page | None:
        """The answer as of `version`, if it was kept and still holds."""
        kept = self._kept.get(asked)
        if kept is not None and kept[0] == version and self._is_current(kept[1]):
            return kept[1]
        return None

    async def make(
        self, asked: Asked, version: Version, make: Callable[[], Awaitable[Page]]
    ) -> Page:
        """The answer as of `version` or later, made once for all who ask for it now."""
        making = self._making.get((asked, version))
        if making is None:
            making = asyncio.ensure_future(self._make(asked, version, make))
            self._making[asked, version] = making
            making.add_done_callback(lambda _: self._making.pop((asked, version), None))
        # Whoever goes away does not take the answer away from the others.
        return await asyncio.shield(making)

    async def _make(
        self, asked: Asked, version: Version, make: Callable[[], Awaitable[Page]]
    ) -> Page:
        page = await make()
        if self._is_current(page):
            self._drop(asked)
            self._kept[asked] = version, page
            self._bytes += page.size
            while self._bytes > ANSWER_BYTES:
                self._drop(next(iter(self._kept)))
        return page

    def _drop(self, asked: Asked) -> None:
        if asked in self._kept:
            self._bytes -= self._kept.pop(asked)[1].size

    def _is_current(self, page: Page) -> bool:
        return page.until is None or self._clock.now() < page.until
