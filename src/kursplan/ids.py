"""Fresh identity: the only module that makes ids, names of events, and secrets.

Ids that the Open API hands out are numbers from one sequence of the database; here they are
taken in blocks, so that a turn does not have to ask for each. Gaps are harmless, and nothing
relies on their order beyond paging.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

LARGEST_ID = 2**63 - 1
"""The largest id that a request may name; those we hand out stay below 2^53."""

BLOCK = 500
"""How many ids one look at the sequence takes."""


class Ids:
    """Numbers from the database's sequence, a block at a time."""

    def __init__(self, take_block: Callable[[int], Awaitable[Sequence[int]]]) -> None:
        self._take_block = take_block
        self._left: deque[int] = deque()
        self._taking: asyncio.Task[None] | None = None

    async def next(self) -> int:
        """An id that nobody else has, in this process or another."""
        while not self._left:
            if self._taking is None:
                self._taking = asyncio.create_task(self._take())
            # One look at the sequence serves all who came meanwhile, also where it is in vain: it may
            # have taken long to find that out.
            await asyncio.shield(self._taking)
        return self._left.popleft()

    async def _take(self) -> None:
        try:
            self._left.extend(await self._take_block(BLOCK))
        finally:
            self._taking = None


def new_uuid() -> str:
    """A random name for a customer, in the usual hexadecimal form."""
    # As RFC 9562 writes version 4; the module for it takes four times as long.
    digits = _names.take(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def new_event_uuids(count: int, happened_at: datetime) -> list[str]:
    """Names for so many events of one instant, in the same form; those of a later instant are larger.

    So an index takes them at its end, where random ones would each change another page of it.
    """
    # As RFC 9562 writes version 7: milliseconds since the epoch, and then chance.
    instant = f"{round(happened_at.timestamp() * 1000):012x}"
    instant = f"{instant[:8]}-{instant[8:]}"
    uuids = []
    for _ in range(count):
        digits = _names.take(10).hex()
        variant = "89ab"[int(digits[3], 16) & 3]
        uuids.append(f"{instant}-7{digits[:3]}-{variant}{digits[4:7]}-{digits[8:]}")
    return uuids


def new_trace_id() -> str:
    """A short random id by which one request can be found in the log (16 hexadecimal digits)."""
    return _names.take(8).hex()


class _RandomPool:
    """Random bytes for names, of which every request needs some: asked of the system in blocks."""

    def __init__(self) -> None:
        self._block = b""
        self._at = 0

    def take(self, count: int) -> bytes:
        at, self._at = self._at, self._at + count
        if self._at > len(self._block):
            self._block = os.urandom(4096)
            at, self._at = 0, count
        return self._block[at : at + count]

    def forget(self) -> None:
        """Throw away what is left."""
        self._block = b""


_names = _RandomPool()
# A process that is a copy of this one must not use the same names.
os.register_at_fork(after_in_child=_names.forget)


def new_api_key() -> str:
    """A new secret key for the Open API or for webhooks: 256 random bits, safe in a header."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """What is stored instead of a secret key.

    A plain SHA-256 is enough, because the keys are random and long: there is nothing to guess,
    so a slow hash would only slow down every request.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def new_webhook_secret() -> str:
    """A new secret for signing, in the form of Standard Webhooks: 256 random bits."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def new_token() -> str:
    """A new secret that a link or a cookie carries: 256 random bits, safe in an address."""
    return secrets.token_urlsafe(32)


def new_totp_secret() -> str:
    """A new secret for codes that change with time, as apps take it: 160 random bits in base32."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def new_recovery_code() -> str:
    """A code that stands in for a second factor once: 80 random bits, as people can copy them."""
    digits = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(digits[at : at + 4] for at in range(0, 16, 4))


def chance() -> float:
    """A random number from 0 to 1, for spreading repeats."""
    return secrets.SystemRandom().random()


def draw(count: int) -> int:
    """One of the numbers from 0 up to but not including `count`, by lot."""
    return secrets.randbelow(count)
