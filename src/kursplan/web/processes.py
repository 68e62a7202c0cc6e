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
from collections.abc import Callable
from multiprocessing.connection import Connection, wait

import structlog

from kursplan.clock import stopwatch
from kursplan.web.listen import Address, address_of, listen_beside, share
from kursplan.web.process import STOPS, StartFailed, serve
from kursplan.web.server import GRACE_SECONDS, Server, Site

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 2
"""How much longer than its grace a process may take to end."""
PAUSE_SECONDS = 1
"""How long to wait before a process that ended is replaced, so that it can't go on and on."""


def serve_in_several(make: Callable[[], Site], listener: socket.socket, count: int) -> None:
    """Serve in so many processes, until a signal ends it. Raises `StartFailed`.

    Each of them calls `make`, which it finds by its name.
    """
    told, tell = os.pipe()
    for stop in STOPS:
        signal.signal(stop, lambda *_: os.write(tell, b"."))
    share(listener)
    address = address_of(listener)
    workers = [_Worker(make, address) for _ in range(count)]
    have_started = False
    try:
        while True:
            ready = wait([told, *(each.line for each in workers)])
            if told in ready:
                return
            for number, worker in enumerate(workers):
                if worker.line not in ready or worker.has_subscribers():
                    continue
                if not have_started:
                    raise StartFailed(worker.reason)
                log.error("a process ended, another takes its place", reason=worker.reason)
                if wait([told], PAUSE_SECONDS):
                    return
                workers[number] = _Worker(make, address)
            have_started = have_started or all(each.has_started for each in workers)
    finally:
        _stop(workers)


class _Worker:
    """A process that serves, as the one that started it sees it."""

    def __init__(self, make: Callable[[], Site], address: Address) -> None:
        # A fresh interpreter: nothing that this one has opened is shared by accident.
        context = multiprocessing.get_context("spawn")
        self.line, its_end = context.Pipe()
        self.has_started = False
        self.reason = ""
        """Why it ended, as far as it is known."""
        self.process = context.Process(target=_work, args=(make, address, its_end))
        self.process.start()
        its_end.close()

    def has_subscribers(self) -> bool:
        """Take what it says; False where it has ended."""
        try:
            said: str | None = self.line.recv()
        except (EOFError, ConnectionError):
            self.process.join()
            self.reason = self.reason or f"exit status {self.process.exitcode}"
            return False
        if said is None:
            self.has_started = True
        else:
            self.reason = said
        return True


def _work(make: Callable[[], Site], address: Address, line: Connection) -> None:
    """What each process does. It says on the line that it has started, or why it has not."""
    # Ctrl-C reaches every process; the one that looks after them passes it on, once.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def started(server: Server) -> None:
        line.send(None)
        # Nobody says anything on the line, so what there is to read is that nobody is there.
        asyncio.get_running_loop().add_reader(line.fileno(), server.stop)

    try:
        try:
            site = make()
        except Exception as failure:
            raise StartFailed.by(failure) from failure
        serve(site, listen_beside(*address), started=started, stops=[signal.SIGTERM])
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
