"""Two doors to the database, named for what they promise: `read()` and `write()`.

Work that goes through a door is a plain function of an open transaction; it runs to its end and
commits, or leaves nothing behind. On PostgreSQL it runs over the asynchronous driver; SQLite is
driven from threads, with a single one for writing, so that nobody finds the database locked.

Each door has connections of its own: however many read, who writes does not wait for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from kursplan.store.engine.postgres import Postgres
from kursplan.store.engine.postgres_session import Limits
from kursplan.store.engine.sqlite import Sqlite, path_of
from kursplan.store.engine.trouble import BadDatabaseUrl, Work

T = TypeVar("T")

LOCK_WAIT_SECONDS = 2.0
"""How long a transaction waits for a lock that another holds (F16)."""
STATEMENT_SECONDS = 30.0
"""How long one statement may run before it is given up (PostgreSQL)."""
SILENCE_SECONDS = 5.0
"""How long the way to the database may be silent before it is taken for cut (PostgreSQL)."""
CONNECTIONS = 10


class Database(Protocol):
    """A database behind its two doors."""

    name: str
    """`sqlite` or `postgresql`."""
    writers: int
    """How many transactions can write at the same time; more than that wait for each other."""

    @property
    def mixes_organizations(self) -> bool:
        """Whether one transaction may be of several organizations.

        Not where tables are spread over several machines by organization, nor before that is known.
        """
        ...

    async def read(self, work: Work[T]) -> T:
        """Run `work` on what is committed; the database refuses to change anything.

        A statement sees one state of it; on PostgreSQL, the next statement may see a later one.
        Raises `DatabaseUnavailable` when it is overloaded or out of reach.
        """
        ...

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction and commit it.

        Raises `DatabaseUnavailable` when it could not be done now. When that happens while
        committing, whether it was done is unknown: look, then try again.
        """
        ...

    async def migrate(self, work: Work[T]) -> T:
        """Run `work` like `write()`, and wait for others who migrate as long as they take.

        Where the database is a file (SQLite) that is missing, it is made, for its owner alone.
        """
        ...

    async def in_the_way(self) -> str | None:
        """Who holds locks of tables for longest, as far as that is known."""
        ...

    async def rows_about(self) -> Mapping[str, int]:
        """How many rows each table has, as far as that is known without counting."""
        ...

    async def take_ids(self, count: int) -> list[int]:
        """`count` ids that nobody else has or will have."""
        ...

    async def check_setup(self) -> None:
        """Raises `DatabaseUnavailable`, with what to do, unless all is there that we rely on.

        For the start: what can go wrong later as well is found by whoever meets it.
        """
        ...

    async def check_writable(self) -> None:
        """Raises `DatabaseUnavailable`, with the reason, unless something can be changed now."""
        ...

    async def close(self) -> None:
        """Let go of the database; one that is reached over a network is not waited for."""
        ...


def connect(
    url: str,
    *,
    connections: int = CONNECTIONS,
    lock_wait: float = LOCK_WAIT_SECONDS,
    statement: float = STATEMENT_SECONDS,
    silence: float = SILENCE_SECONDS,
    serves: bool = False,
) -> Database:
    """The database behind `url`, like `sqlite:///kursplan.db` or `postgresql://host/name`.

    At most so many connections are held (PostgreSQL), and a lock is waited for, a statement runs and
    the way to the database is silent for so many seconds. A server says that it `serves`: of its file
    it makes sure that nobody exchanges it (SQLite). Nothing is opened before the first transaction.
    Raises `BadDatabaseUrl`, without the URL, because
    there may be a password in it.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError) as error:
        raise BadDatabaseUrl(f"that is no database URL; {_WRITE}") from error
    if backend == "sqlite":
        return Sqlite(path_of(parsed, url), lock_wait, serves=serves)
    if backend in ("postgresql", "postgres"):
        return Postgres(parsed, connections, Limits(lock_wait, statement, silence))
    raise BadDatabaseUrl(f"{backend!r} is not supported; {_WRITE}")


_WRITE = "write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
