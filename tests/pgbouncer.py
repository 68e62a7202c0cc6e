"""PgBouncer before a PostgreSQL server, as many operators have it, for the tests that need one."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from tests.postgres import unprivileged_user
from tests.throwaway import ThrowawayServer, free_port, not_installed, takes_connections

PACKAGED = "/usr/sbin/pgbouncer"  # Debian and others put it where only root looks.


class PgBouncer(ThrowawayServer):
    """A pooler on the loopback address, that lets everybody in whom PostgreSQL lets in."""

    def __init__(self, server_url: str, mode: str, **options: str) -> None:
        """Start it in that mode.

        Raises RuntimeError, with what it wrote, if it does not start; skips the test if it is not
        installed.
        """
        program = shutil.which("pgbouncer") or (PACKAGED if Path(PACKAGED).exists() else None)
        if program is None:
            not_installed("PgBouncer", "install it (Debian, Ubuntu: apt-get install pgbouncer).")
        server = urlsplit(server_url)
        self.port = free_port()
        user = unprivileged_user()
        directory = Path(tempfile.mkdtemp(prefix="kursplan-pgbouncer-"))
        settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": str(self.port),
            "unix_socket_dir": "",
            "auth_type": "any",
            "pool_mode": mode,
        } | options
        (directory / "pgbouncer.ini").write_text(
            "[databases]\n"
            f"* = host={server.hostname} port={server.port} user={server.username}\n"
            "[pgbouncer]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items())
        )
        if user is not None:
            for each in (directory, directory / "pgbouncer.ini"):
                shutil.chown(each, user)
        super().__init__(
            [program, "pgbouncer.ini"], directory, lambda: takes_connections(self.port), user
        )

    def url_of(self, database_url: str) -> str:
        """The same database, through the pooler."""
        user = urlsplit(database_url).username or os.environ.get("USER", "")
        return urlsplit(database_url)._replace(netloc=f"{user}@127.0.0.1:{self.port}").geturl()
