"""`kursplan serve`: answer requests, in one process or in several."""

from __future__ import annotations

import signal
import socket
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kursplan.cli.counting import counting_together
from kursplan.cli.office import read_settings, with_database
from kursplan.cli.output import Stop

if TYPE_CHECKING:
    from kursplan.settings import Settings
    from kursplan.store.database import Database

APPLICATION = "kursplan.app:create"
BACKLOG = 2048
"""How many may knock before the server answers."""
GRACE_SECONDS = 15
"""How long requests that are under way may still take when the server is told to stop."""


def serve(
    host: Annotated[
        str | None,
        typer.Option("--host", metavar="ADDRESS", help="The address to listen on (KURSPLAN_HOST)."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=0,
            max=65535,
            help="The port to listen on, 0 for any free one (KURSPLAN_PORT).",
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=256, help="How many processes; needs PostgreSQL.")
    ] = 1,
) -> None:
    """Serve the Open API, until it is told to stop (SIGTERM or Ctrl-C)."""
    settings = read_settings()
    at = (settings.host if host is None else host, settings.port if port is None else port)
    # Before anything is imported that counts.
    with counting_together() if workers > 1 else nullcontext():
        _serve(settings, at, workers)


def _serve(settings: Settings, at: tuple[str, int], workers: int) -> None:
    if with_database(_kind) == "sqlite" and workers > 1:
        raise Stop(
            "SQLite lets one process write: leave --workers out, "
            "or set KURSPLAN_DATABASE_URL to a PostgreSQL database",
            2,
        )
    listener = bind(*at)
    if workers == 1:  # Several open doors of their own.
        open_door(listener)
    _log_start(settings, listener, workers)
    run(listener, workers=workers, app=APPLICATION, factory=True)


async def _kind(database: Database) -> str:
    return database.name


def bind(host: str, port: int) -> socket.socket:
    """A socket at that address, which does not answer yet."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise Stop(f"can't listen on {host} port {port}: {reason}; choose with --port") from error
    return listener


def open_door(listener: socket.socket) -> None:
    """From here on whoever knocks is let in, if only once the server has started."""
    listener.listen(BACKLOG)


def port_of(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


def run(listener: socket.socket, *, workers: int = 1, **application: Any) -> None:
    """Answer on the socket until a signal ends it; then what was begun is finished."""
    import uvicorn
    from uvicorn.config import STARTUP_FAILURE
    from uvicorn.supervisors import Multiprocess

    from kursplan.cli.one_write import OneWriteProtocol

    config = uvicorn.Config(
        **application,
        workers=workers,
        loop="auto",
        http=OneWriteProtocol,
        ws="none",
        proxy_headers=False,  # Nobody asks who the client is.
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    # The server raises the signal once more when it is done; then it ends this process, in peace.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    if workers > 1:
        several = Multiprocess(config, sockets=[_DoorForEach(listener)])
        several.run()
        started = all(each.exitcode != STARTUP_FAILURE for each in several.processes)
    else:
        server = uvicorn.Server(config)
        server.run(sockets=[listener])
        started = server.started
    if not started:
        raise Stop("the server did not start; the log says why")


class _DoorForEach(socket.socket):
    """An address at which every process opens a door of its own, once it is handed this one.

    The system then spreads connections over the doors. Of processes behind a single door, the one
    that is awake takes all who knock at once, and does their work while the others have none.
    """

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(fileno=listener.detach())
        # Only now: a second server at the same address was refused when the first was bound.
        self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)

    def __reduce__(self) -> tuple[Any, ...]:
        return _own_door, (self.family, self.getsockname())


def _own_door(family: int, address: Any) -> socket.socket:
    door = socket.socket(family)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    door.bind(address)
    open_door(door)
    return door


def _leave(*_: object) -> None:
    sys.exit(0)


def _log_start(settings: Settings, listener: socket.socket, workers: int) -> None:
    import structlog

    from kursplan import logs

    logs.set_up(settings.log_threshold, settings.log_format)
    log = structlog.get_logger(__name__)
    address, port = listener.getsockname()[:2]
    log.info("listening", address=address, port=port, workers=workers)
    if workers > 1 and settings.rate_limit and settings.limits_url.startswith("memory:"):
        log.warning(
            "each process counts requests for itself, so a key may send as many times the limit "
            "as there are processes: set KURSPLAN_LIMITS_URL to Redis to count for all",
            workers=workers,
        )
