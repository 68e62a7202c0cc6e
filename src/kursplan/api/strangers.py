"""Unknown keys: a process looks up whose they are, in one look at a time.

Strangers have a small share of the database: one look at a time takes in all who came meanwhile, so
however many made-up keys come, they have one connection and one statement, and nobody who is known
waits for them. What a look finds is not remembered where it is nothing: a key works at once when it
is issued, and when its integration is activated again.

Wrong keys are counted by peer. From a peer of which too many came, a wrong key is told to come back
later, and few are looked at together; a right one is let in all the same, because many may come by
the same address.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from kursplan.domain.applications import Caller
from kursplan.store.engine.database import Database
from kursplan.store.engine.trouble import DatabaseUnavailable
from kursplan.store.partner import keys
from kursplan.store.rules.versions import Version
from kursplan.web.coalesce import Coalesced
from kursplan.web.rate_limit import RateLimitState, Windows

AT_ONCE = 1000
"""How many keys one look takes in."""
MOST_WAITING = 10_000
"""How many may wait for a look before the next is turned away."""
MOST_WAITING_OF_SUSPECTS = 1000
"""So many where too many wrong keys came from the peer."""


class TooManyWrongKeys(Exception):
    """The peer has come with too many wrong keys; it may come back when the window is over."""

    def __init__(self, limit_state: RateLimitState) -> None:
        super().__init__("too many wrong keys")
        self.limit_state = limit_state


class Strangers:
    """Looks up keys for all who ask at the same time; one object per process."""

    def __init__(self, database: Database, wrong_keys_limit: int) -> None:
        """With a limit of 0 wrong keys are not counted."""
        self._database = database
        self._looks = Coalesced(self._look, most=AT_ONCE)
        self._wrong = Windows(wrong_keys_limit) if wrong_keys_limit else None

    async def identify(self, key_hash: str, peer: str) -> tuple[Caller, Version] | None:
        """For whom the key with that fingerprint speaks, and the version of their studio; None if it is not
        valid.

        Raises `TooManyWrongKeys` and `DatabaseUnavailable`.
        """
        limit_state = self._wrong.limit_state(peer) if self._wrong else None
        if limit_state is not None and not limit_state.remaining:
            if self._looks.waiting >= MOST_WAITING_OF_SUSPECTS:
                raise TooManyWrongKeys(limit_state)
        elif self._looks.waiting >= MOST_WAITING:
            raise DatabaseUnavailable("too many unknown keys at once")
        found = await self._looks.ask(key_hash)
        if found is None and self._wrong is not None:
            limit_state = self._wrong.count(peer)
            if limit_state.refused:
                raise TooManyWrongKeys(limit_state)
        return found

    async def _look(self, key_hashes: set[str]) -> Mapping[str, tuple[Caller, Version] | None]:
        found = await self._database.read(partial(keys.callers, key_hashes=key_hashes))
        return {each: found.get(each) for each in key_hashes}
