"""Servers that live no longer than the test run which started them.

Which servers there are, and how each is started, is said in `postgres.py` and `redis_server.py`;
`keeper.py` is what makes sure that none is left behind.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

KEEPER = Path(__file__).with_name("keeper.py")
PATIENCE_SECONDS = 60.0


class ThrowawayServer:
    """A running server with a directory of its own; both are gone after `stop`."""

    def __init__(
        self,
        command: Sequence[str],
        directory: Path,
        is_ready: Callable[[], bool],
        user: str | None = None,
    ) -> None:
        """Start `command` as `user` (None: as ourselves) and wait until `is_ready` says yes.

        `directory` becomes the server's: it is its working directory, and is removed with it.
        Raises RuntimeError, with what the server wrote, if it ends or is not ready in time.
        """
        # The log has no name: it outlives the directory, and nothing has to remove it.
        with tempfile.TemporaryFile() as log:
            self._keeper = subprocess.Popen(
                [sys.executable, str(KEEPER), user or "", str(directory), *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the tests; the keeper heeds its pipe only.
            )
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not is_ready():
                if self._keeper.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    log.seek(0)
                    wrote = log.read().decode(errors="replace").strip()
                    raise RuntimeError(f"{command[0]} did not start. It wrote:\n{wrote}")
                time.sleep(0.02)

    def wait(self) -> None:
        """Until the server has ended by itself."""
        self._keeper.wait(PATIENCE_SECONDS)

    def stop(self) -> None:
        """Stop the server and remove its directory. Stopping twice is harmless."""
        if self._keeper.stdin is not None:
            self._keeper.stdin.close()
        self._keeper.wait(PATIENCE_SECONDS)


def free_port() -> int:
    """A TCP port of the loopback address on which nobody listened a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def takes_connections(port: int) -> bool:
    """Whether somebody listens on that port of the loopback address."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def not_installed(what: str, remedy: str) -> NoReturn:
    """Skip the test that needs `what`. With CI=true fail it: nothing may go untested there."""
    message = f"{what} is not installed: {remedy}"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{message} With CI=true it has to be there.", pytrace=False)
    pytest.skip(message)
