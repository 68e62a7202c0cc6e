"""Poolers between us and PostgreSQL: do they leave us our sessions?

PgBouncer in session mode does. In transaction mode each transaction may run on another server
process, where limits are not set and statements not prepared; a pooler does not tell its mode, so
two sessions try it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack

import asyncpg

from kursplan.store.engine.postgres_session import NEEDS_SESSIONS, Session, Sessions
from kursplan.store.engine.trouble import DatabaseUnavailable, told_in_our_words

ROUNDS = 6
"""Two show it, whether the pooler gives out first what came back last or what came back first, if
nobody else asks it for connections meanwhile."""

NEEDS_MORE = (
    "a pooler is before the database, and each connection of KURSPLAN_CONNECTIONS needs one of its own"
    " behind it: raise its default_pool_size"
)


async def check_pooler(sessions: Sessions) -> None:
    """Raises `DatabaseUnavailable` where a pooler is in between that exchanges sessions."""
    async with AsyncExitStack() as opened:

        async def opening() -> Session:
            # Newer poolers know prepared statements, so losing those would tell of the others only.
            session = await sessions.open(writes=True, prepares=False)
            opened.callback(session.terminate)
            return session

        first = await opening()
        with told_in_our_words():
            if await first.fetchval(_PROCESS) == first.get_server_pid():
                return
        try:
            second = await opening()
        except DatabaseUnavailable as reason:
            raise DatabaseUnavailable(f"{reason}; {NEEDS_MORE}") from reason
        if not await _are_ours((first, second), sessions.settings):
            raise DatabaseUnavailable(NEEDS_SESSIONS)


async def _are_ours(pair: tuple[Session, Session], settings: Mapping[str, str]) -> bool:
    """Whether both find their own process again, and on it what was set."""
    try:
        processes = {each: await _begin(each, settings) for each in pair}
        for number in range(ROUNDS):
            # Both have been held at the same time. They are let go in one order, and fetched in either.
            for each in pair:
                await each.execute("COMMIT")
            for each in pair if number % 2 else reversed(pair):
                if await _begin(each, settings) != processes[each]:
                    return False
    except asyncpg.PostgresError:
        return False  # A transaction must not even be begun, or what is held by one is lost.
    return None not in processes.values()


async def _begin(session: Session, settings: Mapping[str, str]) -> int | None:
    """Begin a transaction; the process it runs on, or None where our settings do not hold."""
    await session.execute("BEGIN")
    row = await session.fetchrow(_HELD, list(settings), list(settings.values()))
    return row["process"] if row["all_set"] else None


_PROCESS = "SELECT pg_backend_pid()"
_HELD = """
SELECT pg_backend_pid() AS process, count(*) = cardinality($1::text[]) AS all_set
FROM unnest($1::text[], $2::text[]) AS given(name, value)
JOIN pg_settings USING (name)
WHERE setting = value
"""
