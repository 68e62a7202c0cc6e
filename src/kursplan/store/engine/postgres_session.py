"""A connection to PostgreSQL on which everything holds that the rest relies on.

It leads to the primary, is set as we need it however the server, the database or the role are set,
and no wait on it is without an end. What stands against it is said with what to do about it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from weakref import WeakSet

import asyncpg

from kursplan.clock import stopwatch
from kursplan.store.engine.dialect import DRIVER_ERRORS
from kursplan.store.engine.postgres_servers import Server, Servers
from kursplan.store.engine.trouble import DatabaseUnavailable

PREPARED = 100
"""How many statements a connection keeps prepared."""
PLAN_SECONDS = 60
"""How long a connection keeps a prepared statement, and the plan that goes with it."""
OLDEST_VERSION = 15

NEEDS_SESSIONS = (
    "a pooler before the database gives each transaction another session: limits and prepared"
    " statements do not last there; set pool_mode = session for this database, or name PostgreSQL"
    " itself in KURSPLAN_DATABASE_URL"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, in seconds, a transaction waits for a lock, a statement may run, and the way to the
    server may be silent before it is taken for cut."""

    lock_wait: float
    statement: float
    silence: float


class Session(asyncpg.Connection):  # type: ignore[misc]
    """A connection on which nothing is waited for without an end."""

    at_work_since: float | None = None
    """When somebody began to work with it, by the stopwatch; None while it waits in a pool."""
    is_spread = False
    """Whether its tables are spread over several machines: then a statement is sent to one of them only if it
    is a plain one, of one organization."""
    _asked = 0
    _asked_at = 0.0

    async def close(self, **_: Any) -> None:
        # The server may be the one that is gone, so nobody takes leave of it.
        self.terminate()

    def is_stuck(self, patience: float) -> bool:
        """Whether what was asked last has been without an answer for longer than so many seconds.

        By looks now and then: a limit for each statement would cost each a timer.
        """
        if self.is_closed() or self.at_work_since is None:
            return False
        now = stopwatch()
        asked: int = self._protocol.queries_count
        if asked != self._asked:
            self._asked, self._asked_at = asked, now
        return now - max(self.at_work_since, self._asked_at) > patience

    def notice_silence(self, seconds: float) -> None:
        """Have the system end the connection when the other side's has said nothing for that long.

        Without, what is never answered is waited for some 15 minutes, and where nothing was sent,
        for ever.
        """
        end: socket.socket = self._transport.get_extra_info("socket")
        if end.family == socket.AF_UNIX:
            return
        whole = max(1, round(seconds))
        end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (
            ("TCP_KEEPIDLE", whole),
            ("TCP_KEEPINTVL", max(1, whole // 3)),
            ("TCP_KEEPCNT", 3),
            ("TCP_USER_TIMEOUT", max(1, int(seconds * 1000))),
        ):
            if hasattr(socket, name):  # Not every system has all of them.
                end.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class Sessions:
    """Opens sessions, and knows those that are open."""

    def __init__(self, servers: Servers, limits: Limits) -> None:
        self.limits = limits
        self.settings = _settings(limits)
        self._servers = servers
        self._in_turn = list(servers.addresses)
        self._open: WeakSet[Session] = WeakSet()
        self._watch: asyncio.TimerHandle | None = None
        self._closed = False
        self.is_spread: bool | None = None
        """As the latest session saw it; None before the first."""

    async def open(self, *, writes: bool, prepares: bool = True) -> Session:
        """A session on the primary, wherever that is now; unless it `writes` it can't.

        Statements are prepared once for all times, unless it `prepares` none. Raises
        `DatabaseUnavailable`, with what each server has against it.
        """
        against = []
        for server in tuple(self._in_turn):
            if self._closed:
                raise DatabaseUnavailable("the server is shutting down")
            try:
                session = await self._open_at(server, writes, prepares)
            except DatabaseUnavailable as unavailable:
                against.append(unavailable)
                continue
            # Whoever comes next begins with the one that is there.
            self._in_turn.remove(server)
            self._in_turn.insert(0, server)
            return session
        told = dict.fromkeys(str(each) for each in against)
        raise DatabaseUnavailable("; ".join(told)) from against[-1]

    def hang_up(self) -> None:
        """End all sessions, whatever they are at, and open no more."""
        self._closed = True
        if self._watch is not None:
            self._watch.cancel()
        for each in list(self._open):
            each.terminate()

    def _look(self) -> None:
        """End those that are stuck, which the server would have done before unless it has gone."""
        for each in list(self._open):
            if each.is_stuck(self.limits.statement + self.limits.silence):
                each.terminate()
        self._watch = asyncio.get_running_loop().call_later(self.limits.silence, self._look)

    async def _open_at(self, server: Server, writes: bool, prepares: bool) -> Session:
        try:
            async with asyncio.timeout(self.limits.silence):
                session = await self._connect(server, prepares)
                self._open.add(session)
                if self._watch is None:
                    self._look()
                try:
                    session.notice_silence(self.limits.silence)
                    check_version(session.get_server_version().major)
                    facts = await self._set_up(session, writes)
                    _examine(facts, writes)
                    session.is_spread = self.is_spread = facts["is_spread"]
                    session.at_work_since = stopwatch()
                except BaseException:
                    session.terminate()
                    raise
        except TimeoutError as silent:
            raise DatabaseUnavailable(f"{_named(server)} does not answer") from silent
        except (asyncpg.PostgresError, *DRIVER_ERRORS, OSError) as error:
            # On the way to the database: unlike others, these errors hold nothing of what is in it.
            raise DatabaseUnavailable(self._advice(error) or _first_line(error)) from error
        return session

    async def _connect(self, server: Server, prepares: bool) -> Session:
        session: Session = await asyncpg.connect(
            # There is no argument of its own for it.
            dsn=_naming(self._servers.sslrootcert),
            host=server.host,
            port=server.port,
            user=self._servers.user,
            password=self._servers.password,
            database=self._servers.database,
            ssl=self._servers.sslmode,
            # Which server it is we ask by ourselves, whatever the environment wants.
            target_session_attrs="any",
            connection_class=Session,
            timeout=self.limits.silence,
            statement_cache_size=PREPARED if prepares else 0,
            # A plan that was made when a table was empty does not live longer than this.
            max_cached_statement_lifetime=PLAN_SECONDS,
            # Everything else is set later: a pooler refuses or forgets what it does not know.
            server_settings={"application_name": "kursplan"},
        )
        return session

    async def _set_up(self, session: Session, writes: bool) -> Any:
        # A read is a few statements of READ COMMITTED: without a transaction around them they see
        # the same, and two round trips are saved. So the session is what keeps it from writing.
        settings = self.settings | (_WRITING if writes else _READING)
        return await session.fetchrow(_SET_UP, list(settings), list(settings.values()))

    def _advice(self, error: Exception) -> str | None:
        state = getattr(error, "sqlstate", None)
        advice = None if state is None else _ADVICE.get(state)
        if advice is None:
            return None
        return advice.format(
            reason=_first_line(error),
            role=self._servers.user or "of that name",
            database=self._servers.database or "of that name",
        )


def _naming(sslrootcert: str | None) -> str | None:
    """A description of a connection that says whom to believe, and nothing else."""
    return None if sslrootcert is None else f"postgresql://?sslrootcert={quote(sslrootcert)}"


def _settings(limits: Limits) -> dict[str, str]:
    """What holds on every session, however the server, the database or the role are set."""
    return {
        # The desk takes locks and then looks: what others committed meanwhile has to be seen.
        "default_transaction_isolation": "read committed",
        # Limits belong to the connection, not into statements.
        "lock_timeout": _milliseconds(limits.lock_wait),
        "statement_timeout": _milliseconds(limits.statement),
        "idle_in_transaction_session_timeout": _milliseconds(limits.statement),
        # Connections wait in a pool, as long as nobody asks.
        "idle_session_timeout": "0",
        # A policy on our tables is to be noticed, instead of rows that silently are not there.
        "row_security": "off",
        "standard_conforming_strings": "on",
        "TimeZone": "UTC",
        # A statement is planned once for all numbers of ids. Left to itself, the server plans those
        # for a few ids again each time, which takes longer than running them.
        "plan_cache_mode": "force_generic_plan",
    }


_READING = {"default_transaction_read_only": "on"}
# What a turn looks for an index finds, also where a plan is kept that was made when a table was empty.
_WRITING = {"enable_seqscan": "off"}

# A commit that is answered before it is stored promises a seat that a power cut takes away again.
_SET_UP = """
WITH done AS MATERIALIZED (
    SELECT set_config(name, value, false)
    FROM unnest($1::text[], $2::text[]) AS given(name, value)
)
SELECT
    (SELECT count(*) FROM done) AS settings,
    CASE current_setting('synchronous_commit')
        WHEN 'off' THEN set_config('synchronous_commit', 'on', false)
    END AS durable,
    pg_is_in_recovery() AS is_standby,
    current_setting('default_transaction_read_only')::boolean AS is_read_only,
    current_setting('server_encoding') AS encoding,
    current_setting('search_path') AS search_path,
    current_schema() AS schema,
    EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') AS is_spread
"""


def check_version(major: int) -> None:
    """Raises `DatabaseUnavailable` for a server that lacks what we set and use."""
    if major < OLDEST_VERSION:
        raise DatabaseUnavailable(
            f"the server is PostgreSQL {major}: Kursplan needs {OLDEST_VERSION} or newer"
        )


def _examine(facts: Any, writes: bool) -> None:
    """Raises `DatabaseUnavailable` where something stands against a session like this."""
    if against := _complaint(facts, writes):
        raise DatabaseUnavailable(against)


def _complaint(facts: Mapping[str, Any], writes: bool) -> str | None:
    """What stands against it, and what to do about that."""
    if facts["is_standby"]:
        return (
            "the server is a standby, which nobody can write to: promote it, or name the primary"
            " in KURSPLAN_DATABASE_URL"
        )
    if writes and facts["is_read_only"]:
        return (
            "the database is read-only: default_transaction_read_only is on for the server, the"
            " database or the role; set it to off there"
        )
    if facts["encoding"] != "UTF8":
        return (
            f"the database stores {facts['encoding']}, which lacks letters of many names: make one"
            " with `createdb --encoding=UTF8 --template=template0`"
        )
    if facts["schema"] is None:
        return (
            f"no schema on the search path ({facts['search_path'] or 'which is empty'}) is there"
            " for this role: make one with CREATE SCHEMA, or set another search_path for the role"
        )
    return None


_ADVICE = {
    "26000": NEEDS_SESSIONS,
    "28000": "{reason}: the role needs LOGIN, and a line in the server's pg_hba.conf",
    "28P01": "{reason}: correct the password in KURSPLAN_DATABASE_URL",
    "3D000": "{reason}: make it with createdb, or correct KURSPLAN_DATABASE_URL",
    "42501": "{reason}: GRANT CONNECT ON DATABASE {database} TO {role}",
    "42P05": NEEDS_SESSIONS,
    "53300": "{reason}: raise max_connections of the server, or lower KURSPLAN_CONNECTIONS",
    "55000": "{reason}: ALTER DATABASE {database} ALLOW_CONNECTIONS true",
}
"""What to do about a server that lets nobody in, by SQLSTATE; a reason that is not here speaks for
itself."""


def _named(server: Server) -> str:
    if server.host is None:
        return "the database server"
    return server.host if server.port is None else f"{server.host} port {server.port}"


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))
