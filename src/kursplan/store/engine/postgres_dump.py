"""Backups of PostgreSQL, with its own programs: `pg_dump` while it is in use, `pg_restore` into an empty one.

Where the server is, and with which password, they are told by their environment: a command line can
be read by everybody on the machine.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from sqlalchemy.engine import URL

from kursplan.store.engine.postgres_servers import Servers

MAGIC = b"PGDMP"
"""How a dump in `pg_dump`'s custom format begins."""
STANDARD_PORT = 5432
_AS_THE_ENVIRONMENT_SAYS = "--dbname=application_name=kursplan"
"""A description of a connection that says nothing of where it leads."""
_NOT_OURS = ("--no-owner", "--no-privileges")
"""Of the server and not of the house: a backup may be restored elsewhere, by somebody else."""


class ProgramFailed(Exception):
    """One of PostgreSQL's programs did not do it, or is not there; the message says why."""


def dump(url: URL, to: IO[bytes]) -> None:
    """Write all that is committed to a file, in `pg_dump`'s custom format. Raises `ProgramFailed`."""
    _run("pg_dump", "--format=custom", *_NOT_OURS, url=url, stdout=to)


def restore(url: URL, file: Path) -> None:
    """Make the empty database what the dump holds, whole or not at all. Raises `ProgramFailed`."""
    _run(
        "pg_restore",
        *("--single-transaction", "--exit-on-error", *_NOT_OURS, _AS_THE_ENVIRONMENT_SAYS),
        str(file),
        url=url,
    )


@contextmanager
def empty_database(url: URL, name: str) -> Iterator[URL]:
    """A database of that name beside the one of the URL, as long as the block lasts.

    Raises `ProgramFailed`, also where the role may not create one.
    """
    beside = ["--maintenance-db=application_name=kursplan"]
    new = ["--template=template0", "--encoding=UTF8"]
    try:
        _run("createdb", *beside, *new, name, url=url)
    except ProgramFailed as failed:
        role = url.username or "the role"
        raise ProgramFailed(
            f"{failed}; the copy is a database of its own, which {role} has to be allowed to make"
            f" (ALTER ROLE {role} CREATEDB)"
        ) from failed
    try:
        yield url.set(database=name)
    finally:
        _run("dropdb", *beside, "--force", name, url=url)


def _run(program: str, *arguments: str, url: URL, **streams: Any) -> None:
    try:
        ran = subprocess.run(  # noqa: S603 - one of four programs, with arguments of ours
            [program, *arguments],
            env=os.environ | _whereabouts(url),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
            **streams,
        )
    except FileNotFoundError:
        raise ProgramFailed(
            f"{program} is not installed: it comes with PostgreSQL's client programs"
            " (Debian, Ubuntu: the package postgresql-client)"
        ) from None
    if ran.returncode:
        told = ran.stderr.decode(errors="replace").strip()
        raise ProgramFailed(told or f"{program} ended with status {ran.returncode}")


def _whereabouts(url: URL) -> Mapping[str, str]:
    """What PostgreSQL's programs read in their environment; what the URL leaves out is theirs to find."""
    servers = Servers.of(url)
    said = {
        "PGHOST": ",".join(each.host or "" for each in servers.addresses),
        "PGPORT": ",".join(str(each.port or STANDARD_PORT) for each in servers.addresses)
        if any(each.port for each in servers.addresses)
        else None,
        "PGUSER": servers.user,
        "PGPASSWORD": servers.password,
        "PGDATABASE": servers.database,
        "PGSSLMODE": servers.sslmode,
        "PGSSLROOTCERT": servers.sslrootcert,
        # Of several servers the primary, as for everything else.
        "PGTARGETSESSIONATTRS": "read-write" if len(servers.addresses) > 1 else None,
    }
    return {name: value for name, value in said.items() if value}
