"""The address to listen on, and the sockets there."""

from __future__ import annotations

import socket

Address = tuple[int, tuple[str, int]]
"""A family, and a host and a port in it."""
BACKLOG = 2048
"""How many may knock before the server answers."""


def bind(host: str, port: int) -> socket.socket:
    """A socket at that address, which does not listen yet. Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def listen(listener: socket.socket) -> None:
    """From here on whoever knocks is let in, if only once the server has started."""
    listener.listen(BACKLOG)


def port_of(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


def address_of(listener: socket.socket) -> Address:
    return listener.family, listener.getsockname()[:2]


def share(listener: socket.socket) -> None:
    """Let other processes listen at the same address, each with a socket of its own.

    The system then spreads connections over them. Of processes behind a single socket, the one that
    is awake takes all who knock at once, and does their work while the others have none.
    """
    # Only now: a second server at the same address was refused when this one was bound.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


def listen_beside(family: int, address: tuple[str, int]) -> socket.socket:
    """A socket of this process's own at an address that is shared."""
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    share(listener)
    listener.bind(address)
    listen(listener)
    return listener
