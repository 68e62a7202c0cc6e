"""The cache between requests, in memory: who speaks with which key, and encoded answers.

Both are valid as long as the version of what they show is the same, so that a revoked key stops
at once and no answer is older than its request. How much is kept is bounded; what was put there
first goes first, of answers that of the organization which takes the most room.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from kursplan.api.strangers import Strangers
from kursplan.clock import Clock
from kursplan.domain.applications import Caller
from kursplan.ids import fingerprint
from kursplan.store.engine.database import Database
from kursplan.store.partner import keys
from kursplan.store.rules.versions import Version
from kursplan.web.http import Headers, json_headers
from kursplan.web.version_reader import VersionReader

CALLERS = 10_000
"""How many keys are remembered."""
ANSWER_BYTES = 16 * 2**20
"""How much memory the bodies of kept answers may take."""
CACHING = b"private, no-cache"
"""A client may keep an answer for itself, and asks each time whether it is still the same."""
OVERHEAD_BYTES = 1500
"""What a kept answer takes beside its body, roughly."""


class CallerCache:
    """From an API key to the integration that it speaks for."""

    def __init__(self, database: Database, versions: VersionReader, strangers: Strangers) -> None:
        self._database = database
        self._versions = versions
        self._strangers = strangers
        self._known: OrderedDict[str, tuple[Caller, int]] = OrderedDict()

    async def identify(self, key: str, peer: Callable[[], str]) -> tuple[Caller, Version] | None:
        """For whom the key speaks, and the version of their studio; None if the key is not valid.

        Raises `TooManyWrongKeys` and `DatabaseUnavailable`.
        """
        key_hash = fingerprint(key)
        known = self._known.get(key_hash)
        if known is None:
            found = await self._strangers.identify(key_hash, peer())
        else:
            caller, organization = known
            version = await self._versions.read(caller.organization_id, caller.studio_id)
            if version.organization == organization:
                return caller, version
            found = await self._load(key_hash)
        self._keep(key_hash, found)
        return found

    async def _load(self, key_hash: str) -> tuple[Caller, Version] | None:
        found = await self._database.read(partial(keys.callers, key_hashes=(key_hash,)))
        return found.get(key_hash)

    def _keep(self, key_hash: str, found: tuple[Caller, Version] | None) -> None:
        if found is None:
            self._known.pop(key_hash, None)
            return
        caller, version = found
        self._known[key_hash] = caller, version.organization
        if len(self._known) > CALLERS:
            self._known.popitem(last=False)


@dataclass(frozen=True, slots=True)
class CachedAnswer:
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
    def of(cls, body: bytes, until: datetime | None = None) -> CachedAnswer:
        digest = hashlib.blake2b(body, digest_size=12, usedforsecurity=False).hexdigest()
        tag = f'"{digest}"'
        caching = [(b"etag", tag.encode()), (b"cache-control", CACHING)]
        return cls(body, tag, caching, caching + json_headers(body), until)


Asked = tuple[int, int, str, tuple[str | None, ...]]
"""Organization, studio, path, and the values of the query's parameters."""


class _Share:
    """The answers that are kept for one organization, the oldest first."""

    __slots__ = ("answers", "size")

    def __init__(self) -> None:
        self.answers: OrderedDict[Asked, tuple[Version, CachedAnswer]] = OrderedDict()
        self.size = 0
        """How many bytes they take."""


class AnswerCache:
    """Encoded answers to questions that depend on nothing but a studio, the time and the question.

    Where they become too many, the organization that takes the most room gives up its oldest (eviction): nobody
    is left with less than an even share because others ask for much.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shares: dict[int, _Share] = {}
        self._size = 0
        self._making: dict[tuple[Asked, Version], asyncio.Task[CachedAnswer]] = {}

    def find(self, asked: Asked, version: Version) -> CachedAnswer | None:
        """The answer as of `version`, if it was kept and still holds."""
        share = self._shares.get(asked[0])
        kept = share and share.answers.get(asked)
        if kept and kept[0] == version and self._is_current(kept[1]):
            return kept[1]
        return None

    async def make(
        self, asked: Asked, version: Version, make: Callable[[], Awaitable[CachedAnswer]]
    ) -> CachedAnswer:
        """The answer as of `version` or later, made once for all who ask for it now."""
        making = self._making.get((asked, version))
        if making is None:
            making = asyncio.ensure_future(self._make(asked, version, make))
            self._making[asked, version] = making
            making.add_done_callback(lambda _: self._making.pop((asked, version), None))
        # Whoever goes away does not take the answer away from the others.
        return await asyncio.shield(making)

    async def _make(
        self, asked: Asked, version: Version, make: Callable[[], Awaitable[CachedAnswer]]
    ) -> CachedAnswer:
        cached = await make()
        if self._is_current(cached):
            self._keep(asked, version, cached)
        return cached

    def _keep(self, asked: Asked, version: Version, cached: CachedAnswer) -> None:
        share = self._shares.setdefault(asked[0], _Share())
        if asked in share.answers:
            self._resize(share, -share.answers.pop(asked)[1].size)
        share.answers[asked] = version, cached
        self._resize(share, cached.size)
        while self._size > ANSWER_BYTES:
            organization_id, largest = max(self._shares.items(), key=lambda each: each[1].size)
            self._resize(largest, -largest.answers.popitem(last=False)[1][1].size)
            if not largest.answers:
                del self._shares[organization_id]

    def _resize(self, share: _Share, by: int) -> None:
        share.size += by
        self._size += by

    def _is_current(self, cached: CachedAnswer) -> bool:
        return cached.until is None or self._clock.now() < cached.until
