"""Reads the versions of studios, coalesced: one look for all who ask at the same time.

Who has seen a change committed sees it in every answer from then on, also through another process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

from kursplan.store.engine.database import Database
from kursplan.store.rules import versions
from kursplan.store.rules.versions import Version
from kursplan.web.coalesce import Coalesced

Studio = tuple[int, int]
"""An organization and a studio of it."""


class VersionReader:
    """Tells the versions of studios; one object per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looks = Coalesced(self._look)

    def read(self, organization_id: int, studio_id: int) -> asyncio.Future[Version]:
        """The version of the studio now. Raises `DatabaseUnavailable` when it is awaited."""
        return self._looks.ask((organization_id, studio_id))

    async def _look(self, studios: set[Studio]) -> Mapping[Studio, Version]:
        return await self._database.read(partial(versions.look, studios=studios))
