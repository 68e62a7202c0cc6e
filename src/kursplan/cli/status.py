"""`kursplan status`: whether all is running, on one screen, for the operator."""

from __future__ import annotations

import http.client
import json as json_module
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from kursplan import __version__
from kursplan.cli.backup import OURS
from kursplan.cli.context import JsonOption, organizations, read_settings, with_database
from kursplan.cli.output import Stop, counted, document, facts
from kursplan.clock import SystemClock

if TYPE_CHECKING:
    from kursplan.settings import Settings
    from kursplan.store.engine.database import Database
    from kursplan.store.engine.rows import AnyRow

PATIENCE_SECONDS = 5
LATE = timedelta(minutes=10)
"""After which what is due would have been done: also a clock that leapt is believed by then."""
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what is asked is this machine
"""Where a server that listens at all addresses of the machine is asked."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database tells."""

    database: str
    """`sqlite` or `postgresql`."""
    schema: str
    schema_is: str
    """In words."""
    organizations_behind: int
    """In how many something was due a while ago that comes by itself."""
    oldest_untold_seconds: float
    """0 where partners have been told of everything."""
    endpoints: int
    failing: int
    disabled: int
    organizations: int
    studios: int
    flagged_bookings: int


@dataclass(frozen=True, slots=True)
class LastBackup:
    """The newest one in a folder."""

    file: str
    age_seconds: float


@dataclass(frozen=True, slots=True)
class Answering:
    """What the server says of itself."""

    address: str
    ready: bool
    reason: str | None
    """Why it is not."""


def status(
    url: Annotated[
        str | None,
        typer.Option(
            "--server",
            metavar="URL",
            help="Where the server is asked, if not where the settings have it.",
        ),
    ] = None,
    backups: Annotated[
        Path | None,
        typer.Option(
            "--backups", metavar="DIR", help="The folder of backups: how old is the newest?"
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Say how it stands: the server, the database, what is due, what partners wait for, what staff should look
    at, and how old the last backup is where it is said where they are.

    The exit status is 0 where the server is ready, and 1 where it is not or the database can't be used.
    """
    answering = _ask(_server_of(read_settings()) if url is None else url)
    stored = with_database(_look)
    last = None if backups is None else _newest_in(backups)
    if json:
        kept = {} if backups is None else {"backup": last and asdict(last)}
        document({"version": __version__, "server": asdict(answering), **asdict(stored), **kept})
    else:
        told = [] if backups is None else [("Backup", _in_words(last))]
        facts([*_lines(answering, stored), *told])
    if not answering.ready:
        raise typer.Exit(1)


def _lines(answering: Answering, stored: Stored) -> Iterator[tuple[str, object]]:
    yield "Kursplan", __version__
    said = "ready" if answering.ready else f"not ready: {answering.reason}"
    yield "Server", f"{answering.address} is {said}"
    yield "Database", f"{stored.database}, {stored.schema_is}"
    if stored.organizations_behind:
        late = counted(stored.organizations_behind, "organization")
        yield "Due", f"is something in {late}, and nobody does it: no worker runs"
    else:
        yield "Due", "nothing that is not just being done"
    behind = timedelta(seconds=round(stored.oldest_untold_seconds))
    yield "Partners", f"the oldest event waits for {behind}" if behind else "are told of everything"
    yield (
        "Endpoints",
        f"{stored.endpoints}, of which {stored.failing} failing and {stored.disabled} disabled",
    )
    yield (
        "Houses",
        f"{counted(stored.organizations, 'organization')}, {counted(stored.studios, 'studio')}",
    )
    yield "Flagged", f"{counted(stored.flagged_bookings, 'booking')} for staff to decide about"


def _newest_in(folder: Path) -> LastBackup | None:
    """Raises `Stop`."""
    try:
        found = sorted(each for each in folder.iterdir() if OURS.fullmatch(each.name))
        if not found:
            return None
        age = SystemClock().now().timestamp() - found[-1].stat().st_mtime
    except OSError as error:
        raise Stop(f"can't look into {folder}: {error.strerror}", 2) from error
    return LastBackup(str(found[-1]), age)


def _in_words(last: LastBackup | None) -> str:
    if last is None:
        return "there is none"
    return f"{last.file}, {timedelta(seconds=round(last.age_seconds))} old"


async def _look(database: Database) -> Stored:
    from kursplan.store.engine import schema
    from kursplan.store.outbox import claims
    from kursplan.store.outbox import endpoints as stored_endpoints
    from kursplan.store.rules import due
    from kursplan.store.staff import timetable

    now = SystemClock().now()
    standing = await schema.check(database)
    a_while_ago = now - LATE
    behind = {
        *await database.read(partial(due.with_slots_over, now=a_while_ago)),
        *await database.read(partial(due.with_confirmations_expired, now=a_while_ago)),
    }
    since = await database.read(claims.oldest_pending)
    found = await organizations(database)

    async def of_all(query: Callable[..., Sequence[AnyRow]], **named: object) -> list[AnyRow]:
        return [
            row
            for each in found.values()
            for row in await database.read(partial(query, organization_id=each, **named))
        ]

    endpoints = await of_all(stored_endpoints.shown)
    enabled = [each for each in endpoints if each.disabled is None]
    return Stored(
        database.name,
        standing.revision or schema.newest(),
        standing.says,
        len(behind),
        0.0 if since is None else (now - since).total_seconds(),
        len(endpoints),
        len([each for each in enabled if each.failing_since is not None]),
        len(endpoints) - len(enabled),
        len(found),
        len(await of_all(timetable.studios)),
        len(await of_all(timetable.flagged_bookings, now=now)),
    )


def _server_of(settings: Settings) -> str:
    host = ANY_ADDRESS.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _ask(url: str) -> Answering:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Stop(f"{url!r} is no server: write http://127.0.0.1:8080", 2)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", f"{parts.path.rstrip('/')}/health/ready")
        answer = connection.getresponse()
        told = json_module.loads(answer.read())
        reason = None if answer.status == http.client.OK else str(told["reason"])
    except OSError as error:
        reason = f"it does not answer ({error.strerror or error})"
    except (http.client.HTTPException, ValueError, KeyError, TypeError):
        reason = "what answers there is no Kursplan"
    finally:
        connection.close()
    return Answering(url, reason is None, reason)
