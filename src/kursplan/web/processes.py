"""Several processes that serve at one address, and the one that looks after them.

One that ends by itself is replaced. One that can't even start ends all of them, if none has started
before: then it is no accident.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import socket
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait

import structlog

from kursplan.clock import stopwatch
from kursplan.web.listen import Address, address_of, listen_beside, share
from kursplan.web.process import STOPS, StartFailed, serve
from kursplan.web.server import GRACE_SECONDS, Server, Site
from kursplan.web.systemd import NOBODY, Supervisor

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 2
"""How much longer than its grace a process may take to end."""
PAUSE_SECONDS = 1
"""How long to wait before a process that ended is replaced, so that it can't go on and on."""


Where = Address | socket.socket
"""Where a process lets clients in: at an address that it shares, or by a socket that it is given."""


def serve_in_several(
    make: Callable[[], Site],
    listeners: Sequence[socket.socket],
    count: int,
    *,
    supervisor: Supervisor = NOBODY,
) -> None:
    """Serve in so many processes, until a signal ends it. Raises `StartFailed`.

    Each of them calls `make`, which it finds by its name. Sockets that listen already are dealt out
    among them; of one that does not, they share the address. The supervisor is told that they are
    alive where all are that have started.
    """
    told, tell = os.pipe()
    for stop in STOPS:
        signal.signal(stop, lambda *_: os.write(tell, b"."))
    places = [listeners[number % len(listeners)] for number in range(count)]
    workers = [_Worker(make, where, supervisor.beat_seconds) for where in map(_place_of, places)]
    have_started = False
    try:
        while True:
            ready = wait([told, *(each.line for each in workers)])
            if told in ready:
                return
            for number, worker in enumerate(workers):
                if worker.line not in ready or worker.is_heard():
                    continue
                if not have_started:
                    raise StartFailed(worker.reason)
                log.error("a process ended, another takes its place", reason=worker.reason)
                if wait([told], PAUSE_SECONDS):
                    return
                workers[number] = _Worker(make, worker.where, supervisor.beat_seconds)
            if not have_started and all(each.has_started for each in workers):
                have_started = True
                supervisor.ready()
            started = [each for each in workers if each.has_started]
            if have_started and started and all(each.is_alive for each in started):
                supervisor.alive()
                for each in started:
                    each.is_alive = False
    finally:
        _stop(workers)


class _Worker:
    """A process that serves, as the one that started it sees it."""

    def __init__(self, make: Callable[[], Site], where: Where, beat: float | None) -> None:
        """`beat` is after how many seconds it says that it is alive, again and again."""
        self.where = where
        # A fresh interpreter: nothing that this one has opened is shared by accident.
        context = multiprocessing.get_context("spawn")
        self.line, its_end = context.Pipe()
        self.has_started = False
        self.is_alive = False
        """Whether it has said so since this was last made False."""
        self.reason = ""
        """Why it ended, as far as it is known."""
        self.process = context.Process(target=_work, args=(make, where, beat, its_end))
        self.process.start()
        its_end.close()

    def is_heard(self) -> bool:
        """Take what it says; False where it has ended."""
        try:
            said: str | bool | None = self.line.recv()
        except (EOFError, ConnectionError):
            self.process.join()
            self.reason = self.reason or f"exit status {self.process.exitcode}"
            return False
        if said is None:
            self.has_started = True
        elif said is True:
            self.is_alive = True
        else:
            self.reason = str(said)
        return True


def _place_of(listener: socket.socket) -> Where:
    if listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return listener
    share(listener)
    return address_of(listener)


def _work(make: Callable[[], Site], where: Where, beat: float | None, line: Connection) -> None:
    """What each process does. It says on the line that it has started and is alive, or why it has not."""
    # Ctrl-C reaches every process; the one that looks after them passes it on, once.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def started(server: Server) -> None:
        line.send(None)
        # Nobody says anything on the line, so what there is to read is that nobody is there.
        asyncio.get_running_loop().add_reader(line.fileno(), server.stop)
        say_alive()

    def say_alive() -> None:
        if beat is not None:
            line.send(True)
            asyncio.get_running_loop().call_later(beat, say_alive)

    try:
        try:
            site = make()
        except Exception as failure:
            raise StartFailed.by(failure) from failure
        listener = where if isinstance(where, socket.socket) else listen_beside(*where)
        serve(site, listener, started=started, stops=[signal.SIGTERM])
    except StartFailed as failed:
        log.exception("not started")
        line.send(str(failed))


def _stop(workers: list[_Worker]) -> None:
    for each in workers:
        each.process.terminate()
    ends = stopwatch() + GRACE_SECONDS + PATIENCE_SECONDS
    for each in workers:
        each.process.join(max(0, ends - stopwatch()))
        each.process.kill()
        each.process.join()
