"""One look at the database for all who ask at the same time.

A look takes in all questions that arrived before it started, so what it tells is never older than
the request. While it lasts, the next ones gather; so there is one look at a time, however many ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

Look = Callable[[set[Q]], Awaitable[Mapping[Q, A]]]
"""Finds the answers to some questions, each of them."""


class Coalesced(Generic[Q, A]):
    """Gathers questions, and answers with one look as many of them as there are."""

    def __init__(self, look: Look[Q, A], *, most: int | None = None) -> None:
        """`most` is how many questions one look takes in at most; None for all that have come."""
        self._find = look
        self._most = most
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._looking: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many wait for the next look."""
        return len(self._waiting)

    def ask(self, question: Q) -> asyncio.Future[A]:
        """The answer, as of now or later. Raises what the look raises when it is awaited."""
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        return answer

    async def _look(self) -> None:
        try:
            while self._waiting:
                asked = self._waiting[: self._most]
                del self._waiting[: self._most]
                try:
                    found = await self._find({question for question, _ in asked})
                except Exception as failure:
                    for _, answer in asked:
                        if not answer.done():
                            answer.set_exception(failure)
                else:
                    for question, answer in asked:
                        if not answer.done():
                            answer.set_result(found[question])
        finally:
            self._looking = None
