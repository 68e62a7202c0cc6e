"""Fresh identity: the only module that makes ids, names of events, and secrets.

Ids that the Open API hands out are numbers from one sequence of the database; here they are
taken in blocks, so that a turn does not have to ask for each. Gaps are harmless, and nothing
relies on their order beyond paging.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

LARGEST_ID = 2**63 - 1
"""The largest id that a request may name; those we hand out stay below 2^53."""

BLOCK = 500
"""How many ids one look at the sequence takes."""


class Ids:
    """Numbers from the database's sequence, a block at a time."""

    def __init__(self, take_block: Callable[[int], Awaitable[Sequence[int]]]) -> None:
        self._take_block = take_block
        self._left: deque[int] = deque()
        self._taking = asyncio.Lock()

    async def next(self) -> int:
        """An id that nobody else has, in this process or another."""
        while not self._left:
            # One look at the sequence serves all who came meanwhile.
            async with self._taking:
                if not self._left:
                    self._left.extend(await self._take_block(BLOCK))
        return self._left.popleft()


def new_uuid() -> str:
    """A random name for an event or a customer, in the usual hexadecimal form."""
    return str(uuid.uuid4())


def new_trace_id() -> str:
    """A short random id by which one request can be found in the log (16 hexadecimal digits)."""
    return secrets.token_hex(8)


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


def chance() -> float:
    """A random number from 0 to 1, for spreading repeats."""
    return secrets.SystemRandom().random()
