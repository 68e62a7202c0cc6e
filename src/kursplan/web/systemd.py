"""What systemd hands over, and what it wants to be told: sockets that listen, ready, alive.

By the protocols of sd_listen_fds(3) and sd_notify(3): numbers of descriptors and an address in the
environment. Where there is nothing of it, nobody is told anything.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import MutableMapping
from contextlib import suppress

FIRST_DESCRIPTOR = 3
LISTEN_PID = "LISTEN_PID"
LISTEN_FDS = "LISTEN_FDS"
NOTIFY_SOCKET = "NOTIFY_SOCKET"
WATCHDOG_PID = "WATCHDOG_PID"
WATCHDOG_USEC = "WATCHDOG_USEC"


class NotListening(Exception):
    """What is handed over is of no use; the message says why."""


def handed_over(environment: MutableMapping[str, str]) -> list[socket.socket]:
    """The sockets that are for this process, which listen already; nobody who it starts takes them for theirs.

    Raises `NotListening`.
    """
    pid, count = environment.pop(LISTEN_PID, ""), environment.pop(LISTEN_FDS, "")
    environment.pop("LISTEN_FDNAMES", None)
    if pid != str(os.getpid()) or not count.isdigit():
        return []
    found = []
    for number in range(FIRST_DESCRIPTOR, FIRST_DESCRIPTOR + int(count)):
        os.set_inheritable(number, False)
        try:
            each = socket.socket(fileno=number)
            listens = each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        except OSError as error:
            raise NotListening(f"descriptor {number} is no socket: {error.strerror}") from error
        if not listens or each.family not in (socket.AF_INET, socket.AF_INET6):
            raise NotListening(
                f"descriptor {number} does not listen at an address and a port:"
                " write ListenStream=127.0.0.1:8080, and Accept=no"
            )
        found.append(each)
    return found


class Supervisor:
    """Who started this process and looks after it, if anybody does."""

    def __init__(self, address: str | None = None, watchdog_seconds: float | None = None) -> None:
        """`watchdog_seconds` is how long it waits for a sign of life."""
        self._address = address
        self.beat_seconds = None if watchdog_seconds is None else watchdog_seconds / 2
        """How often a sign of life is to be given; None for never."""

    @classmethod
    def named_in(cls, environment: MutableMapping[str, str]) -> Supervisor:
        """The one of this process, and of none that it starts."""
        address = environment.pop(NOTIFY_SOCKET, None)
        for_whom = environment.pop(WATCHDOG_PID, str(os.getpid()))
        microseconds = environment.pop(WATCHDOG_USEC, "")
        if address is None or for_whom != str(os.getpid()) or not microseconds.isdigit():
            return cls(address)
        return cls(address, int(microseconds) / 1e6)

    def ready(self) -> None:
        """Requests are answered from now on."""
        self._tell("READY=1")

    def alive(self) -> None:
        self._tell("WATCHDOG=1")

    def beat(self) -> None:
        """Give signs of life as long as the event loop goes round."""
        if self.beat_seconds is not None:
            self.alive()
            asyncio.get_running_loop().call_later(self.beat_seconds, self.beat)

    def _tell(self, what: str) -> None:
        if not self._address:
            return
        # An @ stands for the byte 0 of an address that is no file.
        at = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        with (
            suppress(OSError),  # Nobody listens: whoever wanted to know will find out.
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line,
        ):
            line.connect(at)
            # Where it has no time to listen, clients wait for an answer all the same.
            line.setblocking(False)
            line.send(what.encode())


NOBODY = Supervisor()
