"""`kursplan serve`: answer requests, in one process or in several."""

from __future__ import annotations

import os
import socket
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kursplan.cli.context import read_settings, with_database
from kursplan.cli.counting import counting_together
from kursplan.cli.output import Stop

if TYPE_CHECKING:
    from kursplan.settings import Settings
    from kursplan.store.engine.database import Database
    from kursplan.web.server import Server, Site
    from kursplan.web.systemd import Supervisor


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
    listeners = _handed_over(workers)
    if listeners and (host is not None or port is not None):
        raise Stop(
            "systemd hands over a socket, which listens already: leave --host and --port out", 2
        )
    at = (settings.host if host is None else host, settings.port if port is None else port)
    # Before anything is imported that counts.
    with counting_together() if workers > 1 else nullcontext():
        _serve(settings, listeners, at, workers)


def _handed_over(workers: int) -> list[socket.socket]:
    """The sockets that systemd has for these processes; one is for all of them, or each has its own."""
    from kursplan.web.systemd import NotListening, handed_over

    try:
        listeners = handed_over(os.environ)
    except NotListening as reason:
        raise Stop(f"the socket that systemd hands over is of no use: {reason}") from reason
    if len(listeners) > workers:
        raise Stop(
            f"systemd hands over {len(listeners)} sockets, and there are fewer processes to let"
            f" clients in: give --workers {len(listeners)}, or leave lines with ListenStream= out"
        )
    return listeners


def _serve(
    settings: Settings, listeners: list[socket.socket], at: tuple[str, int], workers: int
) -> None:
    from kursplan.web.listen import listen
    from kursplan.web.process import StartFailed
    from kursplan.web.processes import serve_in_several
    from kursplan.web.systemd import Supervisor

    if with_database(_kind) == "sqlite" and workers > 1:
        raise Stop(
            "SQLite lets one process write: leave --workers out, "
            "or set KURSPLAN_DATABASE_URL to a PostgreSQL database",
            2,
        )
    supervisor = Supervisor.named_in(os.environ)
    listeners = listeners or [bind(*at)]
    if workers == 1:  # Several listen for themselves.
        listen(listeners[0])
    _log_start(settings, listeners[0], workers)
    if workers == 1:
        run(listeners[0], make_site(), supervisor)
        return
    try:
        serve_in_several(make_site, listeners, workers, supervisor=supervisor)
    except StartFailed as failed:
        raise _not_started(failed) from failed


async def _kind(database: Database) -> str:
    return database.name


def make_site() -> Site:
    """What is served, as the environment sets it."""
    from kursplan.app import create
    from kursplan.settings import read_settings

    return site(create(), read_settings(os.environ))


def site(application: Any, settings: Settings) -> Site:
    """The application, with its limits and its errors."""
    from kursplan.api.http_faults import explain
    from kursplan.web.server import Limits, Site

    limits = Limits(
        idle_seconds=settings.idle_seconds,
        head_seconds=settings.head_seconds,
        body_seconds=settings.body_seconds,
        connections=settings.clients,
    )
    return Site(application, limits, explain)


def bind(host: str, port: int) -> socket.socket:
    """A socket at that address, which does not listen yet."""
    from kursplan.web import listen

    try:
        return listen.bind(host, port)
    except OSError as error:
        reason = error.strerror or str(error)
        raise Stop(f"can't listen on {host} port {port}: {reason}; choose with --port") from error


def run(listener: socket.socket, served: Site, supervisor: Supervisor | None = None) -> None:
    """Answer on the socket until a signal ends it; then what was begun is finished."""
    from kursplan.web.process import StartFailed, serve
    from kursplan.web.systemd import NOBODY

    looks_after = supervisor or NOBODY

    def started(_: Server) -> None:
        looks_after.ready()
        looks_after.beat()

    try:
        serve(served, listener, started=started)
    except StartFailed as failed:
        raise _not_started(failed) from failed


def _not_started(reason: Exception) -> Stop:
    return Stop(f"the server did not start: {reason}")


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
