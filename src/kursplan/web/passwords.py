"""Passwords, hashed with argon2id: slowly, and with much memory, so that guessing costs as much.

It is done beside the loop, and only few at a time: each takes the memory that its parameters say.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from kursplan.domain.accounts import LONGEST_PASSWORD, plain_password
from kursplan.ids import new_token
from kursplan.store.engine.trouble import DatabaseUnavailable


@dataclass(frozen=True, slots=True)
class Hashing:
    """What one hash costs."""

    rounds: int
    kibibytes: int
    lanes: int


STRONG: Final = Hashing(rounds=3, kibibytes=64 * 1024, lanes=4)
"""The second recommendation of RFC 9106; a few hundredths of a second of a processor."""
AT_ONCE: Final = 2
"""So many are made at a time by each process; others wait."""
MOST_WAITING: Final = 100
"""Whoever comes when so many wait already is told to come back later, rather than to wait in vain."""


class Passwords:
    """Makes hashes, and compares with them."""

    def __init__(self, hashing: Hashing = STRONG) -> None:
        self._hasher = PasswordHasher(
            time_cost=hashing.rounds,
            memory_cost=hashing.kibibytes,
            parallelism=hashing.lanes,
            type=Type.ID,
        )
        self._places = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Raises `DatabaseUnavailable` where too many wait."""
        async with self._place():
            return await asyncio.to_thread(self._hasher.hash, plain_password(password))

    async def fits(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the password of that hash.

        Where there is no hash it is compared with one that nothing fits: that takes as long, so nobody
        learns by the time whether there is an account. Raises `DatabaseUnavailable` where too many wait.
        """
        async with self._place():
            return await asyncio.to_thread(self._fits, password_hash, password)

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        if self._waiting >= MOST_WAITING:
            raise DatabaseUnavailable("too many passwords at once")
        self._waiting += 1
        try:
            async with self._places:
                yield
        finally:
            self._waiting -= 1

    def _fits(self, password_hash: str | None, password: str) -> bool:
        # What is longer than any password is cut: it can't fit, and costs no more than others.
        plain = plain_password(password[: 4 * LONGEST_PASSWORD])
        try:
            self._hasher.verify(password_hash or self._nobodys, plain)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(new_token())
