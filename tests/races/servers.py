"""Server processes as an operator runs them: `kursplan serve`.

Each is a process of its own, with an environment of its own and a free port of the loopback
address. The keeper of the throwaway servers ends it, however the test run ends.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType

from tests.throwaway import ThrowawayServer, free_port

# Leaves its process id behind, and then becomes the program, which may open so many files.
BECOME = 'ulimit -n $0; echo $$ > starting; mv starting pid; exec "$@"'


class KursplanServer(ThrowawayServer):
    """A running Kursplan; `settings` are environment variables without their prefix."""

    def __init__(
        self,
        database_url: str,
        *,
        workers: int = 1,
        descriptors: int = 1024,
        beside: Mapping[str, str] = MappingProxyType({}),
        **settings: object,
    ) -> None:
        """Start the server and wait until it is ready; `beside` its settings the environment has these.

        Raises RuntimeError, with what it wrote, if it does not become ready.
        """
        directory = Path(tempfile.mkdtemp(prefix="kursplan-server-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        chosen: dict[str, object] = {
            "DATABASE_URL": database_url,
            "RATE_LIMIT": 0,
            "BACKGROUND_SECONDS": 1,
            "LOG_LEVEL": "warning",
        } | settings
        super().__init__(
            [
                *("sh", "-c", BECOME, str(descriptors)),
                # Nothing of the environment of whoever runs the tests.
                *("env", "-i", f"PATH={os.environ.get('PATH', os.defpath)}"),
                *(f"KURSPLAN_{name}={value}" for name, value in chosen.items()),
                *(f"{name}={value}" for name, value in beside.items()),
                *(sys.executable, "-m", "kursplan", "serve"),
                *(f"--port={self.port}", f"--workers={workers}"),
            ],
            directory,
            lambda: _is_ready(self.url),
        )
        self.pid = int((directory / "pid").read_text())

    def terminate(self) -> None:
        """Tell it to stop."""
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, in the middle of whatever it does, as a crash would."""
        os.kill(self.pid, signal.SIGKILL)
        self.stop()

    def limit_files(self, most: int) -> tuple[int, int]:
        """Let no file that it writes be longer, in bytes, as if there were no room; the limits before."""
        before = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (most, before[1]))
        return before


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=5) as answer:  # noqa: S310
            return bool(answer.status == HTTPStatus.OK)
    except (urllib.error.URLError, OSError):
        return False
