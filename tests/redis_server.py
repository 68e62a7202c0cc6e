"""A Redis server for the tests that need one, started from the installed program.

It takes an instant to start, so every worker of pytest-xdist has its own and may empty it.
"""

import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.throwaway import ThrowawayServer, free_port, not_installed


class RedisServer(ThrowawayServer):
    """A Redis server of our own, on the loopback address, that stores nothing."""

    url: str
    """As a client wants it: `redis://host:port/0`."""

    def __init__(self, program: str) -> None:
        """Start the `redis-server` at that path.

        Raises RuntimeError, with what it wrote, if it does not start.
        """
        directory = Path(tempfile.mkdtemp(prefix="kursplan-redis-"))
        port = free_port()
        super().__init__(
            [
                program,
                "--bind",
                "127.0.0.1",
                "--port",
                str(port),
                "--save",
                "",
                "--appendonly",
                "no",
            ],
            directory,
            lambda: _answers(port),
        )
        self.url = f"redis://127.0.0.1:{port}/0"


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The URL of a Redis server that lasts for the test run."""
    program = shutil.which("redis-server")
    if program is None:
        not_installed("Redis", "install it (Debian, Ubuntu: apt-get install redis-server).")
    server = RedisServer(program)
    yield server.url
    server.stop()


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The URL of a Redis that is empty when the test begins."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
    return redis_server


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(7) == b"+PONG\r\n"
    except OSError:
        return False
