"""Who was turned away because no place was left, as it is kept in mind until it is written down.

In a rush there are thousands of them on one slot. So a refusal writes nothing: a process remembers whom it
refused what, and a step of the house writes that down a portion at a time (`kursplan.work.turned_away`), apart
from the turns that others wait for. A process that dies takes what it remembers of some seconds with it: it
is what is counted later, and no promise to anybody.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from itertools import islice

from kursplan.store.engine.database import Database
from kursplan.store.rules import turned_away
from kursplan.store.rules.turned_away import AT_ONCE, Wish

KNOWN = 100_000
"""How many are remembered, written down or not: so who tries again and again costs nothing more."""


class TurnedAway:
    """What one process remembers."""

    def __init__(self) -> None:
        self._known: set[tuple[int, Wish]] = set()
        self._to_write: dict[int, dict[Wish, datetime]] = {}
        """By organization, and when that was."""
        self._written = 0

    def __len__(self) -> int:
        """How many are still to be written down."""
        return sum(map(len, self._to_write.values()))

    def note(self, organization_id: int, wish: Wish, at: datetime) -> None:
        """Somebody was refused, then; once is enough."""
        if (organization_id, wish) in self._known:
            return
        if len(self._known) >= KNOWN:
            if self._written < KNOWN // 2:
                return  # The database is away or behind: what comes besides is not counted.
            self._forget_written()
        self._known.add((organization_id, wish))
        self._to_write.setdefault(organization_id, {})[wish] = at

    async def write_down(self, database: Database) -> bool:
        """Write a portion of each organization; whether there is more. Raises `DatabaseUnavailable`."""
        for organization_id in list(self._to_write):
            wishes = self._to_write[organization_id]
            some = list(islice(wishes.items(), AT_ONCE))
            await database.write(
                partial(turned_away.add, organization_id=organization_id, turned=some)
            )
            # Not before: what could not be written is still to be.
            for each, _ in some:
                wishes.pop(each, None)
            self._written += len(some)
            if not wishes:
                self._to_write.pop(organization_id, None)
        return any(len(each) >= AT_ONCE for each in self._to_write.values())

    def _forget_written(self) -> None:
        """Remember only what is still to be written."""
        self._known = {(of, each) for of, wishes in self._to_write.items() for each in wishes}
        self._written = 0
