"""How fresh is what we keep? Many requests share one look at the versions.

A look takes in all requests that arrived before it started, so what it tells is never older than
the request: who has seen a change committed sees it in every answer from then on, also through
another process.
"""

from __future__ import annotations

import asyncio
from functools import partial

from kursplan.store import versions
from kursplan.store.database import Database
from kursplan.store.versions import Version

Studio = tuple[int, int]
"""An organization and a studio of it."""


class Freshness:
    """Tells the versions of studios; one object per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[tuple[Studio, asyncio.Future[Version]]] = []
        self._looking: asyncio.Task[None] | None = None

    def version(self, organization_id: int, studio_id: int) -> asyncio.Future[Version]:
        """The version of the studio now. Raises `DatabaseUnavailable` when it is awaited."""
        answer: asyncio.Future[Version] = asyncio.get_running_loop().create_future()
        self._waiting.append(((organization_id, studio_id), answer))
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        return answer

    async def _look(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting, []
                studios = {studio for studio, _ in asked}
                try:
                    found = await self._database.read(partial(versions.look, studios=studios))
                except Exception as failure:
                    for _, answer in asked:
                        if not answer.done():
                            answer.set_exception(failure)
                else:
                    for studio, answer in asked:
                        if not answer.done():
                            answer.set_result(found[studio])
        finally:
            self._looking = None
